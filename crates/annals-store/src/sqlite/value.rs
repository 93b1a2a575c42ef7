//! How the values of annals are kept in columns. What is read is checked: a damaged database must not pass for data.

use annals_format::{Retention, Timestamp};
use rusqlite::Result;
use rusqlite::types::{FromSql, FromSqlError, FromSqlResult, ValueRef};

use crate::check::SIZE_MAX;
use crate::model::{AccountId, Role, Scopes};

/// Binary digits of an index in a key of the table `head`.
const INDEX_BITS: u32 = SIZE_MAX.trailing_zeros();

/// Where the entry at `index` is in the table `head`; for [`SIZE_MAX`] the first place behind the account.
///
/// The largest place of all, behind the last account, does not fit and becomes the largest key.
pub(super) fn key(account: AccountId, index: u64) -> i64 {
    let account = u64::from(account.min(AccountId::MAX).0) << INDEX_BITS;
    i64::try_from(account + index.min(SIZE_MAX)).unwrap_or(i64::MAX)
}

/// The index in a key of the table `head`.
pub(super) fn index(key: i64) -> u64 {
    key.cast_unsigned() & (SIZE_MAX - 1)
}

/// Writes indexes, 8 bytes each.
pub(super) fn pack(indexes: &[u64]) -> Vec<u8> {
    indexes.iter().flat_map(|index| index.to_le_bytes()).collect()
}

/// An account's id.
pub(super) struct Id(pub(super) AccountId);

impl FromSql for Id {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let id = u32::column_result(value)?;
        if id <= AccountId::MAX.0 {
            Ok(Self(AccountId(id)))
        } else {
            Err(FromSqlError::OutOfRange(id.into()))
        }
    }
}

/// The size of a log.
pub(super) struct Size(pub(super) u64);

impl FromSql for Size {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let size = i64::column_result(value)?;
        match u64::try_from(size) {
            Ok(within @ ..=SIZE_MAX) => Ok(Self(within)),
            _ => Err(FromSqlError::OutOfRange(size)),
        }
    }
}

/// A length in bytes.
pub(super) struct Length(pub(super) u64);

impl FromSql for Length {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let length = i64::column_result(value)?;
        u64::try_from(length).map(Self).map_err(|_| FromSqlError::OutOfRange(length))
    }
}

/// An instant, in microseconds.
pub(super) struct Us(pub(super) Timestamp);

impl FromSql for Us {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let us = i64::column_result(value)?;
        let instant = Timestamp::from_us(us);
        if instant.us() == us { Ok(Self(instant)) } else { Err(FromSqlError::OutOfRange(us)) }
    }
}

/// How long entries are kept, as people spell it.
pub(super) struct RetentionText(pub(super) Retention);

impl FromSql for RetentionText {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        Retention::parse(value.as_str()?).map(Self).map_err(FromSqlError::other)
    }
}

/// A role, as its word.
pub(super) struct RoleWord(pub(super) Role);

impl FromSql for RoleWord {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let word = value.as_str()?;
        Role::parse(word).map(Self).ok_or_else(|| FromSqlError::Other(format!("no such role: {word}").into()))
    }
}

/// Scopes, as their bits.
pub(super) struct ScopeBits(pub(super) Scopes);

impl FromSql for ScopeBits {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bits = u8::column_result(value)?;
        let scopes = Scopes::from_bits(bits);
        if scopes.bits() == bits { Ok(Self(scopes)) } else { Err(FromSqlError::OutOfRange(bits.into())) }
    }
}

/// Indexes that [`pack`] wrote.
pub(super) struct Packed(pub(super) Vec<u64>);

impl FromSql for Packed {
    fn column_result(value: ValueRef<'_>) -> FromSqlResult<Self> {
        let bytes = value.as_blob()?;
        match bytes.as_chunks() {
            (indexes, []) => Ok(Self(indexes.iter().copied().map(u64::from_le_bytes).collect())),
            _ => Err(FromSqlError::InvalidBlobSize {
                expected_size: bytes.len().next_multiple_of(8),
                blob_size: bytes.len(),
            }),
        }
    }
}

/// An optional instant of a row.
pub(super) fn instant(row: &rusqlite::Row<'_>, column: &str) -> Result<Option<Timestamp>> {
    Ok(row.get::<_, Option<Us>>(column)?.map(|us| us.0))
}
