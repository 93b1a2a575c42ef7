//! What rows are found by, as it follows from the rows themselves.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::postings::Postings;
use crate::{
    Row,
    entry::CorruptRow,
    search,
    segment::{Field, field::term_of},
};

/// The tokens and terms of rows, which are added in the order of their positions.
#[derive(Debug)]
pub(in crate::segment) struct Index<F> {
    search: F,
    tokens: Vec<(u64, u32)>,
    fields: [Postings; 7],
    extra: Extra,
}

impl<F: FnMut(&Row, &mut Extra)> Index<F> {
    /// An index of no rows; `search` gives the terms that are not among a row's keys.
    pub(in crate::segment) fn new(search: F) -> Self {
        Self { search, tokens: Vec::new(), fields: Default::default(), extra: Extra::default() }
    }

    /// Adds the next row.
    pub(in crate::segment) fn add(&mut self, row: &Row) -> Result<(), CorruptRow> {
        // There are at most 2^20 rows.
        let position = u32::try_from(self.tokens.len()).unwrap_or(u32::MAX);
        let keys = row.keys()?;
        self.tokens.push((keys.token.0, position));
        let user = keys.user_id.map(|id| id.to_string());
        let values = [
            user.as_deref(),
            keys.workspace_token.as_deref(),
            Some(keys.action.as_str()),
            Some(&*keys.source),
            Some(&*keys.object_type),
            keys.object_token.as_deref(),
            keys.object_title.as_deref(),
        ];
        for (field, value) in self.fields.iter_mut().zip(values) {
            if let Some(value) = value {
                field.add(&term_of(value), position);
            }
        }
        self.extra.position = position;
        (self.search)(row, &mut self.extra);
        Ok(())
    }

    /// The tokens of all rows with their positions, sorted.
    pub(in crate::segment) fn take_tokens(&mut self) -> Vec<(u64, u32)> {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.sort_unstable();
        tokens
    }

    /// The postings of each field.
    pub(in crate::segment) fn into_fields(self) -> impl Iterator<Item = (Field, Postings)> {
        Field::ALL.into_iter().zip(self.fields.into_iter().chain([self.extra.changed, self.extra.words]))
    }
}

/// Takes the terms of a row that are not among its keys.
#[derive(Debug, Default)]
pub struct Extra {
    position: u32,
    changed: Postings,
    words: Postings,
    /// Texts that came before, and the numbers of their words: titles, names and keys come again and again, and finding
    /// words takes long.
    known: HashMap<Box<str>, Box<[usize]>, RandomState>,
}

/// Texts whose words are remembered at most.
const KNOWN_MAX: usize = 16_384;

impl Extra {
    /// The name of a field that changed.
    pub fn changed(&mut self, name: &str) {
        self.changed.add(&term_of(name), self.position);
    }

    /// A word; the same one again in a row counts once.
    pub fn word(&mut self, word: &str) {
        self.words.add(&term_of(word), self.position);
    }

    /// The words of a text.
    pub fn text(&mut self, text: &str) {
        if let Some(words) = self.known.get(text) {
            for word in words {
                self.words.add_known(*word, self.position);
            }
            return;
        }
        let mut numbers = Vec::new();
        search::words(text, |word| numbers.push(self.words.add(&term_of(word), self.position)));
        // Looking up a single plain word costs as much as looking up its text.
        if numbers.len() > 1 || !text.is_ascii() {
            if self.known.len() >= KNOWN_MAX {
                self.known.clear();
            }
            self.known.insert(text.into(), numbers.into());
        }
    }
}
