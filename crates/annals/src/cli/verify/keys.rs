//! Whose signatures count: the keys that the caller trusts, and who of them signed a checkpoint.

use std::{collections::BTreeSet, fs};

use annals_tlog::{
    checkpoint::Checkpoint,
    note::{KeyError, KeyType, Note, Signed, VerifierKey, VerifyError},
};
use anyhow::{Context, anyhow};

use crate::{
    cli::{
        output::{HintExt, usage},
        remote,
    },
    verify::remote::Trust,
};

/// Whom to trust.
#[derive(clap::Args)]
pub(super) struct Keys {
    /// Key of the log, NAME+ID+KEY, or @FILE with one a line; may be given more than once, one must have signed
    #[arg(long = "key", value_name = "VKEY")]
    keys: Vec<String>,

    /// Key of a witness, NAME+ID+KEY, or @FILE with one a line; may be given more than once
    #[arg(long = "witness", value_name = "VKEY")]
    witnesses: Vec<String>,

    /// How many of the witnesses must have cosigned [default: all that are given]
    #[arg(long, value_name = "N")]
    quorum: Option<usize>,
}

/// The keys that are trusted.
pub(super) struct Trusted {
    logs: Vec<VerifierKey>,
    witnesses: Vec<VerifierKey>,
    quorum: Option<usize>,
}

/// Who signed a checkpoint.
pub(super) struct Signers<'k> {
    /// Keys of the log, at least one.
    pub(super) log: Vec<&'k VerifierKey>,
    /// Witnesses, each with the time that it vouches for, in seconds since 1970.
    pub(super) witnesses: Vec<(&'k VerifierKey, u64)>,
}

impl Keys {
    /// Whether anybody was named.
    pub(super) fn are_given(&self) -> bool {
        !self.keys.is_empty() || !self.witnesses.is_empty() || self.quorum.is_some()
    }
}

impl Trusted {
    pub(super) fn of(keys: &Keys) -> anyhow::Result<Self> {
        if keys.keys.is_empty() {
            return Err(usage(
                "signatures are checked with the key of the log, which was not given",
                "Give it with --key, as whoever runs the log has published it: `annals key show` prints it.",
            ));
        }
        let (logs, witnesses) = (read("--key", &keys.keys)?, read("--witness", &keys.witnesses)?);
        for witness in &witnesses {
            if witness.key_type() == KeyType::Ed25519 {
                return Err(usage(
                    format!("{} is no key of a witness: it signs notes, and does not cosign", name(witness)),
                    "Give the key that the witness publishes for cosignatures.",
                ));
            }
            if logs.iter().any(|log| log.name() == witness.name()) {
                return Err(usage(
                    format!("{} is a key of the log, which is no witness of itself", name(witness)),
                    "Give the keys of others with --witness.",
                ));
            }
        }
        let there_are = names(witnesses.iter()).len();
        if keys.quorum.is_some_and(|quorum| quorum > there_are) {
            return Err(usage(
                format!("--quorum asks for more witnesses than were given: {there_are}"),
                "Give more keys with --witness, or a smaller --quorum.",
            ));
        }
        Ok(Self { logs, witnesses, quorum: keys.quorum })
    }

    /// The same, for a log that is read over HTTP.
    pub(super) fn trust(&self) -> anyhow::Result<Trust> {
        let quorum = self.quorum.unwrap_or_else(|| names(self.witnesses.iter()).len());
        Trust::new(self.logs.clone(), self.witnesses.clone(), quorum)
            .map_err(|why| remote::explain(&why.into()))
    }

    /// The keys of the log, and those of witnesses, that signed a note; none, if a signature is wrong.
    pub(super) fn signers(&self, note: &Note) -> [Vec<String>; 2] {
        [&self.logs, &self.witnesses].map(|keys| {
            let signed = note.verify(keys).unwrap_or_default();
            signed.iter().map(|signed| name(signed.key())).collect()
        })
    }

    /// Checks that the log signed a checkpoint, which is the text of `note`, and enough witnesses did.
    pub(super) fn check(&self, note: &Note, checkpoint: &Checkpoint) -> anyhow::Result<Signers<'_>> {
        const KEYS: &str = "Check that --key is the key of this log; if it is, the file was made by somebody else or altered.";
        let origin = checkpoint.origin();
        let signed = note.verify(&self.logs).map_err(|error| match error {
            VerifyError::NotSigned => {
                anyhow!("no key given with --key has signed the checkpoint: it names {}", named_in(note))
            }
            error => anyhow!(error).context("the log's signature of the checkpoint is wrong"),
        });
        let signed = signed.hint(KEYS)?;
        let log: Vec<_> = signed.iter().map(Signed::key).filter(|key| key.name() == origin).collect();
        if log.is_empty() {
            let others: Vec<String> = signed.iter().map(|signed| name(signed.key())).collect();
            let error =
                anyhow!("the checkpoint is of another log, {origin}: signed by {}", others.join(", "));
            return Err(error).hint("Give the key of this log with --key: its name is the log's.");
        }
        Ok(Signers { log, witnesses: self.check_witnesses(note)? })
    }

    fn check_witnesses(&self, note: &Note) -> anyhow::Result<Vec<(&VerifierKey, u64)>> {
        let signed = match note.verify(&self.witnesses) {
            Ok(signed) => signed,
            Err(VerifyError::NotSigned) => Vec::new(),
            Err(error) => {
                return Err(anyhow!(error).context("a cosignature of the checkpoint is wrong"))
                    .hint("Check the keys given with --witness; if they are right, the file was altered.");
            }
        };
        // Without a time a cosigner does not say that it knew of no larger tree, which is what a witness is for.
        let cosigned: Vec<_> =
            signed.iter().filter_map(|signed| Some((signed.key(), signed.time()?))).collect();
        let missing: Vec<_> =
            self.witnesses.iter().filter(|key| cosigned.iter().all(|(by, _)| by != key)).collect();
        let there_are = names(cosigned.iter().map(|(key, _)| *key)).len();
        let enough = match self.quorum {
            None => missing.is_empty(),
            Some(quorum) => there_are >= quorum,
        };
        if !enough {
            let asked = self.quorum.unwrap_or(names(self.witnesses.iter()).len());
            let missing: Vec<String> = missing.into_iter().map(name).collect();
            return Err(anyhow!(
                "too few witnesses cosigned the checkpoint: {there_are} of {asked}, missing {}",
                missing.join(", ")
            ))
            .hint("Get a newer proof file from the log, or ask for fewer witnesses with --quorum.");
        }
        Ok(cosigned)
    }
}

/// A key as people tell it from others: its name and ID.
pub(super) fn name(key: &VerifierKey) -> String {
    format!("{}+{:08x}", key.name(), u32::from_be_bytes(key.id()))
}

/// One witness may have several keys, and still counts once.
fn names<'k>(keys: impl Iterator<Item = &'k VerifierKey>) -> BTreeSet<&'k str> {
    keys.map(VerifierKey::name).collect()
}

/// The keys that a note says it is signed by; there may be many, and their names may be long.
fn named_in(note: &Note) -> String {
    let signatures = note.signatures();
    let named = signatures.iter().take(4).map(|signature| {
        let name: String = signature.key_name().chars().take(80).collect();
        format!("{name}+{:08x}", u32::from_be_bytes(signature.key_id()))
    });
    let more = (signatures.len() > 4).then(|| "…".to_owned());
    named.chain(more).collect::<Vec<_>>().join(", ")
}

/// Reads keys that were given, each once.
fn read(flag: &str, given: &[String]) -> anyhow::Result<Vec<VerifierKey>> {
    const HINT: &str = "A key is NAME+ID+KEY on one line; @FILE is a file with one a line.";
    let mut keys: Vec<VerifierKey> = Vec::new();
    for text in given {
        let content = match text.strip_prefix('@') {
            Some(path) => {
                fs::read_to_string(path).with_context(|| format!("cannot read {path}")).hint(HINT)?
            }
            None => text.clone(),
        };
        let lines = content.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut lines = lines.peekable();
        if lines.peek().is_none() {
            return Err(usage(format!("{flag}: there is no key"), HINT));
        }
        for line in lines {
            // Not the line itself: a secret key given by mistake must not end up in somebody's log.
            let key = line.parse().map_err(|error: KeyError| usage(format!("{flag}: {error}"), HINT))?;
            if !keys.contains(&key) {
                keys.push(key);
            }
        }
    }
    Ok(keys)
}
