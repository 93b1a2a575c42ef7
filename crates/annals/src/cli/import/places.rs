//! Reading which events of a batch the server refuses.

use std::collections::BTreeMap;

/// The reasons for each event that the sentences name by its place, from 0: `audit_logs[3].object_type is missing`.
///
/// Sentences without a place, or with one that is not in a batch of `length`, are about no event and left out.
pub(super) fn by_place(sentences: &[String], length: usize) -> BTreeMap<usize, String> {
    let mut reasons = BTreeMap::<usize, String>::new();
    for sentence in sentences {
        if let Some((place, reason)) = place(sentence).filter(|(place, _)| *place < length) {
            let reasons = reasons.entry(place).or_default();
            if !reasons.is_empty() {
                reasons.push_str("; ");
            }
            reasons.push_str(reason);
        }
    }
    reasons
}

/// `audit_logs[3].object_type is missing` → 3 and `object_type is missing`.
fn place(sentence: &str) -> Option<(usize, &str)> {
    let (number, rest) = sentence.strip_prefix("audit_logs[")?.split_once(']')?;
    let place = number.parse().ok()?;
    let reason = rest.strip_prefix(['.', ':']).unwrap_or(rest).trim();
    Some((place, reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_and_reasons_are_told_apart() {
        for (sentence, expected) in [
            ("audit_logs[3].object_type is missing", Some((3, "object_type is missing"))),
            (
                "audit_logs[0].token adt_lg_1 was already recorded with other content",
                Some((0, "token adt_lg_1 was already recorded with other content")),
            ),
            ("audit_logs[12] is not acceptable JSON: …", Some((12, "is not acceptable JSON: …"))),
            ("audit_logs[999].metadata.a[3] is x", Some((999, "metadata.a[3] is x"))),
            ("the workspace audit_logs[3] is unknown", None),
            ("audit_logs[-1] is x", None),
            ("audit_logs[99999999999999999999999] is x", None),
            ("audit_logs[] is x", None),
            ("audit_logs is empty", None),
            ("audit_logs[3", None),
            ("and 12 more", None),
        ] {
            assert_eq!(place(sentence), expected, "{sentence}");
        }
    }

    #[test]
    fn reasons_of_one_event_are_joined_and_others_left_out() {
        let sentences = [
            "audit_logs[4].event is missing",
            "audit_logs[1].user_id must be a whole number",
            "audit_logs[4].object_type is missing",
            "audit_logs[5].event is missing",
            "and 3 more",
        ]
        .map(str::to_owned);
        let reasons: Vec<_> = by_place(&sentences, 5).into_iter().collect();
        assert_eq!(
            reasons,
            [
                (1, "user_id must be a whole number".to_owned()),
                (4, "event is missing; object_type is missing".to_owned())
            ]
        );
    }
}
