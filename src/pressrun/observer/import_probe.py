"""Says where modules would be imported from, and which sources an interpreter can parse, without running either.

This text is run by a notebook's own interpreter (``python -c``), any Python from 3.7 on, which need not have pressrun.
A request is read from standard input as JSON: folder, modules, members (pairs of module and name) and sources. The
answer is one line of JSON after `MARKER`. No module that is asked for is imported: its top-level name is looked up by
the import system's finders, and what lies below by the files of its folder.
"""

# ruff: noqa: E402, PTH112, PTH113, PTH118, PTH119, PTH120, PTH123, PTH208

from __future__ import annotations

import sys

sys.path[:] = [entry for entry in sys.path if entry]  # not the working directory, which must not shadow anything

import ast
import importlib
import importlib.util
import json
import os
import re
import sysconfig
import urllib.parse
import warnings

MYPY = False
if MYPY:  # annotations are never evaluated
    from importlib.machinery import ModuleSpec

MARKER = "pressrun-import-probe:"
SUFFIXES = (".py", ".pyc", ".so", ".pyd")
INFO = re.compile(r"(.+?)-([^-]+?)(?:-py[\d.]+)?\.(?:dist|egg)-info$")
# what lets a module have names that its source does not hold
MAY_MAKE = re.compile(
    rb"import\s*\(?\s*\*|__getattr__|globals\s*\(|locals\s*\(|vars\s*\(|setattr|exec\s*\(|__dict__|sys\.modules|lazy|_attach"
)


def canonical_name(name: str) -> str:
    """Return the PEP 503 form of a distribution's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


class Installed:
    """What is installed, told from the names of metadata folders; their files are read where one is asked for."""

    def __init__(self) -> None:
        self.versions: dict[str, str] = {}
        self.places: dict[str, str] = {}
        for folder in sys.path:
            for entry in _entries(folder):
                match = INFO.match(entry)
                if match is not None and canonical_name(match.group(1)) not in self.versions:
                    name = canonical_name(match.group(1))
                    self.versions[name] = match.group(2)
                    self.places[name] = os.path.join(folder, entry)

    def owner(self, top: str) -> str:
        """Return the distribution that brings a top-level module, empty where none says so."""
        likely = canonical_name(top)
        for name in sorted(self.places, key=lambda name: (name != likely, likely not in name)):
            if self._brings(name, top):
                return name
        return ""

    def _brings(self, name: str, top: str) -> bool:
        place = self.places[name]
        if top in _read(os.path.join(place, "top_level.txt")).decode("utf-8", "replace").split():
            return True
        record = b"\n" + _read(os.path.join(place, "RECORD"))
        word = b"\n" + top.encode()
        return any(word + end in record for end in (b"/", b".py,", b".cpython", b".abi3", b".pyd"))

    def editable(self, path: str) -> str:
        """Return the editable install whose tree holds a file, empty where none does."""
        for name, place in self.places.items():
            told = _read(os.path.join(place, "direct_url.json")).decode("utf-8", "replace")
            url = re.search(r'"url"\s*:\s*"file://([^"]*)"', told)
            if url is None or re.search(r'"editable"\s*:\s*true', told) is None:
                continue
            tree = os.path.realpath(urllib.parse.unquote(url.group(1)))
            if path.startswith(tree.rstrip(os.sep) + os.sep):
                return name
        return ""


def _read(path: str) -> bytes:
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except OSError:
        return b""


def spec_of(name: str) -> ModuleSpec | None:
    """Return the spec of a top-level module, None where the finders know none."""
    try:
        return importlib.util.find_spec(name)
    except (ImportError, ValueError, AttributeError):
        return None


def state_of(name: str, installed: Installed) -> dict[str, str]:
    """Return what is known of one dotted module name."""
    top, _, below = name.partition(".")
    if top in sys.builtin_module_names or top in ("__main__", "__future__"):
        return {"state": "standard"}
    spec = spec_of(top)
    if spec is None:
        return {"state": "missing"}
    places = [os.path.realpath(place) for place in spec.submodule_search_locations or ()]
    path = (
        os.path.realpath(spec.origin) if spec.origin and os.path.sep in spec.origin else (places[0] if places else "")
    )
    answer = {"path": path, "distribution": "", "state": _state(path, top)}
    if answer["state"] == "":
        editable = "" if _is_site(path) else installed.editable(path)
        owner = editable or installed.owner(top)
        state = "editable" if editable else "installed" if _is_site(path) else "local"
        answer.update(distribution=owner if state != "local" else "", state=state)
    if below and places and answer["state"] != "standard" and not _is_below(places, below):
        answer["state"] = "missing"
    return answer


def _is_site(path: str) -> bool:
    return f"{os.sep}site-packages{os.sep}" in path or f"{os.sep}dist-packages{os.sep}" in path


def _state(path: str, top: str) -> str:
    """Return ``standard`` where a module is the interpreter's own, empty where its distribution decides."""
    if _is_site(path):
        return ""
    if not path:
        return "standard" if top in getattr(sys, "stdlib_module_names", (top,)) else ""
    standard = [os.path.realpath(sysconfig.get_path(key)) for key in ("stdlib", "platstdlib")]
    return "standard" if any(path.startswith(place + os.sep) for place in standard) else ""


def has_member(module: str, member: str) -> bool | None:
    """Return whether ``from module import member`` can find it; None where reading the source does not tell."""
    top, _, below = module.partition(".")
    spec = spec_of(top)
    if spec is None or not spec.origin or not spec.origin.endswith(".py"):
        return None
    path = spec.origin
    for part in below.split(".") if below else ():
        folder = os.path.dirname(path) if os.path.basename(path) == "__init__.py" else ""
        inner = os.path.join(folder, part)
        path = os.path.join(inner, "__init__.py") if os.path.isdir(inner) else inner + ".py"
        if not folder or not os.path.isfile(path):
            return None
    if os.path.basename(path) == "__init__.py" and _is_below([os.path.dirname(path)], member):
        return True
    source = _read(path)
    if not source or re.search(rb"\b" + re.escape(member.encode()) + rb"\b", source):
        return None
    return None if MAY_MAKE.search(source) else False


def _is_below(places: list[str], below: str) -> bool:
    """Whether ``a/b`` for ``a.b`` is a folder or module below any of the places; True where it cannot be told."""
    first, _, rest = below.partition(".")
    for place in places:
        inner = os.path.join(place, first)
        if os.path.isdir(inner):
            return _is_below([inner], rest) if rest else True
        if any(entry.partition(".")[0] == first and entry.endswith(SUFFIXES) for entry in _entries(place)):
            return True
        if _may_make_modules(os.path.join(place, "__init__.py"), first):
            return True
    return False


def _entries(place: str) -> list[str]:
    try:
        return os.listdir(place)
    except OSError:
        return []


def _may_make_modules(path: str, name: str) -> bool:
    """Whether a package names the module in its code: it may make it when it is imported (``six.moves``)."""
    return re.search(rb"\b" + re.escape(name.encode()) + rb"\b", _read(path)) is not None


def is_valid(source: str) -> bool:
    """Whether the interpreter can parse a cell, IPython's own syntax included where IPython is there."""
    try:
        transformer = importlib.import_module("IPython.core.inputtransformer2").TransformerManager()
        source = transformer.transform_cell(source)
    except ImportError:
        pass
    except SyntaxError:
        return False
    flags = ast.PyCF_ONLY_AST | getattr(ast, "PyCF_ALLOW_TOP_LEVEL_AWAIT", 0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(source, "<cell>", "exec", flags)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def main() -> None:
    """Answer the request on standard input."""
    request = json.loads(sys.stdin.buffer.read().decode("utf-8"))
    installed = Installed()
    valid = [index for index, source in request["sources"].items() if is_valid(source)]
    if request["folder"]:
        sys.path.insert(0, request["folder"])  # last: nothing of ours is imported from there
    modules = {name: state_of(name, installed) for name in request["modules"]}
    lacking = [pair for pair in request["members"] if has_member(*pair) is False]
    answer = {
        "python": list(sys.version_info[:3]),
        "modules": modules,
        "versions": installed.versions,
        "valid": valid,
        "lacking": lacking,
    }
    sys.stdout.write(MARKER + json.dumps(answer) + "\n")


if __name__ == "__main__":
    main()
