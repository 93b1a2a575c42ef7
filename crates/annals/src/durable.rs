//! Files that are there whole or not at all, whatever happens while they are written.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, ErrorKind, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

/// What the name of a file that is being written ends with.
const STAGED: &str = "new";

/// Gives a file this content, and returns when that is durable. Only one at a time may do so with a file.
///
/// A crash, or an error, leaves the content from before or the new one.
pub(crate) fn replace(path: &Path, content: &str) -> io::Result<()> {
    let staged = path.with_added_extension(STAGED);
    // What a crash left behind. Made anew, the file is nobody else's to read.
    absent_is_fine(fs::remove_file(&staged))?;
    write_new(&staged, content)?;
    fs::rename(&staged, path)?;
    sync_parent(path)
}

/// Makes a file with this content, which must not be there yet, and returns when it is durable.
pub(crate) fn create(path: &Path, content: &str) -> io::Result<()> {
    write_new(path, content)?;
    sync_parent(path)
}

/// Writes a file that only its owner can read, and syncs it.
fn write_new(path: &Path, content: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(content.as_bytes())?;
    file.sync_all()
}

/// Removes a file, and returns when that is durable. Returns whether it was there.
pub(crate) fn remove(path: &Path) -> io::Result<bool> {
    let there = absent_is_fine(fs::remove_file(path))?.is_some();
    sync_parent(path)?;
    Ok(there)
}

/// What is in a file; `None` if it is not there.
pub(crate) fn read(path: &Path) -> io::Result<Option<String>> {
    absent_is_fine(fs::read_to_string(path))
}

/// Locks a file, which is made if it is missing, when nobody else has it locked any more.
pub(crate) fn lock(path: &Path) -> io::Result<File> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).mode(0o600).open(path)?;
    file.lock()?;
    Ok(file)
}

/// Makes it durable that a file or directory is there, or is not.
pub(crate) fn sync_parent(path: &Path) -> io::Result<()> {
    open_parent(path)?.sync_all()
}

/// Opens the directory that a file or directory is in.
pub(crate) fn open_parent(path: &Path) -> io::Result<File> {
    let path = std::path::absolute(path)?;
    File::open(path.parent().unwrap_or(&path))
}

/// `None` in place of the error that something is not there.
fn absent_is_fine<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
