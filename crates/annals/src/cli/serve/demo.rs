//! The demo: a made-up history of two years, recorded through the same path as any other.

use annals_format::{LogToken, event::BodyForm, object_type};
use annals_store::{Account, Identity, Scope};
use anyhow::Context;
use indicatif::{ProgressBar, ProgressStyle};
use jiff::{ToSpan, tz::TimeZone};
use serde::Deserialize;
use tracing::warn;

use crate::{
    engine::{Engine, RecordRequest},
    sample::{Sample, SampleOptions},
};

/// The title of the account that the demo makes, by which it knows it again.
pub(super) const TITLE: &str = "Demo";

/// Events of the history.
const EVENTS: u64 = 5_000;

/// Lines in a request: as an import would send them.
const BATCH_LINES: usize = 1_000;

/// A demo that is complete.
#[derive(Debug)]
pub(super) struct Demo {
    pub(super) account: Account,
    pub(super) examples: Examples,
}

/// What can be asked for and is there.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(super) struct Examples {
    /// The key of a type of which something was deleted.
    pub(super) deleted_type: String,
    /// The id and the name of a person who did something.
    pub(super) user: (i64, String),
    /// The title of an object, not in ASCII.
    pub(super) title: String,
}

/// Records the history in the account that the demo made, unless it is there. Where that account is missing or not alone,
/// somebody keeps data of their own: nothing is recorded, and there is no demo.
///
/// The history depends on nothing but the account's age, so a fill that was interrupted is completed by the next one.
pub(super) async fn fill(engine: &Engine) -> anyhow::Result<Option<Demo>> {
    let accounts = engine.catalog.accounts().await?;
    let [account] = accounts.as_slice() else { return Ok(no_demo()) };
    if account.title != TITLE {
        return Ok(no_demo());
    }
    let lines = history(account)?;
    if !is_there(engine, account, &lines).await? {
        record(engine, account, &lines).await.context("the history of the demo cannot be recorded")?;
    }
    Ok(Some(Demo { account: account.clone(), examples: examples(&lines) }))
}

fn no_demo() -> Option<Demo> {
    warn!("this data directory was not made by --demo, so no history was made up in it");
    None
}

fn history(account: &Account) -> anyhow::Result<Vec<String>> {
    let until = jiff::Timestamp::from_microsecond(account.created_at.us())?;
    let from = until.to_zoned(TimeZone::UTC).checked_sub(24.months())?.timestamp();
    Ok(Sample::new(&SampleOptions { seed: 1, count: EVENTS, from, until }).collect())
}

/// Whether the last line was recorded, and so all of them.
async fn is_there(engine: &Engine, account: &Account, lines: &[String]) -> anyhow::Result<bool> {
    let last = lines.last().and_then(|line| LogToken::parse(&serde_json::from_str::<Line>(line).ok()?.token));
    match last {
        Some(token) => Ok(engine.get(account.id, token).await?.is_some()),
        None => Ok(true),
    }
}

async fn record(engine: &Engine, account: &Account, lines: &[String]) -> anyhow::Result<()> {
    let tokens = engine.catalog.tokens(account.id).await?;
    let token =
        tokens.into_iter().find(|token| token.scopes.has(Scope::Import) && token.revoked_at.is_none());
    let token = token.context("the account has no token with the scope import")?;
    let importer = Identity { account: account.id, token };
    let progress = ProgressBar::new(lines.len() as u64);
    // The template is sound; a bar in the default style is better than none.
    progress.set_style(
        ProgressStyle::with_template("{bar:32} {human_pos} of {human_len} events made up")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    for batch in lines.chunks(BATCH_LINES) {
        let body = batch.join("\n").into();
        let request =
            RecordRequest { body, form: BodyForm::Ndjson, idempotency_key: None, rows_wanted: false };
        engine.record(&importer, request).await?;
        progress.inc(batch.len() as u64);
    }
    progress.finish_and_clear();
    Ok(())
}

/// What is looked at of a line of the history.
#[derive(Deserialize)]
struct Line {
    token: String,
    event: String,
    source: String,
    object_type: String,
    object_title: Option<String>,
    user_id: Option<i64>,
    user: Option<String>,
}

/// The latest of each.
fn examples(lines: &[String]) -> Examples {
    let mut examples = Examples::default();
    for line in lines.iter().filter_map(|line| serde_json::from_str::<Line>(line).ok()) {
        if line.event == "record_destroyed" {
            examples.deleted_type = object_type::key_of(&line.object_type);
        }
        if let (Some(id), Some(name), "console") = (line.user_id, line.user, line.source.as_str()) {
            examples.user = (id, name);
        }
        // Between single quotes a shell takes anything but a single quote.
        if let Some(title) = line.object_title.filter(|title| !title.is_ascii() && !title.contains('\'')) {
            examples.title = title;
        }
    }
    examples
}

#[cfg(test)]
mod tests {
    use annals_format::Timestamp;
    use annals_store::AccountId;

    use super::*;

    #[test]
    fn what_is_suggested_is_there() {
        let account = Account {
            id: AccountId(1),
            token: String::new(),
            title: TITLE.to_owned(),
            created_at: Timestamp::from_us(1_790_000_000_123_456),
            default_workspace: None,
            log_public: false,
            retention: None,
        };
        let lines = history(&account).expect("a history");
        assert_eq!(lines.len() as u64, EVENTS);
        assert_eq!(history(&account).expect("the same history"), lines);
        let Examples { deleted_type, user, title } = examples(&lines);
        let parsed: Vec<Line> =
            lines.iter().map(|line| serde_json::from_str(line).expect("a line")).collect();
        let deleted = |line: &Line| {
            line.event == "record_destroyed" && object_type::key_of(&line.object_type) == deleted_type
        };
        assert!(parsed.iter().any(deleted), "{deleted_type}");
        let by = |line: &Line| line.user_id == Some(user.0) && line.user.as_ref() == Some(&user.1);
        assert!(parsed.iter().any(by), "{user:?}");
        assert!(
            parsed.iter().any(|line| line.object_title.as_ref() == Some(&title)) && !title.is_ascii(),
            "{title}"
        );
    }
}
