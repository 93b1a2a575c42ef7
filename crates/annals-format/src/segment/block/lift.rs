//! What is lifted out of the rows of a block before they are compressed, and put back after.

use super::{Arranged, BlockRow, LIFTED, LIFTED_ERASED};
use crate::{
    LogToken, Row, Timestamp,
    entry::{
        CorruptRow,
        row::{self, Bindings},
    },
    segment::bytes::{Cursor, Reason, TOO_SHORT, push_leb},
    time::TEXT_BYTES,
};

const TOKEN_START: &str = "\"token\":\"";
const TIME_START: &str = "\"created_at\":\"";

/// Takes out of rows what need not be compressed, if each of them can be put together again.
pub(super) fn lift(rows: &[BlockRow]) -> Option<Arranged> {
    let mut lifted = Lifted::default();
    let mut texts = Vec::with_capacity(rows.len());
    let mut again = String::new();
    for BlockRow { bytes, row } in rows {
        let row = row.as_ref()?;
        let [envelope, rest @ ..] = row.texts();
        let envelope = envelope.strip_prefix(TOKEN_START)?;
        let (token_text, envelope) = envelope.split_once('"')?;
        let envelope = envelope.strip_suffix('"')?;
        let (envelope, time_text) = envelope.split_at_checked(envelope.len().checked_sub(TEXT_BYTES)?)?;
        let token = LogToken::parse(token_text)?;
        // What is left out is put back just as it was: the instant as it is written, and the lengths. A token has one text only.
        again.clear();
        row.created_at().push_to(&mut again);
        let same = again == time_text && row::stored_length(row.bindings(), row.texts()) == bytes.len();
        if !same {
            return None;
        }
        lifted.tokens.push(token);
        lifted.instants.push(row.created_at().us());
        lifted.bindings.push(row.bindings().clone());
        texts.push([envelope.strip_suffix(TIME_START)?, rest[0], rest[1], rest[2], rest[3], rest[4]]);
    }
    let mut packed = Vec::with_capacity(rows.iter().map(|row| row.bytes.len()).sum());
    for text in texts.iter().flatten() {
        push_leb(&mut packed, text.len() as u64);
    }
    for text in texts.iter().flatten() {
        packed.extend_from_slice(text.as_bytes());
    }
    Some(Arranged { form: lifted.form(), raw: lifted.encode()?, packed })
}

/// What is taken out of the rows of a block.
#[derive(Debug, Default)]
pub(super) struct Lifted {
    bindings: Vec<Bindings>,
    tokens: Vec<LogToken>,
    instants: Vec<i64>,
}

impl Lifted {
    fn form(&self) -> u8 {
        if self.bindings.iter().all(|bindings| bindings.mask() == 0) { LIFTED } else { LIFTED_ERASED }
    }

    fn encode(&self) -> Option<Vec<u8>> {
        let mut raw = Vec::with_capacity(self.bindings.len() * 32);
        if self.form() == LIFTED_ERASED {
            raw.extend(self.bindings.iter().map(Bindings::mask));
        }
        for bindings in &self.bindings {
            bindings.write(&mut raw);
        }
        raw.extend(self.tokens.iter().flat_map(|token| token.0.to_le_bytes()));
        let mut last = *self.instants.first()?;
        raw.extend_from_slice(&last.to_le_bytes());
        for us in self.instants.get(1..)? {
            push_leb(&mut raw, us.checked_sub(last)?.try_into().ok()?);
            last = *us;
        }
        Some(raw)
    }

    pub(super) fn decode(cursor: &mut Cursor, count: usize, form: u8) -> Result<Self, Reason> {
        let mut lifted = Self::default();
        let masks = if form == LIFTED_ERASED { cursor.take(count)?.to_vec() } else { vec![0; count] };
        for mask in masks {
            let length = Bindings::length(mask).ok_or("an unknown section is erased")?;
            let bindings = Bindings::decode(mask, cursor.take(length)?).ok_or(TOO_SHORT)?;
            lifted.bindings.push(bindings);
        }
        for _ in 0..count {
            lifted.tokens.push(LogToken(cursor.u64()?));
        }
        let mut us = cursor.u64()?.cast_signed();
        lifted.instants.push(us);
        for _ in 1..count {
            us = us.checked_add_unsigned(cursor.leb()?).ok_or("an instant is out of range")?;
            lifted.instants.push(us);
        }
        Ok(lifted)
    }

    /// Gives each row, or why it is none. Its envelope is put together in the place of the one before, and its other texts
    /// are those in `packed`, which are found to be UTF-8 all at once.
    pub(super) fn each_decoded(
        &self,
        packed: &[u8],
        envelope: &mut String,
        mut each: impl FnMut(Result<Row, CorruptRow>),
    ) -> Result<(), Reason> {
        let (lengths, cursor) = self.lengths(packed)?;
        let Some(texts) = texts(&lengths, cursor.rest()) else {
            return self.each_row(packed, |row| each(Row::decode(row)));
        };
        let rows = self.bindings.iter().zip(&self.tokens).zip(&self.instants).zip(texts);
        for (((bindings, token), us), [rest_of_envelope, actor, object, changed, unchanged, context]) in rows
        {
            let created_at = Timestamp::from_us(*us);
            envelope.clear();
            envelope.push_str(TOKEN_START);
            token.push_to(envelope);
            envelope.extend(["\"", rest_of_envelope, TIME_START]);
            created_at.push_to(envelope);
            envelope.push('"');
            let texts = [envelope, actor, object, changed, unchanged, context];
            each(Ok(Row::of_texts(bindings.clone(), created_at, texts)));
        }
        Ok(())
    }

    /// The lengths of the texts of each row, and what comes after them.
    fn lengths<'a>(&self, packed: &'a [u8]) -> Result<(Vec<[usize; 6]>, Cursor<'a>), Reason> {
        let mut cursor = Cursor::new(packed);
        let mut lengths = Vec::with_capacity(self.bindings.len());
        for _ in &self.bindings {
            let mut of_row = [0; 6];
            for length in &mut of_row {
                *length = cursor.leb32()? as usize;
            }
            lengths.push(of_row);
        }
        Ok((lengths, cursor))
    }

    /// Gives each row, put together in the place of the one before.
    pub(super) fn each_row(&self, packed: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), Reason> {
        let (lengths, mut cursor) = self.lengths(packed)?;
        let mut row = Vec::new();
        for (((bindings, token), us), lengths) in
            self.bindings.iter().zip(&self.tokens).zip(&self.instants).zip(lengths)
        {
            let mut texts: [&[u8]; 6] = [&[]; 6];
            for (text, length) in texts.iter_mut().zip(lengths) {
                *text = cursor.take(length)?;
            }
            let token = token.to_string();
            let time = Timestamp::from_us(*us).to_string();
            let [envelope, actor, object, changed, unchanged, context] = texts;
            let envelope: &[&[u8]] = &[
                TOKEN_START.as_bytes(),
                token.as_bytes(),
                b"\"",
                envelope,
                TIME_START.as_bytes(),
                time.as_bytes(),
                b"\"",
            ];
            let texts = [envelope, &[actor], &[object], &[changed], &[unchanged], &[context]];
            row.clear();
            row.reserve(lengths.iter().sum::<usize>() + 128 + row::HEAD_BYTES_MAX);
            row::write(&mut row, bindings, *us, texts);
            each(&row);
        }
        cursor.end()
    }
}

/// The texts of rows, if they are texts and nothing else.
fn texts<'a>(lengths: &[[usize; 6]], packed: &'a [u8]) -> Option<Vec<[&'a str; 6]>> {
    let mut rest = simdutf8::basic::from_utf8(packed).ok()?;
    let mut texts = Vec::with_capacity(lengths.len());
    for lengths in lengths {
        let mut of_row = [""; 6];
        for (text, length) in of_row.iter_mut().zip(lengths) {
            (*text, rest) = rest.split_at_checked(*length)?;
        }
        texts.push(of_row);
    }
    rest.is_empty().then_some(texts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::entry::Section;

    proptest! {
        /// Whatever stands in the place of texts, even what is none.
        #[test]
        fn rows_as_they_lie_say_what_rows_that_are_put_together_say(
            rows in prop::collection::vec((any::<[u8; 16]>(), 0_usize..4, any::<[[bool; 3]; 6]>()), 1..17),
            spoilt in prop::option::of((any::<prop::sample::Index>(), any::<u8>())),
            cut: Option<prop::sample::Index>,
        ) {
            let (mut lifted, mut packed, mut texts) = (Lifted::default(), Vec::new(), Vec::new());
            for (seed, erased, pieces) in &rows {
                let mask = u8::try_from(*erased).expect("small");
                let bytes = seed.repeat(8);
                let bindings = Bindings::decode(mask, &bytes[..Bindings::length(mask).expect("a mask")]);
                lifted.bindings.push(bindings.expect("as many bytes as it has"));
                lifted.tokens.push(LogToken(seed[0].into()));
                lifted.instants.push(seed[1].into());
                for pieces in pieces {
                    let text: String = ["ä", "b", "語"].iter().zip(pieces).filter(|one| *one.1).map(|one| *one.0).collect();
                    push_leb(&mut packed, text.len() as u64);
                    texts.extend_from_slice(text.as_bytes());
                }
            }
            if let Some((at, byte)) = spoilt && !texts.is_empty() {
                let at = at.index(texts.len());
                texts[at] = byte;
            }
            packed.append(&mut texts);
            if let Some(cut) = cut {
                packed.truncate(cut.index(packed.len()));
            }
            let says = |row: Result<Row, CorruptRow>| row.map(|row| {
                (row.leaf(), row.created_at(), Section::ALL.map(|section| row.section(section)), row.erase(&[]))
            });
            let (mut expected, mut found) = (Vec::new(), Vec::new());
            let expected_end = lifted.each_row(&packed, |row| expected.push(says(Row::decode(row))));
            let end = lifted.each_decoded(&packed, &mut String::new(), |row| found.push(says(row)));
            prop_assert_eq!((found, end), (expected, expected_end));
        }
    }
}
