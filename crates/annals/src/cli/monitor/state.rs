//! What a monitor remembers of a log, in a file: a checkpoint, as it was served.

use std::{
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
};

use annals_tlog::note::Note;
use anyhow::anyhow;

use crate::{
    cli::output::{self, HintExt},
    durable,
    verify::remote::{RemoteError, RemoteLog, Seen, Unchecked, Wrong},
};

/// The file with the last checkpoint that was found right.
pub(super) struct State {
    path: PathBuf,
}

impl State {
    /// What is remembered in this file, which need not be there yet.
    pub(super) fn at(path: &Path) -> anyhow::Result<Self> {
        if path.file_name().is_none() || path.is_dir() {
            return Err(output::usage(
                format!("{} is no file", path.display()),
                "Name a file for --state; it is made the first time.",
            ));
        }
        Ok(Self { path: path.to_owned() })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The checkpoint that is remembered, which has to be one of this log; `None` the first time.
    pub(super) fn load(&self, log: &RemoteLog) -> anyhow::Result<Option<Seen>> {
        let name = self.path.display().to_string();
        let failed = |error: io::Error| anyhow!("cannot read {name}: {error}");
        let Some(note) = read(&self.path).map_err(failed).hint("The file has to be this user's.")? else {
            return Ok(None);
        };
        match log.check(&note) {
            Ok(seen) => Ok(Some(seen)),
            Err(RemoteError::Wrong(Wrong::Signature { source, .. })) => {
                Err(anyhow!("the checkpoint in {name} is not signed by {}: {source}", log.origin())).hint(
                    "If the keys of the log were rotated, give the old one, too, this once: --key OLD --key NEW. If the file is \
                     of another log, name another file.",
                )
            }
            Err(RemoteError::Unchecked(Unchecked::NoNote { source, .. })) => {
                Err(anyhow!("{name} holds no checkpoint: {source}"))
                    .hint("Bring the file back from a copy. Without it, the log is only watched from now on.")
            }
            Err(error) => Err(anyhow!("{name} holds no checkpoint of {}: {error}", log.origin()))
                .hint("Bring the file back from a copy. Without it, the log is only watched from now on."),
        }
    }

    /// Remembers another checkpoint, durably.
    pub(super) fn keep(&self, seen: &Seen) -> anyhow::Result<()> {
        durable::replace(&self.path, seen.note())
            .map_err(|error| anyhow!("cannot write {}: {error}", self.path.display()))
            .hint("The file and its directory have to be this user's, and the disk needs room.")
    }

    /// Keeps a checkpoint that is wrong, durably, beside the one that is right. The first one of all stays.
    pub(super) fn keep_bad(&self, served: &str) -> io::Result<PathBuf> {
        let first = self.path.with_added_extension("bad");
        let last = first.with_added_extension("last");
        let path = match read(&first)? {
            None => first,
            Some(kept) if kept == served => return Ok(first),
            Some(_) => last,
        };
        durable::replace(&path, served)?;
        Ok(path)
    }
}

/// A file that holds a note; `None` if it is not there.
fn read(path: &Path) -> io::Result<Option<String>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    let mut text = String::new();
    let max = u64::try_from(Note::BYTES_MAX).unwrap_or(u64::MAX);
    file.take(max).read_to_string(&mut text)?;
    Ok(Some(text))
}
