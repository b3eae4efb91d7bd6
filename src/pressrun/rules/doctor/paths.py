"""Paths in the source: absent files, paths of one machine or of a hosted service, paths outside the project."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.environment import only_looks
from pressrun.rules.doctor.events import Call
from pressrun.rules.doctor.kinds import NOTE, SHOULD, found
from pressrun.rules.doctor.readers import is_read, is_write, read_path, written_path

_SERVICES = (
    (re.compile(r"^/content(?:/|$)"), "Google Colab"),
    (re.compile(r"^/kaggle/(?:input|working|temp)(?:/|$)|^\.\./input/"), "Kaggle"),
    (re.compile(r"^(?:/dbfs/|dbfs:/|/databricks-datasets/|/Workspace/|/Volumes/)"), "Databricks"),
    (re.compile(r"^/home/(?:ec2-user/SageMaker|jovyan|sagemaker-user)(?:/|$)|^/opt/ml/"), "SageMaker or JupyterHub"),
    (re.compile(r"^/(?:datasets|storage|notebooks)/\S*$"), "Paperspace"),
)
_ABSOLUTE = re.compile(
    r"^(?:/(?:home|Users|root|mnt|media|data|datasets|workspace|project_data|srv|opt|var|scratch|Volumes|export|nfs|net"
    r"|tmp_data|content|kaggle)/[^\s:*?\"<>|]|[A-Za-z]:[\\/][^\s:*?\"<>|]|\\\\\w|~/\w)"
)
_TEMPORARY = re.compile(r"^(?:/tmp|/var/tmp|/dev|/proc|/sys|/usr/bin|/bin)(?:/|$)")


def paths_to_look_for(notebook: AnalysedNotebook) -> tuple[str, ...]:
    """Return the paths in the source whose existence the rules want to know."""
    wanted: dict[str, None] = {}
    for _, call in notebook.events(Call):
        path = read_path(call)
        if path is not None and _is_local(path):
            wanted[path] = None
    for cell in notebook.run:
        for _, text in _constants(cell):
            if _ABSOLUTE.match(text) or _service(text):
                wanted[text] = None
    return tuple(wanted)


def missing_files(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find reads of files that are not there and that nothing in the notebook makes."""
    made: set[str] = set()
    maker = False
    for cell in notebook.run:
        for event in cell.events:
            if not isinstance(event, Call):
                continue
            path = read_path(event)
            if path is not None and around.exists.get(path) is False and not event.place.survives(
                "FileNotFoundError", "OSError", "IOError"
            ):  # fmt: skip
                sure = event.place.sure and not maker and not cell.may_raise and not _made(path, made)
                if not _made(path, made):
                    yield _missing(path, event, around, sure=sure)
                    made.add(path)  # told once
            written = written_path(event)
            if written is not None:
                made.add(written)
            maker = maker or (is_write(event) and written is None) or event.name in {"os.chdir", "chdir"}
        maker = maker or _may_make_files(cell)


def _missing(path: str, call: Call, around: Surroundings, *, sure: bool) -> Finding:
    service = _service(path)
    place = " (a path of " + service + ")" if service else ""
    where = "" if path.startswith(("/", "~")) or re.match(r"[A-Za-z]:", path) else ", seen from the notebook's folder"
    what = f"reads {path!r}{place}, which is not there{where}"
    return found("path-missing", what, at=call.place.at, level=None if sure else SHOULD, subject=path)


def _made(path: str, made: set[str]) -> bool:
    """Whether a path is, or lies in, something that the notebook wrote."""
    plain = path.removeprefix("./")
    for other in made:
        start = other.removeprefix("./").rstrip("/")
        if plain == start or plain.startswith((f"{start}/", f"{start}.")):  # numpy.save adds an ending
            return True
    return False


def _may_make_files(cell: AnalysedCell) -> bool:
    """Whether a cell runs something that could make files: a command, code that cannot be seen."""
    for command in cell.commands:
        if command.kind == "shell" and not only_looks(command.text):
            return True
        if command.kind != "shell" and command.name not in _HARMLESS:
            return True
    return bool(cell.flow.opaque)


_HARMLESS = frozenset(
    {
        "matplotlib", "load_ext", "reload_ext", "autoreload", "time", "timeit", "config", "who", "whos", "precision",
        "pdb", "xmode", "capture", "register", "html", "HTML", "javascript", "latex", "markdown", "pip", "conda",
        "env", "load", "pylab", "reset", "tensorboard", "watermark",
    }
)  # fmt: skip


def machine_paths(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find absolute paths, and paths of hosted services."""
    told: set[tuple[int, str]] = set()
    missing = {f.subject for f in missing_files(notebook, around)}
    for cell in notebook.run:
        for node, text in _constants(cell):
            service = _service(text)
            if (cell.index, text) in told or not (service or _ABSOLUTE.match(text)) or _TEMPORARY.match(text):
                continue
            told.add((cell.index, text))
            at = (cell.index, node.lineno)
            level = NOTE if text in missing else None
            relative = around.inside.get(text, "")
            fix = f"Write {relative!r}: that file is in the project." if relative else ""
            if service:
                what = f"{_short(text)!r} is a path of {service}"
                yield found("path-platform", what, at=at, level=level, subject=text, fix=fix, fixable=bool(relative))
            else:
                what = f"{_short(text)!r} is an absolute path"
                yield found("path-absolute", what, at=at, level=level, subject=text, fix=fix, fixable=bool(relative))


def outside_paths(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find relative paths that lead out of the project."""
    if not around.project:
        return
    told: set[str] = set()
    for _, call in notebook.events(Call):
        path = read_path(call) if is_read(call) else written_path(call)
        if path is None or path in told or path.startswith(("/", "~")) or not _leaves(path, around) or _service(path):
            continue
        told.add(path)
        yield found("path-outside", f"{_short(path)!r} leads out of the project", at=call.place.at, subject=path)


def _leaves(path: str, around: Surroundings) -> bool:
    """Whether a relative path climbs above the project's top."""
    folder = [part for part in around.folder.split("/") if part]
    top = [part for part in around.project.split("/") if part]
    if folder[: len(top)] != top:
        return False
    depth = len(folder) - len(top)
    for part in path.split("/"):
        if part == "..":
            depth -= 1
        elif part not in {"", "."}:
            depth += 1
        if depth < 0:
            return True
    return False


def _constants(cell: AnalysedCell) -> Iterator[tuple[ast.Constant, str]]:
    """Yield the strings of a cell that may be paths; documentation is none."""
    if cell.tree is None:
        return
    texts = {id(node.value) for node in ast.walk(cell.tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(cell.tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in texts:
            text = node.value
            if 2 < len(text) <= 500 and "\n" not in text and "://" not in text and "<" not in text:
                yield node, text


def _service(text: str) -> str:
    return next((name for pattern, name in _SERVICES if pattern.match(text)), "")


def _is_local(path: str) -> bool:
    return (
        bool(path)
        and len(path) <= 500
        and "\n" not in path
        and "://" not in path
        and not set(path) & set("*?[]{}|<>\0")
    )


def _short(text: str) -> str:
    return text if len(text) <= 70 else f"{text[:69]}…"
