//! The keys of a witness: made once, read at each start.

use std::path::Path;

use annals_tlog::note::{KeyType, SignerKey};

use super::{Directory, DirectoryError, LOGS};
use crate::durable;
use crate::{data_dir, random};

/// A key that everybody can check, and one that stays good when quantum computers come.
const KEY_TYPES: [KeyType; 2] = [KeyType::Ed25519Cosignature, KeyType::MlDsa44Cosignature];

impl Directory {
    /// Makes a witness: the directory, for its owner alone, and in it new keys with this name, each of another type.
    ///
    /// # Errors
    ///
    /// `name` is no name of keys, there is a witness already, or the directory cannot be written.
    pub fn create(path: &Path, name: &str) -> Result<Self, DirectoryError> {
        let new_key = |key_type| SignerKey::new(name, key_type, &random::bytes());
        let keys: Result<Vec<_>, _> = KEY_TYPES.into_iter().map(new_key).collect();
        let keys = keys.map_err(|source| DirectoryError::Name { name: name.to_owned(), source })?;

        data_dir::create(path)?;
        let directory = Self { path: path.to_owned() };
        let _edit = directory.edit()?;
        let (keys_path, logs_path) = (directory.keys_path(), path.join(LOGS));
        for part in [&keys_path, &logs_path] {
            let failed = |source| DirectoryError::File { path: part.clone(), source };
            // Without its keys, what is left is still about what other keys cosigned.
            if part.try_exists().map_err(failed)? {
                return Err(DirectoryError::Exists { path: path.to_owned() });
            }
        }
        let text: String = keys.iter().flat_map(|key| [key.to_secret_text(), "\n".to_owned()]).collect();
        durable::replace(&keys_path, &text)
            .and_then(|()| durable::sync_parent(path))
            .map_err(|source| DirectoryError::File { path: keys_path, source })?;
        Ok(directory)
    }

    /// The keys that cosign, at least one.
    pub fn keys(&self) -> Result<Vec<SignerKey>, DirectoryError> {
        let path = self.keys_path();
        let text = match durable::read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => return Err(DirectoryError::NoWitness { path: self.path.clone() }),
            Err(source) => return Err(DirectoryError::File { path, source }),
        };
        let keys: Result<Vec<SignerKey>, _> = text.lines().map(str::parse).collect();
        let unreadable = |why: String| DirectoryError::Unreadable { path: path.clone(), why };
        let keys = keys.map_err(|error| unreadable(error.to_string()))?;
        if !keys.iter().any(|key| key.verifier().key_type() == KeyType::Ed25519Cosignature) {
            return Err(unreadable("there is no Ed25519 key that cosigns".to_owned()));
        }
        if keys.iter().any(|key| key.verifier().key_type() == KeyType::Ed25519) {
            return Err(unreadable("a key is for logs: it signs, but does not cosign".to_owned()));
        }
        Ok(keys)
    }
}
