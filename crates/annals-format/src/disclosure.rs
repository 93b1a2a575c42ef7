//! A disclosure: an entry's leaf with the texts and salts of those sections that its reader may see.
//!
//! It is what a proof file holds of an entry. Whoever has it computes the hash of the leaf and the digests of the
//! sections, and needs nobody's word for either; of a section that is left out it says nothing that could be found out
//! by trying. `docs/formats.md` specifies its bytes, of which there is one spelling for an entry and a choice of sections.

mod error;
mod leaf;
mod shape;

use std::fmt;

use annals_tlog::{Hash, proof_file::ProofFile};

pub use self::error::DisclosureError;
use self::{leaf::Leaf, shape::fields};
use crate::{
    LogToken, Row, Timestamp,
    entry::{Section, leaf as hashing, leaf::Salt},
    hex, json,
};

/// The version that is written and read here.
const VERSION: &str = "1";

impl Row<'_> {
    /// The disclosure of this entry without the sections in `withhold`, and without those that are no longer there.
    pub fn disclosure(&self, withhold: &[Section]) -> String {
        let salts = self.bindings().salts();
        let sections = Section::ALL.into_iter().zip(&salts.0).map(|(section, salt)| {
            let text = if withhold.contains(&section) { None } else { self.section(section) };
            text.map(|text| Disclosed { salt: *salt, text })
        });
        text(&self.leaf(), sections.collect::<Vec<_>>().iter().map(Option::as_ref))
    }
}

/// An entry as far as it is disclosed: read from bytes, and found to be in itself what it says.
///
/// That the entry is in a log is shown by a proof for [`Disclosure::leaf_hash`]; without one, anybody could have
/// written it. [`Display`](fmt::Display) gives the bytes that it was read from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disclosure {
    leaf: Leaf,
    /// In the order of [`Section::ALL`].
    sections: [Option<Disclosed>; 4],
}

/// A section that is disclosed.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Disclosed {
    salt: Salt,
    /// With its braces.
    text: String,
}

impl Disclosure {
    /// Longest disclosure, in bytes: what fits into a proof file. The largest entry takes less.
    pub const BYTES_MAX: usize = ProofFile::EXTRA_BYTES_MAX;

    /// Reads a disclosure, and checks that its leaf is one and that each section is what the leaf has a digest of.
    ///
    /// # Errors
    ///
    /// `bytes` is longer than [`Disclosure::BYTES_MAX`], of another version, or spelt otherwise than specified; or a
    /// section's text or salt is not what the leaf's digest was made of.
    pub fn parse(bytes: &[u8]) -> Result<Self, DisclosureError> {
        if bytes.len() > Self::BYTES_MAX {
            return Err(DisclosureError::TooLong);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| DisclosureError::Form)?;
        match json::members(text).next() {
            Some(("version", VERSION)) => {}
            Some(("version", other)) if other.bytes().all(|byte| byte.is_ascii_digit()) => {
                return Err(DisclosureError::Version);
            }
            _ => return Err(DisclosureError::Form),
        }
        let members = fields(text, ["version", "leaf", "sections"]);
        let [_, leaf, sections] = members.ok_or(DisclosureError::Form)?;
        let leaf = json::string(leaf).ok_or(DisclosureError::Form)?;
        let leaf = Leaf::parse(leaf.into_owned()).ok_or(DisclosureError::Leaf)?;
        let mut disclosure = Self { leaf, sections: [const { None }; 4] };
        for (name, value) in json::members(sections) {
            let section = Section::parse(name).ok_or(DisclosureError::Form)?;
            let disclosed = Disclosed::parse(value).ok_or(DisclosureError::Form)?;
            let digest = hashing::digest(&disclosed.salt, &[&disclosed.text]);
            if disclosure.leaf.digest(section) != Some(&digest) {
                return Err(DisclosureError::Digest(section));
            }
            if !shape::is_section(section, &disclosed.text) {
                return Err(DisclosureError::Section(section));
            }
            if let Some(slot) = disclosure.sections.get_mut(section as usize) {
                *slot = Some(disclosed);
            }
        }
        // Whatever was passed over or read twice shows here: there is one spelling only.
        if disclosure.to_string() == text { Ok(disclosure) } else { Err(DisclosureError::Form) }
    }

    /// The text of the leaf.
    pub fn leaf(&self) -> &str {
        self.leaf.text()
    }

    /// The hash of the leaf, which a proof for this entry begins with.
    pub fn leaf_hash(&self) -> Hash {
        hashing::hash(self.leaf())
    }

    /// The entry's token.
    pub fn token(&self) -> LogToken {
        self.leaf.token()
    }

    /// When it happened, to the microsecond.
    pub fn created_at(&self) -> Timestamp {
        self.leaf.created_at()
    }

    /// The members of the envelope, which is always disclosed, without braces around them.
    pub fn envelope(&self) -> &str {
        self.leaf.envelope()
    }

    /// The text of a section, with its braces; `None` if it is not disclosed.
    pub fn section(&self, section: Section) -> Option<&str> {
        Some(&self.disclosed(section)?.text)
    }

    /// The sections that are not disclosed: they were withheld, or erased before.
    pub fn withheld(&self) -> impl Iterator<Item = Section> {
        Section::ALL.into_iter().filter(|section| self.disclosed(*section).is_none())
    }

    /// The AuditLog object that readers get, without the fields of sections that are not disclosed. `index` is the
    /// entry's place in its log, which the leaf does not hold.
    pub fn audit_log(&self, index: u64) -> String {
        let mut out = format!("{{{}", self.envelope());
        for section in Section::ALL {
            let Some(text) = self.section(section) else { continue };
            for (name, value) in json::members(text) {
                out.extend([",\"", name, "\":", value]);
            }
            if let Some([changed, _]) = fields(text, ["changed_values", "unchanged_values"]) {
                out.extend([",\"object_changes\":", changed]);
            }
        }
        out.extend([",\"index\":", &index.to_string(), "}"]);
        out
    }

    fn disclosed(&self, section: Section) -> Option<&Disclosed> {
        self.sections.get(section as usize)?.as_ref()
    }
}

impl fmt::Display for Disclosure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text(self.leaf(), self.sections.iter().map(Option::as_ref)))
    }
}

impl Disclosed {
    fn parse(value: &str) -> Option<Self> {
        let [salt, text] = fields(value, ["salt", "text"])?;
        Some(Self { salt: leaf::hex(&json::string(salt)?)?, text: json::string(text)?.into_owned() })
    }
}

/// The one spelling of a disclosure; `sections` are in the order of [`Section::ALL`].
fn text<'a>(leaf: &str, sections: impl Iterator<Item = Option<&'a Disclosed>>) -> String {
    let mut out = format!("{{\"version\":{VERSION},\"leaf\":");
    json::write_string(&mut out, leaf);
    out.push_str(",\"sections\":{");
    let disclosed = Section::ALL.into_iter().zip(sections).filter_map(|(section, it)| Some((section, it?)));
    for (at, (section, disclosed)) in disclosed.enumerate() {
        out.extend([if at > 0 { ",\"" } else { "\"" }, section.as_str(), "\":{\"salt\":\""]);
        hex::push(&mut out, &disclosed.salt);
        out.push_str("\",\"text\":");
        json::write_string(&mut out, &disclosed.text);
        out.push('}');
    }
    out.push_str("}}");
    out
}

#[cfg(test)]
mod tests;
