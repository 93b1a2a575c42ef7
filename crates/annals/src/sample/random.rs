//! A small seeded source of random numbers. It uses integers only, so that a seed means the same on every
//! machine.

/// SplitMix64 (Steele, Lea and Flood, 2014): quick, and good enough for a sample; not for secrets.
pub(super) struct Random(u64);

/// The increment of SplitMix64, 2⁶⁴ divided by the golden ratio. Being odd, its multiples up to 2⁶⁴ differ.
const GAMMA: u64 = 0x9e37_79b9_7f4a_7c15;

/// Scatters the bits of a number. Different numbers stay different.
pub(super) const fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

/// The `n`th of a sequence of numbers that look random and never repeat; each `family` is another sequence.
pub(super) const fn nth(family: u64, n: u64) -> u64 {
    mix(family.wrapping_add(n.wrapping_mul(GAMMA)))
}

impl Random {
    pub(super) const fn new(seed: u64) -> Random {
        Random(mix(seed))
    }

    pub(super) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GAMMA);
        mix(self.0)
    }

    /// A number below `end`, each equally likely (but for a bias of `end` in 2⁶⁴, which no sample shows).
    pub(super) const fn below(&mut self, end: u64) -> u64 {
        ((self.next() as u128 * end as u128) >> 64) as u64
    }

    /// A position in a list of `len` items, each equally likely. 0 for an empty list.
    #[expect(clippy::cast_possible_truncation, reason = "the result is below `len`, which is a usize")]
    pub(super) const fn index(&mut self, len: usize) -> usize {
        self.below(len as u64) as usize
    }

    /// True in `per_mille` of 1,000 cases.
    pub(super) const fn chance(&mut self, per_mille: u64) -> bool {
        self.below(1000) < per_mille
    }

    /// One of `items`, of which there is at least one.
    pub(super) const fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.index(items.len())]
    }

    /// A position in a list of `len` items, the first most likely: position *r* has a chance of about
    /// 1 / (*r* + 1), as in Zipf's law with exponent 1. 0 for an empty list.
    ///
    /// That chance is the same for every octave, 1, 2–3, 4–7, 8–15 …; so this picks an octave, then one of
    /// it.
    pub(super) const fn zipf(&mut self, len: usize) -> usize {
        let octaves = usize::BITS - len.leading_zeros();
        loop {
            let octave = 1 << self.below(octaves as u64);
            let position = octave - 1 + self.index(octave);
            // Only the last octave can reach beyond the list, and never with its first position.
            if position < len || len == 0 {
                return position;
            }
        }
    }
}
