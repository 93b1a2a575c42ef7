//! What of a request is new, what was recorded before, and what contradicts what was recorded before.

use std::{collections::HashMap, sync::Arc};

use annals_format::{LogToken, Row, Timestamp};
use annals_store::{
    AccountId, Append, Catalog, NewEntry, ReadError, Recall, RequestKey, TileHash, TokenHash, Tree,
};
use annals_tlog::{Edge, Hash};

use super::{
    Incoming, Logs, Refusal, Request,
    ahead::{Ahead, Seen, stored_in},
    logs::{SharedLog, Stored},
};

/// What one commit adds to one account, while requests are added to it.
pub(super) struct Pending {
    append: Append,
    /// Where each entry of the append comes from.
    sources: Vec<Source>,
    log: SharedLog,
    /// What the commit before this one adds.
    ahead: Arc<Ahead>,
    seen: Seen,
    /// Where chosen tokens are that were sealed after their request looked for them.
    sealed: HashMap<LogToken, u64>,
}

/// Where an entry comes from: an event of a request of the commit, both counted from 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source {
    pub(super) request: usize,
    pub(super) event: usize,
    pub(super) created_at: Timestamp,
}

/// Where an event of a request is in the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) index: u64,
    pub(super) token: LogToken,
    pub(super) replayed: bool,
}

/// What is known about one event before its request is taken.
enum Found {
    /// It is new.
    New,
    /// It was recorded before, at this index.
    At(u64),
    /// It is the same as an earlier event of this request.
    SameAs(usize),
}

impl Pending {
    /// Starts the append to an account whose tree is `tree` when what is `ahead` is done.
    pub(super) fn new(account: AccountId, tree: Tree, log: SharedLog, ahead: Arc<Ahead>) -> Self {
        let append = Append {
            account,
            expected_size: tree.edge.size(),
            entries: Vec::new(),
            tree,
            tile_hashes: Vec::new(),
            keys: Vec::new(),
        };
        Self { append, sources: Vec::new(), log, ahead, seen: Seen::default(), sealed: HashMap::new() }
    }

    /// Whether there is nothing to commit.
    pub(super) fn is_empty(&self) -> bool {
        self.append.entries.is_empty() && self.append.keys.is_empty()
    }

    /// Looks up what was recorded under the keys of all `requests` of this account.
    pub(super) async fn recall(
        &mut self,
        catalog: &dyn Catalog,
        requests: impl Iterator<Item = &Request>,
    ) -> Result<(), ReadError> {
        let keys: Vec<TokenHash> = requests
            .flat_map(|request| {
                request.key.iter().chain(request.events.iter().filter_map(|event| event.key.as_ref()))
            })
            .map(|key| key.hash)
            .collect();
        if keys.is_empty() {
            return Ok(());
        }
        let recalls = catalog.recall(self.append.account, &keys).await?;
        self.seen.recalled =
            keys.into_iter().zip(recalls).filter_map(|(key, recall)| Some((key, recall?))).collect();
        Ok(())
    }

    /// Looks for the tokens of `requests` among entries that were sealed since their writers did: these are no longer in
    /// the head, where tokens are looked for now, and were not in segments then.
    pub(super) async fn look_behind(
        &mut self,
        logs: &Logs,
        requests: impl Iterator<Item = &Request>,
    ) -> Result<(), ReadError> {
        let sealed = self.log.read().sealed();
        let late = requests.filter(|request| request.sealed < sealed);
        let chosen = late.flat_map(|request| &request.events).filter(|event| event.token_chosen);
        let tokens: Vec<LogToken> = chosen.map(|event| event.draft.token()).collect();
        let (_, found) = logs.find_sealed(self.append.account, tokens.clone()).await?;
        self.sealed =
            tokens.into_iter().zip(found).filter_map(|(token, index)| Some((token, index?))).collect();
        Ok(())
    }

    /// Adds request number `number` of the commit, or refuses all of it and leaves this append as it was.
    ///
    /// The outer error is the catalog's, the inner one is the request's.
    pub(super) async fn add(
        &mut self,
        logs: &Logs,
        number: usize,
        request: &Request,
        now: Timestamp,
    ) -> Result<Result<Vec<Placed>, Refusal>, ReadError> {
        if let Some(key) = &request.key
            && let Some(recall) = self.recalled(&key.hash)
        {
            if recall.content != key.content {
                let fault = "the Idempotency-Key was used before for a request with other content".to_owned();
                return Ok(Err(Refusal::Conflict(vec![fault])));
            }
            let indexes = recall.indexes.clone();
            return Ok(self
                .replay(logs, &indexes)
                .await?
                .ok_or_else(|| no_longer_kept("the Idempotency-Key")));
        }
        let found = match self.find_all(logs, request).await? {
            Ok(found) => found,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let before =
            found.iter().filter_map(|found| if let Found::At(index) = found { Some(*index) } else { None });
        let Some(before) = self.replay(logs, &before.collect::<Vec<u64>>()).await? else {
            return Ok(Err(no_longer_kept("an idempotency_key")));
        };
        let mut before = before.into_iter();
        let mut placed: Vec<Placed> = Vec::with_capacity(found.len());
        for (at, (event, found)) in request.events.iter().zip(found).enumerate() {
            let token = event.draft.token();
            placed.push(match found {
                Found::New => {
                    let created_at = self.instant(event, now);
                    self.sources.push(Source { request: number, event: at, created_at });
                    Placed { index: self.push(event, created_at), token, replayed: false }
                }
                Found::At(index) => before.next().unwrap_or(Placed { index, token, replayed: true }),
                Found::SameAs(earlier) => match placed.get(earlier) {
                    Some(same) => Placed { replayed: true, ..*same },
                    None => continue,
                },
            });
        }
        self.remember(request, &placed, now);
        Ok(Ok(placed))
    }

    /// When an event happened: the clock of live events never runs backwards in an account, whatever the system's does.
    fn instant(&mut self, event: &Incoming, now: Timestamp) -> Timestamp {
        let tree = &mut self.append.tree;
        event.created_at.unwrap_or_else(|| {
            tree.clock = tree.clock.max(now);
            tree.clock
        })
    }

    /// Gives a new event its place.
    fn push(&mut self, event: &Incoming, created_at: Timestamp) -> u64 {
        let tree = &mut self.append.tree;
        let entry = event.draft.complete(created_at);
        let index = tree.edge.size();
        self.append.tile_hashes.extend(grow(&mut tree.edge, entry.leaf));
        self.append.entries.push(NewEntry { row: entry.row, leaf: entry.leaf });
        self.seen.tokens.insert(event.draft.token(), index);
        index
    }

    /// Keeps what this request and its events can be recognised by.
    fn remember(&mut self, request: &Request, placed: &[Placed], now: Timestamp) {
        let whole = request.key.iter().map(|key| (key, placed));
        let events = request.events.iter().zip(placed.chunks(1));
        let each = events.filter_map(|(event, placed)| Some((event.key.as_ref()?, placed)));
        for (key, placed) in whole.chain(each) {
            if self.recalled(&key.hash).is_some() {
                continue;
            }
            let indexes = placed.iter().map(|placed| placed.index).collect();
            let recall = Recall { content: key.content, indexes };
            self.seen.recalled.insert(key.hash, recall.clone());
            self.append.keys.push(RequestKey { key: key.hash, recall, at: now });
        }
    }

    /// Answers with what was recorded at `indexes`; `None` if some of it is no longer kept.
    async fn replay(&self, logs: &Logs, indexes: &[u64]) -> Result<Option<Vec<Placed>>, ReadError> {
        if indexes.is_empty() {
            return Ok(Some(Vec::new()));
        }
        let mut placed = Vec::with_capacity(indexes.len());
        for (index, stored) in indexes.iter().zip(self.stored(logs, indexes).await?) {
            let Some(row) = stored.row() else { return Ok(None) };
            let keys = Row::decode(&row).and_then(|row| row.keys().map(|keys| keys.token));
            let token = keys.map_err(|error| ReadError::Corrupt(error.to_string()))?;
            placed.push(Placed { index: *index, token, replayed: true });
        }
        Ok(Some(placed))
    }

    /// What is left of the entries at `indexes`, committed or pending.
    pub(super) async fn stored(&self, logs: &Logs, indexes: &[u64]) -> Result<Vec<Stored>, ReadError> {
        let pending = |index: &u64| {
            stored_in(&self.append, *index).or_else(|| self.ahead.stored(self.append.account, *index))
        };
        let mut stored: Vec<Option<Stored>> = indexes.iter().map(pending).collect();
        let committed: Vec<u64> = indexes
            .iter()
            .zip(&stored)
            .filter(|(_, stored)| stored.is_none())
            .map(|(index, _)| *index)
            .collect();
        if !committed.is_empty() {
            let mut committed = logs.stored(self.append.account, &committed).await?.into_iter();
            stored.iter_mut().filter(|stored| stored.is_none()).for_each(|stored| *stored = committed.next());
        }
        stored
            .into_iter()
            .collect::<Option<_>>()
            .ok_or_else(|| ReadError::Corrupt("an entry that was recorded is missing".to_owned()))
    }

    /// Finds every event of a request that is not new.
    async fn find_all(
        &self,
        logs: &Logs,
        request: &Request,
    ) -> Result<Result<Vec<Found>, Refusal>, ReadError> {
        let mut faults = Vec::new();
        let mut found = Vec::with_capacity(request.events.len());
        let mut keys_here: HashMap<TokenHash, usize> = HashMap::new();
        let mut tokens_here: HashMap<LogToken, usize> = HashMap::new();
        for (at, event) in request.events.iter().enumerate() {
            let token = event.draft.token();
            let mut this = Found::New;
            if let Some(key) = &event.key {
                let earlier = keys_here.get(&key.hash).copied();
                let known = self.recalled(&key.hash);
                let content = earlier
                    .and_then(|earlier| request.events.get(earlier)?.key.map(|key| key.content))
                    .or_else(|| known.map(|recall| recall.content));
                if content.is_some_and(|content| content != key.content) {
                    faults.push(format!(
                        "{} was used before for an event with other content",
                        request.field(at, "idempotency_key")
                    ));
                } else if let Some(earlier) = earlier {
                    this = Found::SameAs(earlier);
                } else if let Some(index) = known.and_then(|recall| recall.indexes.first()) {
                    this = Found::At(*index);
                }
                keys_here.entry(key.hash).or_insert(at);
            }
            if event.token_chosen && matches!(this, Found::New) {
                let same = if let Some(earlier) = tokens_here.get(&token) {
                    let first = request.events.get(*earlier);
                    let same = first.is_some_and(|first| same_event(event, first));
                    same.then_some(Found::SameAs(*earlier))
                } else if let Some(index) = self.index_of(event) {
                    let stored = self.stored(logs, &[index]).await?.into_iter().next();
                    match stored.and_then(Stored::row) {
                        Some(row) => is_recorded_as(event, &row).then_some(Found::At(index)),
                        // Its token was found before it was pruned.
                        None => Some(Found::New),
                    }
                } else {
                    Some(Found::New)
                };
                match same {
                    Some(found) => this = found,
                    None => faults.push(format!(
                        "{} {token} was already recorded with other content",
                        request.field(at, "token")
                    )),
                }
                tokens_here.entry(token).or_insert(at);
            }
            found.push(this);
        }
        Ok(if faults.is_empty() { Ok(found) } else { Err(Refusal::Conflict(faults)) })
    }

    /// Where the token of an event is, committed or pending.
    fn index_of(&self, event: &Incoming) -> Option<u64> {
        let token = event.draft.token();
        let pending = self.seen.tokens.get(&token).copied();
        let ahead = || self.ahead.find(self.append.account, token);
        let in_head = || self.log.read().find_in_head(token);
        let sealed = || event.sealed_at.or_else(|| self.sealed.get(&token).copied());
        pending.or_else(ahead).or_else(in_head).or_else(sealed)
    }

    /// What was recorded under a key, committed or pending.
    fn recalled(&self, key: &TokenHash) -> Option<&Recall> {
        self.seen.recalled.get(key).or_else(|| self.ahead.recalled(self.append.account, key))
    }

    /// The append, for a commit, with where its entries come from and what its requests are recognised by.
    pub(super) fn finish(self) -> (Append, Vec<Source>, Seen) {
        (self.append, self.sources, self.seen)
    }
}

/// Adds a leaf to a tree; returns what that adds to its tiles.
pub(crate) fn grow(edge: &mut Edge, leaf: Hash) -> Vec<TileHash> {
    // Allocates only when a tile becomes full.
    let mut added = Vec::new();
    edge.push_tiled(leaf, |level, position, hash| added.push(TileHash { level, position, hash }));
    added
}

fn no_longer_kept(key: &str) -> Refusal {
    Refusal::Conflict(vec![format!("{key} was used before for audit logs that are no longer kept")])
}

/// Whether two events of one request say the same.
fn same_event(a: &Incoming, b: &Incoming) -> bool {
    a.created_at == b.created_at && {
        let at = a.created_at.unwrap_or(Timestamp::MIN);
        is_recorded_as(a, &b.draft.complete(at).row)
    }
}

/// Whether recording the event gave, or would have given, this row. An event without a time is one at the row's time.
fn is_recorded_as(event: &Incoming, row: &[u8]) -> bool {
    let Ok(recorded) = Row::decode(row) else { return false };
    let entry = event.draft.complete(event.created_at.unwrap_or(recorded.created_at()));
    Row::decode(&entry.row).is_ok_and(|row| row.same_content(&recorded))
}
