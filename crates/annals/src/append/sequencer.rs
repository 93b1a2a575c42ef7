//! The one thread that gives entries their order: it turns what waits into one durable commit after the other.

use std::{
    collections::{BTreeMap, HashMap, btree_map::Entry},
    sync::Arc,
    time::{Duration, Instant},
};

use annals_format::{Timestamp, entry::Keys};
use annals_store::{AccountId, Append, Catalog, Change, Commit, CommitError, ReadError, Tree};
use tokio::sync::{mpsc, oneshot};
use tracing::{error, info, warn};

use super::{
    Logs, Recorded, Refusal, Request, Stored,
    pace::Pace,
    resolve::{Pending, Placed},
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
    /// Entries that are sealed together: writers are slowed down when a head has many times as many.
    pub seal_rows: u64,
}

impl Default for SequencerOptions {
    fn default() -> Self {
        Self {
            queue_requests_max: crate::limits::QUEUE_REQUESTS_MAX,
            commit_events_max: crate::limits::COMMIT_EVENTS_MAX,
            commit_bytes_max: crate::limits::COMMIT_BYTES_MAX,
            seal_rows: crate::limits::SEAL_ROWS,
        }
    }
}

/// Times that a commit is tried again when another process was faster.
const CONFLICTS_MAX: usize = 20;

/// Pause between attempts to find out what became of a commit.
const RECOVERY_PAUSE: Duration = Duration::from_millis(200);

type Answer = Result<Vec<Recorded>, Refusal>;
type Waiting = (Request, oneshot::Sender<Answer>);

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
        let worker = Worker {
            catalog,
            logs,
            clock,
            metrics,
            options,
            trees: HashMap::new(),
            pace: Pace::default(),
            poisoned: false,
        };
        let runtime = tokio::runtime::Handle::current();
        (Self { queue }, tokio::task::spawn_blocking(move || runtime.block_on(worker.run(waiting))))
    }

    /// Records a request and returns once it is durable and readable, one element for each event.
    ///
    /// When the caller goes away meanwhile, the request is recorded all the same.
    pub async fn record(&self, request: Request) -> Answer {
        let (answer, answered) = oneshot::channel();
        self.queue.try_send((request, answer)).map_err(|_| Refusal::Busy)?;
        // The sequencer answers everything that it was handed, so a lost answer means that it died in the middle.
        answered.await.unwrap_or(Err(Refusal::Unknown))
    }
}

struct Worker {
    catalog: Arc<dyn Catalog>,
    logs: Arc<Logs>,
    clock: Arc<dyn Clock>,
    metrics: Arc<Metrics>,
    options: SequencerOptions,
    /// The trees as they were last committed or read; an account that is missing is read again.
    trees: HashMap<AccountId, Tree>,
    pace: Pace,
    /// Whether a commit's outcome is unknown. Nothing is written until the catalog has been looked at again.
    poisoned: bool,
}

/// A commit, and what follows if it succeeds.
struct Plan<'a> {
    commit: Arc<Commit>,
    /// What the entries of each append are found by.
    keys: Vec<Vec<(Timestamp, &'a Keys<'static>)>>,
    /// What each request is answered.
    answers: Vec<Answer>,
}

impl Worker {
    async fn run(mut self, mut waiting: mpsc::Receiver<Waiting>) {
        while let Some(first) = waiting.recv().await {
            let (mut requests, mut senders) = (vec![first.0], vec![first.1]);
            let (mut events, mut bytes) = size(&requests[0]);
            while events < self.options.commit_events_max
                && bytes < self.options.commit_bytes_max
                && let Ok((request, sender)) = waiting.try_recv()
            {
                let more = size(&request);
                events += more.0;
                bytes += more.1;
                requests.push(request);
                senders.push(sender);
            }
            let started = Instant::now();
            let answers = self.commit(&requests).await;
            self.metrics.commit(events, started.elapsed());
            let heads = requests.iter().map(|request| self.logs.head(request.account));
            let pause = self.pace.pause(events, heads.max().unwrap_or(0), self.options.seal_rows);
            // On a thread of the requesters: waking one of them from here costs more than planning its events.
            tokio::spawn(async move {
                for (sender, answer) in senders.into_iter().zip(answers) {
                    // A requester that went away does not want to know.
                    let _ = sender.send(answer);
                }
            });
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// The commit protocol: records `requests` and returns an answer for each.
    ///
    /// Between any two steps the process may die. What that leaves behind stands before each step; there is no repair
    /// code, as start-up reads the catalog and nothing else holds state.
    async fn commit(&mut self, requests: &[Request]) -> Vec<Answer> {
        // Nothing has been written: a crash here loses requests that nobody was told about.
        if self.poisoned && self.recover(requests).await.is_err() {
            return refuse_all(requests, &Refusal::Unavailable);
        }
        // Readers that find more in the catalog than in a log wait for us here, and then find it in the log.
        let logs = Arc::clone(&self.logs);
        let _publishing = logs.publishing().await;
        for _ in 0..CONFLICTS_MAX {
            // 1. Give every new event an index, an instant and a leaf, in memory only.
            let plan = match self.plan(requests).await {
                Ok(plan) => plan,
                Err(error) => {
                    error!(%error, "cannot read what a commit needs");
                    self.trees.clear();
                    return refuse_all(requests, &Refusal::Unavailable);
                }
            };
            // 2. Make it durable. A crash during this leaves all of it or nothing; nobody has been told either way, and
            //    a retry with a key finds out.
            let outcome =
                if plan.is_empty() { Ok(()) } else { self.catalog.commit(Arc::clone(&plan.commit)).await };
            match outcome {
                Ok(()) => {}
                Err(CommitError::Conflict) => {
                    // Another process recorded something first. Nothing of ours was done; look again.
                    for append in &plan.commit.appends {
                        self.trees.remove(&append.account);
                    }
                    continue;
                }
                Err(CommitError::Unavailable(cause)) => {
                    warn!(%cause, "a commit was refused; nothing was recorded");
                    return refuse_all(requests, &Refusal::Unavailable);
                }
                Err(CommitError::Unknown(cause)) => {
                    error!(%cause, "a commit failed and may or may not have been done; looking again before going on");
                    self.poisoned = true;
                    self.trees.clear();
                    return refuse_all(requests, &Refusal::Unknown);
                }
            }
            // 3. Make it readable. A crash here leaves entries that are durable but whose writers were not told.
            for (append, keys) in plan.commit.appends.iter().zip(plan.keys) {
                self.publish(append, keys.into_iter());
            }
            // 4. Only now may anyone be told.
            return plan.answers;
        }
        refuse_all(requests, &Refusal::Busy)
    }

    /// Adds what was committed to a log in memory.
    fn publish<'a>(&mut self, append: &Append, keys: impl Iterator<Item = (Timestamp, &'a Keys<'a>)>) {
        self.logs.publish(append.account, keys);
        self.trees.insert(append.account, append.tree.clone());
    }

    /// Decides what a commit of these requests holds and how each is answered if it succeeds.
    async fn plan<'a>(&mut self, requests: &'a [Request]) -> Result<Plan<'a>, ReadError> {
        let now = self.clock.now();
        let mut pending: BTreeMap<AccountId, Pending<'a>> = BTreeMap::new();
        for request in requests {
            if let Entry::Vacant(vacant) = pending.entry(request.account) {
                let tree = self.tree(request.account).await?;
                let mut append = Pending::new(request.account, tree, self.logs.known(request.account));
                let of_account = requests.iter().filter(|other| other.account == request.account);
                append.recall(&*self.catalog, of_account.clone()).await?;
                append.look_behind(&self.logs, of_account).await?;
                vacant.insert(append);
            }
        }
        let mut changes: Vec<Change> = Vec::new();
        let mut answers = Vec::with_capacity(requests.len());
        for request in requests {
            let Some(append) = pending.get_mut(&request.account) else { continue };
            let placed = append.add(&self.logs, request, now).await?;
            if placed.is_ok() {
                self.add_workspaces(request, &mut changes).await?;
            }
            answers.push(match placed {
                Ok(placed) => Ok(self.answer(append, request, &placed).await?),
                Err(refusal) => Err(refusal),
            });
        }
        let (appends, keys) = pending
            .into_values()
            .map(|pending| (pending.append, pending.keys))
            .filter(|(append, _)| !append.entries.is_empty() || !append.keys.is_empty())
            .unzip();
        Ok(Plan { commit: Arc::new(Commit { appends, changes }), keys, answers })
    }

    /// The tree that the next append to an account starts from, with the log in memory at just its size.
    ///
    /// Between two commits a reader may have caught the log up with what another process appended, so a tree that was
    /// remembered counts only while the log has its size.
    async fn tree(&mut self, account: AccountId) -> Result<Tree, ReadError> {
        let log = self.logs.known(account);
        if let Some(tree) = self.trees.get(&account)
            && tree.edge.size() == log.read().size()
        {
            return Ok(tree.clone());
        }
        loop {
            self.logs.catch_up(account).await?;
            let tree = self.catalog.tree(account).await?;
            if tree.edge.size() == log.read().size() {
                self.trees.insert(account, tree.clone());
                return Ok(tree);
            }
        }
    }

    /// Creates the workspaces that a request brings along, unless somebody has created them since.
    async fn add_workspaces(&self, request: &Request, changes: &mut Vec<Change>) -> Result<(), ReadError> {
        if request.workspaces.is_empty() {
            return Ok(());
        }
        let known = self.catalog.workspaces(request.account).await?;
        for workspace in &request.workspaces {
            let change = Change::CreateWorkspace { account: request.account, workspace: workspace.clone() };
            let same = |other: &Change| {
                matches!((other, &change),
                (Change::CreateWorkspace { account: a, workspace: x }, Change::CreateWorkspace { account: b, workspace: y })
                    if a == b && x.token == y.token)
            };
            if !known.iter().any(|known| known.token == workspace.token) && !changes.iter().any(same) {
                changes.push(change);
            }
        }
        Ok(())
    }

    async fn answer(
        &self,
        append: &Pending<'_>,
        request: &Request,
        placed: &[Placed],
    ) -> Result<Vec<Recorded>, ReadError> {
        let rows = if request.rows_wanted {
            let indexes: Vec<u64> = placed.iter().map(|placed| placed.index).collect();
            let stored = append.stored(&self.logs, &indexes).await?;
            let rows: Option<Vec<Vec<u8>>> = stored.into_iter().map(Stored::row).collect();
            rows.ok_or_else(|| {
                ReadError::Unavailable("an entry was pruned while it was answered with".into())
            })?
        } else {
            vec![Vec::new(); placed.len()]
        };
        let recorded = placed.iter().zip(rows).map(|(placed, row)| Recorded {
            index: placed.index,
            token: placed.token,
            row,
            replayed: placed.replayed,
        });
        Ok(recorded.collect())
    }

    /// Finds out what became of a commit whose outcome is unknown: the trees are read again from the catalog, and the
    /// logs take on what turns out to have been done after all.
    async fn recover(&mut self, requests: &[Request]) -> Result<(), ReadError> {
        let logs = Arc::clone(&self.logs);
        let _publishing = logs.publishing().await;
        let found = async {
            for account in self.catalog.accounts().await? {
                self.logs.catch_up(account.id).await?;
            }
            for request in requests {
                self.tree(request.account).await?;
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

impl Plan<'_> {
    fn is_empty(&self) -> bool {
        self.commit.appends.is_empty() && self.commit.changes.is_empty()
    }
}

/// Events and bytes of a request.
fn size(request: &Request) -> (usize, usize) {
    (request.events.len(), request.events.iter().map(|event| event.draft.size()).sum())
}

fn refuse_all(requests: &[Request], refusal: &Refusal) -> Vec<Answer> {
    requests.iter().map(|_| Err(refusal.clone())).collect()
}
