//! How many files a process may have open: every connection is one.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::limits;

/// Files beside connections: the catalog with its readers, the log, the runtime's own.
const BESIDE_CONNECTIONS: u64 = 128;

/// As many as a server can use.
pub const WANTED: u64 = limits::CONNECTIONS_MAX as u64 + BESIDE_CONNECTIONS;

/// Asks the system for as many open files as it allows, and returns how many that are; `None` is any number.
///
/// The usual limit of 1,024 is there for programs that use `select`, and is meant to be raised by others.
pub fn raise() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

/// How many open files a server could have here; `None` is any number.
pub fn allowed() -> Option<u64> {
    getrlimit(Resource::Nofile).maximum
}

/// Whether so many open files are as many as a server can use.
pub fn is_enough(files: Option<u64>) -> bool {
    files.is_none_or(|files| files >= WANTED)
}
