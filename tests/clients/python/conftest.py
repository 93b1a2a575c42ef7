"""Fixtures: the running server, and both of Vantage's Python clients behind one way to call them."""

import inspect

import httpx
import pytest
import pytest_asyncio
import vantage

from server import Server


@pytest.fixture(scope="session")
def server():
    """The server with the known history, one for the whole run."""
    running = Server()
    try:
        running.start()
    except RuntimeError as fault:
        pytest.exit(f"no server to test: {fault}", returncode=1)  # instead of the same error for every test
    yield running
    running.stop()


@pytest.fixture(params=["sync", "async"])
def kind(request):
    """Which of the two Python clients a test uses."""
    return request.param


@pytest_asyncio.fixture
async def connect(kind, server):
    """Opens a client with a given access token; closes them all after the test."""
    opened = []

    def open_client(token):
        make = vantage.Client if kind == "sync" else vantage.AsyncClient
        opened.append(make(token, base_url=server.url))
        return opened[-1]

    yield open_client
    for client in opened:
        await settle(client.close())


@pytest_asyncio.fixture
async def client(connect, server):
    """A client on the account that has the history."""
    return connect(server.reader)


@pytest_asyncio.fixture
async def writer(connect, server):
    """A client on the account that tests write to."""
    return connect(server.writer)


@pytest.fixture
def http(server):
    """Plain HTTP on the account that tests write to, for what Vantage's clients cannot say."""
    headers = {"Authorization": f"Bearer {server.writer}"}
    with httpx.Client(base_url=server.url, headers=headers, timeout=30) as plain:
        yield plain


async def settle(result):
    """The result of a call to either client: the asynchronous one has to be awaited."""
    return await result if inspect.isawaitable(result) else result
