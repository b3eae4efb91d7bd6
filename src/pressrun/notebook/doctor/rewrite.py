"""A corrected copy of a notebook's file: the bytes of what is not corrected stay as they are.

The places of the values to replace are found in the text of the file; nothing else is written anew. A mark in the
notebook's metadata says which file the copy was made from and what it was when it was written, so that a later run
knows its own result and refuses to overwrite anything else.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from json.decoder import scanstring  # type: ignore[attr-defined]
from pathlib import Path
from typing import Any

from pressrun.errors import UsageError
from pressrun.rules.doctor.edits import Edit, apply_edits

MARK = "pressrun-doctor"
_BLANK = re.compile(r"[ \t\r\n]*")
_MARKED = re.compile(rb'"' + MARK.encode() + rb'": \{"source": "([^"]*)", "content": "([^"]*)"\}')
_DECODER = json.JSONDecoder(strict=False)

Span = tuple[int, int]


def corrected(content: bytes, edits: Sequence[Edit]) -> bytes:
    """Return a notebook's file with the edits made.

    A cell whose source changes loses its saved outputs and its count: they were made by other code.

    Args:
        content: the file, UTF-8; source: digest of it, for the mark.
        edits: as `pressrun.rules.doctor.repairs.edits_for` gives them.
    """
    bom = content.startswith(b"\xef\xbb\xbf")
    text = content.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "surrogatepass")
    top = members(text, _skip(text, 0))
    replacements: list[tuple[Span, str]] = []
    cells = elements(text, top["cells"][0])
    for index in sorted({edit.cell for edit in edits}):
        mine = [edit for edit in edits if edit.cell == index]
        replacements += _of_cell(text, members(text, cells[index][0]), mine)
    replacements.append(_mark(text, top, content))
    for (start, end), new in sorted(replacements, reverse=True):
        text = text[:start] + new + text[end:]
    plain = (b"\xef\xbb\xbf" if bom else b"") + text.encode("utf-8", "surrogatepass")
    return _sealed(plain)


def _of_cell(text: str, cell: Mapping[str, Span], edits: Sequence[Edit]) -> list[tuple[Span, str]]:
    found: list[tuple[Span, str]] = []
    changes = [edit for edit in edits if not edit.clears]
    clears = {edit.clears for edit in edits} - {""}
    if changes:
        value: Any = _DECODER.decode(text[slice(*cell["source"])])
        source = value if isinstance(value, str) else "".join(value)
        found.append(
            (
                cell["source"],
                _source(text, cell["source"], apply_edits(source, changes), as_list=not isinstance(value, str)),
            )
        )
    if "outputs" in cell and (changes or clears):
        found.append(
            (cell["outputs"], _outputs(text, cell["outputs"], keep_others=clears == {"errors"} and not changes))
        )
    if "execution_count" in cell and (changes or clears):
        found.append((cell["execution_count"], "null"))
    return found


def _source(text: str, span: Span, source: str, *, as_list: bool) -> str:
    """Return a source as JSON in the form that it had: one string, or a list of lines indented alike."""
    ascii_only = text[slice(*span)].isascii() and "\\u" in text[slice(*span)]

    def quoted(part: str) -> str:
        return json.dumps(part, ensure_ascii=ascii_only)

    if not as_list:
        return quoted(source)
    lines = source.splitlines(keepends=True) if "\r" not in source else re.findall(r"[^\n]*\n|[^\n]+", source)
    opening = re.match(r"\[([ \t\r\n]*)", text[slice(*span)])
    closing = re.search(r"([ \t\r\n]*)\]$", text[slice(*span)])
    inner, outer = (opening[1] if opening else ""), (closing[1] if closing else "")
    separator = "," + (inner or " ")
    return f"[{inner}{separator.join(quoted(line) for line in lines)}{outer}]" if lines else "[]"


def _outputs(text: str, span: Span, *, keep_others: bool) -> str:
    """Return the outputs without errors, each of the others as it stands; or none."""
    parts = elements(text, span[0]) if keep_others else []
    kept = [part for part in parts if _DECODER.decode(text[slice(*part)]).get("output_type") != "error"]
    if not kept:
        return "[]"
    before = text[span[0] : parts[0][0]]
    after = text[parts[-1][1] : span[1]]
    separator = text[parts[0][1] : parts[1][0]] if len(parts) > 1 else ", "
    return before + separator.join(text[slice(*part)] for part in kept) + after


def _mark(text: str, top: Mapping[str, Span], content: bytes) -> tuple[Span, str]:
    """Return where the mark goes, and the mark: first in the metadata."""
    mark = f'"{MARK}": {{"source": "{digest(content)}", "content": ""}}'
    if "metadata" not in top:
        place = text.index("{") + 1
        return (place, place), f'"metadata": {{{mark}}}, '
    start, end = top["metadata"]
    old = _MARKED.search(text[start:end].encode())
    inside = members(text, start)
    if old is not None and MARK in inside:
        where = inside[MARK]
        return where, mark.partition(": ")[2]
    if not inside:
        return (start, end), f"{{{mark}}}"
    blank = _BLANK.match(text, start + 1)
    space = blank[0] if blank else ""
    return (start + 1, start + 1), f"{space}{mark},"


def digest(content: bytes) -> str:
    """Return the digest that a mark holds."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"


def _sealed(plain: bytes) -> bytes:
    """Write into the mark what the file is without it."""
    return _MARKED.sub(lambda m: m[0][: m.start(2) - m.start()] + digest(plain).encode() + b'"}', plain, count=1)


def is_own_result(content: bytes) -> bool:
    """Whether a file is exactly what `corrected` wrote."""
    mark = _MARKED.search(content)
    if mark is None:
        return False
    plain = content[: mark.start(2)] + content[mark.end(2) :]
    return digest(plain) == mark[2].decode("utf-8", "replace")


def write_copy(path: Path, content: bytes, source: Path) -> None:
    """Write a corrected copy.

    Raises:
        UsageError: the place is the notebook itself, or holds a file that is not an earlier result.
    """
    if path.exists() and source.exists() and path.samefile(source):
        raise UsageError(
            "the corrected copy would overwrite the notebook",
            where=str(path),
            remedy="Name another file with --output.",
        )
    try:
        if path.exists() and not (path.is_file() and is_own_result(path.read_bytes())):
            raise UsageError(
                "there is a file already, and it is no unchanged result of --fix",
                where=str(path),
                remedy="Move it away, or name another file with --output.",
            )
        path.write_bytes(content)
    except OSError as error:
        raise UsageError(f"the corrected copy cannot be written: {error.strerror}", where=str(path)) from error


# -- finding values in the text of a JSON file


def _skip(text: str, position: int) -> int:
    blank = _BLANK.match(text, position)
    return blank.end() if blank else position


def members(text: str, position: int) -> dict[str, Span]:
    """Return key -> span of its value, of the object that begins at `position`; of a repeated key the last."""
    found: dict[str, Span] = {}
    position = _skip(text, position + 1)
    while text[position] == '"':
        key, position = scanstring(text, position + 1, False)
        start = _skip(text, _skip(text, position) + 1)
        _, end = _DECODER.raw_decode(text, start)
        found[key] = (start, end)
        position = _skip(text, end)
        if text[position] != ",":
            break
        position = _skip(text, position + 1)
    return found


def elements(text: str, position: int) -> list[Span]:
    """Return the spans of the values of the array that begins at `position`."""
    found: list[Span] = []
    position = _skip(text, position + 1)
    while text[position] != "]":
        _, end = _DECODER.raw_decode(text, position)
        found.append((position, end))
        position = _skip(text, end)
        if text[position] == ",":
            position = _skip(text, position + 1)
    return found


def changed_cells(edits: Iterable[Edit]) -> tuple[int, ...]:
    """Return the cells that edits touch, in order."""
    return tuple(sorted({edit.cell for edit in edits}))
