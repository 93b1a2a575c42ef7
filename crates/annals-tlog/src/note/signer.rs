//! The keys that sign.

use std::fmt;
use std::hint::black_box;
use std::str::FromStr;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, PqdsaKeyPair};

use super::key::{KeyError, KeyType, VerifierKey, split_key, split_type, write_key};
use super::line::NoteSignature;

/// What the text form of a secret key starts with.
const SECRET_MARK: &str = "PRIVATE+KEY+";

/// Bytes of the text form beside mark and name: two pluses, the ID, and a type byte and a seed in base64.
const SECRET_TEXT_BYTES: usize = 2 + 8 + 44;

/// A key that signs: a [`VerifierKey`] and its secret.
///
/// The secret of every type is a seed of 32 bytes, from which the rest follows (RFC 8032 §5.1.5, FIPS 204 §6.1). A
/// seed is for one key only: a `cosignature/v1` does not say who made it, and a key of type
/// [`KeyType::Ed25519`] signs any text, that of a cosignature too.
pub struct SignerKey {
    verifier: VerifierKey,
    seed: Seed,
    pair: Pair,
}

enum Pair {
    Ed25519(Ed25519KeyPair),
    MlDsa44(PqdsaKeyPair),
}

impl SignerKey {
    /// Length of a seed, in bytes.
    pub const SEED_BYTES: usize = 32;

    /// The key with this name, type and seed. A new key is made of random bytes that nobody else knows.
    ///
    /// # Errors
    ///
    /// `name` is empty, has spaces, a plus or control characters, or is too long for the type.
    pub fn new(
        name: &str,
        key_type: KeyType,
        seed: &[u8; SignerKey::SEED_BYTES],
    ) -> Result<SignerKey, KeyError> {
        let (pair, verifier) = match key_type {
            KeyType::Ed25519 | KeyType::Ed25519Cosignature => {
                let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Rejected)?;
                let verifier = VerifierKey::new(name, key_type, pair.public_key().as_ref())?;
                (Pair::Ed25519(pair), verifier)
            }
            KeyType::MlDsa44Cosignature => {
                let pair =
                    PqdsaKeyPair::from_seed(&ML_DSA_44_SIGNING, seed).map_err(|_| KeyError::Rejected)?;
                let verifier = VerifierKey::new(name, key_type, pair.public_key().as_ref())?;
                (Pair::MlDsa44(pair), verifier)
            }
        };
        Ok(SignerKey { verifier, seed: Seed(Box::new(*seed)), pair })
    }

    /// The same secret under another name. Who signs for many logs can do it with one secret: the text that is signed begins
    /// with the log's origin.
    ///
    /// # Errors
    ///
    /// `name` is no name of a key of this type.
    pub fn named(&self, name: &str) -> Result<SignerKey, KeyError> {
        SignerKey::new(name, self.verifier.key_type(), &self.seed.0)
    }

    /// The key that checks what this one signs.
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    /// The secret in the form that Go's `note` package gives it, `PRIVATE+KEY+name+id+key`: the key is base64 of the
    /// type byte and the seed. No specification has such a form for the types of cosignatures; theirs is the same.
    pub fn to_secret_text(&self) -> String {
        let key = &self.verifier;
        let mut secret = [&[key.key_type().byte()], self.seed.0.as_slice()].concat();
        // With room for all of it, no part is left behind where the string was before it grew.
        let mut text = String::with_capacity(SECRET_MARK.len() + key.name().len() + SECRET_TEXT_BYTES);
        text.push_str(SECRET_MARK);
        // Writing to a string does not fail.
        let _ = write_key(&mut text, key.name(), key.id(), &secret);
        wipe(&mut secret);
        text
    }

    /// The signature of a message; `None` if the cryptographic library fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Option<Vec<u8>> {
        match &self.pair {
            Pair::Ed25519(pair) => Some(pair.try_sign(message).ok()?.as_ref().to_vec()),
            Pair::MlDsa44(pair) => {
                let mut signature = vec![0; ML_DSA_44_SIGNING.signature_len()];
                let length = pair.sign(message, &mut signature).ok()?;
                signature.truncate(length);
                Some(signature)
            }
        }
    }

    /// The key whose type byte and seed these are.
    fn from_secret(name: &str, secret: &[u8]) -> Result<SignerKey, KeyError> {
        let (key_type, seed) = split_type(secret)?;
        let wrong_length = KeyError::WrongLength { expected: SignerKey::SEED_BYTES, actual: seed.len() };
        SignerKey::new(name, key_type, seed.try_into().map_err(|_| wrong_length)?)
    }

    /// A signature line of this key.
    pub(crate) fn line(&self, bytes: Vec<u8>) -> NoteSignature {
        NoteSignature::of_key(self.verifier.name(), self.verifier.id(), bytes)
    }
}

impl fmt::Debug for SignerKey {
    /// Shows the public part only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerKey").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl FromStr for SignerKey {
    type Err = KeyError;

    /// Reads what [`SignerKey::to_secret_text`] wrote.
    fn from_str(text: &str) -> Result<SignerKey, KeyError> {
        let (name, id, mut secret) = split_key(text.strip_prefix(SECRET_MARK).ok_or(KeyError::Syntax)?)?;
        let key = SignerKey::from_secret(name, &secret);
        wipe(&mut secret);
        key.and_then(|key| if key.verifier.id() == id { Ok(key) } else { Err(KeyError::WrongId) })
    }
}

/// A seed that is overwritten when it is no longer needed, so that it does not linger in freed memory. What the
/// cryptographic library derives of it, that library wipes.
struct Seed(Box<[u8; SignerKey::SEED_BYTES]>);

impl Drop for Seed {
    fn drop(&mut self) {
        wipe(self.0.as_mut_slice());
    }
}

/// Overwrites bytes, and makes it hard for the compiler to see that nobody reads them again.
fn wipe(bytes: &mut [u8]) {
    bytes.fill(0);
    black_box(bytes);
}
