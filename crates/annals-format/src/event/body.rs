//! The three forms of a write's body: one event, a batch, or a line for each event.

use std::ops::Range;

use crate::{json, limits, sentence::shortened};

/// How a request body holds its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// JSON: one event, or `{"audit_logs": […]}`.
    Json,
    /// `application/x-ndjson`: one event a line; empty lines are skipped.
    Ndjson,
}

/// The events of a body, each as JSON in minimal spelling.
#[derive(Debug)]
pub struct Body {
    text: String,
    /// Where each event is in `text`.
    events: Vec<Range<usize>>,
    /// Whether the body was one event by itself, which is answered by itself.
    pub single: bool,
}

impl Body {
    /// The events, in the order in which they were sent.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &str> {
        self.events.iter().map(|range| self.text.get(range.clone()).unwrap_or_default())
    }
}

/// Why a body cannot be split into events; one sentence for each fault.
#[derive(Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is not what it says it is: 400.
    Malformed(Vec<String>),
    /// It is well formed but cannot be taken as events: 422.
    Invalid(Vec<String>),
    /// It holds too much: 413.
    TooLarge(Vec<String>),
}

/// Splits a request body into events without looking into them. An import's events may be entries as they were served,
/// which are larger than the events they come from.
pub fn split_body(bytes: &[u8], form: BodyForm, import: bool) -> Result<Body, BodyError> {
    let text = simdutf8::compat::from_utf8(bytes).map_err(|error| {
        BodyError::Malformed(vec![format!("the body is not valid UTF-8 at byte {}", error.valid_up_to())])
    })?;
    let bounds = if import { Bounds::IMPORT } else { Bounds::EVENT };
    match form {
        BodyForm::Json => split_json(text, &bounds),
        BodyForm::Ndjson => split_ndjson(text, &bounds),
    }
}

/// Where an event of a batch stands, as it is named in faults.
pub fn place(index: usize) -> String {
    format!("audit_logs[{index}]")
}

fn split_json(text: &str, bounds: &Bounds) -> Result<Body, BodyError> {
    // A batch adds two levels around its events; each event is held to the limit just below.
    let body = json::minify(text, bounds.depth_max + 2)
        .map_err(|error| BodyError::Malformed(vec![format!("the body is not acceptable JSON: {error}")]))?;
    let too_deep = body.depth > bounds.depth_max;
    let body = body.text;
    if !body.starts_with('{') {
        return Err(BodyError::Invalid(vec![
            "the body must be an object: one event, or {\"audit_logs\": […]}".to_owned(),
        ]));
    }
    let Some((_, list)) = json::members(&body).find(|(key, _)| *key == "audit_logs") else {
        bounds.check(&body, too_deep, || "the event".to_owned())?;
        let whole = 0..body.len();
        return Ok(Body { text: body, events: vec![whole], single: true });
    };
    if let Some((other, _)) = json::members(&body).find(|(key, _)| *key != "audit_logs") {
        return Err(BodyError::Invalid(vec![format!(
            "{} may not stand beside audit_logs: send one event, or a batch with nothing else",
            shortened(other)
        )]));
    }
    if !list.starts_with('[') {
        return Err(BodyError::Invalid(vec!["audit_logs must be an array of events".to_owned()]));
    }
    let mut events = Vec::new();
    let mut start = BATCH_START.len();
    for (index, event) in json::elements(list).enumerate() {
        if index == limits::BATCH_EVENTS_MAX {
            return Err(BodyError::TooLarge(vec![format!(
                "audit_logs has more than {} events, the most that one request may have",
                limits::BATCH_EVENTS_MAX
            )]));
        }
        // The array and the object around it are not the event's own levels.
        let too_deep = too_deep && json::depth(event) > bounds.depth_max;
        bounds.check(event, too_deep, || place(index))?;
        // The elements of an array follow each other with a comma between.
        events.push(start..start + event.len());
        start += event.len() + 1;
    }
    if events.is_empty() {
        return Err(BodyError::Invalid(vec!["audit_logs is empty: send at least one event".to_owned()]));
    }
    Ok(Body { text: body, events, single: false })
}

/// How every batch starts in minimal spelling, as it has no other member.
const BATCH_START: &str = "{\"audit_logs\":[";

fn split_ndjson(text: &str, bounds: &Bounds) -> Result<Body, BodyError> {
    let mut body = String::with_capacity(text.len());
    let mut events = Vec::new();
    let mut faults = Vec::new();
    for line in text.lines().filter(|line| !line.trim_ascii().is_empty()) {
        let index = events.len() + faults.len();
        if index == limits::NDJSON_LINES_MAX {
            return Err(BodyError::TooLarge(vec![format!(
                "the body has more than {} lines, the most that one request may have",
                limits::NDJSON_LINES_MAX
            )]));
        }
        let start = body.len();
        match json::minify_into(&mut body, line, bounds.depth_max) {
            Ok(_) => {
                let event = body.get(start..).unwrap_or_default();
                bounds.check(event, false, || place(index))?;
                events.push(start..body.len());
            }
            Err(error) => faults.push(format!("{} is not acceptable JSON: {error}", place(index))),
        }
    }
    if !faults.is_empty() {
        return Err(BodyError::Invalid(faults));
    }
    if events.is_empty() {
        return Err(BodyError::Invalid(vec!["the body has no lines: send at least one event".to_owned()]));
    }
    Ok(Body { text: body, events, single: false })
}

/// What one event may be.
struct Bounds {
    bytes_max: usize,
    depth_max: usize,
}

impl Bounds {
    const EVENT: Self = Self { bytes_max: limits::EVENT_BYTES_MAX, depth_max: limits::EVENT_DEPTH_MAX };

    /// An importer brings entries as they were served: with the change in them twice, and in pairs.
    const IMPORT: Self = Self { bytes_max: limits::IMPORT_BYTES_MAX, depth_max: limits::EVENT_DEPTH_MAX + 1 };

    fn check(&self, event: &str, too_deep: bool, name: impl Fn() -> String) -> Result<(), BodyError> {
        if event.len() > self.bytes_max {
            return Err(BodyError::TooLarge(vec![format!(
                "{} is {} bytes of JSON; at most {} are allowed",
                name(),
                event.len(),
                self.bytes_max
            )]));
        }
        if too_deep {
            return Err(BodyError::Invalid(vec![format!(
                "{} is nested deeper than {} levels",
                name(),
                self.depth_max
            )]));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Event, Timestamp, event::Rules};

    /// A client could otherwise make the server answer with many times what it was sent.
    #[test]
    fn no_sentence_repeats_a_long_key() {
        let long = "k".repeat(100_000);
        let refused =
            |body: String, form| match split_body(body.as_bytes(), form, false).expect_err("a fault") {
                BodyError::Malformed(sentences)
                | BodyError::Invalid(sentences)
                | BodyError::TooLarge(sentences) => sentences,
            };
        let faults = |body: String| {
            let rules = Rules { import: false, now: Timestamp::from_us(0) };
            Event::parse(&body, "", &rules).expect_err("a fault")
        };
        let sentences = [
            refused(format!(r#"{{"{long}":1,"{long}":2}}"#), BodyForm::Json),
            refused(format!(r#"{{"{long}":1,"{long}":2}}"#), BodyForm::Ndjson),
            refused(format!(r#"{{"audit_logs":[],"{long}":2}}"#), BodyForm::Json),
            faults(format!(r#"{{"{long}":1}}"#)),
            faults(format!(r#"{{"changed_values":{{"{long}":1}}}}"#)),
            faults(format!(r#"{{"event":"{long}","source":"{long}","user_id":{long}}}"#)),
        ];
        for sentence in sentences.concat() {
            assert!(sentence.len() < 300, "{} bytes: {sentence:.200}", sentence.len());
        }
    }
}
