//! A catalog with two accounts, to be broken, and handles beside it that are not.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use annals::{
    administer::{Admin, TokenRequest, create_account, create_token, create_workspace},
    clock::Clock,
    identity::Secret,
};
use annals_format::Timestamp;
use annals_store::{AccountId, Blobs, Catalog, Faulty, Memory, Role, Scope, Sqlite, SqliteOptions};
use object_store::memory::InMemory;
use tempfile::TempDir;

use super::Commits;

/// An engine of the catalog.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Memory,
    Sqlite,
}

impl Kind {
    pub(crate) const ALL: [Self; 2] = [Self::Memory, Self::Sqlite];
}

/// A clock that goes on by a few milliseconds each time it is asked, and now and then goes back.
pub(crate) struct Unsteady(AtomicI64);

impl Unsteady {
    /// It begins on a morning in March.
    const START: &str = "2026-03-04T09:30:00.999Z";
}

impl Default for Unsteady {
    fn default() -> Self {
        Self(AtomicI64::new(0))
    }
}

impl Clock for Unsteady {
    fn now(&self) -> Timestamp {
        let asked = self.0.fetch_add(1, Ordering::Relaxed);
        let back_us = if asked % 7 == 3 { 2_000_000 } else { 0 };
        let start = Timestamp::parse(Self::START).expect("an instant");
        start.plus_us(asked * 3_333 - back_us)
    }
}

/// An account, with an access token that may do anything.
pub(crate) struct Tenant {
    pub(crate) account: AccountId,
    pub(crate) workspace: String,
    pub(crate) secret: Secret,
    /// The same without the scope import.
    pub(crate) writer: Secret,
}

/// A catalog with two accounts.
pub(crate) struct World {
    /// What the server uses.
    pub(crate) faulty: Arc<Faulty>,
    /// Between `faulty` and the engine: breaks commits only.
    pub(crate) commits: Arc<Commits>,
    /// The same catalog, as another process has it.
    pub(crate) beside: Arc<dyn Catalog>,
    /// Where segments are.
    store: Arc<InMemory>,
    pub(crate) clock: Arc<Unsteady>,
    pub(crate) tenants: [Tenant; 2],
    // Dropped after the catalogs.
    _dir: Option<TempDir>,
}

impl World {
    pub(crate) async fn new(kind: Kind) -> Self {
        let (inner, beside, dir): (Arc<dyn Catalog>, Arc<dyn Catalog>, _) = match kind {
            Kind::Memory => {
                let memory = Arc::new(Memory::new());
                (Arc::clone(&memory) as _, memory, None)
            }
            Kind::Sqlite => {
                let dir = in_memory_if_possible();
                (Arc::new(open(&dir)), Arc::new(open(&dir)), Some(dir))
            }
        };
        let clock = Arc::new(Unsteady::default());
        let tenants = [tenant(&*beside, &*clock, "Acme").await, tenant(&*beside, &*clock, "Globex").await];
        let commits = Arc::new(Commits::new(inner, Arc::clone(&beside), Arc::clone(&clock) as _));
        let faulty = Arc::new(Faulty::new(Arc::clone(&commits) as _));
        Self { faulty, commits, beside, store: Arc::default(), clock, tenants, _dir: dir }
    }

    /// The blobs as the server has them: to be broken together with the catalog.
    pub(crate) fn faulty_blobs(&self) -> Blobs {
        Blobs::over(self.faulty.blobs(Arc::clone(&self.store) as _))
    }

    /// The same blobs, as another process has them.
    pub(crate) fn blobs(&self) -> Blobs {
        Blobs::over(Arc::clone(&self.store) as _)
    }
}

/// These tests crash nothing, so that what fsync costs on a disk would only be waited for.
fn in_memory_if_possible() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory")
}

fn open(dir: &TempDir) -> Sqlite {
    let options = SqliteOptions { readers: 1, ..SqliteOptions::default() };
    Sqlite::open(&dir.path().join("catalog.db"), options).expect("a catalog")
}

async fn tenant(catalog: &dyn Catalog, clock: &dyn Clock, title: &str) -> Tenant {
    let admin = Admin { catalog, clock, who: "operator", source: "cli" };
    let account = create_account(&admin, title).await.expect("an account").id;
    let workspace = create_workspace(&admin, account, "Main").await.expect("a workspace").token;
    let mut secrets = Vec::new();
    for scopes in [&Scope::ALL[..], &[Scope::Read, Scope::Write]] {
        let request = TokenRequest {
            name: "tests".to_owned(),
            scopes: scopes.iter().copied().collect(),
            role: Some(Role::Owner),
            user_id: None,
            expires_at: None,
        };
        secrets.push(create_token(&admin, account, &request).await.expect("a token").1);
    }
    let [secret, writer] = secrets.try_into().expect("two tokens");
    Tenant { account, workspace, secret, writer }
}
