//! Comparing postings by their sums: what cannot be told from random numbers is made of each term and of each position,
//! by a secret that nobody knows who could have written the file.
//!
//! The sum over all postings of *term × position* is the same for the same postings, in whatever order they come. Seen as
//! a polynomial in these numbers, the difference of the sums of other postings is not zero, and so it is zero for no
//! more than 3 in 2⁶¹ of all choices of the numbers (Schwartz and Zippel; it is of the third degree).

use std::{
    hash::{BuildHasher, RandomState},
    iter,
    ops::{AddAssign, Mul},
    sync::Arc,
};

/// A number modulo the prime 2⁶¹ − 1. Zero is written in two ways, of which only [`PartialEq`] has to know.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Sum(u64);

const PRIME: u64 = (1 << 61) - 1;

impl Sum {
    /// The number that is congruent to this one, and at most the prime.
    fn of(value: u128) -> Self {
        let once = (value & u128::from(PRIME)) + (value >> 61);
        let twice = (once & u128::from(PRIME)) + (once >> 61);
        // The product of two numbers of 61 bits has 122; folded twice, 61 are left.
        Self(u64::try_from(twice).unwrap_or(0))
    }
}

impl Sum {
    /// Whether both are the same number, and zero written the same way: less work than to compare any two.
    pub(super) fn is_written_as(self, other: Self) -> bool {
        self.0 == other.0
    }

    /// Some bits of it, to find it by; those of zero differ.
    pub(super) fn low_bits(self) -> usize {
        usize::from(u16::try_from(self.0 & 0xffff).unwrap_or(0))
    }
}

impl PartialEq for Sum {
    fn eq(&self, other: &Self) -> bool {
        self.0 % PRIME == other.0 % PRIME
    }
}

impl AddAssign for Sum {
    fn add_assign(&mut self, other: Self) {
        let sum = self.0 + other.0;
        self.0 = (sum & PRIME) + (sum >> 61);
    }
}

impl Mul for Sum {
    type Output = Self;

    fn mul(self, other: Self) -> Self {
        Self::of(u128::from(self.0) * u128::from(other.0))
    }
}

/// Positions that share a high part; a position has 20 bits.
const LOW_BITS: u32 = 10;
const LOW: usize = 1 << LOW_BITS;

/// Makes numbers of terms and of positions.
#[derive(Debug, Clone)]
pub(super) struct Secret {
    /// A keyed hash: SipHash.
    hash: RandomState,
    /// Of the high parts of positions, then of the low ones. The number of a position is the product of both.
    parts: Arc<[[Sum; LOW]; 2]>,
}

impl Secret {
    /// Numbers that this hash makes, which nobody may know.
    pub(super) fn new(hash: &RandomState) -> Self {
        let part = |kind: u8| std::array::from_fn(|part| number(hash, &(kind, part)));
        Self { hash: hash.clone(), parts: Arc::new([part(0), part(1)]) }
    }

    /// The number of a term.
    pub(super) fn term(&self, term: &[u8]) -> Sum {
        number(&self.hash, &(2_u8, term))
    }

    /// The number of a text, to know it again: two texts have the same one no more often than two terms.
    pub(super) fn text(&self, text: &str) -> u64 {
        self.hash.hash_one((3_u8, text))
    }

    /// The number of a position.
    pub(super) fn position(&self, position: u32) -> Sum {
        let (high, low) = split(position);
        self.part(0, high) * self.part(1, low)
    }

    /// The sum of the numbers of positions, which ascend.
    pub(super) fn positions(&self, positions: impl IntoIterator<Item = u32>) -> Sum {
        let mut total = Sum::default();
        let mut of_high = (0, 0_u128);
        for (high, low) in positions.into_iter().map(split).chain(iter::once((usize::MAX, 0))) {
            if high != of_high.0 {
                total += self.part(0, of_high.0) * Sum::of(of_high.1);
                of_high = (high, 0);
            }
            of_high.1 += u128::from(self.part(1, low).0);
        }
        total
    }

    fn part(&self, kind: usize, part: usize) -> Sum {
        self.parts.get(kind).and_then(|parts| parts.get(part)).copied().unwrap_or_default()
    }
}

fn split(position: u32) -> (usize, usize) {
    ((position >> LOW_BITS) as usize, position as usize % LOW)
}

fn number(hash: &RandomState, of: &impl std::hash::Hash) -> Sum {
    Sum::of(u128::from(hash.hash_one(of)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn sums_and_products_are_those_modulo_the_prime(a: u64, b: u64) {
            let modulo = |value: u128| u64::try_from(value % u128::from(PRIME)).expect("it is below the prime");
            let (x, y) = (Sum::of(a.into()), Sum::of(b.into()));
            let mut sum = x;
            sum += y;
            prop_assert_eq!(sum.0 % PRIME, modulo(u128::from(a) + u128::from(b)));
            prop_assert_eq!((x * y).0 % PRIME, modulo(u128::from(a) * u128::from(b)));
        }

        #[test]
        fn positions_are_summed_as_one_by_one(positions in prop::collection::btree_set(0_u32..1 << 20, 0..300)) {
            let secret = Secret::new(&RandomState::new());
            let mut expected = Sum::default();
            for position in &positions {
                expected += secret.position(*position);
            }
            prop_assert_eq!(secret.positions(positions), expected);
        }
    }

    #[test]
    fn zero_is_zero_however_it_is_written() {
        assert_eq!(Sum(PRIME), Sum(0));
        assert_ne!(Sum(PRIME), Sum(1));
    }
}
