//! The three forms of a write's body: one event, a batch, or a line for each event.

use crate::{json, limits, sentence::shortened};

/// How a request body holds its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyForm {
    /// JSON: one event, or `{"audit_logs": […]}`.
    Json,
    /// `application/x-ndjson`: one event a line; empty lines are skipped.
    Ndjson,
}

/// Why events cannot be read from a body; one sentence for each fault.
#[derive(Debug, PartialEq, Eq)]
pub enum BodyError {
    /// It is not what it says it is: 400.
    Malformed(Vec<String>),
    /// It is well formed but cannot be taken as events: 422.
    Invalid(Vec<String>),
    /// It holds too much: 413.
    TooLarge(Vec<String>),
}

/// Finds the events of a request body without looking into them, and gives each to `take` as JSON in minimal spelling, in the
/// order in which they were sent: with its number, or none if the body is one event by itself. An import's events may be
/// entries as they were served, which are larger than the events they come from.
///
/// After an error, which may come when events were taken already, none of them counts.
pub fn read_body(
    bytes: &[u8],
    form: BodyForm,
    import: bool,
    take: impl FnMut(Option<usize>, json::Object),
) -> Result<(), BodyError> {
    let text = simdutf8::compat::from_utf8(bytes).map_err(|error| {
        BodyError::Malformed(vec![format!("the body is not valid UTF-8 at byte {}", error.valid_up_to())])
    })?;
    let bounds = if import { Bounds::IMPORT } else { Bounds::EVENT };
    match form {
        BodyForm::Json => read_json(text, &bounds, take),
        BodyForm::Ndjson => read_ndjson(text, &bounds, take),
    }
}

/// Where an event of a batch stands, as it is named in faults.
pub fn place(index: usize) -> String {
    format!("audit_logs[{index}]")
}

fn read_json(
    text: &str,
    bounds: &Bounds,
    mut take: impl FnMut(Option<usize>, json::Object),
) -> Result<(), BodyError> {
    // A batch adds two levels around its events; each event is held to the limit just below.
    let body = json::minify(text, bounds.depth_max + 2)
        .map_err(|error| BodyError::Malformed(vec![format!("the body is not acceptable JSON: {error}")]))?;
    let too_deep = body.depth > bounds.depth_max;
    let json::Minified { text: body, keys, .. } = body;
    if !body.starts_with('{') {
        return Err(BodyError::Invalid(vec![
            "the body must be an object: one event, or {\"audit_logs\": […]}".to_owned(),
        ]));
    }
    let is_batch = keys.iter().any(|key| body.get(key.clone()) == Some("\"audit_logs\""));
    let list = is_batch.then(|| json::members(&body).find(|(key, _)| *key == "audit_logs")).flatten();
    let Some((_, list)) = list else {
        bounds.check(&body, too_deep, || "the event".to_owned())?;
        take(None, json::Object::with_keys(&body, &keys));
        return Ok(());
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
    let mut count = 0;
    for event in json::elements(list) {
        if count == limits::BATCH_EVENTS_MAX {
            return Err(BodyError::TooLarge(vec![format!(
                "audit_logs has more than {} events, the most that one request may have",
                limits::BATCH_EVENTS_MAX
            )]));
        }
        // The array and the object around it are not the event's own levels.
        let too_deep = too_deep && json::depth(event) > bounds.depth_max;
        bounds.check(event, too_deep, || place(count))?;
        take(Some(count), event.into());
        count += 1;
    }
    if count == 0 {
        return Err(BodyError::Invalid(vec!["audit_logs is empty: send at least one event".to_owned()]));
    }
    Ok(())
}

fn read_ndjson(
    text: &str,
    bounds: &Bounds,
    mut take: impl FnMut(Option<usize>, json::Object),
) -> Result<(), BodyError> {
    // One event at a time, so that it is still in the processor's cache when it is taken.
    let mut event = String::new();
    let mut faults = Vec::new();
    let lines = text.lines().filter(|line| !line.trim_ascii().is_empty());
    let mut count = 0;
    for line in lines {
        if count == limits::NDJSON_LINES_MAX {
            return Err(BodyError::TooLarge(vec![format!(
                "the body has more than {} lines, the most that one request may have",
                limits::NDJSON_LINES_MAX
            )]));
        }
        match json::minify_into(&mut event, line, bounds.depth_max) {
            Ok((_, keys)) => {
                bounds.check(&event, false, || place(count))?;
                // Once there is a fault, only further faults count.
                if faults.is_empty() {
                    take(Some(count), json::Object::with_keys(&event, &keys));
                }
            }
            Err(error) => faults.push(format!("{} is not acceptable JSON: {error}", place(count))),
        }
        count += 1;
    }
    if !faults.is_empty() {
        return Err(BodyError::Invalid(faults));
    }
    if count == 0 {
        return Err(BodyError::Invalid(vec!["the body has no lines: send at least one event".to_owned()]));
    }
    Ok(())
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
        let refused = |body: String, form| match read_body(body.as_bytes(), form, false, |_, _| {})
            .expect_err("a fault")
        {
            BodyError::Malformed(sentences)
            | BodyError::Invalid(sentences)
            | BodyError::TooLarge(sentences) => sentences,
        };
        let faults = |body: String| {
            let rules = Rules { import: false, now: Timestamp::from_us(0) };
            Event::parse(&body, None, &rules).expect_err("a fault")
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
