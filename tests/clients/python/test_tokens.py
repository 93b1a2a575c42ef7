"""Access tokens as clients meet them: revoked ones, and those that the OAuth 2.0 client-credentials grant gives."""

import asyncio
import time

import httpx
import pytest
import vantage
from conftest import settle

REVOKED_S_MAX = 5
EVENT = {"object_type": "segment", "action": "create"}


@pytest.fixture
def service(server):
    """A service token of an account of its own: the account, the token's id and the secret."""
    account = server.account("Services")
    secret = server.token(account)
    [token] = server.tokens(account)
    return account, token["id"], secret


def ask_for_grant(server, fields, **options):
    return httpx.post(f"{server.url}/oauth/token", data={"grant_type": "client_credentials"} | fields, **options)


@pytest.mark.parametrize("credentials", ["in the body", "by HTTP Basic"])
async def test_a_client_works_with_a_granted_token(connect, server, service, credentials):
    _, client_id, secret = service
    if credentials == "in the body":
        answer = ask_for_grant(server, {"client_id": client_id, "client_secret": secret})
    else:
        answer = ask_for_grant(server, {}, auth=(client_id, secret))
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    grant = answer.json()
    assert grant["token_type"] == "Bearer"
    assert 3500 < grant["expires_in"] <= 3600
    client = connect(grant["access_token"])
    written = await settle(client.request("POST", "/v2/audit_logs", body=EVENT))
    newest = await settle(client.audit_logs.list(limit=1))
    assert newest.audit_logs[0].token == written["token"]


async def test_a_granted_token_can_be_given_less(connect, server, service):
    _, client_id, secret = service
    fields = {"client_id": client_id, "client_secret": secret, "scope": "read"}
    client = connect(ask_for_grant(server, fields).json()["access_token"])
    assert (await settle(client.me.get())).bearer_token.scope == ["read"]
    with pytest.raises(vantage.VantageAPIError) as caught:
        await settle(client.request("POST", "/v2/audit_logs", body=EVENT))
    assert caught.value.status == 403


def test_a_wrong_secret_gets_no_grant(server, service):
    _, client_id, _ = service
    answer = ask_for_grant(server, {"client_id": client_id, "client_secret": server.writer})
    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")
    assert answer.json()["errors"]
    assert "WWW-Authenticate" in answer.headers


async def test_a_revoked_token_ends_within_seconds_and_so_does_what_it_granted(connect, server, service):
    account, client_id, secret = service
    granted = ask_for_grant(server, {"client_id": client_id, "client_secret": secret}).json()["access_token"]
    clients = [connect(secret), connect(granted)]
    for client in clients:
        assert await settle(client.ping.ping()) is None
        await settle(client.me.get())
    server.revoke(account, client_id)
    deadline = time.monotonic() + REVOKED_S_MAX
    for client in clients:
        while await works(client):
            assert time.monotonic() < deadline, "the token still works"
            await asyncio.sleep(0.1)


async def works(client):
    """Whether the client's token is still taken."""
    try:
        await settle(client.me.get())
    except vantage.VantageAPIError as error:
        assert error.status == 401
        return False
    return True
