//! Where an event came from: its `context` and `metadata`.

use super::json;
use super::people::{Actor, CONSOLE, Source};
use super::random::{Random, nth};
use super::values::token;

const MS_PER_DAY: i64 = 86_400_000;

/// Writes the context of what `actor` did by way of `source` at a time, in milliseconds since 1970.
pub(super) fn write(out: &mut String, random: &mut Random, actor: &Actor, source: &Source, time_ms: i64) {
    let day = time_ms.div_euclid(MS_PER_DAY);
    out.push_str("{\"ip\":\"");
    // People keep an address for a week, and a browser for ever.
    address(out, &mut Random::new(nth(actor.seed, day.div_euclid(7).cast_unsigned())), actor);
    out.push_str("\",\"user_agent\":");
    json::text(out, Random::new(actor.seed).pick(source.agents));
    out.push_str(",\"request_id\":");
    token(out, "req_", random.next());
    if source.name == CONSOLE.name {
        out.push_str(",\"session_id\":");
        token(out, "sess_", nth(actor.seed, day.cast_unsigned()));
    }
    out.push('}');
}

/// Writes an address of those that are reserved for documentation (RFC 5737, RFC 3849).
fn address(out: &mut String, random: &mut Random, actor: &Actor) {
    let network = match random.below(8) {
        _ if actor.service.is_some() => "192.0.2.",
        0..4 => "203.0.113.",
        4..7 => "198.51.100.",
        _ => {
            out.push_str("2001:db8:");
            json::hex(out, random.below(0xf000) + 0x1000, 4);
            out.push_str("::");
            json::hex(out, random.below(0xf000) + 0x1000, 4);
            return;
        }
    };
    out.push_str(network);
    json::number(out, 1 + random.below(254));
}

/// Writes what a source tells besides.
pub(super) fn metadata(out: &mut String, random: &mut Random, source: &Source) {
    out.push('{');
    match source.name {
        "terraform" => {
            json::key(out, "run");
            token(out, "run-", random.next());
            json::key(out, "resources");
            json::number(out, 1 + random.below(30));
        }
        "finops_agent" => {
            json::key(out, "conversation");
            token(out, "conv_", random.next());
            json::key(out, "approved_by_user");
            out.push_str("true");
        }
        "api" => {
            json::key(out, "api_version");
            json::number(out, 2);
        }
        _ if random.chance(150) => {
            json::key(out, "ticket");
            out.push_str("\"FIN-");
            json::number(out, 100 + random.below(9000));
            out.push('"');
            json::key(out, "reason");
            json::text(out, random.pick(&REASONS));
        }
        _ => {}
    }
    out.push('}');
}

static REASONS: [&str; 5] =
    ["monthly review", "Quartalsabschluss", "requested by finance", "予算見直し", "cleanup 🧹"];
