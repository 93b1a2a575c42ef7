//! Whose signatures a checkpoint needs, and a checkpoint that has them.

use annals_tlog::{
    checkpoint::Checkpoint,
    note::{KeyType, Note, VerifierKey, VerifyError},
};

use super::{RemoteError, Unchecked, Wrong};

/// The keys of a log, and of the witnesses that have to have seen it.
#[derive(Clone, Debug)]
pub struct Trust {
    /// At least one, all of the same name.
    keys: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    quorum: usize,
}

/// A checkpoint whose signatures are right.
#[derive(Clone, Debug)]
pub struct Seen {
    checkpoint: Checkpoint,
    note: String,
}

impl Seen {
    /// The checkpoint.
    pub const fn checkpoint(&self) -> &Checkpoint {
        &self.checkpoint
    }

    /// The note that it came in, as it was served.
    pub fn note(&self) -> &str {
        &self.note
    }

    /// Number of entries.
    pub const fn size(&self) -> u64 {
        self.checkpoint.size()
    }
}

impl Trust {
    /// Trusts checkpoints that are signed by one of `keys`, and cosigned by `quorum` of the witnesses. The keys of one witness
    /// have one name, and count once.
    pub fn new(
        keys: Vec<VerifierKey>,
        witnesses: Vec<VerifierKey>,
        quorum: usize,
    ) -> Result<Self, Unchecked> {
        let invalid = |why: String| Err(Unchecked::Invalid(why));
        let Some(first) = keys.first() else {
            return invalid("there is no key to verify the log with".to_owned());
        };
        if let Some(other) = keys.iter().find(|key| key.name() != first.name()) {
            return invalid(format!("the keys are of different logs: {} and {}", first.name(), other.name()));
        }
        if let Some(key) = witnesses.iter().find(|key| key.key_type() == KeyType::Ed25519) {
            return invalid(format!("{} is the key of a log, not of a witness", key.name()));
        }
        let there_are = names(witnesses.iter());
        if quorum > there_are {
            return invalid(format!("{quorum} witnesses cannot have cosigned, as {there_are} are known"));
        }
        Ok(Self { keys, witnesses, quorum })
    }

    /// What the log is called in its checkpoints.
    pub fn origin(&self) -> &str {
        self.keys.first().map_or("", VerifierKey::name)
    }

    /// Checks that the log signed this checkpoint. `url` is where it came from.
    pub(super) fn signed(&self, url: &str, note: &str) -> Result<Seen, RemoteError> {
        let parsed = Note::parse(note.as_bytes())
            .map_err(|source| Unchecked::NoNote { url: url.to_owned(), source })?;
        parsed
            .verify(&self.keys)
            .map_err(|source| Wrong::Signature { name: self.origin().to_owned(), source })?;
        let checkpoint: Checkpoint = parsed.text().parse().map_err(|source| Wrong::Checkpoint { source })?;
        if checkpoint.origin() != self.origin() {
            let (expected, found) = (self.origin().to_owned(), checkpoint.origin().to_owned());
            return Err(Wrong::Origin { expected, found }.into());
        }
        Ok(Seen { checkpoint, note: note.to_owned() })
    }

    /// Checks that enough witnesses cosigned it, too.
    pub(super) fn cosigned(&self, seen: &Seen) -> Result<(), RemoteError> {
        let note = Note::parse(seen.note.as_bytes())
            .map_err(|source| Unchecked::NoNote { url: self.origin().to_owned(), source })?;
        let found = match note.verify(&self.witnesses) {
            Ok(cosigned) => names(cosigned.iter().map(annals_tlog::note::Signed::key)),
            Err(VerifyError::NotSigned) => 0,
            Err(source) => return Err(Wrong::Cosignature { source }.into()),
        };
        if found < self.quorum {
            return Err(Unchecked::NotCosigned { size: seen.size(), found, quorum: self.quorum }.into());
        }
        Ok(())
    }
}

/// How many different names these keys have.
fn names<'k>(keys: impl Iterator<Item = &'k VerifierKey>) -> usize {
    let mut names: Vec<&str> = keys.map(VerifierKey::name).collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}
