//! Somebody who follows a log: takes each checkpoint only if it extends the last one, and reads everything there is.

use std::time::{Duration, Instant};

use annals_tlog::{
    Edge, Hash,
    checkpoint::Checkpoint,
    leaf_hash,
    note::{Note, VerifierKey},
    proof::{Plan, verify_consistency},
    tile::{Bundle, Tile},
};

use crate::support::{Answer, Server, Tenant, annals};

/// How long a log may take to be signed.
const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) struct Mirror<'a> {
    server: &'a Server,
    tenant: &'a Tenant,
    /// What the log is verified with.
    pub(crate) keys: Vec<VerifierKey>,
    /// The last checkpoint, and the note that it came in.
    last: Option<(Checkpoint, Note)>,
}

/// What a mirror remembers of a log.
pub(crate) struct Remembered(Option<(Checkpoint, Note)>);

impl<'a> Mirror<'a> {
    /// A mirror that has seen nothing, with the keys that the operator gives.
    pub(crate) fn of(server: &'a Server, tenant: &'a Tenant) -> Self {
        let keys = annals(&server.data_dir, &["key", "show", "--account", &tenant.account]);
        let keys = keys.lines().map(|key| key.parse().expect("a verifier key")).collect();
        Self { server, tenant, keys, last: None }
    }

    pub(crate) fn take(&mut self, remembered: Option<Remembered>) {
        self.last = remembered.and_then(|remembered| remembered.0);
    }

    pub(crate) fn give(self) -> Remembered {
        Remembered(self.last)
    }

    pub(crate) fn size(&self) -> u64 {
        self.last.as_ref().map_or(0, |(checkpoint, _)| checkpoint.size())
    }

    /// How many of these keys signed the last checkpoint.
    pub(crate) fn signers(&self, keys: &[VerifierKey]) -> usize {
        self.last.as_ref().and_then(|(_, note)| Some(note.verify(keys).ok()?.len())).unwrap_or(0)
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.server.get(&self.tenant.token, &format!("/tlog/{}/{path}", self.tenant.account)).await
    }

    /// Takes on checkpoints until one has at least so many entries.
    pub(crate) async fn follow(&mut self, size: u64) {
        let started = Instant::now();
        loop {
            self.look().await;
            if self.size() >= size {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{} of {size} entries were signed", self.size());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Takes on the checkpoint that there is now, if any.
    pub(crate) async fn look(&mut self) {
        let answer = self.get("checkpoint").await;
        if answer.status == 404 {
            assert!(self.last.is_none(), "a checkpoint is gone");
            return;
        }
        assert_eq!(answer.status, 200, "{}", answer.text());
        let note = Note::parse(&answer.body).expect("a note");
        assert!(!note.verify(&self.keys).expect("signed").is_empty());
        let checkpoint: Checkpoint = note.text().parse().expect("a checkpoint");
        assert!(checkpoint.origin().ends_with(&format!("/{}", self.tenant.account)));
        assert_eq!(checkpoint.origin(), self.keys[0].name());
        if let Some((last, _)) = &self.last {
            assert!(last.size() <= checkpoint.size(), "the log shrank");
            let plan = Plan::consistency(last.size(), checkpoint.size()).expect("sizes");
            let proof = self.build(&plan).await;
            verify_consistency(last.size(), last.root(), checkpoint.size(), checkpoint.root(), &proof)
                .expect("the new checkpoint extends the old one");
        }
        self.last = Some((checkpoint, note));
    }

    async fn tile(&self, tile: Tile) -> Vec<u8> {
        let answer = self.get(&tile.to_string()).await;
        assert_eq!(answer.status, 200, "{tile}: {}", answer.text());
        assert_eq!(answer.body.len(), tile.bytes(), "{tile}");
        answer.body
    }

    async fn build<T>(&self, plan: &Plan<T>) -> T {
        let mut tiles = Vec::new();
        for tile in plan.tiles() {
            tiles.push((*tile, self.tile(*tile).await));
        }
        let read = |wanted: Tile| tiles.iter().find(|(tile, _)| *tile == wanted).map(|(_, bytes)| bytes);
        plan.build(read).expect("tiles as planned")
    }

    /// Reads every leaf and every tile of the last checkpoint's tree, and compares each with all others.
    pub(crate) async fn verify_all(&self) {
        let (checkpoint, _) = self.last.as_ref().expect("a checkpoint");
        let mut edge = Edge::new();
        let mut levels: Vec<Vec<Hash>> = Vec::new();
        for bundle in Bundle::added(0, checkpoint.size()) {
            let answer = self.get(&bundle.to_string()).await;
            assert_eq!(answer.status, 200, "{bundle}: {}", answer.text());
            for leaf in bundle.decode(&answer.body).expect("a bundle") {
                let hash = leaf_hash(leaf);
                push(&mut levels, 0, hash);
                edge.push_tiled(hash, |level, _, hash| push(&mut levels, usize::from(level), hash));
            }
        }
        assert_eq!(edge.root(), checkpoint.root());
        for level in 0..Tile::levels(checkpoint.size()) {
            for tile in Tile::added(level, 0, checkpoint.size()) {
                let range = tile.positions();
                let range =
                    usize::try_from(range.start).expect("small")..usize::try_from(range.end).expect("small");
                let expected: Vec<u8> =
                    levels[usize::from(level)][range].iter().flat_map(Hash::as_bytes).copied().collect();
                assert_eq!(self.tile(tile).await, expected, "{tile}");
            }
        }
    }

    /// The bytes of everything that the log publishes.
    pub(crate) async fn everything(&self) -> Vec<u8> {
        let mut bytes = self.get("checkpoint").await.body;
        for bundle in Bundle::added(0, self.size()) {
            bytes.extend(self.get(&bundle.to_string()).await.body);
        }
        for level in 0..Tile::levels(self.size()) {
            for tile in Tile::added(level, 0, self.size()) {
                bytes.extend(self.tile(tile).await);
            }
        }
        bytes
    }
}

fn push(levels: &mut Vec<Vec<Hash>>, level: usize, hash: Hash) {
    if levels.len() <= level {
        levels.resize(level + 1, Vec::new());
    }
    levels[level].push(hash);
}
