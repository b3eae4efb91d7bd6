"""Which recorders watch a replay."""

from __future__ import annotations

from collections.abc import Iterable

from pressrun.errors import UsageError
from pressrun.notebook.replay.outside.command import REMEDY, Tracer, find_tracer
from pressrun.notebook.replay.outside.recorder import StraceRecorder
from pressrun.notebook.replay.recorders import PythonRecorder, Recorder
from pressrun.notebook.replay.request import Trace as Wanted

NOTHING_WANTED = "Nothing was to be recorded."
NOT_WANTED = "Nothing was recorded from outside: it was not asked for."
NOT_POSSIBLE = "Nothing was recorded from outside: {reason}."


def tracer_for(wanted: Wanted) -> Tracer:
    """Return the tracer to use, or why there is none.

    Raises:
        UsageError: one must be used and none works here.
    """
    if wanted == "off":
        return Tracer(reason="off")
    tracer = find_tracer()
    if wanted == "on" and not tracer.works:
        raise UsageError(f"the run cannot be recorded from outside: {tracer.reason}", remedy=REMEDY)
    return tracer


def recorders_for(tracer: str, folders: Iterable[str], *, looks: bool = False) -> tuple[Recorder, ...]:
    """Return new recorders for one run.

    Args:
        tracer: program to record from outside with, empty for none.
        folders: our own folders, in which nothing is the notebook's data.
        looks: whether what was only looked for is recorded from outside, too.
    """
    inside = PythonRecorder()
    return (StraceRecorder(tracer, tuple(folders), looks=looks), inside) if tracer else (inside,)
