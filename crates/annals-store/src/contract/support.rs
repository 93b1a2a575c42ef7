//! Values for the cases.

use std::ops::Range;
use std::sync::Arc;

use annals_format::Timestamp;
use annals_tlog::{Hash, leaf_hash};

use crate::catalog::{
    Append, Catalog, Change, Commit, CommitError, NewEntry, Recall, RequestKey, TileHash, Tree,
};
use crate::model::{AccessToken, Account, AccountId, Role, Scope, TokenHash, TokenKind, User, Workspace};
use crate::segment::{Seal, SegmentInfo};

pub(super) const A: AccountId = AccountId(1);
pub(super) const B: AccountId = AccountId(2);

/// A size that every answer fits in.
pub(super) const PLENTY: usize = usize::MAX;

pub(super) fn at(us: i64) -> Timestamp {
    Timestamp::from_us(us)
}

/// A hash that stands for a short text.
pub(super) fn hash(text: &str) -> TokenHash {
    leaf_hash(text.as_bytes()).into()
}

pub(super) fn entry(row: impl Into<Vec<u8>>) -> NewEntry {
    let row = row.into();
    NewEntry { leaf: leaf_hash(&[b"leaf of ", row.as_slice()].concat()), row }
}

/// Entries for the end of a log whose tree is `tree`.
pub(super) fn append_to(tree: &Tree, account: AccountId, rows: &[&str]) -> Append {
    let entries: Vec<_> = rows.iter().copied().map(entry).collect();
    let mut edge = tree.edge.clone();
    let mut tile_hashes = Vec::new();
    for entry in &entries {
        edge.push_tiled(entry.leaf, |level, position, hash| {
            tile_hashes.push(TileHash { level, position, hash });
        });
    }
    let clock = at(edge.size().cast_signed());
    Append {
        account,
        expected_size: tree.edge.size(),
        entries,
        tree: Tree { edge, clock },
        tile_hashes,
        keys: Vec::new(),
    }
}

/// Appends to a log as it is now, and returns the tree after it.
pub(super) async fn append(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
    rows: &[&str],
) -> Result<Tree, Box<dyn std::error::Error + Send + Sync>> {
    let append = append_to(&catalog.tree(account).await?, account, rows);
    let tree = append.tree.clone();
    catalog.commit(append.into()).await?;
    Ok(tree)
}

/// Rows as the catalog gives them when none of them has been sealed.
pub(super) fn unsealed(rows: &[&str]) -> Vec<Option<Vec<u8>>> {
    rows.iter().map(|row| Some(row.as_bytes().to_vec())).collect()
}

/// The rows of a whole head, which is a whole log until something of it is sealed.
pub(super) async fn log(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
) -> Result<Vec<String>, Box<dyn std::error::Error + Send + Sync>> {
    let entries = catalog.entries(account, 0..u64::MAX, PLENTY).await?;
    entries.into_iter().map(|entry| Ok(String::from_utf8(entry.row)?)).collect()
}

/// Makes changes alone, as if their entries were elsewhere.
pub(super) async fn change(
    catalog: &Arc<dyn Catalog>,
    changes: impl IntoIterator<Item = Change>,
) -> Result<(), CommitError> {
    let changes = changes.into_iter().collect();
    catalog.commit(Arc::new(Commit { appends: Vec::new(), changes })).await
}

impl From<Append> for Arc<Commit> {
    fn from(append: Append) -> Self {
        Self::new(Commit { appends: vec![append], changes: Vec::new() })
    }
}

/// Asserts that nothing was done because something changed in the meantime.
#[track_caller]
pub(super) fn assert_conflict(result: &Result<(), CommitError>) {
    assert!(matches!(result, Err(CommitError::Conflict)), "{result:?} is not a conflict");
}

pub(super) fn request(key: &str, indexes: &[u64], us: i64) -> RequestKey {
    let recall = Recall { content: hash(&format!("content of {key}")), indexes: indexes.to_vec() };
    RequestKey { key: hash(key), recall, at: at(us) }
}

pub(super) fn account(id: AccountId) -> Account {
    Account {
        id,
        token: format!("acct_{:016x}", id.0),
        title: format!("Account {}", id.0),
        created_at: at(i64::from(id.0)),
        default_workspace: None,
        log_public: false,
        retention: None,
    }
}

pub(super) fn workspace(token: &str, us: i64) -> Workspace {
    Workspace { token: token.into(), name: format!("Workspace {token}"), created_at: at(us) }
}

pub(super) fn user(id: i64) -> User {
    User { id, name: format!("User {id}"), role: Role::Editor, created_at: at(id), removed_at: None }
}

/// A token whose id, name and hash come from one word.
pub(super) fn token(word: &str, number: i64, kind: TokenKind) -> AccessToken {
    AccessToken {
        id: format!("tkn_{word}"),
        number,
        kind,
        name: format!("Token {word}"),
        hash: hash(word),
        scopes: [Scope::Read, Scope::Import].into_iter().collect(),
        role: Role::Owner,
        created_at: at(number),
        expires_at: None,
        revoked_at: None,
        last_used_at: None,
    }
}

/// A grant for the token that [`token`] makes of `word`.
pub(super) fn grant(word: &str, secret: &str, expires_us: i64) -> AccessToken {
    AccessToken {
        hash: hash(secret),
        expires_at: Some(at(expires_us)),
        scopes: [Scope::Read].into_iter().collect(),
        ..token(word, 7, TokenKind::Grant)
    }
}

/// The leaf of an entry that [`entry`] makes of `row`.
pub(super) fn leaf(row: &str) -> Hash {
    entry(row).leaf
}

/// A segment whose other fields come from its range.
pub(super) fn segment(name: &str, indexes: Range<u64>) -> SegmentInfo {
    let bytes = indexes.end.saturating_add(1_000);
    SegmentInfo { name: name.into(), indexes, bytes, footer_bytes: 100 }
}

/// Seals the head's oldest entries.
pub(super) async fn seal(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
    name: &str,
    indexes: Range<u64>,
) -> Result<(), CommitError> {
    compact(catalog, account, name, indexes, &[]).await
}

/// Puts one segment in place of others.
pub(super) async fn compact(
    catalog: &Arc<dyn Catalog>,
    account: AccountId,
    name: &str,
    indexes: Range<u64>,
    replaces: &[&str],
) -> Result<(), CommitError> {
    let replaces = replaces.iter().copied().map(String::from).collect();
    catalog.seal(Seal { account, segment: segment(name, indexes), replaces }).await
}
