//! The first half of verifying: all rows are read, each by one of several threads, and what follows from them is put
//! together in the order of positions.

use std::{
    collections::BTreeMap,
    num::NonZero,
    ops::{ControlFlow, Range},
    sync::{
        Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use annals_tlog::Hash;

use super::VerifyError;
use crate::{
    Row,
    entry::CorruptRow,
    segment::{
        Corrupt, Extra, Field, Parts, Segment,
        seal::{Index, Summed},
        sum::{Secret, Sum},
    },
};

/// What follows from the rows, and is to be compared.
#[derive(Debug)]
pub(super) struct Rows {
    /// By position.
    pub(super) places: Vec<(i64, u64)>,
    /// By position.
    pub(super) tokens: Vec<u64>,
    /// Of the postings of each field.
    pub(super) sums: [Sum; Field::ALL.len()],
}

/// Reads all rows on so many threads, each with a reader of its own; `each` gets the index and the hash of each leaf, in
/// the order of positions. The first error in that order is the one that counts.
pub(super) fn read<R, P, E>(
    segment: &Segment,
    threads: NonZero<usize>,
    secret: &Secret,
    reader: &(impl Fn() -> R + Sync),
    parts: &P,
    search: &(impl Fn(&Row, &mut Extra) + Sync),
    each: impl FnMut(u64, Hash) -> Result<(), VerifyError<E>> + Send,
) -> Result<Rows, VerifyError<E>>
where
    R: Parts<Error = E>,
    P: Parts<Error = E> + Sync,
    E: From<Corrupt> + Send,
{
    let pieces = segment.pieces();
    let next = AtomicUsize::new(0);
    let merged = Mutex::new(Merged {
        each,
        next: 0,
        waiting: BTreeMap::new(),
        done: Ok(Rows::with_room(segment.rows())),
    });
    let work = || {
        let reader = reader();
        let mut index = Index::summing(Summed::new(secret), search);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            let Some(positions) = pieces.get(number) else { break };
            let piece = Piece::read(segment, positions, &reader, parts, &mut index);
            if !lock(&merged).add(number, piece) {
                break;
            }
        }
        if let (Some(summed), Ok(rows)) = (index.into_summed(), &mut lock(&merged).done) {
            for (sum, of_thread) in rows.sums.iter_mut().zip(summed.totals()) {
                *sum += of_thread;
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.get().min(pieces.len()) {
            scope.spawn(work);
        }
        work();
    });
    merged.into_inner().unwrap_or_else(PoisonError::into_inner).done
}

/// A thread that panics takes all others with it, so that nobody sees what it left.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Some rows that follow each other, up to the first that something is wrong with.
struct Piece<E> {
    places: Vec<(i64, u64)>,
    tokens: Vec<u64>,
    leaves: Vec<Hash>,
    wrong: Option<VerifyError<E>>,
}

impl<E: From<Corrupt>> Piece<E> {
    fn read<R: Parts<Error = E>, P: Parts<Error = E>>(
        segment: &Segment,
        positions: &Range<u32>,
        reader: &R,
        parts: &P,
        index: &mut Index<impl FnMut(&Row, &mut Extra)>,
    ) -> Self {
        let rows = positions.len();
        let (places, leaves) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        let mut piece = Self { places, tokens: Vec::with_capacity(rows), leaves, wrong: None };
        piece.wrong = piece.fill(segment, positions, reader, parts, index).err();
        piece.tokens.extend(index.next_tokens());
        piece
    }

    fn fill<R: Parts<Error = E>, P: Parts<Error = E>>(
        &mut self,
        segment: &Segment,
        positions: &Range<u32>,
        reader: &R,
        parts: &P,
        sums: &mut Index<impl FnMut(&Row, &mut Extra)>,
    ) -> Result<(), VerifyError<E>> {
        sums.go_to(positions.start);
        let before = positions.start.checked_sub(1).map(|position| segment.place(parts, position));
        let mut last = before.transpose().map_err(VerifyError::Read)?;
        let places = segment.places(parts, positions.clone()).map_err(VerifyError::Read)?;
        let mut places = places.into_iter();
        let mut add = |position, row: Result<Row, CorruptRow>| {
            // A block with more rows than it should have is found to be one after them.
            let Some(place) = places.next() else { return Ok(()) };
            let index = place.1;
            let corrupt = |source| VerifyError::Row { index, source };
            let row = row.map_err(corrupt)?;
            if row.created_at().us() != place.0 || last.is_some_and(|last| last >= place) {
                return Err(VerifyError::Place { index, position });
            }
            last = Some(place);
            sums.add(&row).map_err(corrupt)?;
            self.places.push(place);
            self.leaves.push(row.leaf_hash());
            Ok(())
        };
        let each = |position, row: Result<Row, CorruptRow>| match add(position, row) {
            Ok(()) => ControlFlow::Continue(()),
            Err(wrong) => ControlFlow::Break(wrong),
        };
        let read = segment.each_row(reader, positions.clone(), each).map_err(VerifyError::Read)?;
        read.break_value().map_or(Ok(()), Err)
    }
}

/// Puts pieces together in their order.
struct Merged<F, E> {
    each: F,
    /// The number of the next piece.
    next: usize,
    /// Pieces that were read before their turn.
    waiting: BTreeMap<usize, Piece<E>>,
    done: Result<Rows, VerifyError<E>>,
}

impl<F: FnMut(u64, Hash) -> Result<(), VerifyError<E>>, E> Merged<F, E> {
    /// Adds a piece; returns whether there is any use in reading others.
    fn add(&mut self, number: usize, piece: Piece<E>) -> bool {
        self.waiting.insert(number, piece);
        while let Some(piece) = self.waiting.remove(&self.next) {
            self.next += 1;
            let Ok(rows) = &mut self.done else { break };
            if let Err(wrong) = rows.add(piece, &mut self.each) {
                self.done = Err(wrong);
            }
        }
        self.done.is_ok()
    }
}

impl Rows {
    /// None yet, but all of so many will have room.
    fn with_room(rows: u32) -> Self {
        let rows = rows as usize;
        Self { places: Vec::with_capacity(rows), tokens: Vec::with_capacity(rows), sums: Default::default() }
    }

    fn add<E>(
        &mut self,
        piece: Piece<E>,
        mut each: impl FnMut(u64, Hash) -> Result<(), VerifyError<E>>,
    ) -> Result<(), VerifyError<E>> {
        for (place, leaf) in piece.places.iter().zip(piece.leaves) {
            each(place.1, leaf)?;
        }
        self.places.extend(piece.places);
        self.tokens.extend(piece.tokens);
        piece.wrong.map_or(Ok(()), Err)
    }
}
