"""Objects that are pickled and that no other process can load, or that cannot be pickled at all."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.events import Assignment, Call, Event
from pressrun.rules.doctor.kinds import NOTE, SHOULD, found

_BY_NAME = frozenset({"pickle.dump", "pickle.dumps", "joblib.dump", "_pickle.dump", "_pickle.dumps", "torch.save"})
_BY_VALUE = frozenset({"cloudpickle.dump", "cloudpickle.dumps", "dill.dump", "dill.dumps"})
_PICKLERS = re.compile(r"^(?:pickle|_pickle)\.Pickler\(\)\.dump$")
_MODEL = re.compile(r"^(?:mlflow\.\w+\.(?:log_model|save_model))$")


class _Parts(msgspec.Struct):
    """What a value is made of, as far as assignments tell: classes, lambdas and functions of the notebook."""

    classes: set[str] = set()
    lambdas: bool = False
    functions: set[str] = set()

    def add(self, other: _Parts) -> None:
        """Take in another value's parts."""
        self.classes |= other.classes
        self.lambdas = self.lambdas or other.lambdas
        self.functions |= other.functions


class _Values:
    """Follows what variables are made of, event by event."""

    def __init__(self, notebook: AnalysedNotebook) -> None:
        self.parts: dict[str, _Parts] = {}
        known = notebook.known
        self.classes, self.functions = set(known.classes), set(known.functions)
        self.makers: dict[str, _Parts] = {}
        for cell in notebook.cells:
            for node in ast.walk(cell.tree) if cell.tree is not None else ():
                if isinstance(node, ast.FunctionDef):
                    self.makers[node.name] = _Parts(classes=self._classes_made(node))

    def _classes_made(self, function: ast.FunctionDef) -> set[str]:
        returned = [
            node.value for node in ast.walk(function) if isinstance(node, ast.Return) and node.value is not None
        ]
        return {
            node.func.id
            for value in returned
            for node in ast.walk(value)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in self.classes
        }

    def follow(self, event: Event) -> None:
        """Take in an assignment."""
        if isinstance(event, Assignment):
            parts = self.of(event.value) if event.value is not None else _Parts()
            for name in event.names:
                self.parts[name] = parts if len(event.names) == 1 else _Parts()

    def of(self, value: ast.expr) -> _Parts:
        """Return what the value of an expression is made of."""
        found_ = _Parts()
        if isinstance(value, ast.Name):
            return self._named(value.id)
        if isinstance(value, ast.Lambda):
            return _Parts(lambdas=True)
        if isinstance(value, ast.Call):
            found_ = self._called(value)
        if isinstance(value, ast.List | ast.Tuple | ast.Set):
            for element in value.elts:
                found_.add(self.of(element))
        if isinstance(value, ast.Dict):
            for item in value.values:
                found_.add(self.of(item))
        return found_

    def _named(self, name: str) -> _Parts:
        if name in self.parts:
            return self.parts[name]
        if name in self.functions:
            return _Parts(functions={name})
        return _Parts()

    def _called(self, call: ast.Call) -> _Parts:
        function = call.func
        if isinstance(function, ast.Attribute):
            # only `model.fit(...)` and the like give the object itself
            return (
                self.of(function.value)
                if function.attr in {"fit", "set_params", "partial_fit", "to", "eval", "copy"}
                else _Parts()
            )
        if not isinstance(function, ast.Name):
            return _Parts()
        if function.id in self.makers and function.id not in self.classes:
            return self.makers[function.id]
        made = _Parts(classes={function.id} if function.id in self.classes else set())
        if not function.id[:1].isupper() and not function.id.startswith("make_"):
            return made  # a function's result need not hold its arguments
        for argument in [*call.args, *(word.value for word in call.keywords)]:
            made.add(self.of(argument))
        return made


def notebook_objects_pickled(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find dumps of instances of the notebook's own classes and functions, and of lambdas."""
    values = _Values(notebook)
    for cell in notebook.run:
        for event in cell.events:
            values.follow(event)
            if isinstance(event, Call):
                yield from _of_dump(event, cell, values)
        yield from _of_declared_model(cell, values)


def _of_dump(call: Call, cell: AnalysedCell, values: _Values) -> Iterator[Finding]:
    by_name = call.name in _BY_NAME or bool(_PICKLERS.match(call.origin))
    if not (by_name or call.name in _BY_VALUE or _MODEL.match(call.name)):
        return
    dumped = call.argument(0, "obj", "value", "sk_model", "python_model")
    parts = values.of(dumped) if dumped is not None else _Parts()
    at = call.place.at
    if not by_name:
        if parts.classes:
            what = f"the file holds a copy of {_some(parts.classes)}, defined in the notebook"
            yield found("pickle-notebook-class", what, at=at, level=NOTE, subject=_some(parts.classes))
        return
    if parts.lambdas and call.name != "torch.save":
        sure = (
            call.place.sure
            and not call.place.function
            and not cell.may_raise
            and not call.place.survives("PicklingError")
        )
        level = None if sure else SHOULD
        yield found(
            "pickle-lambda",
            f"{call.name} is given a lambda, which it cannot write",
            at=at,
            level=level,
            subject="lambda",
        )
    elif parts.classes or parts.functions:
        names = parts.classes | parts.functions
        yield found(
            "pickle-notebook-class",
            f"{call.name} writes {_some(names)} by name alone, and the notebook defines it",
            at=at,
            subject=_some(names),
        )


def _of_declared_model(cell: AnalysedCell, values: _Values) -> Iterator[Finding]:
    declared = cell.cell.declaration
    if declared is None or declared.kind != "model":
        return
    name = declared.options.get("object", "")
    parts = values.parts.get(name.partition(".")[0], _Parts())
    if parts.classes or parts.lambdas:
        told = _some(parts.classes) if parts.classes else "a lambda"
        what = f"the model {declared.name!r} holds {told}, defined in the notebook: it can only be packaged by value"
        yield found("pickle-notebook-class", what, at=(cell.index, 1), level=NOTE, subject=told)


def _some(names: set[str]) -> str:
    return ", ".join(sorted(names))
