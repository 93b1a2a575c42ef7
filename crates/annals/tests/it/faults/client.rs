//! A client of the engine: it tries again what was refused, and keeps a ledger of what was acknowledged.

use std::{collections::HashMap, fmt::Debug, sync::Arc};

use annals::{
    append::{Recorded, Refusal, SequencerOptions},
    engine::{Engine, EngineOptions, RecordError, RecordRequest},
    identity::Denied,
    metrics::Metrics,
    segments::{KeeperOptions, Segments},
};
use annals_format::{ListQuery, LogToken, event::BodyForm};
use annals_store::{Blobs, Catalog, ReadError};
use serde_json::{Value, json};
use tokio::task::{JoinHandle, JoinSet};

use super::{
    oracle,
    world::{Tenant, World},
};

/// What a client sends.
#[derive(Debug, Clone)]
pub(crate) struct Write {
    /// Whose log, as a place in [`World::tenants`].
    pub(crate) tenant: usize,
    /// The events. Each has an `object_token` of its own, or is known by the `token` that it chooses.
    pub(crate) events: Vec<Value>,
    pub(crate) form: Form,
    /// The Idempotency-Key of the request.
    pub(crate) key: Option<&'static str>,
    /// Whether to use the scope import.
    pub(crate) import: bool,
    /// Whether the answer is to hold the rows.
    pub(crate) rows: bool,
}

/// How a body holds its events.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Single,
    Batch,
    Lines,
}

/// An answer that another attempt would not change.
#[derive(Debug)]
pub(crate) enum Answer {
    Recorded(Vec<Recorded>),
    /// 409 or 422, with its sentences.
    Refused(Vec<String>),
}

/// A refusal that asks for another attempt: 503.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    Busy,
    Unreadable,
    Unavailable,
    /// It may have been recorded.
    Unknown,
}

/// How often the client expects to be refused.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Patience {
    /// Never.
    None,
    /// Once for each request, as one call is broken; `unknown` if that call may be a commit of which nobody knows
    /// whether it was done.
    Retry { unknown: bool },
    /// So many times in a row, and never again after that, since then the catalog is healed.
    Outage { attempts: usize },
}

/// What was acknowledged, by tenant and [`id`].
#[derive(Default)]
pub(crate) struct Ledger {
    pub(crate) acknowledged: HashMap<(usize, String), Acknowledged>,
    /// What was sent once and may have been recorded, whole or not at all.
    pub(crate) uncertain: Vec<(usize, Vec<String>)>,
}

pub(crate) struct Acknowledged {
    pub(crate) sent: Value,
    pub(crate) index: u64,
    pub(crate) token: LogToken,
    /// As it was answered; empty when it was not asked for.
    pub(crate) row: Vec<u8>,
}

/// What an event is known by: the token that it chooses, or its object.
pub(crate) fn id(event: &Value) -> String {
    let text = event["token"].as_str().or_else(|| event["object_token"].as_str());
    text.expect("an event has a token of some kind").to_owned()
}

impl Answer {
    /// The index of its first entry that was not there before, or a larger one than any.
    fn first_new(&self) -> u64 {
        let Self::Recorded(recorded) = self else { return u64::MAX };
        let new = recorded.iter().filter(|recorded| !recorded.replayed).map(|recorded| recorded.index);
        new.min().unwrap_or(u64::MAX)
    }
}

impl Write {
    fn request(&self) -> RecordRequest {
        let body = match self.form {
            Form::Single => self.events[0].to_string(),
            Form::Batch => json!({ "audit_logs": self.events }).to_string(),
            Form::Lines => self.events.iter().map(Value::to_string).collect::<Vec<_>>().join("\n"),
        };
        RecordRequest {
            body: body.into(),
            form: if self.form == Form::Lines { BodyForm::Ndjson } else { BodyForm::Json },
            idempotency_key: self.key.map(str::to_owned),
            rows_wanted: self.rows,
        }
    }
}

/// A server and a client of it.
pub(crate) struct Client<'a> {
    pub(crate) world: &'a World,
    pub(crate) patience: Patience,
    ledger: Ledger,
    running: Option<(Arc<Engine>, JoinHandle<()>)>,
}

impl<'a> Client<'a> {
    /// Starts a server.
    pub(crate) async fn start(world: &'a World, patience: Patience) -> Self {
        let mut client = Self { world, patience, ledger: Ledger::default(), running: None };
        client.open().await;
        client
    }

    async fn open(&mut self) {
        let mut refusals = Vec::new();
        self.running = loop {
            match open(Arc::clone(&self.world.faulty) as _, self.world.faulty_blobs(), self.world).await {
                Ok(running) => break Some(running),
                Err(error) => self.wait(&"start", &mut refusals, refused_read(error)),
            }
        };
    }

    /// Stops the server and starts it anew on the same catalog.
    pub(crate) async fn restart(&mut self) {
        self.stop().await;
        self.open().await;
    }

    async fn stop(&mut self) {
        let (engine, ended) = self.running.take().expect("a server");
        drop(engine);
        ended.await.expect("the sequencer ends without a panic");
    }

    /// Stops the server, after everything was checked.
    pub(crate) async fn finish(mut self) {
        self.patience = Patience::None;
        let (fresh, ended) = open(Arc::clone(&self.world.beside), self.world.blobs(), self.world)
            .await
            .expect("the catalog can be read");
        oracle::check(self.world, &self.ledger, &[self.engine(), &fresh]).await;
        drop(fresh);
        ended.await.expect("the sequencer ends without a panic");
        self.stop().await;
    }

    pub(crate) fn engine(&self) -> &Arc<Engine> {
        &self.running.as_ref().expect("a server").0
    }

    pub(crate) fn tenant(&self, tenant: usize) -> &'a Tenant {
        &self.world.tenants[tenant]
    }

    /// Records it, with as many attempts as it takes, and reads some of it back.
    pub(crate) async fn record(&mut self, write: &Write) -> Vec<Recorded> {
        match self.insist(write).await {
            Answer::Recorded(recorded) => recorded,
            refused @ Answer::Refused(_) => panic!("{refused:?} is no answer to {write:?}"),
        }
    }

    /// Sends what is refused for good, with one sentence that says why.
    pub(crate) async fn refuse(&mut self, write: &Write, why: &str) {
        let answer = self.insist(write).await;
        let Answer::Refused(sentences) = &answer else { panic!("{answer:?} is no answer to {write:?}") };
        assert!(sentences.len() == 1 && sentences[0].contains(why), "{sentences:?}");
    }

    /// Sends it until it is answered, and enters the answer in the ledger.
    pub(crate) async fn insist(&mut self, write: &Write) -> Answer {
        self.insist_after(write, Vec::new()).await
    }

    /// The same for something that was refused before.
    pub(crate) async fn insist_after(&mut self, write: &Write, mut refusals: Vec<Refused>) -> Answer {
        loop {
            match self.attempt(write).await {
                Ok(answer) => {
                    self.enter(write, &answer, &refusals);
                    self.read_back(write, &answer).await;
                    return answer;
                }
                Err(refused) => self.wait(write, &mut refusals, refused),
            }
        }
    }

    /// Enters entries that others recorded, as they are served.
    pub(crate) fn know(&mut self, tenant: usize, served: &[Value]) {
        for entry in served {
            let token = entry["token"].as_str().and_then(LogToken::parse).expect("a token");
            let index = entry["index"].as_u64().expect("an index");
            let known = Acknowledged { sent: entry.clone(), index, token, row: Vec::new() };
            self.ledger.acknowledged.insert((tenant, id(entry)), known);
        }
    }

    /// Sends all at once, and what is refused again, until all are recorded. Each is planned while the one before is being
    /// committed.
    pub(crate) async fn record_together(&mut self, writes: Vec<Write>) {
        self.world.commits.slow(true);
        let mut tasks = JoinSet::new();
        for write in writes {
            let (engine, secret) = (Arc::clone(self.engine()), self.secret(&write));
            let now = self.world.clock.clone();
            tasks.spawn(async move { (attempt(&engine, &*now, &secret, &write).await, write) });
        }
        let (mut answered, mut refused_once) = (Vec::new(), Vec::new());
        while let Some(ended) = tasks.join_next().await {
            match ended.expect("no panic") {
                (Ok(answer), write) => answered.push((answer, write)),
                (Err(refused), write) => refused_once.push((refused, write)),
            }
        }
        self.world.commits.slow(false);
        // In the order of the log: a retry may have heard of what it repeats before that did.
        answered.sort_by_key(|(answer, _)| answer.first_new());
        // The fault may have hit one of them after it was done, and another one then found it there.
        let unknown = refused_once.iter().any(|(refused, _)| *refused == Refused::Unknown);
        let refusals: &[Refused] = if unknown { &[Refused::Unknown] } else { &[] };
        for (answer, write) in answered {
            self.enter(&write, &answer, refusals);
        }
        refused_once.sort_by_key(|(refused, _)| *refused != Refused::Unknown);
        for (refused, write) in refused_once {
            let mut refusals = Vec::new();
            self.wait(&write, &mut refusals, refused);
            self.insist_after(&write, refusals).await;
        }
    }

    /// Records something without any key: when nobody knows whether it was recorded, this client lets it be.
    pub(crate) async fn record_carelessly(&mut self, write: &Write) {
        let mut refusals = Vec::new();
        loop {
            match self.attempt(write).await {
                Ok(answer) => return self.enter(write, &answer, &refusals),
                Err(Refused::Unknown) => {
                    self.wait(write, &mut refusals, Refused::Unknown);
                    let ids = write.events.iter().map(id).collect();
                    return self.ledger.uncertain.push((write.tenant, ids));
                }
                Err(refused) => self.wait(write, &mut refusals, refused),
            }
        }
    }

    /// Sends it once.
    pub(crate) async fn attempt(&self, write: &Write) -> Result<Answer, Refused> {
        attempt(self.engine(), &*self.world.clock, &self.secret(write), write).await
    }

    fn secret(&self, write: &Write) -> annals::identity::Secret {
        let tenant = self.tenant(write.tenant);
        if write.import { tenant.secret.clone() } else { tenant.writer.clone() }
    }

    /// Lists, and holds the page against the rows themselves.
    pub(crate) async fn list(&mut self, tenant: usize, query: &str) {
        let account = self.tenant(tenant).account;
        let query = ListQuery::parse(query).expect("a query");
        let mut refusals = Vec::new();
        loop {
            let engine = self.engine();
            let page = async { engine.list(&engine.view(account).await?, &query).await }.await;
            match page {
                Ok(page) => {
                    let rows = oracle::Rows::read(self.world, account).await;
                    return rows.check_page(&query, &page);
                }
                Err(error) => self.wait(&query, &mut refusals, refused_read(error)),
            }
        }
    }

    /// Seals all heads, and makes one of the segments there are. What fails is left to the next time.
    pub(crate) async fn tend(&mut self) {
        // Logs are quiet from the second look on.
        for _ in 0..2 {
            self.engine().keeper.tend_quiet().await;
        }
    }

    /// Gets an entry by its token; returns its index.
    pub(crate) async fn get(&mut self, tenant: usize, token: LogToken) -> Option<u64> {
        let account = self.tenant(tenant).account;
        let mut refusals = Vec::new();
        loop {
            match self.engine().get(account, token).await {
                Ok(found) => return found.map(|found| found.index),
                Err(error) => self.wait(&token, &mut refusals, refused_read(error)),
            }
        }
    }

    /// What is readable now was acknowledged a moment ago.
    async fn read_back(&mut self, write: &Write, answer: &Answer) {
        if let Answer::Recorded(recorded) = answer
            && let Some(last) = recorded.last()
        {
            assert_eq!(self.get(write.tenant, last.token).await, Some(last.index), "{write:?}");
        }
    }

    /// Takes a refusal, unless there should not be one.
    fn wait(&self, what: &dyn Debug, refusals: &mut Vec<Refused>, refused: Refused) {
        refusals.push(refused);
        match self.patience {
            Patience::None => panic!("{refused:?} without a fault: {what:?}"),
            Patience::Retry { unknown } => {
                assert!(refusals.len() <= 1, "one fault, but {refusals:?}: {what:?}");
                assert!(unknown || refused != Refused::Unknown, "nothing is unknown here: {what:?}");
            }
            Patience::Outage { attempts } => {
                assert!(refusals.len() <= attempts, "the outage is over, but {refusals:?}: {what:?}");
                if refusals.len() == attempts {
                    self.world.faulty.heal();
                }
            }
        }
    }

    /// Enters what was acknowledged, and holds it against what was acknowledged before.
    fn enter(&mut self, write: &Write, answer: &Answer, refusals: &[Refused]) {
        let Answer::Recorded(recorded) = answer else { return };
        assert_eq!(recorded.len(), write.events.len(), "{write:?}");
        let may_be_there = refusals.contains(&Refused::Unknown);
        let (mut new, mut found): (Vec<u64>, usize) = (Vec::new(), 0);
        for (event, recorded) in write.events.iter().zip(recorded) {
            let entry = (write.tenant, id(event));
            assert_eq!(
                !recorded.row.is_empty(),
                write.rows,
                "rows are there when they are wanted: {write:?}"
            );
            if let Some(known) = self.ledger.acknowledged.get(&entry) {
                let known = (known.index, known.token);
                assert_eq!((recorded.index, recorded.token), known, "{entry:?} was recorded again");
                assert!(recorded.replayed || new.contains(&recorded.index), "{entry:?}");
                continue;
            }
            assert!(may_be_there || !recorded.replayed, "{entry:?} was there before it was sent");
            if recorded.replayed {
                found += 1;
            } else {
                new.push(recorded.index);
            }
            let (index, token, row) = (recorded.index, recorded.token, recorded.row.clone());
            self.ledger.acknowledged.insert(entry, Acknowledged { sent: event.clone(), index, token, row });
        }
        // Histories may overlap.
        assert!(found == 0 || new.is_empty() || write.import, "half of it was there: {write:?}");
        assert!(new.windows(2).all(|pair| pair[0] + 1 == pair[1]), "not together and in order: {new:?}");
    }
}

async fn open(
    catalog: Arc<dyn Catalog>,
    blobs: Blobs,
    world: &World,
) -> Result<(Arc<Engine>, JoinHandle<()>), ReadError> {
    let clock = Arc::clone(&world.clock) as _;
    let metrics = Arc::new(Metrics::new());
    let segments = Arc::new(Segments::new(blobs, 1 << 20));
    // Everything is sealed at once, and two segments are enough to be made into one.
    let keeper = KeeperOptions { seal_rows: 1, quiet_rows_min: 1, fan_in: 2, ..KeeperOptions::default() };
    // Each request has a commit of its own, and is planned while the one before is made.
    let sequencer =
        SequencerOptions { commit_events_max: 1, ahead_events_min: 1, ..SequencerOptions::default() };
    let options = EngineOptions { keeper, sequencer };
    let (engine, ended) = Engine::open(catalog, segments, clock, metrics, options).await?;
    Ok((Arc::new(engine), ended))
}

async fn attempt(
    engine: &Engine,
    clock: &dyn annals::clock::Clock,
    secret: &annals::identity::Secret,
    write: &Write,
) -> Result<Answer, Refused> {
    let who = match engine.identities.identify(secret.reveal(), clock.now()).await {
        Ok(who) => who,
        Err(Denied::Unavailable(error)) => return Err(refused_read(error)),
        Err(denied) => panic!("{denied} to {write:?}"),
    };
    match engine.record(&who, write.request()).await {
        Ok(answer) => {
            assert_eq!(answer.single, write.form == Form::Single);
            Ok(Answer::Recorded(answer.recorded))
        }
        Err(RecordError::Refused(Refusal::Busy)) => Err(Refused::Busy),
        Err(RecordError::Refused(Refusal::Unavailable)) => Err(Refused::Unavailable),
        Err(RecordError::Refused(Refusal::Unknown)) => Err(Refused::Unknown),
        Err(RecordError::Refused(Refusal::Conflict(sentences)) | RecordError::Invalid(sentences)) => {
            Ok(Answer::Refused(sentences))
        }
        Err(RecordError::Unavailable(error)) => Err(refused_read(error)),
        Err(RecordError::Body(fault)) => panic!("{fault:?} in {write:?}"),
    }
}

fn refused_read(error: ReadError) -> Refused {
    match error {
        ReadError::Unavailable(_) => Refused::Unreadable,
        ReadError::Corrupt(what) => panic!("the catalog is damaged: {what}"),
    }
}
