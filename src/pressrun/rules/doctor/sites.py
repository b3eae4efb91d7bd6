"""What the statements of a notebook do, in the order they stand: calls, assignments, imports, readings.

Names are followed as far as syntax tells: ``np.random.rand`` is ``numpy.random.rand`` where ``np`` was imported so, a
variable has the *origin* of what it was assigned from (``df.dropna`` is ``pandas.read_csv().dropna``), and texts that
are put together from constants are known. What is bound on one path only has no known text.
"""

from __future__ import annotations

import ast
from typing import Any

from pressrun.rules.doctor.events import Assignment, Call, ClassDefinition, Event, Import, Known, Place, Reading
from pressrun.rules.doctor.texts import fold

MAX_ORIGIN = 300  # characters; a longer chain of calls tells nothing more
_GUARDS = frozenset({"suppress", "raises", "assertRaises"})


def events_of(cell: int, tree: ast.Module, known: Known) -> tuple[Event, ...]:
    """Return what a cell's statements do, in order; `known` is brought up to the cell's end."""
    reader = _Reader(cell, known)
    reader.block(tree.body)
    return tuple(reader.events)


class _Reader(ast.NodeVisitor):
    """Visits in the order of evaluation, and emits an event after its parts."""

    def __init__(self, cell: int, known: Known) -> None:
        self.cell = cell
        self.known = known
        self.events: list[Event] = []
        self.sure = True
        self.function = ""
        self.caught: frozenset[str] = frozenset()

    def place(self, node: ast.AST) -> Place:
        """Return where a node stands."""
        return Place(self.cell, getattr(node, "lineno", 1), self.sure, self.function, self.caught)

    # -- names

    def name_of(self, node: ast.expr) -> str:
        """Return the dotted name of an expression as imported; calls in it are ``()``, subscripts ``[]``."""
        return self._spelled(node, self.known.aliases)[:MAX_ORIGIN]

    def origin_of(self, node: ast.expr) -> str:
        """Return the same with variables replaced by their origins."""
        return self._spelled(node, {**self.known.aliases, **self.known.origins})[:MAX_ORIGIN]

    def _spelled(self, node: ast.expr, table: dict[str, str]) -> str:
        parts: list[str] = []
        while True:
            if isinstance(node, ast.Attribute):
                parts.append(f".{node.attr}")
                node = node.value
            elif isinstance(node, ast.Call):
                parts.append("()")
                node = node.func
            elif isinstance(node, ast.Subscript):
                parts.append(_subscript(node.slice))
                node = node.value
            elif isinstance(node, ast.Await):
                node = node.value
            else:
                break
        root = table.get(node.id, node.id) if isinstance(node, ast.Name) else "?"
        return root + "".join(reversed(parts))

    # -- blocks

    def block(self, statements: list[ast.stmt], *, sure: bool = True, caught: frozenset[str] = frozenset()) -> None:
        """Visit statements that run under a condition or under a handler."""
        before = self.sure, self.caught
        self.sure, self.caught = self.sure and sure, self.caught | caught
        for statement in statements:
            self.visit(statement)
        self.sure, self.caught = before

    def perhaps(self, *nodes: ast.AST) -> None:
        """Visit expressions that may not be evaluated."""
        before, self.sure = self.sure, False
        for node in nodes:
            self.visit(node)
        self.sure = before

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        always = isinstance(node.test, ast.Constant) and bool(node.test.value)
        self.block(node.body, sure=always)
        self.block(node.orelse, sure=False)

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self.block(node.body, sure=False)
        self.block(node.orelse, sure=False)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._bind_all(node.target)
        self.block(node.body, sure=False)
        self.block(node.orelse, sure=False)

    visit_AsyncFor = visit_For  # noqa: N815 - the name that ast.NodeVisitor looks for

    def visit_Try(self, node: ast.Try) -> None:
        caught = frozenset(name for handler in node.handlers for name in _caught(handler))
        self.block([*node.body], caught=caught)
        for handler in node.handlers:
            self.block(handler.body, sure=False)
        self.block(node.orelse, sure=not node.handlers)
        self.block(node.finalbody)

    visit_TryStar = visit_Try  # noqa: N815

    def visit_With(self, node: ast.With | ast.AsyncWith) -> None:
        caught: set[str] = set()
        for item in node.items:
            self.visit(item.context_expr)
            if isinstance(item.context_expr, ast.Call):
                name = self.name_of(item.context_expr.func).rpartition(".")[2]
                if name in _GUARDS:
                    caught |= {ast.unparse(argument).rpartition(".")[2] for argument in item.context_expr.args} or {"*"}
            if item.optional_vars is not None:
                origin = self.origin_of(item.context_expr)
                self._bind_all(item.optional_vars)
                if isinstance(item.optional_vars, ast.Name):
                    self.known.origins[item.optional_vars.id] = origin
        self.block(node.body, caught=frozenset(caught))

    visit_AsyncWith = visit_With  # noqa: N815

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        for case in node.cases:
            self.block(case.body, sure=False)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.perhaps(*node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self.perhaps(node.body, node.orelse)

    # -- functions and classes

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for part in [*node.decorator_list, *node.args.defaults, *(d for d in node.args.kw_defaults if d)]:
            self.visit(part)
        self._bind(node.name)
        self.known.functions.add(node.name)
        self._body(node.name, node.args, node.body)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._body("lambda", node.args, [node.body])

    def _body(self, name: str, arguments: ast.arguments, body: list[Any]) -> None:
        before = self.known, self.sure, self.function, self.caught
        self.known, self.sure, self.function, self.caught = self.known.copy(), False, name, frozenset()
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        for argument in every:
            if argument is not None:
                self.known.forget(argument.arg)
        for part in body:
            self.visit(part)
        self.known, self.sure, self.function, self.caught = before

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(word.value for word in node.keywords)]:
            self.visit(part)
        self._bind(node.name)
        if not self.function:
            self.known.classes.add(node.name)
            self.events.append(ClassDefinition(node, self.place(node)))
        before, self.known = self.known, self.known.copy()
        for statement in node.body:
            self.visit(statement)
        self.known = before

    def _comprehension(self, node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> None:
        before, self.known = self.known, self.known.copy()
        for number, generator in enumerate(node.generators):
            if number:
                self.perhaps(generator.iter)
            else:
                self.visit(generator.iter)
            self._bind_all(generator.target)
            self.perhaps(*generator.ifs)
        self.perhaps(*([node.key, node.value] if isinstance(node, ast.DictComp) else [node.elt]))
        self.known = before

    visit_ListComp = visit_SetComp = visit_GeneratorExp = visit_DictComp = _comprehension  # noqa: N815

    # -- bindings

    def _bind(self, name: str) -> None:
        self.known.forget(name)

    def _bind_all(self, target: ast.expr) -> None:
        for node in ast.walk(target):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
                self._bind(node.id)

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        self._assigned(node, node.targets, node.value)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.visit(node.value)
            self._assigned(node, [node.target], node.value)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self._bound_to(node.target.id, node.value)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.events.append(Reading(node.target, node.target.id, "", self.place(node.target)))
            self.known.texts.pop(node.target.id, None)
            self.known.origins.pop(node.target.id, None)
        else:
            self.visit(node.target)

    def visit_Delete(self, node: ast.Delete) -> None:
        names = tuple(target.id for target in node.targets if isinstance(target, ast.Name))
        self.events.append(Assignment(node, tuple(node.targets), names, None, "", self.place(node)))

    def _assigned(self, node: ast.stmt, targets: list[ast.expr], value: ast.expr) -> None:
        names = [name for target in targets for name in _names(target)]
        origin = self.origin_of(value)
        owners = tuple(self.origin_of(target) for target in targets)
        self.events.append(Assignment(node, tuple(targets), tuple(names), value, origin, self.place(node), owners))
        for target in targets:
            if isinstance(target, ast.Name):
                self._bound_to(target.id, value)
            else:
                self._bind_all(target)
                self.visit(target)

    def _bound_to(self, name: str, value: ast.expr) -> None:
        text, origin, dotted = fold(value, self.known.texts), self.origin_of(value), self.name_of(value)
        is_alias = dotted.partition(".")[0] in {alias.partition(".")[0] for alias in self.known.aliases.values()}
        self._bind(name)
        if isinstance(value, ast.Lambda):
            self.known.lambdas.add(name)
        if isinstance(value, ast.Name | ast.Attribute) and is_alias:
            self.known.aliases[name] = dotted
        if text is not None and self.sure:
            self.known.texts[name] = text
        if isinstance(value, ast.Dict | ast.DictComp):
            self.known.origins[name] = "{}"
        elif not origin.startswith("?"):
            self.known.origins[name] = origin

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self._bind(name.asname or name.name.partition(".")[0])
            self.known.aliases[name.asname or name.name.partition(".")[0]] = (
                name.name if name.asname else name.name.partition(".")[0]
            )
            self.events.append(Import(node, name.name, "", 0, self.place(node)))

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        module = node.module or ""
        for name in node.names:
            self._bind(name.asname or name.name)
            self.known.aliases[name.asname or name.name] = f"{module}.{name.name}" if module else name.name
            self.events.append(Import(node, module, name.name, node.level, self.place(node)))

    # -- expressions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.events.append(Reading(node, node.id, "", self.place(node)))

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self.visit(node.value)
        if isinstance(node.ctx, ast.Load):
            name = self.name_of(node)
            if "(" not in name and "[" not in name and "?" not in name:
                self.events.append(Reading(node, node.attr, name, self.place(node)))

    def visit_Call(self, node: ast.Call) -> None:
        self.visit(node.func)
        for argument in node.args:
            self.visit(argument)
        for word in node.keywords:
            self.visit(word.value)
        texts = self.known.texts
        self.events.append(
            Call(
                node,
                self.name_of(node.func),
                self.origin_of(node.func),
                tuple(fold(argument, texts) for argument in node.args),
                {word.arg: fold(word.value, texts) for word in node.keywords if word.arg},
                any(isinstance(a, ast.Starred) for a in node.args) or any(w.arg is None for w in node.keywords),
                self.place(node),
            )
        )


def _names(target: ast.expr) -> list[str]:
    if isinstance(target, ast.Name):
        return [target.id]
    if isinstance(target, ast.Starred):
        return _names(target.value)
    if isinstance(target, ast.Tuple | ast.List):
        return [name for element in target.elts for name in _names(element)]
    return []


def _subscript(index: ast.expr) -> str:
    """Return ``['a']`` for a constant text, ``[[]]`` for a list, ``[]`` for anything else."""
    if isinstance(index, ast.Constant) and isinstance(index.value, str):
        return f"[{index.value!r}]" if "." not in index.value and "(" not in index.value else "['']"
    return "[[]]" if isinstance(index, ast.List) else "[]"


def _caught(handler: ast.ExceptHandler) -> list[str]:
    if handler.type is None:
        return ["*"]
    kinds = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return [ast.unparse(kind).rpartition(".")[2] for kind in kinds]
