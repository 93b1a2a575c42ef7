//! Sealing: the oldest entries of a head become a segment.

use std::sync::Arc;

use annals_format::{
    Row,
    segment::{self, Extra, Sealer},
};
use annals_store::{AccountId, BlobKey, ReadError, SegmentInfo};
use bytes::Bytes;

use super::{
    SegmentError,
    keeper::{KeepError, Keeper},
    polite::Polite,
};

/// Bytes that an entry takes in a segment, generously.
const ENTRY_BYTES: usize = 320;

/// Rows that are read from the catalog while those before them are sealed: what a segment in the making holds of them.
const READ_ROWS: usize = 256;

impl Keeper {
    /// Seals `rows_min` entries or a few more, if the head has as many. Returns whether it did.
    ///
    /// Between any two steps the process may die. What that leaves behind stands before each step; there is no repair
    /// code, as what is not listed does not count and is swept later.
    pub(super) async fn seal(&self, account: AccountId, rows_min: u64) -> Result<bool, KeepError> {
        // 1. Choose where the segment ends. A crash leaves everything as it was.
        let log = self.logs.known(account);
        let indexes = {
            let log = log.read();
            match log.boundary(rows_min) {
                Some(end) => log.in_reading_order(end),
                None => return Ok(false),
            }
        };
        // 2. Make the file, in memory. A crash leaves everything as it was.
        let Some((summary, bytes)) = self.make(account, &indexes).await? else {
            // Another server has sealed them.
            self.logs.look_again(account).await?;
            return Ok(true);
        };
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

    /// Makes a segment of entries; `None` if some of them are no longer in the head.
    async fn make(
        &self,
        account: AccountId,
        indexes: &[u64],
    ) -> Result<Option<(segment::Summary, Vec<u8>)>, KeepError> {
        let options = segment::Options::default();
        let known = self.dictionaries.lock().get(&account).cloned();
        let dictionary = match known {
            Some(known) => known.to_vec(),
            None => match self.train(account, indexes, &options).await? {
                Some(trained) => trained,
                None => return Ok(None),
            },
        };
        // One that grows would be copied again and again; the system provides only what is written to.
        let sink = Polite::new(Vec::with_capacity(indexes.len() * ENTRY_BYTES));
        let mut sealer = Sealer::new(sink, dictionary, &options, terms)?;
        let mut chunks = indexes.chunks(READ_ROWS);
        let mut read = match chunks.next() {
            Some(chunk) => self.read(account, chunk).await?,
            None => return Ok(None),
        };
        loop {
            let Some(rows) = read else { return Ok(None) };
            let seal = self.worker.run(move || {
                for (index, row) in rows {
                    sealer.push(index, row)?;
                }
                Ok(sealer)
            });
            let Some(chunk) = chunks.next() else {
                let sealer = seal.await?;
                let (summary, written) = self.worker.run(move || Ok(sealer.finish()?)).await?;
                return Ok(Some((summary, written.into_inner())));
            };
            let (sealed, next) = tokio::join!(seal, self.read(account, chunk));
            (sealer, read) = (sealed?, next?);
        }
    }

    /// The rows at some indexes, with these; `None` if some of them are no longer in the head.
    async fn read(
        &self,
        account: AccountId,
        indexes: &[u64],
    ) -> Result<Option<Vec<(u64, Vec<u8>)>>, ReadError> {
        let rows = self.catalog.rows(account, indexes).await?;
        Ok(indexes.iter().zip(rows).map(|(index, row)| Some((*index, row?))).collect())
    }

    /// A dictionary for the rows at some indexes, trained on some of them.
    async fn train(
        &self,
        account: AccountId,
        indexes: &[u64],
        options: &segment::Options,
    ) -> Result<Option<Vec<u8>>, KeepError> {
        let step = indexes.len().div_ceil(options.dictionary_rows.max(1) as usize).max(1);
        let chosen: Vec<u64> = indexes.iter().step_by(step).copied().collect();
        let Some(samples) = self.read(account, &chosen).await? else { return Ok(None) };
        let samples: Vec<Vec<u8>> = samples.into_iter().map(|(_, row)| row).collect();
        let row_bytes = samples.iter().map(Vec::len).sum::<usize>().saturating_mul(step);
        let options = options.clone();
        Ok(Some(self.worker.run(move || Ok(segment::train(&samples, row_bytes, &options))).await?))
    }
}

/// What searches find a row by.
pub(super) fn terms(row: &Row, extra: &mut Extra) {
    row.searched(|text, is_changed_field| {
        extra.text(text);
        if is_changed_field {
            extra.changed(text);
        }
    });
}

/// The runtime ended before its work did.
pub(super) fn stopping() -> SegmentError {
    ReadError::Unavailable("the server is stopping".into()).into()
}
