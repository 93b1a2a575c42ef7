//! What is sealed is read back.

use std::cell::RefCell;

use proptest::prelude::*;

use super::{
    model,
    pruned::Watched,
    pruned::{self, patterns},
    support::{Made, made, options, seal, sealed},
};
use crate::{LogToken, Row, segment::*};

fn ignore(_: &Row, _: &mut Extra) {}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_segment_says_what_its_rows_say(
        made in prop::collection::vec(made(0..40_000_000), 1..90),
        first in 0_u64..1 << 40,
        in_order: bool,
        pattern in patterns(),
    ) {
        let mut made = distinct(made);
        if in_order {
            made.sort_by_key(|made| made.us);
        }
        pruned::prune(&mut made, &pattern);
        let (file, summary) = sealed(&made, first, None);
        prop_assert_eq!(&summary.indexes, &(first..first + made.len() as u64));
        model::check(&file, &made, first);
    }
}

/// Entries that the search hook can tell apart.
pub(super) fn distinct(mut made: Vec<Made>) -> Vec<Made> {
    let mut seen = std::collections::HashSet::new();
    made.retain(|made| seen.insert((made.us, made.token)));
    made
}

/// Enough entries for several chunks and blocks of everything.
pub(super) fn many(count: u64) -> Vec<Made> {
    let mix = |number: u64| number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let text = |number: u64| format!("{:x}", mix(number) >> 44);
    (0..count)
        .map(|number| Made {
            us: i64::try_from(number * 1_000 + mix(number) % 5_000).expect("small"),
            token: mix(number),
            action: usize::try_from(number % 3).expect("small"),
            user: Some(i64::try_from(number % 700).expect("small")),
            workspace: Some(0),
            object: None,
            title: Some(text(number / 2)),
            changed: vec!["filter".into()],
            words: vec![text(number), text(number % 50)],
            secrets: Vec::new(),
            erased: Vec::new(),
            pruned: false,
        })
        .collect()
}

#[test]
fn blocks_and_directories_are_read_across() {
    let made = many(3_000);
    let (file, summary) = sealed(&made, 7, None);
    let segment = file.open().expect("own segment");
    assert!(!segment.is_whole(Field::Word) && segment.is_whole(Field::Action));
    assert!(summary.dictionary.len() > 1_024, "{}", summary.dictionary.len());
    model::check(&file, &made, 7);
}

/// More rows than a chunk of a column has values, and a token on both sides of a border.
#[test]
fn chunks_are_read_across() {
    let count = 66_000;
    let mut made = many(count);
    for (made, token) in made.iter_mut().zip(0..) {
        made.token = if token == 16_384 { 16_383 } else { token };
        (made.title, made.words, made.changed) = (None, Vec::new(), Vec::new());
    }
    let rows: Vec<(u64, Vec<u8>)> = (0..).zip(made.iter().map(Made::row)).collect();
    let (file, _) = seal(rows, None, ignore).expect("rows are fine");
    let segment = file.open().expect("own segment");
    let mut places: Vec<(i64, u64)> = made.iter().map(|made| made.us).zip(0..).collect();
    places.sort_unstable();
    let border: usize = 65_536;
    for position in [0, 1, 16_383, 16_384, border - 1, border, border + 1, places.len() - 1] {
        let (place, at) = (places[position], u32::try_from(position).expect("small"));
        assert_eq!(segment.place(&file, at), Ok(place));
        assert_eq!(segment.first_from(&file, place), Ok(at));
        assert_eq!(segment.first_from(&file, (place.0, place.1 + 1)), Ok(at + 1));
        assert_eq!(segment.position(&file, place.1), Ok(Some(at)));
        let before = places.iter().filter(|other| other.1 < place.1).count() as u64;
        let positions = segment.before(&file, place.1).map(model::positions);
        assert_eq!(positions.map(|positions| positions.len()), Ok(before));
        assert_eq!(
            segment.rows_at(&file, &[at]),
            Ok(vec![made[usize::try_from(place.1).expect("small")].row()])
        );
    }
    // Many at once go through each chunk of the column once, and only through those that can have them.
    for (indexes, chunks) in [(1_000..1_256, 1), (65_980..66_010, 1), (65_408..65_664, 2), (7..7, 0)] {
        let watched = Watched { file: &file, read: RefCell::default() };
        let of = |index: &u64| places.iter().position(|place| place.1 == *index);
        let expected: Vec<Option<usize>> = indexes.clone().map(|index| of(&index)).collect();
        let indexes: Vec<u64> = indexes.collect();
        let found = segment.positions(&watched, &indexes).expect("own indexes");
        let found: Vec<_> = found.into_iter().map(|found| found.map(|at| at as usize)).collect();
        assert_eq!(found, expected);
        assert_eq!(watched.read.take().len(), chunks, "{indexes:?}");
    }
    for token in [0, 16_382, 16_383, 16_385, 40_000, count - 1] {
        let oldest =
            places.iter().position(|place| made[usize::try_from(place.1).expect("small")].token == token);
        let found = segment.find(&file, LogToken(token));
        assert_eq!(found.map(|found| found.map(|position| position as usize)), Ok(oldest), "{token}");
    }
    assert_eq!(segment.find(&file, LogToken(16_384)), Ok(None));
    assert_eq!(segment.find(&file, LogToken(count)), Ok(None));
    assert_eq!(segment.all_rows(&file).map(|row| row.is_ok()).filter(|ok| *ok).count(), made.len());
}

#[test]
fn another_segments_dictionary_serves() {
    let made = many(300);
    let (file, summary) = sealed(&made[..150], 0, None);
    let (next, next_summary) = sealed(&made[150..], 150, Some(&summary.dictionary));
    assert_eq!(summary.dictionary, next_summary.dictionary);
    model::check(&file, &made[..150], 0);
    model::check(&next, &made[150..], 150);
}

/// A row that cannot be put together again from what is lifted out of it is kept as it is.
#[test]
fn odd_rows_come_back_byte_for_byte() {
    let plain = many(1)[0].row();
    let text = String::from_utf8_lossy(&plain[27..]).into_owned();
    let length = |row: &mut Vec<u8>| {
        // Two bytes of LEB128 with one more that adds nothing.
        assert_eq!(row[26] & 0x80, 0);
        row[26] |= 0x80;
        row.insert(27, 0);
    };
    let mut odd = plain.clone();
    length(&mut odd);
    let mut later = plain.clone();
    later[17..25].copy_from_slice(&9_000_000_000_i64.to_le_bytes());
    assert!(text.contains("1970-01-01T00:00:00Z"), "{text}");
    let rows = vec![(0, odd.clone()), (1, plain.clone()), (2, later.clone())];
    let (file, _) = seal(rows, None, ignore).expect("odd, but rows");
    let read = file.open().and_then(|segment| segment.all_rows(&file).collect::<Result<Vec<_>, _>>());
    assert_eq!(read, Ok(vec![odd, plain, later]));
}

#[test]
fn what_makes_no_segment_is_refused() {
    let row = many(1)[0].row();
    let refused = |rows: Vec<(u64, Vec<u8>)>| match seal(rows, None, ignore) {
        Ok(_) => panic!("sealed"),
        Err(error) => error.to_string(),
    };
    let out_of_order = || {
        let mut sealer = Sealer::new(Vec::new(), Vec::new(), &options(), ignore).expect("memory takes all");
        sealer
            .push(2, row.clone())
            .and_then(|()| sealer.push(1, row.clone()))
            .expect_err("sealed")
            .to_string()
    };
    let refusals = [
        refused(vec![]),
        refused(vec![(1, row.clone()), (3, row.clone())]),
        refused(vec![(1, row.clone()), (1, row.clone())]),
        refused(vec![(u64::MAX, row.clone())]),
        refused(vec![(1, row[..20].to_vec())]),
        refused(vec![(1, vec![0; ROW_BYTES_MAX + 1])]),
        out_of_order(),
    ];
    insta::assert_snapshot!(refusals.join("\n"));
}

/// The words of a text that came before are remembered, and are the same.
#[test]
fn words_of_texts_are_found() {
    let made = many(40);
    let texts = ["Größe der Kosten", "plain Text", "日本", "", "plain", "Größe der Kosten", "text Größe"];
    let mut at = 0;
    let search = |_: &Row, extra: &mut Extra| {
        extra.text(texts[at % texts.len()]);
        at += 1;
    };
    let (file, _) =
        seal((0..).zip(made.iter().map(Made::row)).collect(), None, search).expect("rows are fine");
    let segment = file.open().expect("own segment");
    for (word, expected) in
        [("grosse", 16), ("plain", 12), ("text", 11), ("kosten", 11), ("本", 6), ("größe", 0)]
    {
        let found = segment.term(&file, Field::Word, word).expect("own term");
        assert_eq!(found.map_or(0, |term| term.rows), expected, "{word}");
    }
}
