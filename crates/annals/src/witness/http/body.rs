//! Reading the bodies of requests: so many bytes, so long, and no more in memory than was set aside.

use std::{sync::Arc, time::Duration};

use axum::{body::Body, http::StatusCode};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::answer::Answer;
use crate::limits;

/// What is read, and forgotten, of a body that is too large: many clients look for an answer only when they have sent
/// everything.
const DRAIN_BYTES_MAX: usize = 1024 * 1024;

/// Memory for bodies, shared by all requests. Counted as bytes arrive, so a slow sender holds only what it has sent.
pub(super) struct Budget(Arc<Semaphore>);

/// What a body takes of the budget, until this is dropped.
pub(super) type Share = Option<OwnedSemaphorePermit>;

impl Budget {
    /// A budget of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Reads a body.
    pub(super) async fn read(&self, body: Body) -> Result<(Vec<u8>, Share), Answer> {
        let time = Duration::from_secs(limits::WITNESS_BODY_SECONDS_MAX);
        // A connection with more of a body on its way cannot take another request.
        let read = tokio::time::timeout(time, self.read_all(body)).await.unwrap_or_else(|_| {
            Err(Answer::error(StatusCode::REQUEST_TIMEOUT, "the body did not arrive in time"))
        });
        read.map_err(|answer| answer.with("connection", "close"))
    }

    async fn read_all(&self, mut body: Body) -> Result<(Vec<u8>, Share), Answer> {
        let (mut bytes, mut length, mut share) = (Vec::new(), 0_usize, Share::None);
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                Answer::error(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))
            })?;
            let Ok(chunk) = frame.into_data() else { continue };
            length = length.saturating_add(chunk.len());
            if length > DRAIN_BYTES_MAX {
                break;
            }
            if length > limits::WITNESS_REQUEST_BYTES_MAX {
                (bytes, share) = (Vec::new(), None);
                continue;
            }
            let more = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            let more = Arc::clone(&self.0).try_acquire_many_owned(more).map_err(|_| {
                Answer::busy("the witness has more to read than it can take on; try again shortly")
            })?;
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            bytes.extend_from_slice(&chunk);
        }
        if length > limits::WITNESS_REQUEST_BYTES_MAX {
            let sentence = format!(
                "the body is too large: at most {} bytes are allowed",
                limits::WITNESS_REQUEST_BYTES_MAX
            );
            return Err(Answer::error(StatusCode::PAYLOAD_TOO_LARGE, sentence));
        }
        Ok((bytes, share))
    }
}
