//! What belongs to whom, and finding it where it should not be.

use std::collections::{BTreeMap, HashSet};

/// The words that accounts are marked with. None is part of another, nor of anything that the server says.
pub(super) const MARKS: [&str; 3] = ["kestrel", "ocelot", "narwhal"];

/// What the server's tokens begin with.
const PREFIXES: [&str; 5] = ["adt_lg_", "wrkspc_", "acct_", "tkn_", "ann_"];

/// An account, as its owner knows it.
#[derive(Default)]
pub(super) struct Party {
    pub(super) mark: &'static str,
    pub(super) workspaces: Vec<String>,
    /// Access tokens: one that may do all, one that may not import, one that may only read; later also grants.
    pub(super) secrets: Vec<String>,
    pub(super) client_id: String,
    pub(super) belongings: Belongings,
    /// Tokens of entries, by their index.
    pub(super) entries: BTreeMap<u64, String>,
    /// The tags of its answers.
    pub(super) etags: Vec<String>,
}

/// Tokens of all kinds. Several accounts may have the same one, where each may choose it.
#[derive(Default)]
pub(super) struct Belongings(HashSet<String>);

impl Belongings {
    pub(super) fn add(&mut self, token: &str) {
        self.0.insert(token.to_owned());
    }

    pub(super) fn has(&self, token: &str) -> bool {
        self.0.contains(token)
    }
}

/// What of `text` is not `own`'s but another's, unless it is in `sent`.
pub(super) fn foreign(text: &str, own: Option<&Party>, all: &[Party], sent: &str) -> Option<String> {
    for other in all.iter().filter(|other| own.is_none_or(|own| own.mark != other.mark)) {
        for word in words(text).filter(|word| word.to_ascii_lowercase().contains(other.mark)) {
            if !sent.contains(word) {
                return Some(word.to_owned());
            }
        }
    }
    for word in words(text).filter(|word| PREFIXES.iter().any(|prefix| word.starts_with(prefix))) {
        let is_own = own.is_some_and(|own| own.belongings.has(word));
        let is_anothers = all.iter().any(|other| other.belongings.has(word));
        if !is_own && is_anothers && !sent.contains(word) {
            return Some(word.to_owned());
        }
    }
    None
}

/// Every run of letters, digits and underscores.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_foreign_is_found_and_echoes_are_not() {
        let party = |mark, token: &str| {
            let mut party = Party { mark, ..Party::default() };
            party.belongings.add(token);
            party
        };
        let all = [party("kestrel", "adt_lg_1"), party("ocelot", "adt_lg_2")];
        let found = |text, sent| foreign(text, Some(&all[0]), &all, sent);
        assert_eq!(found("{\"user\":\"x_Ocelot7\"}", ""), Some("x_Ocelot7".to_owned()));
        assert_eq!(found("/adt_lg_2?page=1", ""), Some("adt_lg_2".to_owned()));
        assert_eq!(found("kestrel9 adt_lg_1 adt_lg_3 ocelot5", "user=ocelot5"), None);
        assert_eq!(foreign("kestrel", None, &all, ""), Some("kestrel".to_owned()));
    }
}
