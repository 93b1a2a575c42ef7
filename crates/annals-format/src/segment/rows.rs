//! Rows by position.

use std::{
    collections::BTreeMap,
    ops::{ControlFlow, Range},
    sync::Arc,
};

use super::{
    BLOCK_ROWS, Corrupt, Dictionary, Extent, Kind, Part, Parts, Segment, block::Room, bytes::Reason,
    dictionary::Unpacker, footer::Group, part::get,
};
use crate::{Row, entry::CorruptRow};

/// Blocks that are read together when all rows are wanted.
pub(super) const RUN_BLOCKS: u32 = 64;

/// Rows of a piece at most: enough for the reads to be long ones, and few enough for many threads to share a segment.
const PIECE_ROWS: u32 = 8 * RUN_BLOCKS * BLOCK_ROWS;

/// Bytes of rows after which no more blocks are unpacked for now.
const UNPACKED_BYTES: usize = 1 << 20;

impl Segment {
    /// The rows at these positions, in the order asked. Reads what the groups say of their blocks, then all blocks
    /// together; a block is unpacked once however many of its rows are wanted.
    ///
    /// # Errors
    ///
    /// Also if the segment has not such positions.
    pub fn rows_at<P: Parts>(&self, parts: &P, positions: &[u32]) -> Result<Vec<Vec<u8>>, P::Error> {
        let mut wanted: BTreeMap<(usize, u32), Vec<(usize, usize)>> = BTreeMap::new();
        for (asked, position) in positions.iter().enumerate() {
            let (group, within) = self.group_of(*position)?;
            let row = (within % BLOCK_ROWS) as usize;
            wanted.entry((group, within / BLOCK_ROWS)).or_default().push((row, asked));
        }
        let blocks: Vec<(usize, u32)> = wanted.keys().copied().collect();
        let mut rows = vec![Vec::new(); positions.len()];
        let mut asked = wanted.into_values();
        self.each_block(parts, &blocks, |extent, block| {
            for (row, asked) in asked.next().unwrap_or_default() {
                let found = block.get(row).ok_or_else(|| extent.corrupt("it has too few rows"))?;
                if let Some(to) = rows.get_mut(asked) {
                    to.clone_from(found);
                }
            }
            Ok(())
        })?;
        Ok(rows)
    }

    /// All rows in the order of positions, read many blocks at a time. It ends after the first error.
    pub fn all_rows<'a, P: Parts>(&'a self, parts: &'a P) -> AllRows<'a, P> {
        AllRows { segment: self, parts, next: 0, run: None, rows: Vec::new().into_iter() }
    }

    /// Gives the rows of one of [`Self::pieces`], or why they are none, with their positions until one breaks. Rows that are
    /// only looked at take no memory.
    pub(super) fn each_row<P: Parts, B>(
        &self,
        parts: &P,
        positions: Range<u32>,
        mut each: impl FnMut(u32, Result<Row, CorruptRow>) -> ControlFlow<B>,
    ) -> Result<ControlFlow<B>, P::Error> {
        let Range { start: mut position, end } = positions;
        let mut room = Room::default();
        // A piece is of one group.
        let head = self.head_at(parts, position)?;
        let unpacker = Unpacker::new(head.dictionary()?);
        let mut unpacker = unpacker.map_err(|reason| head.group.offsets.corrupt(reason))?;
        while position < end {
            let (blocks, _) = head.blocks_from(parts, position)?;
            for (block, extent, part) in blocks {
                let (mut broken, before) = (ControlFlow::Continue(()), position);
                let rows = part.rows(&extent)?.each_decoded(&mut unpacker, &mut room, |row| {
                    if broken.is_continue() {
                        broken = each(position, row);
                    }
                    position += 1;
                });
                if broken.is_break() {
                    return Ok(broken);
                }
                rows.map_err(|reason| extent.corrupt(reason))?;
                head.check_rows(block, (position - before) as usize, &extent)?;
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    /// Reads the blocks from this position on, which begins one, that belong to a piece and are read together; says which
    /// position follows them.
    fn run<P: Parts>(&self, parts: &P, position: u32) -> Result<(Run<'_>, u32), P::Error> {
        let head = self.head_at(parts, position)?;
        let (blocks, next) = head.blocks_from(parts, position)?;
        Ok((Run { head, blocks }, next))
    }

    /// The head of the group that has this position.
    fn head_at<P: Parts>(&self, parts: &P, position: u32) -> Result<GroupHead<'_>, P::Error> {
        let (number, _) = self.group_of(position)?;
        let mut heads = self.group_heads(parts, &[number])?;
        Ok(heads.remove(&number).ok_or_else(|| self.no_position())?)
    }

    /// Positions that can be read independently of each other: whole runs of blocks, the oldest first.
    pub(super) fn pieces(&self) -> Vec<Range<u32>> {
        let of_group = |group: &Group| {
            let (first, end) = (group.first, group.first.saturating_add(group.rows));
            (first..end).step_by(PIECE_ROWS as usize).map(move |start| start..end.min(start + PIECE_ROWS))
        };
        self.groups.iter().flat_map(of_group).collect()
    }

    /// Reads blocks, by group and number in their order, and unpacks them one after the other.
    fn each_block<P: Parts>(
        &self,
        parts: &P,
        blocks: &[(usize, u32)],
        mut each: impl FnMut(&Extent, Vec<Vec<u8>>) -> Result<(), Corrupt>,
    ) -> Result<(), P::Error> {
        let mut numbers: Vec<usize> = blocks.iter().map(|(group, _)| *group).collect();
        numbers.dedup();
        let heads = self.group_heads(parts, &numbers)?;
        let mut extents = Vec::with_capacity(blocks.len());
        for (group, block) in blocks {
            if let Some(head) = heads.get(group) {
                extents.push(head.block(*block)?);
            }
        }
        let got = get(parts, &extents)?;
        let mut unpackers: BTreeMap<usize, Unpacker> = BTreeMap::new();
        for (((number, block), extent), part) in blocks.iter().zip(&extents).zip(&got) {
            let Some(head) = heads.get(number) else { continue };
            let corrupt = |reason| extent.corrupt(reason);
            if !unpackers.contains_key(number) {
                unpackers.clear();
                unpackers.insert(*number, Unpacker::new(head.dictionary()?).map_err(corrupt)?);
            }
            let Some(unpacker) = unpackers.get_mut(number) else { continue };
            each(extent, head.unpack(unpacker, *block, extent, part)?)?;
        }
        Ok(())
    }

    /// Reads what is needed of groups to find and to unpack their blocks, all at once.
    pub(super) fn group_heads<'a, P: Parts>(
        &'a self,
        parts: &P,
        numbers: &[usize],
    ) -> Result<BTreeMap<usize, GroupHead<'a>>, P::Error> {
        let groups = || numbers.iter().filter_map(|number| Some((*number, self.groups.get(*number)?)));
        let extents: Vec<Extent> =
            groups().flat_map(|(_, group)| [Some(group.offsets), group.dictionary]).flatten().collect();
        let mut got = get(parts, &extents)?.into_iter();
        let mut heads = BTreeMap::new();
        for (number, group) in groups() {
            let offsets = got.next().ok_or_else(|| group.offsets.corrupt("it was not read"))?;
            if offsets.column(&group.offsets)?.len() != group.block_count() {
                return Err(group.offsets.corrupt("it has another number of blocks than its group").into());
            }
            let dictionary = group.dictionary.and_then(|_| got.next());
            heads.insert(number, GroupHead { group, offsets, dictionary });
        }
        Ok(heads)
    }

    /// The number of the group that has this position, and the position's place in it.
    fn group_of(&self, position: u32) -> Result<(usize, u32), Corrupt> {
        let number = self.groups.partition_point(|group| group.first <= position).checked_sub(1);
        match number.and_then(|number| Some((number, self.groups.get(number)?))) {
            Some((number, group)) if position < self.rows => Ok((number, position - group.first)),
            _ => Err(self.no_position()),
        }
    }
}

/// A group with what is needed to read its blocks.
pub(super) struct GroupHead<'a> {
    pub(super) group: &'a Group,
    offsets: Arc<Part>,
    dictionary: Option<Arc<Part>>,
}

impl GroupHead<'_> {
    /// Where a block is.
    pub(super) fn block(&self, number: u32) -> Result<Extent, Corrupt> {
        let column = self.offsets.column(&self.group.offsets)?;
        let blocks = &self.group.blocks;
        let from_start =
            |offset: u64| blocks.start.checked_add(offset).filter(|offset| *offset <= blocks.end);
        let at = number as usize;
        let start = column.get(at).and_then(from_start);
        let end = match column.get(at + 1) {
            Some(next) => from_start(next),
            None => Some(blocks.end),
        };
        let length = start.zip(end).and_then(|(start, end)| u32::try_from(end.checked_sub(start)?).ok());
        match (start, length) {
            (Some(offset), Some(length)) => Ok(Extent { kind: Kind::Rows, offset, length, crc: 0 }),
            _ => Err(self.group.offsets.corrupt(OUT_OF_ORDER)),
        }
    }

    /// Reads the blocks from this position of the group on that are read together; says which position follows them.
    fn blocks_from<P: Parts>(&self, parts: &P, position: u32) -> Result<(Blocks, u32), P::Error> {
        let first = position.saturating_sub(self.group.first) / BLOCK_ROWS;
        let end = self.group.rows.div_ceil(BLOCK_ROWS).min(first + RUN_BLOCKS);
        let extents = (first..end).map(|block| self.block(block)).collect::<Result<Vec<_>, _>>()?;
        let got = get(parts, &extents)?;
        let blocks = (first..end).zip(extents).zip(got).map(|((block, extent), part)| (block, extent, part));
        let blocks = blocks.collect::<Vec<_>>().into_iter();
        let next = self.group.first + end.saturating_mul(BLOCK_ROWS).min(self.group.rows);
        Ok((blocks, next))
    }

    fn dictionary(&self) -> Result<Option<&Dictionary>, Corrupt> {
        match (&self.dictionary, &self.group.dictionary) {
            (Some(part), Some(extent)) => part.dictionary(extent).map(Some),
            _ => Ok(None),
        }
    }

    /// What the blocks are unpacked with, and where it stands.
    pub(super) fn dictionary_part(&self) -> Option<(Arc<Part>, Extent)> {
        self.dictionary.clone().zip(self.group.dictionary)
    }

    fn unpack(
        &self,
        unpacker: &mut Unpacker,
        block: u32,
        extent: &Extent,
        part: &Part,
    ) -> Result<Vec<Vec<u8>>, Corrupt> {
        let rows = part.rows(extent)?.rows(unpacker).map_err(|reason| extent.corrupt(reason))?;
        self.check_rows(block, rows.len(), extent).map(|()| rows)
    }

    fn check_rows(&self, block: u32, rows: usize, extent: &Extent) -> Result<(), Corrupt> {
        if rows == self.rows_of(block) {
            Ok(())
        } else {
            Err(extent.corrupt("it has another number of rows than its group says"))
        }
    }

    fn rows_of(&self, block: u32) -> usize {
        self.group.rows.saturating_sub(block.saturating_mul(BLOCK_ROWS)).min(BLOCK_ROWS) as usize
    }
}

const OUT_OF_ORDER: Reason = "its offsets are out of order";

/// All rows of a segment; see [`Segment::all_rows`]. Holds the bytes of many blocks, and few rows.
pub struct AllRows<'a, P> {
    segment: &'a Segment,
    parts: &'a P,
    /// The first position of the first block that is not read yet.
    next: u32,
    run: Option<Run<'a>>,
    rows: std::vec::IntoIter<Vec<u8>>,
}

/// Blocks of a group that were read together.
struct Run<'a> {
    head: GroupHead<'a>,
    blocks: Blocks,
}

/// Blocks with their numbers and where they are.
type Blocks = std::vec::IntoIter<(u32, Extent, Arc<Part>)>;

impl Run<'_> {
    /// Unpacks blocks until there are rows enough to go on with: blocks of long rows are not unpacked all at once.
    fn unpack(&mut self) -> Result<Vec<Vec<u8>>, Corrupt> {
        let Self { head, blocks } = self;
        let unpacker = Unpacker::new(head.dictionary()?);
        let mut unpacker = unpacker.map_err(|reason| head.group.offsets.corrupt(reason))?;
        let (mut rows, mut bytes) = (Vec::new(), 0);
        for (block, extent, part) in blocks {
            let mut unpacked = head.unpack(&mut unpacker, block, &extent, &part)?;
            bytes += unpacked.iter().map(Vec::len).sum::<usize>();
            rows.append(&mut unpacked);
            if bytes >= UNPACKED_BYTES {
                break;
            }
        }
        Ok(rows)
    }
}

impl<P: Parts> AllRows<'_, P> {
    /// Unpacks what was read, or reads the next run.
    fn advance(&mut self) -> Result<(), P::Error> {
        if let Some(run) = self.run.as_mut().filter(|run| run.blocks.len() > 0) {
            self.rows = run.unpack()?.into_iter();
            return Ok(());
        }
        let (run, next) = self.segment.run(self.parts, self.next)?;
        self.next = next;
        self.run = Some(run);
        Ok(())
    }
}

impl<P: Parts> Iterator for AllRows<'_, P> {
    type Item = Result<Vec<u8>, P::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(row) = self.rows.next() {
                return Some(Ok(row));
            }
            let run_ended = self.run.as_ref().is_none_or(|run| run.blocks.len() == 0);
            if run_ended && self.next >= self.segment.rows {
                return None;
            }
            if let Err(error) = self.advance() {
                self.run = None;
                self.next = u32::MAX;
                return Some(Err(error));
            }
        }
    }
}
