//! A log as it was at one moment, for one query.

use std::{collections::BTreeMap, sync::Arc};

use annals_format::{Interval, LogToken};

use super::{
    facet::{self, Stats},
    head::{Picked, Run, Tail},
    matches::Matches,
    page::{self, Hit},
    part::{Part, Wanted},
};
use crate::segments::{Sealed, SegmentError};

/// A log as it was at one moment, for one query: entries that were added since are not in it.
#[derive(Debug)]
pub struct Snapshot {
    segments: Arc<[Arc<Sealed>]>,
    runs: Vec<Arc<Run>>,
    tails: Vec<Arc<Tail>>,
    tail: Picked,
    /// Where in the head the entry is whose token the query is about.
    in_head: Option<u64>,
}

/// What a query matches, and the page that was asked for.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Page {
    /// How many entries match, exactly.
    pub total: u64,
    /// The page's entries, the newest first.
    pub entries: Vec<Entry>,
}

/// An entry of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Its place in the log.
    pub index: u64,
    /// Its stored form, if it is in a segment.
    pub row: Option<Vec<u8>>,
}

/// The number of a part, the part, and what matches in it.
type Matching<'a> = (usize, &'a dyn Part, Matches<'a>);

impl Snapshot {
    pub(super) fn new(
        segments: Arc<[Arc<Sealed>]>,
        runs: Vec<Arc<Run>>,
        tails: Vec<Arc<Tail>>,
        tail: Picked,
        in_head: Option<u64>,
    ) -> Self {
        Self { segments, runs, tails, tail, in_head }
    }

    /// Whether the log has segments, so that reading it may block.
    pub fn has_segments(&self) -> bool {
        !self.segments.is_empty()
    }

    /// How many entries are in segments.
    pub fn sealed(&self) -> u64 {
        self.segments.last().map_or(0, |last| last.indexes().end)
    }

    /// All parts of the log; the segments come first.
    fn parts(&self) -> impl Iterator<Item = &dyn Part> {
        let segments = self.segments.iter().map(|segment| &**segment as &dyn Part);
        let runs = self.runs.iter().map(|run| &**run as &dyn Part);
        let tails = self.tails.iter().map(|tail| &**tail as &dyn Part);
        segments.chain(runs).chain(tails).chain([&self.tail as &dyn Part])
    }

    /// Counts what matches and finds the entries of one page, the newest first: those after the first `skip`, at most
    /// `limit`, with the rows that are in segments. When `skip` is past the end, the page is empty and the count is still
    /// exact.
    pub fn page(&self, wanted: &Wanted, skip: u64, limit: u64) -> Result<Page, SegmentError> {
        let located = page::locate(self.matching(wanted)?.into_iter(), skip, limit)?;
        Ok(Page { total: located.total, entries: self.entries(&located.hits)? })
    }

    /// Counts what matches, in all and by what it has.
    pub fn stats(&self, wanted: &Wanted, interval: Interval) -> Result<Stats, SegmentError> {
        let matching = self.matching(wanted)?.into_iter();
        facet::count(matching.map(|(_, part, matches)| (part, matches)), interval)
    }

    /// The parts that may have what is wanted, with their numbers and what matches in them.
    fn matching(&self, wanted: &Wanted) -> Result<Vec<Matching<'_>>, SegmentError> {
        match &wanted.filter.token {
            None => {
                let parts = self.parts().enumerate();
                parts.map(|(number, part)| Ok((number, part, part.matches(wanted)?))).collect()
            }
            Some(token) => Ok(self.with_token(token, wanted)?.into_iter().collect()),
        }
    }

    /// The part that holds the entry with this token, cut to this entry: no other one matches.
    fn with_token(&self, token: &str, wanted: &Wanted) -> Result<Option<Matching<'_>>, SegmentError> {
        let Some(token) = LogToken::parse(token) else { return Ok(None) };
        let found = match self.in_head {
            Some(index) => {
                let mut found = None;
                for (number, part) in self.parts().enumerate().skip(self.segments.len()) {
                    found = found.or(part.position(index)?.map(|position| (number, position)));
                }
                found
            }
            None => self.find_sealed(token)?,
        };
        let Some((number, position)) = found else { return Ok(None) };
        let Some(part) = self.parts().nth(number) else { return Ok(None) };
        Ok(Some((number, part, part.matches(wanted)?.within(position..position + 1))))
    }

    /// The segment and the position of the entry with this token.
    fn find_sealed(&self, token: LogToken) -> Result<Option<(usize, u32)>, SegmentError> {
        // Most questions are about young entries.
        for (number, segment) in self.segments.iter().enumerate().rev() {
            if let Some(position) = segment.find(token)? {
                return Ok(Some((number, position)));
            }
        }
        Ok(None)
    }

    /// Entries with the rows that are in segments; each segment is asked once.
    fn entries(&self, hits: &[Hit]) -> Result<Vec<Entry>, SegmentError> {
        let mut entries: Vec<Entry> = hits.iter().map(|hit| Entry { index: hit.index, row: None }).collect();
        let mut by_segment: BTreeMap<usize, (Vec<usize>, Vec<u32>)> = BTreeMap::new();
        for (at, hit) in hits.iter().enumerate().filter(|(_, hit)| hit.part < self.segments.len()) {
            let (places, positions) = by_segment.entry(hit.part).or_default();
            places.push(at);
            positions.push(hit.position);
        }
        for (number, (places, positions)) in by_segment {
            let Some(segment) = self.segments.get(number) else { continue };
            for (at, row) in places.into_iter().zip(segment.rows_at(&positions)?) {
                if let Some(entry) = entries.get_mut(at) {
                    entry.row = Some(row);
                }
            }
        }
        Ok(entries)
    }
}
