"""Which lines of a cell are declarations, and the cell without them; what a kernel needs at every cell.

The grammar of what they say is in `pressrun.notebook.grammar`. This module imports nothing but `re`, because it is
loaded into a user's kernel with ``%load_ext pressrun``. Pure and stable.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

COMMANDS = ("status", "undo")
"""Words that are no declaration after ``%register``: they ask the running kernel something."""

MAGIC = re.compile(r"[ \t]*(%%?)register(?![^\s])(.*)", re.DOTALL)
COMMENT = re.compile(r"[ \t]*#[ \t]*%register(?![^\s])(.*)", re.DOTALL)
_COMMAND = re.compile(rf"[ \t]*%register[ \t]+(?:{'|'.join(COMMANDS)})(?:\s.*)?", re.DOTALL)
_REMARK = re.compile(r"\s*(?:#.*)?", re.DOTALL)


def is_command(line: str) -> bool:
    """Whether a line asks the kernel something (``%register status``) and declares nothing."""
    return _COMMAND.fullmatch(line) is not None


def declaration_lines(lines: Sequence[str]) -> list[int]:
    """Return positions of the declarations at the top: the first line that is not blank, and those right below it."""
    found: list[int] = []
    for number, line in enumerate(lines):
        if not line.strip() and not found:
            continue
        if not (MAGIC.fullmatch(line) or COMMENT.fullmatch(line)) or is_command(line):
            break
        found.append(number)
    return found


def below_remarks(lines: Sequence[str]) -> int | None:
    """Return the position of a ``%%register`` with only blank lines and comments above it; None when there is none.

    It declares nothing there, and must not reach IPython all the same, which would refuse the cell.
    """
    for number, line in enumerate(lines):
        match = MAGIC.fullmatch(line)
        if match is not None and match[1] == "%%":
            return number
        if not _REMARK.fullmatch(line):
            return None
    return None


def lines_to_run(lines: list[str]) -> list[str]:
    r"""Return the lines of a cell as the kernel runs them: declarations that are magics are taken out.

    They become empty lines, so that line numbers stay; where another cell magic follows they go, because that one has
    to be the first line. The list itself comes back when there is nothing to take out.

    >>> lines_to_run(["%%register step load\n", "x = 1\n"])
    ['\n', 'x = 1\n']

    Args:
        lines: as IPython hands them over, each with its line end.
    """
    if not any("register" in line for line in lines):
        return lines
    taken = [number for number in declaration_lines(lines) if MAGIC.fullmatch(lines[number])]
    misplaced = below_remarks(lines)
    if misplaced is not None and misplaced not in taken:
        taken.append(misplaced)
    if not taken:
        return lines
    rest = next((number for number in range(taken[-1] + 1, len(lines)) if lines[number].strip()), len(lines))
    if rest < len(lines) and lines[rest].lstrip().startswith("%%"):
        return lines[rest:]
    return [_line_end(line) if number in taken else line for number, line in enumerate(lines)]


def _line_end(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]
