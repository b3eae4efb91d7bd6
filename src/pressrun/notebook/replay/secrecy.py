"""Keeps secrets out of what a replay leaves behind: the executed notebook, and what is told of the run."""

from __future__ import annotations

from pathlib import Path

import msgspec

from pressrun.notebook.replay.executed import write_whole
from pressrun.notebook.replay.plan import INJECTED_TAG, Plan
from pressrun.notebook.secrets import Blotter, files_of, references_in
from pressrun.records.replay import Replay


def references_of(plan: Plan) -> tuple[str, ...]:
    """Return the references to secrets that the injected cells of a plan resolve."""
    injected = (cell for cell in plan.document["cells"] if INJECTED_TAG in cell["metadata"].get("tags", ()))
    return references_in(cell["source"] for cell in injected)


def blot_file(path: Path, blotter: Blotter) -> None:
    """Take out of a written file what was split over several messages of the kernel and whole only here."""
    if not blotter:
        return
    content = path.read_bytes()
    blotted = blotter.blot(content)
    if blotted != content:
        write_whole(path, [blotted])


def without_secrets(replay: Replay, blotter: Blotter, references: tuple[str, ...]) -> Replay:
    """Return what is told of a run without the values of secrets and without the files that they were read from."""
    if references:
        files = {str(path) for path in files_of(references)}
        kept = tuple(access for access in replay.observation.files if access.path not in files)
        observation = msgspec.structs.replace(replay.observation, files=kept)
        replay = msgspec.structs.replace(replay, observation=observation)
    if not blotter:
        return replay
    return msgspec.json.decode(blotter.blot(msgspec.json.encode(replay)), type=Replay)
