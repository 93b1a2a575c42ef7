//! Columns of numbers with random access: frames of 256 values, each frame a line and the distances from it.
//!
//! A value is base + slope · place in the frame + distance, modulo 2⁶⁴; the distances of a frame are packed with as many
//! bits each as the largest needs. So a run of numbers without gaps takes no space, and sorted ones little.

use super::{
    COLUMN_CHUNK,
    bytes::{Cursor, Reason},
};

/// Values in a frame.
const FRAME: usize = 256;

/// Bytes of a frame's head: base, slope, width.
const HEAD_BYTES: usize = 17;

/// Encodes the values of a chunk.
pub(super) fn encode(values: &[u64]) -> Vec<u8> {
    let lines: Vec<Line> = values.chunks(FRAME).map(Line::through).collect();
    let count = u32::try_from(values.len()).unwrap_or(u32::MAX);
    let mut out = Vec::with_capacity(4 + lines.len() * HEAD_BYTES + values.len() * 4);
    out.extend_from_slice(&count.to_le_bytes());
    for line in &lines {
        out.extend_from_slice(&line.base.to_le_bytes());
        out.extend_from_slice(&line.slope.to_le_bytes());
        out.push(line.width);
    }
    for (line, frame) in lines.iter().zip(values.chunks(FRAME)) {
        line.pack(frame, &mut out);
    }
    out
}

/// What a frame says of its values together.
#[derive(Debug, Clone, Copy)]
struct Line {
    base: u64,
    slope: u64,
    /// Bits of a distance.
    width: u8,
}

impl Line {
    /// The line that leaves the shortest distances: level, one up a value, or from the first value to the last.
    fn through(values: &[u64]) -> Self {
        let (first, last) = (values.first().copied().unwrap_or(0), values.last().copied().unwrap_or(0));
        let steps = (values.len() as u64).saturating_sub(1).max(1);
        let slopes = [0, 1, last.saturating_sub(first) / steps];
        let lines = slopes.into_iter().filter_map(|slope| Self::with_slope(values, slope));
        lines.min_by_key(|line| line.width).unwrap_or(Self { base: 0, slope: 0, width: 64 })
    }

    fn with_slope(values: &[u64], slope: u64) -> Option<Self> {
        let above = |(at, value): (usize, &u64)| i128::from(*value) - i128::from(slope) * at as i128;
        let least = values.iter().enumerate().map(above).min()?;
        let most = values.iter().enumerate().map(above).max()?;
        let widest = u64::try_from(most - least).ok()?;
        let width = u8::try_from(u64::BITS - widest.leading_zeros()).ok()?;
        // The base is below zero where values are few and steep; the sum comes out right modulo 2⁶⁴.
        let base = u64::try_from(least.rem_euclid(1 << 64)).ok()?;
        Some(Self { base, slope, width })
    }

    fn at(&self, at: usize) -> u64 {
        self.base.wrapping_add(self.slope.wrapping_mul(at as u64))
    }

    fn pack(&self, values: &[u64], out: &mut Vec<u8>) {
        let (mut bits, mut filled) = (0_u128, 0);
        for (at, value) in values.iter().enumerate() {
            bits |= u128::from(value.wrapping_sub(self.at(at))) << filled;
            filled += u32::from(self.width);
            while filled >= 8 {
                out.push(bits.to_le_bytes()[0]);
                bits >>= 8;
                filled -= 8;
            }
        }
        if filled > 0 {
            out.push(bits.to_le_bytes()[0]);
        }
    }

    fn packed_bytes(&self, values: usize) -> usize {
        (values * usize::from(self.width)).div_ceil(8)
    }
}

/// A chunk of a column, read in place.
#[derive(Debug)]
pub struct Column {
    values: usize,
    frames: Box<[Frame]>,
    packed: Box<[u8]>,
}

#[derive(Debug)]
struct Frame {
    line: Line,
    /// Where its distances begin.
    start: usize,
}

impl Column {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Reason> {
        let mut cursor = Cursor::new(bytes);
        let values = cursor.u32()?;
        if values > COLUMN_CHUNK {
            return Err("it has too many values");
        }
        let values = values as usize;
        let frame_count = values.div_ceil(FRAME);
        let mut heads = Cursor::new(cursor.take(frame_count * HEAD_BYTES)?);
        let mut frames = Vec::with_capacity(frame_count);
        let mut start = 0;
        for frame in 0..frame_count {
            let line = Line { base: heads.u64()?, slope: heads.u64()?, width: heads.u8()? };
            if line.width > 64 {
                return Err("a frame is wider than 64 bits");
            }
            frames.push(Frame { line, start });
            start += line.packed_bytes((values - frame * FRAME).min(FRAME));
        }
        let packed = cursor.take(start)?.into();
        cursor.end()?;
        Ok(Self { values, frames: frames.into(), packed })
    }

    /// How many values it has.
    pub(super) fn len(&self) -> usize {
        self.values
    }

    pub(super) fn get(&self, at: usize) -> Option<u64> {
        if at >= self.values {
            return None;
        }
        let Frame { line, start } = self.frames.get(at / FRAME)?;
        let bit = (at % FRAME) * usize::from(line.width);
        // The distance and the bits before it in its first byte take nine bytes at most.
        let mut window = [0; 16];
        let tail = self.packed.get(start + bit / 8..)?;
        for (to, from) in window.iter_mut().zip(tail.iter().take(9)) {
            *to = *from;
        }
        let distance = u128::from_le_bytes(window) >> (bit % 8) & ((1 << line.width) - 1);
        Some(line.at(at % FRAME).wrapping_add(u64::try_from(distance).ok()?))
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = u64> + '_ {
        (0..self.values).map_while(|at| self.get(at))
    }

    /// The number of values for which this holds; it must hold for the first ones and for no other.
    pub(super) fn partition_point(&self, holds: impl Fn(usize, u64) -> bool) -> usize {
        let (mut low, mut high) = (0, self.values);
        while low < high {
            let middle = usize::midpoint(low, high);
            if self.get(middle).is_some_and(|value| holds(middle, value)) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Memory that it takes.
    pub(super) fn bytes(&self) -> usize {
        size_of::<Self>() + size_of_val(&*self.frames) + self.packed.len()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(values: &[u64]) -> Result<(), TestCaseError> {
        let column = Column::decode(&encode(values)).map_err(TestCaseError::fail)?;
        prop_assert_eq!(column.iter().collect::<Vec<_>>(), values);
        prop_assert_eq!(column.get(values.len()), None);
        Ok(())
    }

    proptest! {
        #[test]
        fn any_values_are_read_back(values in prop::collection::vec(any::<u64>(), 0..600)) {
            check(&values)?;
        }

        #[test]
        fn sorted_values_are_read_back(mut values in prop::collection::vec(any::<u64>(), 0..600), shift in 0..64) {
            for value in &mut values {
                *value >>= shift;
            }
            values.sort_unstable();
            check(&values)?;
            let column = Column::decode(&encode(&values)).map_err(TestCaseError::fail)?;
            for value in values.iter().take(5) {
                prop_assert_eq!(
                    column.partition_point(|_, other| other < *value),
                    values.partition_point(|other| other < value)
                );
            }
        }

        #[test]
        fn damage_is_noticed_or_read_but_never_a_panic(mut bytes: Vec<u8>, count in 0_u8..9, width in 0_u8..66) {
            if let [first, second, third, fourth, rest @ ..] = &mut bytes[..] {
                [*first, *second, *third, *fourth] = [count, 0, 0, 0];
                if let Some(of_first) = rest.get_mut(16) {
                    *of_first = width;
                }
            }
            if let Ok(column) = Column::decode(&bytes) {
                prop_assert_eq!(column.iter().count(), usize::from(count));
            }
        }
    }

    #[test]
    fn numbers_without_gaps_take_no_space() {
        let values: Vec<u64> = (1_000_000..1_065_536).collect();
        assert_eq!(encode(&values).len(), 4 + 256 * HEAD_BYTES);
    }
}
