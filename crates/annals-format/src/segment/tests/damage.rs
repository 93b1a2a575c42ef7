//! Damaged files: an error that names the part, or an answer that is right, and never a panic.

use std::{cell::RefCell, collections::BTreeMap, fmt::Write as _, ops::ControlFlow, sync::Arc};

use proptest::prelude::*;

use super::{
    pruned::{self, patterns},
    rewrite::terms,
    seal::many,
    support::{File, sealed},
};
use crate::{LogToken, Row, segment::*};

/// A file that remembers what was read of it.
struct Watched<'a> {
    file: &'a File,
    read: RefCell<BTreeMap<u64, Extent>>,
}

impl Parts for Watched<'_> {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        self.read.borrow_mut().extend(extents.iter().map(|extent| (extent.offset, *extent)));
        self.file.get(extents)
    }
}

/// A file whose checksums are all right, as far as a reader can tell.
struct Forged(Vec<u8>);

impl Parts for Forged {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        let bytes = |extent: &Extent| {
            let range = usize::try_from(extent.offset).ok()?..usize::try_from(extent.end()).ok()?;
            self.0.get(range)
        };
        let decode =
            |extent: &Extent| extent.decode_unchecked(bytes(extent).unwrap_or_default()).map(Arc::new);
        extents.iter().map(decode).collect()
    }
}

/// Every answer that a segment gives.
fn read_everything<P: Parts<Error = Corrupt>>(segment: &Segment, parts: &P) -> Result<String, Corrupt> {
    let mut said = format!("{:?} {:?} {:?}\n", segment.indexes(), segment.oldest(), segment.newest());
    for row in segment.all_rows(parts) {
        said.extend(row?.iter().map(|byte| char::from(*byte)));
    }
    for position in 0..segment.rows() {
        // Writing to a String cannot fail.
        let _ = writeln!(said, "{:?}", segment.place(parts, position)?);
    }
    let _ = writeln!(said, "{:?}", segment.pruned_hashes(parts, segment.indexes())?);
    let index = segment.indexes().start + 3;
    let _ = writeln!(said, "{:?} {:?}", segment.position(parts, index)?, segment.before(parts, index)?);
    let _ = writeln!(said, "{:?}", segment.first_from(parts, (500_000, 0))?);
    for made in many(u64::from(segment.rows() + segment.pruned())) {
        let _ = writeln!(said, "{:?}", segment.find(parts, LogToken(made.token))?);
    }
    for field in Field::ALL {
        let mut terms = Vec::new();
        segment.terms_with_prefix(parts, field, "", |term, postings| {
            terms.push((term.to_vec(), postings));
            ControlFlow::Continue(())
        })?;
        for (term, postings) in terms {
            let _ = writeln!(said, "{term:?} {:?}", segment.postings(parts, &postings)?);
            let value = String::from_utf8_lossy(&term).into_owned();
            let _ = writeln!(said, "{:?}", segment.term(parts, field, &value)?.map(|found| found.rows));
        }
    }
    Ok(said)
}

/// A file of all kinds of parts that segments of a version have, and where they are.
fn sample(has_pruned: bool) -> (File, BTreeMap<u64, Extent>) {
    let mut made = many(240);
    for (number, made) in made.iter_mut().enumerate() {
        made.pruned = has_pruned && number % 5 == 1;
        // Enough different words for a directory of several blocks.
        made.words = (0..12_u64)
            .map(|word| format!("{:016x}", (number as u64 * 12 + word).wrapping_mul(made.token)))
            .collect();
        made.words.push("common".into());
    }
    let (file, _) = sealed(&made, 1_000, None);
    let read = read_all(&file);
    (file, read)
}

fn read_all(file: &File) -> BTreeMap<u64, Extent> {
    let watched = Watched { file, read: RefCell::default() };
    let segment = file.open().expect("own segment");
    read_everything(&segment, &watched).expect("own segment");
    watched.read.into_inner()
}

/// Where the parts of a file are.
pub(super) fn extents(file: &File) -> Vec<Extent> {
    read_all(file).into_values().collect()
}

/// The file with the checksum of its footer put right.
pub(super) fn with_checksum(mut bytes: Vec<u8>) -> Vec<u8> {
    let footer_end = bytes.len() - 16;
    let length = u32::from_le_bytes(bytes[footer_end..footer_end + 4].try_into().expect("four"));
    let crc = crc32fast::hash(&bytes[footer_end - length as usize..footer_end]);
    bytes[footer_end + 4..footer_end + 8].copy_from_slice(&crc.to_le_bytes());
    bytes
}

pub(super) fn footer_start(file: &File) -> usize {
    let bytes = file.open().expect("own segment").sizes().last().expect("the footer").1;
    file.0.len() - usize::try_from(bytes).expect("small")
}

/// The parts lie side by side: what nobody reads, nobody checks.
#[test]
fn every_byte_belongs_to_a_part() {
    every_byte_belongs(false, "every_byte_belongs_to_a_part");
    every_byte_belongs(true, "every_byte_of_version_2_belongs_to_a_part");
}

fn every_byte_belongs(has_pruned: bool, snapshot: &str) {
    let (file, parts) = sample(has_pruned);
    let mut end = 8;
    for (offset, extent) in &parts {
        assert_eq!(*offset, end, "before {}", extent.kind);
        end = extent.end();
    }
    assert_eq!(usize::try_from(end).expect("small"), footer_start(&file));
    let mut kinds: Vec<String> = parts.values().map(|extent| extent.kind.to_string()).collect();
    kinds.sort();
    kinds.dedup();
    insta::assert_snapshot!(snapshot, kinds.join("\n"));
}

#[test]
fn every_changed_byte_is_noticed_in_its_part() {
    every_changed_byte_is_noticed(false);
    every_changed_byte_is_noticed(true);
}

fn every_changed_byte_is_noticed(has_pruned: bool) {
    let (file, parts) = sample(has_pruned);
    for extent in parts.values() {
        let start = usize::try_from(extent.offset).expect("small");
        let mut bytes = file.0[start..start + extent.length as usize].to_vec();
        for at in 0..bytes.len() {
            bytes[at] ^= 1 << (at % 8);
            let error = extent.decode(&bytes).expect_err("a byte was changed");
            assert_eq!((error.kind, error.offset), (extent.kind, extent.offset));
            bytes[at] ^= 1 << (at % 8);
        }
        assert!(extent.decode(&bytes).is_ok());
        assert!(extent.decode(&bytes[1..]).is_err());
    }
    let mut file = file;
    for at in footer_start(&file)..file.0.len() {
        file.0[at] ^= 1 << (at % 8);
        assert_eq!(file.open().expect_err("a byte was changed").kind, Kind::Footer);
        file.0[at] ^= 1 << (at % 8);
    }
}

#[test]
fn reading_a_damaged_file_names_the_part() {
    reading_names_the_part(false, "reading_a_damaged_file_names_the_part");
    reading_names_the_part(true, "reading_a_damaged_file_of_version_2_names_the_part");
}

fn reading_names_the_part(has_pruned: bool, snapshot: &str) {
    let (mut file, parts) = sample(has_pruned);
    // The first part of each kind: a reader handles all of a kind alike.
    let mut kinds: Vec<Extent> = Vec::new();
    for extent in parts.into_values() {
        if !kinds.iter().any(|other| other.kind == extent.kind) {
            kinds.push(extent);
        }
    }
    let mut said = Vec::new();
    for extent in kinds {
        let at = usize::try_from(extent.offset).expect("small") + extent.length as usize / 2;
        file.0[at] ^= 0x10;
        let segment = file.open().expect("the footer is whole");
        let error = read_everything(&segment, &file).expect_err("a part is damaged");
        assert_eq!((error.kind, error.offset), (extent.kind, extent.offset));
        said.push(error.to_string());
        file.0[at] ^= 0x10;
    }
    insta::assert_snapshot!(snapshot, said.join("\n"));
}

#[test]
fn a_file_cut_short_is_refused() {
    cut_short_is_refused(true);
    let (file, footer) = cut_short_is_refused(false);
    let says = |bytes: &[u8], length: usize| match Segment::open(bytes, length as u64) {
        Ok(_) => panic!("opened"),
        Err(error) => error.to_string(),
    };
    let said = [
        says(&file.0[..100], 100),
        says(&file.0[file.0.len() - 100..], file.0.len()),
        says(&footer, footer.len() + 100),
        says(&[], 0),
    ];
    insta::assert_snapshot!(said.join("\n"));
}

fn cut_short_is_refused(has_pruned: bool) -> (File, Vec<u8>) {
    let (file, _) = sample(has_pruned);
    for length in 0..file.0.len() {
        let cut = file.0.get(..length).expect("shorter");
        assert!(Segment::open(cut, length as u64).is_err());
    }
    let footer = file.0[footer_start(&file)..].to_vec();
    for length in 0..file.0.len() as u64 {
        assert!(Segment::open(&footer, length).is_err());
    }
    (file, footer)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// Whoever can write checksums can make a segment say anything, but not make its reader panic.
    #[test]
    fn forged_files_are_read_without_a_panic(
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        in_footer: bool,
        pattern in patterns(),
        in_order: bool,
    ) {
        let mut made = many(40);
        if in_order {
            made.sort_by_key(|made| made.us);
        }
        pruned::prune(&mut made, &pattern);
        let (file, _) = sealed(&made, 1_000, None);
        let start = if in_footer { footer_start(&file) } else { 8 };
        let mut bytes = file.0;
        let footer_end = bytes.len() - 16;
        for (at, byte) in damage {
            let at = start + at.index(footer_end - start);
            bytes[at] = byte;
        }
        let bytes = with_checksum(bytes);
        if let Ok(segment) = Segment::open(&bytes, bytes.len() as u64) {
            let forged = Forged(bytes);
            let _ = read_everything(&segment, &forged);
            let _ = super::support::verify(&segment, &forged, terms, |_, _| {});
            let _ = merge(&[(&segment, &forged)], &Options::default(), std::io::sink());
            let fate = |index: u64, _: &Row| if index.is_multiple_of(3) { Fate::Pruned } else { Fate::Stays };
            let _ = rewrite((&segment, &forged), &Options::default(), fate, terms, std::io::sink());
        }
    }
}
