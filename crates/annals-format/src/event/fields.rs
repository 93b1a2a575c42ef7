//! The fields of an event, one by one: which there are, what each may hold, and the sentence for each fault.

use std::borrow::Cow;

use super::{Action, Event, WorkspaceChoice, body::place, change::Forms};
use crate::{
    Timestamp, json, limits, object_type,
    sentence::{nearest, quoted, shortened},
    token::LogToken,
};

/// What the writer may do, and when it is.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// Whether the writer holds the scope `import`: it may choose `token` and name workspaces by `workspace_title`,
    /// and its events may be entries as they were served (`index` is then ignored, as an entry gets a new one here, and
    /// so is `erased`, as what it names is null).
    pub import: bool,
    /// The present, for the limit on future times.
    pub now: Timestamp,
}

/// Names an event may use, for the hint in the fault about any other.
const FIELDS: [&str; 21] = [
    "token",
    "event",
    "action",
    "object_type",
    "object_token",
    "object_title",
    "source",
    "user",
    "user_id",
    "user_role",
    "workspace_token",
    "workspace_title",
    "created_at",
    "before",
    "after",
    "object_changes",
    "changed_values",
    "unchanged_values",
    "context",
    "metadata",
    "idempotency_key",
];

pub(super) fn parse<'a>(
    object: json::Object<'a>,
    at: Option<usize>,
    rules: &Rules,
) -> Result<Event<'a>, Vec<String>> {
    let mut faults = Faults { at, sentences: Vec::new() };
    if !object.text().starts_with('{') {
        faults.add("", "must be an object");
        return Err(faults.sentences);
    }
    let mut draft = Draft::default();
    let mut forms = Forms::default();
    object.each_member(|field, value| draft.take(field, value, rules, &mut forms, &mut faults));
    draft.finish(&forms, rules, faults)
}

/// The sentences about one event.
struct Faults {
    /// The number of the event in its batch.
    at: Option<usize>,
    sentences: Vec<String>,
}

impl Faults {
    fn add(&mut self, field: &str, what: impl AsRef<str>) {
        let name = match (self.at.map(place), field.is_empty()) {
            (Some(place), false) => format!("{place}.{}", shortened(field)),
            (Some(place), true) => place,
            (None, false) => shortened(field),
            (None, true) => "the event".to_owned(),
        };
        self.sentences.push(format!("{name} {}", what.as_ref()));
    }
}

/// An event while its fields are read.
#[derive(Default)]
struct Draft<'a> {
    token: Option<LogToken>,
    event: Option<Action>,
    action: Option<Action>,
    action_given: bool,
    object_type: Option<Cow<'a, str>>,
    object_type_given: bool,
    object_token: Option<Cow<'a, str>>,
    object_title: Option<Cow<'a, str>>,
    source: Option<Cow<'a, str>>,
    user: Option<Cow<'a, str>>,
    user_id: Option<i64>,
    user_role: Option<Cow<'a, str>>,
    workspace: WorkspaceChoice<'a>,
    workspace_title: Option<Cow<'a, str>>,
    created_at: Option<Timestamp>,
    context: Option<Cow<'a, str>>,
    metadata: Option<Cow<'a, str>>,
    idempotency_key: Option<Cow<'a, str>>,
}

impl<'a> Draft<'a> {
    /// Reads one field. But for the workspace, `null` means the same as leaving the field out.
    fn take(
        &mut self,
        field: &str,
        value: &'a str,
        rules: &Rules,
        forms: &mut Forms<'a>,
        faults: &mut Faults,
    ) {
        let importer_only = matches!(field, "token" | "workspace_title" | "index" | "erased");
        if importer_only && !rules.import {
            faults.add(field, "may only be given with an access token of the scope import");
            return;
        }
        let present = (value != "null").then_some(value);
        match field {
            "before" => forms.before = present,
            "after" => forms.after = present,
            "object_changes" => forms.object_changes = present,
            "changed_values" => forms.changed_values = present,
            "unchanged_values" => forms.unchanged_values = present,
            "index" | "erased" => {}
            "workspace_token" if present.is_none() => self.workspace = WorkspaceChoice::Nowhere,
            _ => match present {
                Some(value) => self.take_present(field, value, rules, faults),
                None if FIELDS.contains(&field) => {}
                None => faults.add(field, unknown(field)),
            },
        }
    }

    fn take_present(&mut self, field: &str, value: &'a str, rules: &Rules, faults: &mut Faults) {
        match field {
            "event" => {
                self.action_given = true;
                self.event = text(field, value, usize::MAX, faults).and_then(|word| {
                    known(field, &word, Action::parse_event_name, Action::event_name, faults)
                });
            }
            "action" => {
                self.action_given = true;
                self.action = text(field, value, usize::MAX, faults)
                    .and_then(|word| known(field, &word, Action::parse, Action::as_str, faults));
            }
            "object_type" => {
                self.object_type_given = true;
                self.object_type = text(field, value, usize::MAX, faults).and_then(|sent| {
                    let name = object_type::name_of(&sent);
                    if name.is_none() {
                        faults.add(field, format!(
                            "{} is no object type: send a key such as cost_report or a name such as VirtualTag, \
                             1 to {} of A-Z, a-z, 0-9 and _",
                            quoted(&sent), limits::KEY_CHARS_MAX
                        ));
                    }
                    name.map(Cow::Owned)
                });
            }
            "object_token" => self.object_token = text(field, value, limits::TOKEN_BYTES_MAX, faults),
            "object_title" => self.object_title = text(field, value, limits::TITLE_BYTES_MAX, faults),
            "source" => {
                self.source = text(field, value, usize::MAX, faults).filter(|source| {
                    let sound = object_type::is_key(source);
                    if !sound {
                        faults.add(field, format!(
                            "{} is no source: use 1 to {} of a-z, 0-9 and _, such as console, api or finops_agent",
                            quoted(source), limits::KEY_CHARS_MAX
                        ));
                    }
                    sound
                });
            }
            "user" => self.user = text(field, value, limits::TITLE_BYTES_MAX, faults),
            "user_id" => {
                self.user_id = value.parse().ok();
                if self.user_id.is_none() {
                    faults.add(
                        field,
                        format!("must be a whole number of at most 64 bits, not {}", shortened(value)),
                    );
                }
            }
            "user_role" => self.user_role = text(field, value, limits::ROLE_BYTES_MAX, faults),
            "workspace_token" => {
                if let Some(token) = text(field, value, usize::MAX, faults) {
                    if !is_workspace_token(&token) {
                        faults.add(
                            field,
                            format!(
                                "{} is no workspace token: 1 to {} of A-Z, a-z, 0-9, _, ., : and -",
                                quoted(&token),
                                limits::TOKEN_BYTES_MAX
                            ),
                        );
                    }
                    self.workspace = WorkspaceChoice::Token(token);
                }
            }
            "workspace_title" => self.workspace_title = text(field, value, limits::TITLE_BYTES_MAX, faults),
            "created_at" => {
                self.created_at =
                    text(field, value, usize::MAX, faults).and_then(|text| time(&text, rules, faults));
            }
            "context" => self.context = object(field, value, faults),
            "metadata" => self.metadata = object(field, value, faults),
            "token" => {
                self.token = text(field, value, usize::MAX, faults).and_then(|text| {
                    let token = LogToken::parse(&text);
                    if token.is_none() {
                        faults.add(
                            field,
                            format!(
                                "{} is no audit log token: adt_lg_ and 16 lower-case hexadecimal digits",
                                quoted(&text)
                            ),
                        );
                    }
                    token
                });
            }
            "idempotency_key" => {
                self.idempotency_key = text(field, value, limits::IDEMPOTENCY_KEY_BYTES_MAX, faults);
                if self.idempotency_key.as_deref() == Some("") {
                    faults.add(field, "must not be empty");
                }
            }
            _ => faults.add(field, unknown(field)),
        }
    }

    fn finish(self, forms: &Forms<'a>, rules: &Rules, mut faults: Faults) -> Result<Event<'a>, Vec<String>> {
        if !self.object_type_given {
            faults.add("object_type", "is missing");
        }
        if !self.action_given {
            faults.add("event", "is missing: send event or action");
        }
        if let (Some(event), Some(action)) = (self.event, self.action)
            && event != action
        {
            faults.add("action", format!("{} contradicts event {}", action.as_str(), event.event_name()));
        }
        let action = self.event.or(self.action);
        let change = forms.change(action, rules.import, &mut |field, what| faults.add(field, what));
        match (faults.sentences.is_empty(), action, self.object_type) {
            (true, Some(action), Some(object_type)) => Ok(Event {
                token: self.token,
                action,
                object_type,
                object_token: self.object_token,
                object_title: self.object_title,
                source: self.source.unwrap_or(Cow::Borrowed("api")),
                user: self.user,
                user_id: self.user_id,
                user_role: self.user_role,
                workspace: self.workspace,
                workspace_title: self.workspace_title,
                created_at: self.created_at,
                change,
                context: self.context.unwrap_or(Cow::Borrowed("{}")),
                metadata: self.metadata.unwrap_or(Cow::Borrowed("{}")),
                idempotency_key: self.idempotency_key,
            }),
            _ => Err(faults.sentences),
        }
    }
}

fn text<'a>(field: &str, value: &'a str, bytes_max: usize, faults: &mut Faults) -> Option<Cow<'a, str>> {
    let Some(text) = json::string(value) else {
        faults.add(field, format!("must be a string, not {}", shortened(value)));
        return None;
    };
    if text.len() > bytes_max {
        faults.add(field, format!("is {} bytes long; at most {bytes_max} are allowed", text.len()));
        return None;
    }
    Some(text)
}

fn object<'a>(field: &str, value: &'a str, faults: &mut Faults) -> Option<Cow<'a, str>> {
    if !value.starts_with('{') {
        faults.add(field, format!("must be an object, not {}", shortened(value)));
        return None;
    }
    Some(value.into())
}

/// An import creates the workspaces that it names, so their tokens must have a form that fits in a path.
fn is_workspace_token(text: &str) -> bool {
    (1..=limits::TOKEN_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_.:-".contains(&byte))
}

fn known(
    field: &str,
    word: &str,
    parse: impl Fn(&str) -> Option<Action>,
    name: impl Fn(Action) -> &'static str,
    faults: &mut Faults,
) -> Option<Action> {
    let action = parse(word);
    if action.is_none() {
        faults
            .add(field, format!("{} is not allowed: use {}", quoted(word), Action::ALL.map(name).join(", ")));
    }
    action
}

fn time(text: &str, rules: &Rules, faults: &mut Faults) -> Option<Timestamp> {
    let Ok(instant) = Timestamp::parse(text) else {
        faults
            .add("created_at", format!("{} is no RFC 3339 time such as 2026-03-04T09:30:00Z", quoted(text)));
        return None;
    };
    if instant > rules.now.plus_us(limits::FUTURE_US_MAX) {
        faults.add(
            "created_at",
            format!("{text} is more than 5 minutes in the future; here it is {}", rules.now),
        );
        return None;
    }
    Some(instant)
}

fn unknown(field: &str) -> String {
    match nearest(field, &FIELDS) {
        Some(near) => format!("is no field of an event; did you mean {near}?"),
        None => "is no field of an event".to_owned(),
    }
}
