"""A bundle's model, loaded in a fresh process and held against the predictions that were captured."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from pressrun.notebook.package.models import Bench, read_description
from pressrun.records.comparison import ValueComparison


def check_model(
    folder: Path, *, python: Path, import_paths: Sequence[Path] = (), timeout_s: float = 600
) -> ValueComparison:
    """Load the model of ``models/<name>`` in a fresh process, predict on its sample, and compare.

    Loading an unsafe format runs code of the bundle; so does replaying its notebook.

    Args:
        folder: the model's folder in a verified bundle.
        python: interpreter of the environment made from the bundle's lock.
        import_paths: folders that the project's own modules are imported from.
        timeout_s: for the process.

    Raises:
        UnsafeContentError: the files are not of the format that the description names.
    """
    folder = folder.resolve()
    description = read_description(folder)
    facts = {
        "class": description.class_name,
        "predict": description.predict,
        "predict_function": bool(description.predict_file),
        "sample": _data(folder / "sample.json"),
        "predictions": _data(folder / "predictions.json"),
    }
    paths = [str(path.resolve()) for path in import_paths]
    answer = Bench(facts, folder, folder, python, paths, timeout_s).check(
        description.model_format, list(description.trusted_types)
    )
    reason = str(answer.get("failed") or answer.get("difference") or "")
    compared = facts["predictions"] is not None
    return ValueComparison(
        name=f"{description.name}, as packaged",
        kind="predictions",
        sameness="different" if reason else "identical" if compared else "not-compared",
        tolerance=description.tolerance,
        reason=reason or ("" if compared else "there was no sample to predict on"),
    )


def _data(path: Path) -> object:
    return msgspec.json.decode(path.read_bytes()) if path.exists() else None
