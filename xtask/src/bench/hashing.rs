//! Hashing alone: what verifying an entry has to hash, and nothing else that verifying it takes.

use std::num::NonZero;
use std::thread;
use std::time::{Duration, Instant};

use annals_format::entry::{Origin, Salts, Section, Seed};
use annals_format::event::Rules;
use annals_format::limits::EVENT_DEPTH_MAX;
use annals_format::{Draft, Event, LogToken, Row, Timestamp, json};
use anyhow::{Context, Result, anyhow};
use sha2::{Digest, Sha256};

/// What the hash of a leaf covers: the leaf's text, its sections, and the seed of their salts. A tree has one inner node for
/// each leaf but the first.
pub(crate) struct Covered {
    seed: Seed,
    sections: [String; 4],
    leaf: String,
}

/// How fast something went.
#[derive(Clone, Copy)]
pub(crate) struct Speed {
    pub(crate) entries_per_s: f64,
    /// Threads that took part.
    pub(crate) threads: usize,
}

impl Covered {
    /// What the leaf of an event covers once it is recorded; `line` is one of the sample.
    pub(crate) fn of(line: &str) -> Result<Self> {
        let minified = json::minify(line, EVENT_DEPTH_MAX)?;
        // Later than all of the sample, which would be refused if it came from the future.
        let now = Timestamp::from_us(i64::MAX / 2);
        let event = Event::parse(&minified, None, &Rules { import: true, now });
        let event = event.map_err(|faults| anyhow!("the sample is no event: {}", faults.join("; ")))?;
        let created_at = event.created_at.context("the sample has no time")?;
        // Any others would take as long.
        let seed = [7; 16];
        let token = event.token.unwrap_or(LogToken(0));
        let workspace = event.workspace.token().map(str::to_owned);
        let origin = Origin { token, seed, workspace_token: workspace.as_deref(), workspace_title: None };
        let entry = Draft::new(&event, &origin).complete(created_at);
        let row = Row::decode(&entry.row)?;
        let sections = Section::ALL.map(|section| row.section(section).unwrap_or_default());
        Ok(Self { seed, sections, leaf: row.leaf() })
    }

    /// Bytes of the texts that are hashed, with their salts.
    pub(crate) fn bytes(&self) -> usize {
        self.leaf.len() + self.sections.iter().map(|section| section.len() + 16).sum::<usize>()
    }

    /// Hashes all of it, and gives something that depends on each hash, so that none is left out.
    fn hash(&self) -> u8 {
        let salts = Salts::derive(&self.seed);
        let sections = self.sections.iter().zip(&salts.0).map(|(section, salt)| {
            let digest: [u8; 32] = Sha256::new().chain_update(salt).chain_update(section).finalize().into();
            digest[0]
        });
        let leaf = annals_tlog::leaf_hash(self.leaf.as_bytes());
        let node = annals_tlog::node_hash(&leaf, &leaf);
        sections.fold(node.as_bytes()[0], |all, one| all ^ one)
    }
}

/// Hashes the same entries over and over, on all processors, for about so long, and once at least.
pub(crate) fn measure(covered: &[Covered], time: Duration) -> Result<Speed> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let start = Instant::now();
    let hash = || {
        let mut entries = 0_u32;
        loop {
            let all = covered.iter().fold(0, |all, one| all ^ one.hash());
            std::hint::black_box(all);
            entries += u32::try_from(covered.len())?;
            if start.elapsed() >= time {
                break;
            }
        }
        // Each to its own end: what others still do then is not missing here.
        anyhow::Ok(f64::from(entries) / start.elapsed().as_secs_f64())
    };
    let entries_per_s = thread::scope(|scope| {
        let hashing: Vec<_> = (0..threads).map(|_| scope.spawn(hash)).collect();
        let joined =
            hashing.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("hashing panicked"))?);
        joined.sum::<Result<f64>>()
    })?;
    Ok(Speed { entries_per_s, threads })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: &str = r#"{"token":"adt_lg_0123456789abcdef","event":"record_created","created_at":"2025-01-01T00:00:00Z","source":"console","object_type":"Report","object_token":"rprt_1","object_title":"One","user":"Ann","user_id":1,"user_role":"Owner","workspace_token":"wrkspc_1","workspace_title":"W","changed_values":{"title":[null,"One"]},"unchanged_values":{},"context":{},"metadata":{}}"#;

    #[test]
    fn what_is_hashed_is_what_is_recorded() {
        let covered = Covered::of(LINE).expect("it is an event");
        assert!(covered.leaf.contains("adt_lg_0123456789abcdef"), "{}", covered.leaf);
        assert!(covered.sections[0].contains("Ann") && covered.sections[3].contains("\"W\""));
        assert!(measure(&[covered], Duration::from_millis(1)).expect("it hashes").entries_per_s > 0.0);
    }
}
