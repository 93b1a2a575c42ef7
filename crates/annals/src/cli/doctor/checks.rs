//! The checks but for those of the disk.

use std::{fs, io, os::unix::fs::PermissionsExt as _, path::Path, sync::Arc};

use annals_format::Timestamp;
use annals_store::{Catalog, ReadError};

use super::{disk, finding::Finding};
use crate::{
    cli::output::grouped,
    clock::{Clock, SystemClock},
    config::{ConfigError, Loaded},
    data_dir,
    segments::Segments,
    server::open_files,
};

/// 2025-01-01: before this program was written.
const PAST_US: i64 = 1_735_689_600 * 1_000_000;

/// Whether the configuration is sound.
pub(super) fn configuration(loaded: &Result<Loaded, ConfigError>) -> Finding {
    const CHECK: &str = "configuration";
    match loaded {
        Err(error) => {
            Finding::wrong(CHECK, error.to_string(), "Correct it; `annals serve --help` shows every key.")
        }
        Ok(Loaded { warnings, .. }) if !warnings.is_empty() => {
            Finding::notice(CHECK, warnings.join("; "), "Correct the name, or remove the variable.")
        }
        Ok(Loaded { file: Some(file), .. }) => Finding::good(CHECK, format!("{} is sound", file.display())),
        Ok(_) => Finding::good(CHECK, "no file; what the environment says is sound"),
    }
}

/// Whether a server can keep its data here, and whether one does.
pub(super) fn data_dir(path: &Path) -> Vec<Finding> {
    const CHECK: &str = "data directory";
    let shown = path.display();
    let metadata = match fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => metadata,
        Ok(_) => {
            return vec![Finding::wrong(
                CHECK,
                format!("{shown} is not a directory"),
                "Name another one with --data-dir.",
            )];
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            let step =
                "`annals serve` makes it; if you expected data there, name its directory with --data-dir.";
            return vec![Finding::notice(CHECK, format!("{shown} does not exist yet"), step)];
        }
        Err(error) => {
            let step = "Run this as the user that the server runs as, or give this user access.";
            return vec![Finding::wrong(CHECK, format!("{shown} cannot be looked at: {error}"), step)];
        }
    };
    let mode = metadata.permissions().mode() & 0o777;
    let others = mode & 0o077;
    let permissions = if others == 0 {
        Finding::good("permissions", format!("{mode:03o}: for its owner alone"))
    } else {
        let found = format!("{mode:03o}: other users of this machine may get at the data");
        Finding::notice("permissions", found, "Run `chmod 700` on the data directory.")
    };
    let mut findings = vec![Finding::good(CHECK, shown.to_string()), permissions, server(path)];
    findings.extend(disk::checks(path));
    findings
}

fn server(path: &Path) -> Finding {
    const CHECK: &str = "server";
    match data_dir::server(path) {
        Ok(None) => Finding::good(CHECK, "none uses this data directory now"),
        Ok(Some(Some(pid))) => Finding::good(CHECK, format!("process {pid} uses this data directory")),
        Ok(Some(None)) => Finding::good(CHECK, "one uses this data directory"),
        Err(error) => Finding::wrong(
            CHECK,
            format!("the lock cannot be looked at: {error}"),
            "Run this as the user that the server runs as; if that is the case, use a file system that has locks.",
        ),
    }
}

/// Whether the catalog can be opened and read, if there is one.
pub(super) async fn catalog(path: &Path) -> Vec<Finding> {
    const CHECK: &str = "catalog";
    if !data_dir::has_catalog(path) {
        return Vec::new();
    }
    let catalog = match data_dir::open_catalog(path) {
        Ok(catalog) => catalog,
        Err(error) => {
            let step = "Put right what it says, or restore the data directory from a backup.";
            return vec![Finding::wrong(CHECK, error.to_string(), step)];
        }
    };
    match contents(path, &catalog).await {
        Ok(Contents { accounts, entries, segments, clock }) => {
            let found = format!(
                "readable; accounts: {}, entries: {}, segments: {}",
                grouped(accounts),
                grouped(entries),
                grouped(segments)
            );
            let mut findings = vec![Finding::good(CHECK, found)];
            if clock > SystemClock.now() {
                findings.push(Finding::notice(
                    "clock of the log",
                    format!("the newest entry is of {clock}, which is in the future"),
                    "Set the clock of this machine; until it has caught up, new entries get that time.",
                ));
            }
            findings
        }
        Err(error) => {
            let step = "Stop the server, keep a copy of the data directory, and restore it from a backup.";
            vec![Finding::wrong(CHECK, error.to_string(), step)]
        }
    }
}

struct Contents {
    accounts: u64,
    entries: u64,
    segments: u64,
    /// Of the newest live entry.
    clock: Timestamp,
}

/// Reads a little of everything: each log's tree and last entry, and the ends of its segments.
async fn contents(path: &Path, catalog: &dyn Catalog) -> Result<Contents, ReadError> {
    catalog.check().await?;
    let blobs = data_dir::open_blobs_beside(path).map_err(|error| ReadError::Unavailable(error.into()))?;
    let segments = Arc::new(Segments::new(blobs, 0));
    let mut contents = Contents { accounts: 0, entries: 0, segments: 0, clock: Timestamp::MIN };
    for account in catalog.accounts().await? {
        let tree = catalog.tree(account.id).await?;
        let size = tree.edge.size();
        if let Some(last) = size.checked_sub(1) {
            catalog.rows(account.id, &[last]).await?;
        }
        for info in catalog.segments(account.id).await? {
            segments.open(account.id, info).await?;
            contents.segments += 1;
        }
        contents.accounts += 1;
        contents.entries += size;
        contents.clock = contents.clock.max(tree.clock);
    }
    Ok(contents)
}

/// Whether the clock tells a time that can be.
pub(super) fn clock() -> Finding {
    const CHECK: &str = "clock";
    let now = SystemClock.now();
    if now.us() < PAST_US {
        let step = "Set the clock of this machine, and let NTP keep it right.";
        return Finding::wrong(CHECK, format!("{now} is in the past"), step);
    }
    Finding::good(CHECK, format!("{now}"))
}

/// Whether as many files may be open as there may be connections.
pub(super) fn open_files() -> Finding {
    const CHECK: &str = "open files";
    let allowed = open_files::allowed();
    let shown = allowed.map_or_else(|| "any number".to_owned(), grouped);
    if open_files::is_enough(allowed) {
        return Finding::good(CHECK, format!("{shown} allowed"));
    }
    Finding::notice(
        CHECK,
        format!(
            "{shown} allowed, {} wanted: not all connections that the server would take fit",
            grouped(open_files::WANTED)
        ),
        "Raise the hard limit, with LimitNOFILE= in a systemd unit or `ulimit -Hn`.",
    )
}
