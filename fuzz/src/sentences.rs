//! Sentences about faults: there is one at least, and none repeats a body back to its sender.

use annals_format::event::BodyError;

/// More than any sentence needs, and less than what a client could make us repeat.
const BYTES_MAX: usize = 1_024;

/// Checks the sentences of a refusal.
pub(crate) fn check(sentences: &[String]) {
    assert!(!sentences.is_empty(), "a refusal without a reason");
    for sentence in sentences {
        assert!(!sentence.is_empty());
        assert!(sentence.len() <= BYTES_MAX, "a sentence of {} bytes: {sentence:.200}…", sentence.len());
    }
}

/// Checks the sentences about a body.
pub(crate) fn check_body(error: &BodyError) {
    let (BodyError::Malformed(sentences) | BodyError::Invalid(sentences) | BodyError::TooLarge(sentences)) =
        error;
    check(sentences);
}
