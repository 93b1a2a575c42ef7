//! What [`Blobs`] must do over every store: each case is written once and is a test by itself on each of them.

use std::any::Any;
use std::fmt::Debug;
use std::ops::Range;

use bytes::Bytes;

use crate::blobs::{BlobError, BlobKey, Blobs};
use crate::model::AccountId;

mod read;
mod write;

pub use read::*;
pub use write::*;

/// An empty store for one case.
pub struct Opened {
    // Dropped before what it needs.
    blobs: Blobs,
    _keep: Box<dyn Any + Send>,
}

impl Opened {
    /// Blobs, and what has to live as long as they, such as a directory.
    pub fn with(blobs: Blobs, keep: impl Any + Send) -> Self {
        Self { blobs, _keep: Box::new(keep) }
    }

    /// The blobs.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }
}

/// Defines a test for each case of the contract of blobs. Takes a function that opens an empty store as
/// [`blobs::Opened`](crate::contract::blobs::Opened).
#[macro_export]
macro_rules! blob_contract_tests {
    ($open:path) => {
        $crate::blob_contract_tests! { $open =>
            a_blob_is_read_back,
            ranges_come_in_the_order_of_the_question,
            a_blob_that_is_not_there_is_missing,
            a_range_past_the_end_is_corrupt,
            the_same_bytes_may_be_put_twice,
            other_bytes_under_a_key_are_corrupt,
            concurrent_puts_of_the_same_bytes_succeed,
            a_name_that_cannot_be_is_refused,
            blobs_are_listed_by_name,
            blobs_of_accounts_are_apart,
            a_deleted_blob_is_gone,
            blobs_are_written_in_pieces,
            a_blob_appears_whole_or_not_at_all,
            a_large_blob_may_be_written_twice,
        }
    };
    ($open:path => $($case:ident,)+) => {
        $(
            #[::tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() -> $crate::contract::Outcome {
                let opened = $open();
                $crate::contract::blobs::$case(opened.blobs()).await
            }
        )+
    };
}

fn key(account: u32, name: &str) -> BlobKey {
    BlobKey::Segment { account: AccountId(account), name: name.into() }
}

/// Bytes of which no two stretches are alike.
fn bytes(length: usize) -> Bytes {
    let mut bytes = Vec::with_capacity(length.next_multiple_of(8));
    for number in 0..length.div_ceil(8) as u64 {
        bytes.extend_from_slice(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes());
    }
    bytes.truncate(length);
    bytes.into()
}

/// Ranges of a blob, which must be the same by both ways to read it.
async fn read(blobs: &Blobs, key: &BlobKey, ranges: &[Range<u64>]) -> Result<Vec<Bytes>, BlobError> {
    let read = blobs.read(key, ranges).await;
    if let Some(of_files) = blobs.read_files(key, ranges) {
        assert_eq!(format!("{of_files:?}"), format!("{read:?}"), "{ranges:?}");
    }
    read
}

/// All bytes of a blob that has `length` of them.
async fn whole(blobs: &Blobs, key: &BlobKey, length: usize) -> Result<Bytes, BlobError> {
    let read = read(blobs, key, std::slice::from_ref(&(0..length as u64))).await?;
    Ok(read.into_iter().next().unwrap_or_default())
}

#[track_caller]
fn assert_missing<T: Debug>(answer: &Result<T, BlobError>) {
    assert!(matches!(answer, Err(BlobError::Missing { .. })), "{answer:?} is not missing");
}

/// Asserts that the answer calls the blob damaged, and says which and why.
#[track_caller]
fn assert_corrupt<T: Debug>(answer: &Result<T, BlobError>, key: &BlobKey, why: &str) {
    let Err(error @ BlobError::Corrupt { .. }) = answer else { panic!("{answer:?} is not corrupt") };
    let text = error.to_string();
    assert!(text.contains(why) && text.ends_with(&key.to_string()), "{text}");
}
