"""Results that depend on when and where they are computed: wall clock, time zone, language, encoding."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.events import Call
from pressrun.rules.doctor.kinds import NOTE, SHOULD, found

_CLOCK = frozenset(
    {
        "datetime.datetime.now", "datetime.datetime.today", "datetime.datetime.utcnow", "datetime.date.today",
        "pandas.Timestamp.now", "pandas.Timestamp.today", "pandas.Timestamp.utcnow", "pandas.datetime.now",
        "pandas.datetime.today", "time.strftime", "time.localtime", "time.gmtime", "time.ctime", "time.asctime",
        "pandas.to_datetime", "arrow.now", "arrow.utcnow", "pendulum.now", "pendulum.today", "numpy.datetime64",
    }
)  # fmt: skip
_WORDS = frozenset({"now", "today"})
_SHOWS = frozenset({"print", "display"})
_LOCALE_CALLS = frozenset({"locale.setlocale", "locale.getlocale", "locale.getdefaultlocale", "time.tzset"})
_NAMED_DATES = ("%B", "%b", "%A", "%a", "%x", "%X", "%c", "%p")
_FROM_STAMP = frozenset({"datetime.datetime.fromtimestamp", "datetime.date.fromtimestamp"})


def clock_dependence(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find calls that take the present date into the result; measuring how long something took is none."""
    for cell, call in notebook.events(Call):
        if _asks_clock(call):
            shown = call.name == "time.strftime" or _only_shown(call, cell) or _only_named(call, cell)
            what = f"{_spelled(call)} is the present time" + (", shown or named here" if shown else "")
            yield found("clock-dependence", what, at=call.place.at, level=NOTE if shown else SHOULD, subject=call.name)


def _asks_clock(call: Call) -> bool:
    if call.name in {"pandas.to_datetime", "pandas.Timestamp", "numpy.datetime64"}:
        return call.text(0) in _WORDS
    if call.name not in _CLOCK:
        return False
    position = {"time.strftime": 1, "time.asctime": 0, "time.ctime": 0, "time.localtime": 0, "time.gmtime": 0}
    return call.name not in position or len(call.node.args) <= position[call.name]


def _only_shown(call: Call, cell: AnalysedCell) -> bool:
    """Whether the time goes to the reader alone: inside of a print or a log line, or as the cell's last expression."""
    if cell.tree is None:
        return False
    for statement in ast.walk(cell.tree):
        if isinstance(statement, ast.Expr) and any(node is call.node for node in ast.walk(statement.value)):
            value = statement.value
            if value is call.node:
                return True
            return isinstance(value, ast.Call) and _called(value) in _SHOWS | {
                "info",
                "debug",
                "warning",
                "title",
                "suptitle",
            }
    return False


def _only_named(call: Call, cell: AnalysedCell) -> bool:
    """Whether the time is turned into a text at once, as for the name of a run or file."""
    if cell.tree is None:
        return False
    return any(
        isinstance(node, ast.Attribute) and node.value is call.node and node.attr in {"strftime", "isoformat", "ctime"}
        for node in ast.walk(cell.tree)
    )


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def locale_dependence(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find texts opened without an encoding, names of days and months, and local time zones."""
    for _, call in notebook.events(Call):
        if call.name in {"open", "io.open"} and _is_text(call) and not call.splat:
            what = "opens a text without naming its encoding"
            yield found(
                "locale-dependence",
                what,
                at=call.place.at,
                subject="open",
                fixable=True,
                fix="Name it: open(..., encoding='utf-8').",
            )
        elif call.name in _LOCALE_CALLS:
            yield found(
                "locale-dependence",
                f"{call.name} depends on the locales of the machine",
                at=call.place.at,
                subject=call.name,
            )
        elif call.last == "strptime" and any(word in (call.text(1, "format") or "") for word in _NAMED_DATES):
            what = "reads names of days or months in the language of the machine"
            yield found("locale-dependence", what, at=call.place.at, subject="strptime")
        elif call.name in _FROM_STAMP and len(call.node.args) + len(call.node.keywords) < 2:
            what = f"{call.name} gives the local time of the machine"
            yield found("locale-dependence", what, at=call.place.at, subject="fromtimestamp")


def _is_text(call: Call) -> bool:
    """Whether an ``open`` is of a text, and names no encoding."""
    if call.argument(3, "encoding") is not None:
        return False
    if call.argument(1, "mode") is None:
        return True
    mode = call.text(1, "mode")
    return mode is not None and "b" not in mode


def _spelled(call: Call) -> str:
    text = ast.unparse(call.node)
    return text if len(text) <= 60 else f"{text[:59]}…"
