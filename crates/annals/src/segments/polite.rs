//! Making segments without being in the way of those who read and write meanwhile.

use std::{
    io::{self, Write},
    thread,
};

/// Bytes of a segment between two pauses: some twenty-five rows, which take a tenth of a millisecond.
const PAUSE_BYTES: usize = 4 * 1024;

/// Passes on what is written, and every so often lets those go first who wait for this processor. Linux lets a thread go on
/// for some milliseconds before one that was woken, whatever their priorities; a page takes a few tenths of one.
#[derive(Debug)]
pub(super) struct Polite<W> {
    sink: W,
    /// Bytes that were written since the last pause.
    written: usize,
}

impl<W: Write> Polite<W> {
    /// Passes on to `sink`.
    pub(super) fn new(sink: W) -> Self {
        Self { sink, written: 0 }
    }

    /// Where it was written to.
    pub(super) fn into_inner(self) -> W {
        self.sink
    }
}

impl<W: Write> Write for Polite<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written >= PAUSE_BYTES {
            self.written = 0;
            thread::yield_now();
        }
        let written = self.sink.write(bytes)?;
        self.written += written;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}
