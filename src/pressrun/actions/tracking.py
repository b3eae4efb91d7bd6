"""Every replay is a tracked run: parameters, metrics, duration, environment, outcome go into the project's journal.

A run that cannot be recorded is still a run: its result is never lost for it, and the reader is told.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from pressrun.actions.registry import open_registry
from pressrun.errors import PressrunError
from pressrun.records.bundle import LOCK, Manifest
from pressrun.records.comparison import Receipt
from pressrun.records.events import RunRecorded
from pressrun.records.outputs import CapturedValue
from pressrun.records.replay import Replay
from pressrun.rules.secrets.scan import find_in_text

NOT_RECORDED = "«not recorded: it looks like a secret»"
_LONGEST_VALUE = 2000  # characters of a parameter's text in the journal


def replayed(notebook: str, replay: Replay, values: Iterable[CapturedValue] = ()) -> RunRecorded:
    """Return the event for a replay of a bare notebook.

    Args:
        notebook: its path relative to the project.
        replay: what happened.
        values: what its declared metrics gave.
    """
    return RunRecorded(
        run=uuid.uuid4().hex,
        what="replay",
        notebook=notebook,
        source=replay.source,
        outcome=replay.verdict,
        started=replay.started,
        duration_s=replay.duration_s,
        cpu_s=replay.cpu_s,
        peak_memory_bytes=replay.peak_memory_bytes,
        parameters={name: _recordable(name, value) for name, value in replay.parameters.items()},
        metrics=metrics_in(values),
        python=replay.python,
        where="current",
        hermetic=replay.hermetic,
    )


def of_bundle(event: RunRecorded, manifest: Manifest) -> RunRecorded:
    """Return the event of a run as one of a bundle."""
    locks = [file.digest for file in manifest.content.files if file.path == LOCK]
    return msgspec.structs.replace(
        event, notebook=manifest.name, bundle=manifest.content_digest, environment=locks[0] if locks else ""
    )


def with_receipt(event: RunRecorded, receipt: Receipt, digest: str) -> RunRecorded:
    """Return the event with what its receipt says; `digest` is the receipt's own, where it is stored."""
    return msgspec.structs.replace(
        event, grade=receipt.grade, where=receipt.environment, hermetic=receipt.hermetic, receipt=digest
    )


def metrics_in(values: Iterable[CapturedValue]) -> dict[str, float]:
    """Return the metrics that are single numbers."""
    return {
        value.name: float(value.value)
        for value in values
        if value.kind == "metric" and isinstance(value.value, int | float) and not isinstance(value.value, bool)
    }


def track(project: Path, event: RunRecorded) -> str:
    """Record a run in the project's journal.

    Returns:
        Why it could not be recorded, as a sentence; empty when it was.
    """
    try:
        with open_registry(project) as registry:
            registry.record(event)
    except PressrunError as error:
        return f"the run was not recorded: {error}"
    return ""


def _recordable(name: str, value: Any) -> Any:
    if isinstance(value, str):
        if find_in_text(value, place="parameter", where=name):
            return NOT_RECORDED
        return value[:_LONGEST_VALUE]
    if isinstance(value, list | tuple):
        return [_recordable(name, item) for item in value]
    if isinstance(value, dict):
        return {str(key): _recordable(str(key), item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float):
        return value
    return repr(value)[:_LONGEST_VALUE]
