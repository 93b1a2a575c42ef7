//! `annals monitor`: remembers what a log was, and raises the alarm when it is not what it became.

mod state;

use std::{io::Write as _, path::PathBuf, process::ExitCode, time::Duration};

use super::{
    connection::block_on,
    output::{self, grouped},
    remote::{self, Bar, Remote, WRONG},
};
use crate::{
    clock::{Clock, SystemClock},
    verify::remote::{RemoteError, RemoteLog, Seen, Wrong},
};
use state::State;

/// Watch a log: that it is signed, and only ever grows
///
/// Reads the log's checkpoint, and verifies its signature and that the log still begins with what it was the last time. FILE is
/// the last checkpoint that was found right, as it was served; the first time there is none, and what is served
/// is taken for what the log is.
///
/// Have it run by somebody else than the operator of the log, on another machine: what was recorded before the last run
/// can then be altered or taken back by nobody without being noticed. If the log is public, this takes no secret, and never
/// shows who did what.
///
/// The exit code is 0 when all is well, 1 when nothing could be learnt (no connection, no access, not enough witnesses), 2
/// when the command was not understood, and 3 when the log is not what it should be: signed by somebody else, shorter than
/// it was, rewritten, or serving other tiles or entries than it signed. FILE is kept then, and the offending
/// checkpoint is written to FILE.bad; another one than is there already, to FILE.bad.last.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals monitor --url https://audit.example.com/tlog/acct_0123456789abcdef \\
      --key \"$(cat acme.vkey)\" --state acme.checkpoint
  annals monitor --url https://audit.example.com --account acct_0123456789abcdef \\
      --key \"$(cat acme.vkey)\" --state acme.checkpoint --entries --every 300

As a line of a crontab, which sends mail when something is said on standard error:
  */10 * * * *  annals monitor --url … --key … --state /var/lib/acme.checkpoint > /dev/null")]
pub(super) struct Args {
    /// What is remembered of the log: made the first time, replaced when the log was found right
    #[arg(long, value_name = "FILE")]
    state: PathBuf,

    /// Read every entry that was added, too, and verify that it is the one that was signed; the first time all entries
    #[arg(long)]
    entries: bool,

    /// Go on, and look again after so many seconds; ends when the log is not what it should be
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    every: Option<u64>,

    #[command(flatten)]
    log: Remote,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let log = args.log.log()?;
    let state = State::at(&args.state)?;
    let Some(every) = args.every.map(Duration::from_secs) else {
        block_on(look(&log, &state, args.entries))?;
        return Ok(ExitCode::SUCCESS);
    };
    block_on(async {
        loop {
            if let Err(error) = look(&log, &state, args.entries).await {
                // What is wrong with a log does not go away by itself; a network that fails does.
                if output::exit_code(&error) != 1 {
                    return Err(error);
                }
                output::report(&error);
            }
            tokio::time::sleep(every).await;
        }
    })
}

/// Looks once, and says in one line what there was.
async fn look(log: &RemoteLog, state: &State, entries: bool) -> anyhow::Result<()> {
    let remembered = state.load(log)?;
    let served = log.served().await.map_err(|error| remote::explain(&error.into()))?;
    match compare(log, remembered.as_ref(), &served, entries).await {
        Ok(seen) => {
            if remembered.as_ref().is_none_or(|remembered| remembered.note() != seen.note()) {
                state.keep(&seen)?;
            }
            let mut out = output::stdout();
            writeln!(out, "{}", line(remembered.as_ref(), &seen, entries))?;
            Ok(out.flush()?)
        }
        Err(RemoteError::Wrong(wrong)) => Err(alarm(log, state, remembered.as_ref(), &wrong, &served)),
        Err(error) => Err(remote::explain(&error)),
    }
}

/// Verifies what is served.
async fn compare(
    log: &RemoteLog,
    remembered: Option<&Seen>,
    served: &str,
    entries: bool,
) -> Result<Seen, RemoteError> {
    let seen = log.check(served)?;
    if let Some(remembered) = remembered {
        log.follows(remembered, &seen).await?;
    }
    // Last, for a log that contradicts itself does so whoever else has seen it.
    log.cosigned(&seen)?;
    if entries {
        let bar = Bar::new();
        let from = remembered.map_or(0, Seen::size);
        let end = log.verify_entries(&seen, from, |progress| bar.update(progress)).await;
        bar.finish();
        end?;
    }
    Ok(seen)
}

fn line(remembered: Option<&Seen>, seen: &Seen, entries: bool) -> String {
    let (origin, size) = (seen.checkpoint().origin(), seen.size());
    let old = remembered.map(Seen::size);
    let what = match old {
        None => format!("{} entries, seen for the first time", grouped(size)),
        Some(old) if old == size => format!("{} entries, unchanged", grouped(size)),
        Some(old) => format!("{} → {} entries, consistent", grouped(old), grouped(size)),
    };
    let added = size.saturating_sub(old.unwrap_or(0));
    let verified =
        if entries && added > 0 { format!(", {} verified", grouped(added)) } else { String::new() };
    format!("{} {}: {what}{verified}", now(), output::plain(origin))
}

/// Now, in whole seconds.
fn now() -> String {
    let now = jiff::Timestamp::from_microsecond(SystemClock.now().us()).unwrap_or_default();
    now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Keeps what is evidence, and says what was found and what to do.
fn alarm(
    log: &RemoteLog,
    state: &State,
    remembered: Option<&Seen>,
    wrong: &Wrong,
    served: &str,
) -> anyhow::Error {
    let kept = match state.keep_bad(served) {
        Ok(bad) => match remembered {
            Some(_) => format!(
                "Keep both files, {}, which is what was right, and {}, which is what was served now: together they are evidence.",
                state.path().display(),
                bad.display()
            ),
            None => format!("Keep {}: it is what was served.", bad.display()),
        },
        Err(error) => format!("What was served cannot be kept ({error}); it was: {served:?}."),
    };
    let what = format!("DO NOT TRUST THIS LOG: {}: {wrong}", log.origin());
    output::failure(what, format!("{kept} {}", remote::step_after(wrong)), WRONG)
}
