//! The parameters of `GET /v2/audit_logs`.

use std::num::NonZeroU64;

use super::{Filter, Interval, decode_pairs, encode_pair};
use crate::{
    Action, Timestamp,
    limits::{PAGE_ROWS_DEFAULT, PAGE_ROWS_MAX},
    object_type, search,
    sentence::{nearest, quoted, shortened},
    time::SECOND_US,
};

/// What filters.
const FILTERS: [&str; 13] = [
    "user",
    "workspace_token",
    "action",
    "object_name",
    "source",
    "object_type",
    "token",
    "object_token",
    "start_date",
    "end_date",
    "as_of",
    "changed",
    "q",
];

/// The largest page or size there can be: the largest number of 64 bits with a sign, as many clients hold no larger.
const NUMBER_MAX: u64 = i64::MAX as u64;

/// A list as it was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListQuery {
    /// Which entries.
    pub filter: Filter,
    /// Which page of them, from 1.
    pub page: NonZeroU64,
    /// How many a page, from 1 to [`PAGE_ROWS_MAX`].
    pub limit: NonZeroU64,
    /// The decoded parameters in the order they came, but for `page` and `as_of`: what links carry on.
    carried: Vec<(String, String)>,
}

impl ListQuery {
    /// Reads a query string; the error holds one sentence for each bad parameter.
    pub fn parse(query: &str) -> Result<Self, Vec<String>> {
        let mut list = Self {
            filter: Filter::default(),
            page: NonZeroU64::MIN,
            limit: NonZeroU64::MIN.saturating_add(PAGE_ROWS_DEFAULT - 1),
            carried: Vec::new(),
        };
        let pairs = read(query, &["page", "limit"], |name, value| {
            match name {
                "page" => list.page = positive(name, value, NUMBER_MAX)?,
                "limit" => list.limit = positive(name, value, PAGE_ROWS_MAX)?,
                _ => list.filter.take(name, value)?,
            }
            Ok(())
        })?;
        list.carried = pairs.into_iter().filter(|(name, _)| name != "page" && name != "as_of").collect();
        Ok(list)
    }

    /// The first page, of so many rows, of the entries that match.
    pub fn of(filter: Filter, limit: u64) -> Self {
        let limit = NonZeroU64::new(limit).unwrap_or(NonZeroU64::MIN);
        Self { filter, page: NonZeroU64::MIN, limit, carried: Vec::new() }
    }

    /// The query string of a link to another page of the same list, seen at the tree size `as_of`. `page` comes last,
    /// as there are clients that take everything after `page=` for the number.
    pub fn link(&self, page: u64, as_of: u64) -> String {
        let mut query = String::new();
        for (name, value) in &self.carried {
            encode_pair(&mut query, name, value);
        }
        encode_pair(&mut query, "as_of", &as_of.to_string());
        encode_pair(&mut query, "page", &page.to_string());
        query
    }
}

/// Counts as they were asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StatsQuery {
    /// Of which entries.
    pub filter: Filter,
    /// How long the stretches of time are that entries are counted by.
    pub interval: Interval,
    /// How many values of a field are named, from 1 to [`PAGE_ROWS_MAX`].
    pub limit: NonZeroU64,
}

impl StatsQuery {
    /// Reads a query string; the error holds one sentence for each bad parameter.
    pub fn parse(query: &str) -> Result<Self, Vec<String>> {
        let mut stats = Self {
            filter: Filter::default(),
            interval: Interval::default(),
            limit: NonZeroU64::MIN.saturating_add(PAGE_ROWS_DEFAULT - 1),
        };
        read(query, &["interval", "limit"], |name, value| {
            match name {
                "interval" => {
                    stats.interval = Interval::parse(value).ok_or_else(|| {
                        format!("interval must be one of day, week, month, not {}", quoted(value))
                    })?;
                }
                "limit" => stats.limit = positive(name, value, PAGE_ROWS_MAX)?,
                _ => stats.filter.take(name, value)?,
            }
            Ok(())
        })?;
        Ok(stats)
    }
}

/// Hands each parameter of a query string to `take`, if it is one of `own` or filters, and returns all of them.
fn read(
    query: &str,
    own: &[&str],
    mut take: impl FnMut(&str, &str) -> Result<(), String>,
) -> Result<Vec<(String, String)>, Vec<String>> {
    let pairs = decode_pairs(query).map_err(|fault| vec![fault])?;
    let known: Vec<&str> = own.iter().chain(&FILTERS).copied().collect();
    let mut faults = Vec::new();
    let mut seen: Vec<&str> = Vec::new();
    for (name, value) in &pairs {
        if seen.contains(&name.as_str()) {
            faults.push(format!("{} is given more than once", shortened(name)));
            continue;
        }
        seen.push(name);
        let taken = if known.contains(&name.as_str()) {
            take(name, value)
        } else {
            Err(match nearest(name, &known) {
                Some(near) => format!("{} is no parameter of this list; did you mean {near}?", quoted(name)),
                None => {
                    format!("{} is no parameter of this list; there are {}", quoted(name), known.join(", "))
                }
            })
        };
        faults.extend(taken.err());
    }
    if faults.is_empty() { Ok(pairs) } else { Err(faults) }
}

impl Filter {
    /// Takes one parameter, whose name is one of [`FILTERS`].
    fn take(&mut self, name: &str, value: &str) -> Result<(), String> {
        let filter = self;
        match name {
            "user" => {
                filter.user_id = Some(value.parse().map_err(|_| {
                    format!("user must be the number of a user or service token, not {}", quoted(value))
                })?);
            }
            "workspace_token" => filter.workspace_token = Some(value.to_owned()),
            "action" => {
                filter.action = Some(Action::parse(value).ok_or_else(|| {
                    format!("action must be one of create, update, delete, not {}", quoted(value))
                })?);
            }
            "object_name" => filter.object_title = Some(value.to_owned()),
            "source" => filter.source = Some(key(name, value, "console, api, finops_agent")?),
            "object_type" => {
                let examples = "virtual_tag, cost_report, recommendation_commitment, segment";
                filter.object_type = Some(key(name, value, examples)?);
            }
            "token" => filter.token = Some(value.to_owned()),
            "object_token" => filter.object_token = Some(value.to_owned()),
            "changed" => filter.changed = Some(value.to_owned()),
            "q" => {
                filter.words =
                    search::parse(value).map_err(|fault| format!("q must {fault}, not {}", quoted(value)))?;
            }
            "start_date" => filter.from = Some(day_or_instant(name, value)?.0),
            "end_date" => filter.before = Some(day_or_instant(name, value)?.1),
            "as_of" => {
                let size = value.parse().ok().filter(|size| *size <= NUMBER_MAX);
                filter.as_of = Some(size.ok_or_else(|| {
                    format!("as_of must be a tree size, a whole number from 0, not {}", quoted(value))
                })?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// A whole number from 1, in digits only.
fn positive(name: &str, value: &str, max: u64) -> Result<NonZeroU64, String> {
    let allowed = if max == NUMBER_MAX { "from 1".to_owned() } else { format!("from 1 to {max}") };
    value
        .parse()
        .ok()
        .filter(|number: &NonZeroU64| number.get() <= max && !value.starts_with('+'))
        .ok_or_else(|| format!("{name} must be a whole number {allowed}, not {}", quoted(value)))
}

fn key(name: &str, value: &str, examples: &str) -> Result<String, String> {
    if object_type::is_key(value) {
        return Ok(value.to_owned());
    }
    Err(format!("{name} must be 1 to 64 of a-z, 0-9 and _, such as {examples}, not {}", quoted(value)))
}

/// The first instant that a date or instant covers, and the first that it no longer covers.
///
/// Readers see whole seconds, so an instant without a part of a second covers the whole of its second.
fn day_or_instant(name: &str, value: &str) -> Result<(Timestamp, Timestamp), String> {
    if let Ok(day) = Timestamp::parse_date(value) {
        return Ok((day, day.next_day()));
    }
    let instant = Timestamp::parse(value).map_err(|_| {
        format!("{name} must be a date such as 2026-03-04 or an RFC 3339 time, not {}", quoted(value))
    })?;
    let width = if instant == instant.whole_second() { SECOND_US } else { 1 };
    Ok((instant, instant.plus_us(width)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_asks_for_the_first_hundred() {
        let list = ListQuery::parse("").expect("valid");
        assert_eq!((list.page.get(), list.limit.get()), (1, 100));
        assert_eq!(list.filter, Filter::default());
    }

    #[test]
    fn every_parameter_is_read() {
        let list = ListQuery::parse(
            "page=2&limit=5000&user=-7&workspace_token=w&action=delete&object_name=%E6%97%A5+x&source=api\
             &object_type=cost_report&token=t&object_token=o&start_date=2026-03-04&end_date=2026-03-04&as_of=9\
             &changed=title&q=Gr%C3%B6%C3%9Fer+tea*",
        )
        .expect("valid");
        assert_eq!((list.page.get(), list.limit.get()), (2, 5000));
        assert_eq!(
            list.filter,
            Filter {
                user_id: Some(-7),
                workspace_token: Some("w".into()),
                action: Some(Action::Delete),
                object_title: Some("日 x".into()),
                source: Some("api".into()),
                object_type: Some("cost_report".into()),
                token: Some("t".into()),
                object_token: Some("o".into()),
                changed: Some("title".into()),
                words: search::parse("größer tea*").expect("words"),
                from: Timestamp::parse("2026-03-04T00:00:00Z").ok(),
                before: Timestamp::parse("2026-03-05T00:00:00Z").ok(),
                as_of: Some(9),
            }
        );
    }

    #[test]
    fn faults_name_the_parameter_the_value_and_what_is_allowed() {
        let faults = |query| ListQuery::parse(query).expect_err("invalid").join("\n");
        insta::assert_snapshot!(
            [
                "page=0",
                "page=x",
                "page=%2B1",
                "limit=5001",
                "limit=",
                "limit=99999999999999999999",
                "user=ada",
                "action=created",
                "source=Console",
                "object_type=Cost%20Report",
                "start_date=2026-02-30",
                "end_date=tomorrow",
                "as_of=-1",
                "q=%20*",
                "usr=1",
                "objectname=x",
                "zzz=1",
                "page=1&page=2",
                "user=%ff",
                "user=%",
                "page=0&limit=0",
                "action=delete&actoin=delete",
            ]
            .map(|query| format!("{query}\n    {}", faults(query).replace('\n', "\n    ")))
            .join("\n")
        );
    }

    #[test]
    fn a_link_keeps_the_filters_and_ends_with_the_page() {
        let list = ListQuery::parse("page=3&object_name=page%3D7+%26&limit=10&as_of=5").expect("valid");
        assert_eq!(list.link(4, 5), "object_name=page%3D7%20%26&limit=10&as_of=5&page=4");
    }

    #[test]
    fn an_instant_covers_what_readers_see_as_it() {
        let until = |text| ListQuery::parse(&format!("end_date={text}")).expect("valid").filter.before;
        assert_eq!(until("2026-03-04T09:30:00Z"), Timestamp::parse("2026-03-04T09:30:01Z").ok());
        assert_eq!(until("2026-03-04T09:30:00.25Z"), Timestamp::parse("2026-03-04T09:30:00.250001Z").ok());
    }
}
