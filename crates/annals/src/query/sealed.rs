//! Segments as parts of a log.

use annals_format::{
    Filter, LogToken,
    segment::{Before, Field},
};
use roaring::RoaringBitmap;

use super::{
    facet::{Counts, Facet},
    matches::{Matches, Set},
    part::{Part, Place, Wanted, in_time},
};
use crate::segments::{Sealed, SegmentError};

impl Part for Sealed {
    fn len(&self) -> u32 {
        self.layout().rows()
    }

    fn bounds(&self) -> Result<Option<(Place, Place)>, SegmentError> {
        Ok(self.layout().oldest().zip(self.layout().newest()))
    }

    fn place(&self, position: u32) -> Result<Place, SegmentError> {
        Sealed::place(self, position)
    }

    fn first_from(&self, place: Place) -> Result<u32, SegmentError> {
        Sealed::first_from(self, place)
    }

    fn position(&self, index: u64) -> Result<Option<u32>, SegmentError> {
        Sealed::position(self, index)
    }

    fn matches(&self, wanted: &Wanted) -> Result<Matches<'_>, SegmentError> {
        let filter = &wanted.filter;
        let mut sets = Vec::new();
        for (field, value) in terms_of(filter) {
            let Some(term) = self.term(field, &value)? else { return Ok(Matches::none()) };
            sets.push(Set::stored(u64::from(term.rows), Box::new(move || self.postings(&term))));
        }
        for word in filter.words.iter().filter(|word| word.prefix) {
            sets.push(Set::Owned(self.union(&self.terms_with_prefix(Field::Word, &word.text)?)?));
        }
        let mut matches = Matches::new(in_time(self, filter)?, self.len());
        if let Some(as_of) = filter.as_of
            && as_of < self.indexes().end
        {
            matches = match self.before(as_of)? {
                Before::First(0) => return Ok(Matches::none()),
                Before::First(count) => matches.within(0..count),
                Before::Scattered(positions) => matches.and(Set::Owned(positions)),
            };
        }
        Ok(sets.into_iter().fold(matches, Matches::and))
    }

    fn count(&self, facet: Facet, matches: &Matches, counts: &mut Counts) -> Result<(), SegmentError> {
        let field = match facet {
            Facet::Action => Field::Action,
            Facet::User => Field::User,
            Facet::Workspace => Field::Workspace,
            Facet::Source => Field::Source,
            Facet::ObjectType => Field::ObjectType,
        };
        for (value, term) in self.terms_with_prefix(field, "")? {
            let count = if matches.is_whole() {
                u64::from(term.rows)
            } else {
                matches.count_in(&Set::Borrowed(&*self.postings(&term)?))?
            };
            counts.add(|| value, count);
        }
        Ok(())
    }
}

/// The positions of a segment's entries that match a filter, its token included.
pub fn matching(segment: &Sealed, filter: &Filter) -> Result<RoaringBitmap, SegmentError> {
    let wanted = Wanted { filter: filter.clone(), counted: false, found: None };
    let mut matches = Part::matches(segment, &wanted)?;
    if let Some(token) = &filter.token {
        let found = LogToken::parse(token).map_or(Ok(None), |token| segment.find(token))?;
        matches = matches.within(found.map_or(0..0, |position| position..position + 1));
    }
    Ok(matches.positions()?.into_iter().collect())
}

/// What a filter wants of fields, but for prefixes.
fn terms_of(filter: &Filter) -> impl Iterator<Item = (Field, String)> {
    let fields = [
        (Field::ObjectToken, filter.object_token.clone()),
        (Field::ObjectTitle, filter.object_title.clone()),
        (Field::User, filter.user_id.map(|user| user.to_string())),
        (Field::Workspace, filter.workspace_token.clone()),
        (Field::Source, filter.source.clone()),
        (Field::ObjectType, filter.object_type.clone()),
        (Field::Action, filter.action.map(|action| action.as_str().to_owned())),
        (Field::Changed, filter.changed.clone()),
    ];
    let words = filter.words.iter().filter(|word| !word.prefix).map(|word| (Field::Word, word.text.clone()));
    fields.into_iter().filter_map(|(field, value)| Some((field, value?))).chain(words)
}
