//! What was proven, in words and for programs, and what was not.

use std::io::Write;

use annals_client::AuditLog;
use annals_format::entry::Section;
use serde::Serialize;
use serde_json::value::RawValue;

use super::{file::Proven, keys::name};
use crate::cli::{
    output::{Screen, grouped, plain},
    show,
};

pub(super) fn print(out: &mut impl Write, proven: &Proven, screen: Screen) -> anyhow::Result<()> {
    print_entry(out, proven, screen)?;
    let checkpoint = proven.file.checkpoint();
    let (origin, size) = (plain(checkpoint.origin()), grouped(checkpoint.size()));
    writeln!(out, "\nProven:")?;
    writeln!(out, "  The log {origin} has this entry at index {}.", grouped(proven.file.index()))?;
    writeln!(out, "  Everything above is as the log recorded it, and has not been changed since.")?;
    let keys: Vec<String> = proven.signers.log.iter().map(|key| name(key)).collect();
    writeln!(out, "  The log signed it as one of {size} entries, with {}.", plain(&keys.join(" and ")))?;
    for (witness, seconds) in &proven.signers.witnesses {
        let (witness, at) = (name(witness), instant(*seconds, "%Y-%m-%d %H:%M:%S UTC"));
        writeln!(out, "  Cosigned by {} at {at}.", plain(&witness))?;
    }
    let withheld: Vec<Section> = proven.entry.withheld().collect();
    if !withheld.is_empty() {
        writeln!(out, "\nWithheld, or erased:")?;
        for section in &withheld {
            writeln!(out, "  {section}: {}", section.fields().join(", "))?;
        }
    }
    writeln!(out, "\nNot proven:")?;
    writeln!(out, "  That what was recorded is true, its time included.")?;
    if !withheld.is_empty() {
        writeln!(out, "  Anything about what was withheld, not even that there was something.")?;
    }
    writeln!(out, "  What else is in the log, and how it went on after {size} entries.")?;
    if proven.signers.witnesses.is_empty() {
        writeln!(
            out,
            "  That the log shows everybody the same entries: no witness whose key was given cosigned it."
        )?;
    }
    Ok(())
}

/// The entry as `annals show` has it.
fn print_entry(out: &mut impl Write, proven: &Proven, screen: Screen) -> anyhow::Result<()> {
    let shown = proven.entry.audit_log(proven.file.index());
    let mut whole = shown.clone();
    if proven.entry.section(Section::Change).is_none() {
        whole.pop();
        whole.push_str(",\"changed_values\":{},\"unchanged_values\":{}}");
    }
    match serde_json::from_str::<AuditLog>(&whole) {
        Ok(log) => show::print(out, &log, screen),
        // Times at the very ends of the calendar are beyond what the client reads.
        Err(_) => Ok(writeln!(out, "{}", plain(&shown))?),
    }
}

pub(super) fn print_json(out: &mut impl Write, proven: &Proven) -> anyhow::Result<()> {
    let (checkpoint, entry) = (proven.file.checkpoint(), &proven.entry);
    let withheld: Vec<Section> = entry.withheld().collect();
    let (withheld, disclosed): (Vec<_>, Vec<_>) =
        Section::ALL.into_iter().partition(|section| withheld.contains(section));
    let printed = Printed {
        verified: true,
        audit_log: RawValue::from_string(entry.audit_log(proven.file.index()))?,
        disclosed: disclosed.into_iter().map(Section::as_str).collect(),
        withheld: withheld.into_iter().map(Section::as_str).collect(),
        leaf_hash: entry.leaf_hash().to_string(),
        origin: checkpoint.origin(),
        size: checkpoint.size(),
        root: checkpoint.root().to_string(),
        signed_by: proven.signers.log.iter().map(|key| name(key)).collect(),
        cosigned_by: proven
            .signers
            .witnesses
            .iter()
            .map(|(key, seconds)| Witness { key: name(key), at: instant(*seconds, "%FT%TZ") })
            .collect(),
    };
    Ok(writeln!(out, "{}", serde_json::to_string_pretty(&printed)?)?)
}

/// What programs get.
#[derive(Serialize)]
struct Printed<'a> {
    /// Always true: whatever does not hold is an error.
    verified: bool,
    /// As it is served, to the digit.
    audit_log: Box<RawValue>,
    disclosed: Vec<&'static str>,
    withheld: Vec<&'static str>,
    leaf_hash: String,
    origin: &'a str,
    size: u64,
    root: String,
    signed_by: Vec<String>,
    cosigned_by: Vec<Witness>,
}

#[derive(Serialize)]
struct Witness {
    key: String,
    at: String,
}

/// An instant in this form; what the calendar does not have is said in seconds.
fn instant(seconds: u64, form: &str) -> String {
    let instant = i64::try_from(seconds).ok().and_then(|seconds| jiff::Timestamp::from_second(seconds).ok());
    instant.map_or_else(|| format!("{seconds} s after 1970"), |instant| instant.strftime(form).to_string())
}
