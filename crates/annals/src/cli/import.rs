//! `annals import`: a history from a file or a pipe, in order, safe to run again.
//!
//! A thread reads lines and packs them into batches ([`batch`]) while the batch before is on its way to the server
//! ([`send`]). One batch is in flight at a time, for entries with the same time are ordered by index: what stands first
//! in the file has to be recorded first.

mod batch;
mod line;
mod places;
mod progress;
mod send;
mod source;
mod tally;
#[cfg(test)]
mod tests;

use std::{path::PathBuf, process::ExitCode, thread, time::Duration};

use anyhow::Context;
use tokio::sync::mpsc;

use super::{
    connection::{Connection, block_on},
    output,
};
use batch::{Batch, Batches};
use progress::Progress;
use send::Importer;
use source::Source;
use tally::Tally;

/// Import a history: audit logs as NDJSON, one a line
///
/// Takes what `annals list --json` prints and what the server serves: a line is an audit log, an event as
/// `annals record` sends it, or a whole page with "audit_logs". Lines are recorded in the order of the file, so the
/// oldest is best first; a page, which is newest first, is turned round. Tokens and times are kept, for which the
/// access token needs the scope import.
///
/// Running it again is harmless and goes on where it stopped: a line whose token is there already with the same
/// content is skipped. A line without a token is known by its text, for as long as the server keeps
/// idempotency keys (7 days by default).
///
/// The exit code is 0 when every line is in the log, and 1 when lines were refused or the import stopped.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals import history.ndjson
  gunzip -c history.ndjson.gz | annals import -
  annals import history.ndjson --refused refused.ndjson      mend those lines, then import them
  annals sample --count 100000 | annals import - --json")]
pub(super) struct Args {
    /// The file, or - for standard input
    file: PathBuf,

    /// Write the lines that were refused into this file
    #[arg(long, value_name = "FILE")]
    refused: Option<PathBuf>,

    /// Print the summary as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

/// A batch may be large and the line thin; a request that takes longer has failed.
const BATCH_TIMEOUT: Duration = Duration::from_mins(5);

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let mut importer = Importer::new(args.connection.client(BATCH_TIMEOUT)?);
    let source = Source::open(&args.file)?;
    let mut tally = Tally::new(args.refused.as_deref(), &args.file)?;
    let progress = Progress::new(source.bytes);
    let end = block_on(async {
        tokio::select! {
            end = import(source, &mut importer, &mut tally, &progress) => end.map(|()| End::Complete),
            interrupt = tokio::signal::ctrl_c() => interrupt.context("cannot wait for ctrl-c").map(|()| End::Interrupted),
        }
    });
    progress.finish();
    let complete = matches!(end, Ok(End::Complete));
    tally.close()?;
    tally.tell(complete, args.json)?;
    match end {
        Ok(End::Complete) if tally.refused == 0 => Ok(ExitCode::SUCCESS),
        Ok(End::Complete) => Ok(ExitCode::FAILURE),
        Ok(End::Interrupted) => Err(stopped(anyhow::anyhow!("interrupted"), &tally)),
        Err(error) => Err(stopped(error, &tally)),
    }
}

/// How an import ended that met no error.
enum End {
    Complete,
    Interrupted,
}

/// Sends everything, batch after batch, and keeps the tally up to date, so that it is right whenever this is dropped.
async fn import(
    source: Source,
    importer: &mut Importer,
    tally: &mut Tally,
    progress: &Progress,
) -> anyhow::Result<()> {
    // One batch waits while one is sent: enough to keep the server busy, and memory small.
    let (sender, mut batches) = mpsc::channel::<std::io::Result<Batch>>(1);
    let name = source.name.clone();
    // Not joined: reading from a terminal or a pipe that is silent never ends.
    thread::Builder::new().name("read".to_owned()).spawn(move || {
        for batch in Batches::new(source.reader) {
            if sender.blocking_send(batch).is_err() {
                break;
            }
        }
    })?;
    while let Some(batch) = batches.recv().await {
        let batch = batch.with_context(|| format!("cannot read {name}"))?;
        importer.send(batch, tally).await?;
        progress.update(tally);
    }
    Ok(())
}

/// An import that stopped half-way tells where, and that it can go on.
fn stopped(error: anyhow::Error, tally: &Tally) -> anyhow::Error {
    if tally.last_line == 0 {
        return error;
    }
    let error = error.context(format!("stopped after line {}", tally.last_line));
    output::hint_also(error, "Run the same command again: it skips what is imported already and goes on.")
}
