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
    /// What comes after the name of the next member, which must be this one.
    #[inline]
    fn after(&self, name: &str) -> Result<&'a str, CorruptRow> {
        let rest = self.rest.strip_prefix(',').unwrap_or(self.rest);
        let value = rest.strip_prefix('"').and_then(|rest| rest.strip_prefix(name)?.strip_prefix("\":"));
        value.ok_or(MISPLACED)
    }

    /// The JSON text of the next member, which must have this name.
    #[inline]
    pub(super) fn value(&mut self, name: &str) -> Result<&'a str, CorruptRow> {
        let (value, rest) = json::split_value(self.after(name)?).ok_or(MISPLACED)?;
        self.rest = rest;
        Ok(value)
    }

    /// The text of the next member, or `None` for null.
    #[inline]
    pub(super) fn text(&mut self, name: &str) -> Result<Option<Cow<'a, str>>, CorruptRow> {
        if let Some((plain, rest)) = json::split_plain(self.after(name)?) {
            self.rest = rest;
            return Ok(Some(Cow::Borrowed(plain)));
        }
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

/// The text of the last member, unless it has another name or is null. What stands before it is not looked at: in a string
/// there is a backslash before each quotation mark, so the last one without is where the last string begins.
pub(super) fn last_text<'a>(members: &'a str, name: &str) -> Option<Cow<'a, str>> {
    let mut start = members.strip_suffix('"')?.len();
    let before = loop {
        start = members.get(..start)?.rfind('"')?;
        let before = members.get(..start)?;
        if !before.ends_with('\\') {
            break before;
        }
    };
    let is_named = before.strip_suffix("\":")?.strip_suffix(name)?.ends_with('"');
    json::string(members.get(start..)?).filter(|_| is_named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_member_is_read_from_the_end() {
        for (members, expected) in [
            (r#""a":{"t":"1"},"t":"2""#, Some("2")),
            (r#""a":{"t":"1"},"t":"x\",\"t\":\"y""#, Some(r#"x","t":"y"#)),
            (r#""a":null,"t":"ends in \\""#, Some("ends in \\")),
            (r#""a":null,"t":"\"""#, Some("\"")),
            (r#""t":"""#, Some("")),
            (r#""a":{"t":"1"},"t":null"#, None),
            (r#""a":{"t":"1"},"at":"2""#, None),
            (r#""t":"1","a":"2""#, None),
            ("", None),
            ("\"", None),
        ] {
            assert_eq!(last_text(members, "t").as_deref(), expected, "{members}");
        }
    }
}
