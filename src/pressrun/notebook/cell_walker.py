"""Walks a cell statement by statement, in the order in which they run, and records its names."""

from __future__ import annotations

import ast
import warnings

from pressrun.notebook.cell_names import CellNames, Known, NameRecorder
from pressrun.notebook.ipython_syntax import PlainSource
from pressrun.notebook.names import changed_by_call, names_in_texts, opaque_call, root_name
from pressrun.notebook.scopes import (
    BodyFacts,
    ComprehensionNode,
    FunctionNode,
    class_facts,
    comprehension_facts,
    defined_at_once,
    function_facts,
)


def names_of(tree: ast.Module, plain: PlainSource, known: Known) -> CellNames:
    """Return the names of one parsed cell; `known` is brought up to the cell's end."""
    walker = _CellWalker(known)
    walker.block(tree.body)
    for name in plain.defines:
        walker.bind(name)
    found = walker.finish()
    found.opaque.update(dict.fromkeys(plain.opaque))
    for name in plain.expanded:
        if name not in found.defines:
            found.reads[name] = None
    return found


def parse(text: str) -> ast.Module:
    """Parse plain Python without letting its warnings out.

    Raises:
        SyntaxError: the text is no Python of the running interpreter's version, or too deeply nested for it.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text)
    except (ValueError, RecursionError, MemoryError) as error:
        raise SyntaxError(str(error) or "too deeply nested") from error


class _CellWalker(NameRecorder, ast.NodeVisitor):
    """The visitor; paths that may not run settle nothing."""

    # -- control flow

    def block(self, statements: list[ast.stmt]) -> None:
        """Walk statements until one of them leaves the block."""
        for statement in statements:
            self.visit(statement)

    def branches(self, *paths: list[ast.stmt]) -> None:
        """Walk alternatives of which exactly one runs; settled afterwards is what each that goes on has settled."""
        before, ended_before = set(self.settled), self.ended
        ends: list[set[str]] = []
        for path in paths:
            self.settled, self.ended = set(before), False
            self.block(path)
            if not self.ended:
                ends.append(self.settled)
        self.ended = ended_before or not ends
        self.settled = set.intersection(*ends) if ends else set(before) | self.settled

    def perhaps(self, *nodes: ast.AST) -> None:
        """Walk expressions that may not be evaluated."""
        before = set(self.settled)
        for node in nodes:
            self.visit(node)
        self.settled = before

    def visit_If(self, node: ast.If) -> None:
        self.visit(node.test)
        if isinstance(node.test, ast.Constant) and node.test.value:
            self.block(node.body)
        else:
            self.branches(node.body, node.orelse)

    def visit_For(self, node: ast.For | ast.AsyncFor) -> None:
        self.visit(node.iter)
        self._loop([node.target], node.body, node.orelse, runs=_surely_iterates(node))

    visit_AsyncFor = visit_For  # noqa: N815 - the name that ast.NodeVisitor looks for

    def visit_While(self, node: ast.While) -> None:
        self.visit(node.test)
        self._loop([], node.body, node.orelse, runs=False)

    def _loop(self, targets: list[ast.expr], body: list[ast.stmt], orelse: list[ast.stmt], *, runs: bool) -> None:
        before, ended_before = set(self.settled), self.ended
        for target in targets:
            self.visit(target)
        self.block(body)
        if not runs:
            self.settled = before
        self.ended = ended_before
        self.perhaps(*orelse)

    def visit_Try(self, node: ast.Try) -> None:
        self._try(node)

    def visit_TryStar(self, node: ast.Try) -> None:
        self._try(node)

    def _try(self, node: ast.Try) -> None:
        before, ended_before, guarded_before = set(self.settled), self.ended, self.guarded
        self.ended, self.guarded = False, self.guarded or any(_catches_name_error(handler) for handler in node.handlers)
        self.block([*node.body, *node.orelse])
        self.guarded = guarded_before
        ends = [] if self.ended else [self.settled]
        for handler in node.handlers:
            self.settled, self.ended = set(before), False
            if handler.type:
                self.visit(handler.type)
            if handler.name:
                self.settled.add(handler.name)
            self.block(handler.body)
            self.settled.discard(handler.name or "")
            if not self.ended:
                ends.append(self.settled)
        self.settled = set.intersection(*ends) if ends else before
        self.ended = ended_before or not ends
        self.block(node.finalbody)

    def visit_Match(self, node: ast.Match) -> None:
        self.visit(node.subject)
        before, ended_before = set(self.settled), self.ended
        ends: list[set[str]] = []
        for case in node.cases:
            self.settled, self.ended = set(before), False
            self.visit(case.pattern)
            if case.guard:
                self.visit(case.guard)
            self.block(case.body)
            if not self.ended:
                ends.append(self.settled)
        last = node.cases[-1]
        if not (isinstance(last.pattern, ast.MatchAs) and last.pattern.pattern is None and last.guard is None):
            ends.append(before)
        self.settled = set.intersection(*ends) if ends else before
        self.ended = ended_before or not ends

    def visit_Raise(self, node: ast.Raise) -> None:
        self.generic_visit(node)
        self.ended = True

    def visit_Break(self, _node: ast.Break) -> None:
        self.ended = True

    def visit_Continue(self, _node: ast.Continue) -> None:
        self.ended = True

    # -- statements that bind

    def visit_Assign(self, node: ast.Assign) -> None:
        self.visit(node.value)
        facts, source = self._same_thing(node.value)
        for target in node.targets:
            self.visit(target)
            if isinstance(target, ast.Name):
                self._bound_to(target.id, facts, source)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.visit(node.annotation)
        if node.value is None:
            return
        self.visit(node.value)
        facts, source = self._same_thing(node.value)
        self.visit(node.target)
        if isinstance(node.target, ast.Name):
            self._bound_to(node.target.id, facts, source)

    def _same_thing(self, value: ast.expr) -> tuple[BodyFacts | None, str | None]:
        """Return the facts that a name bound to `value` has: of a lambda, another name, or an instance of a class."""
        if isinstance(value, ast.Lambda):
            return function_facts(value), None
        if isinstance(value, ast.Name):
            return None, value.id
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Name) and value.func.id[:1].isupper():
            return self.known.functions.get(value.func.id), None
        return None, None

    def _bound_to(self, name: str, facts: BodyFacts | None, source: str | None) -> None:
        if source is not None and source != name:
            self.known.alias(name, source)
        elif facts is not None:
            self.known.functions[name] = facts

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self.visit(node.value)
        if isinstance(node.target, ast.Name):
            self.read(node.target.id, node.lineno)
            group = self.known.same_object.get(node.target.id, set())
            for other in sorted(group - {node.target.id}):
                self.change(other)
        self.visit(node.target)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        self.bind(node.target.id)

    def visit_Delete(self, node: ast.Delete) -> None:
        for target in node.targets:
            for part in target.elts if isinstance(target, ast.Tuple | ast.List) else [target]:
                if not isinstance(part, ast.Name):
                    self.visit(part)
                    continue
                if part.id not in self.settled:
                    self.found.reads[part.id] = None
                self.known.forget(part.id)
                self.found.defines.pop(part.id, None)
                self.found.deletes[part.id] = None
                self.settled.discard(part.id)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            top = name.name.partition(".")[0]
            self.found.modules[top] = None
            self.bind(name.asname or top)
            self.found.imported[name.asname or top] = None

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.module and not node.level:
            self.found.modules[node.module.partition(".")[0]] = None
        for name in node.names:
            if name.name == "*":
                self.found.opaque[f"from {'.' * node.level}{node.module or ''} import * may define names"] = None
                continue
            self.bind(name.asname or name.name)
            self.found.imported[name.asname or name.name] = None

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        self._defined_at_once(node, node.decorator_list)
        self.bind(node.name)
        self.known.functions[node.name] = function_facts(node)

    visit_AsyncFunctionDef = visit_FunctionDef  # noqa: N815

    def _defined_at_once(self, node: FunctionNode, decorators: list[ast.expr]) -> None:
        for part in defined_at_once(node):
            self.visit(part)
        for decorator in decorators:
            if isinstance(decorator, ast.Attribute) and decorator.attr in {"register", "overload", "setter"}:
                self.change(root_name(decorator) or "")

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        bases = [*node.bases, *(keyword.value for keyword in node.keywords)]
        for part in [*node.decorator_list, *bases]:
            self.visit(part)
        now, later = class_facts(node)
        self.call(now, set())
        named_bases = frozenset(base.id for base in node.bases if isinstance(base, ast.Name))
        self.bind(node.name)
        self.known.functions[node.name] = later.joined(BodyFacts(reads=named_bases))

    # -- expressions

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read(node.id, node.lineno)
        else:
            self.bind(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._place(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._place(node)

    def _place(self, node: ast.Attribute | ast.Subscript) -> None:
        self.generic_visit(node)
        root = None if isinstance(node.ctx, ast.Load) else root_name(node)
        if root:
            self.change(root)

    def visit_Call(self, node: ast.Call) -> None:
        self.generic_visit(node)
        for name in changed_by_call(node):
            self.change(name)
        for name in names_in_texts(node):
            self.read(name, sure=False)
        reason = opaque_call(node)
        if reason:
            self.found.opaque[reason] = None
        facts = self.known.functions.get(node.func.id) if isinstance(node.func, ast.Name) else None
        if facts is not None and facts.changes_arguments:
            for argument in [*node.args, *(keyword.value for keyword in node.keywords)]:
                self.change(root_name(argument) or "")

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        self.visit(node.values[0])
        self.perhaps(*node.values[1:])

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self.visit(node.test)
        self.perhaps(node.body)
        self.perhaps(node.orelse)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        for part in defined_at_once(node):
            self.visit(part)
        self.call(function_facts(node), set())

    def _comprehension(self, node: ComprehensionNode) -> None:
        self.visit(node.generators[0].iter)
        facts, bound = comprehension_facts(node)
        for name in sorted(facts.reads):
            self.read(name, node.lineno)
        self.call(facts, set(facts.reads))
        before = set(self.settled)
        for name in sorted(bound):
            self.bind(name)
        self.settled = before

    visit_ListComp = visit_SetComp = visit_DictComp = visit_GeneratorExp = _comprehension  # noqa: N815

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.pattern:
            self.visit(node.pattern)
        if node.name:
            self.bind(node.name)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        self.generic_visit(node)
        if node.rest:
            self.bind(node.rest)


def _catches_name_error(handler: ast.ExceptHandler) -> bool:
    """Whether a handler catches the reading of a name that nothing binds."""
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(isinstance(kind, ast.Name) and kind.id in {"NameError", "Exception", "BaseException"} for kind in caught)


def _surely_iterates(node: ast.For | ast.AsyncFor) -> bool:
    """Whether the loop's body surely runs to its end at least once."""
    if any(isinstance(inside, ast.Break | ast.Continue) for inside in ast.walk(node)):
        return False
    values = node.iter
    if isinstance(values, ast.List | ast.Tuple | ast.Set):
        return any(not isinstance(element, ast.Starred) for element in values.elts)
    if isinstance(values, ast.Call) and isinstance(values.func, ast.Name) and values.func.id == "range":
        stop = values.args[0] if len(values.args) == 1 else None
        return isinstance(stop, ast.Constant) and isinstance(stop.value, int) and stop.value > 0
    return False
