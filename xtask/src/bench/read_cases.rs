//! The filter matrix: what is asked, in the words of the HTTP API and in SQL.

use std::time::SystemTime;

use anyhow::Result;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};
use tokio_postgres::types::{ToSql, Type};

use super::columns::Encoded;
use super::picks::Picks;
use super::reads::PAGE_ROWS;

/// One question, put to both sides.
pub(crate) struct ReadCase {
    pub(crate) title: &'static str,
    /// For annals.
    pub(crate) target: Target,
    /// For PostgreSQL: what follows `WHERE account_id = …`, with [`ReadCase::parameters`] as `$1`, `$2` …
    pub(crate) condition: &'static str,
    pub(crate) parameters: Vec<Encoded>,
    /// What is wanted of it at ten million events.
    pub(crate) wanted: Wanted,
}

/// What is wanted of a case.
#[derive(Clone, Copy)]
pub(crate) struct Wanted {
    /// Median latency of PostgreSQL for one of annals, at least; 0 when nothing is wanted.
    pub(crate) ratio_min: f64,
    /// Median latency of annals at most.
    pub(crate) p50_ms_max: f64,
}

/// Where PostgreSQL has to count or to walk.
const FAR_FASTER: Wanted = Wanted { ratio_min: 100.0, p50_ms_max: 2.0 };

/// Where PostgreSQL has an index that leads straight there.
const NO_SLOWER: Wanted = Wanted { ratio_min: 1.0, p50_ms_max: 3.0 };

/// What is read.
pub(crate) enum Target {
    /// A page of the list, newest first.
    Page {
        /// Filters; ends in `&` unless it is empty.
        query: String,
        /// From 1.
        number: usize,
        rows: usize,
    },
    /// One event.
    One { token: String },
}

impl ReadCase {
    /// The first page of what `filters` select.
    fn first_page(
        title: &'static str,
        filters: &[(&str, &str)],
        condition: &'static str,
        parameters: Vec<Encoded>,
    ) -> Self {
        let mut query = form_urlencoded::Serializer::new(String::new()).extend_pairs(filters).finish();
        if !query.is_empty() {
            query.push('&');
        }
        let target = Target::Page { query, number: 1, rows: PAGE_ROWS };
        Self { title, target, condition, parameters, wanted: NO_SLOWER }
    }

    fn wanting(self, wanted: Wanted) -> Self {
        Self { wanted, ..self }
    }
}

pub(crate) const FIRST_PAGE: &str = "no filter, first page";
pub(crate) const HALF_WAY: &str = "no filter, half-way";
pub(crate) const SOURCE_AND_TYPE: &str = "source + type";
pub(crate) const OBJECT_TOKEN: &str = "exact object token";

/// The matrix for a log of `events`.
pub(crate) fn all(picks: &Picks, events: usize) -> Result<Vec<ReadCase>> {
    let user = |title, id: i64| -> Result<_> {
        let filters = [("user", &*id.to_string())];
        Ok(ReadCase::first_page(
            title,
            &filters,
            " AND user_id = $1",
            vec![Encoded::value(&id, &Type::INT8)?],
        ))
    };
    let (day, month) = (picks.day.to_string(), picks.day.checked_sub(Span::new().days(29))?.to_string());
    let days = |title,
                first: &str,
                filters: &[(&str, &str)],
                condition,
                mut parameters: Vec<Encoded>|
     -> Result<_> {
        let range = [("start_date", first), ("end_date", &day)];
        parameters.push(time(midnight(first.parse()?)?)?);
        parameters.push(time(midnight(picks.day.tomorrow()?)?)?);
        Ok(ReadCase::first_page(title, &[filters, &range].concat(), condition, parameters))
    };
    let mut half_way = ReadCase::first_page(HALF_WAY, &[], "", vec![]);
    half_way.target =
        Target::Page { query: String::new(), number: events / 2 / PAGE_ROWS + 1, rows: PAGE_ROWS };
    let mut long = ReadCase::first_page("no filter, 5,000 rows", &[], "", vec![]);
    long.target = Target::Page { query: String::new(), number: 1, rows: 5_000 };
    let (impossible_source, impossible_type) = &picks.impossible;
    Ok(vec![
        ReadCase::first_page(FIRST_PAGE, &[], "", vec![]).wanting(FAR_FASTER),
        half_way.wanting(FAR_FASTER),
        long.wanting(Wanted { ratio_min: 0.0, p50_ms_max: 30.0 }),
        ReadCase::first_page("action", &[("action", "update")], " AND event = 'record_updated'", vec![])
            .wanting(FAR_FASTER),
        user("user with the most events", picks.busiest_user)?,
        user("user with the fewest", picks.quietest_user)?,
        ReadCase::first_page(
            SOURCE_AND_TYPE,
            &[("source", &picks.source), ("object_type", &type_key(&picks.object_type))],
            " AND source = $1 AND object_type = $2",
            vec![text(&picks.source)?, text(&picks.object_type)?],
        )
        .wanting(FAR_FASTER),
        ReadCase::first_page(
            "source + type, hardly ever together",
            &[("source", impossible_source), ("object_type", &type_key(impossible_type))],
            " AND source = $1 AND object_type = $2",
            vec![text(impossible_source)?, text(impossible_type)?],
        )
        .wanting(FAR_FASTER),
        days(
            "workspace + action, 30 days",
            &month,
            &[("workspace_token", &picks.workspace), ("action", "update")],
            " AND workspace_token = $1 AND event = 'record_updated' AND created_at >= $2 AND created_at < $3",
            vec![text(&picks.workspace)?],
        )?,
        ReadCase::first_page(
            "exact name",
            &[("object_name", &picks.object_title)],
            " AND object_title = $1",
            vec![text(&picks.object_title)?],
        ),
        ReadCase::first_page(
            OBJECT_TOKEN,
            &[("object_token", &picks.object_token)],
            " AND object_token = $1",
            vec![text(&picks.object_token)?],
        ),
        days("one day", &day, &[], " AND created_at >= $1 AND created_at < $2", vec![])?,
        ReadCase {
            title: "get by token",
            target: Target::One { token: picks.token.clone() },
            condition: " AND token = $1",
            parameters: vec![text(&picks.token)?],
            wanted: Wanted { ratio_min: 0.0, p50_ms_max: 0.5 },
        },
    ])
}

fn text(value: &str) -> Result<Encoded> {
    Encoded::value(&value, &Type::TEXT)
}

fn time(value: Timestamp) -> Result<Encoded> {
    Encoded::value(&SystemTime::from(value) as &dyn ToSql, &Type::TIMESTAMPTZ)
}

fn midnight(day: Date) -> Result<Timestamp> {
    Ok(day.to_zoned(TimeZone::UTC)?.timestamp())
}

/// The key by which the list filters a type that it shows under `name`: its snake case, but for `Report`.
fn type_key(name: &str) -> String {
    if name == "Report" {
        return "cost_report".to_owned();
    }
    let mut key = String::new();
    for (position, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && position > 0 {
            key.push('_');
        }
        key.push(letter.to_ascii_lowercase());
    }
    key
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_filtered_by_its_key() {
        assert_eq!(["Report", "VirtualTag", "Team"].map(type_key), ["cost_report", "virtual_tag", "team"]);
    }
}
