//! What binds the sections of a row to its leaf: the seed of all salts or, once something was erased, a salt or a digest
//! of each.

use crate::entry::{Salts, Section, Seed, leaf::Digest};

/// What binds the sections of a row to its leaf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Bindings {
    /// Nothing is erased: all salts come from this seed.
    Seed(Seed),
    /// Something is erased, and the seed with it, as it would give the salt of what is gone. In the order of
    /// [`Section::ALL`].
    Each([Binding; 4]),
}

/// What binds a section to its leaf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Binding {
    /// It stays: its digest is computed of its salt and its text.
    Salt([u8; 16]),
    /// It is erased: its digest is all that there is.
    Digest(Digest),
}

/// The bits of these sections in a mask.
pub(super) fn mask_of(sections: &[Section]) -> u8 {
    sections.iter().fold(0, |mask, section| mask | bit(*section))
}

fn bit(section: Section) -> u8 {
    1 << section as u8
}

impl Bindings {
    /// Bytes that bindings take of which these are erased; `None` if the mask has other bits than those of sections.
    pub(crate) fn length(mask: u8) -> Option<usize> {
        match mask {
            0 => Some(16),
            1..16 => Some(4 * 16 + 16 * mask.count_ones() as usize),
            _ => None,
        }
    }

    /// Reads what [`Self::write`] wrote.
    pub(crate) fn decode(mask: u8, bytes: &[u8]) -> Option<Self> {
        if mask == 0 {
            return bytes.try_into().ok().map(Self::Seed);
        }
        let mut rest = bytes;
        let mut each = [Binding::Salt([0; 16]); 4];
        for (binding, section) in each.iter_mut().zip(Section::ALL) {
            if mask & bit(section) == 0 {
                let (salt, after) = rest.split_first_chunk()?;
                (*binding, rest) = (Binding::Salt(*salt), after);
            } else {
                let (digest, after) = rest.split_first_chunk()?;
                (*binding, rest) = (Binding::Digest(*digest), after);
            }
        }
        rest.is_empty().then_some(Self::Each(each))
    }

    /// Appends the seed, or the salt or digest of each section.
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match self {
            Self::Seed(seed) => out.extend_from_slice(seed),
            Self::Each(each) => {
                for binding in each {
                    match binding {
                        Binding::Salt(salt) => out.extend_from_slice(salt),
                        Binding::Digest(digest) => out.extend_from_slice(digest),
                    }
                }
            }
        }
    }

    /// The sections that are erased, a bit each, the lowest for the first.
    pub(crate) fn mask(&self) -> u8 {
        let Self::Each(each) = self else { return 0 };
        let erased = each.iter().zip(Section::ALL);
        erased
            .filter(|(binding, _)| matches!(binding, Binding::Digest(_)))
            .fold(0, |mask, (_, section)| mask | bit(section))
    }

    pub(super) fn is_erased(&self, section: Section) -> bool {
        self.mask() & bit(section) != 0
    }

    /// The same with the sections of this mask erased, and no others.
    pub(super) fn erased(&self, mask: u8, digests: [Digest; 4]) -> Self {
        let mut each = self.salts().0.map(Binding::Salt);
        for ((binding, section), digest) in each.iter_mut().zip(Section::ALL).zip(digests) {
            if mask & bit(section) != 0 {
                *binding = Binding::Digest(digest);
            }
        }
        Self::Each(each)
    }

    /// The salts of the sections that stay; zeros for the others.
    pub(crate) fn salts(&self) -> Salts {
        match self {
            Self::Seed(seed) => Salts::derive(seed),
            Self::Each(each) => Salts(each.map(|binding| match binding {
                Binding::Salt(salt) => salt,
                Binding::Digest(_) => [0; 16],
            })),
        }
    }

    /// The digests of all sections; `of_texts` computes those of texts with their salts.
    pub(super) fn digests(&self, of_texts: impl FnOnce(&Salts) -> [Digest; 4]) -> [Digest; 4] {
        let mut digests = of_texts(&self.salts());
        if let Self::Each(each) = self {
            for (digest, binding) in digests.iter_mut().zip(each) {
                if let Binding::Digest(kept) = binding {
                    *digest = *kept;
                }
            }
        }
        digests
    }
}
