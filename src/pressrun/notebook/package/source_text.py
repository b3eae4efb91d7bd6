"""Changing Python source without losing its comments and lay-out: edits by position, and indentation.

Pure functions on text; nothing here knows notebooks.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize

import msgspec

_STRING_STARTS = {tokenize.STRING} | {getattr(tokenize, name, -1) for name in ("FSTRING_START", "TSTRING_START")}
_STRING_ENDS = {getattr(tokenize, name, -1) for name in ("FSTRING_END", "TSTRING_END")}


def split_lines(text: str) -> list[str]:
    """Split at newlines alone, as Python's own parser counts lines; the newlines are kept."""
    return re.findall(r"[^\n]*\n|[^\n]+", text)


class Edit(msgspec.Struct, frozen=True):
    """Replace ``text[start:end]`` by `new`; `start` equals `end` for an insertion."""

    start: int
    end: int
    new: str


class Positions:
    """Turns the line and column of a syntax node into an offset in the text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._lines = split_lines(text) or [""]
        self._starts = [0]
        for line in self._lines:
            self._starts.append(self._starts[-1] + len(line))

    def offset(self, line: int, column: int) -> int:
        """Return the offset of 1-based `line` and of `column` in UTF-8 bytes, as `ast` counts them."""
        prefix = self._lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(prefix)

    def span(self, node: ast.AST) -> tuple[int, int]:
        """Return the offsets where `node` begins and ends."""
        located = [getattr(node, name) for name in ("lineno", "col_offset", "end_lineno", "end_col_offset")]
        return self.offset(located[0], located[1]), self.offset(located[2], located[3])

    def source(self, node: ast.AST) -> str:
        """Return the text of `node`."""
        start, end = self.span(node)
        return self.text[start:end]


def apply_edits(text: str, edits: list[Edit]) -> str:
    """Return `text` with all `edits` made; what lies inside a replaced stretch is dropped."""
    kept: list[Edit] = []
    covered = 0
    for edit in sorted(edits, key=lambda e: (e.start, e.end > e.start, -e.end)):
        if edit.start < covered:
            continue
        kept.append(edit)
        covered = max(covered, edit.end)
    for edit in reversed(kept):
        text = text[: edit.start] + edit.new + text[edit.end :]
    return text


def indent_code(text: str, by: str = "    ") -> str:
    """Indent Python source; the inside of a multi-line string stays as it is."""
    inside = _lines_inside_strings(text)
    return "".join(
        line if number in inside or not line.strip() else by + line
        for number, line in enumerate(split_lines(text), start=1)
    )


def _lines_inside_strings(text: str) -> set[int]:
    inside: set[int] = set()
    open_at: list[int] = []
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.STRING:
                inside.update(range(token.start[0] + 1, token.end[0] + 1))
            elif token.type in _STRING_STARTS:
                open_at.append(token.start[0])
            elif token.type in _STRING_ENDS:
                inside.update(range(open_at.pop() + 1, token.end[0] + 1))
    except (tokenize.TokenError, IndentationError):
        return inside
    return inside


def comment(text: str) -> str:
    """Return `text` as comment lines."""
    return "\n".join(f"# {line}".rstrip() for line in text.splitlines())


def ends_with_semicolon(text: str) -> bool:
    """Return whether the last thing before trailing comments is a semicolon: a notebook then shows nothing."""
    last = ""
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type not in {
                tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER,
            }:  # fmt: skip
                last = token.string
    except (tokenize.TokenError, IndentationError):
        return False
    return last == ";"
