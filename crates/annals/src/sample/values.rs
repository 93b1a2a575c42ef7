//! Values of the fields of objects. A value follows from the object, the field and how often it was changed,
//! so that an old value can be told again and no state need be kept but the count.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan, tz::TimeZone};

use super::random::{Random, nth};
use super::titles::{self, GROUPS, Naming, REGIONS, SERVICES};
use super::{json, names};

/// The form of a field's values. Every form has many values, or several at least.
pub(super) enum Shape {
    /// A string: the title of the object.
    Title(Naming),
    /// A string: one of these.
    Word(&'static [&'static str]),
    /// A string: one of these, the first to begin with.
    State(&'static [&'static str]),
    /// An array of up to two of these, as strings.
    Words(&'static [&'static str]),
    /// One of these JSON texts.
    Literal(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A whole number below this.
    Whole(u64),
    /// A number with two decimals, below this.
    Decimal(u64),
    /// A string that holds an amount.
    Money,
    /// A string that holds the first day of a month, or null.
    Month,
    /// A string that holds midnight of the first day of a month, or null.
    Instant,
    /// A string: a token that begins like this, or null.
    Token(&'static str),
    /// An array of up to two tokens that begin like this.
    Tokens(&'static str),
    /// A string: the number of an account at a provider.
    Account,
    /// A string: a mail address.
    Address,
    /// An array of up to two mail addresses.
    Addresses,
    /// A string: a sentence, perhaps empty, or null.
    Note,
    /// A string: an expression that selects costs.
    Filter,
    /// A string that holds a JSON array of strings.
    Groupings,
    /// An object of switches.
    Settings,
    /// A string that holds a JSON array of objects.
    TagValues,
    /// An array of objects with numbers.
    Periods,
    /// A string that holds a JSON array of nested objects.
    Widgets,
}

/// Writes values.
pub(super) struct Values {
    /// The first days of the months in which the sample plays, such as `2026-03-01`.
    months: Vec<String>,
}

impl Values {
    pub(super) fn new(from: Timestamp, until: Timestamp) -> Values {
        let day = |time: Timestamp| time.to_zoned(TimeZone::UTC).date();
        let until = day(until);
        let next = |month: &Date| month.checked_add(1.month()).ok().filter(|next| *next < until);
        let months = std::iter::successors(Some(day(from).first_of_month()), next);
        Values { months: months.map(|month| month.to_string()).collect() }
    }

    /// Writes the value that field number `field` of the object that `object` is the seed of has after
    /// `changes` changes.
    pub(super) fn write(&self, out: &mut String, shape: &Shape, object: u64, field: usize, changes: u16) {
        let random = &mut Random::new(nth(object, (field as u64) << 16 | u64::from(changes)));
        match shape {
            Shape::Title(naming) => {
                json::text_of(out, |out| titles::write(out, *naming, object, changes, random));
            }
            Shape::State([first, ..]) if changes == 0 => json::text(out, first),
            Shape::Word(words) | Shape::State(words) => json::text(out, random.pick(words)),
            Shape::Words(words) => array(out, random, |out, random| json::text(out, random.pick(words))),
            Shape::Literal(literals) => out.push_str(random.pick(literals)),
            Shape::Flag => flag(out, random),
            Shape::Whole(end) => json::number(out, random.below(*end)),
            Shape::Decimal(end) => decimal(out, random, *end),
            Shape::Money => json::text_of(out, |out| decimal(out, random, 90_000)),
            Shape::Month => self.month(out, random, ""),
            Shape::Instant => self.month(out, random, "T00:00:00.000Z"),
            Shape::Token(_) if random.chance(250) => out.push_str("null"),
            Shape::Token(prefix) => token(out, prefix, random.next()),
            Shape::Tokens(prefix) => array(out, random, |out, random| token(out, prefix, random.next())),
            Shape::Account => account(out, random),
            Shape::Address => json::text(out, &names::mail(object.wrapping_add(u64::from(changes)))),
            Shape::Addresses => {
                array(out, random, |out, random| json::text(out, &names::mail(random.next())));
            }
            Shape::Note => note(out, random),
            Shape::Filter => json::text_of(out, |out| filter(out, random)),
            Shape::Groupings => json::text_of(out, |out| groupings(out, random)),
            Shape::Settings => settings(out, random),
            Shape::TagValues => json::text_of(out, |out| tag_values(out, random)),
            Shape::Periods => self.periods(out, random),
            Shape::Widgets => json::text_of(out, |out| widgets(out, random)),
        }
    }

    fn month(&self, out: &mut String, random: &mut Random, time: &str) {
        if random.chance(250) {
            out.push_str("null");
        } else {
            json::text_of(out, |out| {
                out.push_str(&self.months[random.index(self.months.len())]);
                out.push_str(time);
            });
        }
    }

    fn periods(&self, out: &mut String, random: &mut Random) {
        array(out, random, |out, random| {
            out.push('{');
            json::key(out, "start_at");
            json::text(out, &self.months[random.index(self.months.len())]);
            json::key(out, "amount");
            decimal(out, random, 250_000);
            out.push('}');
        });
    }
}

/// Writes a token.
pub(super) fn token(out: &mut String, prefix: &str, number: u64) {
    out.push('"');
    out.push_str(prefix);
    json::hex(out, number, 16);
    out.push('"');
}

fn array(out: &mut String, random: &mut Random, mut write: impl FnMut(&mut String, &mut Random)) {
    let len = random.below(3);
    json::array(out, len, |out| write(out, random));
}

fn flag(out: &mut String, random: &mut Random) {
    out.push_str(random.pick(&["false", "true"]));
}

fn decimal(out: &mut String, random: &mut Random, end: u64) {
    let cents = random.below(end * 100);
    json::number(out, cents / 100);
    out.push('.');
    json::digits(out, cents % 100, 2);
}

fn account(out: &mut String, random: &mut Random) {
    out.push('"');
    json::digits(out, random.next(), 12);
    out.push('"');
}

fn note(out: &mut String, random: &mut Random) {
    const NOTES: [&str; 10] = [
        "",
        "Agreed with finance on the monthly review.",
        "Shared costs are split by headcount; see the wiki.",
        "Nur für interne Verrechnung – bitte nicht löschen!",
        "À revoir après la migration",
        "共有コストは部門で按分する",
        "يُراجع كل ربع سنة",
        "Line one\nLine two: \"quoted\", 100 % of C:\\temp",
        "Temporary 🧪, until the new account structure is there",
        "access denied: the role’s trust policy has changed",
    ];
    if random.chance(150) {
        out.push_str("null");
    } else {
        json::text(out, random.pick(&NOTES));
    }
}

fn filter(out: &mut String, random: &mut Random) {
    let (service, provider) = random.pick(&SERVICES);
    out.extend(["(costs.provider = '", provider, "'"]);
    match random.below(4) {
        0 => out.extend([" AND costs.service = '", service, "')"]),
        1 => out.extend([" AND tags.name = 'team' AND tags.value = '", random.pick(&GROUPS), "')"]),
        2 => out.extend([" AND costs.region = '", random.pick(&REGIONS), "')"]),
        _ => {
            out.push_str(" AND costs.account_id = '");
            json::digits(out, random.next(), 12);
            out.push_str("')");
        }
    }
}

fn groupings(out: &mut String, random: &mut Random) {
    const DIMENSIONS: [&str; 8] =
        ["provider", "service", "account_id", "region", "charge_type", "tag:team", "tag:équipe", "tag:env"];
    array(out, random, |out, random| json::text(out, random.pick(&DIMENSIONS)));
}

fn settings(out: &mut String, random: &mut Random) {
    const SWITCHES: [&str; 4] = ["include_credits", "include_refunds", "include_tax", "amortize"];
    out.push('{');
    for switch in SWITCHES {
        json::key(out, switch);
        flag(out, random);
    }
    json::key(out, "aggregate_by");
    json::text(out, random.pick(&["cost", "usage"]));
    out.push('}');
}

fn tag_values(out: &mut String, random: &mut Random) {
    array(out, random, |out, random| {
        out.push('{');
        json::key(out, "name");
        json::text(out, random.pick(&GROUPS));
        json::key(out, "filter");
        json::text_of(out, |out| filter(out, random));
        out.push('}');
    });
}

fn widgets(out: &mut String, random: &mut Random) {
    array(out, random, |out, random| {
        out.push('{');
        json::key(out, "widgetable_token");
        token(out, "rprt_", random.next());
        json::key(out, "settings");
        out.push('{');
        json::key(out, "display_type");
        json::text(out, random.pick(&["chart", "table"]));
        out.push_str("}}");
    });
}
