//! What the benchmark found, for programs: the whole of it, serialised.

use anyhow::{Context, Result};
use serde::Serialize;

use super::disk::Disk;
use super::machine::Machine;
use super::process::Memory;
use super::reads::ReadResult;
use super::table::Size;
use super::writes::{Shape, WriteResult};

/// Rows a second of annals for one of PostgreSQL that are wanted, in either shape.
const WRITE_RATIO_MIN: f64 = 4.0;

/// Resident memory of annals that is allowed while it is written to.
const WRITE_MEMORY_BYTES_MAX: u64 = 300_000_000;

/// One run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// PostgreSQL's version and every setting that differs from its defaults.
    pub(crate) postgres_version: String,
    pub(crate) postgres_settings: Vec<(&'static str, String)>,
    /// Events loaded into both sides before anything was measured.
    pub(crate) events: usize,
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) loaded: Loaded,
    pub(crate) reads: Vec<ReadResult>,
    pub(crate) writes: Vec<WriteResult>,
    pub(crate) annals_memory: AnnalsMemory,
    /// All processes, shared buffers once, after everything.
    pub(crate) postgres_memory_bytes: u64,
    /// At the end.
    pub(crate) annals_rows: u64,
    pub(crate) postgres_rows: u64,
    pub(crate) targets: Vec<Target>,
}

/// Both sides once the events are in and nothing else has happened.
#[derive(Serialize)]
pub(crate) struct Loaded {
    /// Through the HTTP API, by one writer.
    pub(crate) annals_seconds: f64,
    /// COPY, indexes, vacuum and checkpoint.
    pub(crate) postgres_seconds: f64,
    pub(crate) annals_disk: Disk,
    pub(crate) postgres_size: Size,
}

/// Resident memory of annals at the end of each phase, with the peak within it.
#[derive(Serialize)]
pub(crate) struct AnnalsMemory {
    pub(crate) loading: Memory,
    pub(crate) reading: Option<Memory>,
    pub(crate) writing: Option<Memory>,
}

/// Something that is wanted, and what was found.
#[derive(Serialize)]
pub(crate) struct Target {
    pub(crate) what: &'static str,
    pub(crate) wanted: String,
    pub(crate) found: String,
    pub(crate) met: bool,
}

/// Compares what was found with what is wanted; nothing is wanted of cases that did not run.
pub(crate) fn targets(writes: &[WriteResult], memory: &AnnalsMemory) -> Result<Vec<Target>> {
    let mut targets = Vec::new();
    if !writes.is_empty() {
        let wanted = format!("at least {WRITE_RATIO_MIN} times");
        let batches = writes.iter().filter(|result| result.case.shape == Shape::Batches);
        let best = |rows: &dyn Fn(&WriteResult) -> f64| batches.clone().map(rows).fold(0.0, f64::max);
        let ratio = best(&|r| r.annals.rows_per_s.median) / best(&|r| r.postgres.rows_per_s.median);
        targets.push(Target {
            what: "rows a second in batches, the better of 1 and 16 writers on each side",
            wanted: wanted.clone(),
            found: format!("{ratio:.1} times"),
            met: ratio >= WRITE_RATIO_MIN,
        });
        let singles = |writers| {
            let result = writes.iter().find(|r| r.case.shape == Shape::Singles && r.case.writers == writers);
            result.context("a case of single events is missing")
        };
        let ratio = singles(64)?.annals.rows_per_s.median / singles(16)?.postgres.rows_per_s.median;
        targets.push(Target {
            what: "single events a second, annals with 64 writers, PostgreSQL with 16",
            wanted,
            found: format!("{ratio:.1} times"),
            met: ratio >= WRITE_RATIO_MIN,
        });
    }
    if let Some(memory) = memory.writing {
        targets.push(Target {
            what: "annals' peak resident memory while it is written to",
            wanted: format!("under {}", bytes(WRITE_MEMORY_BYTES_MAX)),
            found: bytes(memory.peak_bytes),
            met: memory.peak_bytes < WRITE_MEMORY_BYTES_MAX,
        });
    }
    Ok(targets)
}

/// For people: megabytes.
pub(crate) fn bytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}
