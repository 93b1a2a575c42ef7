//! The parameters of `GET /v2/audit_logs/{token}/proof`.

use super::decode_pairs;
use crate::{
    entry::Section,
    sentence::{nearest, quoted},
};

/// A proof as it was asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ProofQuery {
    /// The sections that are left out.
    pub withhold: Vec<Section>,
}

impl ProofQuery {
    /// Reads a query string; the error holds one sentence for each fault. A name that is passed over would disclose what its
    /// caller wanted to withhold.
    pub fn parse(query: &str) -> Result<Self, Vec<String>> {
        let pairs = decode_pairs(query).map_err(|fault| vec![fault])?;
        let (mut proof, mut faults, mut seen) = (Self::default(), Vec::new(), false);
        for (name, value) in &pairs {
            if name != "withhold" {
                faults.push(format!("{} is no parameter of a proof; there is withhold", quoted(name)));
            } else if std::mem::replace(&mut seen, true) {
                faults.push("withhold is given more than once: separate the names with commas".to_owned());
            } else {
                for name in value.split(',') {
                    match Section::parse(name) {
                        Some(section) => proof.withhold.push(section),
                        None => faults.push(unknown(name)),
                    }
                }
            }
        }
        faults.truncate(crate::limits::FAULTS_REPORTED_MAX);
        if faults.is_empty() { Ok(proof) } else { Err(faults) }
    }
}

fn unknown(name: &str) -> String {
    let meant = nearest(name, &Section::ALL.map(Section::as_str));
    let meant = meant.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
    format!(
        "withhold must be of actor, object, change and context, with commas between, not {}{meant}",
        quoted(name)
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_are_named_with_commas() {
        let withheld = |query| ProofQuery::parse(query).map(|proof| proof.withhold);
        assert_eq!(withheld(""), Ok(Vec::new()));
        assert_eq!(withheld("withhold=actor"), Ok(vec![Section::Actor]));
        assert_eq!(withheld("withhold=context%2Cactor"), Ok(vec![Section::Context, Section::Actor]));
        assert_eq!(withheld("withhold=actor,object,change,context"), Ok(Section::ALL.to_vec()));
    }

    #[test]
    fn faults_are_named() {
        let faults = |query| ProofQuery::parse(query).expect_err("invalid").join("\n");
        insta::assert_snapshot!(
            [
                "withhold=",
                "withhold=actor,",
                "withhold=actor,%20context",
                "withhold=Actor",
                "withhold=user",
                "withold=actor",
                "withhold=actor&withhold=context",
                "withhold=actors,contexts&page=1",
                "withhold=%ff",
            ]
            .map(|query| format!("{query}\n    {}", faults(query).replace('\n', "\n    ")))
            .join("\n")
        );
    }
}
