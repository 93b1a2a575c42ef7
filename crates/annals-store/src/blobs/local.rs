//! The directory of blobs, and what a crash may have left in it.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use super::key::parse_account;
use crate::segment;

/// Makes the directory, for its owner alone, unless it is there.
pub(super) fn create(dir: &Path) -> io::Result<()> {
    if dir.is_dir() {
        return Ok(());
    }
    DirBuilder::new().recursive(true).mode(0o700).create(dir)?;
    match dir.canonicalize()?.parent() {
        Some(parent) => sync(parent),
        None => Ok(()),
    }
}

/// Deletes the files of blobs that were being written, and makes the directories of all others durable: a process that
/// died may have made them without living to sync them.
pub(super) fn recover(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        if entry.file_name().to_str().and_then(parse_account).is_none() {
            continue;
        }
        let segments = entry.path().join("segments");
        let files = match fs::read_dir(&segments) {
            Ok(files) => files,
            Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => continue,
            Err(error) => return Err(error),
        };
        for file in files {
            let file = file?;
            if file.file_name().to_str().is_some_and(is_staging) {
                fs::remove_file(file.path())?;
            }
        }
        sync(&segments)?;
        sync(&entry.path())?;
    }
    sync(dir)
}

/// Whether a file's name is that of a blob while it is being written: `<name>#<number>`, chosen by the library.
fn is_staging(file: &str) -> bool {
    file.rsplit_once('#').is_some_and(|(name, number)| {
        segment::is_name(name) && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

fn sync(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}
