"""Which parameters hold a secret, and that none is ever given as it is."""

from __future__ import annotations

import re
from typing import Any

from pressrun.errors import ParameterError, RefusedError
from pressrun.notebook.secrets import SCHEME, is_reference
from pressrun.records.cells import Parameter
from pressrun.rules.secrets.assignments import weigh
from pressrun.rules.secrets.labels import is_secret_label
from pressrun.rules.secrets.scan import find_in_text

_SECRET_TYPE = re.compile(r"\bSecret(?:Str|Bytes)?\b")
_TEXT = re.compile(r"\b(?:str|Any|object|Text|Secret\w*|None)\b")


def holds_secret(parameter: Parameter) -> bool:
    """Return whether a parameter holds a secret: by its default, its name or its annotation."""
    if is_reference(parameter.value) or _SECRET_TYPE.search(parameter.type):
        return True
    return is_secret_label(parameter.name) and _TEXT.search(parameter.type) is not None


def refuse_plain_secret(parameter: Parameter, value: Any) -> None:
    """Raise where a secret itself is given instead of a reference to it.

    Raises:
        RefusedError: the value is a secret, by its own look or by the parameter's name.
        ParameterError: a reference is given to a parameter that is no text.
    """
    if is_reference(value):
        if not _TEXT.search(parameter.type):
            what = f"parameter {parameter.name!r} is {parameter.type} and takes no reference to a secret"
            raise ParameterError(what, where=f"cell {parameter.cell}, line {parameter.line}")
        return
    if isinstance(value, (int, float, complex)):
        return
    if not isinstance(value, str):
        if SCHEME.rstrip("/") in str(value):  # in a list, or as a path
            what = f"parameter {parameter.name!r}: a reference to a secret must be the whole value"
            raise ParameterError(what, where=f"cell {parameter.cell}, line {parameter.line}")
        return
    name = parameter.name if is_secret_label(parameter.name) else "password"
    looks = any(finding.certain for finding in find_in_text(value, place="parameter", where=parameter.name))
    if looks or (holds_secret(parameter) and weigh(name, value) != "none"):
        raise RefusedError(
            f"parameter {parameter.name!r} is given a secret, and values of parameters are recorded",
            where=f"cell {parameter.cell}, line {parameter.line}",
            remedy=f"Put it into the environment variable {parameter.name.upper()} and give the reference: "
            f"-p {parameter.name}={SCHEME}{parameter.name.upper()}",
        )
