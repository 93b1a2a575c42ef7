//! What dictionaries still have of texts that no row has any more. Segments that follow each other often share a dictionary,
//! trained on rows of the first of them or of one that is gone.

use std::collections::HashSet;

use super::{Extent, Parts, Segment, part::get};

/// Bytes of a text that are looked for: training takes pieces of texts that may begin and end anywhere.
const PIECE_BYTES: usize = 8;

impl Segment {
    /// Whether one of its dictionaries has any of these texts or, of one that is longer than eight bytes, any eight of its
    /// bytes in a row. Reads the dictionaries and nothing else.
    ///
    /// Texts are looked for as they are spelt in a row; see [`Row::spelt_values`](crate::Row::spelt_values). A text that is
    /// short or common may be found though it comes from another entry.
    pub fn dictionaries_contain<P: Parts, T: AsRef<[u8]>>(
        &self,
        parts: &P,
        texts: &[T],
    ) -> Result<bool, P::Error> {
        let wanted = Pieces::of(texts);
        let mut extents: Vec<Extent> = self.dictionaries().collect();
        extents.sort_unstable_by_key(|extent| extent.offset);
        extents.dedup();
        for (part, extent) in get(parts, &extents)?.iter().zip(&extents) {
            if wanted.are_in(part.dictionary(extent)?.as_bytes()) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether both have a dictionary in common, as far as their lengths and checksums tell. Reads nothing.
    pub fn shares_dictionary(&self, other: &Self) -> bool {
        let known: HashSet<(u32, u32)> =
            self.dictionaries().map(|extent| (extent.length, extent.crc)).collect();
        other.dictionaries().any(|extent| known.contains(&(extent.length, extent.crc)))
    }

    fn dictionaries(&self) -> impl Iterator<Item = Extent> {
        self.groups.iter().filter_map(|group| group.dictionary)
    }
}

/// Pieces of texts, by their length: of a text of eight bytes and more each eight in a row, and else all of it.
struct Pieces<'a>([HashSet<&'a [u8]>; PIECE_BYTES]);

impl<'a> Pieces<'a> {
    fn of<T: AsRef<[u8]>>(texts: &'a [T]) -> Self {
        let mut pieces = Self(Default::default());
        for text in texts.iter().map(AsRef::as_ref).filter(|text| !text.is_empty()) {
            let length = text.len().min(PIECE_BYTES);
            if let Some(of_length) = pieces.0.get_mut(length - 1) {
                of_length.extend(text.windows(length));
            }
        }
        pieces
    }

    fn are_in(&self, bytes: &[u8]) -> bool {
        let mut by_length = self.0.iter().zip(1..).filter(|(pieces, _)| !pieces.is_empty());
        by_length.any(|(pieces, length)| bytes.windows(length).any(|window| pieces.contains(window)))
    }
}
