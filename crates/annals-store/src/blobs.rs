//! Immutable blobs, in a directory or in an object store.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::TryStreamExt;
use object_store::local::LocalFileSystem;
use object_store::{Error, ObjectStore, ObjectStoreExt, PutMode};

use crate::model::AccountId;

mod error;
mod key;
mod local;
mod read;
mod writer;

pub use error::BlobError;
pub use key::BlobKey;
pub use writer::BlobWriter;
#[cfg(any(test, feature = "test-util"))]
pub(crate) use writer::PART_BYTES;

/// A store of blobs. Cloning it gives another handle on the same store.
///
/// A blob never changes: whoever writes one chooses a name that nobody has used. It appears whole or not at all, and what
/// a method has reported as done no crash takes back, but for deletions. Methods may be called from any number of tasks at
/// once; after an error each may be called again.
#[derive(Debug, Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    /// The same store, if the blobs are files that this process opens itself.
    files: Option<Arc<LocalFileSystem>>,
}

/// A blob that is there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Its key.
    pub key: BlobKey,
    /// Its length.
    pub bytes: u64,
}

impl Blobs {
    /// Opens the blobs in a directory, which is made for its owner alone unless it is there. Blocks: call it at start-up.
    ///
    /// Deletes what a crash has left of blobs that were being written. Only one process may do that: one beside it calls
    /// [`local_beside`](Self::local_beside).
    pub fn local(dir: &Path) -> Result<Self, BlobError> {
        local::create(dir)
            .and_then(|()| local::recover(dir))
            .map_err(|error| BlobError::at(dir.display().to_string(), error))?;
        Self::local_beside(dir)
    }

    /// Opens the blobs in a directory that is there and may be in use by another process.
    pub fn local_beside(dir: &Path) -> Result<Self, BlobError> {
        let files = LocalFileSystem::new_with_prefix(dir)
            .map_err(|error| BlobError::at(dir.display().to_string(), error))?;
        let files = Arc::new(files.with_fsync(true));
        Ok(Self { store: Arc::clone(&files) as _, files: Some(files) })
    }

    /// Opens the blobs in any other store. What it has acknowledged must be durable.
    pub fn over(store: Arc<dyn ObjectStore>) -> Self {
        Self { store, files: None }
    }

    /// Stores a blob. The same bytes may be stored twice; other bytes under a key are [`BlobError::Corrupt`].
    pub async fn put(&self, key: &BlobKey, bytes: Bytes) -> Result<(), BlobError> {
        let path = key.checked_path()?;
        let unavailable = |error| BlobError::unavailable(key, error);
        match self.store.put_opts(&path, bytes.clone().into(), PutMode::Create.into()).await {
            Ok(_) => return Ok(()),
            Err(Error::AlreadyExists { .. }) => {}
            Err(error) => return Err(unavailable(error)),
        }
        let found = self.store.get(&path).await.map_err(unavailable)?;
        if found.meta.size != bytes.len() as u64 || found.bytes().await.map_err(unavailable)? != bytes {
            return Err(BlobError::corrupt(key, "it holds other bytes"));
        }
        // Whoever stored it may have died, or failed, between making it visible and making it durable.
        self.store.put(&path, bytes.into()).await.map_err(unavailable)?;
        Ok(())
    }

    /// Starts a blob that is too large to hold in memory.
    pub fn writer(&self, key: &BlobKey) -> BlobWriter {
        BlobWriter::new(self.clone(), key.clone())
    }

    /// Ranges of a blob's bytes, in the order of the question. They may overlap; an empty one is answered without looking.
    /// A range that is not within the blob is [`BlobError::Corrupt`], whatever its size.
    pub async fn read(&self, key: &BlobKey, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, BlobError> {
        read::ranges(self, key, ranges).await
    }

    /// The same without a runtime, where the blobs are files: the calling thread reads them itself. `None` where they are not.
    pub fn read_files(&self, key: &BlobKey, ranges: &[Range<u64>]) -> Option<Result<Vec<Bytes>, BlobError>> {
        self.files.as_ref().map(|files| read::of_file(files, key, ranges))
    }

    /// All blobs of an account, in the order of their names. Files with other names are skipped.
    pub async fn list(&self, account: AccountId) -> Result<Vec<Listed>, BlobError> {
        let prefix = BlobKey::prefix(account);
        let found: Vec<_> = self
            .store
            .list(Some(&prefix))
            .try_collect()
            .await
            .map_err(|error| BlobError::at(prefix, error))?;
        let listed = |meta: object_store::ObjectMeta| {
            Some(Listed { key: BlobKey::parse(meta.location.as_ref())?, bytes: meta.size })
        };
        let mut blobs: Vec<_> = found.into_iter().filter_map(listed).collect();
        blobs.sort_unstable_by(|one, other| one.key.cmp(&other.key));
        Ok(blobs)
    }

    /// Deletes a blob, if it is there. A crash soon after may bring it back.
    pub async fn delete(&self, key: &BlobKey) -> Result<(), BlobError> {
        match self.store.delete(&key.path()).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::unavailable(key, error)),
        }
    }
}
