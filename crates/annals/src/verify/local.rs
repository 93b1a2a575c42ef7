//! A log in a data directory, from its rows to its last checkpoint.

mod head;
mod pruned;

use std::{collections::VecDeque, fmt, ops::Range, path::Path, sync::Arc};

use annals_format::{
    Row,
    segment::{Leaf, VerifyError},
};
use annals_store::{Account, Catalog, ReadError, SegmentInfo, SignedCheckpoint};
use annals_tlog::{
    Edge, Hash,
    checkpoint::Checkpoint,
    note::{Note, VerifierKey},
    tile::Tile,
};
use tokio::{sync::Semaphore, task::JoinHandle};

use crate::{
    query,
    retention::{self, Pruning},
    segments::{MOVES_MAX, Sealed, SegmentError, Segments},
    tlog,
};
use pruned::Prunings;

/// Bytes of rows of the head that are read at a time.
const HEAD_BYTES: usize = 4 * 1024 * 1024;

/// Segments that are asked for at a time: one is read, on all processors, and the next one as soon as it is done, while its
/// leaves are added to the tree.
const SEGMENTS_AT_ONCE: usize = 2;

/// Leaves that are added to the tree before others have their turn.
const LEAVES_AT_ONCE: u64 = 4_096;

/// Logs as they are in a catalog and its segments.
pub struct Local {
    catalog: Arc<dyn Catalog>,
    segments: Arc<Segments>,
    /// Who reads a segment.
    turn: Arc<Semaphore>,
}

/// What is wrong with a log: one sentence, which names the first entry, segment or tile that is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding(pub String);

/// A log in which nothing is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intact {
    /// How many entries it has.
    pub size: u64,
    /// The root of its tree.
    pub root: Hash,
    /// How many of its entries are in segments, and in how many.
    pub sealed: (u64, usize),
    /// Of how many of these there are only hashes, as they are no longer kept.
    pub pruned: u64,
    /// The last checkpoint, and the names of the keys that signed it among those that were given.
    pub checkpoint: Option<(u64, Vec<String>)>,
}

/// Why a log could not be verified to its end.
#[derive(Debug)]
pub enum Stopped {
    /// Something is wrong with it.
    Found(Finding),
    /// It cannot be read.
    Read(ReadError),
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<ReadError> for Stopped {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Corrupt(what) => Self::Found(Finding(what)),
            error @ ReadError::Unavailable(_) => Self::Read(error),
        }
    }
}

/// A tree that a log has had: what was signed, or is remembered by somebody.
#[derive(Debug, Clone)]
struct Known {
    size: u64,
    root: Hash,
    /// Who says so.
    what: String,
}

/// What a segment has.
struct Read {
    leaves: Vec<Leaf>,
    /// The entries that say what was to be pruned, with their indexes.
    announced: Vec<(u64, Pruning)>,
}

/// A tree while leaves are added to it.
struct Growing<'a> {
    edge: Edge,
    /// Hashes of tiles that were made since they were compared, by level: the position of the first, and all.
    made: Vec<(u64, Vec<Hash>)>,
    /// What the tree must have been on the way, the smallest last.
    known: Vec<Known>,
    prunings: Prunings,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Local {
    /// The logs of a catalog.
    pub fn new(catalog: Arc<dyn Catalog>, segments: Arc<Segments>) -> Self {
        Self { catalog, segments, turn: Arc::new(Semaphore::new(1)) }
    }

    /// Verifies one log: rows against leaves, all indexes against rows, leaves against tiles, the tree against what was
    /// committed, signed, and remembered, and what was pruned against what was announced.
    ///
    /// `keys` are those of the log; `remembered` are checkpoints that somebody kept; `signing_key` is the file beside which
    /// it stands what was signed. `progress` is told how many entries have been read.
    pub async fn verify(
        &self,
        account: &Account,
        keys: &[VerifierKey],
        remembered: &[Checkpoint],
        signing_key: Option<&Path>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Intact, Stopped> {
        let tree = self.catalog.tree(account.id).await?;
        let size = tree.edge.size();
        let mut known: Vec<Known> = Vec::new();
        let checkpoint = match self.catalog.checkpoint(account.id).await? {
            Some(signed) => {
                let signers = signers(&signed, keys)?;
                known.push(Known {
                    size: signed.size,
                    root: signed.root,
                    what: "the last checkpoint in the catalog".to_owned(),
                });
                Some((signed.size, signers))
            }
            None => None,
        };
        for remembered in remembered {
            let what = "the checkpoint that was given".to_owned();
            known.push(Known { size: remembered.size(), root: remembered.root(), what });
        }
        if let Some((size, root)) =
            signing_key.map(|file| tlog::last_signed(file, &account.token)).transpose()?.flatten()
        {
            known.push(Known { size, root, what: "what was signed last with the server's keys".to_owned() });
        }
        if let Some(beyond) = known.iter().find(|known| known.size > size) {
            return Err(found(format!(
                "the log has {size} entries, but {} is of {}: entries are gone",
                beyond.what, beyond.size
            )));
        }
        known.sort_by_key(|known| std::cmp::Reverse(known.size));
        let prunings = Prunings::default();
        let mut growing = Growing { edge: Edge::new(), made: Vec::new(), known, prunings, progress };
        let segments = self.sealed(account, &mut growing).await?;
        let sealed = growing.edge.size();
        self.head(account, size, &mut growing).await?;
        self.compare_tiles(account, &mut growing).await?;
        if growing.edge != tree.edge {
            return Err(found("the tree of all entries is not the one that was committed".to_owned()));
        }
        let pruned = growing.prunings.count();
        let root = growing.edge.root();
        self.compare_pruned(account, size, growing.prunings).await?;
        Ok(Intact { size, root, sealed: (sealed, segments), pruned, checkpoint })
    }

    /// Reads all segments; returns how many there are. What one takes of memory, [`annals_format::segment::verify`] says;
    /// beside it there are the leaves of two others at most, 33 bytes for each entry.
    async fn sealed(&self, account: &Account, growing: &mut Growing<'_>) -> Result<usize, Stopped> {
        let mut segments = 0;
        let mut waiting: VecDeque<SegmentInfo> = self.catalog.segments(account.id).await?.into();
        let mut reading: VecDeque<(SegmentInfo, Reading)> = VecDeque::new();
        loop {
            while reading.len() < SEGMENTS_AT_ONCE
                && let Some(info) = waiting.pop_front()
            {
                reading.push_back((info.clone(), self.read(account, info)));
            }
            let Some((info, read)) = reading.pop_front() else { return Ok(segments) };
            match join(read, &info).await {
                Ok(read) => {
                    segments += 1;
                    self.add_segment(account, growing, &info.indexes, read).await?;
                }
                // Compaction put another one in its place, which has the same entries and perhaps more.
                Err(None) => {
                    reading.clear();
                    waiting = self.listed_from(account, growing.edge.size()).await?.into();
                    if waiting.contains(&info) {
                        return Err(gone(&info));
                    }
                }
                Err(Some(stopped)) => return Err(stopped),
            }
        }
    }

    /// The segments that have entries from an index on, as they are listed now.
    async fn listed_from(&self, account: &Account, index: u64) -> Result<Vec<SegmentInfo>, Stopped> {
        let listed = self.catalog.segments(account.id).await?;
        Ok(listed.into_iter().filter(|info| info.indexes.end > index).collect())
    }

    fn read(&self, account: &Account, info: SegmentInfo) -> Reading {
        let (segments, turn, id) = (Arc::clone(&self.segments), Arc::clone(&self.turn), account.id);
        tokio::spawn(async move {
            // It is never closed.
            let _turn = turn.acquire().await;
            let sealed = segments.open(id, info).await.map_err(VerifyError::Read)?;
            let verified = tokio::task::spawn_blocking(move || {
                let leaves = sealed.verify()?;
                Ok(Read { leaves, announced: announced(&sealed).map_err(VerifyError::Read)? })
            })
            .await;
            verified
                .unwrap_or_else(|error| Err(VerifyError::Read(ReadError::Unavailable(error.into()).into())))
        })
    }

    async fn add_segment(
        &self,
        account: &Account,
        growing: &mut Growing<'_>,
        indexes: &Range<u64>,
        read: Read,
    ) -> Result<(), Stopped> {
        let size = growing.edge.size();
        if !indexes.contains(&size) {
            return Err(found(format!(
                "entries {size} to {} are in no segment, though later ones are",
                indexes.start.saturating_sub(1)
            )));
        }
        let done = usize::try_from(size - indexes.start).unwrap_or(usize::MAX);
        let announced = read.announced.into_iter().filter(|(index, _)| *index >= size);
        growing.prunings.announce(announced.map(|(_, pruning)| pruning));
        for (leaf, index) in read.leaves.into_iter().skip(done).zip(size..) {
            if (index - size).is_multiple_of(LEAVES_AT_ONCE) {
                // The next segment is begun, also where one thread has all tasks.
                tokio::task::yield_now().await;
            }
            if let Leaf::Pruned(_) = leaf {
                growing.prunings.add(index);
            }
            growing.push(leaf.hash())?;
        }
        self.compare_tiles(account, growing).await
    }

    /// Reads the head, and whatever was sealed since the segments were read.
    async fn head(&self, account: &Account, size: u64, growing: &mut Growing<'_>) -> Result<(), Stopped> {
        let mut moves = 0;
        // What was read while the entries before it were checked.
        let mut ahead = None;
        while growing.edge.size() < size {
            let next = growing.edge.size();
            let entries = match ahead.take() {
                Some(entries) => entries?,
                None => self.catalog.entries(account.id, next..size, HEAD_BYTES).await?,
            };
            if entries.first().is_none_or(|first| first.index != next) {
                moves += 1;
                let sealed = self.listed_from(account, next).await?;
                if sealed.is_empty() || moves > MOVES_MAX {
                    return Err(found(format!("entry {next} is neither in a segment nor in the head")));
                }
                for info in sealed {
                    match join(self.read(account, info.clone()), &info).await {
                        Ok(read) => self.add_segment(account, growing, &info.indexes, read).await?,
                        Err(None) if self.listed_from(account, next).await?.contains(&info) => {
                            return Err(gone(&info));
                        }
                        Err(None) => break,
                        Err(Some(stopped)) => return Err(stopped),
                    }
                }
                continue;
            }
            let end = next + entries.len() as u64;
            let checking = tokio::task::spawn_blocking(move || head::check(&entries));
            if end < size {
                ahead = Some(self.catalog.entries(account.id, end..size, HEAD_BYTES).await);
            }
            for checked in checking.await.map_err(|error| ReadError::Unavailable(error.into()))? {
                growing.prunings.announce(checked.announced);
                for leaf in checked.leaves {
                    growing.push(leaf)?;
                }
                checked.wrong.map_or(Ok(()), |wrong| Err(Stopped::Found(wrong)))?;
            }
            self.compare_tiles(account, growing).await?;
        }
        Ok(())
    }

    /// Compares what was pruned with what was to be.
    async fn compare_pruned(
        &self,
        account: &Account,
        size: u64,
        mut prunings: Prunings,
    ) -> Result<(), Stopped> {
        let Err(_) = prunings.compare() else { return Ok(()) };
        // Perhaps it was announced since the verification began.
        for entry in self.catalog.entries(account.id, size..u64::MAX, HEAD_BYTES).await? {
            let row = Row::decode(&entry.row)
                .map_err(|error| found(format!("entry {} of the head: {error}", entry.index)))?;
            prunings.announce(Pruning::read(&row));
        }
        prunings.compare().map_err(Stopped::Found)
    }

    /// Compares what was made of the tree's tiles with what the catalog has.
    async fn compare_tiles(&self, account: &Account, growing: &mut Growing<'_>) -> Result<(), Stopped> {
        for (level, (start, made)) in (1_u8..).zip(&mut growing.made) {
            let end = *start + made.len() as u64;
            let kept = self.catalog.tile_hashes(account.id, level, *start..end).await?;
            let differs = made.iter().enumerate().find(|(at, hash)| kept.get(*at) != Some(*hash));
            if let Some((at, _)) = differs {
                let position = *start + at as u64;
                let entries = u64::from(Tile::WIDTH_MAX).saturating_pow(u32::from(level));
                return Err(found(format!(
                    "entries {} to {} are not those that were committed: they make another hash than the one at \
                     position {position} of level {level} of the tiles",
                    position * entries,
                    (position + 1) * entries - 1
                )));
            }
            *start = end;
            made.clear();
        }
        (growing.progress)(growing.edge.size());
        Ok(())
    }
}

type Reading = JoinHandle<Result<Read, VerifyError<SegmentError>>>;

/// What a segment has; `Err(None)` when it is no longer there.
async fn join(reading: Reading, info: &SegmentInfo) -> Result<Read, Option<Stopped>> {
    match reading.await {
        Ok(Ok(read)) => Ok(read),
        Ok(Err(VerifyError::Read(SegmentError::Gone { .. }))) => Err(None),
        Ok(Err(VerifyError::Read(error))) => Err(Some(ReadError::from(error).into())),
        Ok(Err(error)) => Err(Some(found(format!("segment {}: {error}", info.name)))),
        Err(error) => Err(Some(Stopped::Read(ReadError::Unavailable(error.into())))),
    }
}

impl Growing<'_> {
    /// Adds a leaf; compares the tree with what is known of it.
    fn push(&mut self, leaf: Hash) -> Result<(), Stopped> {
        let made = &mut self.made;
        self.edge.push_tiled(leaf, |level, position, hash| {
            let at = usize::from(level.saturating_sub(1));
            if made.len() <= at {
                made.resize(at + 1, (position, Vec::new()));
            }
            if let Some((_, hashes)) = made.get_mut(at) {
                hashes.push(hash);
            }
        });
        while let Some(known) = self.known.pop_if(|known| known.size == self.edge.size()) {
            if self.edge.root() != known.root {
                return Err(found(format!(
                    "the first {} entries are not those of {}: they make another root",
                    known.size, known.what
                )));
            }
        }
        Ok(())
    }
}

/// The entries of a segment that say what was to be pruned.
fn announced(sealed: &Sealed) -> Result<Vec<(u64, Pruning)>, SegmentError> {
    let positions: Vec<u32> = query::matching(sealed, &retention::kept_for_ever())?.iter().collect();
    let mut announced = Vec::new();
    for (position, row) in positions.iter().zip(sealed.rows_at(&positions)?) {
        let row = Row::decode(&row).map_err(|error| ReadError::Corrupt(error.to_string()))?;
        let index = sealed.place(*position)?.1;
        announced.extend(Pruning::read(&row).map(|pruning| (index, pruning)));
    }
    Ok(announced)
}

/// The names of those among `keys` that signed a checkpoint, which has to be what the catalog says.
fn signers(signed: &SignedCheckpoint, keys: &[VerifierKey]) -> Result<Vec<String>, Stopped> {
    let wrong = |what: &dyn fmt::Display| found(format!("the last checkpoint in the catalog: {what}"));
    let note = Note::parse(signed.note.as_bytes()).map_err(|error| wrong(&error))?;
    let checkpoint: Checkpoint = note.text().parse().map_err(|error| wrong(&error))?;
    if (checkpoint.size(), checkpoint.root()) != (signed.size, signed.root) {
        return Err(wrong(&"it is of another tree than the catalog says"));
    }
    if keys.is_empty() {
        return Ok(Vec::new());
    }
    let signed = note.verify(keys).map_err(|error| wrong(&error))?;
    Ok(signed.iter().map(|signed| signed.key().to_string()).collect())
}

fn gone(info: &SegmentInfo) -> Stopped {
    let Range { start, end } = info.indexes;
    found(format!("segment {} with the entries {start} to {} is gone", info.name, end - 1))
}

fn found(what: String) -> Stopped {
    Stopped::Found(Finding(what))
}
