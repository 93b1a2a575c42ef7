//! Segments: whatever a file holds, reading it ends, with an answer within bounds or an error.

use std::{hash::RandomState, num::NonZero, ops::ControlFlow, sync::Arc};

use annals_format::{
    LogToken, Row,
    entry::Section,
    segment::{
        Before, Corrupt, Extent, Extra, Fate, Field, Options, Part, Parts, Segment, Term, merge, rewrite,
        verify,
    },
};

/// Terms of a field that are read; a small file can hold very many.
const TERMS_MAX: usize = 200;

/// Rows that are read.
const ROWS_MAX: usize = 200;

/// Bytes of a trailer: length and checksum of the footer, magic.
const TRAILER_BYTES: usize = 16;

/// Checks a file. All its checksums count as right: they would keep any other mistake from being found.
pub fn segment(input: &[u8]) {
    let Some(file) = with_checksum(input) else { return };
    let Ok(segment) = Segment::open(&file, file.len() as u64) else { return };
    let file = Forged(file);
    let rows = segment.rows();
    let indexes = segment.indexes();
    assert_eq!(indexes.end - indexes.start, u64::from(rows) + u64::from(segment.pruned()));

    for position in [0, rows / 2, rows.saturating_sub(1)] {
        if let Ok(place) = segment.place(&file, position) {
            let _ = segment.first_from(&file, place).map(|first| assert!(first <= rows));
            let _ = segment.position(&file, place.1).map(|found| assert!(found.is_none_or(|at| at < rows)));
        }
        let _ = segment.rows_at(&file, &[position]).map(|read| assert_eq!(read.len(), 1));
    }
    assert_eq!(segment.oldest().is_some(), rows > 0);
    assert!(segment.rows_at(&file, &[rows]).is_err());
    let middle = u64::midpoint(indexes.start, indexes.end);
    let _ = segment.before(&file, middle).map(|before| match before {
        Before::First(count) => assert!(count <= rows),
        Before::Scattered(positions) => assert!(positions.max().is_none_or(|at| at < rows)),
    });
    for wanted in [indexes.clone(), middle..indexes.end] {
        let Ok(pruned) = segment.pruned_hashes(&file, wanted.clone()) else { continue };
        assert!(pruned.len() <= segment.pruned() as usize);
        assert!(pruned.is_sorted_by(|one, next| one.0 < next.0));
    }
    for token in [0, 1 << 32, u64::MAX] {
        let _ = segment.find(&file, LogToken(token)).map(|found| assert!(found.is_none_or(|at| at < rows)));
    }
    for row in segment.all_rows(&file).take(ROWS_MAX) {
        let Ok(row) = row else { break };
        read_row(&row);
    }
    for field in Field::ALL {
        terms(&segment, &file, field);
    }
    // A segment with itself before it is no neighbour, but alone it is merged.
    if rows < 10_000 {
        let _ = merge(&[(&segment, &file)], &Options::default(), std::io::sink());
        let (secret, leaf) = (RandomState::new(), |index, _| assert!(indexes.contains(&index)));
        let _ = verify(&segment, NonZero::<usize>::MIN, &secret, || &file, &file, search, leaf);
        rewritten(&segment, &file);
    }
}

/// Reads whatever the bytes of a row say, and erases all of it step by step.
fn read_row(bytes: &[u8]) {
    let Ok(row) = Row::decode(bytes) else { return };
    let _ = row.keys();
    row.words(|_| {});
    row.changed_fields(|_| {});
    row.write_audit_log(0, &mut String::new());
    let mut left = bytes.to_vec();
    for section in Section::ALL {
        left = match Row::decode(&left) {
            Ok(row) => row.erase(&[section]),
            Err(error) => panic!("what is left of a row is no row: {error}"),
        };
    }
    assert_eq!(Row::decode(&left).map(|left| left.leaf()), Ok(row.leaf()));
}

fn search(row: &Row, extra: &mut Extra) {
    row.searched_texts(|text| extra.text(text));
}

/// What is rewritten can be read, and says nothing of what was erased or pruned.
fn rewritten(segment: &Segment, file: &Forged) {
    let fate = |index: u64, row: &Row| match index % 5 {
        0 => Fate::Becomes(row.erase(&Section::ALL)),
        1 | 2 => Fate::Pruned,
        _ => Fate::Stays,
    };
    let mut new = Forged(Vec::new());
    let source = (segment, file);
    let Ok(summary) = rewrite(source, &Options::default(), fate, search, &mut new.0) else { return };
    assert_eq!(summary.indexes, segment.indexes());
    let old_pruned = segment.pruned();
    let segment = Segment::open(&new.0, summary.bytes).expect("what was written can be read");
    assert!(segment.pruned() >= old_pruned);
    assert!(segment.pruned_hashes(&new, 0..u64::MAX).is_ok_and(|all| all.len() == segment.pruned() as usize));
    for row in segment.all_rows(&new).take(ROWS_MAX) {
        assert!(Row::decode(&row.expect("what was written can be read")).is_ok());
    }
}

fn terms(segment: &Segment, file: &Forged, field: Field) {
    let mut terms: Vec<(Vec<u8>, Term)> = Vec::new();
    let _ = segment.terms_with_prefix(file, field, "", |term, postings| {
        terms.push((term.to_vec(), postings));
        if terms.len() < TERMS_MAX { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
    });
    for (term, postings) in terms {
        if let Ok(bitmap) = segment.postings(file, &postings) {
            assert_eq!(bitmap.len(), u64::from(postings.rows));
            assert!(bitmap.max().is_none_or(|last| last < segment.rows()));
        }
        if let Ok(value) = std::str::from_utf8(&term) {
            let _ = segment.term(file, field, value);
        }
    }
}

/// The file with the checksum of its footer put right.
fn with_checksum(input: &[u8]) -> Option<Vec<u8>> {
    let mut file = input.to_vec();
    let footer_end = file.len().checked_sub(TRAILER_BYTES)?;
    let length: [u8; 4] = file.get(footer_end..footer_end + 4)?.try_into().ok()?;
    let start = footer_end.checked_sub(u32::from_le_bytes(length) as usize)?;
    let crc = crc32fast::hash(file.get(start..footer_end)?);
    file.get_mut(footer_end + 4..footer_end + 8)?.copy_from_slice(&crc.to_le_bytes());
    Some(file)
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
