//! Merging: segments that follow each other become one.
//!
//! Rows are never all in memory: where the sources do not overlap in time, which is usual, their row blocks are copied
//! as they are and become groups; else the rows are woven together and compressed again. Terms are merged from the
//! sources' indexes without a look at any row.

mod fields;
mod rows;
mod tokens;

use std::io;

use super::{
    Corrupt, Field, Kind, Options, Parts, ROWS_MAX, Segment, Summary, bytes::to_us, part::one, write::Writer,
};

/// Why segments were not merged.
#[derive(Debug, thiserror::Error)]
pub enum MergeError<E> {
    /// The indexes of one do not begin where those of the one before end.
    #[error("segments to be merged follow each other by their indexes")]
    Neighbours,
    /// They have too many entries together, or there is none of them.
    #[error("a segment has 1 to {ROWS_MAX} entries, not {0}")]
    Rows(u64),
    /// A source could not be read.
    #[error("reading a segment to be merged failed")]
    Read(#[source] E),
    /// The sink took no more.
    #[error("writing a segment failed")]
    Write(#[from] io::Error),
}

/// Writes one segment of several that follow each other, given in the order of their indexes. What was pruned stays pruned.
///
/// Beside a chunk of each part and one term this takes 16 bytes of memory for each row of the largest source, and 8 for each
/// pruned entry, whatever the rows' length; where sources overlap in time, some 30 bytes for each row of all.
pub fn merge<P: Parts, W: io::Write>(
    by_index: &[(&Segment, &P)],
    options: &Options,
    sink: W,
) -> Result<Summary, MergeError<P::Error>> {
    let entries = by_index.iter().map(|(segment, _)| segment.indexes().end - segment.indexes().start).sum();
    let first_index = by_index.first().map(|(segment, _)| segment.indexes().start);
    let Some(first_index) = first_index.filter(|_| entries <= u64::from(ROWS_MAX)) else {
        return Err(MergeError::Rows(entries));
    };
    let neighbours = |pair: &[(&Segment, &P)]| match pair {
        [(before, _), (after, _)] => before.indexes().end == after.indexes().start,
        _ => true,
    };
    if !by_index.windows(2).all(neighbours) {
        return Err(MergeError::Neighbours);
    }
    let mut sources: Vec<Source<P>> = by_index
        .iter()
        .map(|&(segment, parts)| Source { segment, parts, positions: Positions::From(0) })
        .collect();
    // One without rows, if there is any, comes first, and overlaps none.
    sources.sort_by_key(|source| source.segment.oldest());
    let apart = sources.windows(2).all(|pair| match pair {
        [before, after] => before.segment.newest().is_none_or(|newest| Some(newest) < after.segment.oldest()),
        _ => true,
    });
    let pruned = by_index.iter().map(|(segment, _)| segment.pruned()).sum();
    let mut writer = Writer::new(sink, pruned, options)?;
    let dictionary = if apart {
        line_up(&mut sources);
        let dictionary = rows::copy(&sources, &mut writer)?;
        writer.columns(|put| in_line(&sources, put))?;
        dictionary
    } else {
        let order = arrange(&mut sources)?;
        let dictionary = rows::weave(&sources, &order, options, &mut writer)?;
        writer.columns(|put| order.iter().try_for_each(|(place, _)| put(*place)))?;
        dictionary
    };
    tokens::merge(&sources, &mut writer)?;
    copy_pruned(by_index, &mut writer)?;
    for field in Field::ALL {
        fields::merge(&sources, field, &mut writer)?;
    }
    Ok(writer.finish(first_index, dictionary)?.0)
}

/// A segment to be merged.
struct Source<'a, P> {
    segment: &'a Segment,
    parts: &'a P,
    positions: Positions,
}

/// The positions that a source's rows get, by the positions that they have. They ascend.
enum Positions {
    /// All rows together, from this one on.
    From(u32),
    Each(Vec<u32>),
}

/// A place, and the number of the source that has it.
type Placed = ((i64, u64), u32);

/// Gives all rows their new positions where one source ends before the next begins.
fn line_up<P>(sources: &mut [Source<P>]) {
    let mut first = 0;
    for source in sources {
        source.positions = Positions::From(first);
        first += source.segment.rows();
    }
}

/// The places of all rows in their order, where one source ends before the next begins.
fn in_line<P: Parts>(
    sources: &[Source<P>],
    put: &mut dyn FnMut((i64, u64)) -> io::Result<()>,
) -> Result<(), MergeError<P::Error>> {
    for source in sources {
        for place in source.places().map_err(MergeError::Read)? {
            put(place)?;
        }
    }
    Ok(())
}

/// Gives all rows their new positions; gives back the places in their order.
fn arrange<P: Parts>(sources: &mut [Source<P>]) -> Result<Vec<Placed>, MergeError<P::Error>> {
    // As large as it gets, so that it is not moved to twice the room on the way.
    let mut order: Vec<Placed> = Vec::with_capacity(rows_of(sources));
    for (source, number) in sources.iter().zip(0..) {
        let places = source.places().map_err(MergeError::Read)?;
        order.extend(places.into_iter().map(|place| (place, number)));
    }
    order.sort_unstable();
    let mut positions: Vec<Vec<u32>> =
        sources.iter().map(|source| Vec::with_capacity(source.segment.rows() as usize)).collect();
    for ((_, source), position) in order.iter().zip(0..) {
        if let Some(positions) = positions.get_mut(*source as usize) {
            positions.push(position);
        }
    }
    for (source, positions) in sources.iter_mut().zip(positions) {
        source.positions = Positions::Each(positions);
    }
    Ok(order)
}

impl<P: Parts> Source<'_, P> {
    fn places(&self) -> Result<Vec<(i64, u64)>, P::Error> {
        let mut places = Vec::with_capacity(self.segment.rows() as usize);
        for (times, indexes) in self.segment.times.iter().zip(&self.segment.indexes) {
            let (times_part, indexes_part) =
                (one(self.parts, &times.extent)?, one(self.parts, &indexes.extent)?);
            let times_column = times_part.column(&times.extent)?;
            let indexes_column = indexes_part.column(&indexes.extent)?;
            places.extend(times_column.iter().map(to_us).zip(indexes_column.iter()));
        }
        if places.len() == self.segment.rows() as usize && places.is_sorted() {
            Ok(places)
        } else {
            let offset = self.segment.times.first().map_or(0, |chunk| chunk.extent.offset);
            Err(Corrupt { kind: Kind::Times, offset, reason: "its places are out of order, or too few" }
                .into())
        }
    }

    /// The new position of a row, which the segment has checked to be one of its own.
    fn position(&self, position: u32) -> u32 {
        match &self.positions {
            Positions::From(first) => first.saturating_add(position),
            Positions::Each(positions) => positions.get(position as usize).copied().unwrap_or(u32::MAX),
        }
    }
}

fn corrupt<E: From<Corrupt>>(corrupt: Corrupt) -> MergeError<E> {
    MergeError::Read(corrupt.into())
}

fn rows_of<P>(sources: &[Source<P>]) -> usize {
    sources.iter().map(|source| source.segment.rows() as usize).sum()
}

/// Copies the pruned entries, which are in their order if the sources are.
fn copy_pruned<P: Parts, W: io::Write>(
    by_index: &[(&Segment, &P)],
    writer: &mut Writer<W>,
) -> Result<(), MergeError<P::Error>> {
    let mut pruned = writer.pruned();
    for (segment, parts) in by_index {
        for chunk in segment.all_pruned(*parts) {
            for (index, hash) in chunk.map_err(MergeError::Read)? {
                pruned.entry(index, &hash)?;
            }
        }
    }
    Ok(pruned.finish()?)
}
