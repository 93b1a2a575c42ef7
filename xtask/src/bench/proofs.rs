//! What proofs cost: reading one, verifying a log, and hashing while entries are recorded.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};
use serde::Serialize;

use super::annals::Annals;
use super::events::Sample;
use super::gather::Gathered;
use super::proof_reads::{self, Kind, ProofRead};
use super::recording::{self, Recording};
use super::report::Target;
use super::verifying::{self, Verifying};

/// Median latency of a proof of a long log at most.
const PROOF_P50_MS_MAX: f64 = 5.0;

/// Speed of verifying for one of hashing, at least.
const VERIFYING_RATIO_MIN: f64 = 1.0 / 3.0;

/// Rows a second that are recorded for one without hashing, at least.
const RECORDING_RATIO_MIN: f64 = 0.75;

/// All of it.
#[derive(Serialize)]
pub(crate) struct Proofs {
    pub(crate) reads: Vec<ProofRead>,
    pub(crate) verifying: Verifying,
    pub(crate) recording: Recording,
}

/// Measures all of it; what is recorded goes to logs of its own below `dir`. `without_hashing` is the program that
/// recording is compared with.
pub(crate) async fn measure(
    annals: &Annals,
    sample: &Sample,
    gathered: &Gathered,
    without_hashing: &Path,
    dir: &Path,
    rounds: usize,
    time: Duration,
) -> Result<Proofs> {
    Ok(Proofs {
        reads: proof_reads::measure(annals, gathered, rounds, time / 5).await?,
        verifying: verifying::measure(annals, gathered, rounds, time)?,
        recording: recording::measure(sample, without_hashing, dir, rounds, time).await?,
    })
}

impl Proofs {
    /// Compares what was found with what is wanted; `many` says whether the log is a long one.
    pub(crate) fn targets(&self, many: bool) -> Result<Vec<Target>> {
        let mut targets = Vec::new();
        if many {
            let proof = self.reads.iter().find(|read| read.kind == Kind::Proof);
            let p50_ms = proof.context("proofs were not read")?.latency.p50_ms.median;
            targets.push(Target {
                what: "a proof file",
                wanted: format!("at most {PROOF_P50_MS_MAX} ms"),
                found: format!("{p50_ms:.2} ms"),
                met: p50_ms <= PROOF_P50_MS_MAX,
            });
        }
        let ratio = self.verifying.ratio.median;
        targets.push(Target {
            what: "verifying, for hashing alone",
            wanted: "at least a third as fast".to_owned(),
            found: format!("{ratio:.2} times as fast"),
            met: ratio >= VERIFYING_RATIO_MIN,
        });
        let ratio = self.recording.ratio.median;
        targets.push(Target {
            what: "recording in batches, for recording without hashing",
            wanted: "at most 25 % slower".to_owned(),
            found: format!("{:.0} % slower", (1.0 - ratio) * 100.0),
            met: ratio >= RECORDING_RATIO_MIN,
        });
        Ok(targets)
    }
}
