"""An inspection as a reader wants it: parameters first, then the cells, the steps and the problems.

Only the terminal's own colours are used, and none that is pale on white or dark on black.
"""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from pressrun.records.cells import Cell, Inspection, Kind, Parameter, Problem, Step

KIND_STYLES: dict[Kind, str] = {
    "parameters": "bold magenta",
    "step": "",
    "data": "cyan",
    "features": "cyan",
    "model": "bold green",
    "metrics": "green",
    "check": "green",
    "report": "",
    "skip": "dim",
}
_LEVEL_STYLES = {"error": "bold red", "warning": "bold magenta", "note": "dim"}
_WIDEST_VALUE = 40


def show_inspection(inspection: Inspection, console: Console | None = None) -> None:
    """Print an inspection to the terminal."""
    (console or Console(highlight=False)).print(render_inspection(inspection))


def render_inspection(inspection: Inspection) -> RenderableType:
    """Return an inspection as something that rich can print."""
    parts: list[RenderableType] = [_title(inspection), *_parameters(inspection)]
    if any(cell.type == "code" for cell in inspection.cells):
        parts += [_heading("Cells"), _cells(inspection)]
    if inspection.steps:
        parts += [_heading("Steps", "what each takes from earlier ones, and gives to later ones"), _steps(inspection)]
    if inspection.problems:
        parts += [_heading("Problems"), _problems(inspection)]
    else:
        parts += [Text(), Text("No problems found.", style="green")]
    return Group(*parts)


def _heading(title: str, note: str = "") -> Text:
    return Text.assemble("\n", (title, "bold underline"), f"  {note}" if note else "", style="")


def _table(*columns: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="dim", padding=(0, 2, 0, 0))
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _title(inspection: Inspection) -> RenderableType:
    code = sum(cell.type == "code" for cell in inspection.cells)
    facts = f"{len(inspection.cells)} cells, {code} of code"
    facts += f" · kernel {inspection.kernel}" if inspection.kernel else ""
    name = Text(Path(inspection.path).name, style="bold")
    return Text.assemble(name, f"  {facts}", "\n", (inspection.digest, "dim"))


def _parameters(inspection: Inspection) -> list[RenderableType]:
    if inspection.parameters:
        note = f"cell {inspection.parameters[0].cell}"
        return [_heading("Parameters", note), _parameter_table(inspection.parameters)]
    if any(cell.declaration and cell.declaration.kind == "parameters" for cell in inspection.cells):
        return [_heading("Parameters", "the parameters cell defines none")]
    if not inspection.suggested_parameters:
        return [_heading("Parameters", "none declared")]
    cells = list(dict.fromkeys(parameter.cell for parameter in inspection.suggested_parameters))
    noun = "cell" if len(cells) == 1 else "cells"
    hint = Text.assemble(
        ("Only suggested, they cannot be given yet: ", "bold magenta"),
        f"gather them in one cell and tag it 'parameters', or make '# %register parameters' its first line "
        f"(found in {noun} {', '.join(map(str, cells))}).",
    )
    return [_heading("Suggested parameters", "none declared"), hint, _parameter_table(inspection.suggested_parameters)]


def _parameter_table(parameters: tuple[Parameter, ...]) -> RenderableType:
    table = _table("name", "type", "value", "")
    for parameter in parameters:
        help_ = Text(parameter.help)
        if parameter.derived_from:
            help_ = Text.assemble(
                help_, "  " if parameter.help else "", (f"from {', '.join(parameter.derived_from)}", "dim")
            )
        value = Text(_short(parameter.expression)) if parameter.expression else Text("required", style="bold red")
        table.add_row(Text(parameter.name, style="bold"), Text(parameter.type, style="cyan"), value, help_)
    return table


def _cells(inspection: Inspection) -> RenderableType:
    declared = any(cell.declaration is not None for cell in inspection.cells)
    table = _table("cell", *(["kind", "name"] if declared else []), "begins with")
    table.expand = True
    for column in table.columns:
        column.no_wrap = True
    table.columns[0].justify = "right"
    table.columns[-1].ratio = 1
    table.columns[-1].overflow = "ellipsis"
    for cell in inspection.cells:
        row = _cell_row(cell, declared)
        if row:
            table.add_row(*row)
    return table


def _cell_row(cell: Cell, declared: bool) -> list[RenderableType]:
    """Return a code cell's row, or a heading's; nothing for other text."""
    if cell.type != "code":
        first = cell.source.lstrip().split("\n", 1)[0]
        title = Text(first.lstrip("# ").strip(), style="bold dim")
        is_heading = cell.type == "markdown" and first.startswith("#")
        return [*([""] * (3 if declared else 1)), title] if is_heading else []
    declaration = cell.declaration
    style = "dim" if declaration and declaration.kind == "skip" else ""
    row: list[RenderableType] = [Text(str(cell.index), style=style)]
    if declaration is not None:
        options = "".join(f"\n--{option} {value}" for option, value in declaration.options.items())
        name = Text.assemble(declaration.name or "", (options, "dim"))
        row += [Text(declaration.kind, style=KIND_STYLES[declaration.kind]), name]
    elif declared:
        row += [Text("·", style="dim"), ""]
    begins = _first_line(cell.body)
    return [*row, Text(begins, style=style) if begins else Text("(empty)", style="dim")]


def _first_line(body: str) -> str:
    lines = [line.strip() for line in body.split("\n") if line.strip()]
    code = [line for line in lines if not line.startswith("#")]
    return (code or lines or [""])[0]


def _steps(inspection: Inspection) -> RenderableType:
    table = _table("step", "kind", "cells", "takes", "gives")
    for step in inspection.steps:
        table.add_row(
            Text(step.name, style="bold"),
            Text(step.kind, style=KIND_STYLES[step.kind]),
            _cell_numbers(step),
            Text(", ".join(step.needs)),
            Text(", ".join(step.provides), style="cyan"),
        )
    return table


def _cell_numbers(step: Step) -> str:
    return str(step.cells[0]) if len(step.cells) == 1 else f"{step.cells[0]}-{step.cells[-1]}"


def _problems(inspection: Inspection) -> RenderableType:
    table = Table(box=None, show_header=False, pad_edge=False, padding=(0, 2, 0, 0))
    for problem in inspection.problems:
        table.add_row(Text(problem.level, style=_LEVEL_STYLES[problem.level]), _place(problem), Text(problem.message))
    return table


def _place(problem: Problem) -> str:
    if problem.cell is None:
        return ""
    return f"cell {problem.cell}" + (f", line {problem.line}" if problem.line else "")


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _WIDEST_VALUE else f"{flat[: _WIDEST_VALUE - 1]}…"
