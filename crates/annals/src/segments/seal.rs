//! Sealing: the oldest entries of a head become a segment.

use std::sync::Arc;

use annals_format::{
    Row,
    search::Words,
    segment::{self, Extra},
};
use annals_store::{AccountId, BlobKey, ReadError, SegmentInfo};
use bytes::Bytes;

use super::{
    SegmentError,
    keeper::{KeepError, Keeper},
};

/// Bytes of rows that are read from the catalog at a time.
const READ_BYTES: usize = 8 * 1024 * 1024;

impl Keeper {
    /// Seals `rows_min` entries or a few more, if the head has as many. Returns whether it did.
    ///
    /// Between any two steps the process may die. What that leaves behind stands before each step; there is no repair
    /// code, as what is not listed does not count and is swept later.
    pub(super) async fn seal(&self, account: AccountId, rows_min: u64) -> Result<bool, KeepError> {
        // 1. Choose where the segment ends, and read its rows. A crash leaves everything as it was.
        let log = self.logs.known(account);
        let (start, end) = {
            let log = log.read();
            match log.boundary(rows_min) {
                Some(end) => (log.sealed(), end),
                None => return Ok(false),
            }
        };
        let mut rows = Vec::new();
        let mut next = start;
        while next < end {
            let entries = self.catalog.entries(account, next..end, READ_BYTES).await?;
            let Some(last) =
                entries.last().filter(|_| entries.first().is_some_and(|first| first.index == next))
            else {
                // Another server has sealed them.
                self.logs.look_again(account).await?;
                return Ok(true);
            };
            next = last.index + 1;
            rows.extend(entries.into_iter().map(|entry| (entry.index, entry.row)));
        }
        // 2. Make the file, in memory. A crash leaves everything as it was.
        let dictionary = self.dictionaries.lock().get(&account).cloned();
        let make = move || -> Result<_, KeepError> {
            let mut bytes = Vec::new();
            let mut words = Words::default();
            // What searches find a row by.
            let terms = |row: &Row, extra: &mut Extra| {
                row.searched_texts(|text| words.of(text, |word| extra.word(word)));
                row.changed_fields(|field| extra.changed(field));
            };
            let options = segment::Options::default();
            let summary = segment::seal(rows, dictionary.as_deref(), &options, terms, &mut bytes)?;
            Ok((summary, bytes))
        };
        let (summary, bytes) = self.worker.run(make).await?;
        // 3. Store it under a name of its own, whole and durable. A crash leaves a blob that nobody lists.
        let info = SegmentInfo {
            name: Self::name(&summary.indexes),
            indexes: summary.indexes.clone(),
            bytes: summary.bytes,
            footer_bytes: summary.footer_bytes,
        };
        let bytes = Bytes::from(bytes);
        let key = BlobKey::Segment { account, name: info.name.clone() };
        self.segments().blobs().put(&key, bytes.clone()).await?;
        // 4. List it: in one transaction its entries leave the head. A crash before leaves a blob that nobody lists, a
        //    crash after it leaves copies in the catalog that nobody sees.
        let footer = bytes.slice(bytes.len().saturating_sub(info.footer_bytes as usize)..);
        self.list(account, info.clone(), Vec::new(), &footer).await?;
        self.dictionaries.lock().insert(account, Arc::from(summary.dictionary));
        self.metrics.sealed(info.indexes.end - info.indexes.start);
        Self::tell("entries were sealed", account, &info);
        // 5. Somebody else deletes the copies that the catalog still has of them: see `Keeper::forget_copies`.
        self.sealed.notify_one();
        Ok(true)
    }
}

/// The runtime ended before its work did.
pub(super) fn stopping() -> SegmentError {
    ReadError::Unavailable("the server is stopping".into()).into()
}
