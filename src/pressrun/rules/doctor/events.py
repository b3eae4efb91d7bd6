"""What a statement of a notebook does: the events that `pressrun.rules.doctor.sites` reads, and what is known after."""

from __future__ import annotations

import ast

import msgspec

from pressrun.rules.doctor.texts import Text


class Place(msgspec.Struct, frozen=True):
    """Where something stands, and whether it surely runs.

    Attributes:
        sure: it runs whenever the cell does: not in a branch, loop or function.
        function: name of the function it stands in, empty outside; a class body is outside.
        caught: exceptions that a ``try`` or ``with`` around it catches; ``*`` for every one.
    """

    cell: int
    line: int
    sure: bool
    function: str
    caught: frozenset[str]

    @property
    def at(self) -> tuple[int, int]:
        """Cell and line."""
        return self.cell, self.line

    def survives(self, *errors: str) -> bool:
        """Whether one of these errors would be caught here."""
        return bool(self.caught & {*errors, "Exception", "BaseException", "*"})


class Call(msgspec.Struct, frozen=True):
    """A call.

    Attributes:
        name: what is called, as imported: ``numpy.random.rand``, ``df.sample`` for a method of a variable.
        origin: the same with the variable's origin: ``pandas.read_csv().sample``.
        given: texts of the positional arguments, None where unknown; `named` those of the keyword arguments.
        splat: whether arguments are unpacked into it, so that some are not seen.
    """

    node: ast.Call
    name: str
    origin: str
    given: tuple[Text, ...]
    named: dict[str, Text]
    splat: bool
    place: Place

    @property
    def last(self) -> str:
        """The called name without what comes before the dot."""
        return self.name.rpartition(".")[2]

    def argument(self, position: int, *names: str) -> ast.expr | None:
        """Return the expression given at a position or under one of the names; position -1 for names only."""
        if 0 <= position < len(self.node.args) and not isinstance(self.node.args[position], ast.Starred):
            return self.node.args[position]
        return next((word.value for word in self.node.keywords if word.arg in names), None)

    def text(self, position: int, *names: str) -> str | None:
        """Return the text given at a position or under one of the names, None when it is not known."""
        if 0 <= position < len(self.given):
            text = self.given[position]
        else:
            text = next((self.named[name] for name in names if name in self.named), None)
        return text if isinstance(text, str) else None


class Assignment(msgspec.Struct, frozen=True):
    """A value bound to names or stored in a place; ``name`` targets have no dots and brackets.

    Attributes:
        names: the names it binds, unpacked ones in order.
        value: None for ``del``.
        origin: origin of the value; `owners` those of the targets before the assignment.
    """

    node: ast.stmt
    targets: tuple[ast.expr, ...]
    names: tuple[str, ...]
    value: ast.expr | None
    origin: str
    place: Place
    owners: tuple[str, ...] = ()


class Import(msgspec.Struct, frozen=True):
    """One imported name: ``from a.b import c`` has module ``a.b`` and member ``c``; ``import a.b`` has no member."""

    node: ast.Import | ast.ImportFrom
    module: str
    member: str
    level: int
    place: Place


class Reading(msgspec.Struct, frozen=True):
    """A name or attribute that is read. `dotted` is empty for a plain name, else ``numpy.float``."""

    node: ast.expr
    name: str
    dotted: str
    place: Place


class ClassDefinition(msgspec.Struct, frozen=True):
    """A class that the notebook defines at a cell's top level."""

    node: ast.ClassDef
    place: Place


Event = Call | Assignment | Import | Reading | ClassDefinition


class Known(msgspec.Struct):
    """What is known of names after some cells.

    Attributes:
        aliases: name -> what was imported under it.
        texts: name -> its text or list of texts.
        origins: name -> origin of its value.
        lambdas: names bound to a lambda; `classes` and `functions` those that the notebook defines.
    """

    aliases: dict[str, str] = {}
    texts: dict[str, Text] = {}
    origins: dict[str, str] = {}
    lambdas: set[str] = set()
    classes: set[str] = set()
    functions: set[str] = set()

    def forget(self, name: str) -> None:
        """Note that a name is bound to something else."""
        for table in (self.aliases, self.texts, self.origins):
            table.pop(name, None)
        for names in (self.lambdas, self.classes, self.functions):
            names.discard(name)

    def copy(self) -> Known:
        """Return a copy that can change by itself."""
        return Known(
            dict(self.aliases),
            dict(self.texts),
            dict(self.origins),
            set(self.lambdas),
            set(self.classes),
            set(self.functions),
        )
