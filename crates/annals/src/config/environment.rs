//! Settings from environment variables.

use std::{collections::BTreeMap, ffi::OsString, path::PathBuf};

use super::{
    KEYS, Key,
    setting::{Origin, Setting, Value},
};

/// What the names of all variables of annals start with.
const PREFIX: &str = "ANNALS_";

/// Names the configuration file.
const CONFIG: &str = "ANNALS_CONFIG";

/// A short name of the variable that is typed by hand most often, after the fashion of `RUST_LOG`.
const SHORT: (&str, &str) = ("ANNALS_LOG_LEVEL", "ANNALS_LOG");

/// Edits between a variable and a known one that still pass for a typo. Some that nobody meant for us look alike:
/// Kubernetes sets `ANNALS_PORT` for a service of the name annals.
const TYPO_EDITS_MAX: usize = 2;

/// The environment variables whose names start with `ANNALS_`.
#[derive(Debug, Default)]
pub struct Environment(BTreeMap<String, OsString>);

impl Environment {
    /// The variables that this process was started with.
    pub fn of_process() -> Self {
        std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value))).collect()
    }

    /// The configuration file that is named.
    pub(super) fn config(&self) -> Option<PathBuf> {
        self.0.get(CONFIG).map(PathBuf::from)
    }

    pub(super) fn settings(&self) -> Vec<Result<Setting, String>> {
        KEYS.iter().filter_map(|key| self.setting(key)).collect()
    }

    fn setting(&self, key: &'static Key) -> Option<Result<Setting, String>> {
        let short = (key.variable == SHORT.0).then_some(SHORT.1);
        let (name, value) = [Some(key.variable), short]
            .into_iter()
            .flatten()
            .find_map(|name| Some((name, self.0.get(name)?)))?;
        let origin = Origin::Variable(name);
        Some(match value.to_str() {
            Some(text) => Ok(Setting { key, value: Value::Words(text.to_owned()), origin }),
            None => Err(format!("{} takes {}, not bytes that are no UTF-8 ({origin})", key.name, key.takes)),
        })
    }

    /// Variables that nobody reads but that look much like one that is.
    pub(super) fn warnings(&self) -> Vec<String> {
        let known =
            || KEYS.iter().map(|key| key.variable).chain([CONFIG, SHORT.1, "ANNALS_URL", "ANNALS_TOKEN"]);
        let mut warnings = Vec::new();
        for name in self.0.keys().filter(|name| !known().any(|known| known == *name)) {
            let nearest = known().min_by_key(|known| strsim::levenshtein(name, known));
            if let Some(nearest) =
                nearest.filter(|nearest| strsim::levenshtein(name, nearest) <= TYPO_EDITS_MAX)
            {
                warnings.push(format!("the environment variable {name} has no meaning; {nearest} has"));
            }
        }
        warnings
    }
}

impl FromIterator<(String, OsString)> for Environment {
    fn from_iter<I: IntoIterator<Item = (String, OsString)>>(variables: I) -> Self {
        Self(variables.into_iter().filter(|(name, _)| name.starts_with(PREFIX)).collect())
    }
}
