"""Running a bundle: its notebook in a folder that holds its modules and its inputs, each checked by digest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pressrun.actions.clean_room import Room, project_files
from pressrun.actions.exchange import OpenedBundle
from pressrun.actions.progress import Progress
from pressrun.errors import BundleCorruptError, InputChangedError
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.sandbox.probe import require_sandbox
from pressrun.notebook.statcache import user_stat_cache
from pressrun.records.bundle import PARAMETERS, PROJECT, SOURCE


def read_content(opened: OpenedBundle, name: str, kind: Any) -> Any:
    """Return a JSON content file as `kind`.

    Raises:
        BundleCorruptError: it is absent or not of its format.
    """
    try:
        return msgspec.json.decode((opened.folder / name).read_bytes(), type=kind)
    except FileNotFoundError as error:
        raise BundleCorruptError("the bundle holds no such file", where=name) from error
    except msgspec.MsgspecError as error:
        raise BundleCorruptError(f"it is not of its format: {error}", where=name) from error


def pressed_injection(opened: OpenedBundle) -> str:
    """Return the source of the cell that gives the values the bundle was pressed with, empty for none."""
    schema: Mapping[str, Any] = read_content(opened, PARAMETERS, dict[str, Any])
    return str(schema.get("x-injection", ""))


def room_of(
    opened: OpenedBundle, inputs: Path, request: ReplayRequest, progress: Progress, *, sandbox: bool = False
) -> Room:
    """Return what to run, where, for a bundle that was opened.

    Args:
        opened: the verified bundle.
        inputs: folder that holds, at their project paths, the inputs that do not travel in the bundle.
        request: how to replay; notebook, output and working directory are set for each run.
        progress: told of bytes digested.
        sandbox: whether the notebook may read what the bundle names and nothing else.

    Raises:
        UsageError: no sandbox can be made here.
        InputChangedError: an input is absent, or is not the one that was captured.
    """
    if sandbox:
        require_sandbox()
    manifest, folder = opened.manifest, opened.folder
    modules = {
        file.path.removeprefix(f"{PROJECT}/"): folder / file.path
        for file in manifest.content.files
        if file.role == "module"
    }
    held = [item for item in manifest.content.inputs if item.held]
    absent = [item for item in manifest.content.inputs if not item.held]
    with user_stat_cache() as cache:
        files = project_files(held, folder / PROJECT, modules, cache, progress)
        try:
            files |= project_files(absent, inputs, {}, cache, progress)
        except InputChangedError as error:
            remedy = "Name the folder that holds them, at their project paths, with --inputs."
            raise InputChangedError(error.what, where=error.where, remedy=remedy) from error
    return Room(
        notebook=(folder / SOURCE).read_bytes(),
        name=f"{manifest.name}.ipynb",
        entry=manifest.entry,
        files=files,
        request=request,
        inputs=tuple(item.path for item in (*held, *absent) if item.role != "package-data") if sandbox else None,
        origin=inputs,
    )
