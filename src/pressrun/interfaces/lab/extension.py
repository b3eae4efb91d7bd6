"""Puts the routes and the events into a jupyter-server."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import msgspec

from pressrun.interfaces.lab.desk import Desk
from pressrun.interfaces.lab.handlers import handlers
from pressrun.interfaces.lab.paths import Shown
from pressrun.interfaces.lab.routes import ROUTES
from pressrun.interfaces.lab.watching import SCHEMA, SCHEMA_ID, Watcher
from pressrun.records.panel.jobs import JobChanged

THREADS = 8


def load(serverapp: Any) -> None:
    """Add what we answer and tell to a server.

    Args:
        serverapp: jupyter-server's ``ServerApp``.
    """
    executor = ThreadPoolExecutor(THREADS, thread_name_prefix="pressrun")
    serverapp.event_logger.register_event_schema(SCHEMA)

    def emit(change: JobChanged) -> None:
        data = {"change": msgspec.to_builtins(change)}
        serverapp.event_logger.emit(schema_id=SCHEMA_ID, data=data)

    # of its own: a deployment that takes minutes must not keep a cell's end from being told
    looking = ThreadPoolExecutor(1, thread_name_prefix="pressrun-jobs")
    watcher = Watcher(emit, looking, serverapp.io_loop.asyncio_loop)
    desk = Desk(_shown(serverapp), watcher.follow)
    serverapp.web_app.add_handlers(".*$", handlers(ROUTES, serverapp.web_app.settings["base_url"], desk, executor))
    serverapp.web_app.settings["pressrun_watcher"] = watcher
    serverapp.log.info("pressrun: the panel's routes are at %spressrun/", serverapp.web_app.settings["base_url"])


def _shown(serverapp: Any) -> Shown | None:
    """Return the folder that the server shows, None where its notebooks do not lie on this disk."""
    contents = serverapp.contents_manager
    root = getattr(contents, "root_dir", "")
    if not root or not Path(root).is_dir():
        return None
    return Shown(Path(root).absolute(), allow_hidden=bool(getattr(contents, "allow_hidden", False)))
