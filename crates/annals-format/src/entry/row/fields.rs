//! Members of an object that are known to come in a fixed order.

use std::borrow::Cow;

use super::CorruptRow;
use crate::json;

pub(super) const MISPLACED: CorruptRow = CorruptRow("a field is missing or out of place");

/// Reads members that are known to come in a fixed order.
pub(super) struct Fields<'a> {
    pub(super) rest: &'a str,
}

impl<'a> Fields<'a> {
    /// The JSON text of the next member, which must have this name.
    #[inline]
    pub(super) fn value(&mut self, name: &str) -> Result<&'a str, CorruptRow> {
        let rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        let value = rest.strip_prefix('"').and_then(|rest| rest.strip_prefix(name)?.strip_prefix("\":"));
        let (value, rest) = value.and_then(json::split_value).ok_or(MISPLACED)?;
        self.rest = rest;
        Ok(value)
    }

    /// The text of the next member, or `None` for null.
    #[inline]
    pub(super) fn text(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, CorruptRow> {
        match self.value(name)? {
            "null" => Ok(None),
            value => json::string(value).map(Some).ok_or(MISPLACED),
        }
    }

    #[inline]
    pub(super) fn required(&mut self, name: &str) -> Result<Cow<'a, str>, CorruptRow> {
        self.text(name)?.ok_or(MISPLACED)
    }
}
