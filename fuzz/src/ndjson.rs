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
    assert_eq!(body.events, expected, "one event a line");

    let as_lines = split_body(body.events.join("\n").as_bytes(), BodyForm::Ndjson, false);
    assert_eq!(as_lines.as_ref(), Ok(&body), "events are lines of their own");
    if body.events.len() <= BATCH_EVENTS_MAX {
        let batch = format!("{{\"audit_logs\":[{}]}}", body.events.join(","));
        assert_eq!(
            split_body(batch.as_bytes(), BodyForm::Json, false).as_ref(),
            Ok(&body),
            "another form, other events"
        );
    }
    event::check_events(&body);
}
