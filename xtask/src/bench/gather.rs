//! What is kept of the loaded events to ask for their proofs later, and to hash what their proofs cover.

use anyhow::Result;

use super::events;

/// Tokens that are kept at most: so many that a turn asks for few of them twice.
const TOKENS_MAX: usize = 65_536;

/// Lines that are kept at most: enough to stand for all, and few enough to stay in a processor's cache while they are
/// hashed, as what was just unpacked does.
const LINES_MAX: usize = 256;

/// Events at even distances, from one end of the log to the other.
pub(crate) struct Gathered {
    events: usize,
    seen: usize,
    /// Their tokens, in no order.
    pub(crate) tokens: Vec<String>,
    /// Some of them as they were loaded.
    pub(crate) lines: Vec<String>,
}

impl Gathered {
    /// Of so many events.
    pub(crate) fn new(events: usize) -> Self {
        Self { events, seen: 0, tokens: Vec::new(), lines: Vec::new() }
    }

    /// Takes the next event into account.
    pub(crate) fn see(&mut self, line: &str) -> Result<()> {
        if self.seen.is_multiple_of(self.events.div_ceil(TOKENS_MAX).max(1)) {
            self.tokens.push(events::parse(line)?.token);
        }
        if self.seen.is_multiple_of(self.events.div_ceil(LINES_MAX).max(1)) {
            self.lines.push(line.to_owned());
        }
        self.seen += 1;
        if self.seen == self.events {
            shuffle(&mut self.tokens);
        }
        Ok(())
    }
}

/// Puts values into an order without any order, which is always the same one.
fn shuffle(values: &mut [String]) {
    for last in (1..values.len()).rev() {
        values.swap(last, anywhere(last as u64, last + 1));
    }
}

/// A number below `end` for the `n`-th draw, without any order: what SplitMix64 gives.
#[expect(clippy::cast_possible_truncation, reason = "the remainder is below a usize")]
pub(crate) fn anywhere(n: u64, end: usize) -> usize {
    let mut z = (n + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    ((z ^ (z >> 31)) % end.max(1) as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_there_once_in_another_order() {
        let sorted: Vec<String> = (0..100).map(|n| format!("{n:02}")).collect();
        let mut shuffled = sorted.clone();
        shuffle(&mut shuffled);
        assert_ne!(shuffled, sorted);
        shuffled.sort();
        assert_eq!(shuffled, sorted);
    }
}
