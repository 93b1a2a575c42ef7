//! Where the entry with a token is: sorted lists that double in length, so that a lookup asks only a few of them.

use annals_format::LogToken;

/// Tokens that are kept as they come, before they are sorted.
const RECENT_MAX: usize = 256;

/// The index of each token of a log.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    recent: Vec<(LogToken, u64)>,
    /// Sorted by token; each list is longer than the next one.
    lists: Vec<Vec<(LogToken, u64)>>,
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
        while let Some(last) = self.lists.pop_if(|last| last.len() <= list.len()) {
            list = merge(&last, &list);
        }
        self.lists.push(list);
    }

    /// The index of the entry with this token.
    pub(super) fn find(&self, token: LogToken) -> Option<u64> {
        let recent = self.recent.iter().find(|(other, _)| *other == token);
        let listed = || {
            self.lists.iter().find_map(|list| {
                let at = list.binary_search_by_key(&token, |(other, _)| *other).ok()?;
                list.get(at)
            })
        };
        recent.or_else(listed).map(|(_, index)| *index)
    }
}

fn merge(a: &[(LogToken, u64)], b: &[(LogToken, u64)]) -> Vec<(LogToken, u64)> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.iter().peekable(), b.iter().peekable());
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if x <= y => a.next(),
            (Some(_), None) => a.next(),
            (_, Some(_)) => b.next(),
            (None, None) => return merged,
        };
        merged.extend(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_token_is_found_at_every_size() {
        let mut tokens = Tokens::default();
        let token = |index: u64| LogToken(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
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
