//! A segment as it is read from one end to the other: past the cache, in large pieces.

use std::{collections::VecDeque, sync::Arc};

use annals_format::segment::{Extent, Part, Parts};
use bytes::Bytes;
use parking_lot::Mutex;

use super::{Sealed, SegmentError};

/// Bytes that are read at a time: parts that are read one after the other mostly lie one behind the other.
const WINDOW_BYTES: u64 = 256 * 1024;

/// Pieces that are kept: what is read lies in two or three places at a time.
const WINDOWS: usize = 3;

/// A segment that is read once.
pub(super) struct Uncached<'a> {
    sealed: &'a Sealed,
    windows: Mutex<VecDeque<Window>>,
}

/// Bytes of the segment, from an offset on.
struct Window {
    offset: u64,
    bytes: Bytes,
}

impl Window {
    fn get(&self, extent: &Extent) -> Option<Bytes> {
        let start = usize::try_from(extent.offset.checked_sub(self.offset)?).ok()?;
        let end = start.checked_add(extent.length as usize)?;
        (end <= self.bytes.len()).then(|| self.bytes.slice(start..end))
    }
}

impl<'a> Uncached<'a> {
    pub(super) fn new(sealed: &'a Sealed) -> Self {
        Self { sealed, windows: Mutex::default() }
    }

    fn bytes(&self, extent: &Extent) -> Result<Bytes, SegmentError> {
        let mut windows = self.windows.lock();
        let mut each = windows.iter().enumerate();
        if let Some((at, bytes)) = each.find_map(|(at, window)| Some((at, window.get(extent)?))) {
            // What was used last goes last: a list of terms is read a little at a time between many postings.
            if at > 0
                && let Some(window) = windows.remove(at)
            {
                windows.push_front(window);
            }
            return Ok(bytes);
        }
        let end = extent.end().max((extent.offset + WINDOW_BYTES).min(self.sealed.info().bytes));
        let read = self.sealed.bytes_at(std::slice::from_ref(&(extent.offset..end)))?;
        let window = Window { offset: extent.offset, bytes: read.into_iter().next().unwrap_or_default() };
        let bytes = window.get(extent).unwrap_or_default();
        windows.push_front(window);
        windows.truncate(WINDOWS);
        Ok(bytes)
    }
}

impl Parts for Uncached<'_> {
    type Error = SegmentError;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, SegmentError> {
        extents.iter().map(|extent| Ok(Arc::new(extent.decode(&self.bytes(extent)?)?))).collect()
    }
}
