//! What the benchmark is doing, on standard error: a bar for people, a line for logs.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

/// One phase, with its steps; the bar goes when it is dropped.
pub(crate) struct Phase {
    bar: ProgressBar,
}

impl Phase {
    /// Begins a phase of `steps`.
    pub(crate) fn begin(title: &str, steps: usize) -> Result<Self> {
        if !stderr().is_terminal() {
            writeln!(stderr(), "{title}")?;
        }
        let style = ProgressStyle::with_template(
            "{spinner} {prefix} {wide_bar} {human_pos}/{human_len} {elapsed}  {msg}",
        )?;
        let bar = ProgressBar::new(steps as u64).with_style(style).with_prefix(title.to_owned());
        bar.enable_steady_tick(Duration::from_millis(250));
        Ok(Self { bar })
    }

    /// Says what the next step is.
    pub(crate) fn step(&self, what: String) {
        self.bar.set_message(what);
    }

    /// One step is done.
    pub(crate) fn done(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Phase {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}
