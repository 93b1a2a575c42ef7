//! Tokens in their order with the positions that have them.

use super::{
    bytes::{Cursor, Reason},
    column::{self, Column},
};

/// Encodes the pairs of a chunk, which are sorted.
pub(super) fn encode(pairs: &[(u64, u32)]) -> Vec<u8> {
    let tokens = column::encode(&pairs.iter().map(|pair| pair.0).collect::<Vec<_>>());
    let positions = column::encode(&pairs.iter().map(|pair| u64::from(pair.1)).collect::<Vec<_>>());
    let length = u32::try_from(tokens.len()).unwrap_or(u32::MAX);
    [&length.to_le_bytes(), &tokens[..], &positions].concat()
}

/// A chunk of the tokens.
#[derive(Debug)]
pub struct Tokens {
    tokens: Column,
    positions: Column,
}

impl Tokens {
    pub(super) fn decode(bytes: &[u8]) -> Result<Self, Reason> {
        let mut cursor = Cursor::new(bytes);
        let length = cursor.u32()? as usize;
        let tokens = Column::decode(cursor.take(length)?)?;
        let positions = Column::decode(cursor.rest())?;
        if tokens.len() == positions.len() {
            Ok(Self { tokens, positions })
        } else {
            Err("it has not a position for each token")
        }
    }

    /// The first position that has the token.
    pub(super) fn find(&self, token: u64) -> Option<u64> {
        let at = self.tokens.partition_point(|_, other| other < token);
        self.tokens.get(at).filter(|found| *found == token)?;
        self.positions.get(at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (u64, u64)> + '_ {
        self.tokens.iter().zip(self.positions.iter())
    }

    pub(super) fn bytes(&self) -> usize {
        self.tokens.bytes() + self.positions.bytes()
    }
}
