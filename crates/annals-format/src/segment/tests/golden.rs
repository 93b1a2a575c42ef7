//! A segment of version 1 that is kept in the repository: whatever reads segments must always read it.

use super::{
    model,
    seal::many,
    support::{File, Made, sealed},
};

const GOLDEN: &[u8] = include_bytes!("../../../tests/fixtures/segment-1.annlseg");

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

#[test]
fn version_1_is_read() {
    model::check(&File(GOLDEN.to_vec()), &entries(), FIRST);
}

/// The same entries make the same bytes. A new release of zstd may change that, and then only that: the file above
/// stays as it is, and this test goes by the new release.
#[test]
fn version_1_is_written() {
    let (file, summary) = sealed(&entries(), FIRST, None);
    assert!(!summary.dictionary.is_empty());
    assert!(file.0 == GOLDEN, "a segment of the same entries has other bytes");
}
