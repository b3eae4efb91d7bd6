"""The bundle's ``notebook.ipynb``: runs in plain papermill on any kernel, pressrun's declarations neutralised.

Outputs are stripped, metadata is reduced to what a kernel and papermill need, and the bytes depend on the notebook and
the pressed values alone. papermill pastes given values behind the cell tagged ``parameters``; so that derived values
are never stale, what depends on a parameter moves to a cell of its own behind it. References to secrets are resolved
in a cell of their own, right behind.
"""

from __future__ import annotations

import ast
import json
from typing import Any

import msgspec

from pressrun.notebook.dataflow import cell_flow
from pressrun.notebook.package.options import INJECTED_AGAIN, assignments
from pressrun.notebook.package.source_text import Edit, Positions, apply_edits, split_lines
from pressrun.notebook.secret_parameters import holds_secret
from pressrun.notebook.secrets import RESOLVER, look_ups_in, resolver_source, with_literals
from pressrun.records.cells import Cell, Inspection, Notebook, Parameter


class NeutralNotebook(msgspec.Struct, frozen=True, kw_only=True):
    """Content of ``notebook.ipynb``, and what a reader should know about it."""

    content: bytes
    notes: tuple[str, ...] = ()


def neutral_notebook(notebook: Notebook, inspection: Inspection, *, injection: str = "") -> NeutralNotebook:
    """Write the notebook without declarations and outputs.

    Args:
        notebook: the notebook.
        inspection: what it says of itself.
        injection: source of the values that the bundle is pressed with; they become the defaults.
    """
    cells: list[dict[str, Any]] = []
    notes: list[str] = []
    for cell in notebook.cells:
        parameters = [parameter for parameter in inspection.parameters if parameter.cell == cell.index]
        if cell.declaration is not None and cell.declaration.kind == "skip":
            continue
        if not (parameters or (cell.declaration is not None and cell.declaration.kind == "parameters")):
            cells.append(_cell(cell, cell.body))
            continue
        base, derived, note = _split(cell.body, parameters)
        given, given_derived = _pressed(injection, parameters)
        cells.append(_cell(cell, base + (f"\n\n{given}" if given else ""), extra_tag="parameters"))
        if look_up := _look_up(injection, parameters):
            cells.append(_cell(cell, look_up, suffix="-secrets"))
        if derived or given_derived:
            cells.append(_cell(cell, "\n".join(text for text in (derived, given_derived) if text), suffix="-derived"))
        notes += [f"cell {cell.index}: {note}"] if note else []
    ids = notebook.nbformat >= (4, 5)
    for number, document in enumerate(cells):
        if ids:
            document.setdefault("id", f"cell-{number}")
        else:
            document.pop("id", None)
    document = {"cells": cells, "metadata": _metadata(notebook), "nbformat": 4, "nbformat_minor": notebook.nbformat[1]}
    text = json.dumps(document, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return NeutralNotebook(content=text.encode("utf-8", "surrogatepass"), notes=tuple(notes))


def _cell(cell: Cell, source: str, *, extra_tag: str = "", suffix: str = "") -> dict[str, Any]:
    tags = [] if suffix else list(dict.fromkeys([*cell.tags, *([extra_tag] if extra_tag else [])]))
    document: dict[str, Any] = {
        "cell_type": cell.type,
        "metadata": {"tags": tags} if tags else {},
        "source": split_lines(source.strip("\n") if cell.type == "code" else source),
    }
    if cell.id:
        document["id"] = cell.id[: 64 - len(suffix)] + suffix
    if cell.type == "code":
        document |= {"execution_count": None, "outputs": []}
    return document


def _metadata(notebook: Notebook) -> dict[str, Any]:
    given = notebook.metadata.get("kernelspec")
    given = given if isinstance(given, dict) else {}
    name = notebook.kernel or "python3"
    kernel = {"name": name, "display_name": str(given.get("display_name", name)), "language": "python"}
    return {"kernelspec": kernel, "language_info": {"name": "python"}}


def _split(source: str, parameters: list[Parameter]) -> tuple[str, str, str]:
    """Return what stays in the tagged cell, what moves behind it, and why nothing could be moved."""
    if not any(parameter.derived_from for parameter in parameters):
        return source, "", ""
    stale = "values derived from parameters are not computed anew when papermill injects others"
    try:
        body = ast.parse(source).body
    except SyntaxError:
        return source, "", f"{stale}: the cell holds magics"
    flows = [cell_flow(0, ast.unparse(node)) for node in body]
    bound = [name for flow in flows for name in flow.defines]
    base = {parameter.name for parameter in parameters if not parameter.derived_from}
    moving: set[str] = set()
    moves: list[ast.stmt] = []
    for node, flow in zip(body, flows, strict=True):
        if flow.opaque:
            return source, "", f"{stale}: {flow.opaque[0]}"
        if set(flow.uses) & (base | moving) or set(flow.mutates) & (base | moving):
            moves.append(node)
            moving |= set(flow.defines)
    starts = [node.lineno for node in body]
    if len(set(bound)) < len(bound) or moving & base or len(set(starts)) < len(starts):
        return source, "", f"{stale}: the cell's statements cannot be taken apart"
    positions = Positions(source)
    edits, texts = [], []
    for node in moves:
        start = positions.offset(node.lineno, 0)
        end = source.find("\n", positions.span(node)[1])
        end = len(source) if end < 0 else end + 1
        texts.append(source[start:end].rstrip("\n"))
        edits.append(Edit(start, end, ""))
    return apply_edits(source, edits).rstrip("\n"), "\n".join(texts), ""


def _look_up(injection: str, parameters: list[Parameter]) -> str:
    """Return the source that puts secrets in the place of references, also of those that papermill injects."""
    looked_up = look_ups_in(injection)
    names = [p.name for p in parameters if (p.name in looked_up or holds_secret(p)) and not p.derived_from]
    if not names or not looked_up:
        return ""
    return "\n".join([resolver_source(), *(f"{name} = {RESOLVER}({name})" for name in names), f"del {RESOLVER}"])


def _pressed(injection: str, parameters: list[Parameter]) -> tuple[str, str]:
    """Return the statements that set pressed values, for the tagged cell and for the one behind it."""
    given = with_literals(injection).split(INJECTED_AGAIN, maxsplit=1)[0]
    derived_names = {parameter.name for parameter in parameters if parameter.derived_from}
    base: list[str] = []
    derived: list[str] = []
    for node in ast.parse(given).body:
        text = ast.unparse(node)
        (derived if assignments(text).keys() & derived_names else base).append(text)
    return "\n".join(["# The values that this bundle was pressed with.", *base]) if base else "", "\n".join(derived)
