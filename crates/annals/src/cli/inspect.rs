//! `annals inspect`: what a data directory holds, and what takes how much space in it.

mod survey;

use std::{io::Write, process::ExitCode};

use comfy_table::CellAlignment;

use super::{
    administration::DataDir,
    output::{self, Screen, Stdout, grouped, plain},
};
use survey::{Account, Survey};

/// Show what a data directory holds: logs, segments, and bytes by what they are for
///
/// Reads the catalog and the ends of segments, also while a server runs, and changes nothing.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals inspect
  annals inspect --segments
  annals inspect --json | jq '.accounts[].segments[] | {name, rows, bytes}'")]
pub(super) struct Args {
    /// Show each segment, too
    #[arg(long)]
    segments: bool,

    /// Print everything as one JSON object
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    data_dir: DataDir,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let path = args.data_dir.path()?;
    let survey = args.data_dir.administer(async |admin| Ok(survey::make(&path, admin.catalog).await))??;
    let mut out = output::stdout();
    if args.json {
        writeln!(out, "{}", serde_json::to_string_pretty(&survey)?)?;
    } else {
        print(&mut out, &survey, args.segments)?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

fn print(out: &mut Stdout, survey: &Survey, segments: bool) -> anyhow::Result<()> {
    let screen = Screen::of_stdout();
    writeln!(out, "{}, catalog {} bytes", survey.data_dir.display(), grouped(survey.catalog_bytes))?;
    let mut table =
        screen.table(&["ACCOUNT", "ENTRIES", "IN HEAD", "SEALED", "SEGMENTS", "BYTES", "AN ENTRY"]);
    for account in &survey.accounts {
        let sealed = account.sealed();
        table.add_row([
            plain(&account.title).into_owned(),
            grouped(account.entries),
            grouped(account.entries - sealed),
            grouped(sealed),
            grouped(account.segments.len() as u64),
            grouped(account.bytes()),
            each(account.bytes(), sealed),
        ]);
    }
    right(&mut table, 1..7);
    writeln!(out, "\n{table}")?;
    if segments {
        print_segments(out, screen, &survey.accounts)?;
    }
    let parts = survey.parts();
    if parts.is_empty() {
        return Ok(());
    }
    let (bytes, sealed): (u64, u64) =
        (parts.iter().map(|part| part.bytes).sum(), survey.accounts.iter().map(Account::sealed).sum());
    let mut table = screen.table(&["PART OF SEGMENTS", "BYTES", "SHARE", "AN ENTRY"]);
    for part in &parts {
        table.add_row([
            part.part.clone(),
            grouped(part.bytes),
            share(part.bytes, bytes),
            each(part.bytes, sealed),
        ]);
    }
    table.add_row(["all".to_owned(), grouped(bytes), share(bytes, bytes), each(bytes, sealed)]);
    right(&mut table, 1..4);
    writeln!(out, "\n{table}")?;
    let (raw, packed) = survey.compression();
    if packed > 0 {
        writeln!(
            out,
            "\nRows take {} bytes before compression: {} of them remain.",
            grouped(raw),
            share(packed, raw)
        )?;
    }
    Ok(())
}

fn print_segments(out: &mut Stdout, screen: Screen, accounts: &[Account]) -> anyhow::Result<()> {
    for account in accounts.iter().filter(|account| !account.segments.is_empty()) {
        writeln!(out, "\n{}", plain(&account.title))?;
        let mut table = screen.table(&[
            "SEGMENT",
            "INDEXES",
            "ROWS",
            "OLDEST (UTC)",
            "NEWEST (UTC)",
            "BYTES",
            "AN ENTRY",
        ]);
        for segment in &account.segments {
            table.add_row([
                segment.name.clone(),
                format!("{}–{}", grouped(segment.first), grouped(segment.end - 1)),
                grouped(segment.rows),
                minute(segment.oldest.as_deref()),
                minute(segment.newest.as_deref()),
                grouped(segment.bytes),
                each(segment.bytes, segment.rows),
            ]);
        }
        right(&mut table, 2..3);
        right(&mut table, 5..7);
        writeln!(out, "{table}")?;
    }
    Ok(())
}

fn right(table: &mut comfy_table::Table, columns: std::ops::Range<usize>) {
    for column in columns {
        if let Some(column) = table.column_mut(column) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
}

/// An instant to the minute; nothing for none.
fn minute(at: Option<&str>) -> String {
    at.unwrap_or_default().get(..16).unwrap_or_default().replace('T', " ")
}

/// Bytes an entry, to a tenth.
fn each(bytes: u64, entries: u64) -> String {
    let tenths = bytes.saturating_mul(10).checked_div(entries);
    tenths.map_or_else(String::new, |tenths| format!("{}.{}", grouped(tenths / 10), tenths % 10))
}

/// A share in per cent, to a tenth.
fn share(part: u64, whole: u64) -> String {
    let tenths = part.saturating_mul(1_000).checked_div(whole);
    tenths.map_or_else(String::new, |tenths| format!("{}.{} %", tenths / 10, tenths % 10))
}
