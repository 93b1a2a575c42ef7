//! Plans: what one commit adds to all logs, and what its requests are answered if it succeeds.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::Instant,
};

use annals_store::{AccountId, Catalog, Change, Commit, ReadError, Tree};
use tokio::sync::oneshot;

use super::{
    Logs, Recorded, Refusal, Request, Stored,
    ahead::Ahead,
    resolve::{Pending, Placed, Source},
};
use crate::clock::Clock;

pub(super) type Answer = Result<Vec<Recorded>, Refusal>;

/// A request, and who waits for its answer.
pub(super) struct Waiting {
    pub(super) request: Request,
    pub(super) answer: oneshot::Sender<Answer>,
}

/// A commit, and what follows if it succeeds.
pub(super) struct Plan {
    pub(super) commit: Arc<Commit>,
    /// Where the entries of each append come from.
    pub(super) sources: Vec<Vec<Source>>,
    /// What the next plan goes on from.
    pub(super) ahead: Arc<Ahead>,
    pub(super) waiting: Vec<Waiting>,
    /// What each of those who wait is answered.
    pub(super) answers: Vec<Answer>,
    pub(super) started: Instant,
    /// Times that this was planned anew because another process was faster.
    pub(super) attempts: usize,
}

impl Plan {
    /// Whether there is nothing to commit: all its requests are retries, or refused.
    pub(super) fn is_empty(&self) -> bool {
        self.commit.appends.is_empty() && self.commit.changes.is_empty()
    }

    /// How many events its requests have.
    pub(super) fn events(&self) -> usize {
        self.waiting.iter().map(|waiting| waiting.request.events.len()).sum()
    }
}

/// Decides what commits hold.
pub(super) struct Planner {
    catalog: Arc<dyn Catalog>,
    logs: Arc<Logs>,
    clock: Arc<dyn Clock>,
    /// The trees as they were last committed or read; an account that is missing is read again.
    trees: HashMap<AccountId, Tree>,
}

impl Planner {
    pub(super) fn new(catalog: Arc<dyn Catalog>, logs: Arc<Logs>, clock: Arc<dyn Clock>) -> Self {
        Self { catalog, logs, clock, trees: HashMap::new() }
    }

    /// Decides what a commit of these requests holds and how each is answered if it succeeds, and if what is ahead does.
    /// After an error, those who wait are returned with it.
    ///
    /// The caller holds the guard of [`Logs::publishing`].
    pub(super) async fn plan(
        &mut self,
        waiting: Vec<Waiting>,
        ahead: &Arc<Ahead>,
    ) -> Result<Plan, (ReadError, Vec<Waiting>)> {
        let started = Instant::now();
        match self.decide(&waiting, ahead).await {
            Ok((pending, changes, answers)) => {
                let (mut appends, mut sources, mut seen) = (Vec::new(), Vec::new(), Vec::new());
                for pending in pending.into_values().filter(|pending| !pending.is_empty()) {
                    let finished = pending.finish();
                    appends.push(finished.0);
                    sources.push(finished.1);
                    seen.push(finished.2);
                }
                let commit = Arc::new(Commit { appends, changes });
                let ahead = Arc::new(Ahead::new(Arc::clone(&commit), seen));
                Ok(Plan { commit, sources, ahead, waiting, answers, started, attempts: 0 })
            }
            Err(error) => {
                self.forget_all();
                Err((error, waiting))
            }
        }
    }

    async fn decide(
        &mut self,
        waiting: &[Waiting],
        ahead: &Arc<Ahead>,
    ) -> Result<(BTreeMap<AccountId, Pending>, Vec<Change>, Vec<Answer>), ReadError> {
        let now = self.clock.now();
        let mut pending: BTreeMap<AccountId, Pending> = BTreeMap::new();
        let requests = || waiting.iter().map(|waiting| &waiting.request);
        for account in requests().map(|request| request.account).collect::<BTreeSet<_>>() {
            let tree = match ahead.tree(account) {
                Some(tree) => tree,
                None => self.tree(account).await?,
            };
            let mut append = Pending::new(account, tree, self.logs.known(account), Arc::clone(ahead));
            let of_account = requests().filter(|request| request.account == account);
            append.recall(&*self.catalog, of_account.clone()).await?;
            append.look_behind(&self.logs, of_account).await?;
            pending.insert(account, append);
        }
        let mut changes: Vec<Change> = Vec::new();
        let mut answers = Vec::with_capacity(waiting.len());
        for (number, request) in requests().enumerate() {
            let Some(append) = pending.get_mut(&request.account) else { continue };
            let placed = append.add(&self.logs, number, request, now).await?;
            if placed.is_ok() {
                self.add_workspaces(request, &mut changes).await?;
            }
            answers.push(match placed {
                Ok(placed) => Ok(self.answer(append, request, &placed).await?),
                Err(refusal) => Err(refusal),
            });
        }
        Ok((pending, changes, answers))
    }

    /// The tree of an account is this now.
    pub(super) fn remember(&mut self, account: AccountId, tree: Tree) {
        self.trees.insert(account, tree);
    }

    /// The tree of an account is not what it was thought to be.
    pub(super) fn forget(&mut self, account: AccountId) {
        self.trees.remove(&account);
    }

    /// Nothing is known about any tree.
    pub(super) fn forget_all(&mut self) {
        self.trees.clear();
    }

    /// The tree that the next append to an account starts from, with the log in memory at just its size.
    ///
    /// Between two commits a reader may have caught the log up with what another process appended, so a tree that was
    /// remembered counts only while the log has its size.
    pub(super) async fn tree(&mut self, account: AccountId) -> Result<Tree, ReadError> {
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
    ///
    /// One that the commit ahead creates is not known yet: then this commit is a conflict, and planned anew.
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
        append: &Pending,
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
}
