"""Jobs: replays, packagings and verifications that run by themselves: begun, looked at, stopped.

A job is a process in a session of its own with a folder of its own; nothing of it lives in the process that began it,
which may end or be killed. Whoever looks later, from whichever process, reads the same folder.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import msgspec

from pressrun.actions.panel_place import Place
from pressrun.errors import ContentMovedError, UnknownError, UsageError
from pressrun.notebook.binding import bind_parameters
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import read_notebook
from pressrun.records.cells import Inspection
from pressrun.records.jobs import StoredOrder
from pressrun.records.panel.orders import JobOrder
from pressrun.rules.paths import name_problem
from pressrun.rules.secrets.scan import find_in_text
from pressrun.store.bundles import BundleStore
from pressrun.store.jobs import LOG, PROCESS, RESULT, STOP, JobFolder, find_job, make_job, process_of
from pressrun.store.layout import STORE_FOLDER

RUNNER = Path(__file__).with_name("job_runner.py")
GRACE_S = 20.0
"""How long a job has to end after each of SIGINT, which ends a cell, and SIGTERM, which ends the kernel."""
POLL_S = 0.1
NOT_SHOWN = "«not shown: it looks like a secret»"
_SHOWN_VALUE = 500  # characters
_KERNEL = re.compile(r"[A-Za-z0-9._-]{1,200}")
_SERVERS_OWN = re.compile(r"(?:JPY_|JUPYTERHUB_|JUPYTER_(?:SERVER_)?TOKEN|JUPYTER_PASSWORD).*")


def begin_job(place: Place, order: JobOrder, by: str = "") -> JobFolder:
    """Begin a job; it goes on whatever becomes of this process.

    Args:
        place: the notebook that it is about.
        order: what to do.
        by: id of whoever asks.

    Raises:
        ContentMovedError: the notebook is not what the caller saw.
        UsageError: the notebook, a parameter, the bundle or another part of the order cannot be used.
        RefusedError: a secret itself is given where a reference to it belongs.
    """
    bundle = _checked(order, place)
    notebook = read_notebook(place.notebook)
    if order.source and order.source != notebook.digest:
        raise ContentMovedError(
            "the notebook was saved again since you saw it",
            where=place.shown(place.notebook),
            remedy="Look at it once more, and start again.",
        )
    inspection = inspect_notebook(notebook)
    if order.kind != "verify":
        _refuse_errors(inspection, place)
        bind_parameters(inspection, order.parameters)

    def build(number: int) -> StoredOrder:
        return StoredOrder(
            id=uuid.uuid4().hex,
            number=number,
            kind=order.kind,
            notebook=place.in_project,
            source=notebook.digest,
            created=datetime.now(timezone.utc).isoformat(timespec="milliseconds"),
            by=by,
            parameters=order.parameters,
            shown=shown_values(order.parameters),
            sandbox=order.sandbox,
            kernel=order.kernel,
            name=order.name,
            bundle=bundle,
            rebuild=order.rebuild,
        )

    folder = make_job(place.project, place.in_project, build)
    _start(folder)
    return folder


def _checked(order: JobOrder, place: Place) -> str:
    """Refuse what cannot be; return the digest of the bundle that is meant, empty where none is."""
    if order.kernel and not _KERNEL.fullmatch(order.kernel):
        raise UsageError(f"{order.kernel[:80]!r} is no kernel's name")
    if order.name and (problem := name_problem(order.name)):
        raise UsageError(f"the name {order.name[:80]!r} is not allowed: {problem}", remedy="Give another one.")
    if order.kind == "verify":
        if order.kernel:
            raise UsageError("a bundle is verified in its own environment or the current one", where="kernel")
        if order.parameters:
            raise UsageError("a bundle is verified with the values it was packaged with", where="parameters")
        if not order.bundle:
            raise UsageError("it is not said which bundle to verify", where="bundle")
        # by name or digest alone: a path would be read wherever it leads
        return BundleStore(place.project / STORE_FOLDER).resolve(order.bundle)
    if order.bundle or order.rebuild:
        raise UsageError(f"a bundle is named, and {order.kind} is about the notebook", where="bundle")
    if order.kind == "package" and order.sandbox:
        raise UsageError("packaging does not run in a sandbox", remedy="Verify the bundle in one.", where="sandbox")
    return ""


def _refuse_errors(inspection: Inspection, place: Place) -> None:
    for problem in inspection.problems:
        if problem.level == "error":
            where = place.shown(place.notebook)
            raise UsageError(problem.message, where=where if problem.cell is None else f"{where}, cell {problem.cell}")


def shown_values(parameters: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that were given as text for a reader, without what looks like a secret."""
    shown = {}
    for name, value in parameters.items():
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        secret = any(finding.certain for finding in find_in_text(text, place="parameter", where=name))
        shown[name] = NOT_SHOWN if secret else text[:_SHOWN_VALUE]
    return shown


def _start(folder: JobFolder) -> None:
    """Start the process of a job and remember which one it is."""
    environment = {name: value for name, value in os.environ.items() if not _SERVERS_OWN.fullmatch(name)}
    descriptor = os.open(folder.path / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_EXCL, 0o600)
    try:
        process = subprocess.Popen(
            [sys.executable, str(RUNNER), str(folder.path)],
            stdin=subprocess.DEVNULL,
            stdout=descriptor,
            stderr=descriptor,
            cwd=folder.path,
            env=environment,
            start_new_session=True,  # what ends this process's group or terminal does not end the job
        )
    except OSError as error:
        raise UsageError(f"no process can be started: {error.strerror}", where=sys.executable) from error
    finally:
        os.close(descriptor)
    # the same as the process itself writes, which may not have come so far when somebody looks
    begun = process_of(process.pid)
    with contextlib.suppress(OSError):
        if begun is not None and not (folder.path / PROCESS).exists():
            folder.write(PROCESS, msgspec.json.encode(begun))
    # only so that the system forgets it when it has ended; if this process ends first, init does that
    threading.Thread(target=process.wait, name=f"pressrun-job-{process.pid}", daemon=True).start()


def require_job(project: Path, job: str) -> JobFolder:
    """Return the folder of a job.

    Raises:
        UnknownError: the project has no such job.
    """
    folder = find_job(project, job)
    if folder is None:
        raise UnknownError(f"there is no job {job[:40]!r}", remedy="Only the newest jobs of a notebook are kept.")
    return folder


def stop_job(folder: JobFolder) -> None:
    """Ask a job to stop; asked a second time, or after a while, its kernel is killed.

    It ends by itself and says that it was stopped. One that does not listen is killed with all it started.
    """
    if folder.result() is not None:
        return
    again = folder.wants_to_stop()
    folder.write(STOP, msgspec.json.encode({"at": datetime.now(timezone.utc).isoformat(timespec="seconds")}))
    _signal(folder, signal.SIGTERM if again else signal.SIGINT)
    threading.Thread(target=_end, args=(folder,), name=f"pressrun-stop-{folder.id[:8]}", daemon=True).start()


def _end(folder: JobFolder) -> None:
    """End a job that does not end by itself."""
    if _ended(folder, GRACE_S):
        return
    _signal(folder, signal.SIGTERM)
    if _ended(folder, GRACE_S):
        return
    if pid := folder.pid():
        # the replay's own process and the kernel notice by themselves that it is gone, and end
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)


def _ended(folder: JobFolder, patience_s: float) -> bool:
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        if (folder.path / RESULT).exists() or not folder.pid():
            return True
        time.sleep(POLL_S)
    return False


def _signal(folder: JobFolder, number: signal.Signals) -> None:
    if pid := folder.pid():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
