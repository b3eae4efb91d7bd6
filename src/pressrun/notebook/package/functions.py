"""One function a step: whether the dataflow of a notebook allows it, and the program that it gives.

Imports, functions, classes and literal constants move to module level when they depend on nothing else; every step
becomes a function that takes what it needs and returns what later steps use. Where that could change what the program
does (names seen through ``globals()``, a function that reads a variable set later, a class that depends on data), the
answer is the reason, and the program stays linear. A run has to prove the rest.
"""

from __future__ import annotations

import ast
import builtins
import keyword
import re
from collections.abc import Sequence
from itertools import pairwise

import msgspec

from pressrun.notebook.dataflow import cell_flow
from pressrun.notebook.package.plain_cells import PlainCell, bound_names
from pressrun.notebook.package.source_text import Edit, Positions, apply_edits, indent_code
from pressrun.records.cells import Cell, CellFlow, Step

_CONSTANT = re.compile(r"[A-Z][A-Z0-9_]*")
_SETUP = re.compile(r"os\.environ|\.putenv|sys\.path|chdir|change_directory|matplotlib\.use|importlib|warnings\.")
_VERBS = {"data": "load", "features": "make", "model": "train", "check": "check", "report": "report"}
_PROGRAM_NAMES = frozenset({"main", "arguments", "sys", "kept"})


class Unsafe(Exception):  # noqa: N818  # an answer, not a failure
    """Steps cannot become functions; the message says why."""


class _Statement(msgspec.Struct, eq=False):
    """One statement at the top of a cell."""

    node: ast.stmt
    cell: int
    run: int
    text: str
    flow: CellFlow

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_definition(self) -> bool:
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)


class _Run(msgspec.Struct):
    """Neighbouring cells of one step, as one function."""

    name: str
    title: str
    cells: list[PlainCell]
    text: str = ""
    needs: tuple[str, ...] = ()
    provides: tuple[str, ...] = ()


def functions_program(
    cells: Sequence[PlainCell], steps: Sequence[Step], source_cells: Sequence[Cell], runtime: str
) -> tuple[str, str]:
    """Return the text at module level and the text of ``main``'s body.

    Args:
        cells: the code cells as plain Python.
        steps: the notebook's steps.
        source_cells: all cells, for names taken from headings.
        runtime: name of the runtime module.

    Raises:
        Unsafe: the steps cannot become functions.
    """
    runs = _runs(cells, steps, source_cells)
    statements = [
        s for position, run in enumerate(runs) for cell in run.cells for s in _statements(cell, position, runtime)
    ]
    _refuse_dynamic(cells, statements, runtime)
    hoisted = _hoisted(statements, runtime)
    _refuse_left_classes(statements, hoisted)
    left = [_without(run, [s for s in hoisted if s.run == position]) for position, run in enumerate(runs)]
    left = [run for run in left if any(not cell.empty for cell in run.cells)]
    module_names = {name for statement in hoisted for name in statement.flow.defines}
    _connect(left, module_names, runtime)
    _name(left, {name for s in statements for name in bound_names(s.node)} | _loaded(statements) | {runtime})
    return _rendered(left, hoisted, runtime), _main_body(left)


def _runs(cells: Sequence[PlainCell], steps: Sequence[Step], source_cells: Sequence[Cell]) -> list[_Run]:
    step_of = {index: step for step in steps for index in step.cells}
    headings = {after.index: before for before, after in pairwise(source_cells) if before.type == "markdown"}
    runs: list[_Run] = []
    last: Step | None = None
    for cell in cells:
        step = step_of.get(cell.index)
        if runs and step is not None and step is last:
            runs[-1].cells.append(cell)
            continue
        last = step
        runs.append(_Run(name=_run_name(cell, step, headings.get(cell.index)), title=cell.label, cells=[cell]))
    if len(runs) < 2:
        raise Unsafe("the notebook has a single step")
    return runs


def _run_name(cell: PlainCell, step: Step | None, heading: Cell | None) -> str:
    """Return what the function does: from the declaration, else from a heading right above, else the cell's number."""
    unnamed = f"cell-{cell.index}"
    if step is None or step.name == unnamed:
        if step is not None and step.kind != "step":
            return step.kind
        return (_heading_name(heading.source) if heading else "") or unnamed
    verb = _VERBS.get(step.kind, "")
    return step.name if step.name.startswith(verb) else f"{verb}-{step.name}"


def _heading_name(markdown: str) -> str:
    match = re.search(r"^#+\s*(?:\d+[.)]?\s*)*(.+)$", markdown, re.MULTILINE)
    words = re.findall(r"[A-Za-z][A-Za-z0-9]*", match[1])[:5] if match else []
    return "-".join(words).lower()


def _statements(cell: PlainCell, run: int, runtime: str) -> list[_Statement]:
    positions = Positions(cell.text)
    found = []
    for node in ast.parse(cell.text).body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        start = positions.offset(first, 0) if first != node.lineno else positions.span(node)[0]
        end = positions.span(node)[1]
        rest = cell.text[end : cell.text.find("\n", end)]
        text = cell.text[start : end + (len(rest) if rest.lstrip().startswith("#") else 0)]
        found.append(_Statement(node, cell.index, run, text, _flow(text, runtime)))
    return found


def _flow(text: str, runtime: str) -> CellFlow:
    flow = cell_flow(0, text)
    return msgspec.structs.replace(flow, uses=tuple(name for name in flow.uses if name != runtime))


def _loaded(statements: Sequence[_Statement]) -> set[str]:
    return {n.id for s in statements for n in ast.walk(s.node) if isinstance(n, ast.Name)}


def _refuse_dynamic(cells: Sequence[PlainCell], statements: Sequence[_Statement], runtime: str) -> None:
    for cell in cells:
        flow = _flow(cell.text, runtime)
        if flow.opaque:
            raise Unsafe(f"cell {cell.index}: {flow.opaque[0]}")
        if cell.wrap.endswith(".error_allowed():"):
            raise Unsafe(f"cell {cell.index} may raise")
    for statement in statements:
        shadowed = sorted(set(statement.flow.defines) & set(dir(builtins)))
        if shadowed:
            raise Unsafe(f"cell {statement.cell} rebinds the builtin {shadowed[0]}")
        if any(isinstance(node, ast.Global) for node in ast.walk(statement.node)):
            raise Unsafe(f"cell {statement.cell}: a function rebinds a global name")


def _hoisted(statements: Sequence[_Statement], runtime: str) -> list[_Statement]:
    """Return the statements that can stand at module level, in the notebook's order."""
    binders: dict[str, list[_Statement]] = {}
    for statement in statements:
        for name in statement.flow.defines:
            binders.setdefault(name, []).append(statement)
    deleted = {name for statement in statements for name in statement.flow.deletes}
    candidates = [s for s in statements if _may_move(s, binders, deleted)]
    while True:
        module = {name for s in candidates for name in s.flow.defines}
        stuck = [s for s in candidates if (set(s.flow.uses) & set(binders)) - module]
        if not stuck:
            break
        candidates = [s for s in candidates if s not in stuck]
    return _with_setup(statements, candidates, binders)


def _may_move(statement: _Statement, binders: dict[str, list[_Statement]], deleted: set[str]) -> bool:
    names = statement.flow.defines
    if not names or set(names) & deleted or statement.flow.may_define:
        return False
    if statement.is_import:
        return all(other.is_import and other.text == statement.text for name in names for other in binders[name])
    if any(len(binders[name]) > 1 for name in names):
        return False
    if statement.is_definition:
        return True
    node = statement.node
    if not (isinstance(node, ast.Assign) and all(_CONSTANT.fullmatch(name) for name in names)):
        return False
    try:
        ast.literal_eval(node.value)
    except ValueError:
        return False
    return True


def _with_setup(
    statements: Sequence[_Statement], candidates: list[_Statement], binders: dict[str, list[_Statement]]
) -> list[_Statement]:
    """Add statements that prepare imports (``os.environ``, ``sys.path``), which must stay before the imports."""
    chosen = list(candidates)
    module = {name for s in candidates for name in s.flow.defines}
    last_import = max((n for n, s in enumerate(statements) if s in chosen and s.is_import), default=-1)
    for statement in statements[:last_import]:
        if statement in chosen or not _SETUP.search(statement.text):
            continue
        moves = isinstance(statement.node, ast.Expr | ast.Assign) and not statement.flow.defines
        if not moves or (set(statement.flow.uses) & set(binders)) - module:
            raise Unsafe(f"cell {statement.cell} changes settings before a later import")
        chosen.append(statement)
    return [statement for statement in statements if statement in chosen]


def _refuse_left_classes(statements: Sequence[_Statement], hoisted: Sequence[_Statement]) -> None:
    """Refuse what would change its meaning inside of a function: classes, and functions that read what comes later."""
    binders: dict[str, set[int]] = {}
    for statement in statements:
        for name in statement.flow.defines:
            binders.setdefault(name, set()).add(statement.run)
    module = {name for s in hoisted for name in s.flow.defines}
    for statement in statements:
        if not statement.is_definition or statement in hoisted:
            continue
        name = statement.flow.defines[0] if statement.flow.defines else "a function"
        if isinstance(statement.node, ast.ClassDef):
            raise Unsafe(f"class {name} in cell {statement.cell} depends on data")
        for read in statement.flow.uses:
            if read not in module and any(run > statement.run for run in binders.get(read, ())):
                raise Unsafe(f"{name}() in cell {statement.cell} reads {read}, which a later step sets")


def _without(run: _Run, moved: Sequence[_Statement]) -> _Run:
    cells = []
    for cell in run.cells:
        positions = Positions(cell.text)
        edits = []
        for statement in moved:
            if statement.cell != cell.index:
                continue
            end = positions.span(statement.node)[1]
            start = cell.text.rindex(statement.text, 0, end + len(statement.text))
            end = start + len(statement.text)
            alone = not cell.text[cell.text.rfind("\n", 0, start) + 1 : start].strip()
            rest = cell.text[end : cell.text.find("\n", end)]
            if alone and not rest.strip():
                start, end = cell.text.rfind("\n", 0, start) + 1, end + len(rest) + 1
            elif rest.lstrip().startswith(";"):
                end += rest.index(";") + 1 + len(rest.split(";", 1)[1]) - len(rest.split(";", 1)[1].lstrip())
            edits.append(Edit(start, end, ""))
        text = re.sub(r"\n{3,}", "\n\n", apply_edits(cell.text, edits)).strip("\n")
        cells.append(msgspec.structs.replace(cell, text=f"{text}\n" if text else ""))
    return msgspec.structs.replace(run, cells=cells)


def _connect(runs: list[_Run], module_names: set[str], runtime: str) -> None:
    """Find out what each run takes and returns: liveness, from the last run to the first."""
    flows = [_flow("".join(cell.text + cell.tail for cell in run.cells), runtime) for run in runs]
    bound: list[set[str]] = [set()]
    for flow in flows:
        bound.append(bound[-1] | set(flow.defines) - module_names)
    order = {name: n for n, name in enumerate(dict.fromkeys(name for flow in flows for name in flow.defines))}
    live: set[str] = set()
    for position in range(len(runs) - 1, -1, -1):
        flow, before = flows[position], bound[position]
        provides = (set(flow.defines) & live) - module_names
        unsure = provides & set(flow.may_define)
        if unsure - before:
            raise Unsafe(f"{min(unsure - before)} is set in some cases only, in {runs[position].title}")
        needs = (set(flow.uses) | unsure) & before
        runs[position].needs = tuple(sorted(needs, key=order.__getitem__))
        runs[position].provides = tuple(sorted(provides, key=order.__getitem__))
        live = (live - (provides - unsure)) | needs


def _name(runs: list[_Run], taken: set[str]) -> None:
    taken = taken | _PROGRAM_NAMES | set(dir(builtins)) | set(keyword.kwlist)
    for run in runs:
        base = re.sub(r"\W+", "_", run.name).strip("_").lower() or "step"
        base = f"step_{base}" if base[0].isdigit() else base
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base}_step" if number == 2 and f"{base}_step" not in taken else f"{base}_{number}"
        taken.add(name)
        run.name = name


def _rendered(runs: Sequence[_Run], hoisted: Sequence[_Statement], runtime: str) -> str:
    blocks: list[str] = []
    seen: set[str] = set()
    lines: list[str] = []
    imports = True
    for statement in hoisted:
        if statement.text in seen and statement.is_import:
            continue
        seen.add(statement.text)
        if statement.is_definition:
            blocks += ["\n".join(lines), statement.text] if lines else [statement.text]
            lines = []
        else:
            lines += ["", statement.text] if lines and imports and not statement.is_import else [statement.text]
        imports = statement.is_import
    blocks += ["\n".join(lines)] if lines else []
    for run in runs:
        blocks.append(_function(run, runtime))
    return "\n\n\n".join(block.strip("\n") for block in blocks) + "\n"


def _function(run: _Run, runtime: str) -> str:
    parts = [f'"""{run.title[:1].upper()}{run.title[1:]}."""\n']
    for cell in run.cells:
        if not (cell.text.strip() or cell.tail):
            continue
        parts.append(cell_text(cell, runtime))
    if run.provides:
        parts.append(f"return {', '.join(run.provides)}\n")
    return f"def {run.name}({', '.join(run.needs)}):\n" + indent_code("\n".join(parts))


def _main_body(runs: Sequence[_Run]) -> str:
    lines = []
    for run in runs:
        call = f"{run.name}({', '.join(run.needs)})"
        lines.append(f"{', '.join(run.provides)} = {call}" if run.provides else call)
    return "".join(f"{line}\n" for line in lines)


def cell_text(cell: PlainCell, runtime: str) -> str:
    """Return one cell with its heading, its marker and what follows it."""
    parts = [f"# %% {cell.label}\n"]
    parts += [f"{cell.heading}\n"] if cell.heading else []
    if not cell.empty:
        parts.append(f"{runtime}.cell({cell.index})\n")
    if cell.wrap and cell.text.strip():
        body = cell.text if ast.parse(cell.text).body else f"{cell.text}pass\n"
        parts.append(f"{cell.wrap}\n{indent_code(body)}")
    else:
        parts.append(cell.text)
    parts.append(cell.tail)
    return "".join(parts)
