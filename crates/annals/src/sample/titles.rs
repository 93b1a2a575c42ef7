//! Titles of objects, as people with many languages and little time give them.

use super::names;
use super::random::Random;

/// What kind of thing a title names.
#[derive(Clone, Copy)]
pub(super) enum Naming {
    /// Something that shows costs: a report, a dashboard, an alert …
    Costs,
    /// The key of a tag.
    Tag,
    /// A commitment that is recommended.
    Commitment,
    /// A part of the company: a team, a segment, a budget.
    Group,
    /// A provider that is connected.
    Integration,
    /// Somebody who may sign in.
    Person,
}

/// Writes the title of the object that `object` is the seed of, after `renames` renames. `passing` decides
/// what the latest of them has changed; the rest of a title lasts.
pub(super) fn write(out: &mut String, naming: Naming, object: u64, renames: u16, passing: &mut Random) {
    let mut lasting = Random::new(object);
    let additions = if let Naming::Tag = naming { &TAG_ADDITIONS[..] } else { &ADDITIONS };
    match naming {
        Naming::Costs => costs(out, &mut lasting),
        Naming::Tag => out.push_str(lasting.pick(&TAGS)),
        Naming::Commitment => commitment(out, &mut lasting),
        Naming::Group => group(out, &mut lasting),
        Naming::Integration => out.extend([lasting.pick(&SERVICES).1, " · ", lasting.pick(&STAGES)]),
        // Nobody has an addition to the name; but some marry.
        Naming::Person => return out.push_str(&names::full(object, renames.into())),
    }
    // What a rename adds, the next one replaces.
    if renames > 0 || passing.chance(120) {
        out.push_str(passing.pick(additions));
    }
}

fn costs(out: &mut String, random: &mut Random) {
    let (service, _) = random.pick(&SERVICES);
    let (group, aspect) = (random.pick(&GROUPS), random.pick(&ASPECTS));
    match random.below(24) {
        0..7 => out.extend([service, " by ", aspect]),
        7..11 => out.extend([group, ": ", service, " by ", aspect]),
        11..15 => out.extend([service, " – ", group]),
        15 => out.extend(["\"", group, "\" spend by ", aspect]),
        16 => out.extend(["Ausgaben für ", service, " (", group, ")"]),
        17 => out.extend(["Coûts ", service, " de l’équipe ", group]),
        18 => out.extend(["Kostenu\u{308}bersicht ", group]),
        19 => out.extend([service, "の月次コスト(", group, ")"]),
        20 => out.extend(["تكاليف ", service, " حسب الفريق"]),
        21 => out.extend(["🚀 ", group, " launch"]),
        22 => out.extend(["💸 ", service, " waste"]),
        _ => out.extend(["Análisis de ", service, ": ", group]),
    }
}

fn commitment(out: &mut String, random: &mut Random) {
    const PLANS: [&str; 6] = [
        "Compute Savings Plan",
        "EC2 Instance Savings Plan",
        "RDS Reserved Instance",
        "ElastiCache Reserved Node",
        "OpenSearch Reserved Instance",
        "SageMaker Savings Plan",
    ];
    out.extend([random.pick(&PLANS), ", ", random.pick(&REGIONS)]);
}

fn group(out: &mut String, random: &mut Random) {
    out.extend([random.pick(&GROUPS), " / ", random.pick(&STAGES)]);
}

/// What costs money, and the provider that it is paid to.
pub(super) static SERVICES: [(&str, &str); 20] = [
    ("Amazon EC2", "aws"),
    ("Amazon S3", "aws"),
    ("Amazon RDS", "aws"),
    ("AWS Lambda", "aws"),
    ("Amazon EKS", "aws"),
    ("CloudFront", "aws"),
    ("NAT Gateway", "aws"),
    ("Data transfer", "aws"),
    ("Azure SQL", "azure"),
    ("Blob Storage", "azure"),
    ("BigQuery", "gcp"),
    ("Cloud Run", "gcp"),
    ("Kubernetes", "kubernetes"),
    ("Snowflake", "snowflake"),
    ("Databricks", "databricks"),
    ("Datadog", "datadog"),
    ("MongoDB Atlas", "mongo"),
    ("OpenAI", "open_ai"),
    ("GPU fleet", "gcp"),
    ("Cloud spend", "custom"),
];

/// Parts of the company that spend it.
pub(super) static GROUPS: [&str; 20] = [
    "Payments",
    "Search",
    "Checkout",
    "Platform",
    "Data Science",
    "Growth",
    "Mobile",
    "Identity",
    "Ad Tech",
    "Security",
    "R&D",
    "Customer Success",
    "Logistics EMEA",
    "Café",
    "Über-Plattform",
    "São Paulo",
    "Zürich",
    "データ基盤",
    "東京チーム",
    "فريق المنصة",
];

static ASPECTS: [&str; 10] = [
    "team",
    "account",
    "region",
    "service",
    "environment",
    "cost center",
    "instance type",
    "cluster",
    "customer",
    "usage type",
];

static STAGES: [&str; 8] =
    ["production", "staging", "sandbox", "shared", "Entwicklung", "préproduction", "本番", "DR 🛟"];

/// Where.
pub(super) static REGIONS: [&str; 8] = [
    "us-east-1",
    "us-west-2",
    "eu-central-1",
    "eu-west-1",
    "ap-northeast-1",
    "me-south-1",
    "sa-east-1",
    "eu-north-1",
];

static TAGS: [&str; 16] = [
    "team",
    "cost-center",
    "environment",
    "owner",
    "service",
    "product-line",
    "business-unit",
    "customer-tier",
    "k8s-namespace",
    "project",
    "Kostenstelle",
    "Größe",
    "équipe",
    "部門",
    "قسم",
    "🏷️ squad",
];

static TAG_ADDITIONS: [&str; 7] = ["-id", "_v2", "-name", ".key", "-neu", "-tmp", "（旧）"];

static ADDITIONS: [&str; 12] = [
    " (v2)",
    " FY26",
    " – EMEA",
    " [draft]",
    " for finance",
    " ✅",
    " – überarbeitet",
    " (旧)",
    " 2nd half",
    " without credits",
    " – réduit",
    " \\ archive",
];
