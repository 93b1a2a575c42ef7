//! Settings from the command line: a flag for each key.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use super::{
    KEYS, Key,
    setting::{Origin, Setting, Value},
};

/// Where the flags stand in the help.
const HEADING: &str = "Configuration";

/// The flags of the configuration, as they were given.
#[derive(Debug, Clone, Default)]
pub struct Flags {
    pub(super) config: Option<PathBuf>,
    values: Vec<(&'static str, String)>,
}

impl Flags {
    /// The flags of a command that has no others than these.
    pub fn of(config: Option<PathBuf>, data_dir: Option<String>) -> Self {
        Self { config, values: data_dir.map(|path| ("data_dir", path)).into_iter().collect() }
    }

    pub(super) fn settings(&self) -> Vec<Result<Setting, String>> {
        let set = |(name, value): &(&str, String)| {
            let key = KEYS.iter().find(|key| key.name == *name)?;
            Some(Ok(Setting { key, value: Value::Words(value.clone()), origin: Origin::Flag(key.flag) }))
        };
        self.values.iter().filter_map(set).collect()
    }
}

fn argument(key: &'static Key) -> Arg {
    let default = if key.default.is_empty() { String::new() } else { format!(", default: {}", key.default) };
    Arg::new(key.name)
        .long(key.flag)
        .value_name(key.value_name)
        .help(format!("{} [env: {}{default}]", key.help, key.variable))
        .help_heading(HEADING)
        .action(ArgAction::Set)
}

impl clap::Args for Flags {
    fn augment_args(command: Command) -> Command {
        let config = Arg::new("config")
            .long("config")
            .value_name("FILE")
            .help("Configuration file [env: ANNALS_CONFIG, default: annals.toml in the working directory if it is there]")
            .help_heading(HEADING)
            .value_parser(value_parser!(PathBuf));
        command.arg(config).args(KEYS.iter().map(argument))
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl clap::FromArgMatches for Flags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let given = |key: &Key| Some((key.name, matches.get_one::<String>(key.name)?.clone()));
        Ok(Self {
            config: matches.get_one("config").cloned(),
            values: KEYS.iter().filter_map(given).collect(),
        })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
