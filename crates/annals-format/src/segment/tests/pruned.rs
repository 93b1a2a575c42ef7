//! Segments of which entries are pruned: what is left of them is found, and everything else is as it was.

use std::{cell::RefCell, sync::Arc};

use annals_tlog::{Hash, leaf_hash};
use proptest::prelude::*;

use super::{
    model,
    rewrite::{rewritten, terms, told},
    seal::many,
    support::{self, File, Made, made, options, seal_pruned, sealed},
};
use crate::{Row, segment::*};

/// Which entries are pruned.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    None,
    All,
    /// Those older than such a part of all, in parts of 256.
    Old(u8),
    /// Those with indexes in such a part of all.
    Range(u8, u8),
    /// Some.
    Some(Vec<bool>),
}

pub(super) fn patterns() -> impl Strategy<Value = Pattern> {
    prop_oneof![
        2 => Just(Pattern::None),
        1 => Just(Pattern::All),
        2 => any::<u8>().prop_map(Pattern::Old),
        2 => any::<(u8, u8)>().prop_map(|(one, other)| Pattern::Range(one.min(other), one.max(other))),
        4 => prop::collection::vec(any::<bool>(), 90).prop_map(Pattern::Some),
    ]
}

/// What is pruned first, and what then.
pub(super) fn twice() -> impl Strategy<Value = (Pattern, Pattern)> {
    (patterns(), patterns())
}

/// Prunes entries, beside those that are pruned already.
pub(super) fn prune(made: &mut [Made], pattern: &Pattern) {
    let count = made.len();
    let part = |part: u8| count * usize::from(part) / 256;
    let mut times: Vec<i64> = made.iter().map(|made| made.us).collect();
    times.sort_unstable();
    for (at, made) in made.iter_mut().enumerate() {
        made.pruned |= match pattern {
            Pattern::None => false,
            Pattern::All => true,
            Pattern::Old(old) => made.us < times[part(*old)],
            Pattern::Range(start, end) => (part(*start)..part(*end)).contains(&at),
            Pattern::Some(which) => which[at % which.len()],
        };
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However a segment came about that has lost some of its entries, it is the same file.
    #[test]
    fn segments_are_pruned_step_by_step(
        made in prop::collection::vec(made(0..40_000), 2..90),
        in_order: bool,
        first in 0_u64..1 << 40,
        pruned in twice(),
    ) {
        let mut made = super::seal::distinct(made);
        if in_order {
            made.sort_by_key(|made| made.us);
        }
        let all = (support::rows(&made, first), Vec::new());
        let (mut file, _) = seal_pruned(all.0, all.1, None, terms).expect("rows are fine");
        for pattern in [&pruned.0, &pruned.1] {
            prune(&mut made, pattern);
            (file, _) = rewritten(&file, &made, first);
            model::check(&file, &told(&made), first);
        }
        let left = (support::rows(&made, first), support::pruned(&made, first));
        let whole = seal_pruned(left.0, left.1, None, terms).expect("rows are fine").0;
        prop_assert_eq!(file.0, whole.0);
    }
}

/// Enough of everything for several chunks and blocks.
#[test]
fn many_entries_are_pruned() {
    let mut made = many(3_000);
    for (at, made) in made.iter_mut().enumerate() {
        made.pruned = at % 7 < 3;
    }
    model::check(&sealed(&made, 9, None).0, &made, 9);
    made.sort_by_key(|made| made.us);
    model::check(&sealed(&made, 9, None).0, &made, 9);
    prune(&mut made, &Pattern::Old(200));
    model::check(&sealed(&made, 9, None).0, &made, 9);
}

/// A file that remembers which parts were asked for.
pub(super) struct Watched<'a> {
    pub(super) file: &'a File,
    pub(super) read: RefCell<Vec<Kind>>,
}

impl Parts for Watched<'_> {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        self.read.borrow_mut().extend(extents.iter().map(|extent| extent.kind));
        self.file.get(extents)
    }
}

/// More rows and more pruned entries than a chunk of a column has values, and few of these read for few entries.
#[test]
fn chunks_are_read_across() {
    let hash = |index: u64| leaf_hash(&index.to_le_bytes());
    let mut row = many(1)[0].row();
    // All before 150,000, and of the others each third.
    let is_pruned = |index: u64| index < 150_000 || index.is_multiple_of(3);
    let indexes = 10..250_000_u64;
    let pruned: Vec<(u64, Hash)> =
        indexes.clone().filter(|index| is_pruned(*index)).map(|index| (index, hash(index))).collect();
    let left: Vec<u64> = indexes.clone().filter(|index| !is_pruned(*index)).collect();
    let rows = left.iter().map(|index| {
        row[17..25].copy_from_slice(&index.to_le_bytes());
        (*index, row.clone())
    });
    let unsorted = pruned.iter().rev().copied().collect();
    let (file, summary) = seal_pruned(rows.collect(), unsorted, Some(&[]), |_, _| {}).expect("rows are fine");
    assert_eq!((summary.rows as usize, summary.indexes), (left.len(), indexes.clone()));
    let segment = file.open().expect("own segment");
    let border = left[65_536];
    for index in [0, 10, 11, 149_999, 150_000, border - 1, border, border + 1, 249_998, 249_999, 250_000] {
        let watched = Watched { file: &file, read: RefCell::default() };
        let below = left.partition_point(|other| *other < index);
        let position = left.get(below).filter(|other| **other == index).map(|_| below);
        assert_eq!(
            segment.position(&watched, index).map(|at| at.map(|at| at as usize)),
            Ok(position),
            "{index}"
        );
        let before = segment.before(&watched, index).expect("own index");
        assert_eq!(before, Before::First(u32::try_from(below).expect("small")), "{index}");
        assert!(watched.read.take().len() <= 2, "{index}");
    }
    let at = |place: usize| pruned[place].0;
    for (range, chunks) in [
        (10..250_000, (3, 45)),
        (0..u64::MAX, (3, 45)),
        (0..10, (0, 0)),
        (10..11, (1, 1)),
        (at(4_095)..at(4_095) + 1, (1, 1)),
        (at(4_095)..at(4_096) + 1, (1, 2)),
        (at(65_535)..at(65_536) + 1, (2, 2)),
        (at(65_536)..at(65_536) + 1, (1, 1)),
        (249_997..u64::MAX, (1, 1)),
        (150_001..150_003, (1, 0)),
        (150_003..150_003, (1, 0)),
        (250_000..300_000, (0, 0)),
    ] {
        let watched = Watched { file: &file, read: RefCell::default() };
        let within = pruned.iter().filter(|(index, _)| range.contains(index)).copied();
        let found = segment.pruned_hashes(&watched, range.clone()).expect("own hashes");
        assert!(found == within.collect::<Vec<_>>(), "{range:?}");
        let read = watched.read.take();
        let of = |kind: Kind| read.iter().filter(|other| **other == kind).count();
        assert_eq!((of(Kind::PrunedIndexes), of(Kind::PrunedHashes)), chunks, "{range:?}");
    }
    let (mut rows, mut leaves) = (0, Vec::new());
    support::verify(
        &segment,
        &file,
        |_, _| {},
        |index, leaf| match leaf {
            Leaf::Row(_) => rows += 1,
            Leaf::Pruned(hash) => leaves.push((index, hash)),
        },
    )
    .expect("own segment");
    assert!(rows == left.len() && leaves == pruned);

    // Pruned entries are merged in chunks of other entries than those of the sources.
    let (next, _) =
        seal_pruned(Vec::new(), (250_000..300_000).map(|index| (index, hash(index))).collect(), None, terms)
            .expect("hashes are enough");
    let next_segment = next.open().expect("own segment");
    let mut merged = File(Vec::new());
    merge(&[(&segment, &file), (&next_segment, &next)], &options(), &mut merged.0).expect("neighbours");
    let merged_segment = merged.open().expect("own segment");
    assert_eq!((merged_segment.indexes(), merged_segment.rows()), (10..300_000, segment.rows()));
    let found = merged_segment.pruned_hashes(&merged, 0..u64::MAX).expect("own hashes");
    let expected = pruned.into_iter().chain((250_000..300_000).map(|index| (index, hash(index))));
    assert!(found == expected.collect::<Vec<_>>());
}

#[test]
fn a_segment_may_have_as_many_entries_as_before_and_no_more() {
    let hashes =
        |count: u32| (0..u64::from(count)).map(|index| (index, Hash::EMPTY_ROOT)).collect::<Vec<_>>();
    let new = |count: u32| Sealer::with_pruned(Vec::new(), Vec::new(), hashes(count), &options(), terms);
    let sealed = new(ROWS_MAX).and_then(Sealer::finish).expect("not too many");
    let segment = Segment::open(&sealed.1, sealed.0.bytes).expect("own segment");
    assert_eq!((segment.rows(), segment.pruned(), segment.indexes()), (0, ROWS_MAX, 0..u64::from(ROWS_MAX)));
    assert!(matches!(new(ROWS_MAX + 1), Err(SealError::Rows(1_048_577))));
    let pushed = new(ROWS_MAX).and_then(|mut sealer| sealer.push(u64::from(ROWS_MAX), many(1)[0].row()));
    assert!(matches!(pushed, Err(SealError::Rows(1_048_577))));
    let (one, _) = self::sealed(&many(1), u64::from(ROWS_MAX), None);
    let one_segment = one.open().expect("own segment");
    let all = File(sealed.1);
    let merged = merge(&[(&segment, &all), (&one_segment, &one)], &options(), std::io::sink());
    assert!(matches!(merged, Err(MergeError::Rows(1_048_577))));
}

#[test]
fn each_index_is_there_once() {
    let made = many(4);
    let refused = |pruned: &[u64]| {
        let pruned = pruned.iter().map(|index| (*index, Hash::EMPTY_ROOT)).collect();
        match seal_pruned(support::rows(&made, 5), pruned, None, terms) {
            Ok(_) => panic!("sealed"),
            Err(error) => error.to_string(),
        }
    };
    let refusals = [refused(&[8]), refused(&[3]), refused(&[10]), refused(&[9, 9]), refused(&[u64::MAX])];
    insta::assert_snapshot!(refusals.join("\n"));
}

/// Puts another pair of bytes in place of one in a part, and its checksum right, as an error in writing would.
fn forge(file: &File, kind: Kind, change: impl Fn(&mut [u8])) -> File {
    let watched = super::damage::extents(file);
    let extent = watched.into_iter().find(|extent| extent.kind == kind).expect("such a part");
    let (start, end) =
        (usize::try_from(extent.offset).expect("small"), usize::try_from(extent.end()).expect("small"));
    let mut bytes = file.0.clone();
    let old = crc32fast::hash(&bytes[start..end]).to_le_bytes();
    change(&mut bytes[start..end]);
    let new = crc32fast::hash(&bytes[start..end]).to_le_bytes();
    let at = (end..bytes.len()).find(|at| bytes[*at..].starts_with(&old)).expect("in the footer");
    bytes[at..at + 4].copy_from_slice(&new);
    File(super::damage::with_checksum(bytes))
}

/// The footer with some of its bytes changed.
fn forge_footer(file: &File, change: impl Fn(&mut [u8])) -> File {
    let mut bytes = file.0.clone();
    let start = super::damage::footer_start(file);
    change(&mut bytes[start..]);
    File(super::damage::with_checksum(bytes))
}

fn all_pruned(made: &[Made]) -> Vec<Made> {
    made.iter().map(|made| Made { pruned: true, ..made.clone() }).collect()
}

#[test]
fn verifying_finds_what_contradicts_itself() {
    let mut made = many(100);
    made.sort_by_key(|made| made.us);
    for made in made.iter_mut().skip(10).step_by(2) {
        made.pruned = true;
    }
    let (file, _) = sealed(&made, 5, None);
    let search = |row: &Row, extra: &mut Extra| {
        let token = row.keys().expect("own row").token.0;
        for made in made.iter().filter(|made| made.token == token) {
            made.changed.iter().for_each(|name| extra.changed(name));
            made.words.iter().for_each(|word| extra.word(word));
        }
    };
    let found = |file: &File| match file.open() {
        Ok(segment) => match support::verify(&segment, file, search, |_, _| {}) {
            Ok(()) => panic!("verified"),
            Err(error) => error.to_string(),
        },
        Err(error) => error.to_string(),
    };
    // Nor is what is elsewhere than the footer says taken over from there.
    let moved = forge_footer(&sealed(&all_pruned(&made), 5, None).0, |footer| footer[0] += 1);
    let moved_segment = moved.open().expect("own segment");
    let stays = |_: u64, _: &Row| Fate::Stays;
    let error = rewrite((&moved_segment, &moved), &options(), stays, terms, std::io::sink());
    assert!(matches!(error, Err(RewriteError::Read(Corrupt { kind: Kind::PrunedIndexes, .. }))));
    // The slope of the only frame: 2, from index 15 on.
    let slope = |slope: u8| move |column: &mut [u8]| column[12] = slope;
    let base = |base: u8| move |column: &mut [u8]| column[4] = base;
    // The same indexes, from the last to the first.
    let reversed = |column: &mut [u8]| {
        column[4..12].copy_from_slice(&103_u64.to_le_bytes());
        column[12..20].copy_from_slice(&2_u64.wrapping_neg().to_le_bytes());
    };
    let (rows, count, order) = (8, 12, 16);
    let said = [
        found(&forge(&file, Kind::PrunedIndexes, slope(0))),
        found(&forge(&file, Kind::PrunedIndexes, base(16))),
        found(&forge(&file, Kind::PrunedIndexes, slope(254))),
        found(&forge(&file, Kind::PrunedIndexes, reversed)),
        found(&forge_footer(&file, |footer| footer[order] = 0)),
        found(&forge_footer(&file, |footer| footer[order] = 1)),
        found(&forge_footer(&file, |footer| footer[order] = 3)),
        found(&forge_footer(&file, |footer| footer[rows] += 1)),
        found(&forge_footer(&file, |footer| footer[count] -= 1)),
        found(&forge_footer(&file, |footer| footer[count..count + 4].fill(0))),
        found(&forge_footer(&file, |footer| footer[count + 3] = 1)),
        found(&forge_footer(&file, |footer| footer[0] += 1)),
        // The last index that was pruned, as the footer says it.
        found(&forge_footer(&file, |footer| {
            let last = 103_u64.to_le_bytes();
            let at = footer.windows(8).position(|window| window == last).expect("in the footer");
            footer[at] -= 1;
        })),
    ];
    insta::assert_snapshot!(said.join("\n"));
}
