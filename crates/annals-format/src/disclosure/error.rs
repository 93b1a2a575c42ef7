//! What can be wrong with a disclosure.

use super::Disclosure;
use crate::entry::Section;

/// Why something is not the disclosure of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DisclosureError {
    /// It is longer than [`Disclosure::BYTES_MAX`].
    #[error("a disclosure is at most {} MiB long", Disclosure::BYTES_MAX >> 20)]
    TooLong,
    /// It is of a version that is not known here.
    #[error("the disclosure is of a version that is not known here")]
    Version,
    /// It does not have exactly the members that it should, or not in the one spelling there is.
    #[error("a disclosure has a version, a leaf and sections with salt and text, in one exact spelling")]
    Form,
    /// Its leaf is not one of an entry.
    #[error("the leaf is not that of an entry")]
    Leaf,
    /// The leaf has another digest for this section.
    #[error("the text or the salt of section `{0}` is not what its digest in the leaf was made of")]
    Digest(Section),
    /// The leaf does have the digest of this text, but it is not the text of such a section.
    #[error("the text of section `{0}` is not what such a section holds")]
    Section(Section),
}
