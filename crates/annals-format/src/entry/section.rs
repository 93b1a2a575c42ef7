//! The sections of an entry: what of it may be personal, in four parts that are withheld or erased one by one.

use std::fmt;

/// A part of an entry of which the leaf holds a digest only.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Section {
    /// Who did it: `user`, `user_id`, `user_role`.
    Actor,
    /// What it was done to, by name: `object_title`.
    Object,
    /// What was changed: `changed_values`, `unchanged_values`.
    Change,
    /// Where it came from: `context`, `metadata`, `workspace_title`.
    Context,
}

impl Section {
    /// All sections, in the order of their digests in a leaf.
    pub const ALL: [Self; 4] = [Self::Actor, Self::Object, Self::Change, Self::Context];

    /// The name: `actor`, `object`, `change` or `context`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Actor => "actor",
            Self::Object => "object",
            Self::Change => "change",
            Self::Context => "context",
        }
    }

    /// The section of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.as_str() == name)
    }

    /// The names of the members that its text has, in their order.
    pub const fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Actor => &["user", "user_id", "user_role"],
            Self::Object => &["object_title"],
            Self::Change => &["changed_values", "unchanged_values"],
            Self::Context => &["context", "metadata", "workspace_title"],
        }
    }
}

impl fmt::Display for Section {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_found_by_its_name() {
        for section in Section::ALL {
            assert_eq!(Section::parse(section.as_str()), Some(section));
        }
        assert_eq!(Section::parse("Actor"), None);
    }
}
