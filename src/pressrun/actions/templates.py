"""Notebooks to begin with: which there are, and a copy of one in a folder of the user's."""

from __future__ import annotations

import json
import os
import re
from importlib import resources
from pathlib import Path

from pressrun.errors import UnknownError, UsageError, near_match
from pressrun.records.panel.notebooks import PanelTemplate

_NAME = re.compile(r"[^\x00-\x1f\x7f/\\:*?\"<>|]{1,120}")
_ENDING = ".ipynb"


def templates() -> tuple[PanelTemplate, ...]:
    """Return the templates, by title."""
    found = []
    for item in resources.files("pressrun.templates").joinpath("notebooks").iterdir():
        if item.name.endswith(_ENDING):
            told = json.loads(item.read_text(encoding="utf-8"))["metadata"]["pressrun"]["template"]
            template = PanelTemplate(
                id=item.name.removesuffix(_ENDING), title=told["title"], description=told["description"]
            )
            found.append(template)
    return tuple(sorted(found, key=lambda template: template.title))


def make_from_template(template: str, folder: Path, name: str = "") -> Path:
    """Write a new notebook from a template; nothing that is there is replaced.

    Args:
        template: its id.
        folder: where to.
        name: of the new file, with or without its ending; by default the template's, with a number where that is taken.

    Raises:
        UnknownError: there is no such template.
        UsageError: the name is not allowed or taken, or the folder cannot be written to.
    """
    content = _content(template)
    asked = name.strip().removesuffix(_ENDING)
    if asked and (not _NAME.fullmatch(asked) or asked.startswith(".") or asked != asked.strip(". ")):
        raise UsageError(f"{name[:80]!r} is no name for a notebook", where="name", remedy="Give one without a path.")
    names = [asked] if asked else [template, *(f"{template}-{number}" for number in range(2, 1000))]
    for one in names:
        path = folder / f"{one}{_ENDING}"
        if _written(path, content):
            return path
    raise UsageError("a file of that name is there already", where=names[0] + _ENDING, remedy="Give another name.")


def _content(template: str) -> bytes:
    known = {one.id for one in templates()}
    if template not in known:
        hint = near_match(template, known)
        raise UnknownError(
            f"there is no template {template[:80]!r}" + (f": {hint}" if hint else ""),
            remedy=f"Known are {', '.join(sorted(known))}.",
        )
    place = resources.files("pressrun.templates").joinpath("notebooks").joinpath(f"{template}{_ENDING}")
    document = json.loads(place.read_text(encoding="utf-8"))
    del document["metadata"]["pressrun"]  # what the list says of it is not the new notebook's
    return json.dumps(document, indent=1, ensure_ascii=False, sort_keys=True).encode() + b"\n"


def _written(path: Path, content: bytes) -> bool:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    try:
        with os.fdopen(os.open(path, flags, 0o644), "wb") as file:
            file.write(content)
    except FileExistsError:
        return False
    except OSError as error:
        raise UsageError(f"the notebook cannot be written: {error.strerror}", where=path.name) from error
    return True
