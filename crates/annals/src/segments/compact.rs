//! Compacting: neighbouring segments become one.

use std::{
    io::{self, Write},
    ops::Range,
    sync::Arc,
};

use annals_format::segment;
use annals_store::{AccountId, BlobKey, BlobWriter, SegmentInfo};
use tokio::runtime::Handle;

use super::{
    Sealed,
    keeper::{KeepError, Keeper},
    polite::Polite,
};

/// Bytes that are handed to the blob store at a time.
const PIECE_BYTES: usize = 1024 * 1024;

impl Keeper {
    /// Compacts one stretch of an account's segments, if there are enough of them. Returns whether it did.
    pub(super) async fn compact(&self, account: AccountId) -> Result<bool, KeepError> {
        // 1. Choose neighbours. They do not change, and while they are listed nobody removes them.
        let segments = Arc::clone(self.logs.known(account).read().segments());
        let rows: Vec<u64> = segments.iter().map(|one| one.indexes().end - one.indexes().start).collect();
        let Some(chosen) = choose(&rows, self.options.fan_in) else { return Ok(false) };
        let sources: Vec<Arc<Sealed>> = segments.get(chosen).unwrap_or_default().to_vec();
        let replaces: Vec<String> = sources.iter().map(|source| source.info().name.clone()).collect();
        let start = sources.first().map_or(0, |first| first.indexes().start);
        let end = sources.last().map_or(0, |last| last.indexes().end);
        // 2. Write the new segment, piece by piece; it becomes visible when it is whole and durable. A crash leaves
        //    pieces that no reader can see, or a blob that nobody lists.
        let name = Self::name(&(start..end));
        let key = BlobKey::Segment { account, name: name.clone() };
        let sink = Sink::new(self.segments().blobs().writer(&key), Handle::current());
        let merge = move || -> Result<_, KeepError> {
            let mut sink = sink;
            let options = segment::Options::default();
            let uncached: Vec<_> = sources.iter().map(|source| source.uncached()).collect();
            let merging: Vec<_> =
                sources.iter().zip(&uncached).map(|(source, parts)| (source.layout(), parts)).collect();
            let summary = segment::merge(&merging, &options, Polite::new(&mut sink))?;
            sink.finish()?;
            Ok(summary)
        };
        let summary = self.worker.run(merge).await?;
        let indexes = summary.indexes.clone();
        let info = SegmentInfo { name, indexes, bytes: summary.bytes, footer_bytes: summary.footer_bytes };
        // 3. List it in their place. A crash before leaves a blob that nobody lists, a crash after it leaves those that
        //    it replaced.
        let footer = info.bytes.saturating_sub(u64::from(info.footer_bytes))..info.bytes;
        let footer = self.segments().blobs().read(&key, std::slice::from_ref(&footer)).await?;
        let replaced = replaces.len();
        self.list(account, info.clone(), replaces, footer.first().map_or(&[], |footer| footer)).await?;
        self.metrics.compacted(replaced);
        Self::tell("segments were compacted", account, &info);
        Ok(true)
    }
}

/// Which of some neighbours, given by their numbers of rows, are made into one: as many small ones in a row as fit into the
/// largest segment there may be, once there are enough of them or the next one would not fit.
fn choose(rows: &[u64], fan_in: usize) -> Option<Range<usize>> {
    let largest = u64::from(segment::ROWS_MAX);
    let mut start = 0;
    while start < rows.len() {
        let mut total = 0;
        let fits = |rows: &&u64| {
            total += **rows;
            **rows <= largest / 2 && total <= largest
        };
        let count = rows.iter().skip(start).take_while(fits).count();
        let total: u64 = rows.iter().skip(start).take(count).sum();
        let followed = start + count < rows.len();
        if count >= fan_in || (followed && count > 1 && total > largest / 2) {
            return Some(start..start + count);
        }
        start += count.max(1);
    }
    None
}

/// Hands what is written to the blob store. Blocks.
pub(super) struct Sink {
    writer: BlobWriter,
    piece: Vec<u8>,
    runtime: Handle,
}

impl Sink {
    pub(super) fn new(writer: BlobWriter, runtime: Handle) -> Self {
        Self { writer, piece: Vec::new(), runtime }
    }

    fn hand_over(&mut self) -> io::Result<()> {
        let piece = std::mem::take(&mut self.piece);
        self.runtime.block_on(self.writer.write(&piece)).map_err(io::Error::other)
    }

    pub(super) fn finish(mut self) -> Result<(), KeepError> {
        let piece = std::mem::take(&mut self.piece);
        self.runtime.block_on(async {
            self.writer.write(&piece).await?;
            self.writer.finish().await
        })?;
        Ok(())
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE_BYTES {
            self.hand_over()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_neighbours_are_made_into_large_ones() {
        const K64: u64 = 65_536;
        const MI: u64 = 1 << 20;
        let choose = |rows: &[u64]| choose(rows, 16);
        let full = |count: usize| vec![K64; count];
        assert_eq!(choose(&[]), None);
        assert_eq!(choose(&full(15)), None);
        assert_eq!(choose(&full(16)), Some(0..16));
        assert_eq!(choose(&[vec![MI], full(15)].concat()), None);
        assert_eq!(choose(&[vec![MI], full(16)].concat()), Some(1..17));
        // A few rows more than usual each: fourteen fit, and waiting for more would be for nothing.
        assert_eq!(choose(&[K64 + 4_464; 14]), None);
        assert_eq!(choose(&[K64 + 4_464; 15]), Some(0..14));
        // Those of a quiet log.
        assert_eq!(choose(&[1_024; 40]), Some(0..40));
        assert_eq!(choose(&[16_384, 1_024, 1_024]), None);
        // A large one between small ones does not keep either side from growing.
        assert_eq!(choose(&[vec![1_024, MI], vec![1_024; 16]].concat()), Some(2..18));
        assert_eq!(choose(&[700_000, 500_000, 500_000, 300_000]), Some(1..3));
    }
}
