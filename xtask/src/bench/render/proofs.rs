//! What proofs cost, for people.

use std::io::Write;

use anyhow::Result;
use comfy_table::Table;

use super::super::load::Spread;
use super::super::proofs::Proofs;
use super::super::recording::Recording;
use super::super::verifying::Verifying;
use super::{cells, count, latency, rate, table, whole};

/// Prints the three tables.
pub(super) fn print(proofs: &Proofs, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nProofs: latency of a request in ms, one connection, entries all over the log\n")?;
    writeln!(out, "{}", reads(proofs))?;
    writeln!(
        out,
        "\nVerifying {} entries where they are stored, beside hashing on {} threads what it has to hash of each\n\
         (four sections with their salts, the salts, the leaf, and a node of the tree), a second\n",
        count(proofs.verifying.entries),
        proofs.verifying.threads,
    )?;
    writeln!(out, "{}", verifying(&proofs.verifying))?;
    writeln!(out, "\nRecording, rows a second, beside the same build without hashing\n")?;
    writeln!(out, "{}", recording(&proofs.recording))?;
    Ok(())
}

fn reads(proofs: &Proofs) -> Table {
    let mut table = table(&["", "bytes", "p50 / p99"]);
    for read in &proofs.reads {
        table.add_row(cells([
            read.kind.title().to_owned(),
            count(read.bytes as u64),
            latency(&read.latency),
        ]));
    }
    table
}

fn verifying(verifying: &Verifying) -> Table {
    let mut table = table(&["", "annals verify", "hashing alone", "ratio"]);
    let (verified, hashed) = (&verifying.entries_per_s, &verifying.hashed_per_s);
    table.add_row(cells(["entries".to_owned(), rate(verified), rate(hashed), ratio(&verifying.ratio)]));
    let megabytes = |entries: f64| format!("{} MB", whole(entries * verifying.bytes_per_entry / 1e6));
    let hashed = megabytes(hashed.median);
    table.add_row(cells(["bytes hashed".to_owned(), megabytes(verified.median), hashed, String::new()]));
    table
}

fn recording(recording: &Recording) -> Table {
    let mut table = table(&[
        "",
        "with hashing",
        "without",
        "ratio",
        "with p50 / p99",
        "without p50 / p99",
        "CPU µs a row",
    ]);
    table.add_row(cells([
        recording.case.title(),
        rate(&recording.with.rows_per_s),
        rate(&recording.without.rows_per_s),
        ratio(&recording.ratio),
        latency(&recording.with),
        latency(&recording.without),
        format!("{:.1} / {:.1}", recording.with_cpu_us_per_row, recording.without_cpu_us_per_row),
    ]));
    table
}

fn ratio(ratio: &Spread) -> String {
    format!("{:.2} ({:.2}–{:.2})", ratio.median, ratio.min, ratio.max)
}
