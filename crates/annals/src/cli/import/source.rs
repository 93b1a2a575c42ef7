//! Where the lines come from: a file or standard input, read with bounded memory.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, Read},
    path::Path,
};

use anyhow::Context;

use crate::cli::output::HintExt;

/// The input of an import.
pub(super) struct Source {
    /// As people know it.
    pub(super) name: String,
    /// Size of a file; that of a pipe is not known.
    pub(super) bytes: Option<u64>,
    pub(super) reader: Box<dyn BufRead + Send>,
}

const BUFFER_BYTES: usize = 256 * 1024;

impl Source {
    /// Opens `path`, where `-` is standard input.
    pub(super) fn open(path: &Path) -> anyhow::Result<Self> {
        let (name, bytes, input): (_, _, Box<dyn Read + Send>) = if path.as_os_str() == "-" {
            ("standard input".to_owned(), None, Box::new(io::stdin()))
        } else {
            let name = path.display().to_string();
            let file = File::open(path).with_context(|| format!("cannot open {name}"))?;
            let metadata = file.metadata().with_context(|| format!("cannot read {name}"))?;
            anyhow::ensure!(!metadata.is_dir(), "{name} is a directory");
            (name, metadata.is_file().then_some(metadata.len()), Box::new(file))
        };
        let mut reader = BufReader::with_capacity(BUFFER_BYTES, input);
        let start = reader.fill_buf().with_context(|| format!("cannot read {name}"))?;
        if let Some(tool) = decompressor(start) {
            return Err(anyhow::anyhow!("{name} is compressed"))
                .hint(format!("Unpack it on the way: {tool} -c FILE | annals import -"));
        }
        Ok(Self { name, bytes, reader: Box::new(reader) })
    }
}

fn decompressor(start: &[u8]) -> Option<&'static str> {
    match start {
        [0x1f, 0x8b, ..] => Some("gunzip"),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some("unzstd"),
        [b'B', b'Z', b'h', ..] => Some("bunzip2"),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => Some("unxz"),
        _ => None,
    }
}

/// The longest line. An event is far smaller; this leaves room for a page of them, and bounds memory.
pub(super) const LINE_BYTES_MAX: usize = 64 * 1024 * 1024;

/// Reads the next line into `line`, without its end, and answers how many bytes of input it took: 0 at the end.
///
/// Of a line longer than `bytes_max` the first `bytes_max + 1` bytes are kept, and the rest is passed over.
pub(super) fn read_line(reader: &mut impl BufRead, line: &mut Vec<u8>, bytes_max: usize) -> io::Result<u64> {
    line.clear();
    let mut taken = 0;
    loop {
        let chunk = match reader.fill_buf() {
            Ok(chunk) => chunk,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        let end = chunk.iter().position(|byte| *byte == b'\n');
        let text = &chunk[..end.unwrap_or(chunk.len())];
        let room = (bytes_max + 1).saturating_sub(line.len());
        line.extend_from_slice(&text[..text.len().min(room)]);
        let used = text.len() + usize::from(end.is_some());
        taken += used as u64;
        reader.consume(used);
        if end.is_some() || used == 0 {
            return Ok(taken);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(input: &str, bytes_max: usize) -> Vec<(String, u64)> {
        // A small buffer, so that lines span several fills.
        let mut reader = BufReader::with_capacity(3, input.as_bytes());
        let mut line = Vec::new();
        let mut lines = Vec::new();
        loop {
            let taken = read_line(&mut reader, &mut line, bytes_max).expect("memory can be read");
            if taken == 0 {
                return lines;
            }
            lines.push((String::from_utf8(line.clone()).expect("text"), taken));
        }
    }

    #[test]
    fn lines_end_at_line_feeds_and_at_the_end() {
        let expected =
            [("one", 4), ("", 1), ("three\r", 7), ("four", 4)].map(|(line, n)| (line.to_owned(), n));
        assert_eq!(lines("one\n\nthree\r\nfour", 100), expected);
        assert_eq!(lines("", 100), []);
        assert_eq!(lines("\n", 100), [(String::new(), 1)]);
    }

    #[test]
    fn a_long_line_is_cut_and_the_next_one_is_whole() {
        assert_eq!(lines("123456789\nnext\n", 5), [("123456".to_owned(), 10), ("next".to_owned(), 5)]);
    }

    #[test]
    fn compressed_input_is_recognised() {
        assert_eq!(decompressor(&[0x1f, 0x8b, 8]), Some("gunzip"));
        assert_eq!(decompressor(b"{\"token\""), None);
        assert_eq!(decompressor(b""), None);
    }
}
