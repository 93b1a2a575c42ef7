//! What rows are found by, as it follows from the rows themselves.

use std::collections::HashMap;

use foldhash::fast::RandomState;

use super::{postings::Postings, summed::Summed};
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
    /// The position of the next row.
    next: u32,
    tokens: Vec<(u64, u32)>,
    extra: Extra,
}

/// The fields that a row has one value of at most, in the order in which they are added.
const ONE_VALUE: [Field; 7] = [
    Field::User,
    Field::Workspace,
    Field::Action,
    Field::Source,
    Field::ObjectType,
    Field::ObjectToken,
    Field::ObjectTitle,
];

impl<F: FnMut(&Row, &mut Extra)> Index<F> {
    /// An index of no rows; `search` gives the terms that are not among a row's keys.
    pub(in crate::segment) fn new(search: F) -> Self {
        Self { search, next: 0, tokens: Vec::new(), extra: Extra(Terms::Collected(Box::default())) }
    }

    /// The same, but of terms nothing is kept but what they sum up to.
    pub(in crate::segment) fn summing(summed: Summed, search: F) -> Self {
        Self { search, next: 0, tokens: Vec::new(), extra: Extra(Terms::Summed(Box::new(summed))) }
    }

    /// Goes to a position, from which on rows are added.
    pub(in crate::segment) fn go_to(&mut self, position: u32) {
        self.next = position;
    }

    /// Adds the next row.
    pub(in crate::segment) fn add(&mut self, row: &Row) -> Result<(), CorruptRow> {
        let position = self.next;
        let keys = row.keys()?;
        // There are at most 2^20 rows.
        self.next += 1;
        self.tokens.push((keys.token.0, position));
        let mut digits = itoa::Buffer::new();
        let values = [
            keys.user_id.map(|id| digits.format(id)),
            keys.workspace_token.as_deref(),
            Some(keys.action.as_str()),
            Some(&*keys.source),
            Some(&*keys.object_type),
            keys.object_token.as_deref(),
            keys.object_title.as_deref(),
        ];
        self.extra.begin_row(position);
        for (field, value) in ONE_VALUE.into_iter().zip(values) {
            if let Some(value) = value {
                self.extra.value(field, value);
            }
        }
        (self.search)(row, &mut self.extra);
        self.extra.end_row(position);
        Ok(())
    }

    /// The tokens of all rows with their positions, sorted.
    pub(in crate::segment) fn take_tokens(&mut self) -> Vec<(u64, u32)> {
        let mut tokens = std::mem::take(&mut self.tokens);
        tokens.sort_unstable();
        tokens
    }

    /// The tokens of the rows that were added since this was last asked, in the order of their positions.
    pub(in crate::segment) fn next_tokens(&mut self) -> impl Iterator<Item = u64> + '_ {
        self.tokens.drain(..).map(|(token, _)| token)
    }

    /// The postings of each field, if they were collected.
    pub(in crate::segment) fn into_fields(self) -> impl Iterator<Item = (Field, Postings)> {
        let fields = match self.extra.0 {
            Terms::Collected(collected) => collected.fields,
            Terms::Summed(_) => Default::default(),
        };
        Field::ALL.into_iter().zip(fields)
    }

    /// What the terms sum up to, unless they were collected.
    pub(in crate::segment) fn into_summed(self) -> Option<Box<Summed>> {
        match self.extra.0 {
            Terms::Collected(_) => None,
            Terms::Summed(summed) => Some(summed),
        }
    }
}

/// Takes the terms of a row that are not among its keys.
#[derive(Debug)]
pub struct Extra(Terms);

#[derive(Debug)]
enum Terms {
    Collected(Box<Collected>),
    Summed(Box<Summed>),
}

impl Extra {
    /// The name of a field that changed.
    pub fn changed(&mut self, name: &str) {
        match &mut self.0 {
            Terms::Collected(collected) => collected.value(Field::Changed, name),
            Terms::Summed(summed) => summed.changed(name),
        }
    }

    /// A word; the same one again in a row counts once.
    pub fn word(&mut self, word: &str) {
        match &mut self.0 {
            Terms::Collected(collected) => collected.value(Field::Word, word),
            Terms::Summed(summed) => summed.word(word),
        }
    }

    /// The words of a text.
    pub fn text(&mut self, text: &str) {
        match &mut self.0 {
            Terms::Collected(collected) => collected.text(text),
            Terms::Summed(summed) => summed.text(text),
        }
    }

    fn begin_row(&mut self, position: u32) {
        if let Terms::Collected(collected) = &mut self.0 {
            collected.position = position;
        }
    }

    /// The one term of a field.
    fn value(&mut self, field: Field, value: &str) {
        match &mut self.0 {
            Terms::Collected(collected) => collected.value(field, value),
            Terms::Summed(summed) => summed.value(field, value),
        }
    }

    fn end_row(&mut self, position: u32) {
        if let Terms::Summed(summed) = &mut self.0 {
            summed.end_row(position);
        }
    }
}

/// The postings of all fields.
#[derive(Debug, Default)]
struct Collected {
    position: u32,
    /// By the numbers of the fields.
    fields: [Postings; 9],
    /// Texts that came before, and the numbers of their words: titles, names and keys come again and again, and finding
    /// words takes long.
    known: HashMap<Box<str>, Box<[usize]>, RandomState>,
}

/// Texts whose words are remembered at most.
const KNOWN_MAX: usize = 16_384;

impl Collected {
    fn value(&mut self, field: Field, value: &str) {
        if let Some(postings) = self.fields.get_mut(field.number()) {
            postings.add(&term_of(value), self.position);
        }
    }

    fn text(&mut self, text: &str) {
        let [.., words] = &mut self.fields;
        if let Some(known) = self.known.get(text) {
            for word in known {
                words.add_known(*word, self.position);
            }
            return;
        }
        let mut numbers = Vec::new();
        search::words(text, |word| numbers.push(words.add(&term_of(word), self.position)));
        // Looking up a single plain word costs as much as looking up its text.
        if numbers.len() > 1 || !text.is_ascii() {
            if self.known.len() >= KNOWN_MAX {
                self.known.clear();
            }
            self.known.insert(text.into(), numbers.into());
        }
    }
}
