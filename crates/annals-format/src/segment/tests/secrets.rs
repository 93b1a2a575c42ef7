//! Texts that are planted in entries, and looked for in everything that a file says.

use std::{cell::RefCell, collections::BTreeSet, ops::ControlFlow, sync::Arc};

use super::support::{File, Made};
use crate::{
    entry::{Salts, Section},
    segment::*,
};

/// A text that nobody else has: hexadecimal digits, or sixteen letters of another script.
pub(super) fn secret(number: u64, plain: bool) -> String {
    let mixed = number.wrapping_add(1).wrapping_mul(0xd6e8_feb8_6659_fd93);
    let digits = format!("{mixed:016x}");
    if plain {
        return digits;
    }
    let letter = |digit: char| digit.to_digit(16).and_then(|digit| char::from_u32(u32::from('α') + digit));
    digits.chars().filter_map(letter).collect()
}

/// Gives each section of each entry two texts that nobody else has, and one that those of the same person have.
pub(super) fn plant(made: &mut [Made], persons: u64) {
    for (made, at) in made.iter_mut().zip(0_u64..) {
        for (section, number) in Section::ALL.into_iter().zip(0..) {
            let person = secret(1 << 40 | (at % persons) << 2 | number, number % 2 == 0);
            for text in
                [secret(at << 3 | number << 1, true), secret(at << 3 | number << 1 | 1, false), person]
            {
                made.secrets.push((section, text));
            }
        }
    }
}

/// What only erased sections and pruned entries say: texts, salts, and the seeds that salts come from.
pub(super) fn gone(made: &[Made]) -> BTreeSet<Vec<u8>> {
    let (mut gone, mut stays) = (BTreeSet::new(), BTreeSet::new());
    for made in made {
        for (section, text) in &made.secrets {
            let of = if made.pruned || made.erased.contains(section) { &mut gone } else { &mut stays };
            of.insert(text.clone().into_bytes());
        }
        if made.pruned || !made.erased.is_empty() {
            gone.insert(made.seed().to_vec());
        }
    }
    &gone - &stays
}

/// The salts of what is erased. A row has none before something of it is erased.
pub(super) fn salts(made: &[Made]) -> impl Iterator<Item = Vec<u8>> {
    let of = |made: &Made| {
        let salts = Section::ALL.into_iter().zip(Salts::derive(&made.seed()).0);
        let gone = salts.filter(|(section, _)| made.pruned || made.erased.contains(section));
        gone.map(|(_, salt)| salt.to_vec()).collect::<Vec<_>>()
    };
    made.iter().flat_map(of)
}

/// A file that remembers what its parts hold once they are decoded.
struct Opened<'a> {
    file: &'a File,
    said: RefCell<Vec<u8>>,
}

impl Parts for Opened<'_> {
    type Error = Corrupt;

    fn get(&self, extents: &[Extent]) -> Result<Vec<Arc<Part>>, Corrupt> {
        let parts = self.file.get(extents)?;
        for part in &parts {
            let mut said = self.said.borrow_mut();
            match &**part {
                Part::Dictionary(dictionary) => said.extend_from_slice(dictionary.as_bytes()),
                Part::Directory(directory) => said.extend(directory.blocks.iter().flat_map(|block| &block.0)),
                _ => {}
            }
        }
        Ok(parts)
    }
}

/// Everything that a file says: its bytes, its rows, its terms, what else its parts hold.
pub(super) fn everything(file: &File) -> Vec<u8> {
    let opened = Opened { file, said: RefCell::new(file.0.clone()) };
    let segment = file.open().expect("own segment");
    let mut said = Vec::new();
    for row in segment.all_rows(&opened) {
        said.extend(row.expect("own row"));
    }
    for field in Field::ALL {
        let all = |term: &[u8], _: Term| {
            said.extend_from_slice(term);
            said.push(0);
            ControlFlow::Continue(())
        };
        segment.terms_with_prefix(&opened, field, "", all).expect("own terms");
    }
    said.append(&mut opened.said.borrow_mut());
    said
}

/// Which of these byte strings, of 16 bytes and more, are in there.
pub(super) fn found(wanted: &BTreeSet<Vec<u8>>, said: &[u8]) -> BTreeSet<Vec<u8>> {
    let starts: BTreeSet<&[u8]> = wanted.iter().map(|wanted| &wanted[..16]).collect();
    let at = (0..said.len()).filter(|at| said.get(*at..at + 16).is_some_and(|start| starts.contains(start)));
    let at: Vec<usize> = at.collect();
    wanted.iter().filter(|wanted| at.iter().any(|at| said[*at..].starts_with(wanted))).cloned().collect()
}
