//! What became of the lines.

use std::{
    fs::{self, File},
    io::{BufWriter, Write},
    path::{Path, PathBuf},
    time::Instant,
};

use annals_client::RecordedBatch;
use anyhow::Context;
use serde::Serialize;

use super::line::Refusal;
use crate::cli::output::{self, grouped};

/// How many refused lines are told one by one.
const REASONS_MAX: usize = 20;

/// Counts, reasons, and the file of refused lines.
pub(super) struct Tally {
    pub(super) imported: u64,
    pub(super) duplicates: u64,
    pub(super) refused: u64,
    /// The last line of which it is known what became of it and of all before it.
    pub(super) last_line: u64,
    /// How much of the input is done with.
    pub(super) done_bytes: u64,
    /// The first lines that were refused, and why.
    reasons: Vec<Reason>,
    refused_file: Option<(PathBuf, BufWriter<File>)>,
    /// Duplicates in batches that were sent again, and may have been recorded the first time.
    uncertain: u64,
    began: Instant,
}

#[derive(Clone, Serialize)]
struct Reason {
    line: u64,
    reason: String,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Summary<'a> {
    imported: u64,
    duplicates: u64,
    refused: u64,
    last_line: u64,
    complete: bool,
    seconds: f64,
    reasons: &'a [Reason],
}

impl Tally {
    /// A tally that writes refused lines to `refused_path`, which must not be the input.
    pub(super) fn new(refused_path: Option<&Path>, input: &Path) -> anyhow::Result<Self> {
        let refused_file = refused_path.map(|path| create(path, input)).transpose()?;
        Ok(Self {
            imported: 0,
            duplicates: 0,
            refused: 0,
            last_line: 0,
            done_bytes: 0,
            reasons: Vec::new(),
            refused_file,
            uncertain: 0,
            began: Instant::now(),
        })
    }

    /// Counts a batch that is in the log.
    pub(super) fn record(&mut self, batch: &RecordedBatch) {
        let duplicates = batch.audit_logs.iter().filter(|recorded| recorded.replayed).count() as u64;
        self.duplicates += duplicates;
        self.imported += batch.audit_logs.len() as u64 - duplicates;
        if batch.resent {
            self.uncertain += duplicates;
        }
    }

    /// Counts lines that do not go into the log, and writes them out if that is wanted.
    pub(super) fn refuse(&mut self, refusals: Vec<Refusal>) -> anyhow::Result<()> {
        for refusal in refusals {
            self.refused += 1;
            if let Some((path, file)) = self.refused_file.as_mut().filter(|_| !refusal.text.is_empty()) {
                file.write_all(&refusal.text)
                    .and_then(|()| file.write_all(b"\n"))
                    .with_context(|| format!("cannot write {}", path.display()))?;
            }
            if self.reasons.len() < REASONS_MAX {
                self.reasons.push(Reason { line: refusal.line, reason: refusal.reason });
            }
        }
        Ok(())
    }

    /// Everything up to this line and this byte is done with.
    pub(super) fn advance(&mut self, last_line: u64, done_bytes: u64) {
        self.last_line = last_line;
        self.done_bytes = done_bytes;
    }

    /// The counts in a sentence.
    pub(super) fn sentence(&self) -> String {
        let duplicates = if self.duplicates == 1 { "duplicate" } else { "duplicates" };
        format!(
            "{} imported, {} skipped as {duplicates}, {} refused",
            grouped(self.imported),
            grouped(self.duplicates),
            grouped(self.refused)
        )
    }

    /// Completes the file of refused lines.
    pub(super) fn close(&mut self) -> anyhow::Result<()> {
        if let Some((path, file)) = &mut self.refused_file {
            file.flush().with_context(|| format!("cannot write {}", path.display()))?;
        }
        Ok(())
    }

    /// Tells standard error why lines were refused, and standard output the sum.
    pub(super) fn tell(&self, complete: bool, json: bool) -> anyhow::Result<()> {
        for Reason { line, reason } in &self.reasons {
            output::note(format!("refused: line {line}: {}", output::plain(reason)));
        }
        let untold = self.refused - self.reasons.len() as u64;
        if untold > 0 {
            output::note(format!("and {} more", grouped(untold)));
        }
        if self.uncertain > 0 {
            output::note(format!(
                "note: {} of the duplicates were sent twice because the server failed, and may be new",
                grouped(self.uncertain)
            ));
        }
        let mut out = output::stdout();
        let nothing_to_tell = self.last_line == 0 && self.imported + self.duplicates + self.refused == 0;
        if json {
            serde_json::to_writer(&mut out, &self.summary(complete))?;
            writeln!(out)?;
        } else if complete || !nothing_to_tell {
            writeln!(out, "{}", self.sentence())?;
        }
        Ok(out.flush()?)
    }

    /// The first refused lines, and why.
    #[cfg(test)]
    pub(super) fn reasons(&self) -> impl Iterator<Item = (u64, &str)> {
        self.reasons.iter().map(|reason| (reason.line, reason.reason.as_str()))
    }

    fn summary(&self, complete: bool) -> Summary<'_> {
        Summary {
            imported: self.imported,
            duplicates: self.duplicates,
            refused: self.refused,
            last_line: self.last_line,
            complete,
            seconds: (self.began.elapsed().as_secs_f64() * 1000.0).round() / 1000.0,
            reasons: &self.reasons,
        }
    }
}

fn create(path: &Path, input: &Path) -> anyhow::Result<(PathBuf, BufWriter<File>)> {
    if let (Ok(path), Ok(input)) = (fs::canonicalize(path), fs::canonicalize(input))
        && path == input
    {
        return Err(output::usage(
            "--refused names the file that is imported",
            "Give it another name; the input would be lost.",
        ));
    }
    let file = File::create(path).with_context(|| format!("cannot create {}", path.display()))?;
    Ok((path.to_owned(), BufWriter::new(file)))
}

#[cfg(test)]
mod tests {
    use annals_client::Recorded;

    use super::*;

    #[test]
    fn every_line_is_counted_once() {
        let mut tally = Tally::new(None, Path::new("-")).expect("no file");
        let recorded = |replayed| Recorded { token: String::new(), index: 0, replayed };
        tally.record(&RecordedBatch { audit_logs: vec![recorded(false), recorded(true)], resent: false });
        tally.record(&RecordedBatch { audit_logs: vec![recorded(true)], resent: true });
        let refusal = |line| Refusal { line, text: b"{}".to_vec(), reason: "bad".to_owned() };
        tally.refuse((0..1200).map(refusal).collect()).expect("no file");
        assert_eq!(tally.sentence(), "1 imported, 2 skipped as duplicates, 1,200 refused");
        assert_eq!((tally.reasons.len(), tally.uncertain), (REASONS_MAX, 1));
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the file of a test need not last")]
    fn the_input_is_never_overwritten() {
        let directory = tempfile::tempdir().expect("a directory");
        let input = directory.path().join("input");
        fs::write(&input, "{}").expect("written");
        let same = directory.path().join(".").join("input");
        assert!(Tally::new(Some(&same), &input).is_err());
        assert_eq!(fs::read_to_string(&input).expect("still there"), "{}");
    }
}
