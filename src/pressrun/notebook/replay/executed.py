"""The executed notebook: written once, from the journal, whatever happened to the process that ran it."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import msgspec

from pressrun.errors import UsageError
from pressrun.notebook.replay.outcome import Outcome
from pressrun.notebook.replay.outputs import NotebookOutputs, split_lines
from pressrun.notebook.replay.plan import RUN_KEY, Plan, with_run
from pressrun.notebook.replay.rawtext import LONG, RawText


def executed_document(
    plan: Plan,
    outcome: Outcome,
    outputs: NotebookOutputs,
    language_info: Mapping[str, Any] | None,
    facts: dict[str, Any],
) -> dict[str, Any]:
    """Return the executed notebook's JSON.

    Args:
        plan: what was to be run.
        outcome: what came of it.
        outputs: what the kernel said.
        language_info: the kernel's own description of its language, None when it never answered.
        facts: a JSON object on the run, for the notebook's metadata.
    """
    runs = {cell.position: run for cell, run in zip(plan.code_cells, outcome.cells, strict=True)}
    cells = []
    for position, raw in enumerate(plan.document["cells"]):
        cell = {**raw, "source": raw["source"].splitlines(True)}
        run = runs.get(position)
        if run is not None:
            told = {"status": run.status, "duration_s": run.duration_s, "peak_memory_bytes": run.peak_memory_bytes}
            cell["metadata"] = with_run(raw["metadata"], told)
            cell["execution_count"] = run.execution_count
            cell["outputs"] = split_lines(outputs.of(position, raw=True))
        cells.append(cell)
    metadata = with_run(plan.document["metadata"], facts)
    if language_info:
        metadata["language_info"] = dict(language_info)
    widgets = outputs.widgets.metadata()
    if widgets:
        metadata["widgets"] = widgets
    return {**plan.document, "metadata": metadata, "cells": cells}


def notebook_parts(document: Mapping[str, Any]) -> list[bytes | memoryview]:
    """Return a notebook's file content in the usual form: keys sorted, indented by one, text as it is.

    In parts, with long texts encoded by themselves and not again as parts of the whole: there may be many megabytes.
    """
    mark = secrets.token_hex(16)
    texts: list[list[str] | RawText] = []
    cells = [_with_marks(cell, mark, texts) for cell in document["cells"]]
    try:
        whole = msgspec.json.format(msgspec.json.encode({**document, "cells": cells}, order="sorted"), indent=1)
        parts = re.split(rb'"%s-\d+"' % mark.encode(), whole)
        between: list[list[bytes | memoryview]] = [*(_encoded_text(text) for text in texts), [b"\n"]]
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can hold
        return [json.dumps(document, indent=1, sort_keys=True, default=_decoded).encode(), b"\n"]
    return [part for head, text in zip(parts, between, strict=True) for part in [head, *text]]


def _with_marks(cell: dict[str, Any], mark: str, texts: list[list[str] | RawText]) -> dict[str, Any]:
    """Return the cell with each long stream's text replaced by a mark; the texts are added to `texts`."""
    outputs = []
    for output in cell.get("outputs") or ():
        text = output.get("text", ())
        if not isinstance(text, RawText) and len(text) < LONG and sum(map(len, text)) < LONG:
            outputs.append(output)
            continue
        outputs.append({**output, "text": f"{mark}-{len(texts)}"})
        texts.append(text)
    return {**cell, "outputs": outputs} if outputs else cell


def _encoded_text(text: list[str] | RawText) -> list[bytes | memoryview]:
    if isinstance(text, RawText):
        return text.encoded()
    return [b"[\n      ", b",\n      ".join(map(msgspec.json.encode, text)), b"\n     ]"]


def _decoded(text: object) -> str:
    assert isinstance(text, RawText)
    return text.decoded()


def read_document(content: bytes) -> dict[str, Any]:
    """Return the JSON of a notebook that is known to be readable."""
    try:
        found: Any = msgspec.json.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError):  # NaN, lone surrogates and a byte order mark are for this one
        found = json.loads(content.decode("utf-8-sig"))
    if not isinstance(found, dict):
        raise TypeError("a notebook is a JSON object")
    return found


def write_whole(path: Path, content: Iterable[bytes | memoryview]) -> None:
    """Write a file so that its name always stands for whole content: the old or the new.

    Raises:
        UsageError: the folder does not take it.
    """
    aside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with aside.open("xb") as file:
            file.writelines(content)
        aside.replace(path)
    except OSError as error:
        raise UsageError(f"the notebook cannot be written: {error.strerror}", where=str(path)) from error
    finally:
        aside.unlink(missing_ok=True)


def is_result_of_a_run(path: Path) -> bool:
    """Tell whether a notebook says that pressrun or papermill executed it."""

    class Document(msgspec.Struct):
        metadata: dict[str, Any] = {}

    try:
        metadata = msgspec.json.decode(path.read_bytes(), type=Document).metadata
    except (OSError, msgspec.DecodeError):
        return False
    ours = metadata.get("pressrun")
    return (isinstance(ours, dict) and RUN_KEY in ours) or "papermill" in metadata
