"""Who am I, which workspaces are there, is anybody there: the other reads that the clients have."""

import pytest
import vantage
from conftest import settle


async def test_ping(client):
    assert await settle(client.ping.ping()) is None  # the client raises for any failure and drops the body
    assert await settle(client.request("GET", "/v2/ping")) == {"ping": "pong"}


async def test_me(client, server):
    me = await settle(client.me.get())
    tokens = {workspace.token: workspace.name for workspace in me.workspaces}
    assert {token: tokens.get(token) for token, _ in server.workspaces} == dict(server.workspaces)
    assert me.default_workspace_token is None or me.default_workspace_token in tokens
    assert {"read", "write"} <= set(me.bearer_token.scope)
    assert me.bearer_token.description
    assert me.bearer_token.created_at.endswith("Z")


async def test_workspaces(client, server):
    listed = await settle(client.workspaces.list(page=1, limit=1000))
    names = {workspace.token: workspace.name for workspace in listed.workspaces}
    assert {token: names.get(token) for token, _ in server.workspaces} == dict(server.workspaces)
    for token, title in server.workspaces:
        one = await settle(client.workspaces.get(token))
        assert (one.name, one.currency, one.enable_currency_conversion) == (title, "USD", False)
        assert one in listed.workspaces


async def test_workspaces_page_and_search(client):
    every = await settle(client.workspaces.list())
    single = []
    for number in range(1, len(every.workspaces) + 1):
        single += (await settle(client.workspaces.list(page=number, limit=1))).workspaces
    assert single == every.workspaces
    found = await settle(client.request("GET", "/v2/workspaces", params={"q": "平台"}))
    assert [workspace["name"] for workspace in found["workspaces"]] == ["Platform 平台"]


async def test_a_workspace_of_another_account_is_not_found(client, server):
    with pytest.raises(vantage.VantageAPIError) as caught:
        await settle(client.workspaces.get(server.writer_workspace))
    assert caught.value.status == 404
    assert caught.value.errors
