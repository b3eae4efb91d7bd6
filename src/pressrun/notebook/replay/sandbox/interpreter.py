"""What has to be readable for an interpreter: itself, its libraries, installed packages, the code of editable ones."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import msgspec

from pressrun.errors import UsageError

TIMEOUT_S = 60
MARKER = "pressrun-interpreter:"
QUESTION = f"""
import json, os, site, sys, sysconfig
editable = []
for name, module in list(sys.modules.items()):
    mapping = getattr(module, "MAPPING", None)
    if name.startswith("__editable__") and isinstance(mapping, dict):
        editable += [value for value in mapping.values() if isinstance(value, str)]
names = ["prefix", "base_prefix", "exec_prefix", "base_exec_prefix"]
print({MARKER!r} + json.dumps({{
    "executable": sys.executable,
    "prefixes": [getattr(sys, name) for name in names] + [os.path.dirname(os.__file__)],
    "paths": [path for path in sys.path if path],
    "editable": editable,
}}))
"""
CODE = (".py", ".pyi", ".so", ".pyx", ".pxd", ".typed", ".pth")
FOLDER_VARIABLES = ("JAVA_HOME", "SPARK_HOME", "HADOOP_HOME", "CUDA_HOME", "SSL_CERT_DIR")
FILE_VARIABLES = ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")


class Interpreter(msgspec.Struct, frozen=True, kw_only=True):
    """Where an interpreter's files are.

    Attributes:
        prefixes: its folder, and the one of the interpreter that a virtual environment was made from.
        paths: what it imports from: ``sys.path``; `editable`: files and folders that an installed finder leads to.
    """

    executable: str
    prefixes: tuple[str, ...]
    paths: tuple[str, ...] = ()
    editable: tuple[str, ...] = ()


def ask_interpreter(python: str, environment: Mapping[str, str]) -> Interpreter:
    """Ask an interpreter where its files are.

    Args:
        python: its path.
        environment: the variables that the kernel will have.

    Raises:
        UsageError: it does not start.
    """
    try:
        done = subprocess.run(
            [python, "-c", QUESTION],
            capture_output=True,
            timeout=TIMEOUT_S,
            cwd=os.sep,
            env=dict(environment),
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise UsageError(f"the interpreter does not start: {error}", where=python) from error
    _, found, line = done.stdout.partition(MARKER.encode())
    if not found:
        told = done.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise UsageError(f"the interpreter can't say where its files are: {told[0]}", where=python)
    return msgspec.json.decode(line.splitlines()[0], type=Interpreter)


def environment_places(found: Interpreter, variables: Mapping[str, str]) -> tuple[list[str], list[tuple[str, str]]]:
    """Return what has to be readable for an interpreter, and the links on the way to its executable.

    A folder that code is imported from and that is no installation (an editable install's tree) counts with its
    modules and packages, not with the data that lies beside them.

    Args:
        found: the interpreter.
        variables: of the kernel; some name folders of tools.
    """
    prefixes = _both(prefix for prefix in found.prefixes if prefix not in {"", os.sep, "/usr"})
    readable = [prefix for prefix in prefixes if Path(prefix).is_dir()]
    for path in _both((*found.paths, *found.editable)):
        if not _below(path, (*readable, "/usr")):
            readable += _code_in(Path(path))
    for name in (*FOLDER_VARIABLES, *FILE_VARIABLES):
        readable += [variables[name]] if os.path.isabs(variables.get(name, "")) else []  # noqa: PTH117
    for name in ("LD_LIBRARY_PATH",):
        readable += [folder for folder in variables.get(name, "").split(os.pathsep) if folder.startswith(os.sep)]
    links = []
    for path, target in _link_chain(found.executable):
        if target is None:
            readable += [] if _below(path, (*readable, "/usr")) else [path]
        elif not _below(path, (*readable, "/usr")):
            links.append((path, target))
    return [path for path in dict.fromkeys(readable) if Path(path).exists()], links


def _both(paths: Iterable[str]) -> list[str]:
    """Return paths as written and with links resolved."""
    return list(dict.fromkeys(form for path in paths for form in (os.path.normpath(path), os.path.realpath(path))))


def _below(path: str, folders: Iterable[str]) -> bool:
    return any(path == folder or path.startswith(folder.rstrip(os.sep) + os.sep) for folder in folders)


def _code_in(path: Path) -> list[str]:
    """Return the modules and packages right below a folder of code; a file counts itself."""
    if path.is_file():
        return [str(path)]
    if not path.is_dir():
        return []
    if (path / "__init__.py").exists():
        return [str(path)]
    return [str(entry) for entry in sorted(path.iterdir()) if _is_code(entry)]


def _is_code(entry: Path) -> bool:
    if entry.is_dir():
        if entry.name.endswith((".egg-info", ".dist-info")):
            return True
        return not entry.name.startswith(".") and any(name.suffix in CODE for name in entry.iterdir())
    return entry.suffix in CODE


def _link_chain(executable: str) -> Iterator[tuple[str, str | None]]:
    """Yield each link on the way to a program with its target, and last the program with None."""
    path = os.path.normpath(executable)
    for _ in range(40):
        if not os.path.islink(path):  # noqa: PTH114
            break
        target = os.readlink(path)  # noqa: PTH115
        yield path, target
        path = os.path.normpath(os.path.join(os.path.dirname(path), target))  # noqa: PTH118, PTH120
    yield path, None
