"""One observation made of what the recorder in the kernel and the one outside saw of one run."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from pressrun.notebook.replay.folder import ReplayFolder
from pressrun.notebook.replay.observing import NOT_POSSIBLE, NOT_WANTED
from pressrun.notebook.replay.outside.command import Tracer
from pressrun.notebook.replay.outside.files import NAME as OUTSIDE
from pressrun.notebook.replay.outside.trace import Trace, as_observation, read_trace
from pressrun.notebook.replay.recorders import CUT_SHORT, LISTINGS, PythonRecorder, united
from pressrun.records.capture import Coverage, FileAccess, Observation, UnseenInput
from pressrun.rules.blind_spots import WEB, WEB_UNSEEN
from pressrun.rules.disagreement import Source, disagreements

NOT_TOLD = "The recording from outside lacks files that Python code opened: {example}"


def observe(folder: ReplayFolder, tracer: Tracer) -> Observation:
    """Return what the recorders of a run wrote into its folder, as one observation.

    Args:
        folder: of the replay.
        tracer: what `tracer_for` returned before the run.
    """
    inside = PythonRecorder().observation(folder.recorder(PythonRecorder.name))
    if not tracer.works:
        reason = NOT_WANTED if tracer.reason == "off" else NOT_POSSIBLE.format(reason=tracer.reason)
        return _with_coverage(inside, blind_spots=(*inside.coverage.blind_spots, reason))
    return merge(inside, read_trace(folder.recorder(OUTSIDE)))


def merge(inside: Observation, trace: Trace | None) -> Observation:
    """Return one observation of what the recorder in the kernel and the tracer saw of one run.

    The tracer knows better how a file was used first: it saw children and libraries too. It does not know what a
    module is; the files of imported modules are code, and left to the recorder in the kernel. Coverage is ``complete``
    only where the tracer's is and nothing that Python code opened is absent from it.

    Args:
        inside: from the recorder in the kernel.
        trace: None where the kernel was started without the tracer.
    """
    outside = as_observation(trace)
    unseen = _absent(inside, trace) if trace is not None else ()
    modules = {module.file for module in inside.modules}
    traced = [access for access in outside.files if access.path not in modules]
    merged = msgspec.structs.replace(
        inside,
        files=_merged(inside.files, traced),
        starts=tuple(dict.fromkeys((*inside.starts, *outside.starts))),
        lookups=(*inside.lookups, *outside.lookups),
    )
    sources = tuple(dict.fromkeys((*inside.coverage.sources, *outside.coverage.sources)))
    if outside.coverage.level == "complete" and not unseen:
        kept = tuple(spot for spot in inside.coverage.blind_spots if spot == CUT_SHORT or _of_the_network(spot))
        spots = (*outside.coverage.blind_spots, *kept)
        return _with_coverage(merged, level="complete", sources=sources, blind_spots=spots)
    lost = (NOT_TOLD.format(example=unseen[0].path),) if unseen else ()
    spots = tuple(dict.fromkeys((*outside.coverage.blind_spots, *lost, *inside.coverage.blind_spots)))
    level = inside.coverage.level
    if level == "none" and trace is not None:
        level = "partial"
    return _with_coverage(merged, level=level, sources=sources, blind_spots=spots, unseen=unseen)


def _of_the_network(spot: str) -> bool:
    return spot == WEB_UNSEEN or spot.startswith(WEB.partition("{")[0])


def _absent(inside: Observation, trace: Trace) -> tuple[UnseenInput, ...]:
    """Return what Python code opened and a trace without known problems does not hold."""
    opened = {access.path: access.cells for access in inside.files if access.event == "open"}
    attempts = {path: opened[path] for path in opened if path in trace.attempts}
    return disagreements(
        [
            Source(name=PythonRecorder.name, kind="observed", files=opened),
            Source(name=OUTSIDE, kind="observed", files=attempts, whole=not trace.problems),
        ]
    )


def _merged(inside: Sequence[FileAccess], traced: Sequence[FileAccess]) -> tuple[FileAccess, ...]:
    better = {access.path: access for access in traced}

    def corrected(access: FileAccess) -> FileAccess:
        known = better.get(access.path)
        if known is None or access.event in LISTINGS:
            return access
        return msgspec.structs.replace(access, mode=known.mode, first=known.first)

    return tuple(map(corrected, united([*inside, *traced])))


def _with_coverage(observation: Observation, **changes: object) -> Observation:
    coverage: Coverage = msgspec.structs.replace(observation.coverage, **changes)
    return msgspec.structs.replace(observation, coverage=coverage)
