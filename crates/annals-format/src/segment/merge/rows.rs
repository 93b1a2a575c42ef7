//! The rows of several segments, copied in their blocks or woven together.

use std::{io, sync::Arc};

use super::{MergeError, Placed, Source, corrupt};
use crate::segment::{
    BLOCK_ROWS, Corrupt, Extent, Options, Part, Parts,
    block::{self, BlockRow},
    dictionary::{Packer, dictionary_bytes_max, train},
    part::get,
    rows::{GroupHead, RUN_BLOCKS},
    write::Writer,
};

/// Copies the groups of sources that do not overlap, block by block. Gives back the dictionary of the last.
pub(super) fn copy<P: Parts, W: io::Write>(
    sources: &[Source<P>],
    writer: &mut Writer<W>,
) -> Result<Vec<u8>, MergeError<P::Error>> {
    let mut dictionaries = Dictionaries::default();
    for Source { segment, parts, .. } in sources {
        for number in 0..segment.groups.len() {
            let mut heads = segment.group_heads(*parts, &[number]).map_err(MergeError::Read)?;
            let Some(head) = heads.remove(&number) else { continue };
            let extent = dictionaries.write(&head, writer)?;
            let mut group = writer.group(extent);
            let blocks = head.group.rows.div_ceil(BLOCK_ROWS);
            for start in (0..blocks).step_by(RUN_BLOCKS as usize) {
                let run = start..blocks.min(start + RUN_BLOCKS);
                let extents =
                    run.map(|block| head.block(block)).collect::<Result<Vec<_>, _>>().map_err(corrupt)?;
                let got = get(*parts, &extents).map_err(MergeError::Read)?;
                for (part, extent) in got.iter().zip(&extents) {
                    group.block(writer, part.rows(extent).map_err(corrupt)?.as_bytes())?;
                }
            }
            group.add_row_bytes(head.group.row_bytes);
            writer.end_group(&group, head.group.rows)?;
        }
    }
    Ok(dictionaries.last)
}

/// The dictionaries written so far: neighbours often were sealed with the same, which is then kept once.
#[derive(Default)]
struct Dictionaries {
    written: Vec<(Arc<Part>, Extent, Extent)>,
    last: Vec<u8>,
}

impl Dictionaries {
    fn write<E: From<Corrupt>, W: io::Write>(
        &mut self,
        head: &GroupHead,
        writer: &mut Writer<W>,
    ) -> Result<Option<Extent>, MergeError<E>> {
        let Some((part, extent)) = head.dictionary_part() else {
            self.last.clear();
            return Ok(None);
        };
        let bytes = part.dictionary(&extent).map_err(corrupt)?.as_bytes();
        self.last = bytes.to_vec();
        for (other, at, written) in &self.written {
            if other.dictionary(at).map_err(corrupt)?.as_bytes() == bytes {
                return Ok(Some(*written));
            }
        }
        let written = writer.dictionary(bytes)?;
        self.written.extend(written.map(|written| (part, extent, written)));
        Ok(written)
    }
}

/// Weaves the rows of sources that overlap into one group with a dictionary of its own, which it gives back.
pub(super) fn weave<P: Parts, W: io::Write>(
    sources: &[Source<P>],
    order: &[Placed],
    options: &Options,
    writer: &mut Writer<W>,
) -> Result<Vec<u8>, MergeError<P::Error>> {
    let dictionary = train_on(sources, order.len(), options).map_err(MergeError::Read)?;
    let extent = writer.dictionary(&dictionary)?;
    let mut packer = Packer::new(options.level, &dictionary)?;
    let mut group = writer.group(extent);
    let mut readers: Vec<_> = sources.iter().map(|source| source.segment.all_rows(source.parts)).collect();
    for places in order.chunks(BLOCK_ROWS as usize) {
        let mut rows: Vec<Vec<u8>> = Vec::with_capacity(places.len());
        for (_, source) in places {
            // Each source has as many rows as places.
            if let Some(row) = readers.get_mut(*source as usize).and_then(Iterator::next) {
                rows.push(row.map_err(MergeError::Read)?);
            }
        }
        let rows: Vec<BlockRow> = rows.iter().map(|row| BlockRow::new(row)).collect();
        group.rows(writer, &rows, &mut packer)?;
    }
    let rows = u32::try_from(order.len()).map_err(|_| MergeError::Rows(order.len() as u64))?;
    writer.end_group(&group, rows)?;
    Ok(dictionary)
}

/// Trains on rows at equal distances in each source.
fn train_on<P: Parts>(sources: &[Source<P>], rows: usize, options: &Options) -> Result<Vec<u8>, P::Error> {
    let step = rows.div_ceil(options.dictionary_rows.max(1) as usize).max(1);
    let (mut samples, mut bytes) = (Vec::new(), 0);
    for Source { segment, parts, .. } in sources {
        let positions: Vec<u32> = (0..segment.rows()).step_by(step).collect();
        for positions in positions.chunks(RUN_BLOCKS as usize) {
            for row in segment.rows_at(*parts, positions)? {
                bytes += row.len();
                samples.push(block::sample(&row));
            }
        }
    }
    Ok(train(&samples, dictionary_bytes_max(bytes.saturating_mul(step), options)))
}
