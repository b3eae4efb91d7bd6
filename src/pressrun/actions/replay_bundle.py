"""Run a bundle's notebook headlessly, with other parameters where wanted."""

from __future__ import annotations

import logging
import shutil
from pathlib import Path

import msgspec

from pressrun.actions.bundle_room import pressed_injection, room_of
from pressrun.actions.clean_room import running
from pressrun.actions.exchange import open_bundle
from pressrun.actions.progress import Progress
from pressrun.actions.replay import ReplaySettings, Values
from pressrun.actions.runs import Run
from pressrun.errors import UsageError
from pressrun.notebook.binding import bind_parameters, injection_source
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.package.tasks import metrics_tasks
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.secrets import without_given
from pressrun.records.bundle import SOURCE, Manifest
from pressrun.records.replay import Replay

_log = logging.getLogger(__name__)


class BundleReplay(msgspec.Struct, frozen=True, kw_only=True):
    """Which bundle, and where things are.

    Attributes:
        reference: a folder, an archive, or a name, digest or digest prefix in the project's store.
        inputs: folder of the inputs that do not travel in the bundle; the project by default.
        output: where the executed notebook goes; default: ``<name>-replayed.ipynb`` in the working directory.
    """

    reference: str
    project: Path
    inputs: Path | None = None
    output: Path | None = None


def replay_bundle(what: BundleReplay, values: Values, settings: ReplaySettings, progress: Progress) -> Replay:
    """Run the bundle's notebook in a folder of its own; values given here win over those it was pressed with.

    Args:
        what: the bundle.
        values: parameters, strictly checked.
        settings: how to run it.
        progress: told what happens.

    Raises:
        UsageError: there is no such bundle, or a parameter or the output can't be used.
        InputChangedError: an input is absent, or is not the one that was captured.
        BundleCorruptError: the bundle is not what its manifest says.
    """
    with open_bundle(what.reference, what.project) as opened:
        output = what.output or Path(f"{opened.manifest.name}-replayed.ipynb")
        if not output.absolute().parent.is_dir():
            raise UsageError("the folder of the executed notebook does not exist", where=str(output), remedy="Make it.")
        source = opened.folder / SOURCE
        notebook = read_notebook(source)
        inspection = inspect_notebook(notebook)
        bound = bind_parameters(inspection, values.given, values.words)
        pressed = without_given(pressed_injection(opened), bound)
        parts = (pressed, injection_source(inspection, bound))
        request = ReplayRequest(
            notebook=source,
            output=output,
            values=bound,
            injection="\n".join(part for part in parts if part),
            kernel=settings.kernel,
            python=settings.python,
            timeout_s=settings.timeout_s,
            cell_timeout_s=settings.cell_timeout_s,
            environment_names=settings.environment_names,
            trace=settings.trace,
            tasks=metrics_tasks(notebook.cells) if settings.track else (),
        )
        room = room_of(opened, what.inputs or what.project, request, progress, sandbox=settings.sandbox)
        with running(room, progress) as run:
            if Path(run.replay.executed).exists():
                shutil.copyfile(run.replay.executed, output)
            if settings.track:
                _track(what.project, run, opened.manifest)
            return msgspec.structs.replace(run.replay, executed=str(output.absolute()))


def _track(project: Path, run: Run, manifest: Manifest) -> None:
    # the journal's room is only entered by a run that is recorded
    from pressrun.actions.tracking import of_bundle, replayed, track  # noqa: PLC0415

    if problem := track(project, of_bundle(replayed(manifest.name, run.replay, run.values), manifest)):
        _log.warning("%s", problem)
