//! What proofs are made of, read over one connection: the proof of an entry, the entry itself, a tile, a bundle.

use std::sync::Arc;
use std::time::Duration;

use annals_tlog::tile::{Bundle, Tile};
use anyhow::{Context, Result, ensure};
use serde::Serialize;

use super::annals::{self, Annals};
use super::gather::{Gathered, anywhere};
use super::http::Http;
use super::load::{self, Requests, Summary, Turn};
use super::progress::Phase;

/// What is read.
#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Proof,
    Entry,
    Tile,
    Bundle,
}

/// In the order of the table.
const KINDS: [Kind; 4] = [Kind::Proof, Kind::Entry, Kind::Tile, Kind::Bundle];

impl Kind {
    /// For people.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::Proof => "proof file of an entry",
            Self::Entry => "the entry, by its token",
            Self::Tile => "full tile of level 0",
            Self::Bundle => "bundle of 256 entries",
        }
    }

    /// What to ask for; all over the log, in no order.
    fn targets(self, annals: &Annals, tokens: &[String], entries: u64) -> Result<Vec<String>> {
        match self {
            Self::Proof => Ok(tokens.iter().map(|token| annals::proof_target(token)).collect()),
            Self::Entry => Ok(tokens.iter().map(|token| annals::one_target(token)).collect()),
            Self::Tile | Self::Bundle => {
                let full = usize::try_from(entries)? / usize::from(Tile::WIDTH_MAX);
                ensure!(full > 0, "a log of {entries} entries has no full tile");
                let path = |n| {
                    let index = anywhere(n, full) as u64;
                    let path = if self == Self::Tile {
                        annals.published_target(&Tile::in_tree(0, index, entries)?)
                    } else {
                        annals.published_target(&Bundle::in_log(index, entries)?)
                    };
                    Some(path)
                };
                (0..tokens.len() as u64).map(|n| path(n).context("there is no such tile")).collect()
            }
        }
    }
}

/// What reading one of them took.
#[derive(Serialize)]
pub(crate) struct ProofRead {
    pub(crate) kind: Kind,
    /// Of the first answer.
    pub(crate) bytes: usize,
    pub(crate) latency: Summary,
}

/// Reads each kind in turn, `rounds` times, `time` each, after a shorter round that is thrown away.
pub(crate) async fn measure(
    annals: &Annals,
    gathered: &Gathered,
    rounds: usize,
    time: Duration,
) -> Result<Vec<ProofRead>> {
    let phase = Phase::begin("reading proofs", KINDS.len() * (rounds + 1))?;
    let entries = annals.total("").await?;
    let mut cases: Vec<Case> = Vec::new();
    for kind in KINDS {
        let targets: Arc<[String]> = kind.targets(annals, &gathered.tokens, entries)?.into();
        let first = targets.first().context("no token was kept")?;
        let bytes = annals.connect().await?.get(first).await?.len();
        cases.push(Case { kind, targets, bytes, turns: Vec::new() });
    }
    let next = Arc::default();
    for round in 0..=rounds {
        let time = if round == 0 { time / 4 } else { time };
        for case in &mut cases {
            phase.step(case.kind.title().to_owned());
            let client = Get { http: annals.connect().await?, targets: Arc::clone(&case.targets) };
            let turn = load::run(vec![client], time, &next).await?;
            if round > 0 {
                case.turns.push(turn);
            }
            phase.done();
        }
    }
    let result =
        |case: Case| ProofRead { kind: case.kind, bytes: case.bytes, latency: Summary::of(&case.turns) };
    Ok(cases.into_iter().map(result).collect())
}

/// A kind with its turns so far.
struct Case {
    kind: Kind,
    targets: Arc<[String]>,
    bytes: usize,
    turns: Vec<Turn>,
}

/// One connection that asks for one after the other.
struct Get {
    http: Http,
    targets: Arc<[String]>,
}

impl Requests for Get {
    async fn send(&mut self, n: usize) -> Result<u64> {
        self.http.get(&self.targets[n % self.targets.len()]).await?;
        Ok(1)
    }
}
