"""A real server for each module, and a client that has its token."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.servers.lab_server import TOKEN, LabServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Give a server that runs, and end it."""
    folder = tmp_path_factory.mktemp("server")
    made = LabServer(folder, {"PRESSRUN_CACHE": str(folder / "cache"), "PRESSRUN_ACTOR": "ana"})
    try:
        yield made.start()
    finally:
        made.stop()


class Client:
    """Asks a server, as somebody who has its token."""

    def __init__(self, server: LabServer) -> None:
        self.server = server
        headers = {"Authorization": f"token {TOKEN}"}
        self.http = httpx.Client(base_url=f"{server.url}pressrun/", headers=headers, timeout=60)

    def get(self, path: str, /, **query: str) -> httpx.Response:
        """Ask."""
        return self.http.get(path, params=query)

    def post(self, path: str, /, body: object) -> httpx.Response:
        """Order."""
        return self.http.post(path, json=body)


@pytest.fixture(scope="module")
def client(server: LabServer) -> Iterator[Client]:
    """Give a client of the server."""
    made = Client(server)
    with made.http:
        yield made
