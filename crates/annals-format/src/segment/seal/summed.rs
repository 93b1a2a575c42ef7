//! What rows are found by, of which nothing is kept but a sum for each field: enough to compare it with the postings that
//! should be of the same rows.

use std::hash::BuildHasher as _;

use foldhash::fast::RandomState;

use crate::{
    search,
    segment::{
        Field,
        field::term_of,
        sum::{Secret, Sum},
    },
};

/// Values whose terms are remembered at most, and texts whose words are: powers of two, and so few that most of what comes
/// again and again stays in a processor's cache.
const VALUES: usize = 2_048;
const TEXTS: usize = 16_384;

/// Bytes of a text that is remembered at most, and its terms: each character of a Japanese title is a word.
const TEXT_BYTES_MAX: usize = 118;
const TERMS_MAX: usize = 25;

/// For each field, the sum over all positions of what a secret makes of the position, times what it makes of its terms.
#[derive(Debug)]
pub(in crate::segment) struct Summed {
    secret: Secret,
    /// The terms of values that were there before; most come again and again.
    values: Known,
    texts: Known,
    /// The terms of the row that is being added: a word that comes again in a row counts once.
    changed: RowTerms,
    words: RowTerms,
    of_row: [Sum; Field::ALL.len()],
    total: [Sum; Field::ALL.len()],
}

impl Summed {
    pub(in crate::segment) fn new(secret: &Secret) -> Self {
        Self {
            secret: secret.clone(),
            values: Known::new(VALUES),
            texts: Known::new(TEXTS),
            changed: RowTerms::default(),
            words: RowTerms::default(),
            of_row: Default::default(),
            total: Default::default(),
        }
    }

    /// The sums of all rows that have ended, in the order of [`Field::ALL`].
    pub(in crate::segment) fn totals(&self) -> [Sum; Field::ALL.len()] {
        self.total
    }

    /// The one term of a field.
    pub(super) fn value(&mut self, field: Field, value: &str) {
        let make = |values: &mut Vec<Sum>| values.push(self.secret.term(&term_of(value)));
        if let (Some(of_row), [term, ..]) =
            (self.of_row.get_mut(field.number()), self.values.terms(value, make))
        {
            *of_row = *term;
        }
    }

    pub(super) fn changed(&mut self, name: &str) {
        let make = |values: &mut Vec<Sum>| values.push(self.secret.term(&term_of(name)));
        let terms = self.values.terms(name, make);
        self.changed.add(terms);
    }

    pub(super) fn word(&mut self, word: &str) {
        let term = self.secret.term(&term_of(word));
        self.words.add(&[term]);
    }

    pub(super) fn text(&mut self, text: &str) {
        let make = |values: &mut Vec<Sum>| {
            search::words(text, |word| values.push(self.secret.term(&term_of(word))));
        };
        let terms = self.texts.terms(text, make);
        self.words.add(terms);
    }

    pub(super) fn end_row(&mut self, position: u32) {
        let [.., changed, words] = &mut self.of_row;
        (*changed, *words) = (self.changed.end(), self.words.end());
        let position = self.secret.position(position);
        for (total, of_row) in self.total.iter_mut().zip(&mut self.of_row) {
            *total += std::mem::take(of_row) * position;
        }
    }
}

/// The numbers of the terms of texts. Each text has one place where it can be, so that memory is bounded.
#[derive(Debug)]
struct Known {
    hash: RandomState,
    places: Vec<KnownText>,
    /// The terms of a text that is not kept.
    others: Vec<Sum>,
}

/// A text with its terms, without anything that lies elsewhere in memory: mostly two or three lines of a processor's cache.
#[derive(Debug, Clone)]
#[repr(align(64))]
struct KnownText {
    bytes: u8,
    count: u8,
    text: [u8; TEXT_BYTES_MAX],
    terms: [Sum; TERMS_MAX],
}

impl KnownText {
    const NONE: Self = Self { bytes: 0, count: 0, text: [0; TEXT_BYTES_MAX], terms: [Sum::ZERO; TERMS_MAX] };

    fn is(&self, text: &str) -> bool {
        self.text.get(..usize::from(self.bytes)) == Some(text.as_bytes())
    }

    fn terms(&self) -> &[Sum] {
        self.terms.get(..usize::from(self.count)).unwrap_or_default()
    }

    /// Puts a text with its terms here, unless either has no room.
    fn put(&mut self, text: &str, terms: &[Sum]) {
        let (Ok(bytes), Ok(count)) = (u8::try_from(text.len()), u8::try_from(terms.len())) else { return };
        if let (Some(text_room), Some(terms_room)) =
            (self.text.get_mut(..text.len()), self.terms.get_mut(..terms.len()))
        {
            text_room.copy_from_slice(text.as_bytes());
            terms_room.copy_from_slice(terms);
            (self.bytes, self.count) = (bytes, count);
        }
    }
}

impl Known {
    fn new(places: usize) -> Self {
        Self { hash: RandomState::default(), places: vec![KnownText::NONE; places], others: Vec::new() }
    }

    /// The terms of a text, which are made unless they are known.
    fn terms(&mut self, text: &str, make: impl FnOnce(&mut Vec<Sum>)) -> &[Sum] {
        let Self { hash, places, others } = self;
        let mask = places.len().saturating_sub(1) as u64;
        let place = usize::try_from(hash.hash_one(text) & mask).ok().and_then(|at| places.get_mut(at));
        let Some(place) = place else { return &[] };
        if !place.is(text) {
            others.clear();
            make(others);
            place.put(text, others);
            return others;
        }
        place.terms()
    }
}

/// The different terms of one row.
#[derive(Debug)]
struct RowTerms {
    /// A table of the terms and the rows that they are of; at least half of it is of other rows.
    places: Vec<(Sum, u64)>,
    /// How many terms the row has.
    terms: usize,
    row: u64,
    sum: Sum,
}

impl Default for RowTerms {
    fn default() -> Self {
        Self { places: vec![(Sum::default(), 0); 256], terms: 0, row: 1, sum: Sum::default() }
    }
}

impl RowTerms {
    fn add(&mut self, terms: &[Sum]) {
        for term in terms {
            if 2 * self.terms >= self.places.len() {
                self.grow();
            }
            if insert(&mut self.places, *term, self.row) {
                self.terms += 1;
                self.sum += *term;
            }
        }
    }

    fn grow(&mut self) {
        let mut larger = vec![(Sum::default(), 0); 2 * self.places.len()];
        for (term, _) in self.places.iter().filter(|(_, row)| *row == self.row) {
            insert(&mut larger, *term, self.row);
        }
        self.places = larger;
    }

    /// The sum of the row's terms; the next row begins.
    fn end(&mut self) -> Sum {
        self.row += 1;
        self.terms = 0;
        std::mem::take(&mut self.sum)
    }
}

/// Returns whether it was not there yet. There is a place that is not of this row.
fn insert(places: &mut [(Sum, u64)], term: Sum, row: u64) -> bool {
    let mask = places.len().saturating_sub(1);
    let mut at = term.low_bits() & mask;
    while let Some(place) = places.get_mut(at) {
        if place.1 != row {
            *place = (term, row);
            return true;
        }
        if place.0 == term {
            return false;
        }
        at = (at + 1) & mask;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_row_has_each_term_once_however_many_it_has() {
        let secret = Secret::new(&std::hash::RandomState::new());
        let mut terms = RowTerms::default();
        for count in [3_u32, 2_000, 0, 300] {
            let numbers: Vec<Sum> =
                (0..count).map(|number| secret.term(&(number % 1_500).to_le_bytes())).collect();
            terms.add(&numbers);
            let mut expected = Sum::default();
            for number in (0..count).map(|number| number % 1_500).collect::<BTreeSet<_>>() {
                expected += secret.term(&number.to_le_bytes());
            }
            assert_eq!(terms.end(), expected, "{count} terms");
        }
    }
}
