"""The type of each parameter of an inspected notebook, as values are checked against it."""

from __future__ import annotations

from collections.abc import Mapping

from pressrun.notebook.ipython_syntax import parsed_expression
from pressrun.notebook.typeforms import ANY, NONE, TypeForm, annotated_form, imports_of, inferred_form
from pressrun.records.cells import Cell, Inspection, Parameter


def forms_of(inspection: Inspection) -> dict[str, TypeForm]:
    """Return the type of each parameter, as values are checked against it."""
    if not inspection.parameters:
        return {}
    cell = parameters_cell(inspection)
    imports = imports_of(inspection.cells[: cell.index + 1])
    return {parameter.name: _form(parameter, imports) for parameter in inspection.parameters}


def _form(parameter: Parameter, imports: Mapping[str, str]) -> TypeForm:
    default = parsed_expression(parameter.expression) if parameter.expression else None
    inferred = inferred_form(default, imports) if default is not None else ANY
    annotation = parsed_expression(parameter.type) if parameter.annotated else None
    form = annotated_form(annotation, imports) if annotation is not None else None
    if form is None:
        by_name = parsed_expression(parameter.type)
        told = annotated_form(by_name, imports) if inferred.kind == "any" and by_name is not None else None
        return told if told is not None and told.kind not in {"none", "any"} else inferred
    if inferred.text == "None" and form.kind not in {"any", "none", "union"}:
        return TypeForm(kind="union", text=form.text, items=(form, NONE))
    return form


def parameters_cell(inspection: Inspection) -> Cell:
    """Return the cell that defines the parameters of a notebook that has some."""
    return inspection.cells[inspection.parameters[0].cell]
