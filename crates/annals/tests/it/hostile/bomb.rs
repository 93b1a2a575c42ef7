//! Small bodies that unfold into a gibibyte of zeros.

/// What each of them unfolds into.
pub(crate) const UNFOLDED_BYTES: usize = 1 << 30;

/// A zstd frame (RFC 8878) of run-length blocks.
pub(crate) fn zstd() -> Vec<u8> {
    const BLOCK_BYTES: u32 = 128 << 10;
    const RUN: u32 = 1 << 1;
    // The magic number, no optional fields, a window of 128 KiB.
    let mut frame = vec![0x28, 0xb5, 0x2f, 0xfd, 0x00, 7 << 3];
    let blocks = UNFOLDED_BYTES / BLOCK_BYTES as usize;
    for block in 1..=blocks {
        let header = BLOCK_BYTES << 3 | RUN | u32::from(block == blocks);
        frame.extend_from_slice(&header.to_le_bytes()[..3]);
        frame.push(0);
    }
    frame
}

/// A gzip member (RFC 1952) of one deflate block (RFC 1951): a zero, and repetitions of it.
pub(crate) fn gzip() -> Vec<u8> {
    const REPETITION_BYTES: usize = 258;
    let mut bits = Bits { bytes: vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255], free: 0 };
    // The last block, with fixed codes.
    bits.push(0b110, 3);
    // The literal 0.
    bits.push(0b0011_0000, 8);
    for _ in 0..UNFOLDED_BYTES / REPETITION_BYTES {
        // 258 bytes, from a distance of 1.
        bits.push(0b1100_0101, 8);
        bits.push(0, 5);
    }
    // The end of the block. What follows it is never read.
    bits.push(0, 7);
    bits.bytes
}

/// Bits, the first of each byte its lowest; codes are written from their highest bit on.
struct Bits {
    bytes: Vec<u8>,
    /// Bits of the last byte that are free.
    free: u32,
}

impl Bits {
    fn push(&mut self, code: u32, length: u32) {
        for place in (0..length).rev() {
            if self.free == 0 {
                self.bytes.push(0);
                self.free = 8;
            }
            let last = self.bytes.last_mut().expect("there is a byte");
            *last |= ((code >> place & 1) as u8) << (8 - self.free);
            self.free -= 1;
        }
    }
}
