"""A made-up history of audit log entries, the filters to ask of it, and the right answers.

The history is the same in every run. It holds what trips up servers and clients: entries of one second, titles that
differ only in their Unicode form or that need escaping in a URL, values that are null, two users of one name, types
beyond the four that Vantage documents, entries that arrive in another order than they happened, and numbers that a
floating-point reader would round.
"""

import random
import re

COUNT = 400
FIRST_DAY, LAST_DAY = "2024-01-01", "2025-06-30"

# Object types by the key that the filter takes: the name that answers show, and how an object's token begins.
OBJECT_TYPES = {
    "virtual_tag": ("VirtualTag", "vtag"),
    "cost_report": ("Report", "rprt"),
    "recommendation_commitment": ("RecommendationCommitment", "rec_cmt"),
    "segment": ("Segment", "sgmt"),
    "saved_filter": ("SavedFilter", "svd_fltr"),
}
EVENTS = {"create": "record_created", "update": "record_updated", "delete": "record_destroyed"}
SOURCES = ["console", "api", "finops_agent", "developer"]
USERS = [
    (1815, "Ada Lovelace"),
    (1906, "Grace Hopper"),
    (2001, "Jürgen Müller"),
    (2002, "山田 太郎"),
    (2003, "Ada Lovelace"),
    (None, None),
]
TITLES = [
    "Cloud spend by team",
    "Caf\u00e9 costs",  # é as one character …
    "Cafe\u0301 costs",  # … and as two: another title
    "Größe + 50% & mehr = ü/日本?",
    "page=3&limit=1",
    "📈 Q3 \u2192 Q4",
    "تقرير التكلفة",
    'He said "no" \\ left',
    "#1; DROP TABLE entries; --",
    None,
]
TIE = "2024-10-10T10:10:10Z"


def history(workspaces):
    """The entries in the order in which they are imported, in the form in which Vantage exports them.

    `workspaces` are (token, title) pairs. Where an entry has no `changed_values`, its changes stand in
    `object_changes`, the name that the published examples use.
    """
    rng = random.Random("annals")
    seconds = [_instant(rng) for _ in range(COUNT * 2 // 3)]
    objects = [_object(rng) for _ in range(60)]
    return [_entry(rng, n, rng.choice(objects), rng.choice(seconds), workspaces) for n in range(COUNT)]


def served(entry):
    """The fields of Vantage's AuditLog, as they must come back for an imported `entry`."""
    changes = entry.get("changed_values", entry.get("object_changes"))
    names = ["token", "object_token", "object_type", "object_title", "event", "source", "user"]
    names += ["workspace_title", "workspace_token", "created_at"]
    answer = {name: entry[name] for name in names}
    return answer | {"changed_values": changes, "unchanged_values": entry.get("unchanged_values", {})}


def newest_first(entries):
    """`entries`, given in the order of acceptance, in the order of answers: ties in reverse order of insertion."""
    placed = sorted(enumerate(entries), key=lambda place: (place[1]["created_at"], place[0]), reverse=True)
    return [entry for _, entry in placed]


def cases(entries, workspaces):
    """Filters and what they must find: a list of `{name, params, tokens}`, the tokens newest first.

    `entries` is all that the log holds, newest first.
    """
    full = ["object_token", "object_title", "workspace_token"]
    known = next(e for e in entries if e.get("user_id") == 2001 and all(e[name] for name in full))
    finance = workspaces[0][0]
    asked = [
        ("nothing asked", {}),
        *((f"user {user}", {"user": user}) for user, _ in USERS if user is not None),
        *((f"workspace {title}", {"workspace_token": token}) for token, title in workspaces),
        *((f"action {action}", {"action": action}) for action in EVENTS),
        *((f"title {title!a}", {"object_name": title}) for title in TITLES if title is not None),
        *((f"source {source}", {"source": source}) for source in SOURCES),
        *((f"type {key}", {"object_type": key}) for key in OBJECT_TYPES),
        ("token", {"token": known["token"]}),
        ("object token", {"object_token": known["object_token"]}),
        ("start date", {"start_date": "2025-01-01"}),
        ("end date", {"end_date": "2024-03-31"}),
        ("one day", {"start_date": TIE[:10], "end_date": TIE[:10]}),
        ("one instant", {"start_date": TIE, "end_date": TIE}),
        ("user and action", {"user": 1815, "action": "update"}),
        ("type, source and dates", {"object_type": "cost_report", "source": "api", "start_date": "2024-06-01"}),
        (
            "everything at once",
            {
                "user": known["user_id"],
                "workspace_token": known["workspace_token"],
                "action": next(a for a, event in EVENTS.items() if event == known["event"]),
                "object_name": known["object_title"],
                "source": known["source"],
                "object_type": key_of(known["object_type"]),
                "token": known["token"],
                "object_token": known["object_token"],
                "start_date": known["created_at"][:10],
                "end_date": known["created_at"][:10],
            },
        ),
        ("workspace and page-like title", {"workspace_token": finance, "object_name": "page=3&limit=1"}),
    ]
    in_vain = [
        ("a user that nobody is", {"user": 4}),
        ("a title in other case", {"object_name": "cloud spend by team"}),
        ("a part of a title", {"object_name": "Cloud"}),
        ("a source that nobody used", {"source": "terraform"}),
        ("a token that is not there", {"token": "adt_lg_0000000000000000"}),
        ("a day before all", {"end_date": "1999-12-31"}),
        ("filters that exclude each other", {"object_type": "segment", "object_token": "rprt_nothing"}),
    ]
    answers = [
        {"name": name, "params": params, "tokens": [e["token"] for e in entries if matches(e, params)]}
        for name, params in asked + in_vain
    ]
    # A filter that finds nothing says little about the server: only those may that are meant to.
    assert [answer["name"] for answer in answers if not answer["tokens"]] == [name for name, _ in in_vain]
    return answers


def matches(entry, params):
    """Whether `entry` is in the answer to `params`: the filters of the API, in the plainest words."""
    tests = {
        "user": lambda wanted: entry.get("user_id") == wanted,
        "workspace_token": lambda wanted: entry["workspace_token"] == wanted,
        "action": lambda wanted: entry["event"] == EVENTS[wanted],
        "object_name": lambda wanted: entry["object_title"] == wanted,
        "source": lambda wanted: entry["source"] == wanted,
        "object_type": lambda wanted: key_of(entry["object_type"]) == wanted,
        "token": lambda wanted: entry["token"] == wanted,
        "object_token": lambda wanted: entry["object_token"] == wanted,
        "start_date": lambda wanted: entry["created_at"][: len(wanted)] >= wanted,
        "end_date": lambda wanted: entry["created_at"][: len(wanted)] <= wanted,
    }
    return all(tests[name](wanted) for name, wanted in params.items())


def key_of(name):
    """The key of an object type, from the name that answers show: its snake case, but for `Report`."""
    key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()
    return "cost_report" if key == "report" else key


def _instant(rng):
    months = [f"2024-{m:02}" for m in range(1, 13)] + [f"2025-{m:02}" for m in range(1, 7)]
    month, day = rng.choice(months), rng.randint(1, 28)
    return f"{month}-{day:02}T{rng.randrange(24):02}:{rng.randrange(60):02}:{rng.randrange(60):02}Z"


def _object(rng):
    key = rng.choice(list(OBJECT_TYPES))
    name, prefix = OBJECT_TYPES[key]
    if key == "cost_report" and rng.random() < 0.2:
        name = "CostReport"  # the same type under the other name that is seen for it
    token = None if rng.random() < 0.1 else f"{prefix}_{rng.getrandbits(64):016x}"
    return name, token, rng.choice(TITLES)


def _entry(rng, number, of, second, workspaces):
    name, token, title = of
    action = rng.choice(["create", "update", "update", "update", "delete"])
    user_id, user = rng.choice(USERS)
    workspace_token, workspace_title = rng.choice([*workspaces, *workspaces, (None, None)])
    entry = {
        "token": f"adt_lg_{rng.getrandbits(64):016x}",
        "object_token": token,
        "object_type": name,
        "object_title": title,
        "event": EVENTS[action],
        "source": rng.choice(SOURCES),
        "user": user,
        "user_id": user_id,
        "workspace_title": workspace_title,
        "workspace_token": workspace_token,
        "created_at": TIE if number % 33 == 0 else second,
    }
    changes, unchanged = _changes(rng, action, title)
    if number % 10 == 0:
        return entry | {"object_changes": changes}
    return entry | {"changed_values": changes, "unchanged_values": unchanged}


def _changes(rng, action, title):
    values = {
        "title": title,
        "amount": rng.choice([0.1, 1e21, -3, 9007199254740993]),
        "groupings": '["provider","tag:team"]',
        "filter": {"aws": [{"tag": "Größe", "values": [None, True, ""]}]},
    }
    if action == "create":
        return {key: [None, value] for key, value in values.items()}, {}
    if action == "delete":
        return {key: [value, None] for key, value in values.items()}, {}
    changed = rng.sample(sorted(values), rng.randint(1, 3))
    return (
        {key: [values[key], f"{key} {rng.randrange(1000)}"] for key in changed},
        {key: value for key, value in values.items() if key not in changed},
    )
