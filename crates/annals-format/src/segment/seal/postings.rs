//! The postings of one field while rows are sealed.

use std::io;

use foldhash::fast::RandomState;
use indexmap::{
    IndexMap,
    map::raw_entry_v1::{RawEntryApiV1 as _, RawEntryMut},
};

use crate::segment::{
    Field,
    bytes::{Cursor, push_leb},
    write::Writer,
};

/// Positions by term, while they are collected. Terms are numbered in the order in which they came.
#[derive(Debug, Default)]
pub(in crate::segment) struct Postings(IndexMap<Box<[u8]>, Positions, RandomState>);

/// Positions that ascend: the first one, and the others as LEB128 distances. Most terms have one, and take no space beside.
#[derive(Debug)]
struct Positions {
    first: u32,
    last: u32,
    distances: Vec<u8>,
}

impl Postings {
    /// Adds a position to a term, unless it is there already; returns the number of the term.
    pub(super) fn add(&mut self, term: &[u8], position: u32) -> usize {
        match self.0.raw_entry_mut_v1().from_key(term) {
            RawEntryMut::Occupied(mut known) => {
                known.get_mut().add(position);
                known.index()
            }
            RawEntryMut::Vacant(new) => {
                let number = new.index();
                new.insert(term.into(), Positions { first: position, last: position, distances: Vec::new() });
                number
            }
        }
    }

    /// Adds a position to the term with a number.
    pub(super) fn add_known(&mut self, number: usize, position: u32) {
        if let Some((_, positions)) = self.0.get_index_mut(number) {
            positions.add(position);
        }
    }

    /// Writes the terms in their order.
    pub(in crate::segment) fn write<W: io::Write>(
        mut self,
        writer: &mut Writer<W>,
        field: Field,
    ) -> io::Result<()> {
        let mut field = writer.field(field);
        self.each(|term, positions| field.term(term, positions))?;
        field.finish()
    }

    /// Gives the terms in their order, each with its positions.
    pub(in crate::segment) fn each<E>(
        &mut self,
        mut each: impl FnMut(&[u8], &[u32]) -> Result<(), E>,
    ) -> Result<(), E> {
        self.0.sort_unstable_keys();
        let mut buffer = Vec::new();
        for (term, positions) in &self.0 {
            positions.read(&mut buffer);
            each(term, &buffer)?;
        }
        Ok(())
    }

    /// How many terms there are.
    pub(in crate::segment) fn len(&self) -> usize {
        self.0.len()
    }
}

impl Positions {
    fn add(&mut self, position: u32) {
        if position > self.last {
            push_leb(&mut self.distances, u64::from(position - self.last));
            self.last = position;
        }
    }

    fn read(&self, positions: &mut Vec<u32>) {
        positions.clear();
        positions.push(self.first);
        let mut cursor = Cursor::new(&self.distances);
        let mut last = self.first;
        while let Ok(distance) = cursor.leb32() {
            last += distance;
            positions.push(last);
        }
    }
}
