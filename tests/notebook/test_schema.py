"""The JSON Schema of a notebook's parameters: what it says, and that it accepts what binding accepts."""

import pytest

from pressrun.errors import ParameterError
from pressrun.notebook.binding import bind_parameters, parameter_schema
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.records.digest import digest_text

IMPORTS = (
    "import datetime as dt, numpy as np, pandas as pd\nfrom datetime import date\nfrom decimal import Decimal\n"
    "from pathlib import Path\nfrom typing import Final, Literal, Optional"
)


def inspection(source, *earlier, declared=True):
    declaration = "# %register parameters\n" if declared else ""
    sources = [*earlier, declaration + source]
    cells = cells_of({"cells": [{"cell_type": "code", "source": s} for s in sources]})
    return inspect_notebook(
        Notebook(path="nb.ipynb", digest=digest_text(""), nbformat=(4, 5), language="python", kernel=None, cells=cells)
    )


def test_the_schema_describes_what_may_be_given():
    found = inspection(
        "n: int  # how many\nx = 0.5\nday = date(2024, 1, 1)\nmode: Literal['a', 'b'] = 'a'\n"
        "t: tuple[int, str] = (1, 'a')\n"
        "o: int | None = None\nd: dict[str, float] = {}\nhalf = n / 2\nraw = b'x'\ns = {1}\nxs: list[str] = []",
        IMPORTS,
    )
    schema = parameter_schema(found)
    properties = schema["properties"]
    assert schema["required"] == ["n"]
    assert schema["additionalProperties"] is False
    assert properties["n"] == {"type": "integer", "description": "how many", "x-python-type": "int"}
    assert properties["x"] == {"type": "number", "default": 0.5, "x-python-type": "float", "x-python-default": "0.5"}
    assert properties["day"]["format"] == "date"
    assert properties["mode"]["enum"] == ["a", "b"]
    assert properties["t"]["prefixItems"] == [{"type": "integer"}, {"type": "string"}]
    assert properties["o"]["anyOf"] == [{"type": "integer"}, {"type": "null"}]
    assert properties["d"]["additionalProperties"] == {"type": "number"}
    assert properties["half"]["x-derived-from"] == ["n"]
    assert properties["raw"]["not"] == {}
    assert properties["s"]["uniqueItems"] is True
    assert properties["xs"]["items"] == {"type": "string"}


def test_the_schema_is_valid_and_accepts_exactly_what_binding_accepts():
    jsonschema = pytest.importorskip("jsonschema")
    found = inspection("n = 3\nx = 0.5\nb = True\ns = 'a'\nxs: list[int] = [1]\no: int | None = None\nd = {'a': 1}")
    schema = parameter_schema(found)
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    for name in schema["properties"]:
        for value in (None, True, 3, 2.5, "a", [1], ["a"], {"a": 1}, []):
            try:
                bind_parameters(found, {name: value})
                accepted = True
            except ParameterError:
                accepted = False
            assert accepted == validator.is_valid({name: value}), (name, value)


def test_a_notebook_without_parameters_has_a_schema_that_accepts_nothing():
    schema = parameter_schema(inspection("print(1)", declared=False))
    assert (schema["properties"], schema["required"], schema["additionalProperties"]) == ({}, [], False)
