"""A parameters cell, statement by statement: its source, and which names each statement reads, binds and changes."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Sequence

import msgspec

from pressrun.notebook.cell_walker import names_of, parse
from pressrun.notebook.dataflow import known_after
from pressrun.notebook.grammar import neutral_source
from pressrun.notebook.ipython_syntax import PlainSource, plain_source
from pressrun.records.cells import Cell

_DIRECTIVE = re.compile(r"(?:noqa|type:|pylint:|pragma:|fmt:|mypy:|ruff:|isort:|pyright:|%register\b|%%)")


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """One top-level statement.

    Attributes:
        source: as the author wrote it, decorators included.
        line: 1-based line of its start.
        last_line: 1-based line of its end.
        uses: names it reads from before; those it changes are among them.
        binds: names it binds.
        changes: names whose object it changes in place.
    """

    node: ast.stmt
    source: str
    line: int
    last_line: int
    uses: frozenset[str]
    binds: frozenset[str]
    changes: frozenset[str]


def statements_of(cell: Cell, earlier: Sequence[Cell]) -> tuple[Statement, ...]:
    """Split a cell.

    Args:
        cell: the cell.
        earlier: the cells before it, whose functions it may call.

    Raises:
        SyntaxError: the cell is no valid Python.
    """
    plain = plain_source(neutral_source(cell.body))
    tree = parse(plain.text)
    known = known_after(earlier)
    found: list[Statement] = []
    for node in tree.body:
        decorators = getattr(node, "decorator_list", [])
        line = min([node.lineno, *(decorator.lineno for decorator in decorators)])
        last_line = node.end_lineno or node.lineno
        source = _source(cell.body, plain, node, line, last_line)
        is_altered = not plain.altered.isdisjoint(range(line, last_line + 1))
        magics = plain_source(source) if is_altered else PlainSource(text="")
        names = names_of(ast.Module(body=[node], type_ignores=[]), magics, known)
        found.append(
            Statement(
                node=node,
                source=source,
                line=line,
                last_line=last_line,
                uses=frozenset(names.reads) | names.mutates.keys(),
                binds=frozenset(names.defines),
                changes=frozenset(names.mutates),
            )
        )
    return tuple(found)


def _source(body: str, plain: PlainSource, node: ast.stmt, line: int, last_line: int) -> str:
    """Return a statement's source; whole lines of the cell where one of them holds a magic."""
    if plain.altered.isdisjoint(range(line, last_line + 1)):
        segment = ast.get_source_segment(plain.text, node)
        if segment is not None and line == node.lineno:
            return segment
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(lines[line - 1 : last_line])


def comments_of(text: str) -> tuple[dict[int, str], frozenset[int]]:
    """Return the comment of each line that has one, and which of those lines hold nothing else.

    Directives for tools (``noqa``, ``type:``) and declarations are no comments for readers.
    """
    comments: dict[int, str] = {}
    alone: set[int] = set()
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type != tokenize.COMMENT:
                continue
            words = token.string.lstrip("#!: ").strip(" \t-=*#")
            if words and not _DIRECTIVE.match(words):
                comments[token.start[0]] = words
                if not token.line[: token.start[1]].strip():
                    alone.add(token.start[0])
    except (tokenize.TokenError, SyntaxError):
        pass
    return comments, frozenset(alone)


def help_for(statement: Statement, comments: dict[int, str], alone: frozenset[int]) -> str:
    """Return the comment behind a statement, else the comment lines directly above it."""
    for line in dict.fromkeys((statement.last_line, statement.line)):
        if line in comments and line not in alone:
            return comments[line]
    lines: list[str] = []
    above = statement.line - 1
    while above in alone:
        lines.insert(0, comments[above])
        above -= 1
    return " ".join(lines)
