"""Looks for secrets in the files of a folder that is to become a bundle: notebooks, JSON, text, models, wheels."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from pressrun.errors import PressrunError
from pressrun.notebook.read import cells_of
from pressrun.records.findings import SecretFinding, SecretPlace
from pressrun.rules.secrets.live import LiveForm, live_forms
from pressrun.rules.secrets.scan import Place, in_cells, in_metadata, in_text, unique

LARGEST = 256 * 2**20  # bytes of a file that is looked into
_LARGEST_SETTINGS = 2**20  # bytes of a file in which names and values are looked at, and not token shapes alone
_SETTINGS = frozenset(
    {".cfg", ".conf", ".env", ".ini", ".ipynb", ".json", ".md", ".properties", ".py", ".sh", ".sql", ".toml", ".txt"}
    | {".xml", ".yaml", ".yml", ""}
)
_PICKLED_TEXT = re.compile("\x8c.", re.DOTALL)  # the length of a text stands right before it, and may be a letter
_ARCHIVES = frozenset({".whl", ".zip", ".npz"})


def find_in_folder(folder: Path, live: Mapping[str, str]) -> tuple[tuple[SecretFinding, ...], tuple[str, ...]]:
    """Return what looks like a secret in the files of a folder, and the files that were too large to look into.

    Args:
        folder: everything below it is looked at.
        live: name -> value of variables that are known to be secret.
    """
    forms = live_forms(live)
    found: list[SecretFinding] = []
    large: list[str] = []
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        name = path.relative_to(folder).as_posix()
        found += in_text(name, Place("metadata", "the name of a file"), forms, assignments=False)
        if path.stat().st_size > LARGEST:
            large.append(name)
        elif path.suffix in _ARCHIVES and zipfile.is_zipfile(path):
            found += _in_archive(path, name, forms)
        else:
            found += in_file(name, path.read_bytes(), forms)
    return unique(found), tuple(large)


def in_file(name: str, content: bytes, forms: tuple[LiveForm, ...]) -> list[SecretFinding]:
    """Return what is found in one file.

    Args:
        name: for the reader; its suffix tells what the file is.
        content: of the file.
        forms: what `live_forms` gave.
    """
    suffix = PurePosixPath(name).suffix
    if suffix == ".ipynb" and (found := _in_notebook(name, content, forms)) is not None:
        return found
    if suffix == ".json" and len(content) <= _LARGEST_SETTINGS and (value := _json(content)) is not None:
        return in_metadata(value, Place(_place_of(name), name), forms)
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        text = _PICKLED_TEXT.sub("\n", content.decode("latin-1"))
        return in_text(text, Place("metadata", name), forms, assignments=False)
    settings = suffix in _SETTINGS and len(content) <= _LARGEST_SETTINGS
    return in_text(text, Place(_place_of(name), name), forms, code=suffix == ".py", assignments=settings)


def _in_notebook(name: str, content: bytes, forms: tuple[LiveForm, ...]) -> list[SecretFinding] | None:
    document = _json(content)
    if not isinstance(document, dict):
        return None
    try:
        cells = cells_of(document)
    except PressrunError:  # one of the project's that is no notebook for us; it is text then
        return None
    found = in_cells(cells, forms, within=f"{name}, ")
    found += in_metadata(document.get("metadata") or {}, Place("metadata", f"{name}, metadata"), forms)
    for index, cell in enumerate(document["cells"]):
        where = f"{name}, cell {index}"
        found += in_metadata(cell.get("metadata") or {}, Place("metadata", f"{where}, metadata", index), forms)
        for attachment in cell.get("attachments") or {}:
            found += in_text(str(attachment), Place("attachment", where, index), forms)
    return found


def _in_archive(path: Path, name: str, forms: tuple[LiveForm, ...]) -> Iterator[SecretFinding]:
    """Give what is found in the members of an archive; tests of other people's packages hold made-up passwords."""
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            if not member.is_dir() and member.file_size <= LARGEST:
                content = archive.read(member)
                place = Place("metadata", f"{name}, {member.filename}")
                yield from in_text(content.decode("latin-1"), place, forms, assignments=False)


def _json(content: bytes) -> Any:
    try:
        return json.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        return None


def _place_of(name: str) -> SecretPlace:
    """Return the kind of place that a file of a bundle is."""
    if name in {"evidence/capture.json", "evidence/provenance.json", "evidence/sbom.cdx.json", "pylock.toml"}:
        return "environment"
    if name in {"parameters.schema.json", "evidence/replay.json"}:
        return "parameter"
    if name == "outputs.json" or name.startswith("evidence/"):
        return "output"
    return "source"
