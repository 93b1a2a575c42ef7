//! What the server says about itself while it runs: the log on standard error and, if a collector is named, traces.
//!
//! Nothing here ever sees a secret: whoever logs, logs names, numbers and errors.

use std::{
    io::{self, IsTerminal as _},
    time::Duration,
};

use anyhow::Context as _;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tracing::{Subscriber, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, filter::Targets, fmt, layer::SubscriberExt as _, registry::LookupSpan,
    util::SubscriberInitExt as _,
};

use crate::config::{Config, Log, LogFormat};

/// Where OTLP over HTTP takes traces, below the collector's URL.
const TRACES_PATH: &str = "/v1/traces";

/// How long a collector that does not answer may hold up the end of the process.
const FLUSH_TIME_MAX: Duration = Duration::from_secs(3);

/// The log and the traces of this process. Dropping it sends what is left of the traces; that blocks, so it must not
/// happen on a thread of the runtime.
#[must_use = "traces end when this is dropped"]
pub struct Telemetry {
    traces: Option<SdkTracerProvider>,
}

/// Starts the log and the traces as `config` says. Call it once, before there is a runtime.
pub fn start(config: &Config) -> anyhow::Result<Telemetry> {
    let traces = config.otlp.endpoint.as_deref().map(traces).transpose()?;
    let log = log(&config.log, io::stderr)?;
    // Spans are below the log's usual level, so the collector gets them by a filter of its own. Only ours: those of the
    // HTTP stack that sends them would make spans of sending spans.
    let exported = traces.as_ref().map(|traces| {
        let ours = Targets::new().with_target("annals", LevelFilter::DEBUG);
        tracing_opentelemetry::layer().with_tracer(traces.tracer("annals")).with_filter(ours)
    });
    tracing_subscriber::registry()
        .with(log)
        .with(exported)
        .try_init()
        .context("the log is already set up")?;
    Ok(Telemetry { traces })
}

impl Drop for Telemetry {
    fn drop(&mut self) {
        if let Some(traces) = self.traces.take()
            && let Err(error) = traces.shutdown_with_timeout(FLUSH_TIME_MAX)
        {
            tracing::warn!(%error, "the last traces were not sent");
        }
    }
}

fn traces(endpoint: &str) -> anyhow::Result<SdkTracerProvider> {
    let whole = endpoint.ends_with(TRACES_PATH);
    let url = if whole { endpoint.to_owned() } else { format!("{endpoint}{TRACES_PATH}") };
    let exporter = SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_endpoint(url)
        .build()
        .context("traces cannot be sent to the collector")?;
    let resource = Resource::builder().with_service_name("annals").build();
    Ok(SdkTracerProvider::builder().with_resource(resource).with_batch_exporter(exporter).build())
}

/// The layer that writes the log to `out`.
fn log<S, W>(log: &Log, out: W) -> anyhow::Result<Box<dyn Layer<S> + Send + Sync>>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    W: for<'a> fmt::MakeWriter<'a> + Send + Sync + 'static,
{
    let filter = EnvFilter::builder().parse(&log.level).context("log.level is not sound")?;
    let terminal = io::stderr().is_terminal();
    let text = match log.format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    if text {
        let colours = terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Ok(fmt::layer().with_ansi(colours).with_target(false).with_writer(out).with_filter(filter).boxed())
    } else {
        let json = fmt::layer().json().flatten_event(true).with_current_span(true).with_span_list(false);
        Ok(json.with_writer(out).with_filter(filter).boxed())
    }
}

#[cfg(test)]
mod tests {
    use std::{io::Write, sync::Arc};

    use parking_lot::Mutex;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat, level: &str) -> String {
        let written = Written::default();
        let writer = written.clone();
        let settings = Log { level: level.to_owned(), format };
        let subscriber =
            tracing_subscriber::registry().with(log(&settings, move || writer.clone()).expect("a layer"));
        tracing::subscriber::with_default(subscriber, || {
            let _span = tracing::info_span!("request", id = "r1").entered();
            tracing::info!(entries = 3, "recorded");
            tracing::debug!("hidden");
        });
        let bytes = written.0.lock().clone();
        String::from_utf8(bytes).expect("UTF-8")
    }

    #[test]
    fn json_is_one_object_a_line() {
        let line = logged(LogFormat::Json, "info");
        let value: serde_json::Value = serde_json::from_str(&line).expect("one JSON value");
        assert_eq!((&value["message"], &value["entries"]), (&"recorded".into(), &3.into()));
        assert_eq!(value["span"]["id"], "r1");
        assert_eq!(line.lines().count(), 1);
    }

    #[test]
    fn text_is_for_people_and_levels_are_kept_to() {
        let text = logged(LogFormat::Text, "info");
        assert!(
            text.contains("recorded") && text.contains("entries=3") && !text.contains("hidden"),
            "{text}"
        );
        assert!(logged(LogFormat::Text, "debug").contains("hidden"));
        assert_eq!(logged(LogFormat::Text, "off"), "");
    }
}
