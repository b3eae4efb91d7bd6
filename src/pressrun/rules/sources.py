"""What the source of a notebook tells about its outputs: which cells read the clock, draw random numbers, and so on.

Told from syntax alone, so that the same source always gives the same facts. Names are followed where a time is kept in
a variable (``start = time.time()``) or read inside a function, not where a value merely depends on a time.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Sequence

import msgspec

from pressrun.records.cells import Cell

_CLOCK_CALLS = frozenset(
    {"now", "utcnow", "today", "ctime", "strftime", "localtime", "gmtime", "asctime", "getmtime", "getctime"}
)
_TIMER_CALLS = frozenset(
    {"perf_counter", "perf_counter_ns", "monotonic", "monotonic_ns", "process_time", "process_time_ns", "default_timer"}
)
_TIME_CALLS = frozenset({"time", "time_ns"})
_CLOCK_SHELL = re.compile(r"^\s*[!%]\s*(?:date\b|ls\s+-\w*l|ll\b|stat\b)", re.MULTILINE)
_CLOCK_SCRIPT = re.compile(r"(?:^|[;|&(`])\s*(?:date\b|ls\s+-\w*l|stat\b)", re.MULTILINE)
_SHELL_CELL = re.compile(r"\s*%%(?:bash|sh|script|system|!)")
_INSTALLER = re.compile(
    r"\s*[!%]\s*(?:(?:python3?|\{sys\.executable\}|sys\.executable)\s+-m\s+)?(?:uv\s+)?(?:pip3?|conda|mamba|apt|apt-get)\s+(?:install|uninstall|update)\b"
)
_PROFILER = re.compile(r"^\s*%{1,2}(?:prun|lprun|memit|mprun|pyinstrument|scalene)\b", re.MULTILINE)
_LOGGING = re.compile(r"\b(?:logging|loguru|structlog|optuna|prophet|absl|prefect|luigi|xgboost|lightgbm)\b")
_HASHING = re.compile(r"\b(?:hashlib|md5|sha1|sha256|digest|hexdigest|xxhash|uuid5|uuid3|hash)\b")
_PROCESS = re.compile(r"\b(?:getpid|getppid|Popen|multiprocessing|psutil)\b")
_MAGIC_LINE = re.compile(r"^(\s*)(?:[%!?].*|.*\?\s*)$")
_MAGIC_VALUE = re.compile(r"^(\s*[\w, .\[\]'\"]{1,200}=\s*)[%!].*$")
_PYTHON_CELL_MAGICS = frozenset({"%%time", "%%timeit", "%%capture", "%%prun", "%%register", "%%memit"})


class Clock(msgspec.Struct, frozen=True):
    """Names that hold a time (`clock`: a date or time of day, `timer`: a point or span) as known after some cells."""

    clock: frozenset[str] = frozenset()
    timer: frozenset[str] = frozenset()


def python_of(body: str) -> str:
    r"""Return the Python in a cell with its IPython lines blanked; the empty string for a cell in another language.

    >>> python_of("%matplotlib inline\nx = !ls\ny = 1")
    'pass\nx = None\ny = 1'
    """
    lines = body.split("\n")
    first = next((line for line in lines if line.strip() and not line.lstrip().startswith("#")), "")
    if first.startswith("%%") and first.split()[0] not in _PYTHON_CELL_MAGICS:
        return ""
    return "\n".join(_python_line(line) for line in lines)


def _python_line(line: str) -> str:
    value = _MAGIC_VALUE.match(line)
    if value is not None:
        return value.group(1) + "None"
    magic = _MAGIC_LINE.match(line)
    return magic.group(1) + "pass" if magic is not None else line


def parsed(body: str) -> ast.Module:
    """Parse a cell's Python; an empty module where it is none."""
    try:
        return ast.parse(python_of(body))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])


def cell_facts(cells: Sequence[Cell]) -> dict[int, frozenset[str]]:
    """Return for each cell, by index, what its source tells.

    ``clock``: it shows or handles a date or time of day that was now; ``timer``: it measures time; ``timer-output``:
    all that it shows is such a measurement; ``hashing``: digests are its subject; ``process``; ``logging`` (of the
    whole notebook); ``raises-exception``, ``timing-tag``: tags; ``profiler``, ``installer``, ``skip``: its output is
    no result.
    """
    code = [cell for cell in cells if cell.type == "code"]
    logging = any(_LOGGING.search(cell.body) for cell in code)
    known = Clock()
    facts: dict[int, frozenset[str]] = {cell.index: frozenset() for cell in cells}
    for cell in code:
        tree = parsed(cell.body)
        known = _names_after(tree, known)
        facts[cell.index] = frozenset(_facts_of(cell, tree, known)) | ({"logging"} if logging else frozenset())
    return facts


def _facts_of(cell: Cell, tree: ast.Module, known: Clock) -> Iterable[str]:
    shell = _CLOCK_SCRIPT if _SHELL_CELL.match(cell.body) else _CLOCK_SHELL
    if _reads(tree, _CLOCK_CALLS, frozenset(), known.clock) or shell.search(cell.body):
        yield "clock"
    if _reads(tree, _TIMER_CALLS, _TIME_CALLS, known.timer):
        yield "timer"
        if _shows_only_times(tree, known):
            yield "timer-output"
    for name, pattern in (("hashing", _HASHING), ("process", _PROCESS), ("profiler", _PROFILER)):
        if pattern.search(cell.body):
            yield name
    lines = [line for line in cell.body.splitlines() if line.strip() and not line.lstrip().startswith("#")]
    if lines and all(_INSTALLER.match(line) for line in lines):
        yield "installer"
    if "raises-exception" in cell.tags:
        yield "raises-exception"
    if "timing" in cell.tags:
        yield "timing-tag"
    if cell.declaration is not None and cell.declaration.kind == "skip":
        yield "skip"


def _is_time_call(node: ast.AST, calls: frozenset[str], time_calls: frozenset[str]) -> bool:
    if not isinstance(node, ast.Call):
        return False
    function = node.func
    if isinstance(function, ast.Attribute):
        if function.attr in time_calls:
            return isinstance(function.value, ast.Name) and function.value.id in {"time", "_time"}
        if function.attr == "strftime":  # of the module: the method of a date formats data
            return "strftime" in calls and isinstance(function.value, ast.Name) and function.value.id == "time"
        return function.attr in calls
    if isinstance(function, ast.Name):
        return function.id in time_calls or (function.id in calls and function.id not in {"now", "today"})
    return False


def _reads(tree: ast.AST, calls: frozenset[str], time_calls: frozenset[str], names: frozenset[str]) -> bool:
    for node in ast.walk(tree):
        if _is_time_call(node, calls, time_calls):
            return True
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id in names:
            return True
    return False


def _names_after(tree: ast.Module, known: Clock) -> Clock:
    """Return the names that hold a time after a cell: assigned from one, or a function that asks for one."""
    clock, timer = set(known.clock), set(known.timer)
    for kind, calls, time_calls in ((clock, _CLOCK_CALLS, frozenset[str]()), (timer, _TIMER_CALLS, _TIME_CALLS)):
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                if any(_is_time_call(inner, calls, time_calls) for inner in ast.walk(node)):
                    kind.add(node.name)
            elif isinstance(node, ast.Assign) and len(node.targets) == 1:
                _assign(node.targets[0], node.value, kind, calls, time_calls)
            elif isinstance(node, ast.AnnAssign) and node.value is not None:
                _assign(node.target, node.value, kind, calls, time_calls)
    return Clock(frozenset(clock), frozenset(timer))


def _assign(
    target: ast.expr, value: ast.expr, names: set[str], calls: frozenset[str], time_calls: frozenset[str]
) -> None:
    if not isinstance(target, ast.Name):
        return
    if _is_time(value, names, calls, time_calls):
        names.add(target.id)
    else:
        names.discard(target.id)


def _is_time(node: ast.expr, names: Iterable[str], calls: frozenset[str], time_calls: frozenset[str]) -> bool:
    """Whether an expression is a time: a clock call, a name of one, arithmetic or formatting of one."""

    def inner(part: ast.expr) -> bool:
        return _is_time(part, names, calls, time_calls)

    if _is_time_call(node, calls, time_calls):
        return True
    if isinstance(node, ast.Name):
        return node.id in names and node.id not in {"time", "datetime", "date"}
    if isinstance(node, ast.BinOp):
        return inner(node.left) or inner(node.right)
    if isinstance(node, ast.JoinedStr):
        return any(inner(part.value) for part in node.values if isinstance(part, ast.FormattedValue))
    if isinstance(node, ast.Attribute):
        return inner(node.value)
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Attribute) and inner(node.func.value):
            return True
        conversion = isinstance(node.func, ast.Name) and node.func.id in {"str", "round", "float", "int", "repr"}
        return conversion and any(inner(part) for part in node.args)
    return False


def _shows_only_times(tree: ast.Module, known: Clock) -> bool:
    """Whether everything that the cell prints and shows is a measured time, apart from constant text."""

    def is_time(node: ast.expr) -> bool:
        return _is_time(node, known.timer | known.clock, _TIMER_CALLS | _CLOCK_CALLS, _TIME_CALLS)

    shown: list[ast.expr] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"print", "display"}:
            shown += node.args
    last = tree.body[-1] if tree.body else None
    if isinstance(last, ast.Expr) and not (
        isinstance(last.value, ast.Call) and isinstance(last.value.func, ast.Name) and last.value.func.id == "print"
    ):
        shown.append(last.value)
    parts = [part for node in shown for part in _variable_parts(node)]
    return bool(parts) and all(is_time(part) for part in parts)


def _variable_parts(node: ast.expr) -> list[ast.expr]:
    if isinstance(node, ast.Constant):
        return []
    if isinstance(node, ast.JoinedStr):
        return [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        return list(node.args)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod) and isinstance(node.left, ast.Constant):
        return list(node.right.elts) if isinstance(node.right, ast.Tuple) else [node.right]
    return [node]
