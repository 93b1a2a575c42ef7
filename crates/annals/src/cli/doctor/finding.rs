//! What the doctor finds.

use serde::Serialize;

/// What one check found.
#[derive(Debug, Serialize)]
pub(super) struct Finding {
    /// What was looked at.
    pub(super) check: &'static str,
    pub(super) verdict: Verdict,
    /// What is the case.
    pub(super) found: String,
    /// What to do about it; there is one unless all is good.
    pub(super) next_step: Option<&'static str>,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// As it should be.
    Good,
    /// To be known; a server runs all the same.
    Notice,
    /// A server does not run, or not safely.
    Wrong,
}

impl Verdict {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Notice => "notice",
            Self::Wrong => "wrong",
        }
    }
}

impl Finding {
    /// All is well.
    pub(super) fn good(check: &'static str, found: impl Into<String>) -> Self {
        Self { check, verdict: Verdict::Good, found: found.into(), next_step: None }
    }

    /// Worth knowing.
    pub(super) fn notice(check: &'static str, found: impl Into<String>, next_step: &'static str) -> Self {
        Self { check, verdict: Verdict::Notice, found: found.into(), next_step: Some(next_step) }
    }

    /// To be put right.
    pub(super) fn wrong(check: &'static str, found: impl Into<String>, next_step: &'static str) -> Self {
        Self { check, verdict: Verdict::Wrong, found: found.into(), next_step: Some(next_step) }
    }
}
