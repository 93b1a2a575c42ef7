//! The naive computation, and the comparison with it.

use std::{collections::BTreeMap, ops::ControlFlow};

use roaring::RoaringBitmap;

use super::support::{File, Made};
use crate::{LogToken, segment::*};

/// Compares everything that a segment says with what the entries say; the first has the index `first`.
pub(super) fn check(file: &File, made: &[Made], first: u64) {
    let segment = file.open().expect("own segment");
    let mut places: Vec<(i64, u64)> =
        made.iter().zip(first..).map(|(made, index)| (made.us, index)).collect();
    places.sort_unstable();
    let at = |position: usize| &made[usize::try_from(places[position].1 - first).expect("small")];

    assert_eq!(segment.rows() as usize, made.len());
    assert_eq!(segment.indexes(), first..first + made.len() as u64);
    assert_eq!(segment.oldest(), places[0]);
    assert_eq!(segment.newest(), places[places.len() - 1]);
    assert_eq!(segment.is_in_index_order(), places.is_sorted_by_key(|place| place.1));
    let sizes: u64 =
        segment.sizes().iter().filter(|(kind, _)| !in_footer(&segment, *kind)).map(|size| size.1).sum();
    assert_eq!(sizes + 8, file.0.len() as u64);

    let rows: Vec<Vec<u8>> = (0..made.len()).map(|position| at(position).row()).collect();
    assert_eq!(segment.all_rows(file).collect::<Result<Vec<_>, _>>().expect("own rows"), rows);
    let asked: Vec<u32> = (0..segment.rows()).rev().step_by(3).chain([0, 0]).collect();
    let expected: Vec<&Vec<u8>> = asked.iter().map(|position| &rows[*position as usize]).collect();
    assert_eq!(segment.rows_at(file, &asked).expect("own rows").iter().collect::<Vec<_>>(), expected);
    assert_eq!(segment.rows_at(file, &[]).expect("none"), Vec::<Vec<u8>>::new());
    assert!(segment.rows_at(file, &[segment.rows()]).is_err());

    // Of a large segment some, as each of them takes a look at all.
    for (position, place) in (0..).zip(&places).step_by(made.len() / 64 + 1) {
        assert_eq!(segment.place(file, position), Ok(*place));
        assert_eq!(segment.position(file, place.1), Ok(Some(position)));
        assert_eq!(segment.first_from(file, *place), Ok(position));
        for other in [(place.0, 0), (place.0 + 1, 0), (place.0, place.1 + 1), (i64::MIN, 0), (i64::MAX, 0)] {
            let expected = places.partition_point(|place| *place < other);
            assert_eq!(segment.first_from(file, other).map(|position| position as usize), Ok(expected));
        }
        let before = (0..).zip(&places).filter(|(_, other)| other.1 < place.1).map(|(position, _)| position);
        assert_eq!(segment.before(file, place.1), Ok(before.collect::<RoaringBitmap>()));
        let token = at(position as usize).token;
        let oldest = (0..).zip(&places).position(|(position, _): (usize, _)| at(position).token == token);
        assert_eq!(segment.find(file, LogToken(token)).map(|found| found.map(|at| at as usize)), Ok(oldest));
        let absent = LogToken(token ^ 1);
        let there = made.iter().any(|made| made.token == absent.0);
        assert_eq!(segment.find(file, absent).map(|found| found.is_some()), Ok(there));
    }
    assert!(segment.place(file, segment.rows()).is_err());
    assert_eq!(segment.position(file, first + made.len() as u64), Ok(None));
    assert_eq!(segment.before(file, u64::MAX).map(|all| all.len()), Ok(made.len() as u64));
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
