//! `annals record`: one event from flags.

use std::{fs, io, io::Write, process::ExitCode};

use annals_client::{Error as ClientError, NewEvent};
use anyhow::Context;
use jiff::Timestamp;
use serde_json::value::RawValue;

use super::{
    connection::{ANSWER_TIMEOUT, ActionArg, Connection, block_on},
    output::{self, HintExt},
};

/// Record one event and print its token
///
/// The change is given as the object --before and --after, from which the server works out what changed, or as
/// --changed. Where JSON is expected, @FILE reads it from a file and @- from standard input.
#[derive(clap::Args)]
#[command(after_help = "\
Examples:
  annals record --action create --object-type cost_report --object-title 'Cloud spend' --user 'Ada Lovelace' \\
      --after '{\"title\":\"Cloud spend\",\"date_interval\":\"last_month\"}'
  annals record --event record_updated --object-type Budget --object-token bdgt_1 --before @old.json --after @new.json
  annals record --action update --object-type segment --changed '{\"title\":[\"EU\",\"Europe\"]}' --json")]
pub(super) struct Args {
    /// Key (cost_report) or name (Report) of the object's type
    #[arg(long, value_name = "TYPE")]
    object_type: String,

    /// What was done; record_created, record_updated and record_destroyed are understood too
    #[arg(long, visible_alias = "event", value_enum)]
    action: ActionArg,

    /// Token of the object
    #[arg(long, value_name = "TOKEN")]
    object_token: Option<String>,

    /// Title of the object
    #[arg(long, value_name = "TITLE")]
    object_title: Option<String>,

    /// Display name of who did it
    #[arg(long, value_name = "NAME")]
    user: Option<String>,

    /// Numeric id of who did it
    #[arg(long, value_name = "ID", allow_negative_numbers = true)]
    user_id: Option<i64>,

    /// Role of who did it
    #[arg(long, value_name = "ROLE")]
    user_role: Option<String>,

    /// Workspace it was done in [default: the account's default workspace]
    #[arg(long, value_name = "TOKEN")]
    workspace_token: Option<String>,

    /// Where it was done from: console, api, … [default: api]
    #[arg(long)]
    source: Option<String>,

    /// The object before
    #[arg(long, value_name = "JSON", value_parser = json_object, help_heading = "Change")]
    before: Option<Box<RawValue>>,

    /// The object after
    #[arg(long, value_name = "JSON", value_parser = json_object, help_heading = "Change")]
    after: Option<Box<RawValue>>,

    /// What changed: {"field": [old, new]}
    #[arg(long, value_name = "JSON", value_parser = json_object, help_heading = "Change", conflicts_with_all = ["before", "after"])]
    changed: Option<Box<RawValue>>,

    /// What did not change: {"field": value}
    #[arg(long, value_name = "JSON", value_parser = json_object, help_heading = "Change", requires = "changed")]
    unchanged: Option<Box<RawValue>>,

    /// Where the request came from: any of ip, user_agent, request_id, session_id
    #[arg(long, value_name = "JSON", value_parser = json_object)]
    context: Option<Box<RawValue>>,

    /// Anything else worth keeping
    #[arg(long, value_name = "JSON", value_parser = json_object)]
    metadata: Option<Box<RawValue>>,

    /// When it was done, RFC 3339 [default: now]
    #[arg(long, value_name = "INSTANT")]
    created_at: Option<Timestamp>,

    /// Running the command again with the same key records nothing new
    #[arg(long, value_name = "KEY")]
    idempotency_key: Option<String>,

    /// Print the whole audit log as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    connection: Connection,
}

pub(super) fn run(args: Args) -> anyhow::Result<ExitCode> {
    let json = args.json;
    let has_key = args.idempotency_key.is_some();
    let client = args.connection.client(ANSWER_TIMEOUT)?;
    let event = args.into_event();
    let log = match block_on(async { Ok(client.record(&event).await) })? {
        lost @ Err(ClientError::Lost { .. }) if !has_key => lost.hint(
            "It may have been recorded: look with `annals list` before you record it again. \
             With --idempotency-key, running the command again is harmless.",
        )?,
        result => result?,
    };
    let mut out = output::stdout();
    writeln!(out, "{}", if json { log.json() } else { &log.token })?;
    out.flush()?;
    Ok(ExitCode::SUCCESS)
}

impl Args {
    fn into_event(self) -> NewEvent {
        let mut event = NewEvent::new(self.object_type, self.action.into());
        event.object_token = self.object_token;
        event.object_title = self.object_title;
        event.user = self.user;
        event.user_id = self.user_id;
        event.user_role = self.user_role;
        event.workspace_token = self.workspace_token;
        event.source = self.source;
        event.created_at = self.created_at;
        event.before = self.before;
        event.after = self.after;
        event.changed_values = self.changed;
        event.unchanged_values = self.unchanged;
        event.context = self.context;
        event.metadata = self.metadata;
        event.idempotency_key = self.idempotency_key;
        event
    }
}

/// A JSON object, kept as it is written; or `@FILE` that holds one.
fn json_object(argument: &str) -> Result<Box<RawValue>, String> {
    read_object(argument).map_err(|error| format!("{error:#}"))
}

fn read_object(argument: &str) -> anyhow::Result<Box<RawValue>> {
    let text = match argument.strip_prefix('@') {
        Some("-") => io::read_to_string(io::stdin()).context("cannot read standard input")?,
        Some(path) => fs::read_to_string(path).with_context(|| format!("cannot read {path}"))?,
        None => argument.to_owned(),
    };
    let object: Box<RawValue> = serde_json::from_str(&text).context("it is not JSON")?;
    anyhow::ensure!(object.get().starts_with('{'), "it is no JSON object");
    Ok(object)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_keep_their_digits_and_others_are_refused() {
        let object = json_object(r#" {"n": 1.10} "#).expect("an object");
        assert_eq!(object.get(), r#"{"n": 1.10}"#);
        for wrong in ["", "[]", "1", "{", "{} {}", "@/does/not/exist"] {
            assert!(json_object(wrong).is_err(), "{wrong}");
        }
    }
}
