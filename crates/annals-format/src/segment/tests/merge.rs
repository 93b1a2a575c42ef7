//! What is merged says what its sources said.

use proptest::prelude::*;

use super::{
    model,
    pruned::{self, patterns},
    seal::{distinct, many},
    support::{File, Made, made, options, sealed},
};
use crate::segment::*;

/// Seals the parts one after the other, and merges them.
fn merged(parts: &[Vec<Made>], first: u64, dictionary: Option<&[u8]>) -> (File, Summary) {
    let mut start = first;
    let mut files = Vec::new();
    for part in parts {
        files.push(sealed(part, start, dictionary).0);
        start += part.len() as u64;
    }
    merge_files(&files)
}

fn merge_files(files: &[File]) -> (File, Summary) {
    let segments: Vec<Segment> = files.iter().map(|file| file.open().expect("own segment")).collect();
    let sources: Vec<(&Segment, &File)> = segments.iter().zip(files).collect();
    let mut file = Vec::new();
    let summary = merge(&sources, &options(), &mut file).expect("neighbours");
    assert_eq!(summary.bytes, file.len() as u64);
    (File(file), summary)
}

/// Cuts entries into parts.
fn cut(made: &[Made], parts: usize) -> Vec<Vec<Made>> {
    made.chunks(made.len().div_ceil(parts)).map(<[Made]>::to_vec).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn segments_that_overlap_are_woven(
        made in prop::collection::vec(made(0..4_000), 2..90),
        parts in 1_usize..5,
        first in 0_u64..1 << 40,
        pattern in patterns(),
    ) {
        let mut made = distinct(made);
        pruned::prune(&mut made, &pattern);
        model::check(&merged(&cut(&made, parts), first, None).0, &made, first);
    }

    /// In the order of time or against it: an import of old entries, a year at a time, may come backwards.
    #[test]
    fn segments_that_do_not_overlap_are_copied(
        made in prop::collection::vec(made(0..40_000_000), 2..90),
        parts in 1_usize..5,
        backwards: bool,
        first in 0_u64..1 << 40,
        pattern in patterns(),
    ) {
        let mut made = distinct(made);
        made.sort_by_key(|made| made.us);
        made.dedup_by_key(|made| made.us);
        pruned::prune(&mut made, &pattern);
        let mut parts = cut(&made, parts);
        if backwards {
            parts.reverse();
        }
        let made = parts.concat();
        let (file, _) = merged(&parts, first, None);
        let with_rows = parts.iter().filter(|part| part.iter().any(|made| !made.pruned)).count();
        prop_assert_eq!(file.open().map(|segment| segment.groups.len()), Ok(with_rows));
        model::check(&file, &made, first);
        // What was merged is merged again, and says the same.
        let next = merge_files(&[file]).0;
        model::check(&next, &made, first);
    }
}

#[test]
fn many_blocks_and_terms_are_merged() {
    let mut made = many(1_500);
    let (woven, _) = merged(&cut(&made, 3), 5, None);
    assert_eq!(woven.open().map(|segment| segment.groups.len()), Ok(1));
    model::check(&woven, &made, 5);

    made.sort_by_key(|made| made.us);
    let (copied, _) = merged(&cut(&made, 3), 5, None);
    assert_eq!(copied.open().map(|segment| segment.groups.len()), Ok(3));
    model::check(&copied, &made, 5);
}

#[test]
fn a_dictionary_in_common_is_kept_once() {
    let mut made = many(900);
    made.sort_by_key(|made| made.us);
    let (_, summary) = sealed(&made, 0, None);
    let (file, merged_summary) = merged(&cut(&made, 3), 0, Some(&summary.dictionary));
    let segment = file.open().expect("own segment");
    assert_eq!(segment.sizes()[0], (Kind::Dictionary, summary.dictionary.len() as u64));
    assert_eq!(merged_summary.dictionary, summary.dictionary);
    model::check(&file, &made, 0);
}

#[test]
fn only_neighbours_are_merged() {
    let made = many(30);
    let (one, other) = (sealed(&made[..10], 0, None).0, sealed(&made[20..], 20, None).0);
    let (one_segment, other_segment) = (one.open().expect("own segment"), other.open().expect("own segment"));
    let merge = |sources: &[(&Segment, &File)]| match merge(sources, &options(), std::io::sink()) {
        Ok(_) => panic!("merged"),
        Err(error) => error.to_string(),
    };
    let refusals = [
        merge(&[]),
        merge(&[(&one_segment, &one), (&other_segment, &other)]),
        merge(&[(&one_segment, &one), (&one_segment, &one)]),
    ];
    insta::assert_snapshot!(refusals.join("\n"));
}
