"""Every filter of the read API, and entries by token, against the known history."""

import pytest
from conftest import settle

import history

# The names of the filters' cases do not depend on the server; the answers do.
_WORKSPACES = [("wrkspc_1", "Finance"), ("wrkspc_2", "Platform 平台"), ("wrkspc_3", "Known only to the import")]
_NAMES = [case["name"] for case in history.cases(history.newest_first(history.history(_WORKSPACES)), _WORKSPACES)]


@pytest.mark.parametrize("name", _NAMES)
async def test_a_filter_finds_exactly_what_matches_newest_first(client, server, name):
    case = next(case for case in server.cases if case["name"] == name)
    page = await settle(client.audit_logs.list(limit=5000, **case["params"]))
    assert [entry.token for entry in page.audit_logs] == case["tokens"]


async def test_entries_come_back_as_they_were_written(client, server):
    page = await settle(client.audit_logs.list(limit=5000, end_date=history.LAST_DAY))
    found = [entry.model_dump() for entry in page.audit_logs]
    written = [entry for entry in server.entries if entry["created_at"][:10] <= history.LAST_DAY]
    assert len(written) == history.COUNT
    assert found == [{name: entry[name] for name in found[0]} for entry in written]


async def test_an_entry_is_found_by_its_token(client, server):
    for wanted in server.entries[::10]:
        entry = await settle(client.audit_logs.get(wanted["token"]))
        assert entry.model_dump().items() <= wanted.items()


async def test_an_answer_has_the_names_of_the_published_examples_and_of_live_traffic(client, server):
    entry = await settle(client.request("GET", f"/v2/audit_logs/{server.entries[-1]['token']}"))
    assert entry["object_changes"] == entry["changed_values"]
    assert isinstance(entry["index"], int)


async def test_the_default_page_is_a_hundred(client, server):
    page = await settle(client.audit_logs.list())
    assert [entry.token for entry in page.audit_logs] == [entry["token"] for entry in server.entries[:100]]


async def test_entries_of_one_second_keep_their_order_over_pages(client, server):
    """The last one inserted comes first, also where a page ends between two entries of the same second."""
    tied = [entry["token"] for entry in server.entries if entry["created_at"] == history.TIE]
    assert len(tied) > 10
    found = []
    for number in range(1, len(tied) + 1):
        page = await settle(client.audit_logs.list(page=number, limit=1, start_date=history.TIE, end_date=history.TIE))
        found += [entry.token for entry in page.audit_logs]
    assert found == tied
