"""What ``--fix`` changes: small edits of single cells, each answering one finding.

Only what is plain is changed: a call that stands as the author wrote it, a line of its own. Lines and columns are those
of the cell's source; columns count characters, from 0.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterable

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.edits import Edit, Span, overlap, span_of, text_at
from pressrun.rules.doctor.events import Call
from pressrun.rules.doctor.randomness import SOURCES
from pressrun.rules.doctor.syntax import repaired_print


def edits_for(findings: Iterable[Finding], notebook: AnalysedNotebook, around: Surroundings) -> tuple[Edit, ...]:
    """Return the edits that answer the fixable findings, in the notebook's order, none overlapping another."""
    cells = {cell.index: cell for cell in notebook.cells}
    edits: list[Edit] = []
    for finding in findings:
        if (
            finding.fixable
            and finding.cell in cells
            and finding.kind in _REPAIRS
            and _has_line(finding, cells[finding.cell])
        ):
            made = _REPAIRS[finding.kind](finding, cells[finding.cell], around)
            if made is not None and not (made.text and "\r" in cells[finding.cell].cell.source):
                edits.append(made)
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda e: (e.cell, e.start, e.end)):
        if not any(overlap(edit, other) for other in kept):
            kept.append(edit)
    return tuple(kept)


def _has_line(finding: Finding, cell: AnalysedCell) -> bool:
    return finding.line is None or finding.line <= cell.cell.source.count("\n") + 1


# -- one function a kind


def _clear_errors(finding: Finding, _cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    return Edit(kind=finding.kind, cell=finding.cell or 0, what="removed the saved error", clears="errors")


def _clear_outputs(finding: Finding, _cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    return Edit(kind=finding.kind, cell=finding.cell or 0, what="removed the saved outputs", clears="all")


def _comment_line(finding: Finding, cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    number = finding.line or 1
    lines = cell.cell.source.split("\n")
    text = lines[number - 1]
    if text.rstrip().endswith("\\") or text.lstrip().startswith("%%"):
        return None
    indent = text[: len(text) - len(text.lstrip())]
    if indent:
        return None  # the only statement of a block cannot become a comment
    written = text if text[:1] in {"%", "!"} else f"%{text}"
    return _line_edit(
        finding,
        number,
        text,
        f"# {written}  # belongs in the project's requirements",
        "made the installation a comment",
    )


def _line_edit(finding: Finding, number: int, before: str, after: str, what: str) -> Edit:
    return Edit(
        kind=finding.kind,
        cell=finding.cell or 0,
        what=what,
        line=finding.line,
        start=(number, 0),
        end=(number, len(before)),
        text=after,
    )


def _check_command(finding: Finding, cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    number = finding.line or 1
    text = cell.cell.source.split("\n")[number - 1]
    if not text.startswith("!") or text.startswith("!!"):
        return None
    command = text[1:].strip()
    after = f"import subprocess; subprocess.run({command!r}, shell=True, check=True)"
    return _line_edit(finding, number, text, after, "a command that fails now ends the run")


def _print_call(finding: Finding, cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    """Turn every print statement of the cell: they fail one after the other."""
    lines = cell.cell.source.split("\n")
    after = [repaired_print(line) or line for line in lines]
    if after == lines or not _parses("\n".join(after)):
        return None
    first = next(number for number, (a, b) in enumerate(zip(lines, after, strict=True), 1) if a != b)
    last = max(number for number, (a, b) in enumerate(zip(lines, after, strict=True), 1) if a != b)
    return Edit(
        kind=finding.kind,
        cell=cell.index,
        what="wrote print as a function",
        line=finding.line,
        start=(first, 0),
        end=(last, len(lines[last - 1])),
        text="\n".join(after[first - 1 : last]),
    )


def _parses(text: str) -> bool:
    plain = re.sub(r"(?m)^\s*[%!].*$", "", text)
    try:
        ast.parse(plain)
    except (SyntaxError, ValueError):
        return False
    return True


def _relative_path(finding: Finding, cell: AnalysedCell, around: Surroundings) -> Edit | None:
    wanted = around.inside.get(finding.subject)
    for node in ast.walk(cell.tree) if cell.tree is not None and wanted else ():
        if isinstance(node, ast.Constant) and node.value == finding.subject and node.lineno == finding.line:
            span = span_of(node, cell)
            if span is None or node.lineno != node.end_lineno:
                return None
            before = cell.cell.source.split("\n")[node.lineno - 1][span[0][1] : span[1][1]]
            quote = '"' if before.endswith('"') else "'"
            if (
                before.strip("rRuU")[:1] != quote
                or before.endswith(quote * 3)
                or quote in (wanted or "")
                or "\\" in (wanted or "")
            ):
                return None
            what = f"wrote the path relative to the notebook: {wanted}"
            return Edit(
                kind=finding.kind,
                cell=cell.index,
                what=what,
                line=finding.line,
                start=span[0],
                end=span[1],
                text=f"{quote}{wanted}{quote}",
            )
    return None


def _assigned_back(finding: Finding, cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    """Turn ``df[c].fillna(0, inplace=True)`` into ``df[c] = df[c].fillna(0)``."""
    for event in cell.events:
        if (
            not isinstance(event, Call)
            or event.place.line != finding.line
            or not isinstance(event.node.func, ast.Attribute)
        ):
            continue
        word = next((w for w in event.node.keywords if w.arg == "inplace"), None)
        target = event.node.func.value
        span, owner = span_of(event.node, cell), span_of(target, cell)
        if word is None or span is None or owner is None or ast.unparse(target) != finding.subject:
            continue
        text = _without_argument(event.node, word, cell)
        if text is None:
            return None
        column = text_at(owner, cell)
        return Edit(
            kind=finding.kind,
            cell=cell.index,
            what=f"assigned the result to {column}",
            line=finding.line,
            start=span[0],
            end=span[1],
            text=f"{column} = {text}",
        )
    return None


def _without_argument(call: ast.Call, word: ast.keyword, cell: AnalysedCell) -> str | None:
    """Return the text of a call without one keyword argument and its comma."""
    span, inner = span_of(call, cell), span_of(word, cell)
    if span is None or inner is None or span[0][0] != span[1][0]:
        return None
    whole, offset = text_at(span, cell), span[0][1]
    before, after = whole[: inner[0][1] - offset], whole[inner[1][1] - offset :]
    if before.rstrip().endswith(","):
        return before.rstrip()[:-1] + after.lstrip()
    return before + re.sub(r"^\s*,\s*", "", after)


def _seed(finding: Finding, cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    """Give the call its seed, or set the library's before the statement that draws first."""
    for event in cell.events:
        if not isinstance(event, Call) or event.place.line != finding.line:
            continue
        if event.last in {
            "default_rng",
            "RandomState",
            "Random",
            "SeedSequence",
            "PCG64",
            "MT19937",
        } and finding.subject in {"numpy", "random"}:
            return None if event.node.args else _added_argument(finding, event, cell, "0")
        source = next((s for s in SOURCES if s.name == finding.subject and s.draws(event)), None)
        if source is None:
            continue
        if source.argument:
            return _added_argument(finding, event, cell, f"{source.argument}=0")
        return _inserted_seed(finding, event, cell, source.setter)
    return None


def _added_argument(finding: Finding, event: Call, cell: AnalysedCell, argument: str) -> Edit | None:
    """Add an argument behind the last one, or between empty brackets."""
    if any(word.arg and f"{word.arg}=" in argument for word in event.node.keywords):
        return None  # given as None on purpose, or so it seems
    whole = span_of(event.node, cell)
    given: list[ast.expr | ast.keyword] = [*event.node.args, *event.node.keywords]
    last = span_of(max(given, key=_end), cell) if given else None
    if whole is None or (given and last is None):
        return None
    if last is None:
        line, column = whole[1]
        at, text = (line, column - 1), argument
        if text_at((at, whole[1]), cell) != ")":
            return None
    else:
        rest = text_at((last[1], whole[1]), cell)
        comma = re.match(r"\s*,", rest) if "\n" not in rest.partition(",")[0] else None
        at = (last[1][0], last[1][1] + comma.end()) if comma else last[1]
        text = f" {argument}," if comma else f", {argument}"
        if isinstance(max(given, key=_end), ast.GeneratorExp) or rest[:1] not in {",", ")", " ", "\n"}:
            return None  # brackets of its own: f(x for x in xs)
    if not _still_a_call(event, whole, at, text, cell):
        return None
    what = f"gave {event.last} {argument}"
    return Edit(kind=finding.kind, cell=cell.index, what=what, line=finding.line, start=at, end=at, text=text)


def _still_a_call(event: Call, whole: Span, at: tuple[int, int], text: str, cell: AnalysedCell) -> bool:
    """Whether the call with the text added is a call with one argument more, and not another expression."""
    try:
        parsed = ast.parse(text_at((whole[0], at), cell) + text + text_at((at, whole[1]), cell), mode="eval").body
    except SyntaxError:
        return False
    before = len(event.node.args) + len(event.node.keywords)
    return isinstance(parsed, ast.Call) and len(parsed.args) + len(parsed.keywords) == before + 1


def _end(node: ast.expr | ast.keyword) -> tuple[int, int]:
    return node.end_lineno or 0, node.end_col_offset or 0


def _inserted_seed(finding: Finding, event: Call, cell: AnalysedCell, setter: str) -> Edit | None:
    statement = next(
        (
            s
            for s in (cell.tree.body if cell.tree is not None else [])
            if s.lineno <= event.place.line <= (s.end_lineno or s.lineno)
        ),
        None,
    )
    if statement is None:
        return None
    decorators = getattr(statement, "decorator_list", [])
    number = min([statement.lineno, *(node.lineno for node in decorators)])
    if number in cell.altered or cell.cell.source.split("\n")[number - 1][:1].isspace():
        return None
    module = setter.rpartition(".")[0]
    owner = event.node.func.value if isinstance(event.node.func, ast.Attribute) else None
    name = ast.unparse(owner) if owner is not None and event.name.rpartition(".")[0] == module else ""
    text = f"{name}.{setter.rpartition('.')[2]}(0)" if name else f"import {module.partition('.')[0]}; {setter}(0)"
    return Edit(
        kind=finding.kind,
        cell=cell.index,
        what=f"set a seed: {text}",
        line=finding.line,
        start=(number, 0),
        end=(number, 0),
        text=f"{text}\n",
    )


def _named_encoding(finding: Finding, cell: AnalysedCell, _around: Surroundings) -> Edit | None:
    for event in cell.events:
        if isinstance(event, Call) and event.place.line == finding.line and event.name in {"open", "io.open"}:
            return _added_argument(finding, event, cell, 'encoding="utf-8"')
    return None


_REPAIRS: dict[str, Callable[[Finding, AnalysedCell, Surroundings], Edit | None]] = {
    "output-error": _clear_errors,
    "output-stale": _clear_outputs,
    "output-large": _clear_outputs,
    "install-at-runtime": _comment_line,
    "shell-unchecked": _check_command,
    "syntax-python2": _print_call,
    "path-absolute": _relative_path,
    "path-platform": _relative_path,
    "pandas-chained-inplace": _assigned_back,
    "random-unseeded": _seed,
    "locale-dependence": _named_encoding,
}


REPAIRED_KINDS = frozenset(_REPAIRS)
"""The kinds that can be corrected."""
