//! Whether one entry matches a filter, without an index.

use super::Filter;
use crate::{Row, entry::CorruptRow, search::Word};

impl Filter {
    /// Whether the entry with this index and row matches: what every index over entries has to agree with.
    ///
    /// # Errors
    ///
    /// If the row is damaged.
    pub fn matches(&self, index: u64, row: &Row) -> Result<bool, CorruptRow> {
        let created_at = row.created_at();
        if self.from.is_some_and(|from| created_at < from)
            || self.before.is_some_and(|before| created_at >= before)
            || self.as_of.is_some_and(|as_of| index >= as_of)
        {
            return Ok(false);
        }
        let keys = row.keys()?;
        let same = |wanted: &Option<String>, has: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| has == Some(wanted))
        };
        Ok(self.user_id.is_none_or(|user| keys.user_id == Some(user))
            && self.action.is_none_or(|action| keys.action == action)
            && same(&self.token, Some(&keys.token.to_string()))
            && same(&self.workspace_token, keys.workspace_token.as_deref())
            && same(&self.source, Some(&keys.source))
            && same(&self.object_type, Some(&keys.object_type))
            && same(&self.object_token, keys.object_token.as_deref())
            && same(&self.object_title, keys.object_title.as_deref())
            && self.changed.as_ref().is_none_or(|changed| changes(row, changed))
            && self.words.iter().all(|word| says(row, word)))
    }
}

fn changes(row: &Row, wanted: &str) -> bool {
    let mut found = false;
    row.changed_fields(|field| found |= field == wanted);
    found
}

fn says(row: &Row, wanted: &Word) -> bool {
    let mut found = false;
    row.words(|word| found |= *word == wanted.text || (wanted.prefix && word.starts_with(&wanted.text)));
    found
}
