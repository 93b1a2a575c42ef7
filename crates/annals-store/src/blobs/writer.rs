//! Writing a blob piece by piece, in little memory.

use std::mem;

use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload, Result};
use tokio::task::JoinSet;

use super::{BlobError, BlobKey, Blobs};

/// The length of all parts but the last: object stores take no shorter ones than 5 MiB, and at most 10,000 of them.
pub(crate) const PART_BYTES: usize = 8 << 20;

/// Full parts that may be on their way, beside the one that is being filled.
const PARTS_WAITING_MAX: usize = 2;

/// A blob that is being written, with up to 24 MiB of it in memory.
///
/// Nobody sees it until [`finish`](Self::finish). Dropping the writer is the same as [`abort`](Self::abort), except that
/// some object stores keep the parts until a rule of theirs removes them.
#[derive(Debug)]
pub struct BlobWriter {
    blobs: Blobs,
    key: BlobKey,
    /// What is not on its way yet, at most one part.
    buffer: Vec<u8>,
    state: State,
}

#[derive(Debug)]
enum State {
    /// All of it is in the buffer.
    Small,
    Large(Parts),
    /// A part is missing.
    Broken,
}

impl BlobWriter {
    pub(super) fn new(blobs: Blobs, key: BlobKey) -> Self {
        Self { blobs, key, buffer: Vec::new(), state: State::Small }
    }

    /// Adds to the end of the blob; waits while the store is slower than the caller. After an error, or when dropped before
    /// it is done, the blob cannot be finished any more.
    pub async fn write(&mut self, mut bytes: &[u8]) -> std::result::Result<(), BlobError> {
        while !bytes.is_empty() {
            if self.buffer.len() >= PART_BYTES {
                self.send().await?;
            }
            let room = PART_BYTES.saturating_sub(self.buffer.len());
            let (now, later) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(now);
            bytes = later;
        }
        Ok(())
    }

    /// Makes the blob visible and durable in one step. If it is longer than one part it takes the place of what is under
    /// its key; else see [`Blobs::put`].
    pub async fn finish(self) -> std::result::Result<(), BlobError> {
        let Self { blobs, key, buffer, state } = self;
        match state {
            State::Small => blobs.put(&key, buffer.into()).await,
            State::Large(parts) => {
                parts.finish(buffer).await.map_err(|error| BlobError::unavailable(&key, error))
            }
            State::Broken => Err(broken(&key)),
        }
    }

    /// Gives the blob up. What cannot be removed now is never seen either.
    pub async fn abort(self) {
        if let State::Large(parts) = self.state {
            parts.abort().await;
        }
    }

    /// Sends a full part on its way.
    async fn send(&mut self) -> std::result::Result<(), BlobError> {
        // Unless this comes to its end the part is missing, and the blob must not be finished without it.
        let mut parts = match mem::replace(&mut self.state, State::Broken) {
            State::Small => {
                let path = self.key.checked_path()?;
                let begun = Parts::begin(&self.blobs, &path).await;
                begun.map_err(|error| BlobError::unavailable(&self.key, error))?
            }
            State::Large(parts) => parts,
            State::Broken => return Err(broken(&self.key)),
        };
        if let Err(error) = parts.wait(PARTS_WAITING_MAX - 1).await {
            parts.abort().await;
            return Err(BlobError::unavailable(&self.key, error));
        }
        parts.send(mem::replace(&mut self.buffer, Vec::with_capacity(PART_BYTES)));
        self.state = State::Large(parts);
        Ok(())
    }
}

fn broken(key: &BlobKey) -> BlobError {
    BlobError::unavailable(key, "a part of it was not written")
}

/// A blob of several parts.
#[derive(Debug)]
struct Parts {
    upload: Box<dyn MultipartUpload>,
    waiting: JoinSet<Result<()>>,
}

impl Parts {
    async fn begin(blobs: &Blobs, path: &Path) -> Result<Self> {
        Ok(Self { upload: blobs.store.put_multipart(path).await?, waiting: JoinSet::new() })
    }

    fn send(&mut self, part: Vec<u8>) {
        self.waiting.spawn(self.upload.put_part(PutPayload::from(part)));
    }

    /// Waits until at most so many parts are on their way.
    async fn wait(&mut self, waiting_max: usize) -> Result<()> {
        while self.waiting.len() > waiting_max {
            if let Some(written) = self.waiting.join_next().await {
                written??;
            }
        }
        Ok(())
    }

    async fn finish(mut self, last: Vec<u8>) -> Result<()> {
        self.send(last);
        let done = match self.wait(0).await {
            // A crash before this is done leaves a file that nobody sees, and that is swept when the blobs are opened.
            Ok(()) => self.upload.complete().await.map(drop),
            Err(error) => Err(error),
        };
        if done.is_err() {
            self.abort().await;
        }
        done
    }

    async fn abort(mut self) {
        self.waiting.shutdown().await;
        // Why the blob was given up matters more than what is left of it, which nobody sees.
        if let Err(error) = self.upload.abort().await {
            tracing::debug!(%error, "parts of a blob that was given up could not be removed");
        }
    }
}
