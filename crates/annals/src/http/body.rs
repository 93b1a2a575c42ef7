//! Reading request bodies: so many bytes, so long, and no more in memory than the server has set aside.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody},
    http::{HeaderValue, StatusCode, header},
};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::ApiError;
use crate::limits;

/// Memory that is taken for a body before any of it has arrived. The system only provides what is written to.
const ANNOUNCED_BYTES_MAX: usize = 2 * 1024 * 1024;

/// What is still read of a body that was refused.
const DRAIN_BYTES_MAX: usize = 2 * limits::REQUEST_BYTES_MAX;
const DRAIN_TIME_MAX: Duration = Duration::from_secs(5);

/// Memory for bodies, shared by all requests. Counted as bytes arrive, so a slow sender holds only what it has sent.
pub(super) struct Budget(Arc<Semaphore>);

/// A body in memory, with its share of the budget.
struct Held {
    bytes: Bytes,
    _share: Option<OwnedSemaphorePermit>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.bytes
    }
}

impl Budget {
    /// A budget of so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self(Arc::new(Semaphore::new(bytes)))
    }

    /// Reads a body of at most `bytes_max` bytes, after decompression. Its share of the budget is free again when the
    /// bytes are dropped.
    pub(super) async fn read(&self, mut body: Body, bytes_max: usize) -> Result<Bytes, ApiError> {
        let time = Duration::from_secs(limits::BODY_SECONDS_MAX);
        let read = tokio::time::timeout(time, self.read_all(&mut body, bytes_max)).await;
        let read = read.unwrap_or_else(|_| {
            Err(ApiError::new(
                StatusCode::REQUEST_TIMEOUT,
                format!("the body did not arrive within {} seconds", limits::BODY_SECONDS_MAX),
            ))
        });
        match read {
            Ok(held) => Ok(Bytes::from_owner(held)),
            Err(error) if drain(body).await => Err(error),
            // What is left of the body would stand where the next request is expected.
            Err(error) => Err(error.with(header::CONNECTION, HeaderValue::from_static("close"))),
        }
    }

    async fn read_all(&self, body: &mut Body, bytes_max: usize) -> Result<Held, ApiError> {
        let announced =
            HttpBody::size_hint(body).exact().and_then(|bytes| usize::try_from(bytes).ok()).unwrap_or(0);
        let mut bytes = BytesMut::new();
        let mut share: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                ApiError::new(StatusCode::BAD_REQUEST, format!("the body cannot be read: {error}"))
            })?;
            let Ok(chunk) = frame.into_data() else { continue };
            if bytes.len() + chunk.len() > bytes_max {
                return Err(too_large(bytes_max));
            }
            let more = u32::try_from(chunk.len()).unwrap_or(u32::MAX);
            let more = Arc::clone(&self.0).try_acquire_many_owned(more).map_err(|_| {
                ApiError::unavailable("the server has more to read than it can take on; try again shortly")
            })?;
            match &mut share {
                Some(share) => share.merge(more),
                None => share = Some(more),
            }
            if bytes.is_empty() && body.is_end_stream() {
                // Small bodies come in one piece.
                return Ok(Held { bytes: chunk, _share: share });
            }
            if bytes.is_empty() {
                // What was announced, in one piece; a sender that announces more than it sends gets no more than this.
                bytes.reserve(announced.min(ANNOUNCED_BYTES_MAX));
            }
            bytes.extend_from_slice(&chunk);
        }
        Ok(Held { bytes: bytes.freeze(), _share: share })
    }
}

/// Reads on for a while and forgets what it reads: many clients look for an answer only when they have sent everything,
/// and would otherwise see a broken connection in place of the reason. Returns whether that was all of it.
async fn drain(mut body: Body) -> bool {
    let read = async {
        let mut left = DRAIN_BYTES_MAX;
        while let Some(frame) = body.frame().await {
            let length = frame.ok()?.data_ref().map_or(0, Bytes::len);
            left = left.checked_sub(length)?;
        }
        Some(())
    };
    tokio::time::timeout(DRAIN_TIME_MAX, read).await.is_ok_and(|read| read.is_some())
}

fn too_large(bytes_max: usize) -> ApiError {
    ApiError::new(
        StatusCode::PAYLOAD_TOO_LARGE,
        format!("the body is too large: at most {bytes_max} bytes are allowed, also after decompression"),
    )
}
