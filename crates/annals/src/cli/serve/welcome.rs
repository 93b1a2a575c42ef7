//! What a person reads once: where the server is, the token that is shown this once, and what to do first.

use std::{env, fmt, io::Write, path::Path};

use super::{demo::Demo, first_run::FirstRun};
use crate::cli::output::{self, plain};

/// What there is to tell.
pub(super) struct Welcome<'a> {
    /// The server's URL.
    pub(super) url: &'a str,
    pub(super) data_dir: &'a Path,
    /// What was made, at the first start.
    pub(super) first_run: Option<&'a FirstRun>,
    /// The history that was made up, in a demo.
    pub(super) demo: Option<&'a Demo>,
}

impl Welcome<'_> {
    /// Prints it if it is worth reading: at the first start, and at each of a demo.
    ///
    /// The first token is printed here and nowhere else, so it is an error if nobody can read it.
    pub(super) fn print(&self) -> anyhow::Result<()> {
        if self.first_run.is_some() || self.demo.is_some() {
            let mut out = output::stdout();
            write!(out, "{}", self.text(&program()))?;
            out.flush()?;
        }
        Ok(())
    }

    /// The text; commands call `annals` by the name `program`.
    fn text(&self, program: &str) -> impl fmt::Display {
        fmt::from_fn(move |f| {
            writeln!(f, "\nannals is ready at {}\n", self.url)?;
            match (self.first_run, self.demo) {
                (Some(made), _) => write_first_run(f, made, self.url, program)?,
                (None, Some(demo)) => self.write_later_demo(f, demo, program)?,
                (None, None) => {}
            }
            write!(f, "{RECORD}")?;
            match self.demo {
                Some(demo) => write_examples(f, demo, program)?,
                None => write!(f, "{LIST}\n  {program} list\n")?,
            }
            writeln!(f, "\nThe API is described at {}/docs, the commands by {program} --help.", self.url)?;
            writeln!(f, "All data is in {}; ctrl-c stops the server.\n", self.data_dir.display())
        })
    }

    /// A token is not kept, so a later start cannot show it.
    fn write_later_demo(&self, f: &mut fmt::Formatter<'_>, demo: &Demo, program: &str) -> fmt::Result {
        let (account, data_dir) = (&demo.account.token, self.data_dir.display());
        writeln!(
            f,
            "The access token was shown when the demo was made, and only then. Try it in another terminal:\n"
        )?;
        writeln!(f, "  # with another access token")?;
        writeln!(f, "  export ANNALS_URL={} ANNALS_TOKEN=$({program} token create again \\", self.url)?;
        writeln!(
            f,
            "    --scope read,write,import --role owner --account {account} --data-dir '{data_dir}')\n"
        )
    }
}

const RECORD: &str = r#"  # record a change: answered when it is durable and can be read
  curl $ANNALS_URL/v2/audit_logs -H "Authorization: Bearer $ANNALS_TOKEN" -H "Content-Type: application/json" -d '
    {"event": "record_updated", "object_type": "cost_report", "object_title": "Cloud spend", "user": "Ada Lovelace",
     "before": {"title": "Spend", "groupings": "provider"}, "after": {"title": "Cloud spend", "groupings": "provider"}}'

"#;

const LIST: &str = r#"  # who changed what, the newest first
  curl "$ANNALS_URL/v2/audit_logs?limit=5" -H "Authorization: Bearer $ANNALS_TOKEN"
"#;

fn write_first_run(f: &mut fmt::Formatter<'_>, made: &FirstRun, url: &str, program: &str) -> fmt::Result {
    let token = made.secret.reveal();
    writeln!(f, "  account    {:<10} {}", made.account.title, made.account.token)?;
    writeln!(f, "  workspace  {:<10} {}", made.workspace.name, made.workspace.token)?;
    writeln!(f, "  token      {:<10} {token}\n", "owner")?;
    writeln!(f, "The token is shown here, this once: only its hash is kept. It reads, writes and imports;")?;
    writeln!(f, "`{program} token create` makes tokens that may do less. Try it in another terminal:\n")?;
    writeln!(f, "  export ANNALS_URL={url} ANNALS_TOKEN={token}\n")
}

/// Questions that have an answer.
fn write_examples(f: &mut fmt::Formatter<'_>, demo: &Demo, program: &str) -> fmt::Result {
    let examples = &demo.examples;
    let (id, name) = &examples.user;
    writeln!(f, "  # what was deleted, by whom")?;
    writeln!(f, "  {program} list --action delete --object-type {}\n", examples.deleted_type)?;
    writeln!(f, "  # what {} did", plain(name))?;
    writeln!(f, "  {program} list --user {id}\n")?;
    writeln!(f, "  # the life of one object, over HTTP")?;
    writeln!(f, "  curl -G $ANNALS_URL/v2/audit_logs -H \"Authorization: Bearer $ANNALS_TOKEN\" \\")?;
    writeln!(f, "    --data-urlencode 'object_name={}'", plain(&examples.title))
}

/// How this program was called, so that the commands can be copied.
fn program() -> String {
    env::args()
        .next()
        .filter(|name| !name.contains(char::is_whitespace))
        .unwrap_or_else(|| "annals".to_owned())
}

#[cfg(test)]
mod tests {
    use annals_format::Timestamp;
    use annals_store::{Account, AccountId, TokenKind, Workspace};

    use super::*;
    use crate::{cli::serve::demo::Examples, identity::Secret};

    fn first_run() -> FirstRun {
        let created_at = Timestamp::from_us(0);
        FirstRun {
            account: Account {
                id: AccountId(1),
                token: "acct_0123456789abcdef".to_owned(),
                title: "Main".to_owned(),
                created_at,
                default_workspace: None,
                log_public: false,
                retention: None,
            },
            workspace: Workspace {
                token: "wrkspc_0123456789abcdef".to_owned(),
                name: "Default".to_owned(),
                created_at,
            },
            secret: Secret::mint(TokenKind::Service),
        }
    }

    #[test]
    fn the_first_start_says_all_that_is_needed() {
        let made = first_run();
        let welcome = Welcome {
            url: "http://127.0.0.1:8787",
            data_dir: Path::new("./annals-data"),
            first_run: Some(&made),
            demo: None,
        };
        let text = welcome.text("annals").to_string();
        assert_eq!(text.matches(made.secret.reveal()).count(), 2, "to keep, and to try it at once");
        insta::assert_snapshot!(text.replace(made.secret.reveal(), "ann_service_…"));
    }

    #[test]
    fn a_demo_says_what_there_is_to_see() {
        let demo = Demo {
            account: first_run().account,
            examples: Examples {
                deleted_type: "cost_report".to_owned(),
                user: (1815, "Ada Lovelace".to_owned()),
                title: "Größe 東京".to_owned(),
            },
        };
        let welcome = Welcome {
            url: "http://127.0.0.1:8787",
            data_dir: Path::new("./annals-demo"),
            first_run: None,
            demo: Some(&demo),
        };
        insta::assert_snapshot!(welcome.text("target/release/annals").to_string());
    }
}
