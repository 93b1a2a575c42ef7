//! Where segments are read: the blob store, with a cache of their parts in front of it.

use std::{
    cell::Cell,
    fmt,
    ops::Range,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use annals_format::segment::{self, Extent, Part};
use annals_store::{AccountId, BlobKey, Blobs, ReadError, SegmentInfo};
use bytes::Bytes;
use moka::sync::Cache;
use tokio::{runtime::Handle, sync::Semaphore};

use super::{Sealed, SegmentError, of_blob};
use crate::limits;

/// One part in so many of the memory is for rows.
const ROWS_SHARE: u64 = 8;

/// The blob store and the parts of segments that are held in memory.
pub struct Segments {
    blobs: Blobs,
    parts: Cache<(u64, u64), Arc<Part>>,
    /// Rows by segment and position: a page that is asked for again, as pages are, is not unpacked again.
    rows: Cache<(u64, u32), Arc<[u8]>>,
    runtime: Handle,
    turns: Arc<Semaphore>,
    /// Segments that were opened, to tell their parts apart in the cache.
    opened: AtomicU64,
}

impl fmt::Debug for Segments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Segments").field("cached_bytes", &self.cached_bytes()).finish_non_exhaustive()
    }
}

impl Segments {
    /// Reads from `blobs` and holds up to `cache_bytes` of parts. Must be called on the runtime that serves reads.
    pub fn new(blobs: Blobs, cache_bytes: u64) -> Self {
        let row_bytes = cache_bytes / ROWS_SHARE;
        let parts = Cache::builder()
            .max_capacity(cache_bytes - row_bytes)
            .weigher(|_, part: &Arc<Part>| u32::try_from(part.bytes()).unwrap_or(u32::MAX))
            .build();
        let rows = Cache::builder()
            .max_capacity(row_bytes)
            .weigher(|_, row: &Arc<[u8]>| u32::try_from(row.len()).unwrap_or(u32::MAX))
            .build();
        Self {
            blobs,
            parts,
            rows,
            runtime: Handle::current(),
            turns: Arc::new(Semaphore::new(limits::READS_AT_ONCE_MAX)),
            opened: AtomicU64::new(0),
        }
    }

    /// The blob store underneath.
    pub(super) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Bytes of parts and rows that are held in memory.
    pub fn cached_bytes(&self) -> u64 {
        self.parts.weighted_size() + self.rows.weighted_size()
    }

    /// The row at a position, if it is in memory.
    pub(super) fn cached_row(&self, segment: u64, position: u32) -> Option<Arc<[u8]>> {
        self.rows.get(&(segment, position))
    }

    /// Keeps a row for others.
    pub(super) fn keep_row(&self, segment: u64, position: u32, row: &[u8]) {
        self.rows.insert((segment, position), row.into());
    }

    /// Opens a segment that the catalog lists: one read of its end.
    pub async fn open(
        self: &Arc<Self>,
        account: AccountId,
        info: SegmentInfo,
    ) -> Result<Arc<Sealed>, SegmentError> {
        let start = info.bytes.saturating_sub(u64::from(info.footer_bytes));
        let key = BlobKey::Segment { account, name: info.name.clone() };
        let read = self.blobs.read(&key, std::slice::from_ref(&(start..info.bytes))).await;
        let bytes = read.map_err(|error| of_blob(&info.name, error))?;
        let footer = bytes.first().cloned().unwrap_or_default();
        self.opened(account, info, &footer)
    }

    /// Opens a segment whose footer is at hand.
    pub(super) fn opened(
        self: &Arc<Self>,
        account: AccountId,
        info: SegmentInfo,
        footer: &[u8],
    ) -> Result<Arc<Sealed>, SegmentError> {
        let layout = segment::Segment::open(footer, info.bytes);
        let layout = layout.map_err(|corrupt| damaged(&info.name, &corrupt))?;
        let number = self.opened.fetch_add(1, Ordering::Relaxed);
        Sealed::new(Arc::clone(self), number, account, info, layout).map(Arc::new)
    }

    /// Runs a read here and now, if all that it needs is in memory; `None` if it has to be [`run`](Self::run). For reads that
    /// take less time than waking another thread.
    pub fn at_once<T>(
        &self,
        read: impl FnOnce() -> Result<T, SegmentError>,
    ) -> Option<Result<T, SegmentError>> {
        let _guard = MemoryOnly::begin();
        match read() {
            Err(SegmentError::Cold) => None,
            answer => Some(answer),
        }
    }

    /// Runs a read that may block, on a thread where it may. Reads beyond so many at a time wait for their turn.
    pub async fn run<T: Send + 'static>(
        &self,
        read: impl FnOnce() -> Result<T, SegmentError> + Send + 'static,
    ) -> Result<T, SegmentError> {
        // Neither the semaphore nor the runtime ends before the reads do.
        let ended = || SegmentError::Read(ReadError::Unavailable("the server is stopping".into()));
        let turn = Arc::clone(&self.turns).acquire_owned().await.map_err(|_| ended())?;
        let read = move || {
            let _turn = turn;
            read()
        };
        self.runtime.spawn_blocking(read).await.unwrap_or_else(|_| Err(ended()))
    }

    /// The part at an extent, if it is in memory.
    pub(super) fn cached(&self, segment: u64, extent: &Extent) -> Option<Arc<Part>> {
        self.parts.get(&(segment, extent.offset))
    }

    /// Keeps a part for others.
    pub(super) fn keep(&self, segment: u64, extent: &Extent, part: Arc<Part>) {
        self.parts.insert((segment, extent.offset), part);
    }

    /// The bytes in some ranges of a blob. Blocks, so it must be called where blocking is allowed.
    pub(super) fn read(
        &self,
        key: &BlobKey,
        name: &str,
        ranges: &[Range<u64>],
    ) -> Result<Vec<Bytes>, SegmentError> {
        if MEMORY_ONLY.get() {
            return Err(SegmentError::Cold);
        }
        // No other thread has to be woken for files, nor takes memory that this one gives back.
        let read = match self.blobs.read_files(key, ranges) {
            Some(read) => read,
            None => self.runtime.block_on(self.blobs.read(key, ranges)),
        };
        read.map_err(|error| of_blob(name, error))
    }
}

thread_local! {
    /// Whether this thread must not wait for a disk.
    static MEMORY_ONLY: Cell<bool> = const { Cell::new(false) };
}

/// While this lives, the thread reads memory only.
struct MemoryOnly;

impl MemoryOnly {
    fn begin() -> Self {
        MEMORY_ONLY.set(true);
        Self
    }
}

impl Drop for MemoryOnly {
    fn drop(&mut self) {
        MEMORY_ONLY.set(false);
    }
}

/// Says which segment is damaged.
pub(super) fn damaged(name: &str, corrupt: &segment::Corrupt) -> SegmentError {
    ReadError::Corrupt(format!("segment {name}: {corrupt}")).into()
}
