//! The table of all keys: what each is called, what it takes, and what it sets.

use std::{net::SocketAddr, path::PathBuf};

use tracing::level_filters::LevelFilter;
use tracing_subscriber::EnvFilter;

use super::{
    Config, LogFormat, Tls,
    setting::{Origin, Setting},
    witnesses,
};
use crate::limits;

/// A key of the configuration.
pub struct Key {
    /// Its name in the file, with the table it is in: `rate_limit.reads`.
    pub name: &'static str,
    /// Its environment variable.
    pub variable: &'static str,
    /// Its flag, without the dashes.
    pub flag: &'static str,
    /// What stands for its value in the help.
    pub value_name: &'static str,
    /// What it sets, in a line.
    pub help: &'static str,
    /// What it is when nobody sets it, as it is written in the environment; empty for nothing.
    pub default: &'static str,
    /// What it can be set to, to be read after "takes".
    pub takes: &'static str,
    /// Sets it; `None` when it cannot be set to this.
    set: fn(&mut Draft, &Setting) -> Option<()>,
}

/// A configuration that is being put together.
pub(super) struct Draft {
    pub(super) config: Config,
    pub(super) tls_cert: Option<PathBuf>,
    pub(super) tls_key: Option<PathBuf>,
    /// As they are written, and where.
    pub(super) witnesses: Option<(Vec<String>, Origin)>,
}

impl Draft {
    /// Takes on a setting, or says what it should have been.
    pub(super) fn set(&mut self, setting: &Setting) -> Result<(), String> {
        let Setting { key, value, origin } = setting;
        (key.set)(self, setting)
            .ok_or_else(|| format!("{} takes {}, not {value} ({origin})", key.name, key.takes))
    }

    /// The configuration, with what does not fit together among the faults.
    pub(super) fn finish(self, faults: &mut Vec<String>) -> Config {
        let tls = match (self.tls_cert, self.tls_key) {
            (Some(cert), Some(key)) => Some(Tls { cert, key }),
            (None, None) => None,
            (Some(_), None) => {
                faults.push("tls.cert needs tls.key beside it".to_owned());
                None
            }
            (None, Some(_)) => {
                faults.push("tls.key needs tls.cert beside it".to_owned());
                None
            }
        };
        let witnesses = match self.witnesses {
            Some((entries, origin)) => witnesses::parse(&entries, &origin, faults),
            None => self.config.witnesses,
        };
        Config { witnesses, tls, ..self.config }
    }
}

/// All keys, in the order in which people should meet them.
pub static KEYS: &[Key] = &[
    Key {
        name: "data_dir",
        variable: "ANNALS_DATA_DIR",
        flag: "data-dir",
        value_name: "DIR",
        help: "Directory that everything is kept in; created if it is missing",
        default: "./annals-data",
        takes: "a directory",
        set: |draft, setting| path(setting).map(|path| draft.config.data_dir = path),
    },
    Key {
        name: "signing_key",
        variable: "ANNALS_SIGNING_KEY",
        flag: "signing-key",
        value_name: "FILE",
        help: "File of the keys that checkpoints are signed with; without it, signing.key in the data directory",
        default: "",
        takes: "a file",
        set: |draft, setting| path(setting).map(|path| draft.config.signing_key = Some(path)),
    },
    Key {
        name: "witnesses",
        variable: "ANNALS_WITNESSES",
        flag: "witnesses",
        value_name: "WITNESSES",
        help: "Who is asked to cosign checkpoints: the URL of each and its verifier keys behind it, with spaces between",
        default: "",
        takes: "witnesses, each a URL and its verifier keys with spaces between",
        set: |draft, setting| {
            let entries = setting.value.list()?.into_iter().map(str::to_owned).collect();
            draft.witnesses = Some((entries, setting.origin.clone()));
            Some(())
        },
    },
    Key {
        name: "listen",
        variable: "ANNALS_LISTEN",
        flag: "listen",
        value_name: "ADDRESS",
        help: "Address and port to listen on; 0.0.0.0 and [::] are all addresses, port 0 is a free one",
        default: "127.0.0.1:8787",
        takes: "an IP address and a port, such as 127.0.0.1:8787 or [::1]:8787",
        set: |draft, setting| {
            draft.config.listen = setting.value.text()?.parse::<SocketAddr>().ok()?;
            Some(())
        },
    },
    Key {
        name: "socket",
        variable: "ANNALS_SOCKET",
        flag: "socket",
        value_name: "FILE",
        help: "Unix socket to listen on as well, always over plain HTTP: less work than a port for a proxy or program on \
               this machine. Its Forwarded and X-Forwarded-* headers are believed",
        default: "",
        takes: "a file",
        set: |draft, setting| path(setting).map(|path| draft.config.socket = Some(path)),
    },
    Key {
        name: "public_url",
        variable: "ANNALS_PUBLIC_URL",
        flag: "public-url",
        value_name: "URL",
        help: "URL that clients reach the server by, for links; without it links follow the request's Host. \
               Some clients cannot use a URL with a path",
        default: "",
        takes: URL,
        set: |draft, setting| url(setting).map(|url| draft.config.public_url = Some(url)),
    },
    Key {
        name: "trusted_proxies",
        variable: "ANNALS_TRUSTED_PROXIES",
        flag: "trusted-proxies",
        value_name: "RANGES",
        help: "Addresses of proxies whose Forwarded and X-Forwarded-* headers are believed",
        default: "",
        takes: "IP addresses or ranges, such as 10.0.0.0/8 or fd00::/8",
        set: |draft, setting| {
            let ranges: Option<Vec<_>> =
                setting.value.list()?.into_iter().map(|range| range.parse().ok()).collect();
            draft.config.trusted_proxies = ranges?;
            Some(())
        },
    },
    Key {
        name: "cache_mib",
        variable: "ANNALS_CACHE_MIB",
        flag: "cache-mib",
        value_name: "MIB",
        help: "Memory for what is read of segments, in MiB: about 50 for each million events makes every list fast",
        default: "512",
        takes: "16 to 1048576 MiB",
        set: |draft, setting| {
            let mib = setting.value.integer().filter(|mib| (16..=1_048_576).contains(mib))?;
            draft.config.cache_mib = mib;
            Some(())
        },
    },
    Key {
        name: "segment_rows",
        variable: "ANNALS_SEGMENT_ROWS",
        flag: "segment-rows",
        value_name: "ENTRIES",
        help: "Entries of a log that are moved from the catalog into a segment together; fewer make smaller steps",
        default: "65536",
        takes: "256 to 1048576 entries",
        set: |draft, setting| {
            let rows = setting.value.integer().filter(|rows| (256..=1_048_576).contains(rows))?;
            draft.config.segment_rows = rows;
            Some(())
        },
    },
    Key {
        name: "tls.cert",
        variable: "ANNALS_TLS_CERT",
        flag: "tls-cert",
        value_name: "FILE",
        help: "Certificate chain as PEM; with tls.key it turns HTTPS on. SIGHUP reads both files again",
        default: "",
        takes: "a file",
        set: |draft, setting| path(setting).map(|path| draft.tls_cert = Some(path)),
    },
    Key {
        name: "tls.key",
        variable: "ANNALS_TLS_KEY",
        flag: "tls-key",
        value_name: "FILE",
        help: "Private key of the certificate as PEM",
        default: "",
        takes: "a file",
        set: |draft, setting| path(setting).map(|path| draft.tls_key = Some(path)),
    },
    Key {
        name: "rate_limit.reads",
        variable: "ANNALS_RATE_LIMIT_READS",
        flag: "rate-limit-reads",
        value_name: "REQUESTS",
        help: "Requests an hour that each access token may read with; 0 is no limit",
        default: "10000",
        takes: REQUESTS,
        set: |draft, setting| {
            setting.value.integer().map(|requests| draft.config.rate_limit.reads = requests)
        },
    },
    Key {
        name: "rate_limit.writes",
        variable: "ANNALS_RATE_LIMIT_WRITES",
        flag: "rate-limit-writes",
        value_name: "REQUESTS",
        help: "Requests an hour that each access token may write with; 0 is no limit",
        default: "10000000",
        takes: REQUESTS,
        set: |draft, setting| {
            setting.value.integer().map(|requests| draft.config.rate_limit.writes = requests)
        },
    },
    Key {
        name: "idempotency.days",
        variable: "ANNALS_IDEMPOTENCY_DAYS",
        flag: "idempotency-days",
        value_name: "DAYS",
        help: "Days for which a request that is sent again with its idempotency key is recognised",
        default: "7",
        takes: "1 to 3650 days",
        set: |draft, setting| {
            let days = setting.value.integer().filter(|days| (1..=3_650).contains(days))?;
            draft.config.idempotency.days = u32::try_from(days).ok()?;
            Some(())
        },
    },
    Key {
        name: "log.level",
        variable: "ANNALS_LOG_LEVEL",
        flag: "log-level",
        value_name: "LEVEL",
        help: "How much is logged to standard error: error, warn, info, debug, trace or off, also for parts as in \
               info,annals::append=debug",
        default: "info",
        takes: "error, warn, info, debug, trace or off, or directives such as info,annals::append=debug",
        set: |draft, setting| {
            directives(setting.value.text()?)?.clone_into(&mut draft.config.log.level);
            Some(())
        },
    },
    Key {
        name: "log.format",
        variable: "ANNALS_LOG_FORMAT",
        flag: "log-format",
        value_name: "FORMAT",
        help: "How a line of the log looks: text, json, or auto, which is text on a terminal and json elsewhere",
        default: "auto",
        takes: "text, json or auto",
        set: |draft, setting| {
            draft.config.log.format = match setting.value.text()? {
                "auto" => LogFormat::Auto,
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                _ => return None,
            };
            Some(())
        },
    },
    Key {
        name: "otlp.endpoint",
        variable: "ANNALS_OTLP_ENDPOINT",
        flag: "otlp-endpoint",
        value_name: "URL",
        help: "OpenTelemetry collector that gets a trace of each request, by OTLP over HTTP",
        default: "",
        takes: URL,
        set: |draft, setting| url(setting).map(|url| draft.config.otlp.endpoint = Some(url)),
    },
    Key {
        name: "metrics",
        variable: "ANNALS_METRICS",
        flag: "metrics",
        value_name: "BOOL",
        help: "Whether /metrics answers; it needs no access token, and names no account",
        default: "true",
        takes: "true or false",
        set: |draft, setting| setting.value.boolean().map(|metrics| draft.config.metrics = metrics),
    },
    Key {
        name: "shutdown_seconds",
        variable: "ANNALS_SHUTDOWN_SECONDS",
        flag: "shutdown-seconds",
        value_name: "SECONDS",
        help: "How long requests in progress may take after SIGTERM or ctrl-c, at most 30; a second signal ends at once",
        default: "30",
        takes: "0 to 30 seconds",
        set: |draft, setting| {
            let seconds =
                setting.value.integer().filter(|seconds| *seconds <= limits::SHUTDOWN_SECONDS_MAX)?;
            draft.config.shutdown_seconds = seconds;
            Some(())
        },
    },
];

pub(super) const URL: &str =
    "an absolute http or https URL without user, query or fragment, such as https://audit.example.com";

const REQUESTS: &str = "a number of requests, or 0 for no limit";

/// A path that is not empty. In a file it is relative to the file's directory.
fn path(setting: &Setting) -> Option<PathBuf> {
    let path = PathBuf::from(setting.value.text().filter(|path| !path.is_empty())?);
    match &setting.origin {
        Origin::File(file, _) => {
            Some(file.parent().map_or_else(|| path.clone(), |directory| directory.join(&path)))
        }
        Origin::Variable(_) | Origin::Flag(_) => Some(path),
    }
}

/// Directives for what is logged. A word by itself has to be a level: else a misspelt one would pass for a module's name.
fn directives(text: &str) -> Option<&str> {
    let sound = |part: &str| part.contains(['=', '[']) || part.trim().parse::<LevelFilter>().is_ok();
    let parsed = EnvFilter::builder().parse(text).is_ok();
    (parsed && !text.trim().is_empty() && text.split(',').all(sound)).then_some(text)
}

/// A URL as a setting.
fn url(setting: &Setting) -> Option<String> {
    web_url(setting.value.text()?)
}

/// An absolute URL without a slash at its end.
pub(super) fn web_url(text: &str) -> Option<String> {
    // The parser drops a fragment.
    let uri: http::Uri = text.parse().ok().filter(|_| !text.contains('#'))?;
    let web = matches!(uri.scheme_str()?, "http" | "https");
    let host = uri
        .authority()
        .is_some_and(|authority| !authority.as_str().contains('@') && !authority.host().is_empty());
    (web && host && uri.query().is_none()).then(|| text.trim_end_matches('/').to_owned())
}
