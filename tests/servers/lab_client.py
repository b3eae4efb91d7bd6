"""Whoever asks a server that runs the panel's routes: with its token, or with a browser's cookie."""

from __future__ import annotations

import httpx
from tests.servers.lab_server import TOKEN, LabServer


class Client:
    """Asks a server, as somebody who has its token."""

    def __init__(self, server: LabServer) -> None:
        self.server = server
        headers = {"Authorization": f"token {TOKEN}"}
        self.http = server.asking.enter_context(
            httpx.Client(base_url=f"{server.url}pressrun/", headers=headers, timeout=60)
        )

    def get(self, path: str, /, **query: str) -> httpx.Response:
        """Ask."""
        return self.http.get(path, params=query)

    def post(self, path: str, /, body: object) -> httpx.Response:
        """Order."""
        return self.http.post(path, json=body)


def browser(server: LabServer) -> httpx.Client:
    """Return what a browser holds that was logged in by the token: cookies, and no token."""
    made = server.asking.enter_context(httpx.Client(base_url=f"{server.url}pressrun/", timeout=60))
    made.get(f"{server.url}login", params={"token": TOKEN}, follow_redirects=True)
    return made
