"""Names of one cell, statement by statement: what it reads from outside, binds, changes and unbinds.

A name is *settled* where every path has bound it, and *seen* where some path has. Reading a name that is not settled
reads it from outside; when it was not even seen, nothing in this cell can have bound it and the reading is *sure*.
"""

from __future__ import annotations

import msgspec

from pressrun.notebook.names import is_history
from pressrun.notebook.scopes import BodyFacts


class Known(msgspec.Struct, kw_only=True):
    """What earlier cells defined, as far as later ones need it: functions and other names of the same object."""

    functions: dict[str, BodyFacts] = {}
    same_object: dict[str, set[str]] = {}

    def forget(self, name: str) -> None:
        """Note that `name` is bound to something else now."""
        self.functions.pop(name, None)
        self.same_object.pop(name, set()).discard(name)

    def alias(self, name: str, other: str) -> None:
        """Note that `name` is bound to the object that `other` is bound to."""
        group = self.same_object.setdefault(other, {other})
        group.add(name)
        self.same_object[name] = group
        if other in self.functions:
            self.functions[name] = self.functions[other]


class CellNames(msgspec.Struct, kw_only=True):
    """What one cell does to names; dictionaries are used as ordered sets."""

    defines: dict[str, None] = {}
    settled: set[str] = set()
    sure_reads: dict[str, int] = {}
    reads: dict[str, None] = {}
    late: dict[str, None] = {}
    mutates: dict[str, None] = {}
    deletes: dict[str, None] = {}
    modules: dict[str, None] = {}
    imported: dict[str, None] = {}
    opaque: dict[str, None] = {}


class NameRecorder:
    """Keeps what is settled and seen while a cell is walked, and notes every reading, binding and changing."""

    def __init__(self, known: Known) -> None:
        self.known = known
        self.found = CellNames()
        self.settled: set[str] = set()
        self.seen: set[str] = set()
        self.ended = False
        self.guarded = False

    def finish(self) -> CellNames:
        """Return what was collected."""
        found = self.found
        found.settled = self.settled & set(found.defines)
        for name in found.defines:
            facts = self.known.functions.get(name, BodyFacts())
            for read in sorted(facts.reads):
                if read not in self.seen and read not in found.reads:
                    found.late[read] = None
        return found

    def read(self, name: str, line: int = 0, *, sure: bool = True) -> None:
        """Note that `name` is read here, and with a function everything that calling it reads and changes."""
        if is_history(name):
            if name not in self.seen and name != "_":
                self.found.opaque[f"{name} is earlier output"] = None
            return
        if name not in self.settled:
            self.found.reads[name] = None
            if sure and not self.guarded and name not in self.seen:
                self.found.sure_reads.setdefault(name, line)
        facts = self.known.functions.get(name)
        if facts is not None:
            self.call(facts, {name})

    def call(self, facts: BodyFacts, calling: set[str]) -> None:
        """Note what running a body does, through functions that it calls in turn."""
        for other in sorted(facts.reads):
            if other not in self.settled and not is_history(other):
                self.found.reads[other] = None
            further = self.known.functions.get(other)
            if further is not None and other not in calling:
                calling.add(other)
                self.call(further, calling)
        for changed in sorted(facts.changes):
            self.change(changed)
        for bound in sorted(facts.binds):
            self.seen.add(bound)
            self.found.defines[bound] = None
        self.found.opaque.update(dict.fromkeys(facts.opaque))

    def bind(self, name: str) -> None:
        """Note that `name` is bound here."""
        if is_history(name):
            self.seen.add(name)
            return
        self.known.forget(name)
        self.found.deletes.pop(name, None)
        self.found.imported.pop(name, None)
        self.found.defines[name] = None
        self.seen.add(name)
        self.settled.add(name)

    def change(self, name: str) -> None:
        """Note that the object that `name` is bound to is changed in place."""
        if not name:
            return
        for each in sorted({name} | self.known.same_object.get(name, set())):
            if each not in self.settled and not is_history(each):
                self.found.mutates[each] = None
                self.found.reads[each] = None
