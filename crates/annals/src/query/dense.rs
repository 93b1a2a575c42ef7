//! Positions of a short part as bits, for values that many rows have.

use roaring::RoaringBitmap;

/// Bits in a word.
const BITS: u32 = u64::BITS;

/// A set of positions below 2^16, a bit for each.
///
/// A `RoaringBitmap` keeps fewer than 4,096 positions as a list. That is larger than the bits when the part is short, and it
/// takes a hundred times as long to count what two long lists share: many branches, none of which can be foreseen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dense {
    words: Box<[u64]>,
    len: u64,
}

impl Dense {
    /// The set of these positions, in a part of `part_len` rows.
    pub(super) fn new(positions: &[u32], part_len: u32) -> Self {
        let mut words = vec![0; part_len.div_ceil(BITS) as usize];
        for position in positions {
            if let Some(word) = words.get_mut((position / BITS) as usize) {
                *word |= 1 << (position % BITS);
            }
        }
        Self::of(words)
    }

    fn of(words: Vec<u64>) -> Self {
        let len = words.iter().map(|word| u64::from(word.count_ones())).sum();
        Self { words: words.into(), len }
    }

    /// Whether bits take less space than a list of `positions` in a part of `part_len` rows.
    pub(super) fn pays(positions: usize, part_len: u32) -> bool {
        positions * size_of::<u16>() > (part_len / u8::BITS) as usize
    }

    /// How many positions there are.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Whether a position is among them.
    pub(super) fn contains(&self, position: u32) -> bool {
        self.words.get((position / BITS) as usize).is_some_and(|word| word >> (position % BITS) & 1 == 1)
    }

    /// How many positions are in both.
    pub(super) fn intersection_len(&self, other: &Self) -> u64 {
        self.words.iter().zip(&other.words).map(|(a, b)| u64::from((a & b).count_ones())).sum()
    }

    /// The positions that are in both.
    pub(super) fn and(&self, other: &Self) -> Self {
        Self::of(self.words.iter().zip(&other.words).map(|(a, b)| a & b).collect())
    }

    /// The same set in the other form.
    pub(super) fn to_roaring(&self) -> RoaringBitmap {
        let bytes: Vec<u8> = self.words.iter().flat_map(|word| word.to_le_bytes()).collect();
        RoaringBitmap::from_lsb0_bytes(0, &bytes)
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::btree_set, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn bits_say_what_a_list_says(
            len in 1_u32..300,
            a in btree_set(0_u32..300, 0..200),
            b in btree_set(0_u32..300, 0..200),
        ) {
            let within = |set: std::collections::BTreeSet<u32>| -> Vec<u32> {
                set.into_iter().filter(|position| *position < len).collect()
            };
            let (a, b) = (within(a), within(b));
            let (dense_a, dense_b) = (Dense::new(&a, len), Dense::new(&b, len));
            let list = |positions: &[u32]| positions.iter().copied().collect::<RoaringBitmap>();
            let (list_a, list_b) = (list(&a), list(&b));
            prop_assert_eq!(dense_a.to_roaring(), list_a.clone());
            prop_assert_eq!(dense_a.len(), list_a.len());
            prop_assert_eq!(dense_a.intersection_len(&dense_b), list_a.intersection_len(&list_b));
            prop_assert_eq!(dense_a.and(&dense_b).to_roaring(), &list_a & &list_b);
            for position in 0..len + 100 {
                prop_assert_eq!(dense_a.contains(position), list_a.contains(position));
            }
        }
    }
}
