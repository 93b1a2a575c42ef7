//! One setting from one place: a key, its value as it was written, and where it stands.

use std::{fmt, path::PathBuf};

use super::Key;

/// A setting as it was found, not yet understood.
pub(super) struct Setting {
    pub(super) key: &'static Key,
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// What a key is set to.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    /// What a flag or a variable holds; what it means depends on the key.
    Words(String),
    /// A string of the file.
    Text(String),
    /// An integer of the file.
    Integer(i64),
    /// A boolean of the file.
    Boolean(bool),
    /// An array of the file.
    List(Vec<Value>),
    /// Anything else of the file, as people call it.
    Other(&'static str),
}

/// Where a setting stands.
#[derive(Debug, Clone)]
pub(super) enum Origin {
    /// In a file, on a line.
    File(PathBuf, usize),
    /// In this environment variable.
    Variable(&'static str),
    /// On the command line.
    Flag(&'static str),
}

impl Value {
    /// The value as a string.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Words(text) | Self::Text(text) => Some(text),
            _ => None,
        }
    }

    /// The value as an integer that is not negative.
    pub(super) fn integer(&self) -> Option<u64> {
        match self {
            Self::Words(text) => text.parse().ok(),
            Self::Integer(integer) => u64::try_from(*integer).ok(),
            _ => None,
        }
    }

    /// The value as a boolean.
    pub(super) fn boolean(&self) -> Option<bool> {
        match self {
            Self::Words(text) => text.parse().ok(),
            Self::Boolean(boolean) => Some(*boolean),
            _ => None,
        }
    }

    /// The value as a list of strings; words are separated by commas.
    pub(super) fn list(&self) -> Option<Vec<&str>> {
        match self {
            Self::Words(text) => {
                Some(text.split(',').map(str::trim).filter(|item| !item.is_empty()).collect())
            }
            Self::List(items) => items.iter().map(Self::text).collect(),
            _ => None,
        }
    }
}

/// As it was written, on one line.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(text) | Self::Text(text) => write!(f, "{text:?}"),
            Self::Integer(integer) => integer.fmt(f),
            Self::Boolean(boolean) => boolean.fmt(f),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(", "))
            }
            Self::Other(name) => f.write_str(name),
        }
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path, line) => write!(f, "{}, line {line}", path.display()),
            Self::Variable(name) => write!(f, "environment variable {name}"),
            Self::Flag(name) => write!(f, "--{name}"),
        }
    }
}
