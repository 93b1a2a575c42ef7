//! The second half of verifying: the tokens and terms of a segment are those of its rows. Whether they are is found out
//! fast; which are not is for [`explain`](super::explain) to find.

use std::{
    num::NonZero,
    ops::Range,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
};

use super::rows::{Rows, lock};
use crate::segment::{
    Corrupt, Extent, Field, Part, Parts, Segment, Term,
    footer::FieldForm,
    lookup::Postings,
    part::one,
    sum::{Secret, Sum},
    terms::TermBlock,
};

/// Blocks of terms that are looked at by one thread at a time.
const RUN_BLOCKS: usize = 16;

/// What can be looked at by itself.
enum Piece<'a> {
    Tokens,
    /// The terms of a field that has few.
    Whole(Field, &'a TermBlock),
    /// Some of the blocks that a directory has.
    Run(Field, Arc<Part>, Extent, Range<usize>),
}

/// Whether all tokens and terms lead to just the rows that have them. Not either if something cannot be read.
pub(super) fn is_of<R: Parts<Error: From<Corrupt>>>(
    segment: &Segment,
    threads: NonZero<usize>,
    secret: &Secret,
    reader: &(impl Fn() -> R + Sync),
    rows: &Rows,
) -> bool {
    let Ok(pieces) = pieces(segment, &reader()) else { return false };
    let (next, all_same) = (AtomicUsize::new(0), AtomicBool::new(true));
    let found = Mutex::new(Found::default());
    let work = || {
        let parts = reader();
        let mut of_thread = Found::default();
        while all_same.load(Ordering::Relaxed)
            && let Some(piece) = pieces.get(next.fetch_add(1, Ordering::Relaxed))
        {
            if !is_sound(segment, &parts, piece, secret, rows, &mut of_thread).unwrap_or(false) {
                all_same.store(false, Ordering::Relaxed);
            }
        }
        lock(&found).add(&of_thread);
    };
    thread::scope(|scope| {
        for _ in 1..threads.get().min(pieces.len()) {
            scope.spawn(work);
        }
        work();
    });
    all_same.into_inner()
        && lock(&found).0.iter().zip(Field::ALL).zip(&rows.sums).all(|((found, field), expected)| {
            segment.field(field).is_some_and(|index| u64::from(index.terms) == found.terms)
                && found.sum == *expected
        })
}

/// All of it. Words come last, in pieces that are small, so that no thread has much left when the others are done.
fn pieces<'a, P: Parts>(segment: &'a Segment, parts: &P) -> Result<Vec<Piece<'a>>, P::Error> {
    let mut pieces = vec![Piece::Tokens];
    for field in Field::ALL {
        match segment.field(field).map(|index| &index.form) {
            // A field that the footer does not have has no terms, as will be found.
            None => {}
            Some(FieldForm::Whole(block)) => pieces.push(Piece::Whole(field, block)),
            Some(FieldForm::Directory(extent)) => {
                let part = one(parts, extent)?;
                let blocks = part.directory(extent)?.blocks.len();
                pieces.extend((0..blocks).step_by(RUN_BLOCKS).map(|start| {
                    let run = start..blocks.min(start + RUN_BLOCKS);
                    Piece::Run(field, Arc::clone(&part), *extent, run)
                }));
            }
        }
    }
    Ok(pieces)
}

/// The terms that were found, by the numbers of their fields.
#[derive(Default)]
struct Found([Tally; Field::ALL.len()]);

/// How many terms there are, and the sum of their postings.
#[derive(Default)]
struct Tally {
    terms: u64,
    sum: Sum,
}

impl Found {
    fn add(&mut self, other: &Self) {
        for (tally, other) in self.0.iter_mut().zip(&other.0) {
            tally.add(other);
        }
    }
}

impl Tally {
    fn add(&mut self, other: &Self) {
        self.terms += other.terms;
        self.sum += other.sum;
    }
}

/// Whether a piece is what look-ups expect; adds what it has to what was found.
fn is_sound<P: Parts>(
    segment: &Segment,
    parts: &P,
    piece: &Piece,
    secret: &Secret,
    rows: &Rows,
    found: &mut Found,
) -> Result<bool, P::Error> {
    let listed = |field| Listed { segment, field, secret, last: None, found: Tally::default() };
    let (listed, ascends) = match piece {
        Piece::Tokens => return tokens_are_same(segment, parts, &rows.tokens),
        Piece::Whole(field, block) => {
            let mut listed = listed(*field);
            let ascends = listed.block(parts, block, None, None)?;
            (listed, ascends)
        }
        Piece::Run(field, part, extent, run) => {
            let mut listed = listed(*field);
            let blocks = &part.directory(extent)?.blocks;
            for (first, extent) in blocks.get(run.clone()).unwrap_or_default() {
                let extent = segment.within(extent)?;
                let part = one(parts, &extent)?;
                if !listed.block(parts, part.terms(&extent)?, Some(&extent), Some(first))? {
                    return Ok(false);
                }
            }
            // The next run begins with this term, as is found there.
            let next = blocks.get(run.end).map(|(first, _)| first);
            let ascends = next.is_none_or(|next| listed.last.as_ref().is_some_and(|last| last < next));
            (listed, ascends)
        }
    };
    if let Some(tally) = found.0.get_mut(listed.field.number()) {
        tally.add(&listed.found);
    }
    Ok(ascends)
}

/// Whether the tokens are those of the rows, by position, and each is found. Pairs that ascend are different ones; if each
/// has the token of its row and they are as many as the rows, they are all there are.
fn tokens_are_same<P: Parts>(segment: &Segment, parts: &P, tokens: &[u64]) -> Result<bool, P::Error> {
    let (mut last, mut count) = (None, 0);
    for chunk in &segment.tokens {
        let part = one(parts, &chunk.extent)?;
        let mut expected_first = Some(chunk.first);
        for pair in part.tokens(&chunk.extent)?.iter() {
            let of_row = usize::try_from(pair.1).ok().and_then(|position| tokens.get(position));
            let ascends = last.is_none_or(|last| last < pair);
            if of_row != Some(&pair.0)
                || !ascends
                || expected_first.take().is_some_and(|first| first != pair.0)
            {
                return Ok(false);
            }
            (last, count) = (Some(pair), count + 1);
        }
        if expected_first.is_some() {
            return Ok(false);
        }
    }
    Ok(count == tokens.len())
}

/// The terms of a field as they are gone through.
struct Listed<'a> {
    segment: &'a Segment,
    field: Field,
    secret: &'a Secret,
    last: Option<Box<[u8]>>,
    found: Tally,
}

impl Listed<'_> {
    /// Adds the terms of a block; returns whether a look-up finds them: they come after those before, and the block begins
    /// with the term that the directory says.
    fn block<P: Parts>(
        &mut self,
        parts: &P,
        block: &TermBlock,
        extent: Option<&Extent>,
        first: Option<&[u8]>,
    ) -> Result<bool, P::Error> {
        let (segment, field) = (self.segment, self.field);
        let corrupt = |reason| match extent {
            Some(extent) => extent.corrupt(reason),
            None => segment.whole_corrupt(field, reason),
        };
        let mut terms = block.terms();
        let mut is_first = true;
        while let Some(entry) = terms.advance().map_err(corrupt)? {
            if std::mem::take(&mut is_first) {
                let follows = self.last.as_deref().is_none_or(|last| last < terms.term());
                if !follows || first.is_some_and(|first| first != terms.term()) {
                    return Ok(false);
                }
            }
            let term = entry.read().map_err(corrupt)?;
            segment.check(field, &term)?;
            self.found.terms += 1;
            self.found.sum += self.secret.term(terms.term()) * self.positions(parts, &term)?;
        }
        self.last = Some(terms.term().into());
        Ok(!is_first || first.is_none())
    }

    fn positions<P: Parts>(&self, parts: &P, term: &Term) -> Result<Sum, P::Error> {
        match &term.postings {
            Postings::Inline(positions) => Ok(self.secret.positions(positions.iter().copied())),
            Postings::Stored(_) => Ok(self.secret.positions(self.segment.postings(parts, term)?.iter())),
        }
    }
}
