"""A cell's outputs as they are compared: joined, one representation each, and as they are stored in a bundle."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from pressrun.records.cells import Cell
from pressrun.records.outputs import CapturedValue, ComparedCell, ComparedOutput, ComparedOutputs
from pressrun.rules.compare.align import code_digest, numbered_code_cells
from pressrun.rules.compare.mask_rules import ALWAYS
from pressrun.rules.compare.protocol import Context
from pressrun.rules.compare.registry import DEFAULT_REGISTRY, Registry, preferred_mimes
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.sources import cell_facts

STDOUT = "stream/stdout"
STDERR = "stream/stderr"
ERROR = "error"
ALREADY_LOADED = "The pressrun extension is already loaded. To reload it, use:\n  %reload_ext pressrun\n"
"""What IPython prints where the cell with ``%load_ext pressrun`` is run again."""
_SIGNIFICANT_DIGITS = 12
UNCOMPARED = frozenset({"timing-tag", "profiler", "installer", "skip"})
"""Facts of cells whose outputs are no results."""


class Joined(msgspec.Struct, frozen=True):
    """The outputs of one cell.

    Attributes:
        shown: mime bundles in their order, the joined stdout first where there is any: how prints and results
            interleave depends on buffers, not on the notebook.
        stderr: joined text of the other stream.
    """

    shown: tuple[Mapping[str, Any], ...]
    stderr: str


def joined_outputs(outputs: Sequence[Mapping[str, Any]]) -> Joined:
    """Join the streams of a cell and collect its results, without what pressrun itself said while somebody worked."""
    streams: dict[str, list[str]] = {"stdout": [], "stderr": []}
    shown: list[Mapping[str, Any]] = []
    for output in outputs:
        if _is_ours(output):
            continue
        kind = output.get("output_type")
        if kind == "stream":
            streams["stderr" if output.get("name") == "stderr" else "stdout"].append(_text(output.get("text", "")))
        elif kind == "error":
            shown.append({ERROR: {"ename": output.get("ename", ""), "evalue": output.get("evalue", "")}})
        elif isinstance(output.get("data"), dict) and output["data"]:
            shown.append({mime: _value(mime, value) for mime, value in output["data"].items()})
    stdout = "".join(streams["stdout"]).replace(ALREADY_LOADED, "")
    if stdout:
        shown.insert(0, {STDOUT: stdout})
    return Joined(tuple(shown), "".join(streams["stderr"]))


def _is_ours(output: Mapping[str, Any]) -> bool:
    """Whether an output is a receipt or notice of a live capture: a replay shows none, and the notebook made none."""
    data = output.get("data")
    if output.get("output_type") != "display_data" or not isinstance(data, dict):
        return False
    # a mark alone is not enough: whatever is left out says whose it is
    return _text(data.get("text/plain", "")).startswith("pressrun: ")


def _text(value: Any) -> str:
    return "".join(map(str, value)) if isinstance(value, list) else str(value)


def _value(mime: str, value: Any) -> Any:
    """Join multi-line text; JSON types hold any JSON value, also a list."""
    if isinstance(value, list) and not mime.endswith("json") and all(isinstance(line, str) for line in value):
        return "".join(value)
    return value


def show_anything(cells: Sequence[Cell]) -> bool:
    """Whether any cell shows something that can be compared."""
    return any(joined.shown or joined.stderr for joined in (joined_outputs(cell.outputs) for cell in cells))


def is_blank(mime: str, value: Any) -> bool:
    """Whether a normalised output holds nothing: what only told the time is not compared."""
    return mime == STDOUT and not str(value).strip()


def compared_outputs(
    cells: Sequence[Cell],
    settings: CompareSettings,
    values: Sequence[CapturedValue] = (),
    registry: Registry = DEFAULT_REGISTRY,
) -> ComparedOutputs:
    """Return what a bundle keeps of a run: normalised, canonical, equal for equal runs.

    Args:
        cells: the executed notebook's cells, all of them.
        settings: tolerances and folders.
        values: declared metrics and predictions.
        registry: comparators.
    """
    facts = cell_facts(cells)
    kept: list[ComparedCell] = []
    for number, cell in numbered_code_cells(cells):
        context = Context(settings=settings, facts=facts[cell.index])
        outputs = [] if not UNCOMPARED.isdisjoint(context.facts) else _stored(cell, context, registry)
        if outputs:
            kept.append(ComparedCell(cell=number, code=code_digest(cell), tags=cell.tags, outputs=tuple(outputs)))
    return ComparedOutputs(
        tolerance=settings.tolerance,
        rules=tuple(sorted({rule.name for rule in ALWAYS})),
        cells=tuple(kept),
        values=tuple(
            msgspec.structs.replace(value, value=rounded(value.value))
            for value in sorted(values, key=lambda v: (v.kind, v.name))
        ),
    )


def _stored(cell: Cell, context: Context, registry: Registry) -> list[ComparedOutput]:
    outputs = []
    for bundle in joined_outputs(cell.outputs).shown:
        mime = preferred_mimes(bundle, registry, estimator_as_text=False)[0]
        value = registry.normalise(mime, bundle[mime], context).value
        if not is_blank(mime, value):
            outputs.append(ComparedOutput(mime=mime, value=value))
    return outputs


def cells_from_compared(stored: ComparedOutputs) -> tuple[Cell, ...]:
    """Return stored outputs as cells that `compare_cells` takes as the expected side.

    Their source is empty and their digest is that of the code, by which they are aligned.
    """
    return tuple(
        Cell(
            index=cell.cell,
            id=None,
            type="code",
            source="",
            body="",
            digest=cell.code,
            tags=cell.tags,
            execution_count=number,
            outputs=tuple(_as_output(output) for output in cell.outputs),
        )
        for number, cell in enumerate(stored.cells, 1)
    )


def _as_output(output: ComparedOutput) -> dict[str, Any]:
    if output.mime == STDOUT:
        return {"output_type": "stream", "name": "stdout", "text": output.value}
    if output.mime == ERROR:
        return {"output_type": "error", "traceback": [], **output.value}
    return {"output_type": "display_data", "data": {output.mime: output.value}, "metadata": {}}


def rounded(value: Any) -> Any:
    """Round every float to 12 significant digits, so that the last bits of a sum do not change what is stored."""
    if isinstance(value, float):
        return float(f"{value:.{_SIGNIFICANT_DIGITS}g}") if math.isfinite(value) else str(value)
    if isinstance(value, (list, tuple)):
        return [rounded(item) for item in value]
    if isinstance(value, dict):
        return {str(key): rounded(item) for key, item in value.items()}
    return value
