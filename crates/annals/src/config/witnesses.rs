//! Witnesses as they are written: a URL and verifier keys, with spaces between.

use annals_tlog::note::{KeyType, VerifierKey};

use super::{
    keys::{URL, web_url},
    setting::Origin,
};
use crate::{limits::WITNESS_KEYS_MAX, witness::client::Witness};

/// Reads witnesses; adds a fault for each that is not one. Keys are not repeated in faults: a secret one that was given by
/// mistake must not end up in a log.
pub(super) fn parse(entries: &[String], origin: &Origin, faults: &mut Vec<String>) -> Vec<Witness> {
    let mut witnesses: Vec<Witness> = Vec::new();
    for (number, entry) in (1..).zip(entries) {
        let read = read(entry).and_then(|witness| match clash(&witness, &witnesses) {
            Some(clash) => Err(clash),
            None => Ok(witness),
        });
        match read {
            Ok(witness) => witnesses.push(witness),
            Err(fault) => faults.push(format!("number {number} of the witnesses {fault} ({origin})")),
        }
    }
    let keys: usize = witnesses.iter().map(|witness| witness.keys.len()).sum();
    if keys > WITNESS_KEYS_MAX {
        faults.push(format!("the witnesses have {keys} keys, more than {WITNESS_KEYS_MAX} ({origin})"));
    }
    witnesses
}

/// Reads a witness; the fault is to be read after its number.
fn read(entry: &str) -> Result<Witness, String> {
    let mut words = entry.split_whitespace();
    let url = words.next().and_then(web_url).ok_or_else(|| format!("does not begin with {URL}"))?;
    let mut keys = Vec::new();
    for (number, word) in (1..).zip(words) {
        let key: VerifierKey = word
            .parse()
            .map_err(|error| format!("({url}) has no verifier key as its key {number}: {error}"))?;
        if key.key_type() == KeyType::Ed25519 {
            return Err(format!("({url}) has a key of a log as its key {number}, not one that cosigns"));
        }
        if keys.contains(&key) {
            return Err(format!("({url}) has its key {number} twice"));
        }
        keys.push(key);
    }
    if keys.is_empty() {
        return Err(format!("({url}) has no verifier key behind its URL"));
    }
    Ok(Witness { url, keys })
}

/// What a witness must not share with another; the fault is to be read after its number.
fn clash(witness: &Witness, others: &[Witness]) -> Option<String> {
    let url = &witness.url;
    others.iter().find_map(|other| {
        let shared = |key| other.keys.contains(key);
        if other.url == *url {
            Some(format!("({url}) is there before"))
        } else if witness.keys.iter().any(shared) {
            Some(format!("({url}) has a key of {}", other.url))
        } else {
            None
        }
    })
}
