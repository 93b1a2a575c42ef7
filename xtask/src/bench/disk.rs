//! The disk: what lies on it, and how long it takes to make a write durable.

use std::fs::File;
use std::io::{Seek, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::load::percentile_ms;

/// `f_type` of a file system in memory, from `linux/magic.h`.
const TMPFS_MAGIC: i64 = 0x0102_1994;

/// Bytes allocated on disk.
#[derive(Clone, Copy, Serialize)]
pub(crate) struct Disk {
    /// Rows and indexes.
    pub(crate) data_bytes: u64,
    /// The write-ahead log, which is bounded and reused.
    pub(crate) log_bytes: u64,
}

/// Adds up what `dir` takes; `is_log` says which files are the write-ahead log.
pub(crate) fn usage(dir: &Path, is_log: impl Fn(&Path) -> bool) -> Result<Disk> {
    let mut disk = Disk { data_bytes: 0, log_bytes: 0 };
    let mut pending = vec![dir.to_owned()];
    while let Some(dir) = pending.pop() {
        for entry in std::fs::read_dir(&dir).with_context(|| format!("could not list {}", dir.display()))? {
            let entry = entry?;
            // A running server may remove a file while we look.
            let Ok(metadata) = entry.metadata() else { continue };
            let path = entry.path();
            if metadata.is_dir() {
                pending.push(path);
            } else if is_log(&path) {
                disk.log_bytes += metadata.blocks() * 512;
            } else {
                disk.data_bytes += metadata.blocks() * 512;
            }
        }
    }
    Ok(disk)
}

/// How long `fdatasync` takes after a write of 4 KiB.
#[derive(Serialize)]
pub(crate) struct SyncLatency {
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// Measures `fdatasync` in `dir` the way a write-ahead log uses it: over and over through a file that exists already.
/// Refuses a file system in memory, where durability costs nothing and the comparison would be void.
pub(crate) fn sync_latency(dir: &Path) -> Result<SyncLatency> {
    const BLOCK: usize = 4096;
    const BLOCKS: usize = 1024;
    ensure!(
        rustix::fs::statfs(dir)?.f_type != TMPFS_MAGIC,
        "{} lies in memory: name a directory on a disk with --dir",
        dir.display()
    );
    let path = dir.join("sync-latency");
    let mut file = File::create_new(&path)?;
    file.write_all(&vec![1; BLOCK * BLOCKS])?;
    file.sync_all()?;
    file.rewind()?;
    let mut latencies = Vec::with_capacity(BLOCKS);
    let start = Instant::now();
    while latencies.len() < BLOCKS && start.elapsed() < Duration::from_secs(2) {
        let before = Instant::now();
        file.write_all(&[2; BLOCK])?;
        file.sync_data()?;
        latencies.push(before.elapsed());
    }
    std::fs::remove_file(&path)?;
    latencies.sort_unstable();
    Ok(SyncLatency { p50_ms: percentile_ms(&latencies, 50), p99_ms: percentile_ms(&latencies, 99) })
}
