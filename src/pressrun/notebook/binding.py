"""Giving values to parameters: strictly checked, and written as the source of the cell that is injected.

A name is accepted only if the notebook's parameters cell declares it, so no name is ever pasted as code; a value is
accepted only if it is of the declared type, and is written so that it evaluates to an equal value; a secret only as a
reference, ``secret://NAME``, which the injected cell resolves. Statements of the parameters cell that depend on a given
value run again behind it, so that nothing derived stays stale.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from typing import Any

from pressrun.errors import ParameterError, near_match
from pressrun.notebook.dataflow import analyse_cells
from pressrun.notebook.expressions import Spelling, expression_of
from pressrun.notebook.parameter_forms import forms_of, parameters_cell
from pressrun.notebook.schema import parameter_schema
from pressrun.notebook.secret_parameters import holds_secret, refuse_plain_secret
from pressrun.notebook.secrets import RESOLVER, is_reference, resolver_source
from pressrun.notebook.statements import Statement, statements_of
from pressrun.notebook.typeforms import imports_of
from pressrun.notebook.values import ValueRefused, coerce, parse_value
from pressrun.records.cells import Inspection, Parameter

__all__ = ["bind_parameters", "injection_source", "parameter_schema", "with_references"]


def bind_parameters(inspection: Inspection, given: Mapping[str, object], raw: Sequence[str] = ()) -> dict[str, Any]:
    """Check values and return them by name, in the order in which the notebook declares them.

    Args:
        inspection: of the notebook.
        given: values from Python, YAML or JSON.
        raw: ``NAME=VALUE`` from the command line, parsed by the declared type; they win over `given`.

    Raises:
        ParameterError: an unknown name, a value of the wrong type or that cannot be parsed, a missing value.
        RefusedError: a secret itself is given where a reference to it belongs.
    """
    texts = _split(raw)
    names = [*given, *texts]
    known = {parameter.name: parameter for parameter in inspection.parameters}
    for name in names:
        if _normal(name) not in known:
            raise _unknown(name, inspection)
    forms = forms_of(inspection)
    spelling = _spelling(inspection) if names else Spelling({})
    values: dict[str, Any] = {}
    normal = {_normal(name): value for name, value in given.items()}
    for name, parameter in known.items():
        try:
            if name in texts:
                values[name] = parse_value(texts[name], forms[name])
            elif name in normal:
                values[name] = coerce(normal[name], forms[name])
            elif not parameter.expression:
                raise ParameterError(
                    f"parameter {name!r} ({parameter.type}) has no default and needs a value",
                    where=_place(parameter),
                    remedy=f"Give it: -p {name}=VALUE.",
                )
            else:
                continue
            expression_of(values[name], spelling, forms[name])
            refuse_plain_secret(parameter, values[name])
        except ValueRefused as refusal:
            shown = texts[name] if name in texts else normal[name]
            raise _refused(parameter, shown, str(refusal)) from refusal
        except (TypeError, ValueError, RecursionError) as error:
            raise _refused(parameter, values[name], f"a value that can be written as source; {error}") from error
    return values


def with_references(inspection: Inspection, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values and, for parameters without one, the references to secrets that are their defaults.

    A default ``"secret://NAME"`` is text to Python; the injected cell puts the secret in its place.

    Args:
        inspection: of the notebook.
        values: what `bind_parameters` returned for it.
    """
    defaults = {
        parameter.name: parameter.value
        for parameter in inspection.parameters
        if is_reference(parameter.value) and not parameter.derived_from
    }
    return {name: {**defaults, **values}[name] for name in _ordered(inspection) if name in values or name in defaults}


def _ordered(inspection: Inspection) -> list[str]:
    return [parameter.name for parameter in inspection.parameters]


def injection_source(inspection: Inspection, values: Mapping[str, Any]) -> str:
    """Return the source of the cell to run right after the parameters cell; empty when no value is given.

    Args:
        inspection: of the notebook.
        values: what `bind_parameters` returned for it.

    Raises:
        ParameterError: a name that the notebook does not declare.
    """
    if not values:
        return ""
    known = {parameter.name for parameter in inspection.parameters}
    for name in values:
        if name not in known:
            raise _unknown(name, inspection)
    forms, spelling = forms_of(inspection), _spelling(inspection)
    given = {name: f"{name} = {expression_of(value, spelling, forms[name])}" for name, value in values.items()}
    for name, value in values.items():
        if is_reference(value):
            given[name] = f"{name} = {RESOLVER}({value!r})"
    secret = any(is_reference(value) for value in values.values())
    lines = ["# Parameters", *(resolver_source().splitlines() if secret else ()), *given.values()]
    cell = parameters_cell(inspection)
    again = to_run_again(statements_of(cell, inspection.cells[: cell.index]), frozenset(given))
    if again:
        lines.append("# Computed again from them")
    for statement in again:
        lines.append(statement.source)
        lines += [given[name] for name in given if name in statement.binds | statement.changes]
    lines += [f"del {RESOLVER}"] if secret else []
    return "\n".join(lines) + "\n"


def to_run_again(statements: Sequence[Statement], given: frozenset[str]) -> list[Statement]:
    """Return the statements that depend on given names, in order.

    A statement whose only effect is on given names never runs again: the given value wins. Where a name that is needed
    is bound or changed by several statements, all of them run again: appending twice to one list would not be the same,
    and a name that is bound twice must have its first value where that was used.
    """
    effects = [statement.binds | statement.changes for statement in statements]
    candidates = [position for position, names in enumerate(effects) if not names or names - given]
    writers: dict[str, set[int]] = {}
    for position in candidates:
        for name in effects[position] - given:
            writers.setdefault(name, set()).add(position)
    chosen: set[int] = set()
    while True:
        found, live = set(chosen), set(given)
        for position in candidates:
            if position in found or statements[position].uses & live:
                found.add(position)
                live |= effects[position]
        for position in tuple(found):
            for name in (statements[position].uses | effects[position]) & writers.keys():
                if len(writers[name]) > 1 or name in statements[position].changes:
                    found |= writers[name]
        if found == chosen:
            return [statements[position] for position in sorted(chosen)]
        chosen = found


def _spelling(inspection: Inspection) -> Spelling:
    """Return how the notebook spells constructors, without names that it also binds to something else."""
    cells = inspection.cells[: parameters_cell(inspection).index + 1]
    taken: set[str] = set()
    for analysis in analyse_cells(cells):
        taken |= analysis.names.defines.keys() - analysis.names.imported.keys()
    imports = {name: target for name, target in imports_of(cells).items() if name not in taken}
    return Spelling(imports, frozenset(taken))


def _split(raw: Sequence[str]) -> dict[str, str]:
    texts: dict[str, str] = {}
    for text in raw:
        name, equals, value = text.partition("=")
        if not equals:
            raise ParameterError(f"{text[:40]!r} is not NAME=VALUE", remedy="Write, for example, -p seed=7.")
        normal = _normal(name.strip())
        if normal in texts:
            raise ParameterError(f"parameter {normal!r} is given twice", where=f"-p {name.strip()}=...")
        texts[normal] = value
    return texts


def _normal(name: str) -> str:
    """Return an identifier as Python reads it."""
    return unicodedata.normalize("NFKC", name)


def _unknown(name: str, inspection: Inspection) -> ParameterError:
    known = [parameter.name for parameter in inspection.parameters]
    where = inspection.path
    if known:
        hint = near_match(_normal(name), known)
        listed = f"Its parameters are {', '.join(known)}."
        remedy = f"{hint[:1].upper()}{hint[1:]} {listed}" if hint else listed
        return ParameterError(f"the notebook has no parameter {name!r}", where=where, remedy=remedy)
    if _has_parameters_cell(inspection):
        return ParameterError(f"the parameters cell does not define {name!r}, nor any other name", where=where)
    suggested = {parameter.name: parameter for parameter in inspection.suggested_parameters}
    cell = f"cell {suggested[name].cell}" if name in suggested else "the cell that defines them"
    return ParameterError(
        f"{name!r} cannot be given: the notebook declares no parameters",
        where=where,
        remedy=f"Tag {cell} 'parameters', or make '# %register parameters' its first line.",
    )


def _has_parameters_cell(inspection: Inspection) -> bool:
    return any(cell.declaration is not None and cell.declaration.kind == "parameters" for cell in inspection.cells)


def _refused(parameter: Parameter, value: object, expected: str) -> ParameterError:
    try:
        shown = "the value given" if holds_secret(parameter) and not is_reference(value) else repr(value)
    except ValueError:  # an integer of very many digits
        shown = f"a value of type {type(value).__name__}"
    shown = shown if len(shown) <= 80 else f"{shown[:77]}..."
    return ParameterError(
        f"parameter {parameter.name!r} is {parameter.type}: {shown} is refused",
        where=_place(parameter),
        remedy=f"Expected {expected}.",
    )


def _place(parameter: Parameter) -> str:
    return f"cell {parameter.cell}, line {parameter.line}"
