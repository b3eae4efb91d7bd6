"""Reading a notebook file: plain JSON and our own checks. The file is never written, upgraded or repaired.

nbformat is left alone on purpose: importing it costs up to two seconds, and it changes a document while reading it.
What is checked is what pressrun relies on; fields that nobody needs may be missing. Stable.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from pressrun.errors import NotebookFormatError
from pressrun.notebook.grammar import neutral_source, parse_declaration
from pressrun.records.cells import Cell, CellType, Notebook
from pressrun.records.digest import digest_bytes, digest_text

MAX_BYTES = 1 << 30  # bytes; the largest published notebooks have some 100 MB

_CELL_TYPES: tuple[CellType, ...] = ("code", "markdown", "raw")
_PYTHON = frozenset({"python", "ipython", "python3", "ipython3"})
_KERNEL_LANGUAGES = {"ir": "R", "bash": "bash", "deno": "TypeScript", "javascript": "JavaScript", "octave": "Octave"}


def read_notebook(path: Path, *, max_bytes: int = MAX_BYTES) -> Notebook:
    """Read a notebook in Python of nbformat 4.

    Args:
        path: the file.
        max_bytes: size above which the file is refused.

    Raises:
        NotebookFormatError: there is no such file, or it is no notebook that pressrun can read.
        DeclarationError: a cell's declaration is wrong.
    """
    content = _content(path, max_bytes)
    document = _document(content, str(path))
    version = _version(document, path)
    metadata = document.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise _invalid(path, "its metadata is no JSON object")
    language = _language(metadata)
    if language.lower() not in _PYTHON:
        raise NotebookFormatError(
            f"the notebook is written in {language}", where=str(path), remedy="pressrun runs notebooks in Python."
        )
    try:
        cells = cells_of(document)
    except NotebookFormatError as error:
        where = f"{path}, {error.where}" if error.where else str(path)
        raise NotebookFormatError(error.what, where=where, remedy=error.remedy) from error
    kernelspec = metadata.get("kernelspec")
    kernel = kernelspec.get("name") if isinstance(kernelspec, dict) else None
    return Notebook(
        path=str(path),
        digest=digest_bytes(content),
        nbformat=version,
        language="python",
        kernel=kernel if isinstance(kernel, str) else None,
        cells=cells,
        metadata=metadata,
    )


def cells_of(document: Mapping[str, Any]) -> tuple[Cell, ...]:
    """Return the cells of a parsed notebook of nbformat 4; texts that are stored as lists of lines are joined.

    Args:
        document: what JSON gave; not changed.

    Raises:
        NotebookFormatError: a cell has not the form that nbformat 4 asks for.
        DeclarationError: a cell's declaration is wrong.
    """
    cells = document.get("cells")
    if not isinstance(cells, list):
        raise NotebookFormatError("the notebook has no list of cells", remedy="It is no notebook of nbformat 4.")
    return tuple(_cell(index, cell) for index, cell in enumerate(cells))


def _content(path: Path, max_bytes: int) -> bytes:
    try:
        status = path.stat()
    except (OSError, ValueError) as error:
        raise NotebookFormatError("there is no such file", where=str(path)) from error
    if stat.S_ISDIR(status.st_mode):
        raise NotebookFormatError("this is a folder", where=str(path), remedy="Name a file that ends with .ipynb.")
    if not stat.S_ISREG(status.st_mode):
        raise NotebookFormatError("this is no regular file", where=str(path))
    if status.st_size > max_bytes:
        raise NotebookFormatError(
            f"the file has {status.st_size:,} bytes, more than the {max_bytes:,} that are read",
            where=str(path),
            remedy="Clear the outputs that nobody needs.",
        )
    try:
        content = path.read_bytes()
    except OSError as error:
        raise NotebookFormatError(f"the file cannot be read: {error.strerror}", where=str(path)) from error
    if not content.strip():
        raise NotebookFormatError(
            "the file is empty", where=str(path), remedy="Open it in Jupyter and save it, or restore it."
        )
    return content


def _document(content: bytes, where: str) -> dict[str, Any]:
    """Decode JSON; the standard library's decoder has the last word, because it accepts NaN and lone surrogates."""
    text = content.removeprefix(b"\xef\xbb\xbf")
    document: Any
    try:
        document = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        try:
            document = json.loads(text.decode())
        except UnicodeDecodeError as error:
            raise NotebookFormatError(f"the file is not UTF-8 (byte {error.start})", where=where) from error
        except json.JSONDecodeError as error:
            remedy = "It is not a notebook, or it was damaged."
            if b"\n<<<<<<< " in content:
                remedy = "It holds the marks of a merge conflict: resolve it, or take one side's version."
            raise NotebookFormatError(
                f"the file is no valid JSON: {error.msg} (line {error.lineno}, column {error.colno})",
                where=where,
                remedy=remedy,
            ) from error
        except (RecursionError, ValueError) as error:
            raise NotebookFormatError("the file is no JSON that can be read: it is too deep", where=where) from error
    if not isinstance(document, dict):
        raise NotebookFormatError("the file is JSON, but no notebook", where=where)
    return document


def _version(document: dict[str, Any], path: Path) -> tuple[int, int]:
    major, minor = document.get("nbformat"), document.get("nbformat_minor", 0)
    if type(major) is not int or type(minor) is not int:
        raise _invalid(path, "it names no nbformat version")
    if major < 4:
        quoted = f"'{path}'" if " " in str(path) else str(path)
        raise NotebookFormatError(
            f"the notebook has the old nbformat {major}",
            where=str(path),
            remedy=f"Upgrade it: jupyter nbconvert --to notebook --nbformat 4 --inplace {quoted}",
        )
    if major > 4:
        raise NotebookFormatError(
            f"the notebook has nbformat {major}.{minor}, which this pressrun does not know",
            where=str(path),
            remedy="Save it as nbformat 4, or use a newer pressrun.",
        )
    return major, minor


def _invalid(path: Path, why: str) -> NotebookFormatError:
    return NotebookFormatError(f"the file is JSON, but no notebook: {why}", where=str(path))


def _language(metadata: dict[str, Any]) -> str:
    """Return the language that the metadata name; the one that is not Python when they name two."""
    kernelspec, info = metadata.get("kernelspec"), metadata.get("language_info")
    named = []
    if isinstance(info, dict) and isinstance(info.get("name"), str):
        named.append(info["name"])
    if isinstance(kernelspec, dict):
        name = str(kernelspec.get("name") or "").lower()
        if isinstance(kernelspec.get("language"), str) and kernelspec["language"]:
            named.append(kernelspec["language"])
        elif not named and name in _KERNEL_LANGUAGES:
            named.append(_KERNEL_LANGUAGES[name])
        elif not named and name.startswith("julia"):
            named.append("Julia")
    return next((language for language in named if "python" not in language.lower()), "python")


def _cell(index: int, cell: Any) -> Cell:
    where = f"cell {index}"
    if not isinstance(cell, dict):
        raise NotebookFormatError("a cell is no JSON object", where=where)
    kind = cell.get("cell_type")
    if kind not in _CELL_TYPES:
        raise NotebookFormatError(f"unknown cell_type {kind!r}", where=where)
    metadata = cell.get("metadata") or {}
    if not isinstance(metadata, dict):
        raise NotebookFormatError("the cell's metadata is no JSON object", where=where)
    source = _joined(cell.get("source", ""), f"{where}, source")
    identity, count = cell.get("id"), cell.get("execution_count")
    stored_tags = metadata.get("tags")
    tags = tuple(t for t in stored_tags if isinstance(t, str)) if isinstance(stored_tags, list) else ()
    common: dict[str, Any] = {
        "index": index,
        "id": identity if isinstance(identity, str) else None,
        "source": source,
        "digest": digest_text(source),
        "tags": tags,
    }
    if kind != "code":
        return Cell(type=kind, body=source, **common)
    return Cell(
        type="code",
        body=neutral_source(source),
        declaration=parse_declaration(source, metadata, tags, cell=index),
        execution_count=count if type(count) is int else None,
        outputs=_outputs(cell.get("outputs") or [], where),
        **common,
    )


def _joined(value: Any, where: str) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(part, str) for part in value):
        return "".join(value)
    raise NotebookFormatError("the text is neither a string nor a list of strings", where=where)


def _outputs(outputs: Any, where: str) -> tuple[dict[str, Any], ...]:
    if not isinstance(outputs, list) or not all(isinstance(output, dict) for output in outputs):
        raise NotebookFormatError("the outputs are no list of JSON objects", where=f"{where}, outputs")
    return tuple(_output(output, f"{where}, output {number}") for number, output in enumerate(outputs))


def _output(output: dict[str, Any], where: str) -> dict[str, Any]:
    joined = dict(output)
    if "text" in joined:
        joined["text"] = _joined(joined["text"], where)
    data = joined.get("data")
    if data is None:
        return joined
    if not isinstance(data, dict):
        raise NotebookFormatError("an output's data is no JSON object", where=where)
    joined["data"] = {mime: value if is_json_mime(mime) else _joined(value, where) for mime, value in data.items()}
    return joined


def is_json_mime(mime: str) -> bool:
    """Whether a representation is stored as JSON and not as text."""
    bare = mime.partition(";")[0].strip().lower()
    return bare == "application/json" or (bare.startswith("application/") and bare.endswith("+json"))


def language_of(path: Path) -> str:
    """Return the language that a notebook is written in, ``python`` where it names none.

    Raises:
        NotebookFormatError: it is no notebook at all.
    """
    document = _document(_content(path, MAX_BYTES), str(path))
    _version(document, path)
    metadata = document.get("metadata")
    language = _language(metadata) if isinstance(metadata, dict) else "python"
    return "python" if language.lower() in _PYTHON else language
