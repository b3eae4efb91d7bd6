"""Parameters by syntax tree: names, values, types, help, derived names; and suggestions."""

import msgspec
import pytest

from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.parameters import parameters_of
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.records.digest import digest_text

UNSET = msgspec.UNSET


def notebook(*sources):
    cells = [s if isinstance(s, dict) else {"cell_type": "code", "source": s} for s in sources]
    return Notebook(
        path="nb.ipynb", digest=digest_text(""), nbformat=(4, 5), language="python", kernel=None,
        cells=cells_of({"cells": cells}),
    )  # fmt: skip


def parameters(source, *earlier):
    cells = notebook(*earlier, source).cells
    return {p.name: p for p in parameters_of(cells[-1], cells[:-1])}


VALUES = [
    ("n = 3", "n", "3", "int", 3),
    ("n: float = 3", "n", "3", "float", 3),
    ("n = -3", "n", "-3", "int", -3),
    ("n = 10_000", "n", "10_000", "int", 10000),
    ("n = 60 * 60", "n", "60 * 60", "int", 3600),
    ("x = 1e-3", "x", "1e-3", "float", 1e-3),
    ("b = True", "b", "True", "bool", True),
    ("s = 'a=b # c'", "s", "'a=b # c'", "str", "a=b # c"),
    ("s = '''a\n\nb = 1\n'''", "s", "'''a\n\nb = 1\n'''", "str", "a\n\nb = 1\n"),
    ("s = ('a'\n     'b')", "s", "'a'\n     'b'", "str", "ab"),
    ("s = f'{1}'", "s", "f'{1}'", "str", UNSET),
    ("n = None", "n", "None", "None", None),
    ("n: int | None = None", "n", "None", "int | None", None),
    ("n: 'int | None' = None", "n", "None", "'int | None'", None),
    ("xs = [1, 2]", "xs", "[1, 2]", "list", [1, 2]),
    ("t = (1, 'a')", "t", "(1, 'a')", "tuple", [1, "a"]),
    ("t = 1, 2", "t", "1, 2", "tuple", [1, 2]),
    ("s = {1, 2}", "s", "{1, 2}", "set", UNSET),
    ("d = {'a': [1]}", "d", "{'a': [1]}", "dict", {"a": [1]}),
    ("d = {1: 2}", "d", "{1: 2}", "dict", UNSET),
    ("b = b'x'", "b", "b'x'", "bytes", UNSET),
    ("x = float('inf')", "x", "float('inf')", "float", UNSET),
    ("x = 1e999", "x", "1e999", "float", UNSET),
    ("n = 2**70", "n", "2**70", "int", UNSET),
    ("d = pd.Timestamp('2024-01-31')", "d", "pd.Timestamp('2024-01-31')", "pd.Timestamp", UNSET),
    ("d = date(2024, 1, 31)", "d", "date(2024, 1, 31)", "date", UNSET),
    ("d = dt.datetime.now()", "d", "dt.datetime.now()", "dt.datetime", UNSET),
    ("p = Path('data') / 'x.csv'", "p", "Path('data') / 'x.csv'", "Path", UNSET),
    ("m = Decimal('0.10')", "m", "Decimal('0.10')", "Decimal", UNSET),
    ("w = pd.Timedelta('7D')", "w", "pd.Timedelta('7D')", "pd.Timedelta", UNSET),
    ("x = load('a.csv')", "x", "load('a.csv')", "Any", UNSET),
    ("n: int", "n", "", "int", UNSET),
    ("xs = [(1, 2), (3, 4)]", "xs", "[(1, 2), (3, 4)]", "list", [[1, 2], [3, 4]]),
    ("s = '\\ud800'", "s", "'\\ud800'", "str", UNSET),
]
IMPORTS = (
    "import pandas as pd, datetime as dt\nfrom datetime import date\nfrom pathlib import Path\n"
    "from decimal import Decimal"
)


@pytest.mark.parametrize(("source", "name", "expression", "type_", "value"), VALUES, ids=[row[0] for row in VALUES])
def test_a_definition_is_read_as_written(source, name, expression, type_, value):
    found = parameters(source, IMPORTS)
    assert list(found) == [name]
    parameter = found[name]
    assert (parameter.expression, parameter.type, parameter.value) == (expression, type_, value)
    assert parameter.derived_from == ()


def test_a_value_that_is_told_survives_json():
    for source, name, *_ in VALUES:
        parameter = parameters(source, IMPORTS)[name]
        assert msgspec.json.decode(msgspec.json.encode(parameter), type=type(parameter)) == parameter


def test_tuples_are_unpacked_and_chains_name_every_target():
    found = parameters("a, (b, c) = 1, ('x', 2.5)\nd = e = []\nf, g = make()\n[h, *i] = 1, 2, 3")
    assert {name: p.expression for name, p in found.items()} == {
        "a": "1", "b": "'x'", "c": "2.5", "d": "[]", "e": "[]", "f": "make()", "g": "make()",
        "h": "1, 2, 3", "i": "1, 2, 3",
    }  # fmt: skip
    assert (found["b"].type, found["c"].type, found["f"].type) == ("str", "float", "Any")


def test_what_is_no_setting_is_no_parameter():
    source = (
        "import os\nfrom a import b\n_private = 1\ndef f():\n    inner = 1\nclass A:\n    x = 1\nfor i in range(3):\n"
        "    last = i\nwith open('x') as g:\n    pass\nd['k'] = 1\no.a = 2\nprint('x = 1')\n%matplotlib inline\nn = 1"
    )
    assert list(parameters(source)) == ["n"]


def test_help_is_the_trailing_comment_else_the_lines_above():
    source = (
        "# %register parameters\na = 1  # the a\n# about b,\n# in two lines\nb = 2\n\n# a heading\n\nc = 3\n"
        "d = (\n    1,  # inner\n    2,\n)  # the d\n# above\ne = 5  # noqa: E501\nf = '# no comment'\n"
        "#### title ####\ng = 1"
    )
    helps = {name: p.help for name, p in parameters(source).items()}
    assert helps == {
        "a": "the a",
        "b": "about b, in two lines",
        "c": "",
        "d": "the d",
        "e": "above",
        "f": "",
        "g": "title",
    }


def test_lines_are_those_of_the_saved_source():
    found = parameters("%%register parameters\n\na = 1\nb = 2")
    assert [(p.cell, p.line) for p in found.values()] == [(0, 3), (0, 4)]


DERIVED = [
    ("n = 10\nhalf = n // 2", "half", ("n",), "int"),
    ("n = 10\nshare = n / 4", "share", ("n",), "float"),
    ("a = 1\nb = 2\nc = f'{a}-{b}'", "c", ("a", "b"), "str"),
    ("n = 10\n_x = n\ny = _x + 1", "y", ("n",), "Any"),
    ("n = 10\ndef f():\n    return n\ny = f()", "y", ("n",), "Any"),
    ("n = 10\nxs = []\nxs.append(n)\ny = len(xs)", "y", ("n", "xs"), "int"),
    ("n = 10\nxs = []\nxs.append(n)", "xs", ("n",), "list"),
    ("n = 10\nif n > 3:\n    size = 'big'\nelse:\n    size = 'small'", "size", ("n",), "Any"),
    ("n = 1\nn = n + 1", "n", (), "int"),
    ("n = 1\nn += 1", "n", (), "int"),
]


@pytest.mark.parametrize(("source", "name", "origins", "type_"), DERIVED, ids=[row[0] for row in DERIVED])
def test_a_name_computed_from_parameters_is_derived(source, name, origins, type_):
    parameter = parameters(source)[name]
    assert (parameter.derived_from, parameter.type) == (origins, type_)


def test_a_second_definition_gives_the_value_and_the_first_the_annotation():
    parameter = parameters("n: int\n# how many\nn = 3\nn = 4")["n"]
    assert (parameter.type, parameter.value, parameter.annotated, parameter.help) == ("int", 4, True, "how many")


def test_a_parameters_cell_with_a_syntax_error_is_an_error_of_the_notebook():
    inspection = inspect_notebook(notebook("%%register parameters\nn = = 1"))
    assert inspection.parameters == ()
    assert [(p.level, p.cell) for p in inspection.problems if p.level == "error"] == [("error", 0)]


def test_parameters_are_suggested_from_literals_at_the_start_that_are_used_and_never_changed():
    inspection = inspect_notebook(
        notebook(
            "import pandas as pd",
            "path = 'a.csv'\nlimit = 5  # rows\nunused = 3\nrows = []\nnothing = None\ntwice = 1\ncolumns = ['a']",
            "df = pd.read_csv(path)[:limit]\nrows.append(df)\ntwice = 2\ncolumns.append('b')\nprint(nothing, twice)",
        )
    )
    assert inspection.parameters == ()
    assert [(p.name, p.help) for p in inspection.suggested_parameters] == [("path", ""), ("limit", "rows")]


def test_nothing_is_suggested_where_parameters_are_declared():
    inspection = inspect_notebook(notebook("a = 1", "%%register parameters\nb = 2", "print(a + b)"))
    assert [p.name for p in inspection.parameters] == ["b"]
    assert inspection.suggested_parameters == ()


def test_papermills_tag_declares_the_parameters_cell():
    tagged = {"cell_type": "code", "source": "n = 1", "metadata": {"tags": ["parameters"]}}
    assert [p.name for p in inspect_notebook(notebook(tagged)).parameters] == ["n"]
