//! `annals list`: audit logs that match, as a table or as NDJSON.

use std::{io::Write, process::ExitCode};

use annals_client::{AuditLog, AuditLogs, Client, Links, ListFilters, Served, members};
use comfy_table::{ColumnConstraint, Row, Table};

use super::{
    connection::{ANSWER_TIMEOUT, Connection, block_on},
    filters::Filters,
    output::{self, Screen, Stdout, plain},
};

/// List audit logs, newest first
///
/// All filters have to match. With --json every line is one audit log, exactly as the server sent it.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals list --object-type cost_report --start-date 2026-01-01 --end-date 2026-01-31
  annals list --action delete --user 1815
  annals list cloud 'tea*' --changed title         who renamed what about cloud and team
  annals list --all --json > audit.ndjson
  annals list --all --json | tac | annals import - --url https://other.example    oldest first, as it happened")]
pub(super) struct Args {
    #[command(flatten)]
    filters: Filters,

    /// Page of results, from 1
    #[arg(long, value_name = "N", conflicts_with = "all", help_heading = "Pages")]
    page: Option<u64>,

    /// Results a page, up to 5000 [default: 100; with --all 1000]
    #[arg(long, value_name = "N", help_heading = "Pages")]
    limit: Option<u32>,

    /// All pages, as one consistent snapshot even while more is recorded
    #[arg(long, help_heading = "Pages")]
    all: bool,

    /// Only entries with a smaller index: the log as it was when it had N entries
    #[arg(long, alias = "as_of", value_name = "N", help_heading = "Pages")]
    as_of: Option<u64>,

    /// Print one audit log a line as JSON, as served
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

/// Results a page with `--all`: few requests, and pages of about a megabyte.
const LIMIT_ALL: u32 = 1000;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let client = args.connection.client(ANSWER_TIMEOUT)?;
    block_on(list(&client, args))?;
    Ok(ExitCode::SUCCESS)
}

async fn list(client: &Client, args: &Args) -> anyhow::Result<()> {
    let mut out = output::stdout();
    let mut pages = client.pages(&args.filters());
    let mut seen = false;
    while let Some(page) = pages.next().await? {
        print(&mut out, &page, args.json)?;
        seen |= !page.audit_logs.is_empty();
        if !args.all {
            tell_where(args, &page.links);
            break;
        }
    }
    if !seen && !args.json {
        output::note("Nothing matches.");
    }
    Ok(())
}

impl Args {
    fn filters(&self) -> ListFilters {
        ListFilters {
            page: self.page,
            limit: self.limit.or(self.all.then_some(LIMIT_ALL)),
            as_of: self.as_of,
            ..self.filters.parameters()
        }
    }
}

fn print(out: &mut Stdout, page: &AuditLogs, json: bool) -> anyhow::Result<()> {
    if json {
        for log in &page.audit_logs {
            writeln!(out, "{}", one_line(log))?;
        }
    } else if !page.audit_logs.is_empty() {
        writeln!(out, "{}", table(&page.audit_logs, Screen::of_stdout()).trim_fmt())?;
    }
    Ok(out.flush()?)
}

/// The text as served. Line breaks can only stand between its tokens, where a space means the same.
fn one_line(log: &Served<AuditLog>) -> String {
    log.json().replace(['\n', '\r'], " ")
}

const HEADINGS: [&str; 8] = ["TIME (UTC)", "ACTION", "TYPE", "TITLE", "USER", "SOURCE", "CHANGED", "TOKEN"];

/// Columns of a terminal in which there is room for tokens too.
const TOKEN_WIDTH_MIN: u16 = 110;

fn table(logs: &[Served<AuditLog>], screen: Screen) -> Table {
    let mut table = screen.table(&HEADINGS);
    for log in logs {
        let mut row = Row::from([
            log.created_at.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            log.event.to_string(),
            plain(&log.object_type).into_owned(),
            shown(log.object_title.as_deref()),
            shown(log.user.as_deref()),
            plain(&log.source).into_owned(),
            changed_keys(log),
            plain(&log.token).into_owned(),
        ]);
        row.max_height(1);
        table.add_row(row);
    }
    // What is looked up or compared is never cut; titles and keys give way.
    let token = match screen.width {
        Some(width) if width < TOKEN_WIDTH_MIN => ColumnConstraint::Hidden,
        _ => ColumnConstraint::ContentWidth,
    };
    for (column, constraint) in
        [(0, ColumnConstraint::ContentWidth), (1, ColumnConstraint::ContentWidth), (7, token)]
    {
        if let Some(column) = table.column_mut(column) {
            column.set_constraint(constraint);
        }
    }
    table
}

fn shown(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| plain(text).into_owned())
}

fn changed_keys(log: &AuditLog) -> String {
    let changed = members(&log.changed_values).unwrap_or_default();
    let keys: Vec<_> = changed.iter().map(|(key, _)| plain(key)).collect();
    keys.join(", ")
}

/// Tells a person at a terminal which page this was and how to see the others.
fn tell_where(args: &Args, links: &Links) {
    let Some(last) = links.last.as_deref().and_then(page_number) else { return };
    if !args.json && last > 1 && Screen::of_stdout().width.is_some() {
        let page = args.page.unwrap_or(1);
        let next =
            if links.next.is_some() { format!("; the next is --page {}", page + 1) } else { String::new() };
        output::note(format!("Page {page} of {last}{next}, all are --all."));
    }
}

/// The page a link points to: `page` is its last parameter.
fn page_number(link: &str) -> Option<u64> {
    link.rsplit_once("page=")?.1.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOG: &str = r#"{"token":"adt_lg_7c1f0a93be52d846","object_token":null,"object_type":"Report","object_title":"a\u001b[31m\nb","event":"record_updated","source":"api","user":null,"workspace_title":null,"workspace_token":null,"created_at":"2026-03-04T09:30:00Z","changed_values":{"title":[1,2],"size":[1,2]},"unchanged_values":{}}"#;

    #[test]
    fn a_row_is_one_line_that_drives_no_terminal() {
        let logs = [serde_json::from_str(LOG).expect("a log")];
        let text = table(&logs, Screen { width: None, colours: false }).to_string();
        assert_eq!(text.lines().filter(|line| line.contains("Report")).count(), 1, "{text}");
        for part in
            ["2026-03-04 09:30:00", "update", "a\\u{1b}[31m\\nb", "title, size", "adt_lg_7c1f0a93be52d846"]
        {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn a_narrow_terminal_has_no_room_for_tokens() {
        let logs = [serde_json::from_str(LOG).expect("a log")];
        let text = table(&logs, Screen { width: Some(80), colours: false }).to_string();
        assert!(text.contains("2026-03-04 09:30:00") && !text.contains("adt_lg_"), "{text}");
        assert!(text.lines().all(|line| line.chars().count() <= 80), "{text}");
    }

    #[test]
    fn json_is_one_line_whatever_was_served() {
        let pretty = LOG.replace(",\"", ",\r\n  \"");
        let log: Served<AuditLog> = serde_json::from_str(&pretty).expect("a log");
        let line = one_line(&log);
        assert!(!line.contains(['\n', '\r']));
        assert_eq!(line.replace(",    \"", ",\""), LOG);
    }

    #[test]
    fn the_page_is_the_last_parameter() {
        assert_eq!(page_number("https://x/v2/audit_logs?object_name=page%3D9&limit=2&page=24"), Some(24));
        assert_eq!(page_number("https://x/v2/audit_logs"), None);
    }
}
