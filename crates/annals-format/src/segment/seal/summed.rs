//! What rows are found by, of which nothing is kept but a sum for each field: enough to compare it with the postings that
//! should be of the same rows.

use std::{collections::HashMap, ops::Range};

use foldhash::fast::RandomState;

use crate::{
    search,
    segment::{
        Field,
        field::term_of,
        sum::{Secret, Sum},
    },
};

/// Texts whose words are remembered at most, and words: so few that most of what comes again and again stays in a processor's
/// cache.
const TEXTS_MAX: usize = 28_672;
const WORDS_MAX: usize = 131_072;

/// For each field, the sum over all positions of what a secret makes of the position, times what it makes of its terms.
#[derive(Debug)]
pub(in crate::segment) struct Summed {
    secret: Secret,
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
            texts: Known::default(),
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
        if let Some(of_row) = self.of_row.get_mut(field.number()) {
            *of_row = self.secret.term(&term_of(value));
        }
    }

    pub(super) fn changed(&mut self, name: &str) {
        self.changed.add(&[self.secret.term(&term_of(name))]);
    }

    pub(super) fn word(&mut self, word: &str) {
        self.words.add(&[self.secret.term(&term_of(word))]);
    }

    pub(super) fn text(&mut self, text: &str) {
        let Self { secret, texts, words, .. } = self;
        words.add(texts.words(secret.text(text), |terms| {
            search::words(text, |word| terms.push(secret.term(&term_of(word))));
        }));
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

/// The words of texts that came before: titles, names and keys come again and again, and finding words takes long.
#[derive(Debug, Default)]
struct Known {
    /// By the numbers of the texts: which of `words` are theirs.
    texts: HashMap<u64, Range<usize>, RandomState>,
    words: Vec<Sum>,
}

impl Known {
    /// The words of the text that has this number, which are made unless they are known.
    fn words(&mut self, text: u64, make: impl FnOnce(&mut Vec<Sum>)) -> &[Sum] {
        let Self { texts, words } = self;
        if texts.len() >= TEXTS_MAX || words.len() >= WORDS_MAX {
            texts.clear();
            words.clear();
        }
        let range = texts.entry(text).or_insert_with(|| {
            let start = words.len();
            make(words);
            start..words.len()
        });
        words.get(range.clone()).unwrap_or_default()
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
        if place.0.is_written_as(term) {
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
