//! The second half of verifying: the tokens and terms of a segment are those of its rows. Whether they are is found out
//! fast; which are not is for [`explain`](super::explain) to find.

use std::{
    num::NonZero,
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
    thread,
};

use super::rows::Rows;
use crate::segment::{
    Corrupt, Extent, Field, Parts, Segment, Term,
    footer::FieldForm,
    lookup::Postings,
    part::one,
    sum::{Secret, Sum},
    terms::TermBlock,
};

/// Whether all tokens and terms lead to just the rows that have them. Not either if something cannot be read.
pub(super) fn is_of<R: Parts<Error: From<Corrupt>>>(
    segment: &Segment,
    threads: NonZero<usize>,
    secret: &Secret,
    reader: &(impl Fn() -> R + Sync),
    rows: &Rows,
) -> bool {
    let (next, all_same) = (AtomicUsize::new(0), AtomicBool::new(true));
    let work = || {
        let parts = reader();
        while all_same.load(Ordering::Relaxed) {
            // Words come last, and take as long as all others together.
            let same = match next.fetch_add(1, Ordering::Relaxed) {
                0 => field_is_same(segment, &parts, Field::Word, secret, rows),
                1 => tokens_are_same(segment, &parts, &rows.tokens),
                number => match Field::ALL.get(number - 2) {
                    Some(Field::Word) | None => break,
                    Some(field) => field_is_same(segment, &parts, *field, secret, rows),
                },
            };
            if !same.unwrap_or(false) {
                all_same.store(false, Ordering::Relaxed);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 1..threads.get().min(Field::ALL.len() + 1) {
            scope.spawn(work);
        }
        work();
    });
    all_same.into_inner()
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

/// Whether the terms of a field and their postings are those of the rows, and each is found.
fn field_is_same<P: Parts>(
    segment: &Segment,
    parts: &P,
    field: Field,
    secret: &Secret,
    rows: &Rows,
) -> Result<bool, P::Error> {
    let Some(index) = segment.field(field) else { return Ok(false) };
    let mut listed = Listed { segment, field, secret, last: None, terms: 0, sum: Sum::default() };
    let ascends = match &index.form {
        FieldForm::Whole(block) => listed.block(parts, block, None, None)?,
        FieldForm::Directory(extent) => {
            let part = one(parts, extent)?;
            let mut ascends = true;
            for (first, extent) in &part.directory(extent)?.blocks {
                let extent = segment.within(extent)?;
                let part = one(parts, &extent)?;
                ascends = ascends && listed.block(parts, part.terms(&extent)?, Some(&extent), Some(first))?;
            }
            ascends
        }
    };
    let expected = rows.sums.get(field.number());
    Ok(ascends && listed.terms == index.terms && expected == Some(&listed.sum))
}

/// The terms of a field as they are gone through.
struct Listed<'a> {
    segment: &'a Segment,
    field: Field,
    secret: &'a Secret,
    last: Option<Box<[u8]>>,
    terms: u32,
    sum: Sum,
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
            self.terms += 1;
            self.sum += self.secret.term(terms.term()) * self.positions(parts, &term)?;
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
