//! The token of an entry: `adt_lg_` and sixteen lower-case hexadecimal digits.

use std::fmt;

use crate::hex;

/// Names one entry of an account; 64 bits, drawn at random or kept from an import.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogToken(pub u64);

const PREFIX: &str = "adt_lg_";

/// Bytes of a token's text.
const TEXT_BYTES: usize = PREFIX.len() + 16;

impl LogToken {
    /// Reads `adt_lg_` + 16 lower-case hexadecimal digits; anything else is no token.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix(PREFIX)?;
        let lower_hex =
            digits.len() == 16 && digits.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        if !lower_hex {
            return None;
        }
        u64::from_str_radix(digits, 16).ok().map(Self)
    }

    /// Appends the text that [`parse`](Self::parse) reads.
    pub fn push_to(self, out: &mut String) {
        out.push_str(PREFIX);
        hex::push(out, &self.0.to_be_bytes());
    }
}

impl fmt::Display for LogToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = String::with_capacity(TEXT_BYTES);
        self.push_to(&mut text);
        f.write_str(&text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_back_what_it_writes_and_nothing_else() {
        for bits in [0, 1, 0x7c1f_0a93_be52_d846, u64::MAX] {
            assert_eq!(LogToken::parse(&LogToken(bits).to_string()), Some(LogToken(bits)));
        }
        for text in [
            "",
            "adt_lg_",
            "adt_lg_7c1f0a93be52d84",
            "adt_lg_7C1F0A93BE52D846",
            "adt_lg_+c1f0a93be52d846",
            "adt_lg_7c1f0a93be52d8466",
            "rprt_7c1f0a93be52d846",
        ] {
            assert_eq!(LogToken::parse(text), None, "{text}");
        }
    }
}
