//! What people and programs get to see: standard output, tables, and errors with a next step.

mod error;
mod screen;
mod text;

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};

pub(super) use error::{HintExt, exit_code, failure, hint_also, report, usage};
pub(super) use screen::Screen;
pub(super) use text::{grouped, json_text, plain};

/// Standard output, buffered. Dropping it writes out what is left; call `flush` to learn whether that worked.
///
/// When nobody reads any more (`annals list | head`), writing fails with [`Closed`], which ends a command quietly.
pub(super) struct Stdout(BufWriter<StdoutLock<'static>>);

/// The reader of standard output is gone.
#[derive(Debug, thiserror::Error)]
#[error("nobody reads the output any more")]
struct Closed;

pub(super) fn stdout() -> Stdout {
    Stdout(BufWriter::with_capacity(64 * 1024, io::stdout().lock()))
}

impl Write for Stdout {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes).map_err(closed)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush().map_err(closed)
    }
}

fn closed(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::BrokenPipe { io::Error::other(Closed) } else { error }
}

/// A table on standard output with these headings.
pub(super) fn table(headings: &[&str]) -> comfy_table::Table {
    Screen::of_stdout().table(headings)
}

/// Writes a line to standard error; if even that fails there is nobody to tell.
pub(super) fn note(line: impl AsRef<str>) {
    drop(writeln!(io::stderr(), "{}", line.as_ref()));
}

/// Whether to colour what goes to `stream`: it is a terminal, and <https://no-color.org> does not say otherwise.
fn colours(stream: &impl IsTerminal) -> bool {
    stream.is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}
