//! Lines packed into batches that fit in one request.

use std::{
    collections::VecDeque,
    io::{self, BufRead},
};

use super::{
    line::{Event, Lines, Refusal},
    source::{LINE_BYTES_MAX, read_line},
};

/// Lines in a batch: few enough that a bad one is soon found, enough that the durable commit costs little a line.
pub(super) const BATCH_EVENTS_MAX: usize = 1_000;

/// Bytes in a batch: half of what the server takes in one request.
pub(super) const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Consecutive lines of the input.
#[derive(Debug, Default)]
pub(super) struct Batch {
    /// To be sent in one request.
    pub(super) events: Vec<Event>,
    /// What needs no server to be refused.
    pub(super) refused: Vec<Refusal>,
    /// The last line that was read when the batch was full.
    pub(super) last_line: u64,
    /// How much of the input was read by then.
    pub(super) read_bytes: u64,
}

/// An iterator over the batches of an input.
pub(super) struct Batches<R> {
    reader: R,
    line: Vec<u8>,
    lines: Lines,
    /// What was found in lines already read, and did not fit in the batch before.
    waiting: VecDeque<Result<Event, Refusal>>,
    line_number: u64,
    read_bytes: u64,
}

impl<R: BufRead> Batches<R> {
    pub(super) fn new(reader: R) -> Self {
        Self {
            reader,
            line: Vec::new(),
            lines: Lines::default(),
            waiting: VecDeque::new(),
            line_number: 0,
            read_bytes: 0,
        }
    }

    /// Reads one more line; false at the end of the input.
    fn read(&mut self) -> io::Result<bool> {
        let taken = read_line(&mut self.reader, &mut self.line, LINE_BYTES_MAX)?;
        if taken == 0 {
            return Ok(false);
        }
        self.line_number += 1;
        self.read_bytes += taken;
        if self.line.len() > LINE_BYTES_MAX {
            let reason = format!("is {taken} bytes long; at most {LINE_BYTES_MAX} are allowed");
            self.waiting.push_back(Err(Refusal { line: self.line_number, text: Vec::new(), reason }));
        } else {
            let waiting = &mut self.waiting;
            self.lines.read(self.line_number, &self.line, &mut |found| waiting.push_back(found));
        }
        Ok(true)
    }
}

impl<R: BufRead> Iterator for Batches<R> {
    type Item = io::Result<Batch>;

    fn next(&mut self) -> Option<io::Result<Batch>> {
        let mut batch = Batch::default();
        let mut bytes = 0;
        loop {
            while let Some(found) = self.waiting.front() {
                let size = found.as_ref().map_or_else(|refusal| refusal.text.len(), Event::bytes);
                let count = batch.events.len() + batch.refused.len();
                if count == BATCH_EVENTS_MAX || (count > 0 && bytes + size > BATCH_BYTES_MAX) {
                    return Some(Ok(self.close(batch)));
                }
                bytes += size;
                match self.waiting.pop_front() {
                    Some(Ok(event)) => batch.events.push(event),
                    Some(Err(refusal)) => batch.refused.push(refusal),
                    None => {}
                }
            }
            match self.read() {
                Ok(true) => {}
                Ok(false) if batch.events.is_empty() && batch.refused.is_empty() => return None,
                Ok(false) => return Some(Ok(self.close(batch))),
                Err(error) => return Some(Err(error)),
            }
        }
    }
}

impl<R> Batches<R> {
    fn close(&self, mut batch: Batch) -> Batch {
        // What waits is of the last line read, so that one is not done with this batch.
        batch.last_line = self.line_number - u64::from(!self.waiting.is_empty());
        batch.read_bytes = self.read_bytes;
        batch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batches(input: &str) -> Vec<Batch> {
        Batches::new(input.as_bytes()).map(|batch| batch.expect("memory can be read")).collect()
    }

    #[test]
    fn a_batch_has_at_most_a_thousand_lines() {
        let lines: Vec<String> = (0..2500).map(|n| format!("{{\"token\":\"{n}\"}}\n")).collect();
        let input = lines.concat();
        let batches = batches(&input);
        let shape: Vec<_> = batches.iter().map(|batch| (batch.events.len(), batch.last_line)).collect();
        assert_eq!(shape, [(1000, 1000), (1000, 2000), (500, 2500)]);
        let lines: Vec<u64> =
            batches.iter().flat_map(|batch| &batch.events).map(|event| event.line).collect();
        assert_eq!(lines, (1..=2500).collect::<Vec<_>>());
        assert_eq!(batches.last().map(|batch| batch.read_bytes), Some(input.len() as u64));
    }

    #[test]
    fn a_batch_has_at_most_eight_mebibytes() {
        let event = format!("{{\"token\":\"a\",\"x\":\"{}\"}}", "x".repeat(3 * 1024 * 1024));
        let input = [event.as_str(); 5].join("\n");
        let counts: Vec<_> = batches(&input).iter().map(|batch| batch.events.len()).collect();
        assert_eq!(counts, [2, 2, 1]);
    }

    #[test]
    fn a_line_that_fits_in_no_request_is_refused_and_the_rest_goes_on() {
        let large = format!("{{\"token\":\"a\",\"x\":\"{}\"}}", "x".repeat(BATCH_BYTES_MAX));
        let batches = batches(&format!("{{\"token\":\"1\"}}\n{large}\n{{\"token\":\"3\"}}\n"));
        let refused: Vec<_> =
            batches.iter().flat_map(|batch| &batch.refused).map(|refusal| refusal.line).collect();
        let sent: Vec<_> = batches.iter().flat_map(|batch| &batch.events).map(|event| event.line).collect();
        assert_eq!((refused, sent), (vec![2], vec![1, 3]));
    }

    #[test]
    fn a_line_longer_than_memory_allows_is_passed_over() {
        let input = format!("{}\n{{\"token\":\"2\"}}", "x".repeat(LINE_BYTES_MAX + 2));
        let batches = batches(&input);
        assert_eq!(batches[0].refused[0].line, 1);
        assert_eq!(batches[0].events[0].line, 2);
    }

    #[test]
    fn empty_input_has_no_batches() {
        assert!(batches("").is_empty());
        assert!(batches("\n\n  \n").is_empty());
    }

    #[test]
    fn a_page_may_span_batches_and_its_line_is_done_with_the_last() {
        let logs: Vec<String> = (0..1500).map(|n| format!("{{\"token\":\"{n}\"}}")).collect();
        let batches = batches(&format!("{{\"token\":\"x\"}}\n{{\"audit_logs\":[{}]}}\n", logs.join(",")));
        let shape: Vec<_> = batches.iter().map(|batch| (batch.events.len(), batch.last_line)).collect();
        assert_eq!(shape, [(1000, 1), (501, 2)]);
    }

    #[test]
    fn an_input_that_cannot_be_read_is_an_error() {
        struct Broken;
        impl io::Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("broken"))
            }
        }
        let mut batches = Batches::new(io::BufReader::new(Broken));
        assert!(matches!(batches.next(), Some(Err(_))));
    }
}
