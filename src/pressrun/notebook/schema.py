"""The parameters of a notebook as JSON Schema (draft 2020-12)."""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.notebook.parameter_forms import forms_of
from pressrun.notebook.secret_parameters import holds_secret
from pressrun.notebook.secrets import SCHEME
from pressrun.notebook.typeforms import TypeForm
from pressrun.records.cells import Inspection, Parameter

DIALECT = "https://json-schema.org/draft/2020-12/schema"

_SIMPLE: dict[str, dict[str, Any]] = {
    "any": {},
    "none": {"type": "null"},
    "bool": {"type": "boolean"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "str": {"type": "string"},
    "path": {"type": "string", "minLength": 1},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string"},
    "timestamp": {"type": "string"},
    "time": {"type": "string"},
    "timedelta": {"type": "string"},
    "decimal": {"type": ["string", "number"]},
    "complex": {"type": "number"},
    "bytes": {"not": {}},
    "unsupported": {"not": {}},
}


def schema_of(form: TypeForm) -> dict[str, Any]:
    """Return the schema of the JSON values that are accepted for a type.

    ``{"not": {}}`` accepts none: such a value can only be given in Python or as text on the command line.
    """
    if form.kind in _SIMPLE:
        return dict(_SIMPLE[form.kind])
    if form.kind == "choice":
        return {"enum": [choice for choice in form.choices if not isinstance(choice, bytes)]}
    if form.kind == "union":
        return {"anyOf": [schema_of(item) for item in form.items]}
    if form.kind == "constructor":
        return schema_of(form.items[0])
    if form.kind == "dict":
        return {"type": "object", **({"additionalProperties": schema_of(form.items[1])} if form.items else {})}
    if form.kind == "tuple" and form.items and not form.repeated:
        size = len(form.items)
        return {"type": "array", "prefixItems": [schema_of(i) for i in form.items], "minItems": size, "maxItems": size}
    unique = {"uniqueItems": True} if form.kind in {"set", "frozenset"} else {}
    items = {"items": schema_of(form.items[0])} if form.items else {}
    return {"type": "array", **items, **unique}


def parameter_schema(inspection: Inspection) -> dict[str, Any]:
    """Return the JSON Schema of the object that gives a notebook's parameters.

    Each property carries, beyond the standard's words, ``x-python-type`` (the type as the notebook writes it),
    ``x-python-default`` (the default's source) and, for a name that is computed again, ``x-derived-from``. A parameter
    that holds a secret is ``writeOnly`` and takes a reference alone.
    """
    forms = forms_of(inspection)
    return {
        "$schema": DIALECT,
        "title": "Parameters",
        "type": "object",
        "properties": {p.name: _property(p, forms[p.name]) for p in inspection.parameters},
        "required": [p.name for p in inspection.parameters if not p.expression],
        "additionalProperties": False,
    }


def _property(parameter: Parameter, form: TypeForm) -> dict[str, Any]:
    found: dict[str, Any] = dict(schema_of(form))
    if holds_secret(parameter) and found.get("type") == "string":
        found |= {"writeOnly": True, "pattern": f"^({SCHEME}.*)?$"}
    if parameter.help:
        found["description"] = parameter.help
    if parameter.value is not msgspec.UNSET:
        found["default"] = parameter.value
    found["x-python-type"] = parameter.type
    if parameter.expression:
        found["x-python-default"] = parameter.expression
    if parameter.derived_from:
        found["x-derived-from"] = list(parameter.derived_from)
    return found
