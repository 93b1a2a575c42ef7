//! A dictionary of one field's values, each with the positions of the rows that have it.

use std::collections::BTreeMap;

use roaring::RoaringBitmap;

/// Up to this many positions are listed; more go into a bitmap, whose header alone is larger than such a list.
const LISTED_MAX: usize = 32;

/// Sorted values of a field, each with its rows. Rows without a value are in none.
#[derive(Debug, Default)]
pub(super) struct Terms {
    /// The values, one after the other.
    text: Box<str>,
    /// Where each value ends in `text`.
    ends: Box<[u32]>,
    postings: Box<[Postings]>,
    /// The positions of [`Postings::Listed`].
    listed: Box<[u32]>,
}

#[derive(Debug)]
enum Postings {
    Listed { start: u32, count: u32 },
    Bitmap(Box<RoaringBitmap>),
}

impl Terms {
    /// Collects the values of a field; `values` comes in the order of positions.
    pub(super) fn build<'a>(values: impl Iterator<Item = Option<&'a str>>) -> Self {
        let mut rows: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
        for (position, value) in (0..).zip(values) {
            if let Some(value) = value {
                rows.entry(value).or_default().push(position);
            }
        }
        let mut text = String::new();
        let (mut ends, mut postings, mut listed) = (Vec::new(), Vec::new(), Vec::new());
        for (value, positions) in rows {
            text.push_str(value);
            ends.push(offset(text.len()));
            postings.push(if positions.len() <= LISTED_MAX {
                let start = offset(listed.len());
                listed.extend_from_slice(&positions);
                Postings::Listed { start, count: offset(positions.len()) }
            } else {
                let mut bits: RoaringBitmap = positions.into_iter().collect();
                bits.optimize();
                Postings::Bitmap(Box::new(bits))
            });
        }
        Self { text: text.into(), ends: ends.into(), postings: postings.into(), listed: listed.into() }
    }

    /// The rows that have `value`; `None` when there are none.
    pub(super) fn rows(&self, value: &str) -> Option<std::borrow::Cow<'_, RoaringBitmap>> {
        let at = self.find(value)?;
        match self.postings.get(at)? {
            Postings::Bitmap(bits) => Some(std::borrow::Cow::Borrowed(bits)),
            Postings::Listed { start, count } => {
                let positions = self.listed.get(*start as usize..(start + count) as usize)?;
                Some(std::borrow::Cow::Owned(positions.iter().copied().collect()))
            }
        }
    }

    fn find(&self, value: &str) -> Option<usize> {
        let term = |at: usize| {
            let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
            let end = self.ends.get(at).copied().unwrap_or(start);
            self.text.get(start as usize..end as usize).unwrap_or_default()
        };
        let (mut low, mut high) = (0, self.ends.len());
        while low < high {
            let middle = usize::midpoint(low, high);
            match term(middle).cmp(value) {
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }
}

/// A run holds thousands of values of at most kilobytes, far from 4 GiB.
fn offset(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}
