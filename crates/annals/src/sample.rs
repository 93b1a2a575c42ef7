//! A believable audit history, made up from a seed: for the demo, for trying things out, and for benchmarks.
//!
//! It plays at a company that watches its cloud costs: some 400 people and a few service tokens create,
//! change and destroy reports, virtual tags, budgets and the like. Each object has one consistent life: an
//! old value is what the event before left behind, and a rename shows in every later title.

mod changes;
mod clock;
mod context;
mod json;
mod kinds;
mod names;
mod objects;
mod people;
mod random;
#[cfg(test)]
mod tests;
mod titles;
mod values;

use jiff::Timestamp;

use changes::Changes;
use clock::{Calendar, Clock};
use objects::{Object, Objects, Step};
use people::{API, CONSOLE, DEVELOPER, FINOPS_AGENT, People, Source};
use random::{Random, nth};
use values::{Values, token};

/// Of 1,000 events, so many go on with what the same person did shortly before, where time allows.
const SAME_PER_MILLE: u64 = 600;

/// What to make up. Equal options make equal events, on every machine.
#[derive(Clone, Debug)]
pub struct SampleOptions {
    /// Chooses one of many histories.
    pub seed: u64,
    /// Number of events.
    pub count: u64,
    /// Start of the period over which the events are spread, inclusive.
    pub from: Timestamp,
    /// End of the period, exclusive.
    pub until: Timestamp,
}

/// The workspaces in which samples play: token and name, the busiest first.
pub fn workspaces() -> &'static [(&'static str, &'static str)] {
    &[
        ("wrkspc_6f1d0c9a27b4e583", "Engineering"),
        ("wrkspc_0a1b2c3d4e5f6071", "Finance"),
        ("wrkspc_b27e94d1f0835ac6", "Data & AI"),
        ("wrkspc_48c3a5e96d7f1b02", "Zürich Lab"),
        ("wrkspc_d9057f3be1c8426a", "東京"),
        ("wrkspc_153ae8b60fd2c794", "Acquisitions (M&A)"),
    ]
}

/// The events of a sample, oldest first. Each is one line of NDJSON without its line break: an `AuditLog`
/// object in the form that `annals import` takes.
///
/// Keeps 40 bytes for each object that exists: about one for every 35 events so far.
pub struct Sample {
    clock: Clock,
    calendar: Calendar,
    random: Random,
    people: People,
    objects: Objects,
    values: Values,
    changes: Changes,
    session: Session,
    /// What the tokens of events are drawn from, and how many were.
    tokens: u64,
    made: u64,
}

/// Who is at work, and since when nothing was heard.
struct Session {
    /// The actor's place among the people; `None` for the product itself.
    actor: Option<usize>,
    source: &'static Source,
    latest_ms: i64,
}

impl Sample {
    /// Makes up a history.
    pub fn new(options: &SampleOptions) -> Sample {
        let SampleOptions { seed, count, from, until } = *options;
        let mut families = Random::new(seed);
        Sample {
            clock: Clock::new(families.next(), count, from, until),
            calendar: Calendar::new(),
            people: People::new(Random::new(families.next())),
            objects: Objects::new(families.next()),
            values: Values::new(from, until),
            changes: Changes::new(),
            session: Session { actor: None, source: &CONSOLE, latest_ms: i64::MIN },
            tokens: families.next(),
            made: 0,
            random: families,
        }
    }

    /// Decides when the next event happens and who does it. Tells the time, in milliseconds since 1970, and
    /// whether it is who did the one before; `None` after the last event.
    fn turn(&mut self) -> Option<(i64, bool)> {
        let target_ms = self.clock.tell(&mut self.random)?;
        let soon_ms = 4_000 + self.random.below(150_000).cast_signed();
        let resumed_ms = self.session.latest_ms.saturating_add(soon_ms);
        if resumed_ms <= target_ms && self.made > 0 && self.random.chance(SAME_PER_MILLE) {
            self.session.latest_ms = resumed_ms;
            return Some((resumed_ms, true));
        }
        self.session = self.start_session(target_ms);
        Some((target_ms, false))
    }

    fn start_session(&mut self, latest_ms: i64) -> Session {
        let random = &mut self.random;
        if random.chance(10) {
            return Session { actor: None, source: &API, latest_ms };
        }
        let automatic_per_mille = if Clock::is_quiet(latest_ms) { 600 } else { 160 };
        if random.chance(automatic_per_mille) {
            let actor = People::service(random);
            let source = self.people.actor(actor).service.unwrap_or(&API);
            return Session { actor: Some(actor), source, latest_ms };
        }
        let source = match random.below(100) {
            0..82 => &CONSOLE,
            82..92 => &FINOPS_AGENT,
            92..97 => &API,
            _ => &DEVELOPER,
        };
        Session { actor: Some(People::human(random)), source, latest_ms }
    }
}

impl Iterator for Sample {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        let (time_ms, same) = self.turn()?;
        let mut step = self.objects.step(&mut self.random, same);
        self.changes.carry_out(&self.values, &mut self.random, &mut step);
        let (event, object): (&str, &Object) = match &step {
            Step::Create(object) => ("record_created", object),
            Step::Update(object) => ("record_updated", object),
            Step::Destroy(object) => ("record_destroyed", object),
        };
        let random = &mut self.random;
        let source = self.session.source;
        let actor = self.session.actor.map(|actor| self.people.actor(actor));

        // By hand and not through a serialiser: a benchmark's load generator must cost next to nothing.
        let mut line = String::with_capacity(2048);
        line.push_str("{\"token\":");
        token(&mut line, "adt_lg_", nth(self.tokens, self.made));
        self.made += 1;
        line.push_str(",\"object_token\":");
        token(&mut line, object.kind.prefix, object.seed);
        json::key(&mut line, "object_type");
        json::text(&mut line, object.kind.name);
        json::key(&mut line, "object_title");
        object.write_title(&mut line, &self.values);
        json::key(&mut line, "event");
        json::text(&mut line, event);
        json::key(&mut line, "source");
        json::text(&mut line, source.name);
        line.push(',');
        line.push_str(actor.map_or(people::NOBODY, |actor| &actor.identity));
        write_workspace(&mut line, object);
        json::key(&mut line, "created_at");
        self.calendar.write(&mut line, time_ms);
        json::key(&mut line, "changed_values");
        line.push_str(&self.changes.changed);
        json::key(&mut line, "unchanged_values");
        line.push_str(&self.changes.unchanged);
        json::key(&mut line, "context");
        match actor {
            Some(actor) => context::write(&mut line, random, actor, source, time_ms),
            None => line.push_str("{}"),
        }
        json::key(&mut line, "metadata");
        context::metadata(&mut line, random, source);
        line.push('}');
        Some(line)
    }
}

/// Writes the workspace of an object, the first of them most often.
fn write_workspace(line: &mut String, object: &Object) {
    if !object.kind.in_workspace {
        line.push_str(",\"workspace_token\":null,\"workspace_title\":null");
        return;
    }
    // Not the seed itself, from which the title is drawn: else each workspace had titles of its own.
    let home = Random::new(!object.seed).zipf(workspaces().len());
    let (token, name) = workspaces()[home];
    json::key(line, "workspace_token");
    json::text(line, token);
    json::key(line, "workspace_title");
    json::text(line, name);
}
