"""The server extension of JupyterLab and Notebook: what a panel beside the notebook asks for, over HTTP.

It is named in ``etc/jupyter/jupyter_server_config.d/pressrun.json``. Nothing of jupyter-server is imported before a
server loads it, so that everything else works without.
"""

from __future__ import annotations

from typing import Any


def _jupyter_server_extension_points() -> list[dict[str, str]]:
    """Return where jupyter-server finds the extension."""
    return [{"module": "pressrun.interfaces.lab"}]


def _load_jupyter_server_extension(serverapp: Any) -> None:
    """Add the routes to a server."""
    from pressrun.interfaces.lab.extension import load  # noqa: PLC0415 - jupyter-server is an extra

    load(serverapp)
