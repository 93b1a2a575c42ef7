//! The progress bar: on standard error, and only when that is a terminal.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::tally::Tally;

/// How far an import is.
pub(super) struct Progress(ProgressBar);

impl Progress {
    /// A bar for an input of known size, a spinner for a pipe.
    pub(super) fn new(bytes: Option<u64>) -> Self {
        let (bar, template) = match bytes {
            Some(bytes) => (
                ProgressBar::new(bytes),
                "{bar:32} {percent:>3}% of {binary_total_bytes} · {msg} · {eta} left",
            ),
            None => (ProgressBar::new_spinner(), "{spinner} {binary_bytes} · {msg} · {elapsed}"),
        };
        // The templates above are sound; a bar in the default style is better than none.
        bar.set_style(
            ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar()),
        );
        bar.set_message("waiting for the first batch");
        // A bar that moves while a batch is on its way is told from one that hangs.
        bar.enable_steady_tick(Duration::from_millis(200));
        Self(bar)
    }

    pub(super) fn update(&self, tally: &Tally) {
        self.0.set_position(tally.done_bytes);
        self.0.set_message(tally.sentence());
    }

    /// Takes the bar away, so that what follows stands in its place.
    pub(super) fn finish(&self) {
        self.0.finish_and_clear();
    }
}
