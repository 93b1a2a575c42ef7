//! Who acts in a sample: some 400 people with Zipf-distributed diligence, and a few service tokens.

use std::collections::HashSet;

use super::random::Random;
use super::{json, names};

const HUMANS: usize = 390;

/// The identity of the product itself, which does something now and then.
pub(super) const NOBODY: &str = r#""user":null,"user_id":null,"user_role":null"#;

/// Somebody, or something, that changes objects.
pub(super) struct Actor {
    /// The fields `user`, `user_id` and `user_role` as JSON text.
    pub(super) identity: String,
    /// What this actor's habits are drawn from: addresses, browser, sessions.
    pub(super) seed: u64,
    /// The source of all that a service token does; `None` for people.
    pub(super) service: Option<&'static Source>,
}

/// Where a change comes from.
pub(super) struct Source {
    /// The field `source`.
    pub(super) name: &'static str,
    /// The user agents seen from there.
    pub(super) agents: &'static [&'static str],
}

/// A person at work in a browser.
pub(super) static CONSOLE: Source = Source {
    name: "console",
    agents: &[
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.1 Safari/605.1.15",
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0",
        "Mozilla/5.0 (X11; Linux x86_64; rv:133.0) Gecko/20100101 Firefox/133.0",
    ],
};
/// A script that calls the API.
pub(super) static API: Source = Source {
    name: "api",
    agents: &[
        "vantage-python/0.4.2",
        "python-requests/2.32.3",
        "curl/8.11.0",
        "vantage-sh/client/2.17.0 node/22.11.0",
    ],
};
/// The product's assistant, on behalf of a person.
pub(super) static FINOPS_AGENT: Source =
    Source { name: "finops_agent", agents: &["finops-agent/2.4.1", "finops-agent/2.5.0"] };
/// A developer's own application.
pub(super) static DEVELOPER: Source = Source {
    name: "developer",
    agents: &["vantage-go/0.1.8 go/1.23.4", "internal-portal/7.12 (+https://portal.example.com)"],
};
/// Infrastructure as code.
pub(super) static TERRAFORM: Source = Source {
    name: "terraform",
    agents: &[
        "Terraform/1.9.8 terraform-provider-vantage/0.1.71",
        "Terraform/1.10.2 terraform-provider-vantage/0.1.71",
    ],
};

const SERVICES: [(&str, &Source); 12] = [
    ("Terraform Cloud (prod)", &TERRAFORM),
    ("cost-sync", &API),
    ("Terraform Cloud (staging)", &TERRAFORM),
    ("Backstage plugin", &DEVELOPER),
    ("tag-janitor 🧹", &API),
    ("Atlantis", &TERRAFORM),
    ("snowflake-export", &API),
    ("budget-bot", &API),
    ("Spacelift – réseau", &TERRAFORM),
    ("Entwicklerportal", &DEVELOPER),
    ("kubecost-bridge", &API),
    ("データ連携 (nightly)", &API),
];

/// Everybody of the account: first the people, then the service tokens, each the most active first.
pub(super) struct People(Vec<Actor>);

impl People {
    pub(super) fn new(mut random: Random) -> People {
        let mut names = HashSet::new();
        let mut actors = Vec::with_capacity(HUMANS + SERVICES.len());
        let mut id = 1000 + random.below(1000);
        while actors.len() < HUMANS {
            let name = names::full(random.next(), 0);
            if names.insert(name.clone()) {
                id += 1 + random.below(40);
                let role = if random.chance(120) {
                    "Owner"
                } else if random.chance(90) {
                    "Integration Owner"
                } else {
                    "Editor"
                };
                let seed = random.next();
                actors.push(Actor { identity: identity(&name, id, role), seed, service: None });
            }
        }
        for (name, source) in SERVICES {
            id += 1 + random.below(40);
            let seed = random.next();
            actors.push(Actor { identity: identity(name, id, "Owner"), seed, service: Some(source) });
        }
        People(actors)
    }

    /// The place of a person.
    pub(super) fn human(random: &mut Random) -> usize {
        random.zipf(HUMANS)
    }

    /// The place of a service token.
    pub(super) fn service(random: &mut Random) -> usize {
        HUMANS + random.zipf(SERVICES.len())
    }

    /// Who has this place, which [`People::human`] or [`People::service`] chose.
    pub(super) fn actor(&self, place: usize) -> &Actor {
        &self.0[place]
    }
}

fn identity(name: &str, id: u64, role: &str) -> String {
    let mut fields = String::from("\"user\":");
    json::text(&mut fields, name);
    json::key(&mut fields, "user_id");
    json::number(&mut fields, id);
    json::key(&mut fields, "user_role");
    json::text(&mut fields, role);
    fields
}
