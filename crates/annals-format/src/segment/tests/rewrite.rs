//! What was erased is nowhere in a segment that was rewritten, and everything else is where it was.

use std::collections::{BTreeMap, BTreeSet};

use annals_tlog::Hash;
use proptest::prelude::*;

use super::{
    model, pruned,
    seal::{distinct, many},
    secrets::{everything, found, gone, plant, salts, secret},
    support::{self, File, Made, made, options, seal_pruned},
};
use crate::{Row, entry::Section, segment::*};

/// What a server searches entries by.
pub(super) fn terms(row: &Row, extra: &mut Extra) {
    row.searched_texts(|text| extra.text(text));
    row.changed_fields(|field| extra.changed(field));
}

/// The entries with the words that a naive reading of their rows finds.
pub(super) fn told(made: &[Made]) -> Vec<Made> {
    let mut told = made.to_vec();
    for made in &mut told {
        (made.words, made.changed) = (Vec::new(), Vec::new());
        let row = made.row();
        let row = Row::decode(&row).expect("own row");
        row.words(|word| made.words.push(word.to_owned()));
        row.changed_fields(|field| made.changed.push(field.to_owned()));
    }
    told
}

fn sealed(made: &[Made], first: u64, dictionary: Option<&[u8]>) -> (File, Summary) {
    let (rows, pruned) = (support::rows(made, first), support::pruned(made, first));
    seal_pruned(rows, pruned, dictionary, terms).expect("rows are fine")
}

/// The file without what is erased of the entries, which begin with the index `first`, and without those that are pruned.
pub(super) fn rewritten(file: &File, made: &[Made], first: u64) -> (File, Summary) {
    let fate = |index: u64, row: &Row| match &made[usize::try_from(index - first).expect("small")] {
        made if made.pruned => Fate::Pruned,
        made if made.erased.is_empty() => Fate::Stays,
        made => Fate::Becomes(row.erase(&made.erased)),
    };
    let mut new = Vec::new();
    let segment = file.open().expect("own segment");
    let summary = rewrite((&segment, file), &options(), fate, terms, &mut new).expect("own segment");
    assert_eq!((summary.bytes, &summary.indexes), (new.len() as u64, &segment.indexes()));
    (File(new), summary)
}

fn leaves(file: &File) -> BTreeMap<u64, Hash> {
    let segment = file.open().expect("own segment");
    let pruned = segment.pruned_hashes(file, segment.indexes()).expect("own hashes");
    let rows = (0..).zip(segment.all_rows(file)).map(|(position, row)| {
        let hash = Row::decode(&row.expect("own row")).expect("own row").leaf_hash();
        (segment.place(file, position).expect("own position").1, hash)
    });
    rows.chain(pruned).collect()
}

/// Rewrites, and compares what comes out with the entries, and with what went in.
fn check(file: &File, made: &[Made], first: u64) -> File {
    let (new, _) = rewritten(file, made, first);
    model::check(&new, &told(made), first);
    assert_eq!(leaves(&new), leaves(file));
    let gone = gone(made);
    assert_eq!(found(&gone, &everything(file)), gone, "some texts are not where they could be missed");
    let left = &gone | &salts(made).collect();
    assert_eq!(found(&left, &everything(&new)), BTreeSet::new());
    new
}

fn whole(made: &[Made]) -> Vec<Made> {
    made.iter().map(|made| Made { erased: Vec::new(), ..made.clone() }).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_erased_or_pruned_is_nowhere(
        made in prop::collection::vec(made(0..40_000), 1..90),
        persons in 1_u64..9,
        erased in prop::collection::vec(prop::option::of(prop::sample::subsequence(Section::ALL.to_vec(), 1..=4)), 90),
        then in prop::collection::vec(prop::sample::subsequence(Section::ALL.to_vec(), 0..=4), 90),
        pruned in pruned::twice(),
        first in 0_u64..1 << 40,
    ) {
        let mut made = distinct(made);
        plant(&mut made, persons);
        let (file, _) = sealed(&made, first, None);
        model::check(&file, &told(&made), first);
        for (made, erased) in made.iter_mut().zip(erased) {
            made.erased = erased.unwrap_or_default();
        }
        pruned::prune(&mut made, &pruned.0);
        let file = check(&file, &made, first);
        // Of what has erased sections already, more is erased, in rows that have to be rewritten as they are now; and of
        // what is left, more is pruned.
        for (made, then) in made.iter_mut().zip(then) {
            made.erased.extend(then);
        }
        pruned::prune(&mut made, &pruned.1);
        let (file, _) = rewritten(&file, &made, first);
        model::check(&file, &told(&made), first);
        let gone = &gone(&made) | &salts(&made).collect();
        prop_assert_eq!(found(&gone, &everything(&file)), BTreeSet::new());
    }
}

/// Enough entries for a dictionary, directories and several blocks of terms; those of one person are erased.
fn persons(count: u64) -> Vec<Made> {
    let mut made = many(count);
    made.sort_by_key(|made| made.us);
    plant(&mut made, 20);
    made
}

fn erase_person(made: &mut [Made]) {
    for made in made.iter_mut().step_by(20) {
        made.erased = Section::ALL.to_vec();
    }
}

#[test]
fn dictionaries_forget() {
    let mut made = persons(2_000);
    let (file, summary) = sealed(&made[..1_000], 3, None);
    let (next, _) = sealed(&made[1_000..], 1_003, Some(&summary.dictionary));
    erase_person(&mut made);
    // What an actor and a change of the first person say. Four letters of another script are no rare piece.
    let secrets = [secret(1 << 40, true), secret(1 << 40 | 2, true)];
    let new = check(&file, &made[..1_000], 3);
    let has = |file: &File| {
        let segment = file.open().expect("own segment");
        segment.dictionaries_contain(file, &secrets).expect("own dictionary")
    };
    assert!(has(&file) && has(&next) && !has(&new));
    let shares = |one: &File, other: &File| {
        one.open().expect("own segment").shares_dictionary(&other.open().expect("own segment"))
    };
    assert!(shares(&file, &next) && shares(&next, &file) && !shares(&new, &next));

    // The neighbour has the texts in its rows, too; here none of them is erased, but its dictionary has to go.
    let (next_new, _) = rewritten(&next, &whole(&made[1_000..]), 1_003);
    model::check(&next_new, &told(&whole(&made[1_000..])), 1_003);
    assert!(!shares(&next_new, &next));
    check(&next, &made[1_000..], 1_003);
}

#[test]
fn groups_become_one() {
    let mut made = persons(1_200);
    let files: Vec<File> =
        made.chunks(400).zip(0..).map(|(made, at)| sealed(made, at * 400, None).0).collect();
    let segments: Vec<Segment> = files.iter().map(|file| file.open().expect("own segment")).collect();
    let sources: Vec<(&Segment, &File)> = segments.iter().zip(&files).collect();
    let mut merged = File(Vec::new());
    merge(&sources, &options(), &mut merged.0).expect("neighbours");
    assert_eq!(merged.open().map(|segment| segment.groups.len()), Ok(3));
    erase_person(&mut made);
    let new = check(&merged, &made, 0);
    assert_eq!(new.open().map(|segment| segment.groups.len()), Ok(1));

    // Segments with erased rows are merged as any others, in copied blocks or woven.
    let (other, _) = sealed(&made[..600], 1_200, None);
    let (new_segment, other_segment) = (new.open().expect("own segment"), other.open().expect("own segment"));
    let mut woven = File(Vec::new());
    merge(&[(&new_segment, &new), (&other_segment, &other)], &options(), &mut woven.0).expect("neighbours");
    let twice = [&made[..], &made[..600]].concat();
    model::check(&woven, &told(&twice), 0);
}

/// An erased row among others does not keep these from being arranged for compression.
#[test]
fn few_erased_rows_cost_little() {
    let mut made = many(3_200);
    let (file, _) = sealed(&made, 0, None);
    for made in made.iter_mut().step_by(16) {
        made.erased = vec![Section::Actor];
    }
    let (new, _) = rewritten(&file, &made, 0);
    // A salt or a digest of each section in place of a seed, a mask, and a little.
    let more = 200 * (3 * 16 + 32 - 16) + 3_200 + file.0.len() / 50;
    assert!(new.0.len() < file.0.len() + more, "{} bytes, before {}", new.0.len(), file.0.len());
}

#[test]
fn entries_are_not_exchanged() {
    let made = many(40);
    let (file, _) = sealed(&made, 0, None);
    let segment = file.open().expect("own segment");
    let refused = |fate: &mut dyn FnMut(u64, &Row) -> Fate| match rewrite(
        (&segment, &file),
        &options(),
        fate,
        terms,
        std::io::sink(),
    ) {
        Ok(_) => panic!("rewritten"),
        Err(error) => error,
    };
    let other = made[8].row();
    let of_seventh =
        |fate: Fate| move |index: u64, _: &Row| if index == 7 { fate.clone() } else { Fate::Stays };
    let error = refused(&mut of_seventh(Fate::Becomes(other)));
    assert!(matches!(error, RewriteError::Leaf { index: 7 }), "{error}");
    let error = refused(&mut of_seventh(Fate::Becomes(b"no row".to_vec())));
    assert!(matches!(error, RewriteError::Seal(SealError::Row { index: 7, .. })), "{error}");
    let mut asked = 0;
    let error = refused(&mut |_, _| {
        asked += 1;
        if asked > 40 { Fate::Pruned } else { Fate::Stays }
    });
    assert!(matches!(error, RewriteError::Fate { .. }), "{error}");
}

#[test]
fn pieces_of_texts_are_found() {
    let made = many(600);
    let (file, summary) = sealed(&made, 0, None);
    let segment = file.open().expect("own segment");
    let within = summary.dictionary[summary.dictionary.len() - 40..].to_vec();
    let has = |text: &[u8]| segment.dictionaries_contain(&file, &[b"", text]).expect("own dictionary");
    for length in 1..=40 {
        assert!(has(&within[..length]), "{length}");
    }
    assert!(has(&[b"\xff\xfe\xfd", &within[3..11], b"\xff\xfe\xfd"].concat()));
    assert!(!has(b"\xff\xfe\xfd"));
    assert!(!has(&[&within[..7], &b"\xff\xfe\xfd"[..]].concat()));
    assert!(!has(b""));
    let (plain, _) = sealed(&made, 0, Some(&[]));
    assert_eq!(plain.open().expect("own segment").dictionaries_contain(&plain, &[within]), Ok(false));
}
