"""What is asked of the kernel after certain cells: export a model, read metrics. Each is a `CellTask`."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from pressrun.notebook.dataflow import cell_flow
from pressrun.notebook.ipython_syntax import plain_source
from pressrun.notebook.package.models import cloudpickle_source, source_of
from pressrun.notebook.package.plain_cells import assigned_names
from pressrun.records.cells import Cell
from pressrun.records.replay import CellTask

_PREDICTS = {"predict", "predict_proba", "decision_function", "score", "transform"}
_FITS = {"fit", "fit_transform", "fit_predict"}


def tasks_for(cells: Sequence[Cell]) -> tuple[CellTask, ...]:
    """Return the tasks that a notebook's declarations ask for: one a model, one a metrics cell."""
    tasks = []
    for cell in cells:
        kind = cell.declaration.kind if cell.declaration is not None else ""
        if kind == "model":
            tasks.append(export_task(cell))
        elif kind == "metrics":
            tasks.append(metrics_task(cell))
    return tuple(tasks)


def metrics_tasks(cells: Sequence[Cell]) -> tuple[CellTask, ...]:
    """Return the tasks that read declared metrics, without those that export models: for a run that is only tracked."""
    return tuple(metrics_task(cell) for cell in cells if cell.declaration and cell.declaration.kind == "metrics")


def export_task(cell: Cell) -> CellTask:
    """Return the task that exports the model of a cell declared ``model NAME``."""
    if cell.declaration is None or cell.declaration.kind != "model":
        raise ValueError(f"cell {cell.index} is not declared a model")
    text = plain_source(cell.body).text
    flow = cell_flow(cell.index, cell.body)
    assigned = list(assigned_names(text))
    options = {
        **{name: cell.declaration.options.get(name) for name in ("object", "predict", "sample")},
        "candidates": assigned,
        "mentioned": [name for name in (*flow.uses, *flow.mutates) if name not in assigned],
        "sample_expressions": _arguments(text, _PREDICTS),
        "fit_expressions": _arguments(text, _FITS),
    }
    pickler, version = cloudpickle_source()
    options["cloudpickle"] = version
    source = "\n".join(
        [
            source_of("sample_codec", "exporter"),
            f"OPTIONS = {options!r}",
            f"CLOUDPICKLE = {pickler!r}",
            "",
            "def run(user_ns, directory):",
            "    return dict(export_model(user_ns, directory, OPTIONS, CLOUDPICKLE), source_directory=directory)",
            "",
        ]
    )
    return CellTask(name=f"model:{cell.declaration.name}", after_cell=cell.index, source=source)


def metrics_task(cell: Cell) -> CellTask:
    """Return the task that reads the numbers which a cell declared ``metrics`` assigns."""
    names = list(assigned_names(plain_source(cell.body).text))
    source = "\n".join(
        [
            source_of("sample_codec", "exporter"),
            "def run(user_ns, directory):",
            f"    return export_metrics(user_ns, {names!r})",
            "",
        ]
    )
    return CellTask(name=f"metrics:{cell.index}", after_cell=cell.index, source=source)


def _arguments(text: str, methods: set[str]) -> list[str]:
    """Return the first arguments of calls of `methods` that are made of names and subscripts alone."""
    found: list[str] = []
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return found
    parts = (
        ast.Name | ast.Subscript | ast.Constant | ast.List | ast.Tuple | ast.Slice | ast.Load | ast.UnaryOp | ast.USub
    )
    for node in ast.walk(tree):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in methods
            and node.args
        ):
            argument = node.args[0]
            if all(isinstance(part, parts) for part in ast.walk(argument)):
                found.append(ast.unparse(argument))
    return list(dict.fromkeys(found))
