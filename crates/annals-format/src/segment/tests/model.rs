//! The naive computation, and the comparison with it.

use std::{collections::BTreeMap, ops::ControlFlow};

use annals_tlog::Hash;
use roaring::RoaringBitmap;

use super::support::{self, File, Made};
use crate::{LogToken, Row, segment::*};

/// Compares everything that a segment says with what the entries say; the first has the index `first`.
pub(super) fn check(file: &File, made: &[Made], first: u64) {
    let segment = file.open().expect("own segment");
    let rows_left = || made.iter().zip(first..).filter(|(made, _)| !made.pruned);
    let mut places: Vec<(i64, u64)> = rows_left().map(|(made, index)| (made.us, index)).collect();
    places.sort_unstable();
    let end = first + made.len() as u64;
    let at = |position: usize| &made[usize::try_from(places[position].1 - first).expect("small")];

    assert_eq!(segment.rows() as usize, places.len());
    assert_eq!(segment.pruned() as usize, made.len() - places.len());
    assert_eq!(segment.indexes(), first..end);
    assert_eq!(segment.oldest(), places.first().copied());
    assert_eq!(segment.newest(), places.last().copied());
    let version = if segment.pruned() > 0 { 2 } else { 1 };
    assert_eq!(segment.magic(), *format!("annlseg{}", char::from(version)).as_bytes());
    assert!(file.0.starts_with(&segment.magic()) && file.0.ends_with(&segment.magic()));
    let sizes: u64 =
        segment.sizes().iter().filter(|(kind, _)| !in_footer(&segment, *kind)).map(|size| size.1).sum();
    assert_eq!(sizes + 8, file.0.len() as u64);

    let rows: Vec<Vec<u8>> = (0..places.len()).map(|position| at(position).row()).collect();
    assert_eq!(segment.all_rows(file).collect::<Result<Vec<_>, _>>().expect("own rows"), rows);
    let twice = [0, 0].into_iter().filter(|_| !rows.is_empty());
    let asked: Vec<u32> = (0..segment.rows()).rev().step_by(3).chain(twice).collect();
    let expected: Vec<&Vec<u8>> = asked.iter().map(|position| &rows[*position as usize]).collect();
    assert_eq!(segment.rows_at(file, &asked).expect("own rows").iter().collect::<Vec<_>>(), expected);
    assert_eq!(segment.rows_at(file, &[]).expect("none"), Vec::<Vec<u8>>::new());
    assert!(segment.rows_at(file, &[segment.rows()]).is_err());

    // Of a large segment some, as each of them takes a look at all.
    for (position, place) in (0..).zip(&places).step_by(places.len() / 64 + 1) {
        assert_eq!(segment.place(file, position), Ok(*place));
        assert_eq!(segment.first_from(file, *place), Ok(position));
        for other in [(place.0, 0), (place.0 + 1, 0), (place.0, place.1 + 1), (i64::MIN, 0), (i64::MAX, 0)] {
            let expected = places.partition_point(|place| *place < other);
            assert_eq!(segment.first_from(file, other).map(|position| position as usize), Ok(expected));
        }
        let token = at(position as usize).token;
        let oldest = (0..).zip(&places).position(|(position, _): (usize, _)| at(position).token == token);
        assert_eq!(segment.find(file, LogToken(token)).map(|found| found.map(|at| at as usize)), Ok(oldest));
        let absent = LogToken(token ^ 1);
        let there = rows_left().any(|(made, _)| made.token == absent.0);
        assert_eq!(segment.find(file, absent).map(|found| found.is_some()), Ok(there));
    }
    assert!(segment.place(file, segment.rows()).is_err());
    assert_eq!(segment.first_from(file, (i64::MAX, 0)), Ok(segment.rows()));
    assert_eq!(
        segment.find(file, LogToken(3)).map(|at| at.is_some()),
        Ok(rows_left().any(|(made, _)| made.token == 3))
    );
    check_indexes(file, &segment, &places, made.len() / 64 + 1);
    check_leaves(file, &segment, made, first);
    for field in Field::ALL {
        let mut terms: BTreeMap<String, RoaringBitmap> = BTreeMap::new();
        for position in 0..segment.rows() {
            for term in at(position as usize).terms(field) {
                terms.entry(term).or_default().insert(position);
            }
        }
        check_field(file, &segment, field, &terms);
    }
}

/// The positions that an answer stands for.
pub(super) fn positions(before: Before) -> RoaringBitmap {
    match before {
        Before::First(count) => (0..count).collect(),
        Before::Scattered(positions) => positions,
    }
}

/// Compares what indexes lead to, some of those that there are and some beyond, with the places of rows.
fn check_indexes(file: &File, segment: &Segment, places: &[(i64, u64)], step: usize) {
    let indexes = segment.indexes();
    let ascending = places.is_sorted_by_key(|place| place.1);
    let around =
        [0, indexes.start.saturating_sub(1), indexes.end - 1, indexes.end, indexes.end + 1, u64::MAX];
    let asked: Vec<u64> = indexes.step_by(step).chain(around).collect();
    // In no order, and each twice.
    let twice: Vec<u64> = asked.iter().rev().chain(&asked).copied().collect();
    let one_by_one = twice.iter().map(|index| segment.position(file, *index)).collect::<Result<Vec<_>, _>>();
    assert_eq!(segment.positions(file, &twice), one_by_one);
    for index in asked {
        let position = (0..).zip(places).find(|(_, place)| place.1 == index).map(|(position, _)| position);
        assert_eq!(segment.position(file, index), Ok(position), "{index}");
        let below = (0..).zip(places).filter(|(_, place)| place.1 < index).map(|(position, _)| position);
        let before = segment.before(file, index).expect("own indexes");
        assert!(!ascending || matches!(before, Before::First(_)), "{index}");
        assert_eq!(positions(before), below.collect::<RoaringBitmap>(), "{index}");
    }
}

/// Compares the leaves that verifying finds, and those of pruned entries in all sorts of ranges, with those of the entries.
fn check_leaves(file: &File, segment: &Segment, made: &[Made], first: u64) {
    let mut expected: Vec<(u64, Leaf)> = Vec::new();
    for (made, index) in made.iter().zip(first..) {
        let hash = made.leaf_hash();
        expected.push((index, if made.pruned { Leaf::Pruned(hash) } else { Leaf::Row(hash) }));
    }
    let search = |row: &Row, extra: &mut Extra| {
        let (token, us) = (row.keys().expect("own row").token.0, row.created_at().us());
        for made in made.iter().filter(|made| made.token == token && made.us == us).take(1) {
            made.changed.iter().for_each(|name| extra.changed(name));
            made.words.iter().for_each(|word| extra.word(word));
        }
    };
    let mut leaves = Vec::new();
    support::verify(segment, file, search, |index, leaf| leaves.push((index, leaf))).expect("own segment");
    leaves.sort_by_key(|(index, _)| *index);
    assert_eq!(leaves, expected);

    let pruned: Vec<(u64, Hash)> = support::pruned(made, first);
    let end = first + made.len() as u64;
    let step = made.len() / 8 + 1;
    for start in (first.saturating_sub(1)..=end).step_by(step) {
        for end in (start..end + 2).step_by(step).chain([end, u64::MAX]) {
            let within = pruned.iter().filter(|(index, _)| (start..end).contains(index)).copied();
            assert_eq!(segment.pruned_hashes(file, start..end), Ok(within.collect::<Vec<_>>()));
        }
    }
}

/// Terms that stand in the footer are counted with it, too.
fn in_footer(segment: &Segment, kind: Kind) -> bool {
    matches!(kind, Kind::Terms(field) if segment.is_whole(field))
}

fn check_field(file: &File, segment: &Segment, field: Field, expected: &BTreeMap<String, RoaringBitmap>) {
    assert_eq!(segment.terms(field) as usize, expected.len(), "{field}");
    for (value, positions) in expected.iter().step_by(expected.len() / 512 + 1) {
        let term = segment.term(file, field, value).expect("own term").expect("it is there");
        assert_eq!(u64::from(term.rows), positions.len(), "{field} {value}");
        assert_eq!(*segment.postings(file, &term).expect("own postings"), *positions, "{field} {value}");
        let absent = value.clone() + "\0";
        assert_eq!(segment.term(file, field, &absent), Ok(None), "{field} {absent}");
    }
    for value in expected.keys().step_by(expected.len() / 16 + 1) {
        for prefix in [value.as_str(), value.get(..1).unwrap_or_default()] {
            check_prefix(file, segment, field, prefix, expected);
        }
    }
    check_prefix(file, segment, field, "", expected);
    check_prefix(file, segment, field, "~", expected);
}

fn check_prefix(
    file: &File,
    segment: &Segment,
    field: Field,
    prefix: &str,
    expected: &BTreeMap<String, RoaringBitmap>,
) {
    let mut terms: Vec<(Vec<u8>, u64)> = expected
        .iter()
        .map(|(value, positions)| (term_of(value).into_owned(), positions.len()))
        .filter(|(term, _)| term.starts_with(prefix.as_bytes()))
        .collect();
    terms.sort();
    let mut found = Vec::new();
    let all = |term: &[u8], postings: Term| {
        found.push((term.to_vec(), u64::from(postings.rows)));
        ControlFlow::Continue(())
    };
    segment.terms_with_prefix(file, field, prefix, all).expect("own terms");
    assert_eq!(found, terms, "{field} {prefix}");

    let mut calls = 0;
    let first = |_: &[u8], _: Term| {
        calls += 1;
        ControlFlow::Break(())
    };
    segment.terms_with_prefix(file, field, prefix, first).expect("own terms");
    assert_eq!(calls, terms.len().min(1));
}
