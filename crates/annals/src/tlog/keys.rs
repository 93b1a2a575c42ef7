//! The keys that checkpoints are signed with: a file that only the server's user may read.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use annals_tlog::note::{KeyError, KeyType, SignerKey, VerifierKey};

use crate::{durable, random};

/// Keys that sign at the same time, at most: one, and two while one takes the place of the other.
const KEYS_MAX: usize = 8;

/// The keys of a server, all of the same name. A line of the file for each, the newest first, as Go's `note` package
/// writes them.
///
/// Each log is signed under a name of its own, its *origin*: the name of the keys, a slash, and the account's token.
#[derive(Debug)]
pub struct SigningKeys {
    path: PathBuf,
    keys: Vec<SignerKey>,
}

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The file cannot be read or written.
    #[error("the signing keys cannot be used: {}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Others than the owner may read the file.
    #[error("the signing keys in {} can be read by others than their owner (mode {mode:04o})", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// Its mode.
        mode: u32,
    },
    /// A line of the file is no key.
    #[error("line {line} of {} is no signing key: {source}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        source: KeyError,
    },
    /// The file holds something else than some keys of one name.
    #[error("{} holds {what}", path.display())]
    Content {
        /// The file.
        path: PathBuf,
        /// What it holds.
        what: String,
    },
    /// The name cannot be that of a key.
    #[error("{name:?} cannot be the name of a key: {source}")]
    Name {
        /// The name.
        name: String,
        /// What is wrong with it.
        source: KeyError,
    },
    /// There is no such key.
    #[error("there is no signing key {id}: there are {known}")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The keys that there are.
        known: String,
    },
    /// The last key cannot go.
    #[error("{id} is the only signing key: without one, nothing can be proven")]
    Last {
        /// The key.
        id: String,
    },
}

impl SigningKeys {
    /// Reads the keys; `None` if there is no such file.
    pub fn load(path: &Path) -> Result<Option<Self>, KeysError> {
        let failed = |source| KeysError::Io { path: path.to_owned(), source };
        let Some(text) = durable::read(path).map_err(failed)? else { return Ok(None) };
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode() & 0o7777;
        if mode & 0o077 != 0 {
            return Err(KeysError::Open { path: path.to_owned(), mode });
        }
        let mut keys: Vec<SignerKey> = Vec::new();
        for (line, text) in (1..).zip(text.lines()) {
            let key = text.parse();
            keys.push(key.map_err(|source| KeysError::Line { path: path.to_owned(), line, source })?);
        }
        let content = |what: String| KeysError::Content { path: path.to_owned(), what };
        if !(1..=KEYS_MAX).contains(&keys.len()) {
            return Err(content(format!("{} keys, not 1 to {KEYS_MAX}", keys.len())));
        }
        let name = |key: &SignerKey| key.verifier().name().to_owned();
        if keys.iter().any(|key| key.verifier().key_type() != KeyType::Ed25519) {
            return Err(content("a key that does not sign checkpoints".to_owned()));
        }
        if keys.iter().any(|key| keys.first().map(name) != Some(name(key))) {
            return Err(content("keys of different names".to_owned()));
        }
        Ok(Some(Self { path: path.to_owned(), keys }))
    }

    /// Makes the first key of a server, durably. The file must not be there yet.
    pub fn create(path: &Path, name: &str) -> Result<Self, KeysError> {
        let key = new_key(name)?;
        durable::create(path, &(key.to_secret_text() + "\n"))
            .map_err(|source| KeysError::Io { path: path.to_owned(), source })?;
        Ok(Self { path: path.to_owned(), keys: vec![key] })
    }

    /// The keys of a server; made if there are none.
    pub fn load_or_create(path: &Path) -> Result<Self, KeysError> {
        match Self::load(path)? {
            Some(keys) => Ok(keys),
            None => Self::create(path, &random::name("annals-")),
        }
    }

    /// Adds a key that signs beside those that there are.
    pub fn rotate(&mut self) -> Result<String, KeysError> {
        let key = new_key(self.name())?;
        let id = id(&key);
        self.keys.insert(0, key);
        if self.keys.len() > KEYS_MAX {
            self.keys.remove(0);
            let what = format!("{KEYS_MAX} keys already: retire some of them");
            return Err(KeysError::Content { path: self.path.clone(), what });
        }
        self.save()?;
        Ok(id)
    }

    /// Removes a key, which is never used again.
    pub fn retire(&mut self, id_given: &str) -> Result<(), KeysError> {
        let Some(at) = self.keys.iter().position(|key| id(key) == id_given) else {
            return Err(KeysError::Unknown { id: id_given.to_owned(), known: self.ids().join(", ") });
        };
        if self.keys.len() == 1 {
            return Err(KeysError::Last { id: id_given.to_owned() });
        }
        self.keys.remove(at);
        self.save()
    }

    fn save(&self) -> Result<(), KeysError> {
        let lines: Vec<String> = self.keys.iter().map(|key| key.to_secret_text() + "\n").collect();
        durable::replace(&self.path, &lines.concat())
            .map_err(|source| KeysError::Io { path: self.path.clone(), source })
    }

    /// The name that all origins begin with.
    pub fn name(&self) -> &str {
        self.keys.first().map_or("", |key| key.verifier().name())
    }

    /// What each key is called when it is retired: the first half of its public key's ID under the name of the server.
    pub fn ids(&self) -> Vec<String> {
        self.keys.iter().map(id).collect()
    }

    /// What the log of the account with this token is called in checkpoints.
    pub fn origin(&self, account: &str) -> String {
        format!("{}/{account}", self.name())
    }

    /// The keys under the name of an origin.
    pub fn of_origin(&self, origin: &str) -> Result<Vec<SignerKey>, KeysError> {
        let named = |key: &SignerKey| key.named(origin);
        let wrong = |source| KeysError::Name { name: origin.to_owned(), source };
        self.keys.iter().map(named).collect::<Result<_, _>>().map_err(wrong)
    }

    /// What the log of the account with this token is verified with.
    pub fn verifiers(&self, account: &str) -> Result<Vec<VerifierKey>, KeysError> {
        let keys = self.of_origin(&self.origin(account))?;
        Ok(keys.iter().map(|key| key.verifier().clone()).collect())
    }
}

fn new_key(name: &str) -> Result<SignerKey, KeysError> {
    SignerKey::new(name, KeyType::Ed25519, &random::bytes())
        .map_err(|source| KeysError::Name { name: name.to_owned(), source })
}

fn id(key: &SignerKey) -> String {
    format!("{:08x}", u32::from_be_bytes(key.verifier().id()))
}
