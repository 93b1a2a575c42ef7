//! A whole log, as it is published over HTTP.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use annals_tlog::note::Note;
use anyhow::Context;
use serde::Serialize;

use super::keys::Trusted;
use crate::{
    cli::{
        connection::block_on,
        output::{self, HintExt, grouped, plain},
        remote::{self, Bar, WRONG},
    },
    verify::remote::{RemoteError, RemoteLog, Seen, Wrong},
};

/// What came of the log.
#[derive(Serialize)]
struct Verified<'a> {
    log: &'a str,
    intact: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    finding: Option<String>,
    #[serde(flatten)]
    holds: Option<Holds>,
}

/// What holds of a log that is intact.
#[derive(Serialize)]
struct Holds {
    entries: u64,
    root: String,
    /// Entries of which there are only hashes, as some in their bundles are no longer kept.
    unread: u64,
    /// Keys of the log, by name and ID.
    signed_by: Vec<String>,
    /// Keys of witnesses, likewise.
    cosigned_by: Vec<String>,
    /// The sizes of the checkpoints that were kept.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    remembered: Vec<u64>,
}

pub(super) fn run(
    log: &RemoteLog,
    trusted: &Trusted,
    checkpoints: &[PathBuf],
    json: bool,
) -> anyhow::Result<ExitCode> {
    let remembered = checkpoints.iter().map(|file| read(log, file)).collect::<anyhow::Result<Vec<_>>>()?;
    let bar = Bar::new();
    let verified = block_on(async { Ok(log.verify(&remembered, |progress| bar.update(progress)).await) })?;
    bar.finish();
    match verified {
        Ok(verified) => {
            let holds = Some(Holds::of(&verified.seen, verified.unread, trusted, &remembered)?);
            print(&Verified { log: log.origin(), intact: true, finding: None, holds }, json)?;
            Ok(ExitCode::SUCCESS)
        }
        Err(RemoteError::Wrong(wrong)) => {
            let finding = Some(wrong.to_string());
            print(&Verified { log: log.origin(), intact: false, finding, holds: None }, json)?;
            Err(output::failure(
                "the log is not what was signed or remembered",
                remote::step_after(&wrong),
                WRONG,
            ))
        }
        Err(error) => Err(remote::explain(&error)),
    }
}

impl Holds {
    fn of(seen: &Seen, unread: u64, trusted: &Trusted, remembered: &[Seen]) -> anyhow::Result<Self> {
        let note = Note::parse(seen.note().as_bytes()).context("the checkpoint cannot be read again")?;
        let [signed_by, cosigned_by] = trusted.signers(&note);
        Ok(Self {
            entries: seen.size(),
            root: seen.checkpoint().root().to_string(),
            unread,
            signed_by,
            cosigned_by,
            remembered: remembered.iter().map(Seen::size).collect(),
        })
    }
}

impl Verified<'_> {
    /// What people read.
    fn sentence(&self) -> String {
        let log = plain(self.log);
        let Some(holds) = &self.holds else {
            return format!("{log}: NOT INTACT: {}", plain(self.finding.as_deref().unwrap_or_default()));
        };
        let signed = plain(&holds.signed_by.join(", ")).into_owned();
        let cosigned = match holds.cosigned_by.as_slice() {
            [] => String::new(),
            witnesses => format!(" and cosigned by {}", plain(&witnesses.join(", "))),
        };
        let had = |size: &u64| format!("; it begins with the {} entries it had", grouped(*size));
        let remembered: String = holds.remembered.iter().map(had).collect();
        let unread = match holds.unread {
            0 => String::new(),
            unread => format!(
                ", of {} only hashes, as they are no longer kept or stand beside such",
                grouped(unread)
            ),
        };
        format!(
            "{log}: intact: {} entries{unread}; their checkpoint is signed by {signed}{cosigned}{remembered}",
            grouped(holds.entries)
        )
    }
}

fn print(verified: &Verified<'_>, json: bool) -> anyhow::Result<()> {
    let mut out = output::stdout();
    if json {
        writeln!(out, "{}", serde_json::to_string(verified)?)?;
    } else {
        writeln!(out, "{}", verified.sentence())?;
    }
    Ok(out.flush()?)
}

/// A checkpoint that was kept, as it was served. It proves something only if the log signed it.
fn read(log: &RemoteLog, path: &Path) -> anyhow::Result<Seen> {
    let name = path.display();
    let note = fs::read_to_string(path).with_context(|| format!("{name} cannot be read"))?;
    log.check(&note).map_err(|error| match error {
        RemoteError::Wrong(Wrong::Signature { source, .. }) => {
            anyhow::anyhow!("the checkpoint in {name} is not signed by {}: {source}", log.origin())
        }
        error => anyhow::anyhow!("{name} holds no checkpoint of {}: {error}", log.origin()),
    }).hint(
        "Give a checkpoint as the log served it, and if its keys were rotated since, the old key, too: --key OLD --key NEW.",
    )
}
