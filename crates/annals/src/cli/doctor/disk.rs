//! Checks of the disk: is it the right kind, is there room, and how fast is an fsync.

use std::{
    fs::{self, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
    time::{Duration, Instant},
};

use indicatif::HumanBytes;

use super::finding::Finding;

/// With less, the disk is full soon.
const FREE_BYTES_LOW: u64 = 1 << 30;

/// With less, not even the catalog's log fits.
const FREE_BYTES_MIN: u64 = 64 << 20;

/// A commit waits for one fsync; slower than this, a single writer records fewer than 50 events a second.
const FSYNC_SLOW: Duration = Duration::from_millis(20);

/// Writes that are timed.
const FSYNC_ROUNDS: usize = 20;

/// Bytes of each, about those of a small commit.
const FSYNC_BYTES: usize = 8 * 1024;

/// What is written to measure the disk, and removed.
const PROBE: &str = "doctor.probe";

/// All checks of the disk under a directory that is there.
pub(super) fn checks(path: &Path) -> Vec<Finding> {
    let mut findings = vec![free_space(path)];
    #[cfg(target_os = "linux")]
    findings.extend(file_system(path));
    findings.push(fsync(path));
    findings
}

fn free_space(path: &Path) -> Finding {
    const CHECK: &str = "free space";
    let step = "Make room, or move the data directory to a larger disk: when it is full, writes are refused.";
    match rustix::fs::statvfs(path) {
        Ok(disk) => {
            let bytes = disk.f_bavail.saturating_mul(disk.f_frsize);
            let found = HumanBytes(bytes).to_string();
            match bytes {
                ..FREE_BYTES_MIN => Finding::wrong(CHECK, found, step),
                FREE_BYTES_MIN..FREE_BYTES_LOW => Finding::notice(CHECK, found, step),
                _ => Finding::good(CHECK, found),
            }
        }
        Err(error) => Finding::notice(CHECK, format!("cannot be asked for: {error}"), "Look with `df`."),
    }
}

/// File systems that lose data or have no sound locks, by the numbers of Linux's `magic.h`.
#[cfg(target_os = "linux")]
fn file_system(path: &Path) -> Option<Finding> {
    const CHECK: &str = "file system";
    let network = match rustix::fs::statfs(path).ok()?.f_type {
        0x6969 => "NFS",
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => "SMB",
        0x00c3_6400 => "Ceph",
        0x0102_1997 => "9P",
        0x0102_1994 | 0x8584_58f6 => {
            let step = "Name a directory on a disk with --data-dir, unless the data may be lost.";
            return Some(Finding::notice(CHECK, "in memory: everything is gone after a reboot", step));
        }
        _ => return None,
    };
    let step =
        "Use a disk of this machine: SQLite's log needs shared memory and locks that networks do not give.";
    Some(Finding::wrong(CHECK, format!("{network}, over a network"), step))
}

fn fsync(path: &Path) -> Finding {
    const CHECK: &str = "disk";
    match median_fsync(&path.join(PROBE)) {
        Ok(median) => {
            let found = format!("writable; an fsync takes {:.2} ms", median.as_secs_f64() * 1e3);
            if median > FSYNC_SLOW {
                let step = "Expect slow single writes: each waits for one fsync. Many at a time share it.";
                Finding::notice(CHECK, found, step)
            } else {
                Finding::good(CHECK, found)
            }
        }
        Err(error) => {
            let step = "Run this as the user that the server runs as, or give this user access.";
            Finding::wrong(CHECK, format!("the data directory cannot be written: {error}"), step)
        }
    }
}

fn median_fsync(probe: &Path) -> io::Result<Duration> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(probe)?;
    let mut write = || {
        let started = Instant::now();
        file.write_all(&[0; FSYNC_BYTES])?;
        file.sync_data()?;
        Ok(started.elapsed())
    };
    let times: io::Result<Vec<Duration>> = (0..FSYNC_ROUNDS).map(|_| write()).collect();
    fs::remove_file(probe)?;
    let mut times = times?;
    times.sort_unstable();
    Ok(times[FSYNC_ROUNDS / 2])
}
