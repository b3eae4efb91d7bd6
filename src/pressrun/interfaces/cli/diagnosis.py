"""A diagnosis as a reader wants it: the gravest first, findings of a kind together, each with its line of source.

Colours only repeat what words say; red, magenta and bold are readable on light and on dark backgrounds.
"""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from pressrun.records.findings import LEVELS, Diagnosis, Finding, FixedCopy, Level
from pressrun.rules.doctor.kinds import FindingKind

TITLES: dict[Level, str] = {"blocks-production": "Blocks production", "should-fix": "Should be fixed", "note": "Notes"}
_STYLES: dict[Level, str] = {"blocks-production": "bold red", "should-fix": "bold magenta", "note": "bold"}


def show_diagnosis(diagnosis: Diagnosis, console: Console | None = None) -> None:
    """Print a diagnosis to the terminal."""
    (console or Console(highlight=False)).print(render_diagnosis(diagnosis))


def render_diagnosis(diagnosis: Diagnosis) -> RenderableType:
    """Return a diagnosis as something that rich can print."""
    parts: list[RenderableType] = [_title(diagnosis)]
    for level in LEVELS:
        parts += _level(level, [finding for finding in diagnosis.findings if finding.level == level])
    if diagnosis.silenced:
        parts += [_heading("Silenced", "bold"), Padding(_silenced(diagnosis), (0, 0, 0, 2))]
    if diagnosis.unchecked:
        parts.append(_heading("Not looked at", "bold"))
        parts += [Padding(Text(_plain(sentence)), (0, 0, 0, 2)) for sentence in diagnosis.unchecked]
    if diagnosis.fixed is not None:
        parts += _fixed(diagnosis.fixed)
    return Group(*parts)


def _title(diagnosis: Diagnosis) -> RenderableType:
    name = Text(_plain(Path(diagnosis.path).name), style="bold")
    if not diagnosis.findings:
        told = Text("  nothing found", style="green")
    else:
        told = Text("  ")
        counts = [(level, sum(finding.level == level for finding in diagnosis.findings)) for level in LEVELS]
        for number, (level, count) in enumerate((level, count) for level, count in counts if count):
            told.append(", " if number else "")
            told.append(f"{count} {_noun(level, count)}", style=_STYLES[level] if level != "note" else "")
    looked = f"imports looked up in Python {diagnosis.python}: {diagnosis.interpreter}" if diagnosis.interpreter else ""
    return Text.assemble(name, told, ("\n" + _plain(looked), "dim") if looked else "")


def _noun(level: Level, count: int) -> str:
    if level == "blocks-production":
        return "blocks production" if count == 1 else "block production"
    if level == "should-fix":
        return "should be fixed"
    return "note" if count == 1 else "notes"


def _heading(title: str, style: str) -> Text:
    return Text.assemble("\n", (title, f"{style} underline"))


def _level(level: Level, findings: Sequence[Finding]) -> Iterator[RenderableType]:
    if not findings:
        return
    yield _heading(TITLES[level], _STYLES[level])
    ordered = sorted(findings, key=lambda finding: _first_of_kind(finding, findings))
    for kind, group in itertools.groupby(ordered, key=lambda finding: finding.kind):
        same = list(group)
        yield Text()
        yield Padding(Text.assemble((kind, "bold"), "  ", same[0].why), (0, 0, 0, 2))
        yield Padding(_places(same), (0, 0, 0, 4))


def _first_of_kind(finding: Finding, findings: Sequence[Finding]) -> int:
    return next(number for number, other in enumerate(findings) if other.kind == finding.kind)


def _places(findings: Sequence[Finding]) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(ratio=1, overflow="fold")
    for number, finding in enumerate(findings):
        told = Text(_plain(finding.what))
        if finding.excerpt:
            told.append(f"\n│ {_plain(finding.excerpt)}", style="dim")
        following = findings[number + 1] if number + 1 < len(findings) else None
        if finding.fix and (following is None or following.fix != finding.fix):
            told.append("\n→ ", style="green")
            told.append(_plain(finding.fix))
        if finding.fixable:
            told.append("  [--fix]", style="green")
        table.add_row(Text(_place(finding)), told)
    return table


def _place(finding: Finding) -> str:
    if finding.cell is None:
        return "notebook"
    return f"cell {finding.cell}" + (f", line {finding.line}" if finding.line else "")


def _silenced(diagnosis: Diagnosis) -> RenderableType:
    table = Table.grid(padding=(0, 2, 0, 0))
    for each in diagnosis.silenced:
        why = (f"comment: {each.reason}" if each.reason else "comment") if each.by == "comment" else "--ignore"
        table.add_row(Text(_place(each.finding), style="cyan"), each.finding.kind, Text(_plain(why), style="dim"))
    return table


def _fixed(fixed: FixedCopy) -> Iterator[RenderableType]:
    yield _heading("Corrected copy", "bold green")
    if not fixed.path:
        yield Padding(Text("Nothing could be corrected by rule, so none was written."), (0, 0, 0, 2))
        return
    table = Table.grid(padding=(0, 2, 0, 0), expand=True)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(ratio=1, overflow="fold")
    for repair in fixed.repairs:
        told = Text(_plain(repair.what))
        for sign, text, style in (("-", repair.before, "red"), ("+", repair.after, "green")):
            for line in text.split("\n") if text else ():
                told.append(f"\n{sign} {_plain(line)}", style=style)
        table.add_row(Text(f"cell {repair.cell}" + (f", line {repair.line}" if repair.line else "")), told)
    yield Padding(table, (0, 0, 0, 2))
    left = sum(finding.level != "note" for finding in fixed.remaining)
    rest = f"{left} finding{'s' * (left != 1)} that need you are left" if left else "no finding but notes is left"
    changes = f"{len(fixed.repairs)} change{'s' * (len(fixed.repairs) != 1)}"
    yield Text.assemble("\n", (_plain(fixed.path), "bold"), f"  {changes}; {rest}.")
    yield Text(
        "Outputs of changed cells were removed: run the copy (pressrun replay) before you rely on it.", style="dim"
    )


def show_kinds(kinds: Iterable[FindingKind]) -> None:
    """Print the kinds of findings."""
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in ("kind", "gravest level", "--fix", "why it matters"):
        table.add_column(column, overflow="fold", no_wrap=column != "why it matters")
    for kind in kinds:
        table.add_row(Text(kind.name, style="bold"), kind.level, "some" if kind.repaired else "", kind.why)
    Console(highlight=False).print(table)


def _plain(text: str) -> str:
    # what a stranger wrote must not steer the terminal
    return "".join(c if unicodedata.category(c)[0] != "C" or c == "\t" else f"\\u{ord(c):04x}" for c in text)
