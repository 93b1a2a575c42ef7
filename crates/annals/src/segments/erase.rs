//! Erasing: sections of entries go from wherever they are, and their digests stay.

use std::{collections::HashSet, sync::Arc, time::Duration};

use annals_format::{Row, Timestamp, entry::Section, segment::Fate};
use annals_store::{AccountId, ReadError};

use super::{
    Sealed,
    keeper::{KeepError, Keeper},
};

use crate::append::Stored;

/// What is said of a segment without what was erased.
const ERASED: &str = "a segment was written anew, without what was erased";

/// Rows that are read at a time.
const READ_ROWS: usize = 256;

/// Bytes of different values that are looked for in dictionaries, at most: with more, every dictionary counts as having some
/// of them. Looking takes some forty times as many.
const VALUE_BYTES_MAX: usize = 1024 * 1024;

/// How long another server may be at the account's segments.
const LEASE_PATIENCE: Duration = Duration::from_secs(30);

impl Keeper {
    /// Erases sections of the entries at some indexes, which ascend, and whatever was made of them: terms, words,
    /// dictionaries, and copies that nobody sees any more. Takes long. Done again it does what is left.
    ///
    /// Between any two steps the process may die. Each row is as it was or erased, and every proof holds either way; what
    /// is not done yet is done by the next call.
    pub async fn erase(
        &self,
        account: AccountId,
        indexes: &[u64],
        sections: &[Section],
    ) -> Result<(), KeepError> {
        // Nobody seals or compacts meanwhile: what was read before would be written after.
        let _tending = self.tending.lock().await;
        let patience = tokio::time::Instant::now() + LEASE_PATIENCE;
        while !self.prolong(account).await? {
            if tokio::time::Instant::now() > patience {
                return Err(
                    ReadError::Unavailable("another server is at the account's segments".into()).into()
                );
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        // 1. Find out what is to go, as dictionaries may have it, too. A crash leaves everything as it was.
        let values = self.values(account, indexes, sections).await?;
        let indexes: Arc<[u64]> = indexes.into();
        let fate = || {
            let (indexes, sections) = (Arc::clone(&indexes), sections.to_vec());
            move |index: u64, row: &Row| match indexes.binary_search(&index) {
                Ok(_) => Fate::Becomes(row.erase(&sections)),
                Err(_) => Fate::Stays,
            }
        };
        let listed: Vec<Arc<Sealed>> = self.logs.known(account).read().segments().to_vec();
        let (concerned, others): (Vec<_>, Vec<_>) = listed.into_iter().partition(|sealed| {
            let first = indexes.partition_point(|index| *index < sealed.indexes().start);
            indexes.get(first).is_some_and(|index| sealed.indexes().contains(index))
        });
        // 2. Write segments anew that have none of the entries but a dictionary with some of it; nothing is compressed with
        //    that again. This comes first: once the entries have lost it, nobody knows what to look for. Each is listed in
        //    the place of the old one, which is removed at once. A crash leaves some of them as they were, or an old blob
        //    that nobody lists, which is swept later.
        self.dictionaries.lock().remove(&account);
        for sealed in others {
            if self.dictionary_has(&sealed, values.as_ref()).await? {
                self.rewrite(account, &sealed, ERASED, fate()).await?;
                self.prolong(account).await?;
            }
        }
        // 3. Erase it in the head. A crash leaves some rows erased.
        for chunk in indexes.chunks(READ_ROWS) {
            let rows = self.catalog.rows(account, chunk).await?;
            let mut erased = Vec::new();
            for (index, row) in chunk.iter().zip(rows) {
                let Some(row) = row else { continue };
                let after = decoded(&row)?.erase(sections);
                if after != row {
                    erased.push((*index, after));
                }
            }
            if !erased.is_empty() {
                self.catalog.replace_rows(account, erased).await?;
            }
        }
        // 4. Write the segments anew that have the others of the entries, with dictionaries of their own. A crash leaves
        //    the same as in 2.
        for sealed in concerned {
            self.rewrite(account, &sealed, ERASED, fate()).await?;
            self.prolong(account).await?;
        }
        // 5. What readers look things up in is made anew. It is in memory, and a crash makes it anew as well.
        self.logs.renew_now(account).await?;
        // 6. The catalog's files lose what was replaced and deleted in them. A crash leaves copies in free space, which
        //    the next erasure removes.
        self.catalog.forget(Timestamp::MIN, Timestamp::MIN).await?;
        self.catalog.scrub().await?;
        let now = self.clock.now();
        self.give_back(account, now).await
    }

    /// The values that these sections say, as they are spelt; `None` for too many to look for.
    async fn values(
        &self,
        account: AccountId,
        indexes: &[u64],
        sections: &[Section],
    ) -> Result<Option<Arc<[Vec<u8>]>>, KeepError> {
        let mut values: HashSet<Vec<u8>> = HashSet::new();
        let mut bytes = 0;
        for chunk in indexes.chunks(READ_ROWS) {
            for row in self.logs.read(account, chunk).await?.into_iter().filter_map(Stored::row) {
                let row = decoded(&row)?;
                for section in sections {
                    row.spelt_values(*section, |value| {
                        if values.insert(value.as_bytes().to_vec()) {
                            bytes += value.len();
                        }
                    });
                }
            }
            if bytes > VALUE_BYTES_MAX {
                return Ok(None);
            }
        }
        Ok(Some(values.into_iter().collect()))
    }

    async fn dictionary_has(
        &self,
        sealed: &Arc<Sealed>,
        values: Option<&Arc<[Vec<u8>]>>,
    ) -> Result<bool, KeepError> {
        let Some(values) = values.map(Arc::clone) else { return Ok(true) };
        let sealed = Arc::clone(sealed);
        self.worker.run(move || Ok(sealed.layout().dictionaries_contain(&*sealed, &values)?)).await
    }
}

fn decoded(row: &[u8]) -> Result<Row<'_>, ReadError> {
    Row::decode(row).map_err(|error| ReadError::Corrupt(error.to_string()))
}
