//! What a sample promises: the same every time, well formed, in order, and consistent.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value};

use super::kinds::{FIELDS_MAX, KINDS};
use super::values::Values;
use super::{Sample, SampleOptions, workspaces};

fn options(count: u64) -> SampleOptions {
    let time = |text: &str| text.parse::<Timestamp>().expect("a time");
    SampleOptions { seed: 7, count, from: time("2024-03-01T00:00:00Z"), until: time("2026-03-01T00:00:00Z") }
}

fn events(count: u64) -> Vec<Value> {
    let parse = |line: String| serde_json::from_str(&line).expect("a line is valid JSON");
    Sample::new(&options(count)).map(parse).collect()
}

fn text<'a>(event: &'a Value, field: &str) -> &'a str {
    event[field].as_str().unwrap_or_else(|| panic!("{field} is a string in {event}"))
}

fn map<'a>(event: &'a Value, field: &str) -> &'a Map<String, Value> {
    event[field].as_object().unwrap_or_else(|| panic!("{field} is an object in {event}"))
}

#[test]
fn equal_options_make_equal_events() {
    let lines = |options: &SampleOptions| Sample::new(options).collect::<Vec<_>>();
    let first = lines(&options(2000));
    assert_eq!(first.len(), 2000);
    assert_eq!(first, lines(&options(2000)));
    assert_ne!(first, lines(&SampleOptions { seed: 8, ..options(2000) }));
    assert!(first.iter().all(|line| !line.contains('\n')));
}

#[test]
fn a_line_is_about_950_bytes_long() {
    let bytes: usize = Sample::new(&options(5000)).map(|line| line.len()).sum();
    assert!((850..1050).contains(&(bytes / 5000)), "{} bytes on average", bytes / 5000);
}

#[test]
fn an_event_has_all_fields_of_an_audit_log_and_no_others() {
    const FIELDS: [&str; 16] = [
        "changed_values",
        "context",
        "created_at",
        "event",
        "metadata",
        "object_title",
        "object_token",
        "object_type",
        "source",
        "token",
        "unchanged_values",
        "user",
        "user_id",
        "user_role",
        "workspace_title",
        "workspace_token",
    ];
    for event in events(500) {
        let mut fields: Vec<&String> = event.as_object().expect("an event is an object").keys().collect();
        fields.sort();
        assert_eq!(fields, FIELDS);
    }
}

#[test]
fn tokens_are_unique_and_well_formed() {
    let is_hex =
        |text: &str| text.len() == 16 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let mut seen = HashSet::new();
    for event in events(5000) {
        let token = text(&event, "token").to_owned();
        assert!(token.strip_prefix("adt_lg_").is_some_and(is_hex), "{token}");
        assert!(seen.insert(token));
        let object = text(&event, "object_token");
        assert!(object.rsplit_once('_').is_some_and(|(_, number)| is_hex(number)), "{object}");
    }
}

#[test]
fn times_are_in_order_within_the_period_and_in_working_hours() {
    let SampleOptions { from, until, .. } = options(0);
    let (mut latest, mut at_work) = (from, 0);
    for event in events(5000) {
        let text = text(&event, "created_at");
        assert_eq!(text.len(), "2025-07-01T14:30:00.000Z".len(), "{text}");
        let time: Timestamp = text.parse().expect("an RFC 3339 time");
        assert!(latest <= time && time < until, "{time} after {latest}");
        latest = time;
        let local = time.to_zoned(jiff::tz::TimeZone::UTC);
        if local.weekday().to_monday_zero_offset() < 5 && (7..20).contains(&local.hour()) {
            at_work += 1;
        }
    }
    assert!(
        latest > until - jiff::SignedDuration::from_hours(24 * 7),
        "the period is filled, up to {latest}"
    );
    assert!((3500..4800).contains(&at_work), "{at_work} of 5000 events on weekdays from 7 to 20 o'clock");
}

/// Follows each object through its life, as an auditor would.
#[test]
fn objects_have_consistent_lives() {
    #[derive(Default)]
    struct Known {
        kind: String,
        workspace: Value,
        values: Map<String, Value>,
        destroyed: bool,
    }
    let mut objects: HashMap<String, Known> = HashMap::new();
    let mut counts: HashMap<String, u64> = HashMap::new();
    let (mut renames, mut latest_title) = (0, HashMap::new());
    for event in events(20_000) {
        let token = text(&event, "object_token").to_owned();
        let (changed, unchanged) = (map(&event, "changed_values"), map(&event, "unchanged_values"));
        *counts.entry(text(&event, "event").to_owned()).or_default() += 1;
        let is_create = event["event"] == "record_created";
        assert_eq!(is_create, !objects.contains_key(&token), "created once and first: {event}");
        let known = objects.entry(token.clone()).or_insert_with(|| Known {
            kind: text(&event, "object_type").to_owned(),
            workspace: event["workspace_token"].clone(),
            ..Known::default()
        });
        assert!(!known.destroyed, "nothing follows the end: {event}");
        assert_eq!(known.kind, event["object_type"]);
        assert_eq!(known.workspace, event["workspace_token"]);
        for (key, change) in changed {
            let [old, new] = change.as_array().expect("old and new").as_slice() else {
                panic!("{key} has more than old and new: {event}")
            };
            assert_ne!(old, new, "{key} of {event}");
            assert_eq!(known.values.get(key).unwrap_or(&Value::Null), old, "{key} of {event}");
            known.values.insert(key.clone(), new.clone());
        }
        assert!(!changed.is_empty());
        match text(&event, "event") {
            "record_updated" => {
                for (key, value) in unchanged {
                    assert_eq!(known.values.get(key).unwrap_or(&Value::Null), value, "{key} of {event}");
                }
            }
            "record_destroyed" => {
                known.destroyed = true;
                assert!(known.values.values().all(Value::is_null), "all is gone: {event}");
            }
            _ => assert!(unchanged.is_empty()),
        }
        let title = ["title", "name", "key"].iter().find_map(|key| known.values.get(*key));
        if known.destroyed {
            assert_eq!(latest_title.get(&token), Some(&event["object_title"]));
        } else {
            assert_eq!(title.unwrap_or(&Value::Null), &event["object_title"]);
            let before = latest_title.insert(token, event["object_title"].clone());
            renames += u64::from(before.is_some_and(|before| before != event["object_title"]));
        }
    }
    assert!((600..1200).contains(&counts["record_created"]), "{counts:?}");
    assert!((150..400).contains(&counts["record_destroyed"]), "{counts:?}");
    assert!(renames > 500, "{renames} renames");
}

#[test]
fn people_objects_and_titles_are_many() {
    let events = events(5000);
    let many =
        |field: &str| events.iter().map(|event| event[field].to_string()).collect::<HashSet<_>>().len();
    assert!((200..410).contains(&many("user_id")), "{} users", many("user_id"));
    assert_eq!(many("object_type"), KINDS.len());
    assert_eq!(many("source"), 5);
    assert_eq!(many("workspace_token"), workspaces().len() + 1, "every workspace, and none");
    assert!((180..320).contains(&many("object_token")), "{} objects", many("object_token"));

    let titles: HashSet<&str> = events.iter().filter_map(|event| event["object_title"].as_str()).collect();
    let unicode = titles.iter().filter(|title| !title.is_ascii()).count();
    assert!(titles.len() > 250 && unicode > 100, "{unicode} of {} titles are not ASCII", titles.len());
    for script in ['é', '🚀', '\u{308}', 'の', 'ك'] {
        assert!(titles.iter().any(|title| title.contains(script)), "no title contains {script:?}");
    }

    // Zipf: few do much. The first of n has 1 of every log2(n) or so.
    let mut by_user: HashMap<&Value, u64> = HashMap::new();
    for event in &events {
        *by_user.entry(&event["user_id"]).or_default() += 1;
    }
    let most = by_user.values().max().copied().unwrap_or(0);
    assert!((250..900).contains(&most), "{most} of 5000 events by the most active user");
}

#[test]
fn values_are_of_all_kinds() {
    let mut strings_with_json = 0;
    let mut kinds: HashSet<&str> = HashSet::new();
    let events = events(2000);
    for value in events.iter().flat_map(|event| map(event, "changed_values").values()) {
        let new = &value[1];
        kinds.insert(match new {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "string",
            Value::Array(_) => "array",
            Value::Object(_) => "object",
        });
        let holds_json = |text: &str| text.starts_with('[') && serde_json::from_str::<Value>(text).is_ok();
        strings_with_json += u64::from(new.as_str().is_some_and(holds_json));
    }
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert!(strings_with_json > 100);
}

#[test]
fn every_field_changes_for_good() {
    let SampleOptions { from, until, .. } = options(0);
    let values = Values::new(from, until);
    assert_eq!(KINDS.iter().map(|kind| kind.share).sum::<u64>(), 100);
    for kind in &KINDS {
        assert!((2..=FIELDS_MAX).contains(&kind.fields.len()), "{}", kind.name);
        for (at, (key, shape)) in kind.fields.iter().enumerate() {
            let write = |changes| {
                let mut text = String::new();
                values.write(&mut text, shape, 42, at, changes);
                text
            };
            let different: HashSet<String> = (0..50).map(write).collect();
            assert!(different.len() > 1, "{key} of {} has one value only", kind.name);
        }
    }
}

#[test]
fn odd_periods_and_counts_are_taken() {
    assert_eq!(Sample::new(&options(0)).count(), 0);
    assert_eq!(Sample::new(&options(1)).count(), 1);
    let SampleOptions { from, until, .. } = options(0);
    for (from, until) in [(from, from), (until, from), (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH)] {
        let sample = Sample::new(&SampleOptions { from, until, ..options(100) });
        let expected = from.strftime("\"created_at\":\"%Y-%m-%dT%H:%M:%S.000Z\"").to_string();
        assert_eq!(sample.filter(|line| line.contains(&expected)).count(), 100);
    }
    let long = SampleOptions { from: Timestamp::UNIX_EPOCH, ..options(100) };
    assert_eq!(Sample::new(&long).count(), 100);
}
