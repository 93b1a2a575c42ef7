//! The indexed fields, and the term that a value becomes.

use std::{borrow::Cow, fmt};

use sha2::{Digest as _, Sha256};

/// A field whose values are indexed. Its number is part of the format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// The number of the user or service token that acted, as decimal text.
    User,
    /// The workspace's token.
    Workspace,
    /// `create`, `update` or `delete`.
    Action,
    /// Where the change was made.
    Source,
    /// The key of the object's type.
    ObjectType,
    /// The object's token.
    ObjectToken,
    /// The object's title.
    ObjectTitle,
    /// Names of changed fields, as whoever seals a segment gives them.
    Changed,
    /// Words, as whoever seals a segment gives them.
    Word,
}

impl Field {
    /// All fields, in the order of their numbers.
    pub const ALL: [Self; 9] = [
        Self::User,
        Self::Workspace,
        Self::Action,
        Self::Source,
        Self::ObjectType,
        Self::ObjectToken,
        Self::ObjectTitle,
        Self::Changed,
        Self::Word,
    ];

    /// Its name in messages and listings.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user_id",
            Self::Workspace => "workspace_token",
            Self::Action => "action",
            Self::Source => "source",
            Self::ObjectType => "object_type",
            Self::ObjectToken => "object_token",
            Self::ObjectTitle => "object_title",
            Self::Changed => "changed",
            Self::Word => "word",
        }
    }

    pub(super) fn number(self) -> usize {
        self as usize
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Bytes of a value up to which it is its own term.
pub const TERM_BYTES_MAX: usize = 1_024;

/// The term of a value: the value itself, or of a longer one its first [`TERM_BYTES_MAX`] bytes and the SHA-256 of all
/// of it. So equal terms are equal values, and only a term of a long value is longer than [`TERM_BYTES_MAX`].
pub fn term_of(value: &str) -> Cow<'_, [u8]> {
    let bytes = value.as_bytes();
    match bytes.get(..TERM_BYTES_MAX) {
        Some(start) if bytes.len() > TERM_BYTES_MAX => {
            let digest: [u8; 32] = Sha256::digest(bytes).into();
            Cow::Owned([start, &digest].concat())
        }
        _ => Cow::Borrowed(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_places_in_the_list() {
        for (number, field) in Field::ALL.into_iter().enumerate() {
            assert_eq!(field.number(), number);
        }
    }

    #[test]
    fn long_values_differ_where_their_starts_do_not() {
        let longest = "ö".repeat(TERM_BYTES_MAX / 2);
        assert_eq!(*term_of(&longest), *longest.as_bytes());
        let (one, other) =
            (term_of(&(longest.clone() + "a")).into_owned(), term_of(&(longest.clone() + "b")).into_owned());
        assert_eq!((one.len(), other.len()), (TERM_BYTES_MAX + 32, TERM_BYTES_MAX + 32));
        assert_ne!(one, other);
        assert_eq!(*term_of(""), *b"");
    }
}
