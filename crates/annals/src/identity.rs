//! Who calls: secret access tokens, and what their bearers may do.

use std::{collections::HashMap, fmt, sync::Arc, time::Duration};

use annals_format::Timestamp;
use annals_store::{Catalog, Identity, ReadError, TokenHash, TokenKind, Use};
use foldhash::fast::RandomState;
use moka::sync::Cache;
use parking_lot::Mutex;
use sha2::{Digest as _, Sha256};

use crate::{limits, random};

const BASE62: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Base-62 digits of 32 random bytes, and of their CRC-32.
const RANDOM_DIGITS: usize = 43;
const CHECK_DIGITS: usize = 6;

/// A secret access token, `ann_<kind>_<43 random digits><6 check digits>` in base 62. Shown once, never stored or logged.
///
/// The kind and the check digits let scanners of source code recognise a leaked token, and let the server refuse a
/// mistyped one without asking the catalog.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// A new secret for a token of this kind.
    pub fn mint(kind: TokenKind) -> Self {
        let kind = match kind {
            TokenKind::Personal { .. } => "personal",
            TokenKind::Service => "service",
            TokenKind::Grant => "grant",
        };
        let random = text(&base62::<RANDOM_DIGITS>(&random::bytes::<32>()));
        let check = text(&check_digits(&random));
        Self(format!("ann_{kind}_{random}{check}"))
    }

    /// Takes a text for a secret if it has the form of one.
    pub fn parse(text: &str) -> Option<Self> {
        is_secret(text).then(|| Self(text.to_owned()))
    }

    /// What is stored of it. The token has 256 random bits, so one round of SHA-256 is enough.
    pub fn hash(&self) -> TokenHash {
        Sha256::digest(&self.0).into()
    }

    /// The same of a text, if it has the form of a secret: for each request, so nothing is copied.
    fn hash_of(text: &str) -> Option<TokenHash> {
        is_secret(text).then(|| Sha256::digest(text).into())
    }

    /// The text, to be shown to its new owner.
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

fn is_secret(text: &str) -> bool {
    let digits = text.strip_prefix("ann_").and_then(|rest| rest.split_once('_'));
    let parts = digits.and_then(|(_, digits)| digits.split_at_checked(RANDOM_DIGITS));
    parts.is_some_and(|(random, check)| check.as_bytes() == check_digits(random))
}

fn check_digits(random: &str) -> [u8; CHECK_DIGITS] {
    base62(&crc32fast::hash(random.as_bytes()).to_be_bytes())
}

/// The big-endian number in `bytes` as so many digits.
fn base62<const DIGITS: usize>(bytes: &[u8]) -> [u8; DIGITS] {
    let mut values = [0_u8; DIGITS];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for value in values.iter_mut().rev() {
            carry += u32::from(*value) * 256;
            // The remainder is below 62.
            *value = u8::try_from(carry % 62).unwrap_or(0);
            carry /= 62;
        }
    }
    values.map(|value| BASE62[usize::from(value)])
}

/// Digits as a text.
fn text(digits: &[u8]) -> String {
    digits.iter().copied().map(char::from).collect()
}

/// Why a bearer is not let in.
#[derive(Debug, thiserror::Error)]
pub enum Denied {
    /// The token has not the form of one, or nobody has it.
    #[error("the access token is unknown")]
    Unknown,
    /// It ended by itself.
    #[error("the access token expired at {0}")]
    Expired(Timestamp),
    /// It was revoked, or its user was removed.
    #[error("the access token was revoked at {0}")]
    Revoked(Timestamp),
    /// The catalog cannot be asked.
    #[error(transparent)]
    Unavailable(#[from] ReadError),
}

/// Recognises bearers, remembering each for a moment.
pub struct Identities {
    catalog: Arc<dyn Catalog>,
    remembered: Cache<TokenHash, Option<Arc<Identity>>, RandomState>,
    /// When tokens were used, by what is stored of their secrets, so that nothing is copied to look one up.
    used: Mutex<HashMap<TokenHash, Use, RandomState>>,
}

impl Identities {
    /// Recognises whoever `catalog` knows.
    pub fn new(catalog: Arc<dyn Catalog>) -> Self {
        let remembered = Cache::builder()
            .max_capacity(limits::REMEMBERED_MAX)
            .time_to_live(Duration::from_secs(limits::IDENTITY_SECONDS_MAX))
            .build_with_hasher(RandomState::default());
        Self { catalog, remembered, used: Mutex::default() }
    }

    /// Who the bearer of this text is, if they may come in at `now`.
    pub async fn identify(&self, text: &str, now: Timestamp) -> Result<Arc<Identity>, Denied> {
        let hash = Secret::hash_of(text).ok_or(Denied::Unknown)?;
        let identity = match self.remembered.get(&hash) {
            Some(identity) => identity,
            None => {
                let identity = self.catalog.identify(&hash).await?.map(Arc::new);
                self.remembered.insert(hash, identity.clone());
                identity
            }
        };
        let identity = identity.ok_or(Denied::Unknown)?;
        let token = &identity.token;
        if let Some(at) = token.revoked_at {
            return Err(Denied::Revoked(at));
        }
        if let Some(at) = token.expires_at.filter(|at| *at <= now) {
            return Err(Denied::Expired(at));
        }
        self.used.lock().entry(hash).and_modify(|used| used.at = now).or_insert_with(|| Use {
            account: identity.account,
            id: token.id.clone(),
            at: now,
        });
        Ok(identity)
    }

    /// When tokens were used since the last call.
    pub fn take_uses(&self) -> Vec<Use> {
        std::mem::take(&mut *self.used.lock()).into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_recognised_and_typos_are_not() {
        let secret = Secret::mint(TokenKind::Service);
        let text = secret.reveal();
        assert!(text.starts_with("ann_service_") && text.len() == "ann_service_".len() + 49, "{text}");
        assert_eq!(Secret::parse(text), Some(secret.clone()));
        let mut typo = text.to_owned().into_bytes();
        typo[20] = if typo[20] == b'x' { b'y' } else { b'x' };
        assert_eq!(Secret::parse(&String::from_utf8(typo).expect("ASCII")), None);
        for text in ["", "ann_", "ann_service_", "ann_service_ä", &text[1..], &format!("{text}0")] {
            assert_eq!(Secret::parse(text), None, "{text}");
        }
        assert_eq!(format!("{secret:?}"), "Secret(…)");
    }

    #[test]
    fn base62_counts_like_everybody() {
        assert_eq!(&base62(&[0, 61]), b"00z");
        assert_eq!(&base62(&[0, 62]), b"010");
        assert_eq!(&base62(&[255, 255, 255, 255]), b"4gfFC3");
    }
}
