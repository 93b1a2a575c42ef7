//! JSON bodies: what is accepted is stored, served and hashed as it was sent.

use std::collections::{BTreeMap, BTreeSet};

use annals_format::{
    Draft, Event, LogToken, Row, Timestamp,
    entry::{Origin, Section},
    event::{BodyError, BodyForm, Rules, place, read_body},
    json,
    limits::EVENT_DEPTH_MAX,
};
use serde_json::value::RawValue;

use crate::sentences;

/// The present: 2026-03-04T09:30:00Z, in microseconds since the Unix epoch.
pub(crate) const NOW_US: i64 = 1_772_616_600_000_000;

/// Bytes of an entry in a C2SP bundle.
const LEAF_BYTES_MAX: usize = 65_535;

/// Bytes of an entry of which everything is erased that can be: little more than the envelope.
const ERASED_BYTES_MAX: usize = 8 * 1024;

/// The members of an object as they are spelt.
type Members<'a> = BTreeMap<String, &'a RawValue>;

/// The events of a body.
#[derive(Debug, PartialEq)]
pub(crate) enum Events {
    /// One by itself.
    One(String),
    /// A batch.
    Many(Vec<String>),
}

impl Events {
    pub(crate) fn read(input: &[u8], form: BodyForm, import: bool) -> Result<Self, BodyError> {
        let (mut one, mut many) = (None, Vec::new());
        read_body(input, form, import, |at, object| match at {
            Some(at) => {
                assert_eq!(at, many.len(), "events come in order");
                many.push(object.text().to_owned());
            }
            None => assert_eq!(one.replace(object.text().to_owned()), None, "one event by itself"),
        })?;
        match one {
            Some(one) => {
                assert!(many.is_empty(), "an event by itself has no others beside it");
                Ok(Self::One(one))
            }
            None => Ok(Self::Many(many)),
        }
    }
}

/// Checks a JSON body.
pub fn event(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        crate::json::check(text);
    }
    match Events::read(input, BodyForm::Json, false) {
        Ok(events) => check_events(&events),
        Err(error) => sentences::check_body(&error),
    }
}

/// Checks the events of a body, as a writer sent them and as an importer did.
pub(crate) fn check_events(events: &Events) {
    match events {
        Events::One(text) => check_event(text, None),
        Events::Many(texts) => {
            for (at, text) in texts.iter().enumerate() {
                check_event(text, Some(at));
            }
        }
    }
}

fn check_event(text: &str, at: Option<usize>) {
    let place = at.map(place).unwrap_or_default();
    for import in [false, true] {
        match Event::parse(text, at, &rules(import)) {
            Ok(event) => check_entry(text, &event),
            Err(faults) => {
                sentences::check(&faults);
                assert!(faults.iter().all(|fault| fault.starts_with(&place)), "{faults:?}");
            }
        }
    }
}

pub(crate) fn rules(import: bool) -> Rules {
    Rules { import, now: Timestamp::from_us(NOW_US) }
}

pub(crate) fn draft(event: &Event) -> Draft {
    let token = event.token.unwrap_or(LogToken(0x7c1f_0a93_be52_d846));
    let workspace_token = event.workspace.token();
    Draft::new(event, &Origin { token, seed: [7; 16], workspace_token, workspace_title: None })
}

fn check_entry(text: &str, event: &Event) {
    let draft = draft(event);
    let created_at = event.created_at.unwrap_or(Timestamp::from_us(NOW_US));
    let entry = draft.complete(created_at);
    let row = Row::decode(&entry.row).expect("what was written can be read");
    assert_eq!((row.created_at(), row.leaf_hash()), (created_at, entry.leaf));
    assert!(row.leaf().len() <= LEAF_BYTES_MAX, "a leaf of {} bytes", row.leaf().len());
    let leaf = row.leaf();
    assert_eq!(
        json::minify(&leaf, 3).map(|minified| minified.text).as_ref(),
        Ok(&leaf),
        "a leaf is minimal JSON"
    );
    check_keys(&row, &draft, event);

    let mut served = String::new();
    row.write_audit_log(u64::MAX, &mut served);
    // A change that was given as two states is served one level deeper.
    assert_eq!(
        json::minify(&served, EVENT_DEPTH_MAX + 1).map(|minified| minified.text).as_ref(),
        Ok(&served),
        "an answer is minimal JSON"
    );
    let sent = members(text);
    let shown = members(&served);
    check_fields(&sent, &shown, event);
    check_change(&sent, &shown);
    check_import(&served, &row);
    check_erasure(&row);
}

fn check_keys(row: &Row, draft: &Draft, event: &Event) {
    let keys = row.keys().expect("an entry can be found");
    assert_eq!(keys.token, draft.token());
    assert_eq!(keys.action, event.action);
    assert_eq!(keys.object_token.as_deref(), event.object_token.as_deref());
    assert_eq!(keys.object_title.as_deref(), event.object_title.as_deref());
    assert_eq!(keys.source, event.source);
    assert_eq!(keys.workspace_token.as_deref(), event.workspace.token());
    assert_eq!(keys.user_id, event.user_id);
    let filter = format!("object_type={}", keys.object_type);
    assert!(
        annals_format::ListQuery::parse(&filter).is_ok(),
        "no filter finds the type {}",
        event.object_type
    );
}

/// Checks that fields that are kept as they are come back as they were spelt.
fn check_fields(sent: &Members, shown: &Members, event: &Event) {
    let kept =
        ["object_token", "object_title", "user", "user_role", "source", "workspace_token", "workspace_title"];
    for field in kept.into_iter().chain(["context", "metadata", "token", "event"]) {
        if let Some(value) = given(sent, field) {
            assert_eq!(shown.get(field).map(|value| value.get()), Some(value), "{field}");
        }
    }
    if let Some(id) = given(sent, "user_id") {
        assert_eq!(id.parse().ok(), event.user_id);
        assert_eq!(shown["user_id"].get().parse().ok(), event.user_id);
    }
}

/// Checks that a change is served as it was given, or that it is the difference between the states that were given.
fn check_change(sent: &Members, shown: &Members) {
    let (changed, unchanged) = (shown["changed_values"].get(), shown["unchanged_values"].get());
    assert_eq!(shown["object_changes"].get(), changed);
    let (before, after) = (given(sent, "before"), given(sent, "after"));
    if before.is_none() && after.is_none() {
        let as_given = given(sent, "object_changes").or(given(sent, "changed_values"));
        assert_eq!(changed, as_given.unwrap_or("{}"));
        assert_eq!(unchanged, given(sent, "unchanged_values").unwrap_or("{}"));
        return;
    }
    let (before, after) = (members(before.unwrap_or("{}")), members(after.unwrap_or("{}")));
    let changed: BTreeMap<String, [&RawValue; 2]> = serde_json::from_str(changed).expect("pairs of values");
    let unchanged = members(unchanged);
    for key in before.keys().chain(after.keys()).collect::<BTreeSet<_>>() {
        let state = |of: &Members| of.get(key).map_or("null".to_owned(), |value| value.get().to_owned());
        let (old, new) = (state(&before), state(&after));
        match (changed.get(key), unchanged.get(key)) {
            (Some(pair), None) => {
                assert_eq!(pair.map(RawValue::get), [&*old, &*new]);
                assert!(!json::equal(&old, &new));
            }
            (None, Some(value)) => {
                assert_eq!(value.get(), new);
                assert!(json::equal(&old, &new));
            }
            _ => panic!("{key:?} must have changed or not"),
        }
    }
    let shown = changed.keys().chain(unchanged.keys());
    assert!(shown.into_iter().all(|key| before.contains_key(key) || after.contains_key(key)));
}

/// Checks that an entry as it was served can be imported, and says the same again.
fn check_import(served: &str, row: &Row) {
    let events =
        Events::read(served.as_bytes(), BodyForm::Json, true).expect("what was served can be imported");
    let Events::One(text) = events else { panic!("one event") };
    let event = Event::parse(&text, None, &rules(true)).expect("what was served can be imported");
    let entry = draft(&event).complete(event.created_at.expect("every entry has its time"));
    let again = Row::decode(&entry.row).expect("what was written can be read");
    assert!(row.same_content(&again), "an import says something else");
}

/// Checks that erasing changes neither the leaf nor what is not erased, and leaves an answer that can be imported.
fn check_erasure(row: &Row) {
    for section in Section::ALL {
        let erased = row.erase(&[section]);
        let erased = Row::decode(&erased).expect("what was written can be read");
        assert_eq!((erased.leaf(), erased.created_at()), (row.leaf(), row.created_at()));
        assert!(erased.same_content(row) && erased.erased().eq([section]));
        let keys = erased.keys().expect("an entry can be found");
        assert_eq!(keys.token, row.keys().expect("an entry can be found").token);
        let mut served = String::new();
        erased.write_audit_log(u64::MAX, &mut served);
        assert_eq!(
            json::minify(&served, EVENT_DEPTH_MAX + 1).map(|minified| minified.text).as_ref(),
            Ok(&served),
            "an answer is minimal JSON"
        );
        check_import(&served, &erased);
    }
    let nothing = row.erase(&Section::ALL);
    assert!(nothing.len() < ERASED_BYTES_MAX, "{} bytes are left", nothing.len());
}

fn members(object: &str) -> Members<'_> {
    serde_json::from_str(object).expect("an object")
}

/// What a field was given; null is nothing.
fn given<'a>(sent: &Members<'a>, field: &str) -> Option<&'a str> {
    sent.get(field).map(|value| value.get()).filter(|value| *value != "null")
}
