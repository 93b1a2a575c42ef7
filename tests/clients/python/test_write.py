"""What is written over plain HTTP, a client reads with the next request."""

import json

import pytest
from conftest import settle


async def test_an_event_with_before_and_after_is_read_as_changed_and_unchanged_values(writer, server, http):
    answer = http.post(
        "/v2/audit_logs",
        json={
            "object_type": "cost_report",
            "object_token": "rprt_91b2c3d4e5f60718",
            "object_title": "Größe + 50% 日本",
            "action": "update",
            "user": "Ada Lovelace",
            "user_id": 1815,
            "workspace_token": server.writer_workspace,
            "before": {"title": "Cloud spend", "interval": "last_month", "old": 1},
            "after": {"title": "Größe + 50% 日本", "interval": "last_month", "new": [1, None]},
        },
    )
    assert answer.status_code == 201, answer.text
    entry = await settle(writer.audit_logs.get(answer.json()["token"]))
    assert entry.object_type == "Report"
    assert entry.event == "record_updated"
    assert entry.source == "api"
    assert entry.user == "Ada Lovelace"
    assert (entry.workspace_title, entry.workspace_token) == ("Drafts", server.writer_workspace)
    assert entry.changed_values == {
        "title": ["Cloud spend", "Größe + 50% 日本"],
        "old": [1, None],
        "new": [None, [1, None]],
    }
    assert entry.unchanged_values == {"interval": "last_month"}
    newest = await settle(writer.audit_logs.list(limit=1, user=1815, object_type="cost_report"))
    assert newest.audit_logs == [entry]


@pytest.mark.parametrize("action, event", [("create", "record_created"), ("delete", "record_destroyed")])
async def test_creations_and_deletions_have_one_side(writer, http, action, event):
    side = "after" if action == "create" else "before"
    body = {"object_type": "VirtualTag", "action": action, side: {"key": "team"}}
    answer = http.post("/v2/audit_logs", json=body)
    assert answer.status_code == 201, answer.text
    entry = await settle(writer.audit_logs.get(answer.json()["token"]))
    assert entry.event == event
    assert entry.changed_values == {"key": [None, "team"] if action == "create" else ["team", None]}
    assert entry.object_token is None and entry.object_title is None and entry.user is None


async def test_a_batch_is_read_in_reverse_order(writer, http, kind):
    events = [{"object_type": "segment", "event": "record_created", "object_token": f"sgmt_{kind}"} for _ in range(25)]
    answer = http.post("/v2/audit_logs", json={"audit_logs": events})
    assert answer.status_code == 201, answer.text
    written = [entry["token"] for entry in answer.json()["audit_logs"]]
    page = await settle(writer.audit_logs.list(object_token=f"sgmt_{kind}"))
    assert [entry.token for entry in page.audit_logs] == written[::-1]


async def test_lines_of_json_are_read_whole(writer, http, kind):
    times = ["2025-03-01T08:00:00.9Z", "2025-03-01T08:00:00.1Z", "2025-03-01T08:00:00.5Z"]
    token = f"sgmt_lines_{kind}"
    lines = [{"object_type": "segment", "action": "update", "object_token": token, "created_at": t} for t in times]
    answer = http.post(
        "/v2/audit_logs",
        content="".join(json.dumps(line) + "\n" for line in lines),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.status_code == 201, answer.text
    written = [entry["token"] for entry in answer.json()["audit_logs"]]
    page = await settle(writer.audit_logs.list(object_token=token))
    assert [entry.token for entry in page.audit_logs] == [written[0], written[2], written[1]]
    assert {entry.created_at for entry in page.audit_logs} == {"2025-03-01T08:00:00Z"}


async def test_numbers_come_back_digit_for_digit(writer, http):
    numbers = ["9007199254740993", "18446744073709551615", "1.10", "0.1000000000000000055511151231257827", "1E3"]
    values = ",".join(f'"n{i}":{number}' for i, number in enumerate(numbers))
    body = f'{{"object_type":"segment","action":"create","after":{{{values}}}}}'
    answer = http.post("/v2/audit_logs", content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code == 201, answer.text
    token = answer.json()["token"]
    entry = await settle(writer.audit_logs.get(token))
    assert entry.changed_values["n0"] == [None, 9007199254740993]
    text = http.get(f"/v2/audit_logs/{token}").text
    for number in numbers:
        assert f"[null,{number}]" in text


async def test_a_retry_writes_nothing_again(writer, http, kind):
    token = f"sgmt_retry_{kind}"
    body = {"object_type": "segment", "action": "create", "object_token": token, "after": {"a": 1}}
    key = {"Idempotency-Key": f"retry-{kind}"}
    first = http.post("/v2/audit_logs", json=body, headers=key)
    again = http.post("/v2/audit_logs", json=body, headers=key)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.headers["Idempotency-Replayed"] == "true"
    assert again.json() == first.json()
    other = http.post("/v2/audit_logs", json=body | {"object_title": "other"}, headers=key)
    assert other.status_code == 409
    page = await settle(writer.audit_logs.list(object_token=token))
    assert len(page.audit_logs) == 1


async def test_a_client_can_write_with_its_call_for_any_path(writer):
    body = {"object_type": "segment", "action": "create", "after": {"via": "client"}}
    written = await settle(writer.request("POST", "/v2/audit_logs", body=body))
    read = await settle(writer.request("GET", f"/v2/audit_logs/{written['token']}"))
    assert read == written
