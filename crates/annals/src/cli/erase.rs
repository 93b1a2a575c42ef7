//! `annals erase`: what is personal goes, and the proofs stay.

use std::{process::ExitCode, time::Duration};

use annals_client::ListFilters;
use annals_format::entry::Section;
use clap::builder::PossibleValuesParser;

use super::{
    connection::{Connection, block_on},
    filters::Filters,
    output::{self, grouped, usage},
};

/// Erasing reads and writes anew every segment that has something of it.
const TIMEOUT: Duration = Duration::from_hours(2);

/// Erase what is personal in audit logs, for good
///
/// Of all audit logs that match, the named sections go: from lists, searches, files and free space in files. Their digests stay,
/// so that every proof still verifies. What a hold is on stays. Who did it, why and of how many is recorded. Copies that others have, such as backups and
/// exports, are not touched.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals erase --user 1815 --section actor,context --reason 'Art. 17 GDPR, ticket 4711'          how many these are
  annals erase --user 1815 --section actor,context --reason 'Art. 17 GDPR, ticket 4711' --yes
  annals erase --audit-log-token adt_lg_7c1f0a93be52d846 --section change --reason 'a password' --yes")]
pub(super) struct Args {
    #[command(flatten)]
    filters: Filters,

    /// What goes: who it was, the object's title, what changed, the context and metadata
    #[arg(long = "section", value_name = "SECTIONS", value_delimiter = ',', required = true)]
    #[arg(value_parser = PossibleValuesParser::new(Section::ALL.map(Section::as_str)))]
    sections: Vec<String>,

    /// Why, as the record of the erasure says it
    #[arg(long)]
    reason: String,

    /// Do it; without this, only say how many audit logs match
    #[arg(long)]
    yes: bool,

    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let filters = args.filters.parameters();
    if filters.parameters().is_empty() {
        return Err(usage(
            "nothing says which audit logs are meant",
            "Name them with --user, --audit-log-token or another filter.",
        ));
    }
    let client = args.connection.client(TIMEOUT)?;
    if !args.yes {
        // With one on a page, the number of the last page is how many match.
        let one = ListFilters { limit: Some(1), ..filters };
        let page = block_on(async { Ok(client.list(&one).await?) })?;
        let matching = match page.links.last.as_deref().and_then(last_page) {
            Some(pages) if !page.audit_logs.is_empty() => pages,
            _ => page.audit_logs.len() as u64,
        };
        output::note(format!("{} audit logs match. Nothing was erased: --yes does it.", grouped(matching)));
        return Ok(ExitCode::SUCCESS);
    }
    let sections: Vec<&str> = args.sections.iter().map(String::as_str).collect();
    let erased = block_on(async { Ok(client.erase(&filters, &sections, &args.reason).await?) })?;
    output::note(format!(
        "Erased from {} audit logs. `annals list --object-token {}` shows the record of it.",
        grouped(erased.entries),
        erased.token
    ));
    if erased.held > 0 {
        let held = grouped(erased.held);
        output::note(format!("{held} more match but are held, and were left as they are."));
    }
    Ok(ExitCode::SUCCESS)
}

/// The number of the page that a link leads to; it comes last.
fn last_page(link: &str) -> Option<u64> {
    link.rsplit_once("page=")?.1.parse().ok()
}
