//! The events of both sides: the product's own seeded sample, as a stream, and the prepared part that is written live.

use std::io::{BufRead, BufReader, Lines};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use bytes::{Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

/// Rows in one measured batch.
pub(crate) const BATCH_ROWS: usize = 1_000;

/// The 24 months of the sample. They are fixed, so that a seed means the same events on every day.
const PERIOD: [&str; 2] = ["2024-01-01", "2026-01-01"];

/// One AuditLog of the sample. Serialised again it is an ordinary event, as an application would send it: without what
/// the server gives (token, time) and what an import alone may carry.
#[derive(Deserialize, Serialize)]
pub(crate) struct Event {
    #[serde(skip_serializing)]
    pub(crate) token: String,
    #[serde(skip_serializing)]
    pub(crate) created_at: jiff::Timestamp,
    #[serde(skip_serializing)]
    pub(crate) workspace_token: Option<String>,
    #[serde(skip_serializing)]
    pub(crate) workspace_title: Option<String>,
    pub(crate) event: String,
    pub(crate) source: String,
    pub(crate) object_type: String,
    pub(crate) object_token: Option<String>,
    pub(crate) object_title: Option<String>,
    pub(crate) user_id: Option<i64>,
    pub(crate) user: Option<String>,
    pub(crate) user_role: Option<String>,
    pub(crate) changed_values: Box<RawValue>,
    pub(crate) unchanged_values: Box<RawValue>,
    pub(crate) context: Box<RawValue>,
    pub(crate) metadata: Box<RawValue>,
}

/// Where the events come from: `annals sample` is deterministic, so that every pass over the events is a fresh stream
/// and none of them has to lie on a disk.
pub(crate) struct Sample {
    /// The `annals` program.
    pub(crate) binary: PathBuf,
    /// Decides every byte of the sample.
    pub(crate) seed: u64,
    /// Events loaded before anything is measured: the first of the sample.
    pub(crate) preload: usize,
    /// Events prepared for the measured writes: those that follow.
    pub(crate) live: usize,
}

impl Sample {
    /// The events that are loaded before anything is measured, as lines of JSON.
    pub(crate) fn preload_lines(&self) -> Result<impl Iterator<Item = Result<String>>> {
        Ok(self.lines()?.take(self.preload))
    }

    /// The events that are written live.
    pub(crate) fn live_events(&self) -> Result<Vec<Event>> {
        self.lines()?.skip(self.preload).map(|line| parse(&line?)).collect()
    }

    fn lines(&self) -> Result<SampleLines> {
        SampleLines::start(&self.binary, self.preload + self.live, self.seed)
    }
}

/// Reads one line of the sample.
pub(crate) fn parse(line: &str) -> Result<Event> {
    serde_json::from_str(line).with_context(|| format!("`annals sample` printed no AuditLog: {line}"))
}

/// The running `annals sample`; ends it when dropped early.
struct SampleLines {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    wanted: usize,
    seen: usize,
}

impl SampleLines {
    fn start(binary: &Path, count: usize, seed: u64) -> Result<Self> {
        let mut child = Command::new(binary)
            .args(["sample", "--count", &count.to_string(), "--seed", &seed.to_string()])
            .args(["--from", PERIOD[0], "--until", PERIOD[1]])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("could not run {} sample", binary.display()))?;
        let stdout = child.stdout.take().context("the sample has no output")?;
        Ok(Self { child, lines: BufReader::with_capacity(1 << 20, stdout).lines(), wanted: count, seen: 0 })
    }

    fn finish(&mut self) -> Result<()> {
        let status = self.child.wait()?;
        ensure!(status.success(), "`annals sample` failed ({status})");
        ensure!(self.seen == self.wanted, "`annals sample` printed {} events of {}", self.seen, self.wanted);
        Ok(())
    }
}

impl Iterator for SampleLines {
    type Item = Result<String>;

    fn next(&mut self) -> Option<Self::Item> {
        match self.lines.next() {
            Some(line) => {
                self.seen += 1;
                Some(line.context("could not read the sample"))
            }
            None => self.finish().err().map(Err),
        }
    }
}

impl Drop for SampleLines {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Request bodies, rendered before any clock starts.
pub(crate) struct Bodies {
    /// NDJSON of [`BATCH_ROWS`] events each.
    pub(crate) batches: Arc<Vec<Bytes>>,
    /// One event each; slices of the batches.
    pub(crate) singles: Arc<Vec<Bytes>>,
}

impl Bodies {
    /// Renders the events; those that fill no whole batch are left out.
    pub(crate) fn render(events: &[Event]) -> Result<Self> {
        let (mut batches, mut singles) = (Vec::new(), Vec::new());
        for events in events.chunks_exact(BATCH_ROWS) {
            let mut text = BytesMut::new();
            let mut ends = Vec::with_capacity(BATCH_ROWS);
            for event in events {
                text.extend_from_slice(&serde_json::to_vec(event)?);
                ends.push(text.len());
                text.extend_from_slice(b"\n");
            }
            let batch = text.freeze();
            let mut start = 0;
            for end in ends {
                singles.push(batch.slice(start..end));
                start = end + 1;
            }
            batches.push(batch);
        }
        Ok(Self { batches: Arc::new(batches), singles: Arc::new(singles) })
    }
}
