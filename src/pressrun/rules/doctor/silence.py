"""Findings that the author has answered: ``# pressrun: ignore KIND reason``, and ``--ignore KIND``.

A comment answers for its own line; one that stands alone answers for the next line of code as well, and for findings
that concern the cell and no line of it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence

import msgspec

from pressrun.errors import near_match
from pressrun.records.cells import Cell
from pressrun.records.findings import Finding, Silenced
from pressrun.rules.doctor.kinds import KIND_BY_NAME, found

_COMMENT = re.compile(r"#\s*pressrun:\s*ignore\s+([\w-]+(?:\s*,\s*[\w-]+)*)[ \t]*(.*)$")


class _Answer(msgspec.Struct, frozen=True):
    kinds: frozenset[str]
    reason: str
    lines: frozenset[int]
    alone: bool


def silence(
    findings: Sequence[Finding], cells: Sequence[Cell], ignored: Collection[str]
) -> tuple[tuple[Finding, ...], tuple[Silenced, ...]]:
    """Return the findings that count, and those that were answered."""
    answers = {
        cell.index: tuple(_answers(cell)) for cell in cells if cell.type == "code" and "pressrun:" in cell.source
    }
    left: list[Finding] = []
    silenced: list[Silenced] = []
    for finding in findings:
        reason = _reason(finding, answers)
        if reason is not None:
            silenced.append(Silenced(finding=finding, by="comment", reason=reason))
        elif finding.kind in ignored:
            silenced.append(Silenced(finding=finding, by="option"))
        else:
            left.append(finding)
    return tuple(left), tuple(silenced)


def unknown_kinds(cells: Sequence[Cell]) -> Iterator[Finding]:
    """Find comments that name no kind."""
    for cell in cells:
        for answer in _answers(cell) if cell.type == "code" and "pressrun:" in cell.source else ():
            for kind in sorted(answer.kinds - KIND_BY_NAME.keys()):
                hint = near_match(kind, KIND_BY_NAME)
                what = f"there is no kind {kind!r}" + (f"; {hint}" if hint else "")
                yield found("ignore-unknown", what, at=(cell.index, min(answer.lines)), subject=kind)


def _answers(cell: Cell) -> Iterator[_Answer]:
    lines = cell.source.split("\n")
    for number, line in enumerate(lines, 1):
        match = _COMMENT.search(line)
        if match is None:
            continue
        alone = line.lstrip().startswith("#")
        covered = {number}
        if alone:
            following = (
                n
                for n in range(number + 1, len(lines) + 1)
                if not lines[n - 1].lstrip().startswith("#") and lines[n - 1].strip()
            )
            covered.add(next(following, number))
        kinds = frozenset(kind.strip() for kind in match[1].split(","))
        yield _Answer(kinds, match[2].strip(), frozenset(covered), alone)


def _reason(finding: Finding, answers: dict[int, tuple[_Answer, ...]]) -> str | None:
    if finding.cell is None:
        return None
    for answer in answers.get(finding.cell, ()):
        if finding.kind in answer.kinds and (finding.line in answer.lines or (finding.line is None and answer.alone)):
            return answer.reason
    return None
