//! The one thread that gives entries their order: it turns what waits into one durable commit after the other.

use std::{sync::Arc, time::Duration};

use annals_store::{Catalog, CommitError, ReadError};
use futures_util::future::join;
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::{
    Logs, Refusal, Request,
    ahead::Ahead,
    gather::Gathered,
    pace::Pace,
    plan::{Answer, Plan, Planner, Waiting},
};
use crate::{clock::Clock, metrics::Metrics};

/// How much one commit takes on and how much may wait.
#[derive(Debug, Clone)]
pub struct SequencerOptions {
    /// Requests that may wait; one more is refused as busy.
    pub queue_requests_max: usize,
    /// Events after which a commit takes no further request.
    pub commit_events_max: usize,
    /// Bytes of entries after which a commit takes no further request.
    pub commit_bytes_max: usize,
    /// Events that must wait to be planned while the commit before them is made.
    pub ahead_events_min: usize,
    /// Entries that are sealed together: writers are slowed down when a head has many times as many.
    pub seal_rows: u64,
}

impl Default for SequencerOptions {
    fn default() -> Self {
        Self {
            queue_requests_max: crate::limits::QUEUE_REQUESTS_MAX,
            commit_events_max: crate::limits::COMMIT_EVENTS_MAX,
            commit_bytes_max: crate::limits::COMMIT_BYTES_MAX,
            ahead_events_min: crate::limits::AHEAD_EVENTS_MIN,
            seal_rows: crate::limits::SEAL_ROWS,
        }
    }
}

/// Times that a commit is tried again when another process was faster.
const CONFLICTS_MAX: usize = 20;

/// Pause between attempts to find out what became of a commit.
const RECOVERY_PAUSE: Duration = Duration::from_millis(200);

/// Where requests are handed in to be recorded. Cheap to clone; the sequencer ends when all clones are gone and
/// everything that was handed in has been answered.
#[derive(Clone)]
pub struct Sequencer {
    queue: mpsc::Sender<Waiting>,
}

impl Sequencer {
    /// Starts the sequencer; the handle returned with it ends when the sequencer has.
    ///
    /// It has a thread to itself: everybody waits for it, and as a task it would wait for its turn among all requests,
    /// several times in each commit.
    pub fn start(
        catalog: Arc<dyn Catalog>,
        logs: Arc<Logs>,
        clock: Arc<dyn Clock>,
        metrics: Arc<Metrics>,
        options: SequencerOptions,
    ) -> (Self, tokio::task::JoinHandle<()>) {
        let (queue, waiting) = mpsc::channel(options.queue_requests_max);
        let planner = Planner::new(Arc::clone(&catalog), Arc::clone(&logs), clock);
        let pace = Pace::default();
        let worker = Worker { catalog, logs, metrics, options, planner, pace, poisoned: false };
        let runtime = tokio::runtime::Handle::current();
        (Self { queue }, tokio::task::spawn_blocking(move || runtime.block_on(worker.run(waiting))))
    }

    /// Records a request and returns once it is durable and readable, one element for each event.
    ///
    /// When the caller goes away meanwhile, the request is recorded all the same.
    pub async fn record(&self, request: Request) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send(Waiting { request, answer }).map_err(|_| Refusal::Busy)?;
        // The sequencer answers everything that it was handed, so a lost answer means that it died in the middle.
        answered.await.unwrap_or(Err(Refusal::Unknown))
    }
}

struct Worker {
    catalog: Arc<dyn Catalog>,
    logs: Arc<Logs>,
    metrics: Arc<Metrics>,
    options: SequencerOptions,
    planner: Planner,
    pace: Pace,
    /// Whether a commit's outcome is unknown. Nothing is written until the catalog has been looked at again.
    poisoned: bool,
}

impl Worker {
    /// The commit protocol. Nobody is told anything before the commit that it depends on has succeeded.
    ///
    /// Between any two steps the process may die. What that leaves behind stands before each step; there is no repair
    /// code, as start-up reads the catalog and nothing else holds state.
    async fn run(mut self, mut queue: mpsc::Receiver<Waiting>) {
        let (catalog, logs) = (Arc::clone(&self.catalog), Arc::clone(&self.logs));
        let mut gathered = Gathered::default();
        let mut next: Option<Plan> = None;
        loop {
            if next.is_none() && !gathered.wait(&mut queue, &self.options).await {
                break;
            }
            // Readers that find more in the catalog than in a log wait for us here, and then find it in the log.
            let publishing = logs.publishing().await;
            // 1. Give every new event an index, an instant and a leaf, in memory only. Nothing has been written: a crash here
            //    loses requests that nobody was told about.
            let plan = match next.take() {
                Some(plan) => plan,
                None => match self.plan(gathered.take(), &Arc::default()).await {
                    Some(plan) => plan,
                    None => continue,
                },
            };
            // 2. Make it durable. A crash during this leaves all of it or nothing; nobody has been told either way, and
            //    a retry with a key finds out. Meanwhile what waits by now is planned as if this had succeeded.
            gathered.fill(&mut queue, &self.options);
            // What is planned ahead of a commit that fails is planned anew together with it: each time more, if one fails again.
            let may_be_joined = plan.attempts == 0;
            let enough = gathered.events() >= self.options.ahead_events_min;
            let more = if may_be_joined && enough { gathered.take() } else { Vec::new() };
            let (alone, commit) = (more.is_empty(), Arc::clone(&plan.commit));
            let commit = async {
                if plan.is_empty() {
                    Ok(())
                } else if alone {
                    // This thread has nothing else to do meanwhile.
                    catalog.commit_blocking(commit).await
                } else {
                    catalog.commit(commit).await
                }
            };
            let (outcome, planned) = join(commit, self.plan(more, &plan.ahead)).await;
            // 3. Make it readable, and tell those who wait.
            let (events, started) = (plan.events(), plan.started);
            gathered.expect(plan.waiting.len(), &mut queue, &self.options);
            next = self.land(plan, outcome, planned).await;
            drop(publishing);
            self.metrics.commit(events, started.elapsed());
            if let Some(pause) = self.pace.due() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Plans a commit, or answers that there is none.
    async fn plan(&mut self, waiting: Vec<Waiting>, ahead: &Arc<Ahead>) -> Option<Plan> {
        if waiting.is_empty() {
            return None;
        }
        if self.poisoned && self.recover(&waiting).await.is_err() {
            refuse(waiting, &Refusal::Unavailable);
            return None;
        }
        match self.planner.plan(waiting, ahead).await {
            Ok(plan) => Some(plan),
            Err((error, waiting)) => {
                error!(%error, "cannot read what a commit needs");
                refuse(waiting, &Refusal::Unavailable);
                None
            }
        }
    }

    /// Does what follows from the outcome of a commit, and returns the next one: as it was `planned`, or anew if this one
    /// failed.
    async fn land(
        &mut self,
        plan: Plan,
        outcome: Result<(), CommitError>,
        planned: Option<Plan>,
    ) -> Option<Plan> {
        let refusal = match outcome {
            Ok(()) => {
                // A crash here leaves entries that are durable but whose writers were not told.
                self.publish(&plan);
                // Only now may anyone be told.
                answer(plan.waiting, plan.answers);
                return planned;
            }
            Err(CommitError::Conflict) => {
                // Another process recorded something first. Nothing of ours was done; look again.
                for append in &plan.commit.appends {
                    self.planner.forget(append.account);
                }
                let attempts = plan.attempts + 1;
                if attempts < CONFLICTS_MAX {
                    let mut waiting = plan.waiting;
                    waiting.extend(planned.into_iter().flat_map(|planned| planned.waiting));
                    let again = self.plan(waiting, &Arc::default()).await;
                    return again.map(|plan| Plan { attempts, ..plan });
                }
                Refusal::Busy
            }
            Err(CommitError::Unavailable(cause)) => {
                warn!(%cause, "a commit was refused; nothing was recorded");
                Refusal::Unavailable
            }
            Err(CommitError::Unknown(cause)) => {
                error!(%cause, "a commit failed and may or may not have been done; looking again before going on");
                self.poisoned = true;
                self.planner.forget_all();
                Refusal::Unknown
            }
        };
        refuse(plan.waiting, &refusal);
        self.plan(planned?.waiting, &Arc::default()).await
    }

    /// Adds what was committed to the logs in memory.
    fn publish(&mut self, plan: &Plan) {
        for (append, sources) in plan.commit.appends.iter().zip(&plan.sources) {
            let keys = sources.iter().filter_map(|source| {
                let event = plan.waiting.get(source.request)?.request.events.get(source.event)?;
                Some((source.created_at, event.draft.keys()))
            });
            self.logs.publish(append.account, keys);
            self.planner.remember(append.account, append.tree.clone());
        }
        let heads = plan.commit.appends.iter().map(|append| self.logs.head(append.account));
        self.pace.owe(plan.events(), heads.max().unwrap_or(0), self.options.seal_rows);
    }

    /// Finds out what became of a commit whose outcome is unknown: the trees are read again from the catalog, and the
    /// logs take on what turns out to have been done after all.
    async fn recover(&mut self, waiting: &[Waiting]) -> Result<(), ReadError> {
        let found = async {
            for account in self.catalog.accounts().await? {
                self.logs.catch_up(account.id).await?;
            }
            for waiting in waiting {
                self.planner.tree(waiting.request.account).await?;
            }
            Ok(())
        }
        .await;
        match &found {
            Ok(()) => {
                info!("the catalog was looked at again after a failed commit; writing goes on");
                self.poisoned = false;
            }
            Err(error) => {
                let error: &ReadError = error;
                error!(%error, "the catalog cannot be looked at again after a failed commit");
                tokio::time::sleep(RECOVERY_PAUSE).await;
            }
        }
        found
    }
}

/// Tells those who wait, on a thread of theirs: waking one of them from here costs more than planning its events.
fn answer(waiting: Vec<Waiting>, answers: Vec<Answer>) {
    tokio::spawn(async move {
        for (waiting, answer) in waiting.into_iter().zip(answers) {
            // A requester that went away does not want to know.
            let _ = waiting.answer.send(answer);
        }
    });
}

fn refuse(waiting: Vec<Waiting>, refusal: &Refusal) {
    let answers = waiting.iter().map(|_| Err(refusal.clone())).collect();
    answer(waiting, answers);
}
