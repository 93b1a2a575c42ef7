//! The tokens of several segments with their new positions, merged in their order.

use std::{
    cmp::Reverse,
    collections::{BinaryHeap, binary_heap::PeekMut},
    io, vec,
};

use super::{MergeError, Source, corrupt};
use crate::segment::{Corrupt, Kind, Parts, TOKEN_CHUNK, bytes::Reason, part::one, write::Writer};

/// Merges the tokens; a chunk of each source is in memory at a time.
pub(super) fn merge<P: Parts, W: io::Write>(
    sources: &[Source<P>],
    writer: &mut Writer<W>,
) -> Result<(), MergeError<P::Error>> {
    let mut cursors: Vec<_> = sources.iter().map(Cursor::new).collect();
    let mut heads = BinaryHeap::with_capacity(cursors.len());
    for (cursor, number) in cursors.iter_mut().zip(0_usize..) {
        heads.extend(cursor.next()?.map(|pair| Reverse((pair, number))));
    }
    let mut chunk = Vec::with_capacity(TOKEN_CHUNK as usize);
    while let Some(mut head) = heads.peek_mut() {
        let Reverse((pair, number)) = *head;
        chunk.push(pair);
        if chunk.len() == TOKEN_CHUNK as usize {
            writer.tokens(&chunk)?;
            chunk.clear();
        }
        match cursors.get_mut(number).map(Cursor::next).transpose()?.flatten() {
            Some(next) => *head = Reverse((next, number)),
            None => drop(PeekMut::pop(head)),
        }
    }
    Ok(writer.tokens(&chunk)?)
}

/// Where a source is.
struct Cursor<'a, P> {
    source: &'a Source<'a, P>,
    /// The chunk that is read next.
    chunk: usize,
    pairs: vec::IntoIter<(u64, u32)>,
    last: Option<(u64, u32)>,
    count: u32,
}

impl<'a, P: Parts> Cursor<'a, P> {
    fn new(source: &'a Source<'a, P>) -> Self {
        Self { source, chunk: 0, pairs: Vec::new().into_iter(), last: None, count: 0 }
    }

    fn next(&mut self) -> Result<Option<(u64, u32)>, MergeError<P::Error>> {
        let segment = self.source.segment;
        while self.pairs.as_slice().is_empty() {
            let Some(chunk) = segment.tokens.get(self.chunk) else {
                let all = self.count == segment.rows();
                return if all { Ok(None) } else { Err(self.corrupt("they are not as many as the rows")) };
            };
            let part = one(self.source.parts, &chunk.extent).map_err(MergeError::Read)?;
            let mut pairs = Vec::with_capacity(TOKEN_CHUNK as usize);
            for (token, position) in part.tokens(&chunk.extent).map_err(corrupt)?.iter() {
                let position = segment.checked_position(&chunk.extent, position).map_err(corrupt)?;
                pairs.push((token, self.source.position(position)));
            }
            self.pairs = pairs.into_iter();
            self.chunk += 1;
        }
        let next = self.pairs.next();
        if self.last >= next {
            return Err(self.corrupt("they are out of order"));
        }
        self.last = next;
        self.count = self.count.saturating_add(1);
        Ok(next)
    }

    fn corrupt(&self, reason: Reason) -> MergeError<P::Error> {
        let chunk = self.source.segment.tokens.get(self.chunk.saturating_sub(1));
        let offset = chunk.map_or(0, |chunk| chunk.extent.offset);
        corrupt(Corrupt { kind: Kind::Tokens, offset, reason })
    }
}
