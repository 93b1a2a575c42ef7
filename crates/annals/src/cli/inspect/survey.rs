//! What there is in a data directory.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use annals_format::Timestamp;
use annals_store::Catalog;
use serde::Serialize;

use crate::{
    cli::output::HintExt,
    data_dir,
    segments::{Sealed, Segments},
};

/// What there is in a data directory.
#[derive(Serialize)]
pub(super) struct Survey {
    pub(super) data_dir: PathBuf,
    /// The catalog and its companions.
    pub(super) catalog_bytes: u64,
    pub(super) accounts: Vec<Account>,
}

/// A log.
#[derive(Serialize)]
pub(super) struct Account {
    pub(super) token: String,
    pub(super) title: String,
    pub(super) entries: u64,
    pub(super) segments: Vec<Segment>,
}

/// A segment of a log.
#[derive(Serialize)]
pub(super) struct Segment {
    pub(super) name: String,
    /// The index of its first entry.
    pub(super) first: u64,
    /// The index after that of its last.
    pub(super) end: u64,
    pub(super) rows: u64,
    /// The instants of its oldest and its newest row, if it has any.
    pub(super) oldest: Option<String>,
    pub(super) newest: Option<String>,
    pub(super) bytes: u64,
    /// Bytes of its rows before compression.
    pub(super) row_bytes: u64,
    /// Bytes by what they are for.
    pub(super) parts: Vec<Part>,
}

/// What some bytes are for.
#[derive(Serialize)]
pub(super) struct Part {
    pub(super) part: String,
    pub(super) bytes: u64,
}

impl Account {
    /// Entries in segments, pruned ones included.
    pub(super) fn sealed(&self) -> u64 {
        self.segments.iter().map(|segment| segment.end - segment.first).sum()
    }

    /// Bytes of segments.
    pub(super) fn bytes(&self) -> u64 {
        self.segments.iter().map(|segment| segment.bytes).sum()
    }
}

impl Survey {
    /// Bytes of all segments by what they are for, the most first; what takes nothing is left out.
    pub(super) fn parts(&self) -> Vec<Part> {
        let mut sums: BTreeMap<&str, u64> = BTreeMap::new();
        for part in self.segments().flat_map(|segment| &segment.parts) {
            *sums.entry(&part.part).or_default() += part.bytes;
        }
        let mut parts: Vec<Part> = sums
            .into_iter()
            .filter(|(_, bytes)| *bytes > 0)
            .map(|(part, bytes)| Part { part: part.to_owned(), bytes })
            .collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.bytes));
        parts
    }

    /// Bytes of rows before compression and after it.
    pub(super) fn compression(&self) -> (u64, u64) {
        let raw = self.segments().map(|segment| segment.row_bytes).sum();
        let of_rows = |part: &&Part| part.part == annals_format::segment::Kind::Rows.to_string();
        let packed = self.segments().flat_map(|segment| &segment.parts).filter(of_rows);
        (raw, packed.map(|part| part.bytes).sum())
    }

    fn segments(&self) -> impl Iterator<Item = &Segment> {
        self.accounts.iter().flat_map(|account| &account.segments)
    }
}

/// Looks at what there is: the catalog, and of each segment its end.
pub(super) async fn make(path: &Path, catalog: &dyn Catalog) -> anyhow::Result<Survey> {
    const DAMAGED: &str = "Look closer with `annals doctor`, or restore the data directory from a backup.";
    let blobs = data_dir::open_blobs_beside(path).hint(DAMAGED)?;
    let segments = Arc::new(Segments::new(blobs, 0));
    let mut accounts = Vec::new();
    for account in catalog.accounts().await? {
        let entries = catalog.tree(account.id).await?.edge.size();
        let mut opened = Vec::new();
        for info in catalog.segments(account.id).await? {
            opened.push(Segment::of(&*segments.open(account.id, info).await.hint(DAMAGED)?));
        }
        accounts.push(Account { token: account.token, title: account.title, entries, segments: opened });
    }
    Ok(Survey { data_dir: path.to_owned(), catalog_bytes: data_dir::catalog_bytes(path), accounts })
}

impl Segment {
    fn of(sealed: &Sealed) -> Self {
        let layout = sealed.layout();
        let parts = layout.sizes().into_iter();
        Self {
            name: sealed.info().name.clone(),
            first: sealed.indexes().start,
            end: sealed.indexes().end,
            rows: u64::from(layout.rows()),
            oldest: layout.oldest().map(instant),
            newest: layout.newest().map(instant),
            bytes: sealed.info().bytes,
            row_bytes: layout.row_bytes(),
            parts: parts.map(|(kind, bytes)| Part { part: kind.to_string(), bytes }).collect(),
        }
    }
}

fn instant((us, _): (i64, u64)) -> String {
    Timestamp::from_us(us).to_string()
}
