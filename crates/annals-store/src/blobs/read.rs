//! Reading ranges of a blob, of which nothing is known but that somebody asks for them.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;

use bytes::Bytes;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{Error, OBJECT_STORE_COALESCE_DEFAULT, ObjectStoreExt, Result, coalesce_ranges};

use super::{BlobError, BlobKey, Blobs};

/// How many bytes are asked of a file before its length is known: memory for them is taken first.
const UNSEEN_BYTES_MAX: u64 = 16 << 20;

/// Ranges of a blob's bytes, in the order of the question.
pub(super) async fn ranges(
    blobs: &Blobs,
    key: &BlobKey,
    ranges: &[Range<u64>],
) -> std::result::Result<Vec<Bytes>, BlobError> {
    check(key, ranges)?;
    let path = key.path();
    // Stores disagree about empty ranges.
    let wanted: Vec<_> = ranges.iter().filter(|range| !range.is_empty()).cloned().collect();
    let found = match fetch(blobs, &path, &wanted).await {
        Ok(found) => found,
        Err(Error::NotFound { .. }) => return Err(BlobError::Missing { key: key.clone() }),
        Err(error) => return Err(explain(blobs, key, &path, &wanted, error).await),
    };
    let mut found = found.into_iter();
    let empty_or_next = |range: &Range<u64>| if range.is_empty() { None } else { found.next() };
    Ok(ranges.iter().map(empty_or_next).map(Option::unwrap_or_default).collect())
}

/// Ranges of the bytes of a blob that is a file, in the order of the question.
pub(super) fn of_file(
    files: &LocalFileSystem,
    key: &BlobKey,
    ranges: &[Range<u64>],
) -> std::result::Result<Vec<Bytes>, BlobError> {
    check(key, ranges)?;
    if ranges.iter().all(Range::is_empty) {
        return Ok(vec![Bytes::new(); ranges.len()]);
    }
    let path = files.path_to_filesystem(&key.path()).map_err(|error| BlobError::unavailable(key, error))?;
    let failed = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => BlobError::Missing { key: key.clone() },
        _ => BlobError::unavailable(key, error),
    };
    let file = File::open(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    let bytes = |range: &Range<u64>| {
        // Before memory is taken for it.
        if range.end > length && !range.is_empty() {
            return Err(too_short(key, range, length));
        }
        let wanted = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        // Room that need not be zeros before it is read into.
        let mut bytes = Vec::with_capacity(wanted);
        (&file).seek(SeekFrom::Start(range.start)).map_err(failed)?;
        (&file).take(range.end - range.start).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() == wanted { Ok(bytes.into()) } else { Err(too_short(key, range, length)) }
    };
    ranges.iter().map(bytes).collect()
}

/// Refuses ranges that no blob has, which a damaged footer may ask for.
fn check(key: &BlobKey, ranges: &[Range<u64>]) -> std::result::Result<(), BlobError> {
    match ranges.iter().find(|range| range.start > range.end) {
        Some(range) => Err(BlobError::corrupt(key, format!("it cannot have the bytes {range:?}"))),
        None => Ok(()),
    }
}

fn too_short(key: &BlobKey, range: &Range<u64>, length: u64) -> BlobError {
    BlobError::corrupt(key, format!("it should have the bytes {range:?}, but its length is {length}"))
}

/// The bytes of ranges that are not empty.
async fn fetch(blobs: &Blobs, path: &Path, wanted: &[Range<u64>]) -> Result<Vec<Bytes>> {
    if wanted.is_empty() {
        return Ok(Vec::new());
    }
    let store = &*blobs.store;
    let bytes = wanted.iter().fold(0, |bytes: u64, range| bytes.saturating_add(range.end - range.start));
    if blobs.files.is_some() && bytes <= UNSEEN_BYTES_MAX {
        // Opens the file once, and reads no byte in between.
        return whole(store.get_ranges(path, wanted).await?, wanted);
    }
    // What `get_ranges` does by default, but for checking what comes back before it is divided: it would panic over a blob
    // that is too short.
    let get = |range: Range<u64>| async move {
        let bytes = store.get_range(path, range.clone()).await?;
        if bytes.len() as u64 == range.end - range.start { Ok(bytes) } else { Err(short()) }
    };
    coalesce_ranges(wanted, get, OBJECT_STORE_COALESCE_DEFAULT).await
}

/// Makes sure that each range has come whole.
fn whole(found: Vec<Bytes>, wanted: &[Range<u64>]) -> Result<Vec<Bytes>> {
    let lengths = wanted.iter().map(|range| range.end - range.start);
    if found.iter().map(|bytes| bytes.len() as u64).eq(lengths) { Ok(found) } else { Err(short()) }
}

fn short() -> Error {
    Error::Generic { store: "Blobs", source: "fewer bytes came than were asked for".into() }
}

/// Looks whether a read has failed because the blob is too short: stores have no common error for that.
async fn explain(
    blobs: &Blobs,
    key: &BlobKey,
    path: &Path,
    wanted: &[Range<u64>],
    error: Error,
) -> BlobError {
    let Ok(blob) = blobs.store.head(path).await else { return BlobError::unavailable(key, error) };
    match wanted.iter().find(|range| range.end > blob.size) {
        Some(range) => too_short(key, range, blob.size),
        None => BlobError::unavailable(key, error),
    }
}
