//! What growth and background work cost, for people.

use std::io::Write;

use anyhow::Result;

use super::super::background::Background;
use super::super::growth::Growth;
use super::{cells, count, latency, table};

/// Prints the table of both sizes.
pub(super) fn print_growth(growth: &Growth, events: usize, out: &mut impl Write) -> Result<()> {
    writeln!(out, "\nGrowth: latency of a request in ms, one connection, p50 / p99\n")?;
    let headings = [growth.smaller_events, events].map(|events| format!("of {}", count(events as u64)));
    let mut table = table(&["", &headings[0], &headings[1], "ratio of p50"]);
    for case in &growth.cases {
        let ratio = format!("{:.2}", case.ratio);
        table.add_row(cells([case.title.to_owned(), latency(&case.smaller), latency(&case.larger), ratio]));
    }
    writeln!(out, "{table}")?;
    Ok(())
}

/// Prints the table of what background work costs.
pub(super) fn print_background(background: &Background, out: &mut impl Write) -> Result<()> {
    writeln!(
        out,
        "\nReading and writing while {} entries are sealed: latency of a request in ms, one connection, p50 / p99\n",
        count(background.sealed),
    )?;
    let mut table = table(&["", "nothing else", "while entries are sealed", "ratio of p99"]);
    for case in &background.cases {
        let ratio = format!("{:.1}", case.ratio);
        table.add_row(cells([case.title.to_owned(), latency(&case.idle), latency(&case.busy), ratio]));
    }
    writeln!(out, "{table}")?;
    Ok(())
}
