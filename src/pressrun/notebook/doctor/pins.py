"""Which packages a project pins: by a lock file, or by requirements that name one version."""

from __future__ import annotations

import re
from pathlib import Path

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

LOCKS = ("pylock.toml", "uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "conda-lock.yml", "pixi.lock")
_MAX_BYTES = 1 << 20
_CONDA_PIN = re.compile(r"^\s*-\s*([A-Za-z0-9_.-]+)==?([\w.]+)")


def pinned_names(folder: Path, project: Path) -> frozenset[str] | None:
    """Return the canonical names that are pinned; None where a lock file pins everything.

    Args:
        folder: the notebook's folder.
        project: its project; files in both, and in the folders between, count.
    """
    names: set[str] = set()
    for place in _between(folder, project):
        if any((place / lock).is_file() for lock in LOCKS) or list(place.glob("pylock.*.toml")):
            return None
        files = [*place.glob("requirements*.txt"), *place.glob("requirements/*.txt"), *place.glob("constraints*.txt")]
        for file in files:
            names |= _of_requirements(_text(file))
        for file in (place / "environment.yml", place / "environment.yaml"):
            names |= {canonicalize_name(m[1]) for line in _text(file).splitlines() if (m := _CONDA_PIN.match(line))}
    return frozenset(names)


def _between(folder: Path, project: Path) -> list[Path]:
    places = [folder]
    for parent in folder.parents:
        if folder == project or not parent.is_relative_to(project):
            break
        places.append(parent)
    return places


def _of_requirements(text: str) -> set[str]:
    names: set[str] = set()
    for line in text.splitlines():
        plain = line.partition(" #")[0].partition(" --")[0].strip().rstrip("\\").strip()
        if not plain or plain.startswith(("#", "-")):
            continue
        try:
            requirement = Requirement(plain)
        except InvalidRequirement:
            continue
        exact = any(s.operator in {"==", "==="} and not s.version.endswith("*") for s in requirement.specifier)
        if exact or requirement.url:
            names.add(canonicalize_name(requirement.name))
    return names


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace") if file.stat().st_size <= _MAX_BYTES else ""
    except OSError:
        return ""
