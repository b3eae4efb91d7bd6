"""Code cells as plain Python, before they are laid out as a program: shown values, checks, metrics, parameters."""

from __future__ import annotations

import ast
import re

import msgspec

from pressrun.notebook.package.magics import Context, without_magics
from pressrun.notebook.package.options import call_lines, parameter_lines
from pressrun.notebook.package.source_text import Edit, Positions, apply_edits, comment, ends_with_semicolon
from pressrun.records.cells import Cell, Inspection, Notebook

_SHOWS_NOTHING = {"print", "display"}
_HISTORY = re.compile(r"_{1,3}|_i?\d+|_i{1,3}|In|Out|_oh|_ih")
_DECLARATION_COMMENT = re.compile(r"\A\s*#[ \t]*%register\b[^\n]*(?:\n|\Z)")
_NEUTRAL_EXTENSION = re.compile(r"^# %(?:re)?load_ext[ \t]+pressrun\b[^\n]*(?:\n|\Z)", re.MULTILINE)
_IMAGE_IN_MARKDOWN = re.compile(r"!\[[^\]]*\]\((?:data:|attachment:)[^)]*\)|<img [^>]*>")


class PlainCell(msgspec.Struct, frozen=True, kw_only=True):
    """One code cell as Python.

    Attributes:
        index: position in the notebook.
        label: what stands behind ``# %%``.
        heading: the markdown before the cell, as comments; may be empty.
        text: the cell's own statements.
        wrap: head of a ``with`` statement that the statements stand in; may be empty.
        tail: statements of ours that follow: parameters, metrics, models.
        futures: ``from __future__`` imports, which have to stand at the top of the program.
        notes: what was left out or refused.
    """

    index: int
    label: str
    heading: str
    text: str
    wrap: str = ""
    tail: str = ""
    futures: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether there is nothing to run."""
        return not ast.parse(self.text + self.tail).body


class Pressed(msgspec.Struct, frozen=True, kw_only=True):
    """What the proven run adds to the notebook.

    Attributes:
        injection: source injected behind the parameters cell: the values that the bundle is pressed with.
        environment: variables that were fixed for the run, such as PYTHONHASHSEED.
        model_objects: name of a registered model -> variable that holds it.
    """

    injection: str = ""
    environment: dict[str, str] = {}
    model_objects: dict[str, str] = {}


def bound_names(tree: ast.AST) -> set[str]:
    """Return every name that is bound anywhere below `tree`, whatever the scope."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            names.add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.alias):
            names.add((node.asname or node.name).split(".")[0])
        elif isinstance(node, ast.arg):
            names.add(node.arg)
        elif (isinstance(node, ast.ExceptHandler) and node.name) or (
            isinstance(node, ast.MatchAs | ast.MatchStar) and node.name
        ):
            names.add(node.name)
        elif isinstance(node, ast.MatchMapping) and node.rest:
            names.add(node.rest)
    return names


def assigned_names(text: str) -> tuple[str, ...]:
    """Return the names that the top level of a cell assigns, in order of their last assignment.

    Imports, functions, classes and loop variables are no results and do not count.
    """
    names: dict[str, None] = {}
    try:
        body = list(ast.parse(text).body)
    except (SyntaxError, ValueError):
        return ()
    while body:
        node = body.pop(0)
        targets: list[ast.expr] = []
        if isinstance(node, ast.Assign):
            targets = node.targets
        elif isinstance(node, ast.AugAssign) or (isinstance(node, ast.AnnAssign) and node.value is not None):
            targets = [node.target]
        elif isinstance(node, ast.If | ast.With | ast.Try | ast.For | ast.While):
            inner = [*node.body, *getattr(node, "orelse", []), *getattr(node, "finalbody", [])]
            body = inner + body
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name) and isinstance(name.ctx, ast.Store):
                    names.pop(name.id, None)
                    names[name.id] = None
    return tuple(names)


def plain_cells(notebook: Notebook, inspection: Inspection, pressed: Pressed) -> tuple[list[PlainCell], str]:
    """Return every code cell that runs in production, and the name for the runtime module.

    Args:
        notebook: the notebook.
        inspection: what it says of itself.
        pressed: what the proven run adds.
    """
    names = {name for flow in inspection.flows for name in (*flow.defines, *flow.uses, *flow.mutates)}
    names |= {parameter.name for parameter in inspection.parameters}
    runtime = next(n for n in ("nb", "runtime", "notebook_runtime", "notebook_runtime_") if n not in names)
    context = Context(runtime=runtime, names=frozenset(names))
    cells: list[PlainCell] = []
    heading: list[str] = []
    for cell in notebook.cells:
        if cell.type == "markdown":
            heading.append(comment(_IMAGE_IN_MARKDOWN.sub("", cell.source).strip()))
        if cell.type != "code":
            continue
        if cell.declaration is not None and cell.declaration.kind == "skip":
            heading = []
            continue
        plain = _plain_cell(cell, context, "\n#\n".join(text for text in heading if text))
        plain = msgspec.structs.replace(plain, tail=_tail(cell, plain, inspection, pressed, runtime))
        if plain.text.strip() or plain.tail:
            cells.append(plain)
            heading = []
    return cells, runtime


def _plain_cell(cell: Cell, context: Context, heading: str) -> PlainCell:
    code = without_magics(cell.body, context)
    text, notes = _shown(code.text, context, shows_last=code.shows_last)
    text, futures = _without_futures(text)
    kind = cell.declaration.kind if cell.declaration else ""
    name = cell.declaration.name if cell.declaration else None
    label = f"cell {cell.index}" + (f": {kind} {name or ''}".rstrip() if kind else "")
    wrap = ""
    if kind == "check":
        wrap = f'with {context.runtime}.check("{name}"):'
    elif "raises-exception" in cell.tags:
        wrap = f"with {context.runtime}.error_allowed():"
    return PlainCell(
        index=cell.index,
        label=label,
        heading=heading,
        text=_tidy(text),
        wrap=wrap,
        futures=futures,
        notes=tuple(f"cell {cell.index}: {note}" for note in (*code.notes, *notes)),
    )


def _without_futures(text: str) -> tuple[str, tuple[str, ...]]:
    positions = Positions(text)
    found = [n for n in ast.parse(text).body if isinstance(n, ast.ImportFrom) and n.module == "__future__"]
    names = tuple(alias.name for node in found for alias in node.names)
    return apply_edits(text, [Edit(*positions.span(node), "") for node in found]), names


def _tidy(text: str) -> str:
    text = _NEUTRAL_EXTENSION.sub("", _DECLARATION_COMMENT.sub("", text, count=1))
    return text.strip("\n") + "\n" if text.strip() else ""


def _shown(text: str, context: Context, *, shows_last: bool) -> tuple[str, list[str]]:
    """Make the last expression shown, and replace what the notebook's front end gave."""
    tree = ast.parse(text)
    positions = Positions(text)
    bound = bound_names(tree)
    edits: list[Edit] = []
    notes: list[str] = []
    for node in ast.walk(tree):
        if not isinstance(node, ast.Name) or node.id in context.names or node.id in bound:
            continue
        if node.id in {"display", "get_ipython"}:
            start, end = positions.span(node)
            edits.append(Edit(start, end, f"{context.runtime}.{node.id}"))
            notes += ["get_ipython() gives None in a program"] if node.id == "get_ipython" else []
        elif _HISTORY.fullmatch(node.id):
            notes.append(f"{node.id} is the notebook's history, which a program lacks")
    edits += _awaited(tree, positions, context, notes)
    last = tree.body[-1] if tree.body else None
    if (
        isinstance(last, ast.Expr)
        and shows_last
        and not ends_with_semicolon(text)
        and not _shows_nothing(last.value, context)
    ):
        start, end = positions.span(last)
        opening, closing = _brackets(text[start:end])
        edits.append(Edit(start, start, f"{context.runtime}.show{opening}"))
        edits.append(Edit(end, end, closing))
    return apply_edits(text, edits), notes


def _shows_nothing(value: ast.expr, context: Context) -> bool:
    if not isinstance(value, ast.Call):
        return isinstance(value, ast.Constant) and value.value is None
    if isinstance(value.func, ast.Name):
        return value.func.id in _SHOWS_NOTHING and value.func.id not in context.names
    called = ast.unparse(value.func)
    quiet = {"shell", "display", "script", "write_file", "change_directory", "unsupported"}
    return called == "plt.show" or called in {f"{context.runtime}.{name}" for name in quiet}


def _brackets(text: str) -> tuple[str, str]:
    """Return what to put before and behind an expression to make it the only argument of a call."""
    for opening, closing in (("", ""), ("(", ")")):
        try:
            call = ast.parse(f"f{opening}{text}\n{closing}", mode="eval").body
            alone = ast.parse(f"({text}\n)", mode="eval").body
        except SyntaxError:
            continue
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Name)
            and len(call.args) == 1
            and not call.keywords
            and ast.dump(call.args[0]) == ast.dump(alone)
        ):
            return opening, closing
    return "((", "))"


def _awaited(tree: ast.Module, positions: Positions, context: Context, notes: list[str]) -> list[Edit]:
    """Replace ``await`` at the top of a cell; name what cannot be replaced."""
    edits: list[Edit] = []
    pending: list[ast.AST] = list(tree.body)
    while pending:
        node = pending.pop()
        if isinstance(node, ast.AsyncFunctionDef | ast.FunctionDef | ast.Lambda | ast.ClassDef):
            continue
        pending += ast.iter_child_nodes(node)
        if isinstance(node, ast.Await):
            start, end = positions.span(node)
            keyword = re.compile(r"await\s*").match(positions.text, start)
            edits.append(Edit(start, keyword.end() if keyword else start, f"{context.runtime}.wait_for("))
            edits.append(Edit(end, end, ")"))
        elif isinstance(node, ast.AsyncFor | ast.AsyncWith):
            notes.append("async for and async with at the top of a cell have no counterpart in plain Python")
    return edits


def _tail(cell: Cell, plain: PlainCell, inspection: Inspection, pressed: Pressed, runtime: str) -> str:
    """Return our own statements after the cell's."""
    lines: list[str] = []
    if any(parameter.cell == cell.index for parameter in inspection.parameters):
        lines += parameter_lines(inspection, cell, pressed.injection, runtime)
    kind = cell.declaration.kind if cell.declaration else ""
    if kind == "metrics":
        names = assigned_names(plain.text)
        if names:
            lines += call_lines(f"{runtime}.record_metrics", names)
    if kind == "model" and cell.declaration is not None:
        variable = pressed.model_objects.get(cell.declaration.name or "")
        if variable:
            lines.append(f'{runtime}.save_model("{cell.declaration.name}", {variable})')
    return "".join(f"{line}\n" for line in lines)
