//! Words and changed fields of the head, for searches. Made when somebody searches: writers do not pay for it.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Range,
};

use annals_format::{Filter, Row, search::Word};
use roaring::RoaringBitmap;

use super::part::Found;

/// Words and changed fields of entries with consecutive indexes.
#[derive(Debug, Default)]
pub struct HeadWords {
    base: u64,
    rows: u32,
    words: BTreeMap<Box<str>, Vec<u32>>,
    changed: HashMap<Box<str>, Vec<u32>>,
}

impl HeadWords {
    /// Nothing yet; the first entry will have index `base`.
    pub fn new(base: u64) -> Self {
        Self { base, ..Self::default() }
    }

    /// The indexes of its entries.
    pub fn indexes(&self) -> Range<u64> {
        self.base..self.base + u64::from(self.rows)
    }

    /// Adds the entry with the next index.
    pub fn push(&mut self, row: &Row) {
        let offset = self.rows;
        row.words(|word| match self.words.get_mut(word) {
            Some(offsets) => add(offsets, offset),
            None => drop(self.words.insert(word.into(), vec![offset])),
        });
        row.changed_fields(|field| match self.changed.get_mut(field) {
            Some(offsets) => add(offsets, offset),
            None => drop(self.changed.insert(field.into(), vec![offset])),
        });
        self.rows += 1;
    }

    /// The entries that have what a filter searches for.
    pub fn find(&self, filter: &Filter) -> Found {
        let words = filter.words.iter().map(|word| self.with_word(word));
        let changed = filter.changed.iter().map(|field| bits(self.changed.get(field.as_str())));
        let offsets = words.chain(changed).reduce(|all, some| all & some).unwrap_or_default();
        Found { base: self.base, offsets }
    }

    fn with_word(&self, word: &Word) -> RoaringBitmap {
        if !word.prefix {
            return bits(self.words.get(word.text.as_str()));
        }
        let from =
            self.words.range::<str, _>((std::ops::Bound::Included(&*word.text), std::ops::Bound::Unbounded));
        let with_prefix = from.take_while(|(other, _)| other.starts_with(&word.text));
        with_prefix.flat_map(|(_, offsets)| offsets.iter().copied()).collect()
    }
}

/// An entry may have a word many times.
fn add(offsets: &mut Vec<u32>, offset: u32) {
    if offsets.last() != Some(&offset) {
        offsets.push(offset);
    }
}

fn bits(offsets: Option<&Vec<u32>>) -> RoaringBitmap {
    offsets.into_iter().flatten().copied().collect()
}
