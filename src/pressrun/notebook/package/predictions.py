"""Predictions of a model that was trained again, beside those that a bundle holds. No model is loaded."""

from __future__ import annotations

import json
from pathlib import Path

from pressrun.notebook.package.models import read_description
from pressrun.notebook.package.sample_codec import difference
from pressrun.records.comparison import ValueComparison
from pressrun.records.digest import digest_bytes, pretty_json
from pressrun.records.replay import TaskResult


def compare_predictions(folder: Path, result: TaskResult, *, tolerance: float | None = None) -> ValueComparison:
    """Compare what a replay's export task predicted with ``predictions.json``.

    Args:
        folder: the model's folder in the bundle.
        result: of the export task in the replay.
        tolerance: relative; the one that the bundle declares by default.

    Raises:
        UnsafeContentError: the folder's description is not true.
    """
    description = read_description(folder)
    allowed = description.tolerance if tolerance is None else tolerance
    name = description.name
    if result.error:
        return ValueComparison(name=name, kind="predictions", sameness="missing", reason=result.error.splitlines()[-1])
    if not description.predictions:
        return ValueComparison(name=name, kind="predictions", sameness="not-compared", reason="there is no sample")
    facts = result.value
    if facts.get("sample") is None or digest_bytes(pretty_json(facts["sample"])) != description.sample:
        return ValueComparison(name=name, kind="predictions", sameness="different", reason="the sample itself differs")
    expected = json.loads((folder / "predictions.json").read_bytes())
    reason, largest = difference(expected, facts["predictions"], allowed)
    same = "identical" if expected == facts["predictions"] else "within-tolerance"
    return ValueComparison(
        name=name,
        kind="predictions",
        sameness="different" if reason else same,  # type: ignore[arg-type]
        tolerance=allowed,
        relative_difference=largest,
        reason=reason,
    )
