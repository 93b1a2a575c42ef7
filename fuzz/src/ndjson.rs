//! NDJSON bodies: the same events as their lines hold, and as the same events in a JSON batch.

use annals_format::{
    event::BodyForm,
    json,
    limits::{BATCH_EVENTS_MAX, EVENT_DEPTH_MAX},
};

use crate::{
    event::{self, Events},
    sentences,
};

/// Checks an NDJSON body.
pub fn ndjson(input: &[u8]) {
    let found = match Events::read(input, BodyForm::Ndjson, false) {
        Ok(found) => found,
        Err(error) => return sentences::check_body(&error),
    };
    let text = std::str::from_utf8(input).expect("only UTF-8 is accepted");
    let lines = text.split('\n').filter(|line| !line.trim_ascii().is_empty());
    let expected: Vec<_> = lines
        .map(|line| json::minify(line, EVENT_DEPTH_MAX).expect("an accepted line is JSON").text)
        .collect();
    assert_eq!(found, Events::Many(expected.clone()), "one event a line");

    let as_lines = Events::read(expected.join("\n").as_bytes(), BodyForm::Ndjson, false);
    assert_eq!(as_lines.as_ref(), Ok(&found), "events are lines of their own");
    if expected.len() <= BATCH_EVENTS_MAX {
        let batch = format!("{{\"audit_logs\":[{}]}}", expected.join(","));
        let batch = Events::read(batch.as_bytes(), BodyForm::Json, false);
        assert_eq!(batch.as_ref(), Ok(&found), "another form, other events");
    }
    event::check_events(&found);
}
