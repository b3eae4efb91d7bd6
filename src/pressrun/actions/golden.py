"""Whether a version can be put live: its files are whole, its models load, and they predict what they predicted."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Literal

from pressrun.actions.progress import Progress
from pressrun.actions.registered import reference_of, registered_bundle
from pressrun.actions.registry import Registry
from pressrun.errors import ResultsDifferError
from pressrun.records.bundle import LOCK, PROJECT
from pressrun.records.events import Registered
from pressrun.store.bundles import write_folder

Checked = Literal["files", "loaded", "predictions"]


def check_loads(registry: Registry, event: Registered, progress: Progress, python: Path | None = None) -> Checked:
    """See that a version's files are whole and that its models load and give their golden predictions.

    Args:
        registry: the registry.
        event: the version.
        progress: told what happens.
        python: interpreter of an environment to load in; by default the one that the bundle's lock describes.

    Returns:
        What was seen: ``files`` of a bundle without a model, ``loaded`` where no sample was captured, else
        ``predictions``.

    Raises:
        CannotRestoreError: a file is missing or damaged, or the environment cannot be rebuilt.
        ResultsDifferError: a model does not load, or predicts something else.
    """
    from pressrun.notebook.environment.rebuild import rebuild  # noqa: PLC0415 - only where something is loaded
    from pressrun.notebook.package.model_check import check_model  # noqa: PLC0415

    bundle = registered_bundle(registry, event)
    progress.stage(f"Checking the files of {reference_of(event)}")
    with tempfile.TemporaryDirectory(prefix="pressrun-golden-") as base:
        folder = Path(base) / "bundle"
        write_folder(bundle, folder, sync=False)
        models = sorted({Path(file).parent.as_posix() for file in event.models})
        if not models:
            return "files"
        if python is None:
            progress.stage("Rebuilding its environment from the lock")
            python = rebuild(folder / LOCK).python
        progress.stage("Loading its models in a fresh process")
        paths = (folder / PROJECT, folder / PROJECT / bundle.manifest.entry)
        found = [check_model(folder / model, python=python, import_paths=paths) for model in models]
    for value in found:
        if value.sameness == "different":
            raise ResultsDifferError(
                f"{value.name}: {value.reason}",
                where=reference_of(event),
                remedy="It will not be put live. `pressrun verify` on its bundle tells more.",
            )
    return "predictions" if all(value.sameness == "identical" for value in found) else "loaded"
