//! `annals show`: one audit log in full.

use std::{io::Write, process::ExitCode};

use annals_client::{Action, AuditLog, members};
use comfy_table::{Cell, Color, Table};
use serde_json::value::RawValue;

use super::{
    connection::{ANSWER_TIMEOUT, Connection, block_on},
    output::{self, Screen, json_text, plain},
};

/// Show one audit log: who, when, where, and each value before and after
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals show adt_lg_7c1f0a93be52d846
  annals show adt_lg_7c1f0a93be52d846 --json | jq .changed_values")]
pub(super) struct Args {
    /// Token of the audit log: adt_lg_…
    #[arg(value_name = "AUDIT_LOG")]
    audit_log: String,

    /// Print the audit log as JSON, as served
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let client = args.connection.client(ANSWER_TIMEOUT)?;
    let log = block_on(async { Ok(client.get(&args.audit_log).await?) })?;
    let mut out = output::stdout();
    if args.json {
        writeln!(out, "{}", log.json())?;
    } else {
        print(&mut out, &log, Screen::of_stdout())?;
    }
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

/// Prints an audit log for people.
pub(super) fn print(out: &mut impl Write, log: &AuditLog, screen: Screen) -> anyhow::Result<()> {
    writeln!(out, "{}", headline(log))?;
    for (name, value) in facts(log) {
        writeln!(out, "  {name:<11}{value}")?;
    }
    if let Some(table) = changes(log, screen) {
        writeln!(out, "\n{}", table.trim_fmt())?;
    }
    let unchanged = inline(&log.unchanged_values);
    if !unchanged.is_empty() {
        writeln!(out, "\nUnchanged: {unchanged}")?;
    }
    Ok(())
}

fn headline(log: &AuditLog) -> String {
    let done = match log.event {
        Action::Create => "created",
        Action::Update => "updated",
        Action::Delete => "deleted",
    };
    let title = log.object_title.as_deref().map(|title| format!(" “{}”", plain(title))).unwrap_or_default();
    format!("{}{title} {done}", plain(&log.object_type))
}

/// What is known besides the change; what is not known has no line.
fn facts(log: &AuditLog) -> Vec<(&'static str, String)> {
    let mut who = vec![log.user.as_deref().map(|name| plain(name).into_owned())];
    who.push(log.user_id.map(|id| format!("id {id}")));
    who.push(log.user_role.as_deref().map(|role| plain(role).into_owned()));
    let workspace = [&log.workspace_title, &log.workspace_token]
        .map(|text| text.as_deref().map(|t| plain(t).into_owned()));
    let facts = [
        ("token", Some(plain(&log.token).into_owned())),
        ("time", Some(log.created_at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string())),
        ("by", joined(who)),
        ("source", Some(plain(&log.source).into_owned())),
        ("object", log.object_token.as_deref().map(|token| plain(token).into_owned())),
        ("workspace", joined(workspace)),
        ("context", log.context.as_deref().map(inline)),
        ("metadata", log.metadata.as_deref().map(inline)),
        ("erased", Some(plain(&log.erased.join(", ")).into_owned())),
        ("index", log.index.map(|index| index.to_string())),
    ];
    facts
        .into_iter()
        .filter_map(|(name, value)| Some((name, value.filter(|value| !value.is_empty())?)))
        .collect()
}

fn joined(parts: impl IntoIterator<Item = Option<String>>) -> Option<String> {
    let parts: Vec<String> = parts.into_iter().flatten().collect();
    (!parts.is_empty()).then(|| parts.join(" · "))
}

/// An object's members on one line; nothing of one that was erased.
fn inline(object: &RawValue) -> String {
    if object.get() == "null" {
        return String::new();
    }
    match members(object) {
        Ok(members) => {
            let texts: Vec<_> = members
                .into_iter()
                .map(|(key, value)| format!("{} = {}", plain(&key), json_text(value)))
                .collect();
            texts.join(", ")
        }
        Err(_) => json_text(object),
    }
}

/// Before and after, value by value; a create has no before and a delete no after.
fn changes(log: &AuditLog, screen: Screen) -> Option<Table> {
    let Ok(changes) = log.changes() else {
        let mut table = screen.table(&["CHANGED"]);
        table.add_row([json_text(&log.changed_values)]);
        return Some(table);
    };
    if changes.is_empty() {
        return None;
    }
    let (before, after) = (log.event != Action::Create, log.event != Action::Delete);
    let mut headings = vec!["FIELD"];
    headings.extend(before.then_some("BEFORE"));
    headings.extend(after.then_some("AFTER"));
    let mut table = screen.table(&headings);
    for change in &changes {
        let mut row = vec![Cell::new(plain(&change.key))];
        row.extend(before.then(|| screen.coloured(json_text(change.old), Color::Red)));
        row.extend(after.then(|| screen.coloured(json_text(change.new), Color::Green)));
        table.add_row(row);
    }
    Some(table)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(json: &str) -> String {
        let log: AuditLog = serde_json::from_str(json).expect("a log");
        let mut out = Vec::new();
        print(&mut out, &log, Screen { width: None, colours: false }).expect("a card");
        String::from_utf8(out).expect("text")
    }

    #[test]
    fn an_update_shows_before_and_after_and_what_is_known() {
        let card = card(
            r#"{"token":"adt_lg_7c1f0a93be52d846","object_token":"rprt_1","object_type":"Report","object_title":"Cloud\nspend","event":"record_updated","source":"api","user":"Ada","workspace_title":"Finance","workspace_token":"wrkspc_1","created_at":"2026-03-04T09:30:00Z","changed_values":{"limit":[18446744073709551616,1.10]},"unchanged_values":{"tags":["a"]},"user_id":1815,"user_role":"Owner","context":{"ip":"203.0.113.7"},"metadata":{},"index":4711}"#,
        );
        for line in [
            "Report “Cloud\\nspend” updated",
            "  by         Ada · id 1815 · Owner",
            "  workspace  Finance · wrkspc_1",
            "  context    ip = 203.0.113.7",
            "  index      4711",
            "Unchanged: tags = [\"a\"]",
        ] {
            assert!(card.lines().any(|shown| shown == line), "{line}\n{card}");
        }
        assert!(!card.contains("metadata"), "{card}");
        assert!(card.contains("18446744073709551616") && card.contains("1.10"), "{card}");
    }

    #[test]
    fn what_was_erased_is_named() {
        let card = card(
            r#"{"token":"adt_lg_1","object_token":"rprt_1","object_type":"Report","object_title":"Cloud spend","event":"record_updated","source":"api","user":null,"workspace_title":null,"workspace_token":null,"created_at":"2026-03-04T09:30:00Z","changed_values":null,"unchanged_values":null,"user_id":null,"user_role":null,"context":null,"metadata":null,"erased":["actor","change","context"],"index":7}"#,
        );
        assert!(card.contains("  erased     actor, change, context\n"), "{card}");
        assert!(!card.contains("null") && !card.contains("FIELD") && !card.contains("Unchanged"), "{card}");
    }

    #[test]
    fn a_create_has_no_before_and_a_delete_no_after() {
        let log = |event: &str| {
            format!(
                r#"{{"token":"adt_lg_1","object_token":null,"object_type":"Report","object_title":null,"event":"{event}","source":"api","user":null,"workspace_title":null,"workspace_token":null,"created_at":"2026-03-04T09:30:00Z","changed_values":{{"a":[null,1]}},"unchanged_values":{{}}}}"#
            )
        };
        let create = card(&log("record_created"));
        assert!(create.contains("AFTER") && !create.contains("BEFORE"), "{create}");
        let delete = card(&log("record_destroyed"));
        assert!(delete.contains("BEFORE") && !delete.contains("AFTER"), "{delete}");
        assert!(!delete.contains("by "), "{delete}");
    }
}
