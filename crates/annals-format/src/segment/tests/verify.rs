//! Verifying: what is intact is read once, and what is not is named.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex},
};

use proptest::prelude::*;

use super::{
    seal::many,
    support::{File, rows, seal, verify},
};
use crate::{Row, segment::*};

/// A file that counts how often each block of rows was asked for.
struct Counting<'a> {
    file: &'a File,
    blocks: Mutex<BTreeMap<u64, u32>>,
}

impl Parts for Counting<'_> {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        let mut blocks = self.blocks.lock().expect("nobody panics");
        for extent in extents.iter().filter(|extent| extent.kind == Kind::Rows) {
            *blocks.entry(extent.offset).or_default() += 1;
        }
        self.file.get(extents)
    }
}

/// Which terms a row has, by its token.
type Terms = fn(u64) -> [BTreeSet<String>; 2];

fn terms_of(token: u64) -> [BTreeSet<String>; 2] {
    let changed = (0..token % 3).map(|n| format!("field{n}"));
    // One that nearly all have, some that many have, and one of its own.
    let words = [format!("w{}", token % 40 / 39), format!("x{}", token % 7), format!("y{token}")];
    [changed.collect(), words.into()]
}

fn search(terms: impl Fn(u64) -> [BTreeSet<String>; 2]) -> impl Fn(&Row, &mut Extra) {
    move |row, extra| {
        let [changed, words] = terms(row.keys().expect("own row").token.0);
        for name in &changed {
            extra.changed(name);
        }
        // Twice, and in two ways: it counts once.
        for word in &words {
            extra.word(word);
        }
        extra.text(&words.into_iter().collect::<Vec<_>>().join(" "));
    }
}

#[test]
fn an_intact_segment_is_read_once() {
    let made = many(20_000);
    let (file, _) = seal(rows(&made, 7), None, search(terms_of as Terms)).expect("rows are fine");
    let counting = Counting { file: &file, blocks: Mutex::default() };
    let mut positions = Vec::new();
    let segment = file.open().expect("own segment");
    let each = |index, leaf| positions.push((index, leaf));
    verify(&segment, &counting, search(terms_of as Terms), each).expect("it is intact");
    let blocks = counting.blocks.into_inner().expect("nobody panics");
    assert_eq!((blocks.len(), blocks.values().max()), (1_250, Some(&1)));
    let expected = (0..20_000).map(|position| segment.place(&file, position).expect("own segment").1);
    assert!(positions.iter().map(|(index, _)| *index).eq(expected), "leaves come in the order of positions");
}

#[test]
fn one_term_among_many_is_missed_wherever_it_stands() {
    let made = many(20_000);
    let (file, _) = seal(rows(&made, 7), None, search(terms_of as Terms)).expect("rows are fine");
    let segment = file.open().expect("own segment");
    let mut by_word: Vec<u64> = made.iter().map(|made| made.token).collect();
    by_word.sort_by_key(|token| format!("y{token}"));
    for concerned in by_word.into_iter().step_by(6_999) {
        let told = |token| {
            let mut terms = terms_of(token);
            if token == concerned {
                terms[1].remove(&format!("y{token}"));
            }
            terms
        };
        let found = verify(&segment, &file, search(told), |_, _| {});
        assert!(matches!(found, Err(VerifyError::Terms { field: Field::Word })), "{concerned}: {found:?}");
    }
}

/// What the rows say otherwise than the index.
#[derive(Debug, Clone)]
enum Lie {
    /// A term is not in the row.
    Less(prop::sample::Index),
    /// A term is in the row that is not under it.
    More(String),
    /// Two rows have each other's terms.
    Swapped(prop::sample::Index),
}

fn lies() -> impl Strategy<Value = Lie> {
    prop_oneof![
        any::<prop::sample::Index>().prop_map(Lie::Less),
        "[wxyz][0-9]".prop_map(Lie::More),
        any::<prop::sample::Index>().prop_map(Lie::Swapped),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_leads_elsewhere_is_named(row: prop::sample::Index, of_words: bool, lie in lies()) {
        let made = many(200);
        let (file, _) = seal(rows(&made, 7), None, search(terms_of as Terms)).expect("rows are fine");
        let field = usize::from(of_words);
        let concerned = row.get(&made).token;
        let other = if let Lie::Swapped(other) = &lie { other.get(&made).token } else { concerned };
        let told = |token: u64| {
            let mut terms = terms_of(token);
            match &lie {
                Lie::Less(at) if token == concerned => {
                    let one = terms[field].iter().nth(at.index(terms[field].len().max(1))).cloned();
                    one.inspect(|one| { terms[field].remove(one); });
                }
                Lie::More(term) if token == concerned => { terms[field].insert(term.clone()); }
                Lie::Swapped(_) if token == concerned => terms[field] = terms_of(other)[field].clone(),
                Lie::Swapped(_) if token == other => terms[field] = terms_of(concerned)[field].clone(),
                _ => {}
            }
            terms
        };
        let segment = file.open().expect("own segment");
        let found = verify(&segment, &file, search(told), |_, _| {});
        let tokens = [concerned, other];
        if tokens.iter().all(|token| told(*token) == terms_of(*token)) {
            prop_assert!(found.is_ok(), "{found:?}");
            return Ok(());
        }
        let wrong = [Field::Changed, Field::Word][field];
        match found {
            Err(VerifyError::Terms { field }) => prop_assert_eq!(field, wrong),
            Err(VerifyError::Term { index, field, .. }) => {
                let of_index = made[usize::try_from(index - 7).expect("small")].token;
                prop_assert!(field == wrong && tokens.contains(&of_index), "{field} of {index}");
            }
            other => prop_assert!(false, "{other:?}"),
        }
    }
}
