"""A running annals server for the tests of its clients: starts the binary, gives it a known history, stops it.

Tests in Python use `Server` directly. Tests in another language run this file: it writes one line of JSON (the fields
of `Server.describe`) to its output when the server is ready, and stops the server when its input is closed.

The binary is the one that ANNALS_BIN names, else `target/debug/annals` of this repository.
"""

import json
import os
import pathlib
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import history

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("ANNALS_BIN", ROOT / "target/debug/annals")).resolve()
START_S_MAX = 30
STOP_S_MAX = 30


class Server:
    """The server, on a free port, with a data directory of its own that goes away with it.

    It holds two accounts. The first has the history and is only read, so that what it holds is known exactly; the
    second is there for tests that write.
    """

    def start(self):
        """Starts it and returns when it is ready and filled."""
        self._scratch = tempfile.TemporaryDirectory(prefix="annals-clients-")
        self._data = pathlib.Path(self._scratch.name, "data")
        self._log = open(pathlib.Path(self._scratch.name, "log"), "wb+")
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(
            [BINARY, "serve", "--data-dir", self._data, "--listen", f"127.0.0.1:{port}"],
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=self._log,
        )
        try:
            self._wait_until_ready()
            self._fill()
        except BaseException:
            self._process.kill()
            self._process.wait()
            sys.stderr.write(self._tail_of_log())
            self._clean()
            raise

    def stop(self):
        """Stops it, and fails unless it ends as it should."""
        self._process.send_signal(signal.SIGTERM)
        try:
            code = self._process.wait(STOP_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            code = f"nothing: it did not stop within {STOP_S_MAX} s"
        log = self._tail_of_log()
        self._clean()
        if code != 0:
            raise RuntimeError(f"the server answered SIGTERM with {code}; its log ends:\n{log}")

    def cli(self, *arguments):
        """What `annals ARGUMENTS` prints, without the line end; fails if the command does."""
        done = subprocess.run([BINARY, *arguments], capture_output=True, text=True)
        if done.returncode != 0:
            raise RuntimeError(f"annals {' '.join(arguments)}: exit {done.returncode}\n{done.stdout}{done.stderr}")
        return done.stdout.strip()

    def account(self, title):
        """Creates an account."""
        return self.cli("account", "create", title, "--data-dir", str(self._data))

    def workspace(self, account, name):
        """Creates a workspace."""
        return self.cli("workspace", "create", name, "--account", account, "--data-dir", str(self._data))

    def token(self, account, scope="read,write,import", role="owner"):
        """Creates an access token of a service."""
        options = ["--account", account, "--scope", scope, "--role", role, "--data-dir", str(self._data)]
        return self.cli("token", "create", f"tests, {scope}", *options)

    def tokens(self, account):
        """The access tokens of an account, as `token list` tells of them: without their secrets."""
        lines = self.cli("token", "list", "--json", "--account", account, "--data-dir", str(self._data))
        return [json.loads(line) for line in lines.splitlines()]

    def revoke(self, account, token_id):
        """Revokes an access token by its id."""
        self.cli("token", "revoke", token_id, "--account", account, "--data-dir", str(self._data))

    def describe(self):
        """What a test needs to know, as plain data."""
        return {
            "url": self.url,
            "token": self.reader,
            "workspaces": [{"token": token, "title": title} for token, title in self.workspaces],
            "entries": self.entries,
            "cases": self.cases,
            "writer": {"token": self.writer, "workspace": self.writer_workspace},
        }

    def _wait_until_ready(self):
        deadline = time.monotonic() + START_S_MAX
        while True:
            if self._process.poll() is not None:
                raise RuntimeError(f"the server ended with {self._process.returncode} before it was ready")
            try:
                with urllib.request.urlopen(f"{self.url}/readyz", timeout=5):
                    return
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                if time.monotonic() > deadline:
                    raise RuntimeError(f"the server was not ready within {START_S_MAX} s") from None
                time.sleep(0.05)

    def _fill(self):
        """Makes both accounts and imports the history into the first."""
        account = self.account("Größe & Söhne")
        self.workspaces = [
            (self.workspace(account, "Finance"), "Finance"),
            (self.workspace(account, "Platform 平台"), "Platform 平台"),
            ("wrkspc_00000000000000aa", "Known only to the import"),
        ]
        self.reader = self.token(account)
        imported = history.history(self.workspaces)
        file = pathlib.Path(self._scratch.name, "history.ndjson")
        file.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in imported), encoding="utf-8")
        self.cli("import", str(file), "--url", self.url, "--token", self.reader)

        # Administration is recorded too. Those entries are of today, and thus newer than all of the history.
        own = self.get("/v2/audit_logs?limit=5000&start_date=2025-07-01")["audit_logs"]
        self.entries = own + [
            history.served(entry) | {"user_id": entry["user_id"]} for entry in history.newest_first(imported)
        ]
        self.cases = history.cases(self.entries, self.workspaces)

        self.writer_account = self.account("Writers")
        self.writer_workspace = self.workspace(self.writer_account, "Drafts")
        self.writer = self.token(self.writer_account)

    def get(self, path, token=None):
        """The JSON body of a GET without any client."""
        request = urllib.request.Request(self.url + path, headers={"Authorization": f"Bearer {token or self.reader}"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)

    def _clean(self):
        self._log.close()
        self._scratch.cleanup()

    def _tail_of_log(self):
        self._log.flush()
        self._log.seek(0)
        return self._log.read()[-8000:].decode("utf-8", "replace")


def free_port():
    """A TCP port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


if __name__ == "__main__":
    server = Server()
    server.start()
    try:
        print(json.dumps(server.describe()), flush=True)
        sys.stdin.read()
    finally:
        server.stop()
