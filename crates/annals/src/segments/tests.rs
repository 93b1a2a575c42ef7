//! What making segments costs, and what becomes of blobs that nobody lists.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use annals_format::{Filter, ListQuery, Retention, Timestamp, entry::Section, event::BodyForm};
use annals_store::{AccountId, BlobKey, Blobs, Call, Catalog, Fault, Faulty, Identity, Memory, Role, Scope};
use annals_tlog::{Hash, proof::Plan};
use object_store::memory::InMemory;
use tokio::task::JoinHandle;

use super::{KeeperOptions, Segments};
use crate::{
    administer::{
        Admin, TokenRequest, create_account, create_token, place_hold, release_hold, set_retention,
    },
    clock::Clock,
    engine::{Engine, EngineOptions, EraseError, ErasureRequest, RecordRequest},
    metrics::Metrics,
    verify::Local,
};

const HOUR_US: i64 = 60 * 60 * 1_000_000;

/// A clock that shows what it was set to.
struct Shown(AtomicI64);

impl Clock for Shown {
    fn now(&self) -> Timestamp {
        Timestamp::from_us(self.0.load(Ordering::Relaxed))
    }
}

struct World {
    calls: Arc<Faulty>,
    blobs: Blobs,
    clock: Arc<Shown>,
    account: AccountId,
    who: Arc<Identity>,
    engine: Engine,
    sequencer: JoinHandle<()>,
}

impl World {
    /// An account, in a server that seals 256 entries at a time and makes one of four segments.
    async fn new() -> Self {
        let calls = Arc::new(Faulty::new(Arc::new(Memory::new())));
        let catalog: Arc<dyn Catalog> = Arc::clone(&calls) as _;
        let clock = Arc::new(Shown(AtomicI64::new(1_000 * HOUR_US)));
        let admin = Admin { catalog: &*catalog, clock: &*clock, who: "test", source: "cli" };
        let account = create_account(&admin, "a").await.expect("an account").id;
        let request = TokenRequest {
            name: "t".to_owned(),
            scopes: Scope::ALL.into_iter().collect(),
            role: Some(Role::Owner),
            user_id: None,
            expires_at: None,
        };
        let (_, secret) = create_token(&admin, account, &request).await.expect("a token");
        let blobs = Blobs::over(calls.blobs(Arc::new(InMemory::new())));
        let segments = Arc::new(Segments::new(blobs.clone(), 1 << 24));
        let keeper =
            KeeperOptions { seal_rows: 256, quiet_rows_min: 1, fan_in: 4, ..KeeperOptions::default() };
        let options = EngineOptions { keeper, ..EngineOptions::default() };
        let metrics = Arc::new(Metrics::new());
        let opened = Engine::open(catalog, segments, Arc::clone(&clock) as _, metrics, options);
        let (engine, sequencer) = opened.await.expect("an engine");
        let who = engine.identities.identify(secret.reveal(), clock.now()).await.expect("known");
        Self { calls, blobs, clock, account, who, engine, sequencer }
    }

    async fn record(&self, events: usize) {
        self.record_lines(&vec![
            r#"{"event":"record_created","object_type":"segment","after":{"a":1}}"#;
            events
        ])
        .await;
    }

    async fn record_lines(&self, lines: &[&str]) {
        let request = RecordRequest {
            body: lines.join("\n").into(),
            form: BodyForm::Ndjson,
            idempotency_key: None,
            rows_wanted: false,
        };
        self.engine.record(&self.who, request).await.expect("recorded");
    }

    async fn list(&self, query: &str) -> u64 {
        let view = self.engine.view(self.account).await.expect("a view");
        self.engine.list(&view, &ListQuery::parse(query).expect("a query")).await.expect("a page").total
    }

    async fn segments(&self) -> Vec<String> {
        let listed = self.calls.segments(self.account).await.expect("segments");
        listed.into_iter().map(|segment| segment.name).collect()
    }

    async fn stored(&self) -> usize {
        self.blobs.list(self.account).await.expect("blobs").len()
    }

    /// How many calls of some kinds `work` makes.
    async fn cost<const N: usize>(&self, kinds: [Call; N], work: impl Future<Output = ()>) -> [u64; N] {
        let before = kinds.map(|kind| self.calls.calls_of(kind));
        work.await;
        let after = kinds.map(|kind| self.calls.calls_of(kind));
        std::array::from_fn(|at| after[at] - before[at])
    }

    async fn end(self) {
        drop(self.engine);
        self.sequencer.await.expect("the sequencer ends");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_segment_costs_one_blob_and_a_page_a_few_reads() {
    let world = World::new().await;
    world.record(255).await;
    let kinds = [Call::BlobPut, Call::BlobWrite, Call::Seal, Call::Commit];
    assert_eq!(
        world.cost(kinds, world.engine.keeper.tend()).await,
        [1, 0, 1, 0],
        "255 and two of the account"
    );
    world.record(256 * 3).await;
    // Three more, and one made of four.
    assert_eq!(world.cost(kinds, world.engine.keeper.tend()).await, [4, 0, 4, 0]);
    assert_eq!(world.segments().await.len(), 1);
    world.record(300).await;
    assert_eq!(world.cost(kinds, world.engine.keeper.tend()).await, [1, 0, 1, 0]);

    let reads = [Call::BlobRead, Call::Rows];
    let page = async |query: &'static str| {
        world.cost(reads, async { assert!(world.list(query).await > 1_000, "{query}") }).await
    };
    // The newest page: its rows are in the head and in the youngest segment. Of that one: times and indexes at once for
    // each place, the group, and its blocks.
    let first = page("limit=60").await;
    assert!(first[0] <= 4 && first[1] == 1, "{first:?} reads");
    assert_eq!(page("limit=60").await, [0, 1], "a second look is at memory");
    // How many have one value is known from footers; of two values, what they have in common has to be counted.
    assert_eq!(page("limit=1&action=create").await, [0, 1]);
    let common = page("limit=1&action=create&source=api").await;
    assert!((1..=4).contains(&common[0]), "{common:?} reads");
    assert_eq!(page("limit=1&action=create&source=api").await, [0, 1]);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_nobody_lists_is_removed_after_an_hour() {
    let world = World::new().await;
    let orphan = BlobKey::Segment { account: world.account, name: "left-by-a-crash".to_owned() };
    world.blobs.put(&orphan, "half".into()).await.expect("stored");
    world.record(256 * 4).await;
    world.engine.keeper.tend().await;
    let (listed, keeper) = (world.segments().await, &world.engine.keeper);
    assert_eq!((listed.len(), world.stored().await), (1, 6), "four, one of four, and the orphan");

    keeper.sweep().await;
    world.clock.0.fetch_add(HOUR_US - 1, Ordering::Relaxed);
    keeper.sweep().await;
    assert_eq!(world.stored().await, 6, "somebody may be reading them");
    world.clock.0.fetch_add(1, Ordering::Relaxed);
    keeper.sweep().await;
    assert_eq!((world.segments().await, world.stored().await), (listed, 1));
    assert!(world.list("").await > 1_000);
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_server_at_a_time_makes_segments() {
    let world = World::new().await;
    world.record(256).await;
    let (now, lease) = (world.clock.now(), format!("segments-{}", world.account.0));
    let until = now.plus_us(HOUR_US);
    assert!(world.calls.acquire(&lease, "another", now, until).await.expect("free"));
    world.engine.keeper.tend().await;
    assert!(world.segments().await.is_empty(), "another server is at it");
    world.clock.0.fetch_add(HOUR_US, Ordering::Relaxed);
    world.engine.keeper.tend().await;
    assert_eq!(world.segments().await.len(), 1, "the other one is gone");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_quiet_head_is_sealed() {
    let world = World::new().await;
    world.record(10).await;
    world.engine.keeper.tend_quiet().await;
    world.record(1).await;
    world.engine.keeper.tend_quiet().await;
    assert!(world.segments().await.is_empty(), "it has grown since");
    world.engine.keeper.tend_quiet().await;
    assert_eq!(world.segments().await.len(), 1);
    assert_eq!(world.list("object_type=segment").await, 11);
    world.record(1).await;
    assert_eq!(world.list("object_type=segment").await, 12);
    world.end().await;
}

/// Somebody whose name is in every segment and in the head.
const PERSON: &str = r#"{"event":"record_created","object_type":"segment","user":"Erika Mustermann","user_id":5,"after":{"a":1}}"#;

impl World {
    /// A server with five hundred entries, a few of a person in each part of the log.
    async fn with_person() -> Self {
        let world = Self::new().await;
        for _ in 0..5 {
            world.record(96).await;
            world.record_lines(&[PERSON; 4]).await;
        }
        world.engine.keeper.tend().await;
        world.record_lines(&[PERSON; 4]).await;
        assert!(!world.segments().await.is_empty());
        world
    }

    fn admin(&self) -> Admin<'_> {
        Admin { catalog: &*self.calls, clock: &*self.clock, who: "test", source: "cli" }
    }

    async fn erase(&self) -> Result<u64, EraseError> {
        let request = ErasureRequest {
            filter: Filter { user_id: Some(5), ..Filter::default() },
            filtered_by: vec!["user".to_owned()],
            sections: vec![Section::Actor],
            reason: "why".to_owned(),
        };
        self.engine.erase(&self.who, request).await.map(|erasure| erasure.entries)
    }

    /// Nobody finds the person, and the log verifies.
    async fn check_erased(&self) {
        assert_eq!(self.list("user=5").await, 0);
        assert_eq!(self.list("q=mustermann").await, 0);
        let indexes: Vec<u64> = (0..self.engine.view(self.account).await.expect("a view").size()).collect();
        for stored in self.engine.logs.read(self.account, &indexes).await.expect("rows") {
            let row = stored.row().expect("nothing is pruned");
            assert!(!row.windows(10).any(|window| window == b"Mustermann"));
        }
        self.verify().await;
    }
}

/// Whichever call is broken in whichever way: the same erasure again does what is left, and the log verifies at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_erasure_that_is_cut_off_is_finished_by_the_next() {
    let world = World::with_person().await;
    let first = world.calls.calls();
    assert_eq!(world.erase().await.expect("erased"), 24);
    let calls = world.calls.calls() - first;
    world.check_erased().await;
    world.end().await;
    assert!(calls > 20, "{calls}");
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for broken in 0..calls {
            let world = World::with_person().await;
            world.calls.fail_at(world.calls.calls() + broken, fault);
            let mut tries = 0;
            while world.erase().await.is_err() {
                tries += 1;
                assert!(tries < 5, "call {broken}, {fault:?}");
            }
            world.check_erased().await;
            world.end().await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_not_erased() {
    let world = World::with_person().await;
    world.record_lines(&[r#"{"event":"record_destroyed","object_type":"segment","user":"Erika Mustermann","user_id":5,"before":{"a":1}}"#]).await;
    let hold =
        place_hold(&world.admin(), world.account, "user=5&action=delete", "a lawsuit").await.expect("placed");
    assert_eq!(world.erase().await.expect("erased"), 24);
    assert_eq!(world.list("user=5").await, 1, "the one that is held");
    assert_eq!(world.list("user=5&action=delete&q=mustermann").await, 1);
    let told = world.list("object_type=erasure").await;
    assert_eq!(world.erase().await.expect("nothing is left"), 0);
    assert_eq!(world.list("object_type=erasure").await, told + 2);

    release_hold(&world.admin(), world.account, &hold.token).await.expect("released");
    assert_eq!(world.erase().await.expect("erased"), 1);
    world.check_erased().await;
    world.end().await;
}

const DAY_US: i64 = 24 * HOUR_US;

impl World {
    /// A server with seven hundred entries of a thousand days ago and three hundred of today, some of them in segments.
    async fn with_old_entries() -> Self {
        let world = Self::new().await;
        world.record(400).await;
        world.engine.keeper.tend().await;
        world.record_lines(&[PERSON; 300]).await;
        world.clock.0.fetch_add(1_000 * DAY_US, Ordering::Relaxed);
        world.record(300).await;
        set_retention(&world.admin(), world.account, Some(Retention::Months(24))).await.expect("set");
        world
    }

    async fn root(&self, size: u64) -> Hash {
        let plan = Plan::root(size).expect("a tree");
        self.engine.tiles.build(self.account, &plan).await.expect("a root")
    }

    async fn verify(&self) {
        let account = self.calls.accounts().await.expect("accounts").remove(0);
        let segments = Arc::new(Segments::new(self.blobs.clone(), 1 << 20));
        let local = Local::new(Arc::clone(&self.calls) as _, segments);
        local.verify(&account, &[], &[], None, &|_| ()).await.expect("the log verifies");
    }

    /// Only what is young is there, every hash is what it was, and the log verifies.
    async fn check_pruned(&self, size: u64, root: Hash) {
        assert_eq!(self.list("object_type=segment").await, 300);
        assert_eq!(self.list("user=5").await + self.list("q=mustermann").await, 0);
        assert_eq!(self.root(size).await, root);
        self.verify().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_no_longer_kept_leaves_its_hashes() {
    let world = World::with_old_entries().await;
    let size = world.engine.view(world.account).await.expect("a view").size();
    let root = world.root(size).await;
    assert_eq!(world.list("object_type=segment").await, 1_000);
    world.engine.keeper.prune().await;
    world.check_pruned(size, root).await;
    assert!(world.list("object_type=pruning").await > 0);
    assert_eq!(world.list("object_type=access_token").await, 0, "as old as the rest");

    // Nothing more is due, and nothing is said.
    let again = world.engine.view(world.account).await.expect("a view").size();
    let kinds = [Call::BlobWrite, Call::Seal, Call::Commit];
    assert_eq!(world.cost(kinds, world.engine.keeper.prune()).await, [0; 3]);

    // What is there goes on: more of it is sealed, compacted, erased, and in the end pruned as well.
    world.record(256 * 4).await;
    world.engine.keeper.tend().await;
    assert_eq!(world.list("object_type=segment").await, 300 + 256 * 4);
    assert_eq!(world.root(size).await, root);
    world.verify().await;
    assert!(world.engine.view(world.account).await.expect("a view").size() > again);
    world.clock.0.fetch_add(1_000 * DAY_US, Ordering::Relaxed);
    world.engine.keeper.prune().await;
    assert_eq!(world.list("object_type=segment").await, 0);
    assert!(world.list("object_type=pruning").await > 1, "who verifies the log needs to know");
    assert_eq!(world.root(size).await, root);
    world.verify().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn entries_are_pruned_together_a_day_late_at_most() {
    let world = World::new().await;
    set_retention(&world.admin(), world.account, Some(Retention::Days(10))).await.expect("set");
    for _ in 0..3 {
        world.record(100).await;
        world.clock.0.fetch_add(DAY_US, Ordering::Relaxed);
    }
    world.engine.keeper.tend().await;
    let left = async |after_us: i64| {
        world.clock.0.fetch_add(after_us, Ordering::Relaxed);
        world.engine.keeper.prune().await;
        world.list("object_type=segment").await
    };
    assert_eq!(left(7 * DAY_US).await, 300, "the first are ten days old");
    assert_eq!(left(DAY_US).await, 300, "eleven days");
    assert_eq!(left(1).await, 100, "a day late: those that are ten days old go with them");
    assert_eq!(
        left(DAY_US).await,
        47,
        "all that is left of the segment is ten days old; the rest is in the head"
    );
    assert_eq!(left(DAY_US).await, 0, "the head is a day late as well");
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_held_is_kept() {
    let world = World::with_old_entries().await;
    let hold = place_hold(&world.admin(), world.account, "user=5", "a lawsuit").await.expect("placed");
    world.engine.keeper.prune().await;
    assert_eq!(world.list("object_type=segment").await, 600);
    assert_eq!(world.list("q=mustermann").await, 300);
    world.verify().await;
    release_hold(&world.admin(), world.account, &hold.token).await.expect("released");
    world.engine.keeper.prune().await;
    assert_eq!(world.list("object_type=segment").await, 300);
    world.verify().await;
    world.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_retry_of_what_is_no_longer_kept_is_refused() {
    let world = World::new().await;
    set_retention(&world.admin(), world.account, Some(Retention::Days(10))).await.expect("set");
    let old = r#"{"event":"record_created","object_type":"segment","after":{"a":1},"created_at":"1970-01-01T00:00:00Z","idempotency_key":"k"}"#;
    let send = async |key: Option<&str>, line: &str| {
        let request = RecordRequest {
            body: line.to_owned().into(),
            form: BodyForm::Ndjson,
            idempotency_key: key.map(str::to_owned),
            rows_wanted: false,
        };
        world.engine.record(&world.who, request).await
    };
    send(Some("whole"), old).await.expect("recorded");
    assert!(send(Some("whole"), old).await.expect("the same").recorded.iter().all(|one| one.replayed));
    world.engine.keeper.prune().await;
    for key in [Some("whole"), None] {
        let error = send(key, old).await.expect_err("it is gone");
        assert!(error.to_string().contains("no longer kept"), "{error}");
    }
    assert_eq!(world.list("object_type=segment").await, 0);
    world.verify().await;
    world.end().await;
}

/// Whichever call is broken in whichever way: the next pruning does what is left, and the log verifies at any time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pruning_that_is_cut_off_is_finished_by_the_next() {
    let world = World::with_old_entries().await;
    let first = world.calls.calls();
    world.engine.keeper.prune().await;
    let calls = world.calls.calls() - first;
    world.end().await;
    assert!(calls > 20, "{calls}");
    for fault in [Fault::Before, Fault::After, Fault::Lost] {
        for broken in 0..calls {
            let world = World::with_old_entries().await;
            let size = world.engine.view(world.account).await.expect("a view").size();
            let root = world.root(size).await;
            world.calls.fail_at(world.calls.calls() + broken, fault);
            world.engine.keeper.prune().await;
            world.calls.heal();
            world.verify().await;
            world.engine.keeper.prune().await;
            world.check_pruned(size, root).await;
            world.end().await;
        }
    }
}
