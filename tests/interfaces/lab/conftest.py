"""A real server for each module, and a client that has its token."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.servers.lab_client import Client
from tests.servers.lab_server import LabServer


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LabServer]:
    """Give a server that runs, and end it."""
    folder = tmp_path_factory.mktemp("server")
    made = LabServer(folder)
    made.act_as("ana")
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture(scope="module")
def client(server: LabServer) -> Client:
    """Give a client of the server."""
    return Client(server)
