"""Schemathesis against the API that the server itself describes: nothing it sends may surprise either side.

It sends what the description allows and what it forbids, and checks statuses, headers, bodies, refusals and
authentication against the description. How: schemathesis.toml.
"""

import os
import pathlib
import shutil
import subprocess
import sys

HERE = pathlib.Path(__file__).parent
RECORDED_MIN = 20


def test_the_server_keeps_to_its_own_description(server, tmp_path):
    account = server.account("Explored")
    server.workspace(account, "First")
    secret = server.token(account, scope="read,write,import,admin")
    [token] = server.tokens(account)
    shutil.copy(HERE / "schemathesis.toml", tmp_path)
    (tmp_path / "client_id.dict").write_text(f'"{token["id"]}"\n')
    (tmp_path / "client_secret.dict").write_text(f'"{secret}"\n')
    done = subprocess.run(
        [pathlib.Path(sys.executable).with_name("schemathesis"), "run", f"{server.url}/openapi.json"],
        env=os.environ | {"ANNALS_TOKEN": secret, "COLUMNS": "120"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
    )
    print(done.stdout, done.stderr)  # pytest shows it if the test fails
    assert done.returncode == 0, "schemathesis found faults; they are in the output above"

    # Many made-up events break a rule that no schema can say. If none kept them all, recording was not explored.
    entries = server.get("/v2/audit_logs?limit=5000", token=secret)["audit_logs"]
    recorded = [entry for entry in entries if entry["source"] != "cli"]
    assert len(recorded) >= RECORDED_MIN, "too few of the generated events were recorded"
