"""Errors reach the clients as the status, its usual phrase and a list of sentences."""

from urllib.parse import quote

import httpx
import pytest
import vantage
from conftest import settle

MISSING = "adt_lg_00000000deadbeef"


async def error_of(call):
    """The error that a call raises, after checks that hold for all of them."""
    with pytest.raises(vantage.VantageAPIError) as caught:
        await settle(call())
    error = caught.value
    assert error.errors and all(isinstance(sentence, str) for sentence in error.errors)
    return error


async def test_an_unknown_token_is_not_found(client):
    error = await error_of(lambda: client.audit_logs.get(MISSING))
    assert (error.status, error.status_text) == (404, "Not Found")
    assert error.errors == [f"AuditLog {MISSING} not found."]


@pytest.mark.parametrize("token", ["nonsense", "a/b c", "日本", "..", "%"])
async def test_what_is_no_token_is_not_found_either(client, token):
    path = "/v2/audit_logs/" + quote(token, safe="")
    assert (await error_of(lambda: client.request("GET", path))).status == 404


async def test_an_entry_of_another_account_is_not_found(writer, server):
    foreign = server.entries[-1]["token"]
    error = await error_of(lambda: writer.audit_logs.get(foreign))
    assert (error.status, error.errors) == (404, [f"AuditLog {foreign} not found."])
    page = await settle(writer.audit_logs.list(token=foreign))
    assert page.audit_logs == []


@pytest.mark.parametrize("token", ["nonsense", "", "ann_svc_" + "0" * 49])
async def test_a_bad_access_token_is_refused(connect, server, token):
    # httpx refuses to send a header value that ends with a space, so an empty token can't be sent by the client.
    if token:
        client = connect(token)
        for call in (client.audit_logs.list, client.me.get, lambda: client.audit_logs.get(MISSING)):
            error = await error_of(call)
            assert (error.status, error.status_text) == (401, "Unauthorized")
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    answer = httpx.get(f"{server.url}/v2/audit_logs", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert answer.json()["errors"]


async def test_a_token_that_may_only_write_cannot_read(connect, server):
    client = connect(server.token(server.writer_account, scope="write"))
    error = await error_of(client.audit_logs.list)
    assert (error.status, error.status_text) == (403, "Forbidden")


async def test_a_token_that_may_only_read_cannot_write(connect, server):
    client = connect(server.token(server.writer_account, scope="read"))
    body = {"object_type": "segment", "action": "create"}
    assert (await error_of(lambda: client.request("POST", "/v2/audit_logs", body=body))).status == 403


@pytest.mark.parametrize(
    "params",
    [
        {"page": 0},
        {"page": -1},
        {"limit": 0},
        {"limit": 5001},
        {"action": "explode"},
        {"source": "Not A Source"},
        {"object_type": "Not A Type"},
        {"start_date": "yesterday"},
        {"end_date": "2024-02-30"},
    ],
    ids=str,
)
async def test_a_bad_parameter_is_named(client, params):
    error = await error_of(lambda: client.audit_logs.list(**params))
    assert (error.status, error.status_text) == (400, "Bad Request")
    assert next(iter(params)) in error.errors[0]


async def test_a_parameter_that_nobody_knows_is_refused_with_the_nearest_name(client):
    error = await error_of(lambda: client.request("GET", "/v2/audit_logs", params={"object_nmae": "x"}))
    assert error.status == 400
    assert "object_nmae" in error.errors[0] and "object_name" in error.errors[0]


async def test_each_fault_of_a_batch_is_named(writer):
    body = {"audit_logs": [{"object_type": "segment", "action": "create"}, {"action": "explode"}]}
    error = await error_of(lambda: writer.request("POST", "/v2/audit_logs", body=body))
    assert error.status == 422
    assert "audit_logs[1].object_type is missing" in error.errors
    assert any("audit_logs[1].action" in sentence for sentence in error.errors)


async def test_other_paths_and_methods_have_the_same_errors(client):
    assert (await error_of(lambda: client.cost_reports.list())).status == 404
    assert (await error_of(lambda: client.request("DELETE", "/v2/audit_logs"))).status == 405

