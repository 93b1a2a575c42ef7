//! NDJSON bodies: the same events as their lines hold, and as the same events in a JSON batch.

use annals_format::{
    event::{BodyForm, split_body},
    json,
    limits::{BATCH_EVENTS_MAX, EVENT_DEPTH_MAX},
};

use crate::{event, sentences};

/// Checks an NDJSON body.
pub fn ndjson(input: &[u8]) {
    let body = match split_body(input, BodyForm::Ndjson, false) {
        Ok(body) => body,
        Err(error) => return sentences::check_body(&error),
    };
    assert!(!body.single);
    let text = std::str::from_utf8(input).expect("only UTF-8 is accepted");
    let lines = text.split('\n').filter(|line| !line.trim_ascii().is_empty());
    let expected: Vec<_> = lines
        .map(|line| json::minify(line, EVENT_DEPTH_MAX).expect("an accepted line is JSON").text)
        .collect();
    assert!(body.events().eq(&expected), "one event a line");

    let as_lines = split_body(expected.join("\n").as_bytes(), BodyForm::Ndjson, false);
    assert!(as_lines.is_ok_and(|lines| lines.events().eq(&expected)), "events are lines of their own");
    if expected.len() <= BATCH_EVENTS_MAX {
        let batch = format!("{{\"audit_logs\":[{}]}}", expected.join(","));
        let batch = split_body(batch.as_bytes(), BodyForm::Json, false);
        assert!(batch.is_ok_and(|batch| batch.events().eq(&expected)), "another form, other events");
    }
    event::check_events(&body);
}
