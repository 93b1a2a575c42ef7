//! The types of object in a sample, and the fields whose changes are recorded.

use super::titles::Naming::{Commitment, Costs, Group, Integration, Person, Tag};
use super::values::Shape::{
    self, Account, Address, Addresses, Decimal, Filter, Flag, Groupings, Instant, Literal, Money, Month,
    Note, Periods, Settings, State, TagValues, Title, Token, Tokens, Whole, Widgets, Word, Words,
};

/// A type of object.
pub(super) struct Kind {
    /// The name of the type, as responses show it.
    pub(super) name: &'static str,
    /// What tokens of such objects begin with.
    pub(super) prefix: &'static str,
    /// How many of 100 new objects are of this type.
    pub(super) share: u64,
    /// Whether such objects belong to a workspace, not to the whole account.
    pub(super) in_workspace: bool,
    /// What can change. The first field is the title, for types that have one.
    pub(super) fields: &'static [Field],
}

/// A field of an object: its key, and the form of its values.
pub(super) type Field = (&'static str, Shape);

/// No type has more fields.
pub(super) const FIELDS_MAX: usize = 10;

const INTERVALS: Shape = Word(&[
    "this_month",
    "last_month",
    "last_3_months",
    "last_6_months",
    "last_30_days",
    "year_to_date",
    "custom",
]);
const BINS: Shape = Word(&["day", "week", "month", "cumulative"]);

/// All types, the most frequent first. Shares add up to 100.
pub(super) static KINDS: [Kind; 15] = [
    Kind {
        name: "Report",
        prefix: "rprt_",
        share: 30,
        in_workspace: true,
        fields: &[
            ("title", Title(Costs)),
            ("filter", Filter),
            ("groupings", Groupings),
            ("date_interval", INTERVALS),
            ("date_bin", BINS),
            ("start_date", Month),
            ("chart_type", Word(&["line", "bar", "stacked_bar", "area", "pie", "multi_bar"])),
            ("folder_token", Token("fldr_")),
            ("settings", Settings),
        ],
    },
    Kind {
        name: "VirtualTag",
        prefix: "vtag_",
        share: 16,
        in_workspace: true,
        fields: &[
            ("key", Title(Tag)),
            ("overridable", Flag),
            ("backfill_until", Instant),
            ("values", TagValues),
            ("collapsed_tag_keys", Words(&["team", "Team", "TEAM", "équipe", "部門", "owner"])),
            ("description", Note),
        ],
    },
    Kind {
        name: "RecommendationCommitment",
        prefix: "rcmmndtn_cmmtmnt_",
        share: 10,
        in_workspace: true,
        fields: &[
            ("title", Title(Commitment)),
            ("status", State(&["proposed", "accepted", "purchased", "dismissed", "expired"])),
            ("hourly_commitment", Decimal(90)),
            ("estimated_monthly_savings", Money),
            ("coverage_target", Decimal(1)),
            ("term_months", Literal(&["12", "36"])),
            ("payment_option", Word(&["no_upfront", "partial_upfront", "all_upfront"])),
            ("account_identifier", Account),
            ("auto_renew", Flag),
        ],
    },
    Kind {
        name: "Segment",
        prefix: "fltr_sgmt_",
        share: 10,
        in_workspace: true,
        fields: &[
            ("title", Title(Group)),
            ("description", Note),
            ("filter", Filter),
            ("priority", Whole(100)),
            ("track_unallocated", Flag),
            ("parent_segment_token", Token("fltr_sgmt_")),
        ],
    },
    Kind {
        name: "Dashboard",
        prefix: "dshbrd_",
        share: 8,
        in_workspace: true,
        fields: &[
            ("title", Title(Costs)),
            ("widgets", Widgets),
            ("date_interval", INTERVALS),
            ("date_bin", BINS),
            ("start_date", Month),
        ],
    },
    Kind {
        name: "Budget",
        prefix: "bdgt_",
        share: 6,
        in_workspace: true,
        fields: &[
            ("name", Title(Group)),
            ("cost_report_token", Token("rprt_")),
            ("periods", Periods),
            ("alert_threshold_percent", Whole(120)),
            ("child_budget_tokens", Tokens("bdgt_")),
        ],
    },
    Kind {
        name: "SavedFilter",
        prefix: "svd_fltr_",
        share: 5,
        in_workspace: true,
        fields: &[("title", Title(Group)), ("filter", Filter), ("cost_report_tokens", Tokens("rprt_"))],
    },
    Kind {
        name: "AccessGrant",
        prefix: "rsrc_accss_grnt_",
        share: 3,
        in_workspace: true,
        fields: &[
            ("resource_token", Token("rprt_")),
            ("team_token", Token("team_")),
            ("access", State(&["allowed", "denied", "read_only"])),
            ("expires_at", Instant),
        ],
    },
    Kind {
        name: "CostAlert",
        prefix: "cst_alrt_",
        share: 3,
        in_workspace: true,
        fields: &[
            ("title", Title(Costs)),
            ("threshold", Decimal(5000)),
            ("unit_type", Word(&["currency", "percentage"])),
            ("interval", Word(&["day", "week", "month"])),
            ("email_recipients", Addresses),
            ("slack_channels", Words(&["#finops", "#cloud-cost", "#équipe-infra", "#コスト", "#oncall"])),
            ("report_tokens", Tokens("rprt_")),
            ("muted_until", Instant),
        ],
    },
    Kind {
        name: "Folder",
        prefix: "fldr_",
        share: 2,
        in_workspace: true,
        fields: &[
            ("title", Title(Group)),
            ("parent_folder_token", Token("fldr_")),
            ("saved_filter_tokens", Tokens("svd_fltr_")),
        ],
    },
    Kind {
        name: "ReportNotification",
        prefix: "rprt_ntfctn_",
        share: 2,
        in_workspace: true,
        fields: &[
            ("title", Title(Costs)),
            ("cost_report_token", Token("rprt_")),
            ("frequency", Word(&["daily", "weekly", "monthly"])),
            ("change", Word(&["percentage", "dollars"])),
            ("recipients", Addresses),
        ],
    },
    Kind {
        name: "User",
        prefix: "usr_",
        share: 2,
        in_workspace: false,
        fields: &[
            ("name", Title(Person)),
            ("email", Address),
            ("role", Word(&["Owner", "Editor", "Viewer", "Integration Owner"])),
            ("default_dashboard_token", Token("dshbrd_")),
            ("preferences", Settings),
            ("two_factor", Flag),
        ],
    },
    Kind {
        name: "Integration",
        prefix: "accss_crdntl_",
        share: 1,
        in_workspace: false,
        fields: &[
            ("title", Title(Integration)),
            ("status", State(&["pending", "importing", "connected", "error", "disconnected"])),
            ("account_identifier", Account),
            ("last_import_error", Note),
            ("workspace_tokens", Tokens("wrkspc_")),
            ("imported_rows", Whole(9_007_199_254_740_993_000)),
        ],
    },
    Kind {
        name: "Team",
        prefix: "team_",
        share: 1,
        in_workspace: false,
        fields: &[
            ("name", Title(Group)),
            ("description", Note),
            ("user_emails", Addresses),
            ("workspace_tokens", Tokens("wrkspc_")),
            ("default_dashboard_token", Token("dshbrd_")),
        ],
    },
    Kind {
        name: "BusinessMetric",
        prefix: "bsnss_mtrc_",
        share: 1,
        in_workspace: true,
        fields: &[
            ("title", Title(Group)),
            ("import_type", Word(&["csv", "api", "datadog_metrics", "cloudwatch"])),
            ("values", Periods),
            ("unit_scale", Literal(&["1", "10", "100", "1000", "1000000", "0.001"])),
            ("cost_report_tokens", Tokens("rprt_")),
        ],
    },
];
