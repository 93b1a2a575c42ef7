//! Segments that are kept in the repository: whatever reads segments must always read them.

use super::{
    model,
    seal::many,
    support::{File, Made, sealed},
};
use crate::entry::Section;

const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/segment-1.annlseg");

/// The same entries, of which some have erased sections: row blocks of forms 1 and 2.
const ERASED: &[u8] = include_bytes!("../../../tests/fixtures/segment-1-erased.annlseg");

/// A segment of version 2: of the same entries with erased sections, every third is pruned, and some that follow each other.
const PRUNED: &[u8] = include_bytes!("../../../tests/fixtures/segment-2.annlseg");

const FIRST: u64 = 4_711;

/// Entries of all sorts; a change of them needs another file beside the one that there is.
fn entries() -> Vec<Made> {
    let mut made = many(130);
    for (number, made) in made.iter_mut().enumerate() {
        made.title = match number % 4 {
            0 => None,
            1 => Some(String::new()),
            2 => Some("Ausgaben über \"alles\" – 東京".into()),
            _ => Some("ö".repeat(600)),
        };
        made.user = made.user.filter(|_| number % 5 > 0);
    }
    made
}

/// In the first four blocks each set of sections is erased of some entry, and nothing in those after.
fn erased_entries() -> Vec<Made> {
    let mut made = entries();
    for (number, made) in made.iter_mut().enumerate().take(64) {
        made.erased =
            Section::ALL.into_iter().filter(|section| (number / 4) >> *section as usize & 1 == 1).collect();
    }
    made
}

fn pruned_entries() -> Vec<Made> {
    let mut made = erased_entries();
    for (number, made) in made.iter_mut().enumerate() {
        made.pruned = number % 3 == 1 || (90..110).contains(&number);
    }
    made
}

#[test]
fn version_2_is_read() {
    model::check(&File(PRUNED.to_vec()), &pruned_entries(), FIRST);
}

/// As for version 1 below.
#[test]
fn version_2_is_written() {
    let (file, _) = sealed(&pruned_entries(), FIRST, None);
    assert!(file.0 == PRUNED, "a segment of the same entries has other bytes");
}

#[test]
fn version_1_is_read() {
    model::check(&File(GOLDEN.to_vec()), &entries(), FIRST);
    model::check(&File(ERASED.to_vec()), &erased_entries(), FIRST);
}

/// The same entries make the same bytes. A new release of zstd may change that, and then only that: the file above
/// stays as it is, and this test goes by the new release.
#[test]
fn version_1_is_written() {
    let (file, summary) = sealed(&entries(), FIRST, None);
    assert!(!summary.dictionary.is_empty());
    assert!(file.0 == GOLDEN, "a segment of the same entries has other bytes");
    let (file, _) = sealed(&erased_entries(), FIRST, None);
    assert!(file.0 == ERASED, "a segment of the same entries has other bytes");
}
