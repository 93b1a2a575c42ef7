//! Where the entry with a token is: sorted lists that double in length, so that a lookup asks only a few of them.

use annals_format::LogToken;

/// Tokens that are kept as they come, before they are sorted.
const RECENT_MAX: usize = 256;

/// Tokens in a list that is not merged any further: merging takes the memory of a list twice, and a moment.
const LIST_MAX: usize = 1 << 20;

/// The index of each token of a log.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    recent: Vec<(LogToken, u64)>,
    /// Each list is longer than the next one, but for those of full length.
    lists: Vec<List>,
}

impl Tokens {
    /// Adds the token of the entry with this index.
    pub(super) fn push(&mut self, token: LogToken, index: u64) {
        self.recent.push((token, index));
        if self.recent.len() < RECENT_MAX {
            return;
        }
        let mut list = std::mem::take(&mut self.recent);
        list.sort_unstable();
        let mut list = List::new(list.into_iter());
        let merges = |last: &mut List, length: usize| last.tokens.len() <= length && length < LIST_MAX;
        while let Some(last) = self.lists.pop_if(|last| merges(last, list.tokens.len())) {
            list = List::new(merge(last.iter(), list.iter()));
        }
        self.lists.push(list);
    }

    /// The index of the entry with this token.
    pub(super) fn find(&self, token: LogToken) -> Option<u64> {
        let recent = self.recent.iter().find(|(other, _)| *other == token).map(|(_, index)| *index);
        recent.or_else(|| self.lists.iter().find_map(|list| list.find(token)))
    }
}

/// Sorted tokens with a directory by their first bits. Most tokens are random, so that a lookup reads a line of the
/// directory and a line or two of the tokens; each of the steps of a binary search would wait for memory.
#[derive(Debug)]
struct List {
    tokens: Box<[LogToken]>,
    indexes: Box<[Index]>,
    /// Where the tokens with each first `bits` bits start.
    starts: Box<[u32]>,
    bits: u32,
}

/// An index, which lies below 2^40, in five bytes and not eight.
type Index = [u8; 5];

impl List {
    /// Takes sorted tokens.
    fn new(sorted: impl Iterator<Item = (LogToken, u64)>) -> Self {
        let (tokens, indexes): (Vec<LogToken>, Vec<Index>) = sorted
            .map(|(token, index)| (token, index.to_le_bytes().first_chunk().copied().unwrap_or_default()))
            .unzip();
        // Between eight and sixteen tokens for each entry of the directory, if they are random.
        let bits = (tokens.len() / 8).max(1).ilog2();
        let mut starts = vec![0; (1 << bits) + 1];
        for token in &tokens {
            if let Some(count) = starts.get_mut(bucket(*token, bits) + 1) {
                *count += 1;
            }
        }
        let mut start = 0;
        for count in &mut starts {
            start += *count;
            *count = start;
        }
        Self { tokens: tokens.into(), indexes: indexes.into(), starts: starts.into(), bits }
    }

    fn find(&self, token: LogToken) -> Option<u64> {
        let bucket = bucket(token, self.bits);
        let (start, end) = (*self.starts.get(bucket)? as usize, *self.starts.get(bucket + 1)? as usize);
        let at = self.tokens.get(start..end)?.binary_search(&token).ok()?;
        self.indexes.get(start + at).copied().map(index)
    }

    fn iter(&self) -> impl Iterator<Item = (LogToken, u64)> {
        self.tokens.iter().copied().zip(self.indexes.iter().copied().map(index))
    }
}

fn bucket(token: LogToken, bits: u32) -> usize {
    // A shift by all 64 bits is what `bits` = 0 means.
    usize::try_from(token.0.checked_shr(64 - bits).unwrap_or(0)).unwrap_or(usize::MAX)
}

fn index(bytes: Index) -> u64 {
    bytes.iter().rev().fold(0, |index, byte| index << 8 | u64::from(*byte))
}

fn merge(
    a: impl Iterator<Item = (LogToken, u64)>,
    b: impl Iterator<Item = (LogToken, u64)>,
) -> impl Iterator<Item = (LogToken, u64)> {
    let (mut a, mut b) = (a.peekable(), b.peekable());
    std::iter::from_fn(move || match (a.peek(), b.peek()) {
        (Some(x), Some(y)) if x <= y => a.next(),
        (Some(_), None) => a.next(),
        (_, Some(_)) => b.next(),
        (None, None) => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_found_at_every_size() {
        let random = |index: u64| LogToken(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        // An importer may choose tokens that all start alike.
        for token in [random, LogToken, |index| LogToken(u64::MAX - index)] {
            let mut tokens = Tokens::default();
            for index in 0..5_000 {
                tokens.push(token(index), index);
                assert_eq!(tokens.find(token(index)), Some(index));
                assert_eq!(tokens.find(token(index / 2)), Some(index / 2));
                assert_eq!(tokens.find(token(index + 1)), None);
            }
            assert!((0..5_000).all(|index| tokens.find(token(index)) == Some(index)));
            assert!(tokens.lists.len() <= 6, "{} lists", tokens.lists.len());
        }
    }

    #[test]
    fn the_largest_index_keeps_its_digits() {
        let index = (1 << 40) - 1;
        let list = List::new([(LogToken(7), index)].into_iter());
        assert_eq!(list.find(LogToken(7)), Some(index));
    }
}
