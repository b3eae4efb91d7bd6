"""Names in the bodies of functions, classes, lambdas and comprehensions: what they take from the notebook's globals.

A body is judged as a whole, whatever the order of its statements: Python does the same, a name that is bound anywhere
in a function is local to it. Class bodies are scopes that the functions inside cannot see; the first iterable of a
comprehension belongs to the scope around it; an assignment expression in a comprehension binds outside of it.
"""

from __future__ import annotations

import ast
from typing import Literal

import msgspec

from pressrun.notebook.names import changed_by_call, names_in_texts, opaque_call, root_name

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
ComprehensionNode = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp


class BodyFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What running a body does to names outside of it.

    Attributes:
        reads: global names it reads.
        binds: global names it binds (``global x``).
        changes: global names whose object it changes in place.
        changes_arguments: whether it changes an object that was passed in.
        opaque: as in `CellFlow.opaque`.
    """

    reads: frozenset[str] = frozenset()
    binds: frozenset[str] = frozenset()
    changes: frozenset[str] = frozenset()
    changes_arguments: bool = False
    opaque: tuple[str, ...] = ()

    def joined(self, other: BodyFacts) -> BodyFacts:
        """Return what running both does."""
        return BodyFacts(
            reads=self.reads | other.reads,
            binds=self.binds | other.binds,
            changes=self.changes | other.changes,
            changes_arguments=self.changes_arguments or other.changes_arguments,
            opaque=(*self.opaque, *other.opaque),
        )


def function_facts(node: FunctionNode) -> BodyFacts:
    """Return what calling a function does; its decorators and defaults run when it is defined and are left out."""
    scope = _Scope("function")
    scope.enter_function(node)
    return scope.facts()


def class_facts(node: ast.ClassDef) -> tuple[BodyFacts, BodyFacts]:
    """Return what defining a class does at once, and what calling its methods does later."""
    scope = _Scope("class")
    for statement in node.body:
        scope.visit(statement)
    later = BodyFacts()
    for child in scope.functions:
        later = later.joined(child.facts())
    # Methods change `self`; calling the class does not change what it is given.
    return scope.facts(with_functions=False), msgspec.structs.replace(later, changes_arguments=False)


def comprehension_facts(node: ComprehensionNode) -> tuple[BodyFacts, frozenset[str]]:
    """Return what evaluating a comprehension does, and the names that ``:=`` in it binds outside."""
    scope = _Scope("class")
    scope.visit(node)
    facts, bound = scope.facts(), frozenset(scope.bound)
    return msgspec.structs.replace(facts, reads=facts.reads - bound), bound


class _Scope(ast.NodeVisitor):
    """Collects names of one scope; nested scopes become children."""

    def __init__(self, kind: Literal["function", "class", "comprehension"], outside: _Scope | None = None) -> None:
        self.kind = kind
        self.outside = outside
        self.bound: set[str] = set()
        self.arguments: set[str] = set()
        self.read: set[str] = set()
        self.changed: set[str] = set()
        self.declared_global: set[str] = set()
        self.declared_nonlocal: set[str] = set()
        self.opaque: list[str] = []
        self.functions: list[_Scope] = []
        self.children: list[_Scope] = []

    def facts(self, *, with_functions: bool = True) -> BodyFacts:
        """Return this scope's facts as seen from the globals, its children's included."""
        own = self.bound - self.declared_global - self.declared_nonlocal
        reads = (self.read - own) | (self.declared_global & self.read)
        changes = self.changed - own
        binds = self.bound & self.declared_global
        inherited = own if self.kind != "class" else set()
        opaque = list(self.opaque)
        for child in [*self.children, *(self.functions if with_functions else ())]:
            facts = child.facts()
            reads |= facts.reads - (inherited - child.all_globals())
            changes |= facts.changes - (inherited - child.all_globals())
            binds |= facts.binds
            opaque += facts.opaque
        return BodyFacts(
            reads=frozenset(reads),
            binds=frozenset(binds),
            changes=frozenset(changes),
            changes_arguments=bool(self.changed & self.arguments),
            opaque=tuple(opaque),
        )

    def all_globals(self) -> set[str]:
        """Return the names declared global here or further inside."""
        found = set(self.declared_global)
        for child in [*self.children, *self.functions]:
            found |= child.all_globals()
        return found

    def enter_function(self, node: FunctionNode) -> None:
        """Collect the arguments and the body of a function."""
        given = node.args
        arguments = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        self.arguments = {argument.arg for argument in arguments if argument is not None}
        self.bound |= self.arguments
        for part in node.body if isinstance(node.body, list) else [node.body]:
            self.visit(part)

    def bind(self, name: str) -> None:
        """Note that this scope binds `name`."""
        self.bound.add(name)

    def visit_Name(self, node: ast.Name) -> None:
        if isinstance(node.ctx, ast.Load):
            self.read.add(node.id)
        else:
            self.bind(node.id)

    def visit_Attribute(self, node: ast.Attribute) -> None:
        self._visit_place(node)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._visit_place(node)

    def _visit_place(self, node: ast.Attribute | ast.Subscript) -> None:
        root = None if isinstance(node.ctx, ast.Load) else root_name(node)
        if root:
            self.changed.add(root)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        if isinstance(node.target, ast.Name):
            self.read.add(node.target.id)
        self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        self.changed.update(changed_by_call(node))
        self.read.update(names_in_texts(node))
        reason = opaque_call(node)
        if reason:
            self.opaque.append(reason)
        self.generic_visit(node)

    def visit_NamedExpr(self, node: ast.NamedExpr) -> None:
        self.visit(node.value)
        scope: _Scope = self
        while scope.kind == "comprehension" and scope.outside is not None:
            scope = scope.outside
        scope.bind(node.target.id)

    def visit_Import(self, node: ast.Import) -> None:
        for name in node.names:
            self.bind(name.asname or name.name.partition(".")[0])

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        for name in node.names:
            self.bind(name.asname or name.name)

    def visit_Global(self, node: ast.Global) -> None:
        self.declared_global.update(node.names)

    def visit_Nonlocal(self, node: ast.Nonlocal) -> None:
        self.declared_nonlocal.update(node.names)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchAs(self, node: ast.MatchAs) -> None:
        if node.name:
            self.bind(node.name)
        self.generic_visit(node)

    def visit_MatchStar(self, node: ast.MatchStar) -> None:
        if node.name:
            self.bind(node.name)

    def visit_MatchMapping(self, node: ast.MatchMapping) -> None:
        if node.rest:
            self.bind(node.rest)
        self.generic_visit(node)

    def visit_FunctionDef(self, node: ast.FunctionDef) -> None:
        self._visit_function(node)

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self._visit_function(node)

    def visit_Lambda(self, node: ast.Lambda) -> None:
        self._visit_function(node)

    def _visit_function(self, node: FunctionNode) -> None:
        for part in defined_at_once(node):
            self.visit(part)
        if not isinstance(node, ast.Lambda):
            self.bind(node.name)
        child = _Scope("function", self)
        child.enter_function(node)
        self.functions.append(child)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        for part in [*node.decorator_list, *node.bases, *(keyword.value for keyword in node.keywords)]:
            self.visit(part)
        self.bind(node.name)
        child = _Scope("class", self)
        for statement in node.body:
            child.visit(statement)
        self.children.append(child)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._visit_comprehension(node, [node.elt])

    def visit_SetComp(self, node: ast.SetComp) -> None:
        self._visit_comprehension(node, [node.elt])

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._visit_comprehension(node, [node.elt])

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._visit_comprehension(node, [node.key, node.value])

    def _visit_comprehension(self, node: ComprehensionNode, results: list[ast.expr]) -> None:
        self.visit(node.generators[0].iter)
        child = _Scope("comprehension", self)
        for position, generator in enumerate(node.generators):
            if position:
                child.visit(generator.iter)
            child.visit(generator.target)
            for condition in generator.ifs:
                child.visit(condition)
        for result in results:
            child.visit(result)
        self.children.append(child)


def defined_at_once(node: FunctionNode) -> list[ast.expr]:
    """Return the expressions that run when a function is defined: decorators, defaults, annotations."""
    arguments = node.args
    parts: list[ast.expr | None] = [*arguments.defaults, *arguments.kw_defaults]
    if not isinstance(node, ast.Lambda):
        parts += [*node.decorator_list, node.returns]
        every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg]
        parts += [argument.annotation for argument in every if argument is not None]
    return [part for part in parts if part is not None]
