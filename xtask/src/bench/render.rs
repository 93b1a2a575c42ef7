//! What the benchmark found, for people: the machine, the tables, and what is wanted beside what was found.

mod growth;
mod proofs;

use std::io::Write;

use anyhow::Result;
use comfy_table::{Cell, CellAlignment, Table, presets};

use super::load::{Spread, Summary, Transport};
use super::report::{AnnalsMemory, PostgresReport, Report, bytes};

/// Prints the report.
pub(crate) fn print(report: &Report, out: &mut impl Write) -> Result<()> {
    print_setting(report, out)?;
    if !report.writes.is_empty() {
        writeln!(
            out,
            "\nWriting: rows a second (median, least and most of the rounds), latency of a request in ms,\nprocessor time of the server, cores that the load generator took for itself (annals / PostgreSQL)\n"
        )?;
        writeln!(out, "{}", writes(report))?;
    }
    for (transport, alone) in &report.http_alone {
        let over = match transport {
            Transport::Tcp => "TCP",
            Transport::Unix => "the Unix socket",
        };
        writeln!(
            out,
            "\nHTTP alone over {over}: {} requests a second, the same single events over 64 connections, refused before they are read",
            rate(&alone.rows_per_s),
        )?;
    }
    if !report.reads.is_empty() {
        writeln!(out, "\nReading: latency of a request in ms, one connection, page and exact total\n")?;
        writeln!(out, "{}", reads(report))?;
    }
    if let Some(proofs) = &report.proofs {
        proofs::print(proofs, out)?;
    }
    if let Some(growth) = &report.growth {
        growth::print_growth(growth, report.events, out)?;
    }
    if let Some(background) = &report.background {
        growth::print_background(background, out)?;
    }
    print_sizes(report, out)?;
    if !report.targets.is_empty() {
        writeln!(out, "\nWanted\n")?;
        writeln!(out, "{}", targets(report))?;
    }
    Ok(())
}

fn print_setting(report: &Report, out: &mut impl Write) -> Result<()> {
    let machine = &report.machine;
    writeln!(
        out,
        "{}, {} cores, {}, Linux {}, fdatasync {:.2} ms (p99 {:.2} ms)",
        machine.cpu,
        machine.cores,
        bytes(machine.memory_bytes),
        machine.kernel,
        machine.fdatasync.p50_ms,
        machine.fdatasync.p99_ms,
    )?;
    if machine.was_busy() {
        writeln!(
            out,
            "Other programs kept {:.1} cores busy: trust the ratios more than the numbers.",
            machine.others_cores
        )?;
    }
    writeln!(
        out,
        "{} events loaded, seed {}, {} x {} s a case and side, the load generator on the same cores",
        count(report.events as u64),
        report.seed,
        report.rounds,
        report.seconds,
    )?;
    if let Some(postgres) = &report.postgres {
        let settings: Vec<_> =
            postgres.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        writeln!(out, "{}\n  {}", postgres.version, settings.join(" "))?;
    }
    Ok(())
}

fn print_sizes(report: &Report, out: &mut impl Write) -> Result<()> {
    let loaded = &report.loaded;
    let events = (report.events as u64).max(1);
    writeln!(
        out,
        "\nDisk, bytes an event after loading: annals {} (and {} of write-ahead log)",
        loaded.annals_disk.data_bytes / events,
        bytes(loaded.annals_disk.log_bytes),
    )?;
    let sealed = &loaded.annals_sealed;
    let parts: Vec<String> = sealed
        .parts
        .iter()
        .filter(|(_, bytes)| *bytes >= sealed.rows / 10)
        .map(|(part, bytes)| format!("{part} {}", tenths(*bytes, sealed.rows)))
        .collect();
    writeln!(
        out,
        "In segments: {} events in {}, {} bytes each ({})",
        count(sealed.rows),
        sealed.segments,
        tenths(sealed.bytes, sealed.rows),
        parts.join(", "),
    )?;
    writeln!(out, "Loading: annals {:.0} s by one writer over HTTP", loaded.annals_seconds)?;
    writeln!(out, "Opening: {:.2} s from the start of annals to its first answer", report.opening_seconds)?;
    let AnnalsMemory { loading, reading, writing } = &report.annals_memory;
    let phases = [("loading", Some(loading)), ("reading", reading.as_ref()), ("writing", writing.as_ref())];
    let phases: Vec<_> = phases
        .iter()
        .filter_map(|(name, memory)| {
            memory.map(|m| format!("{name} {} (peak {})", bytes(m.now_bytes), bytes(m.peak_bytes)))
        })
        .collect();
    writeln!(out, "Memory: annals after {}", phases.join(", "))?;
    writeln!(out, "Rows at the end: annals {}", count(report.annals_rows))?;
    match &report.postgres {
        Some(postgres) => print_postgres(postgres, events, out),
        None => Ok(()),
    }
}

fn print_postgres(postgres: &PostgresReport, events: u64, out: &mut impl Write) -> Result<()> {
    let size = &postgres.size;
    writeln!(
        out,
        "PostgreSQL: {} bytes an event on disk (rows {}, indexes {}); loading {:.0} s by COPY, then indexes and vacuum; \
         memory {} with shared buffers; {} rows at the end",
        (size.table_bytes + size.index_bytes) / events,
        size.table_bytes / events,
        size.index_bytes / events,
        postgres.loading_seconds,
        bytes(postgres.memory_bytes),
        count(postgres.rows),
    )?;
    Ok(())
}

fn writes(report: &Report) -> Table {
    let mut table = table(&[
        "",
        "annals",
        "PostgreSQL",
        "ratio",
        "annals p50 / p99",
        "PostgreSQL p50 / p99",
        "CPU µs a row",
        "generator",
    ]);
    for result in &report.writes {
        table.add_row(cells([
            result.case.title(),
            rate(&result.annals.rows_per_s),
            rate(&result.postgres.rows_per_s),
            format!("{:.1}", result.ratio),
            latency(&result.annals),
            latency(&result.postgres),
            format!("{:.1} / {:.1}", result.annals_cpu_us_per_row, result.postgres_cpu_us_per_row),
            format!(
                "{:.2} / {:.2}",
                result.annals.generator_cores.median, result.postgres.generator_cores.median
            ),
        ]));
    }
    table
}

fn reads(report: &Report) -> Table {
    let mut table = table(&["", "matches", "annals p50 / p99", "PostgreSQL p50 / p99", "ratio of p50"]);
    for result in &report.reads {
        table.add_row(cells([
            result.title.to_owned(),
            count(result.matches),
            latency(&result.annals),
            latency(&result.postgres),
            format!("{:.1}", result.ratio),
        ]));
    }
    table
}

fn targets(report: &Report) -> Table {
    let mut table = table(&["", "wanted", "found", "met"]);
    for target in &report.targets {
        let met = if target.met { "yes" } else { "no" };
        table.add_row(cells([
            target.what.to_owned(),
            target.wanted.clone(),
            target.found.clone(),
            met.to_owned(),
        ]));
    }
    table
}

fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::ASCII_MARKDOWN).set_header(header);
    table
}

/// A row: the first cell is a name, the others are numbers.
fn cells<const N: usize>(values: [String; N]) -> impl Iterator<Item = Cell> {
    values.into_iter().enumerate().map(|(position, value)| {
        let alignment = if position == 0 { CellAlignment::Left } else { CellAlignment::Right };
        Cell::new(value).set_alignment(alignment)
    })
}

fn rate(rows_per_s: &Spread) -> String {
    format!("{} ({}–{})", whole(rows_per_s.median), whole(rows_per_s.min), whole(rows_per_s.max))
}

fn latency(summary: &Summary) -> String {
    format!("{} / {}", milliseconds(summary.p50_ms.median), milliseconds(summary.p99_ms.median))
}

fn milliseconds(value: f64) -> String {
    if value < 1.0 {
        format!("{value:.3}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        whole(value)
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "rates and times are positive and small"
)]
fn whole(value: f64) -> String {
    count(value.round() as u64)
}

/// A quotient, to a tenth.
fn tenths(part: u64, whole: u64) -> String {
    let tenths = part * 10 / whole.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// A number with its thousands apart: `1,234,567`.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (position, digit) in digits.chars().enumerate() {
        if position > 0 && (digits.len() - position).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!([0.0123, 9.96, 1_200.0].map(milliseconds), ["0.012", "10.0", "1,200"]);
    }
}
