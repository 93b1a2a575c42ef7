//! Tests of the configuration: where settings come from, which wins, and what is said when one is wrong.

use std::{ffi::OsString, fs, os::unix::ffi::OsStringExt};

use annals_tlog::note::{KeyType, SignerKey};
use clap::{Args as _, Command, FromArgMatches as _};

use super::*;

const EXAMPLE: &str = include_str!("../../../../annals.example.toml");

const KEY_A: &str = "witness.example.com/a+b2ced050+BEFa3sxZq1wlsa2UIUJ0Zv7RCeaASMZy1kocqCg6aM5i";
const KEY_B: &str = "witness.example.com/b+48ba10b6+BMfmwz4VaTnsmzSpc0WGg0LbVFdLX5dE1cT/hmyM5O1G";

#[expect(clippy::disallowed_methods, reason = "a file of a test need not last")]
fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("a file");
}

/// A configuration from a file with this text, these variables and these flags.
fn load_from(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> Result<Config, String> {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("annals.toml");
    write(&path, file);
    let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value)));
    let config = [("ANNALS_CONFIG".to_owned(), path.into_os_string())];
    let environment = variables.chain(config).collect();
    let here = directory.path().to_str().expect("UTF-8");
    match load(&parse(flags), &environment, Config::default()) {
        Ok(loaded) => Ok(loaded.config),
        Err(error) => Err(error.to_string().replace(here, "DIR")),
    }
}

fn parse(flags: &[&str]) -> Flags {
    let matches = Flags::augment_args(Command::new("serve")).no_binary_name(true).get_matches_from(flags);
    Flags::from_arg_matches(&matches).expect("flags")
}

fn fault(file: &str) -> String {
    load_from(file, &[], &[]).expect_err("a fault")
}

#[test]
fn flags_win_over_variables_over_the_file_over_defaults() {
    let file = "listen = '127.0.0.1:1'\n[rate_limit]\nreads = 1\nwrites = 1\n[idempotency]\ndays = 1";
    let variables = [("ANNALS_RATE_LIMIT_READS", "2"), ("ANNALS_RATE_LIMIT_WRITES", "2")];
    let config = load_from(file, &variables, &["--rate-limit-writes", "3"]).expect("sound");
    assert_eq!(config.rate_limit, RateLimit { reads: 2, writes: 3 });
    assert_eq!((config.listen.port(), config.idempotency.days), (1, 1));
    assert_eq!(config.metrics, Config::default().metrics);
}

#[test]
fn the_log_has_a_short_variable() {
    let level = |variables: &[(&str, &str)]| load_from("", variables, &[]).map(|config| config.log.level);
    assert_eq!(level(&[("ANNALS_LOG", "warn")]), Ok("warn".to_owned()));
    assert_eq!(level(&[("ANNALS_LOG", "warn"), ("ANNALS_LOG_LEVEL", "error")]), Ok("error".to_owned()));
    assert!(
        level(&[("ANNALS_LOG", "loud")])
            .is_err_and(|fault| fault.ends_with("(environment variable ANNALS_LOG)"))
    );
}

#[test]
fn every_key_can_be_set_in_each_way() {
    let witnesses = format!("https://w.example.com/ {KEY_A},http://127.0.0.1:1  {KEY_B} ");
    let values = [
        ("data_dir", "/d"),
        ("signing_key", "/s"),
        ("witnesses", &witnesses),
        ("listen", "[::1]:1"),
        ("socket", "/a.sock"),
        ("public_url", "https://audit.example.com/"),
        ("trusted_proxies", "10.0.0.0/8, fd00::/8"),
        ("cache_mib", "64"),
        ("segment_rows", "4096"),
        ("tls.cert", "/c"),
        ("tls.key", "/k"),
        ("rate_limit.reads", "0"),
        ("rate_limit.writes", "18446744073709551615"),
        ("idempotency.days", "30"),
        ("log.level", "warn,annals::append=debug"),
        ("log.format", "json"),
        ("otlp.endpoint", "http://127.0.0.1:4318"),
        ("metrics", "false"),
        ("shutdown_seconds", "0"),
    ];
    assert_eq!(values.map(|(name, _)| name).to_vec(), KEYS.iter().map(|key| key.name).collect::<Vec<_>>());
    let variables: Vec<_> = KEYS.iter().zip(values).map(|(key, (_, value))| (key.variable, value)).collect();
    let flags: Vec<_> =
        KEYS.iter().zip(values).map(|(key, (_, value))| format!("--{}={value}", key.flag)).collect();
    let by_variables = load_from("", &variables, &[]).expect("sound");
    let by_flags = load_from("", &[], &flags.iter().map(String::as_str).collect::<Vec<_>>()).expect("sound");
    assert_eq!(by_variables, by_flags);
    insta::assert_debug_snapshot!(by_flags);
}

#[test]
fn names_follow_one_rule() {
    for key in KEYS {
        let (flag, variable) = (key.flag.replace('-', "_"), key.variable.to_lowercase());
        assert_eq!(flag, key.name.replace('.', "_"));
        assert_eq!(variable, format!("annals_{flag}"));
    }
}

#[test]
fn the_table_and_the_example_say_what_the_defaults_are() {
    let mut named = Vec::new();
    let mut table = String::new();
    for line in EXAMPLE.lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            table = format!("{name}.");
        } else if let Some((key, _)) =
            line.trim_start_matches('#').split_once(" = ").filter(|_| !line.starts_with("# "))
        {
            named.push(format!("{table}{key}"));
        }
    }
    named.sort();
    let mut names: Vec<_> = KEYS.iter().map(|key| key.name).collect();
    names.sort_unstable();
    assert_eq!(named, names, "annals.example.toml names every key once");

    // The data directory of a file is relative to the file.
    let from_file = |text: &str| load_from(text, &[], &["--data-dir", "./annals-data"]);
    assert_eq!(from_file(EXAMPLE), Ok(Config::default()));
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with([' ', '\0']) && !setting.is_empty() => {
                format!("{setting}\n")
            }
            _ => format!("{line}\n"),
        })
        .collect();
    let all = from_file(&uncommented).expect("what is commented out is sound as well");
    assert!(
        all.tls.is_some()
            && all.public_url.is_some()
            && all.witnesses.len() == 1
            && all.otlp.endpoint.is_some()
    );

    let defaults: Vec<_> =
        KEYS.iter().filter(|key| !key.default.is_empty()).map(|key| (key.variable, key.default)).collect();
    assert_eq!(load_from("", &defaults, &[]), Ok(Config::default()));
}

#[test]
fn unknown_keys_are_refused_with_the_nearest_one() {
    insta::assert_snapshot!(
        [
            "lissten = '127.0.0.1:1'",
            "metrics = true\n\n[rate_limit]\nread = 5",
            "[ratelimit]\nreads = 5",
            "rate_limit = 5",
            "[tls]\ncertificate = 'c'",
            "quux = 1",
            "listen.port = 1",
        ]
        .map(fault)
        .join("\n")
    );
}

#[test]
fn values_that_cannot_be_are_refused_by_name() {
    insta::assert_snapshot!(
        [
            "listen = 8787",
            "listen = 'localhost:8787'",
            "data_dir = ''",
            "public_url = 'audit.example.com'",
            "public_url = 'ftp://audit.example.com'",
            "public_url = 'https://u:p@audit.example.com'",
            "public_url = 'https://audit.example.com/?a'",
            "public_url = 'https://audit.example.com/#a'",
            "trusted_proxies = '10.0.0.0/8'",
            "trusted_proxies = ['10.0.0.0/8', 'proxy']",
            "tls.cert = 'c'",
            "tls.key = 'k'",
            "[rate_limit]\nreads = -1\nwrites = 1.5",
            "rate_limit.writes = '5'",
            "idempotency.days = 0",
            "log.level = 'verbose'",
            "log.level = 'info,annals=loud'",
            "log.format = 'xml'",
            "metrics = 'yes'",
            "shutdown_seconds = 31",
            "shutdown_seconds = 99999999999999999999",
            "listen = ",
            "metrics = true\nmetrics = false",
        ]
        .map(fault)
        .join("\n")
    );
}

#[test]
fn a_witness_is_a_url_and_its_keys() {
    let set = |entries: &[String]| {
        let entries: Vec<String> = entries.iter().map(|entry| format!("'{entry}'")).collect();
        load_from(&format!("\nwitnesses = [{}]", entries.join(", ")), &[], &[])
    };
    let both = [format!("https://w.example.com/ {KEY_A}"), format!("http://[::1]:8788/w {KEY_B}")];
    let config = set(&both).expect("sound");
    let urls: Vec<_> = config.witnesses.iter().map(|witness| witness.url.as_str()).collect();
    assert_eq!(urls, ["https://w.example.com", "http://[::1]:8788/w"]);
    assert_eq!(config.witnesses[1].keys.iter().map(ToString::to_string).collect::<Vec<_>>(), [KEY_B]);
    assert_eq!(set(&[]).map(|config| config.witnesses), Ok(Vec::new()));

    let secret = "PRIVATE+KEY+witness.example.com/a+b2ced050+AUFa3sxZq1wlsa2UIUJ0Zv7RCeaASMZy1kocqCg6aM5i";
    let log = SignerKey::new("audit.example.com", KeyType::Ed25519, &[1; 32]).expect("a key");
    let many: Vec<String> = (0..9)
        .map(|seed| {
            let key = SignerKey::new("w", KeyType::Ed25519Cosignature, &[seed; 32]).expect("a key");
            format!("https://w{seed}.example.com {}", key.verifier())
        })
        .collect();
    let faults = [
        vec![KEY_A.to_owned()],
        vec![String::new()],
        vec!["https://w.example.com".to_owned()],
        vec![format!("w.example.com {KEY_A}")],
        vec![both[0].clone(), format!("https://x.example.com {} {KEY_A} x", KEY_B)],
        vec![format!("https://w.example.com {KEY_A} {secret}")],
        vec![format!("https://w.example.com {}", log.verifier())],
        vec![format!("https://w.example.com {KEY_A} {KEY_A}")],
        vec![both[0].clone(), both[0].replace(KEY_A, KEY_B)],
        vec![both[0].clone(), both[0].replace("w.", "x.")],
        many,
    ];
    let faults = faults.map(|entries| set(&entries).expect_err("a fault")).join("\n");
    assert!(!faults.contains(secret) && !faults.contains("AUFa3sxZ"), "{faults}");
    insta::assert_snapshot!(format!("{faults}\n{}", fault("witnesses = 5")));
}

#[test]
fn faults_say_where_they_are() {
    let variables = [("ANNALS_LISTEN", "8787"), ("ANNALS_METRICS", "")];
    let faults = load_from("", &variables, &["--idempotency-days", "many"]).expect_err("faults");
    insta::assert_snapshot!(faults.replace("; ", "\n"));

    let bytes = OsString::from_vec(vec![b'/', 0xff]);
    let environment = [("ANNALS_DATA_DIR".to_owned(), bytes)].into_iter().collect();
    let error = load(&Flags::default(), &environment, Config::default()).expect_err("a fault");
    assert!(error.to_string().contains("ANNALS_DATA_DIR"), "{error}");
}

#[test]
fn a_file_that_is_named_has_to_be_there() {
    let flags = Flags::of(Some("/nowhere/annals.toml".into()), None);
    let error = load(&flags, &Environment::default(), Config::default()).expect_err("no file");
    assert!(
        error.to_string().starts_with("the configuration file cannot be read: /nowhere/annals.toml"),
        "{error}"
    );
}

#[test]
fn relative_paths_start_at_the_file_that_names_them() {
    let config = load_from("data_dir = 'd'\n[tls]\ncert = 'c'\nkey = '/k'", &[("ANNALS_TLS_CERT", "v")], &[])
        .expect("sound");
    assert!(config.data_dir.is_absolute() && config.data_dir.ends_with("d"), "{:?}", config.data_dir);
    assert_eq!(config.tls, Some(Tls { cert: "v".into(), key: "/k".into() }));
}

#[test]
fn variables_that_look_like_typos_are_told() {
    let names =
        ["ANNALS_LISTN", "ANNALS_PORT", "ANNALS_SERVICE_HOST", "ANNALS_TOKEN", "ANNALS_BIN", "LISTEN"];
    let environment: Environment =
        names.map(|name| (name.to_owned(), OsString::from("x"))).into_iter().collect();
    assert_eq!(
        environment.warnings(),
        ["the environment variable ANNALS_LISTN has no meaning; ANNALS_LISTEN has"]
    );
}

#[test]
fn a_url_is_one_that_works_on_this_machine() {
    let config = Config::default();
    let at = |address: &str| config.url(address.parse().expect("an address"));
    assert_eq!(at("0.0.0.0:80"), "http://127.0.0.1:80");
    assert_eq!(at("[::]:80"), "http://[::1]:80");
    assert_eq!(at("192.0.2.1:80"), "http://192.0.2.1:80");
    let config = Config { public_url: Some("https://a.example".to_owned()), ..config };
    assert_eq!(config.url("0.0.0.0:80".parse().expect("an address")), "https://a.example");
}
