//! What every engine refuses before it touches anything: steps that contradict themselves.

use std::collections::HashSet;

use crate::catalog::{Append, Change, Commit, CommitError, SignedCheckpoint};
use crate::model::{AccessToken, AccountId, TokenKind};
use crate::segment::{self, Seal};

/// The most entries a log may have, 2⁴⁰: engines pack an account and an index into one signed 64-bit key.
pub(crate) const SIZE_MAX: u64 = 1 << 40;

/// Refuses a commit that would store what cannot be read back.
pub(crate) fn commit(commit: &Commit) -> Result<(), CommitError> {
    commit.appends.iter().try_for_each(append)?;
    let mut accounts = HashSet::new();
    if !commit.appends.iter().all(|append| accounts.insert(append.account)) {
        return Err(refused("a commit appends to a log twice"));
    }
    commit.changes.iter().try_for_each(|change| match change {
        Change::CreateAccount(created) => account(created.id),
        Change::CreateToken { account: owner, token } => {
            account(*owner)?;
            match token.kind {
                TokenKind::Grant => Err(refused("a grant is issued by itself, not by a commit")),
                TokenKind::Personal { .. } | TokenKind::Service => Ok(()),
            }
        }
        Change::RenameAccount { account: owner, .. }
        | Change::PublishLog { account: owner, .. }
        | Change::SetRetention { account: owner, .. }
        | Change::PlaceHold { account: owner, .. }
        | Change::ReleaseHold { account: owner, .. }
        | Change::CreateWorkspace { account: owner, .. }
        | Change::RenameWorkspace { account: owner, .. }
        | Change::CreateUser { account: owner, .. }
        | Change::RemoveUser { account: owner, .. }
        | Change::RevokeToken { account: owner, .. } => account(*owner),
    })
}

/// Refuses to issue anything but a grant.
pub(crate) fn grant(owner: AccountId, grant: &AccessToken) -> Result<(), CommitError> {
    account(owner)?;
    if grant.kind == TokenKind::Grant {
        Ok(())
    } else {
        Err(refused("only a grant is issued without a commit"))
    }
}

/// Refuses to list a segment that cannot be.
pub(crate) fn seal(seal: &Seal) -> Result<(), CommitError> {
    account(seal.account)?;
    let segment = &seal.segment;
    if segment.indexes.is_empty() {
        return Err(refused("a segment holds at least one entry"));
    }
    if segment.indexes.end > SIZE_MAX {
        return Err(refused("a log holds at most 2^40 entries"));
    }
    if !segment::is_name(&segment.name) {
        return Err(refused(
            "a segment's name has 1 to 128 of the characters a-z 0-9 - . and no dot in front",
        ));
    }
    if segment.bytes > i64::MAX.cast_unsigned() || u64::from(segment.footer_bytes) > segment.bytes {
        return Err(refused("a segment's footer is a part of its blob, and that has less than 2^63 bytes"));
    }
    Ok(())
}

/// Refuses to keep checkpoints of trees that cannot be.
pub(crate) fn checkpoints(signed: &[SignedCheckpoint]) -> Result<(), CommitError> {
    signed.iter().try_for_each(|signed| {
        account(signed.account)?;
        if signed.size > SIZE_MAX { Err(refused("a log holds at most 2^40 entries")) } else { Ok(()) }
    })
}

fn append(append: &Append) -> Result<(), CommitError> {
    account(append.account)?;
    let size = append.tree.edge.size();
    if size > SIZE_MAX {
        return Err(refused("a log holds at most 2^40 entries"));
    }
    if size.checked_sub(append.expected_size) != Some(append.entries.len() as u64) {
        return Err(refused("the tree does not have the size of the log with its new entries"));
    }
    if append.tile_hashes.iter().any(|hash| hash.level == 0 || hash.position >= SIZE_MAX) {
        return Err(refused("only hashes of tiles above level 0 are kept beside the leaves"));
    }
    Ok(())
}

fn account(id: AccountId) -> Result<(), CommitError> {
    if id <= AccountId::MAX { Ok(()) } else { Err(refused("an account's id is beyond the largest there is")) }
}

fn refused(why: &'static str) -> CommitError {
    CommitError::Unavailable(why.into())
}
