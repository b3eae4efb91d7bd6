"""Cells that the kernel's Python cannot parse."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.kinds import NOTE, found

_PYTHON2 = (
    (re.compile(r"^\s*print\s+(?![=(,.)\[])\S"), "a print statement"),
    (re.compile(r"^\s*print\s*(?:>>|\"|')"), "a print statement"),
    (re.compile(r"^\s*print\s*\(.*\)\s*(?:%|,)"), "a print statement"),
    (re.compile(r"^\s*except\s+[\w.()]+\s*,\s*\w+\s*:"), "`except X, e`"),
    (re.compile(r"^\s*raise\s+\w+\s*,"), "`raise X, message`"),
    (re.compile(r"^\s*exec\s+[\"'\w]"), "an exec statement"),
    (re.compile(r"<>"), "the operator <>"),
    (re.compile(r"(?<![\w.])\d+[lL]\b"), "a number that ends in L"),
    (re.compile(r"(?<![\w.])0\d+\b"), "an octal number without 0o"),
    (re.compile(r"(?<!\w)ur['\"]"), "a ur'' string"),
)


def unparsable_cells(notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find cells that are no valid Python, for the kernel's interpreter where that was asked."""
    for cell in notebook.run:
        if cell.error is None or cell.index in around.valid:
            continue
        message, line = cell.error
        level = NOTE if cell.may_raise else None
        python2, at = _python2(cell, line)
        if python2:
            fixable = any(repaired_print(text) is not None for text in _near(cell, at))
            yield found(
                "syntax-python2", f"{python2}: this is Python 2", at=(cell.index, at), level=level, fixable=fixable
            )
        else:
            yield found("syntax-invalid", f"no valid Python: {message}", at=(cell.index, line), level=level)


def _near(cell: AnalysedCell, line: int | None) -> list[str]:
    lines = cell.cell.source.split("\n")
    return lines[line - 1 : line] if line else []


def _python2(cell: AnalysedCell, line: int | None) -> tuple[str, int | None]:
    """Return what is Python 2 in the line that cannot be parsed, and the line."""
    lines = cell.cell.source.split("\n")
    for number in [line, line - 1] if line else []:
        text = lines[number - 1] if 0 < number <= len(lines) else ""
        for pattern, name in _PYTHON2:
            if pattern.search(text.partition("#")[0]):
                return name, number
    return "", line


_PRINT = re.compile(r"^(\s*)print[ \t]+(?!>>)(.+?)(,?)[ \t]*$")


def repaired_print(line: str) -> str | None:
    """Return a print statement as a call of print, None where the line is none that can be turned safely.

    >>> repaired_print("  print 'a', b")
    "  print('a', b)"
    """
    match = _PRINT.match(line)
    if match is None or "#" in line or ";" in line or line.rstrip().endswith(("\\", "(", "[", "{")):
        return None
    indent, content, comma = match.groups()
    return f"{indent}print({content}{', end=chr(32)' if comma else ''})"
