"""The line of source that a finding means, and the care that no secret is shown with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import msgspec

from pressrun.records.cells import Cell
from pressrun.records.findings import Finding
from pressrun.rules.secrets.scan import find_in_text

LONGEST = 160  # characters of an excerpt
HIDDEN = "(not shown: it looks as if it held a secret)"


def with_excerpts(findings: Iterable[Finding], cells: Sequence[Cell]) -> tuple[Finding, ...]:
    """Return findings with the line of source that each means; what looks like a secret is not shown."""
    return tuple(_with_excerpt(finding, cells) for finding in findings)


def _with_excerpt(finding: Finding, cells: Sequence[Cell]) -> Finding:
    if finding.kind == "secret":
        return finding
    excerpt = ""
    if finding.cell is not None and finding.line is not None and finding.cell < len(cells):
        lines = cells[finding.cell].source.split("\n")
        excerpt = lines[finding.line - 1].strip() if finding.line <= len(lines) else ""
    if excerpt and harmless(excerpt) != excerpt:
        excerpt = ""
    shown = msgspec.structs.replace(
        finding, excerpt=excerpt if len(excerpt) <= LONGEST else f"{excerpt[: LONGEST - 1]}…"
    )
    if harmless(finding.what) != finding.what or harmless(finding.subject) != finding.subject:
        return msgspec.structs.replace(shown, what=f"a {finding.kind} {HIDDEN}", subject="", fix="", excerpt="")
    return shown


def harmless(text: str) -> str:
    """Return a text, or `HIDDEN` where it looks as if it held a secret."""
    return HIDDEN if text and find_in_text(text, place="source", where="") else text
