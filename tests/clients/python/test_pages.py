"""Pagination as users of Vantage's clients do it: by page number, by following links, by cutting links apart."""

from urllib.parse import parse_qsl, urlsplit

import pytest
from conftest import settle

import history

FILTERS = [
    {},
    {"action": "update"},
    {"object_name": "page=3&limit=1"},
    {"object_name": "Größe + 50% & mehr = ü/日本?", "start_date": "2024-01-01"},
]
LIMITS = [7, 100, 5000]


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
async def test_cutting_the_page_number_out_of_next_finds_every_entry_once(client, server, filters, limit):
    found, number = [], 1
    while number:
        page = await settle(client.audit_logs.list(page=number, limit=limit, **filters))
        found += [entry.token for entry in page.audit_logs]
        number = int(page.links.next.split("page=")[1]) if page.links.next else None
    assert found == expected(server, filters)


@pytest.mark.parametrize("limit", LIMITS)
@pytest.mark.parametrize("filters", FILTERS, ids=str)
async def test_following_next_and_prev_finds_every_entry_once_in_both_directions(client, server, filters, limit):
    answer = await settle(client.request("GET", "/v2/audit_logs", params={"limit": limit, **filters}))
    forth = [answer]
    while answer["links"]["next"]:
        answer = await follow(client, server, answer["links"]["next"])
        forth.append(answer)
    back = [answer]
    while answer["links"]["prev"]:
        answer = await follow(client, server, answer["links"]["prev"])
        back.append(answer)
    assert tokens_of(forth) == expected(server, filters)
    assert tokens_of(reversed(back)) == expected(server, filters)


@pytest.mark.parametrize("filters", FILTERS, ids=str)
async def test_links_are_absolute_keep_the_filters_and_end_with_the_page(client, server, filters):
    limit = 2
    total = len(expected(server, filters))
    pages = -(-total // limit)
    assert pages > 3, "the history is too short for this test"
    for number in (1, 2, pages):
        asked = {"limit": limit, **filters, "page": number}
        links = (await settle(client.request("GET", "/v2/audit_logs", params=asked)))["links"]
        assert set(links) == {"self", "first", "next", "last", "prev"}
        assert page_of(links["self"]) == number
        assert page_of(links["first"]) == 1
        assert page_of(links["last"]) == pages
        assert page_of(links["next"]) == (number + 1 if number < pages else None)
        assert page_of(links["prev"]) == (number - 1 if number > 1 else None)
        for link in filter(None, links.values()):
            parts = urlsplit(link)
            assert f"{parts.scheme}://{parts.netloc}" == server.url
            assert parts.path == "/v2/audit_logs"
            kept = dict(parse_qsl(parts.query, strict_parsing=True))
            assert kept["limit"] == str(limit)
            assert {name: kept[name] for name in filters} == filters


async def test_a_page_past_the_end_is_empty_and_points_back(client, server):
    page = await settle(client.audit_logs.list(page=1_000_000, limit=100))
    last = -(-len(server.entries) // 100)
    assert page.audit_logs == []
    assert page.links.next is None
    assert page_of(page.links.prev) == page_of(page.links.last) == last


async def test_no_match_has_no_last_page(client):
    page = await settle(client.audit_logs.list(object_name="there is no such object"))
    assert page.audit_logs == []
    assert page.links.next is page.links.prev is page.links.last is None


async def test_links_walk_one_snapshot_while_events_arrive(writer, server, http):
    """Page numbers shift when something new comes first; the links carry `as_of`, so that they do not."""
    body = {"audit_logs": [event(n) for n in range(30)]}
    assert http.post("/v2/audit_logs", json=body).status_code == 201
    answer = await settle(writer.request("GET", "/v2/audit_logs", params={"limit": 4}))
    start = await settle(writer.audit_logs.list(limit=5000))
    found = [answer]
    while answer["links"]["next"]:
        assert http.post("/v2/audit_logs", json=event(1000 + len(found))).status_code == 201
        answer = await follow(writer, server, answer["links"]["next"])
        found.append(answer)
    assert tokens_of(found) == [entry.token for entry in start.audit_logs]


async def follow(client, server, link):
    """What a link leads to, by the client's own call for any path."""
    assert link.startswith(f"{server.url}/v2/audit_logs?")
    return await settle(client.request("GET", link.removeprefix(server.url)))


def page_of(link):
    """The page number of a link, which has to stand last and once."""
    if link is None:
        return None
    assert link.count("page=") == 1, link
    return int(link.split("page=")[1])


def tokens_of(answers):
    return [entry["token"] for answer in answers for entry in answer["audit_logs"]]


def expected(server, filters):
    return [entry["token"] for entry in server.entries if history.matches(entry, filters)]


def event(number):
    return {"object_type": "segment", "action": "create", "object_title": f"Draft {number}", "after": {"n": number}}
