//! Sending a batch until every line of it is in the log or refused.

use std::collections::{BTreeMap, VecDeque};

use annals_client::{ApiError, Client, Error, Idempotency, RecordedBatch, RetryPolicy};

use super::{
    batch::Batch,
    line::{Event, Refusal},
    places,
    tally::Tally,
};
use crate::cli::output;

/// Sends batches, one at a time.
pub(super) struct Importer {
    client: Client,
}

/// What is to be done about a refusal.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    /// These events, by their place, cannot be recorded; the others can be tried again.
    Without(BTreeMap<usize, String>),
    /// The request is too large: the events can be tried in two halves.
    Halves,
    /// It is not about the events.
    Stop,
}

impl Importer {
    /// An importer that fails fast until its first batch is in, and from then on outlasts a restart of the server.
    pub(super) fn new(client: Client) -> Self {
        Self { client }
    }

    /// Gets a batch into the log. When this fails, or is dropped, half-way, the tally counts what is in the log by then;
    /// what was refused is found again by the next run.
    pub(super) async fn send(&mut self, batch: Batch, tally: &mut Tally) -> anyhow::Result<()> {
        let mut refused = batch.refused;
        let mut parts = VecDeque::from([batch.events]);
        while let Some(mut part) = parts.pop_front() {
            if part.is_empty() {
                continue;
            }
            let error = match self.post(&part).await {
                Ok(recorded) => {
                    anyhow::ensure!(
                        recorded.audit_logs.len() == part.len(),
                        "the server answered for {} of {} events",
                        recorded.audit_logs.len(),
                        part.len()
                    );
                    tally.record(&recorded);
                    continue;
                }
                Err(error) => error,
            };
            let Error::Api(refusal) = &error else { return Err(error.into()) };
            match verdict(refusal, part.len()) {
                Verdict::Without(places) => {
                    let (out, rest) = split(part, places);
                    refused.extend(out);
                    parts.push_front(rest);
                }
                Verdict::Halves => {
                    let second = part.split_off(part.len() / 2);
                    parts.push_front(second);
                    parts.push_front(part);
                }
                Verdict::Stop if needs_scope(refusal) => return Err(scope_missing()),
                Verdict::Stop => return Err(error.into()),
            }
        }
        refused.sort_by_key(|refusal| refusal.line);
        tally.refuse(refused)?;
        tally.advance(batch.last_line, batch.read_bytes);
        Ok(())
    }

    async fn post(&mut self, events: &[Event]) -> Result<RecordedBatch, Error> {
        let mut body = Vec::with_capacity(events.iter().map(Event::bytes).sum());
        for event in events {
            event.write(&mut body);
        }
        let recorded = self.client.record_ndjson(body, Idempotency::Events).await?;
        self.client = self.client.with_retry(RetryPolicy::PATIENT);
        Ok(recorded)
    }
}

fn verdict(refusal: &ApiError, length: usize) -> Verdict {
    if !matches!(refusal.status, 400 | 409 | 413 | 422) || needs_scope(refusal) {
        return Verdict::Stop;
    }
    let places = places::by_place(&refusal.errors, length);
    match refusal.status {
        _ if !places.is_empty() => Verdict::Without(places),
        413 if length > 1 => Verdict::Halves,
        // Alone in its batch, there is no doubt which event is meant.
        409 | 413 | 422 if length == 1 => Verdict::Without(BTreeMap::from([(0, refusal.errors.join("; "))])),
        _ => Verdict::Stop,
    }
}

/// Without the scope, each line with a token is refused, and for the same reason: say so once and stop.
fn needs_scope(refusal: &ApiError) -> bool {
    refusal.errors.iter().any(|sentence| sentence.contains("scope import"))
}

fn scope_missing() -> anyhow::Error {
    let error = anyhow::anyhow!(
        "the access token lacks the scope import, without which tokens and workspace titles are not kept"
    );
    output::hint_also(
        error,
        "Use one that has it: `annals token create NAME --account A --scope read,write,import --role owner` makes one.",
    )
}

fn split(events: Vec<Event>, mut places: BTreeMap<usize, String>) -> (Vec<Refusal>, Vec<Event>) {
    let mut refused = Vec::with_capacity(places.len());
    let mut rest = Vec::with_capacity(events.len());
    for (place, event) in events.into_iter().enumerate() {
        match places.remove(&place) {
            Some(reason) => refused.push(Refusal { line: event.line, text: event.json.into_bytes(), reason }),
            None => rest.push(event),
        }
    }
    (refused, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, errors: &[&str]) -> ApiError {
        ApiError {
            status,
            errors: errors.iter().map(|error| (*error).to_owned()).collect(),
            retry_after: None,
        }
    }

    #[test]
    fn events_that_are_named_are_taken_out() {
        for status in [400, 409, 413, 422] {
            let verdict = verdict(&refusal(status, &["audit_logs[1].event is missing", "and 9 more"]), 3);
            assert_eq!(
                verdict,
                Verdict::Without(BTreeMap::from([(1, "event is missing".to_owned())])),
                "{status}"
            );
        }
    }

    #[test]
    fn a_single_event_is_meant_even_when_it_is_not_named() {
        let without = Verdict::Without(BTreeMap::from([(0, "too large".to_owned())]));
        assert_eq!(verdict(&refusal(413, &["too large"]), 1), without);
        assert_eq!(verdict(&refusal(413, &["too large"]), 2), Verdict::Halves);
        assert_eq!(verdict(&refusal(422, &["something is wrong"]), 2), Verdict::Stop);
        assert_eq!(verdict(&refusal(400, &["bad header"]), 1), Verdict::Stop);
    }

    #[test]
    fn what_is_not_about_events_stops() {
        for (status, sentence) in [
            (401, "the token is unknown"),
            (403, "audit_logs[0] is not yours"),
            (422, "audit_logs[7].event is missing"),
            (422, "audit_logs[0].token may only be given with an access token of the scope import"),
            (500, "audit_logs[0] broke"),
        ] {
            assert_eq!(verdict(&refusal(status, &[sentence]), 3), Verdict::Stop, "{sentence}");
        }
    }
}
