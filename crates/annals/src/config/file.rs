//! Settings from a TOML file.

use std::{fs, ops::Range, path::Path};

use toml::de::{DeTable, DeValue};

use super::{
    KEYS,
    setting::{Origin, Setting, Value},
};

/// How alike two names have to be for the one to be meant by the other.
const ALIKE_MIN: f64 = 0.75;

/// The settings of a file, or what is wrong with it.
pub(super) fn settings(path: &Path) -> Vec<Result<Setting, String>> {
    let text = match fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) => {
            return vec![Err(format!("the configuration file cannot be read: {}: {error}", path.display()))];
        }
    };
    let document = match DeTable::parse(&text) {
        Ok(document) => document,
        Err(error) => {
            let line = line_of(&text, &error.span().unwrap_or_default());
            let message = error.message().trim().replace('\n', ", ");
            return vec![Err(format!(
                "the configuration is not sound TOML: {message} ({}, line {line})",
                path.display()
            ))];
        }
    };
    let mut found = Vec::new();
    File { path, text: &text }.collect(document.get_ref(), "", &mut found);
    found
}

struct File<'a> {
    path: &'a Path,
    text: &'a str,
}

impl File<'_> {
    /// Adds what a table and the tables in it set. `prefix` is the table's name and a dot.
    fn collect(&self, table: &DeTable<'_>, prefix: &str, found: &mut Vec<Result<Setting, String>>) {
        for (key, value) in table {
            let name = format!("{prefix}{}", key.get_ref());
            let origin = Origin::File(self.path.to_owned(), line_of(self.text, &key.span()));
            match (value.get_ref(), KEYS.iter().find(|key| key.name == name)) {
                (value, Some(key)) => found.push(Ok(Setting { key, value: plain(value), origin })),
                (DeValue::Table(table), None) if is_table(&name) || !table.is_empty() => {
                    self.collect(table, &format!("{name}."), found);
                }
                (_, None) => found.push(Err(unknown(&name, &origin))),
            }
        }
    }
}

fn unknown(name: &str, origin: &Origin) -> String {
    let alike = |known: &&str| strsim::jaro_winkler(name, known);
    let nearest = KEYS.iter().map(|key| key.name).max_by(|a, b| alike(a).total_cmp(&alike(b)));
    match nearest.filter(|nearest| alike(nearest) >= ALIKE_MIN) {
        Some(nearest) => format!("there is no key {name:?}; did you mean {nearest}? ({origin})"),
        None => {
            let all: Vec<_> = KEYS.iter().map(|key| key.name).collect();
            format!("there is no key {name:?}; there are {} ({origin})", all.join(", "))
        }
    }
}

/// Whether keys stand in a table of this name.
fn is_table(name: &str) -> bool {
    KEYS.iter().any(|key| key.name.strip_prefix(name).is_some_and(|rest| rest.starts_with('.')))
}

fn plain(value: &DeValue<'_>) -> Value {
    match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other("an integer of more than 64 bits"), Value::Integer),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Array(items) => Value::List(items.iter().map(|item| plain(item.get_ref())).collect()),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Datetime(_) => Value::Other("a date or time"),
        DeValue::Table(_) => Value::Other("a table"),
    }
}

/// The line that a place in the text is on, from 1.
fn line_of(text: &str, place: &Range<usize>) -> usize {
    1 + text.bytes().take(place.start).filter(|byte| *byte == b'\n').count()
}
