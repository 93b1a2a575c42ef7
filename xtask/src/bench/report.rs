//! What the benchmark found, for programs: the whole of it, serialised.

use anyhow::{Context, Result};
use serde::Serialize;

use super::annals::Sealed;
use super::background::Background;
use super::disk::Disk;
use super::growth::Growth;
use super::load::{Summary, Transport};
use super::machine::Machine;
use super::process::Memory;
use super::proofs::Proofs;
use super::read_cases::{self, Wanted};
use super::reads::ReadResult;
use super::table::Size;
use super::writes::{Shape, WriteCase, WriteResult};

/// Rows a second of annals for one of PostgreSQL that are wanted, in either shape.
const WRITE_RATIO_MIN: f64 = 4.0;

/// Resident memory of annals that is allowed while it is written to.
const WRITE_MEMORY_BYTES_MAX: u64 = 300_000_000;

/// Events from which on a log counts as long.
const MANY_EVENTS: usize = 10_000_000;

/// The same as [`WRITE_RATIO_MIN`] for batches into a long log.
const BATCH_RATIO_MIN_OF_MANY: f64 = 6.0;

/// Resident memory of annals that is allowed while a long log is read.
const READ_MEMORY_BYTES_MAX: u64 = 1_000_000_000;

/// One run.
#[derive(Serialize)]
pub(crate) struct Report {
    pub(crate) machine: Machine,
    /// Unless only annals was measured.
    pub(crate) postgres: Option<PostgresReport>,
    /// Events loaded before anything was measured.
    pub(crate) events: usize,
    pub(crate) seed: u64,
    pub(crate) rounds: usize,
    pub(crate) seconds: u64,
    pub(crate) loaded: Loaded,
    pub(crate) reads: Vec<ReadResult>,
    pub(crate) proofs: Option<Proofs>,
    pub(crate) writes: Vec<WriteResult>,
    /// What HTTP takes of single events by itself.
    pub(crate) http_alone: Vec<(Transport, Summary)>,
    pub(crate) growth: Option<Growth>,
    pub(crate) background: Option<Background>,
    pub(crate) annals_memory: AnnalsMemory,
    /// At the end.
    pub(crate) annals_rows: u64,
    /// From the start of a server to its first answer, with all of it in place.
    pub(crate) opening_seconds: f64,
    pub(crate) targets: Vec<Target>,
}

/// PostgreSQL's side.
#[derive(Serialize)]
pub(crate) struct PostgresReport {
    pub(crate) version: String,
    /// Every setting that differs from its defaults.
    pub(crate) settings: Vec<(&'static str, String)>,
    /// COPY, indexes, vacuum and checkpoint.
    pub(crate) loading_seconds: f64,
    /// Once the events were in and nothing else had happened.
    pub(crate) size: Size,
    /// All processes, shared buffers once, after everything.
    pub(crate) memory_bytes: u64,
    /// At the end.
    pub(crate) rows: u64,
}

/// annals once the events are in and nothing else has happened.
#[derive(Serialize)]
pub(crate) struct Loaded {
    /// Through the HTTP API, by one writer.
    pub(crate) annals_seconds: f64,
    /// What is in segments when sealing and compacting have come to an end.
    pub(crate) annals_sealed: Sealed,
    /// With segments that were compacted away, which stay for a while, and the catalog with room for new entries.
    pub(crate) annals_disk: Disk,
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

impl Report {
    /// Compares what was found with what is wanted; nothing is wanted of cases that did not run.
    pub(crate) fn compare(&self) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        if self.events >= MANY_EVENTS {
            of_many(&mut targets, &self.loaded, &self.reads, &self.annals_memory, self.opening_seconds)?;
        }
        if let Some(proofs) = &self.proofs {
            targets.extend(proofs.targets(self.events >= MANY_EVENTS)?);
        }
        of_writes(&mut targets, self.events, &self.writes, &self.annals_memory)?;
        targets.extend(self.growth.iter().flat_map(Growth::targets));
        targets.extend(self.background.iter().flat_map(Background::targets));
        Ok(targets)
    }
}

/// What is wanted of writing.
fn of_writes(
    targets: &mut Vec<Target>,
    events: usize,
    writes: &[WriteResult],
    memory: &AnnalsMemory,
) -> Result<()> {
    let write_ratio_min = if events >= MANY_EVENTS { BATCH_RATIO_MIN_OF_MANY } else { WRITE_RATIO_MIN };
    if !writes.is_empty() {
        let wanted = format!("at least {WRITE_RATIO_MIN} times");
        let batches = writes.iter().filter(|result| result.case.shape == Shape::Batches);
        let best = |rows: &dyn Fn(&WriteResult) -> f64| batches.clone().map(rows).fold(0.0, f64::max);
        let ratio = best(&|r| r.annals.rows_per_s.median) / best(&|r| r.postgres.rows_per_s.median);
        targets.push(Target {
            what: "rows a second in batches, the better of 1 and 16 writers on each side",
            wanted: format!("at least {write_ratio_min} times"),
            found: format!("{ratio:.1} times"),
            met: ratio >= write_ratio_min,
        });
        let singles = |writers, transport| {
            let case = WriteCase { shape: Shape::Singles, writers, transport };
            let result = writes.iter().find(|result| result.case == case);
            result.context("a case of single events is missing")
        };
        for (what, transport) in [
            ("single events a second, annals with 64 writers, PostgreSQL with 16, TCP", Transport::Tcp),
            (
                "single events a second, annals with 64 writers, PostgreSQL with 16, Unix sockets",
                Transport::Unix,
            ),
        ] {
            let of_postgres = singles(16, transport)?.postgres.rows_per_s.median;
            let ratio = singles(64, transport)?.annals.rows_per_s.median / of_postgres;
            targets.push(Target {
                what,
                wanted: wanted.clone(),
                found: format!("{ratio:.1} times"),
                met: ratio >= WRITE_RATIO_MIN,
            });
        }
    }
    if let Some(memory) = memory.writing.filter(|_| events < MANY_EVENTS) {
        targets.push(Target {
            what: "annals' peak resident memory while it is written to",
            wanted: format!("under {}", bytes(WRITE_MEMORY_BYTES_MAX)),
            found: bytes(memory.peak_bytes),
            met: memory.peak_bytes < WRITE_MEMORY_BYTES_MAX,
        });
    }
    Ok(())
}

/// What is wanted of a log that is too long for memory.
fn of_many(
    targets: &mut Vec<Target>,
    loaded: &Loaded,
    reads: &[ReadResult],
    memory: &AnnalsMemory,
    opening_seconds: f64,
) -> Result<()> {
    for read in reads {
        let (ratio, p50_ms) = (read.ratio, read.annals.p50_ms.median);
        let Wanted { ratio_min, p50_ms_max } = read.wanted;
        let times =
            if ratio_min > 0.0 { format!(", at least {ratio_min} times faster") } else { String::new() };
        targets.push(Target {
            what: read.title,
            wanted: format!("at most {p50_ms_max} ms{times}"),
            found: format!("{p50_ms:.3} ms, {ratio:.1} times"),
            met: ratio >= ratio_min && p50_ms <= p50_ms_max,
        });
    }
    let p50_ms = |title| {
        let read = reads.iter().find(|read| read.title == title);
        Ok::<_, anyhow::Error>(read.context("a case is missing")?.annals.p50_ms.median)
    };
    if !reads.is_empty() {
        let ratio = p50_ms(read_cases::HALF_WAY)? / p50_ms(read_cases::FIRST_PAGE)?;
        targets.push(Target {
            what: "a page half-way, for one at the start",
            wanted: "at most 1.5 times as long".to_owned(),
            found: format!("{ratio:.2} times"),
            met: ratio <= 1.5,
        });
    }
    let sealed = &loaded.annals_sealed;
    let each = |bytes: u64| bytes / sealed.rows.max(1);
    let (with, without) = (each(sealed.bytes), each(sealed.bytes - sealed.search_bytes()));
    targets.push(Target {
        what: "bytes an event in segments, without search and with it",
        wanted: "at most 220 and 270".to_owned(),
        found: format!("{without} and {with}"),
        met: without <= 220 && with <= 270,
    });
    if let Some(memory) = memory.reading {
        targets.push(Target {
            what: "annals' resident memory with all reads warm",
            wanted: format!("under {}", bytes(READ_MEMORY_BYTES_MAX)),
            found: bytes(memory.peak_bytes),
            met: memory.peak_bytes < READ_MEMORY_BYTES_MAX,
        });
    }
    targets.push(Target {
        what: "from the start to the first answer",
        wanted: "under a second".to_owned(),
        found: format!("{opening_seconds:.2} s"),
        met: opening_seconds < 1.0,
    });
    Ok(())
}

/// For people: megabytes.
pub(crate) fn bytes(bytes: u64) -> String {
    format!("{} MB", bytes.div_ceil(1_000_000))
}
