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


def test_the_server_keeps_to_its_own_description(server, tmp_path):
    account = server.account("Explored")
    server.workspace(account, "First")
    secret = server.token(account, scope="read,write")
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
    print(done.stdout, done.stderr)
    assert done.returncode == 0, "schemathesis found faults; they are in the output above"
