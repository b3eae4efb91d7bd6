"""Binding values to parameters, and the source that is injected: strict, and equal after the round trip."""
# ruff: noqa: DTZ001 - moments without a time zone are what notebooks hold

import datetime as dt
import math
from decimal import Decimal
from pathlib import Path

import pytest

from pressrun.errors import ParameterError
from pressrun.notebook.binding import bind_parameters, injection_source
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.records.digest import digest_text


def inspection(source, *earlier, declared=True):
    declaration = "# %register parameters\n" if declared else ""
    sources = [*earlier, declaration + source]
    cells = cells_of({"cells": [{"cell_type": "code", "source": s} for s in sources]})
    return inspect_notebook(
        Notebook(path="nb.ipynb", digest=digest_text(""), nbformat=(4, 5), language="python", kernel=None, cells=cells)
    )


def run(found, values):
    """Run the cells and the injected one as a kernel would; return the namespace."""
    space = {}
    for cell in found.cells:
        exec(cell.body, space)
    exec(injection_source(found, values), space)
    return space


def bound(source, text, *earlier):
    found = inspection(source, *earlier)
    name = text.partition("=")[0]
    return bind_parameters(found, {}, [text])[name]


FROM_THE_COMMAND_LINE = [
    ("n = 3", "n=-7", -7),
    ("n = 3", "n= 1_000 ", 1000),
    ("n = 3", "n=0x10", 16),
    ("n = 3", "n=007", 7),
    ("x = 0.5", "x=1", 1.0),
    ("x = 0.5", "x=-1e-3", -1e-3),
    ("x = 0.5", "x=inf", math.inf),
    ("b = True", "b=false", False),
    ("b = True", "b=No", False),
    ("b: bool = False", "b=1", True),
    ("s = 'a'", "s=x = y # z", "x = y # z"),
    ("s = 'a'", "s=", ""),
    ("s = 'a'", "s=3", "3"),
    ("s = 'a'", "s= None ", " None "),
    ("s: str | None = 'a'", "s=none", None),
    ("s: str | None = None", "s=x", "x"),
    ("s: str = None", "s=null", None),
    ("n: int | None = None", "n=4", 4),
    ("n: Optional[int] = 3", "n=null", None),
    ("n: int | str = 3", "n=4", 4),
    ("n: int | str = 3", "n=four", "four"),
    ("n: 'int | None' = None", "n=5", 5),
    ("n: Final[int] = 3", "n=5", 5),
    ("m: Literal['a', 'b', 3] = 'a'", "m=3", 3),
    ("n = None", "n=3", 3),
    ("n = None", "n=three", "three"),
    ("n = None", "n=[1, 2]", [1, 2]),
    ("n = make()", "n=true", True),
    ("xs = [1]", "xs=[1, 'a', None]", [1, "a", None]),
    ("xs = [1]", "xs=[1, \"a\", null]", [1, "a", None]),
    ("xs: list[int] = [1]", "xs=[1, 2]", [1, 2]),
    ("xs: list[int] = [1]", "xs=1, 2", [1, 2]),
    ("xs: list[date] = []", "xs=[\"2024-01-31\"]", [dt.date(2024, 1, 31)]),
    ("xs = [(1, 2)]", "xs=[[3, 4], [5, 6]]", [(3, 4), (5, 6)]),
    ("t = (1, 2)", "t=[3, 4]", (3, 4)),
    ("t: tuple[int, str] = (1, 'a')", "t=(2, 'b')", (2, "b")),
    ("t: tuple[float, ...] = ()", "t=[1, 2, 3]", (1.0, 2.0, 3.0)),
    ("s = {1}", "s=[1, 1, 2]", {1, 2}),
    ("d = {'a': 1}", "d={\"b\": true}", {"b": True}),
    ("d: dict[int, float] = {}", "d={\"1\": 2}", {1: 2.0}),
    ("b = b'x'", "b=b'\\x00'", b"\x00"),
    ("c = 1j", "c=1+2j", 1 + 2j),
    ("d = date(2024, 1, 31)", "d=2024-02-29", dt.date(2024, 2, 29)),
    ("d: dt.date = dt.date.today()", "d=2024-02-29", dt.date(2024, 2, 29)),
    ("d = dt.datetime(2024, 1, 31)", "d=2024-02-29", dt.datetime(2024, 2, 29)),
    ("d = dt.datetime(2024, 1, 31)", "d=2024-02-29 10:30", dt.datetime(2024, 2, 29, 10, 30)),
    ("d = dt.datetime(2024, 1, 31)", "d=2024-02-29T10:30:01.5Z",
     dt.datetime(2024, 2, 29, 10, 30, 1, 500_000, dt.timezone.utc)),
    ("d = pd.Timestamp('2024-01-31')", "d=2024-02-29T10:30+02:00",
     dt.datetime(2024, 2, 29, 10, 30, tzinfo=dt.timezone(dt.timedelta(hours=2)))),
    ("t = dt.time(1)", "t=10:30", dt.time(10, 30)),
    ("w = dt.timedelta(days=7)", "w=P1DT2H", dt.timedelta(days=1, hours=2)),
    ("w = dt.timedelta(days=7)", "w=7 days, 1:30:00", dt.timedelta(days=7, hours=1, minutes=30)),
    ("w = dt.timedelta(days=7)", "w=-PT0.5S", dt.timedelta(microseconds=-500_000)),
    ("w = pd.Timedelta('7D')", "w=30D", "30D"),
    ("x = np.float32(0.5)", "x=0.25", 0.25),
    ("m = Decimal('0.10')", "m=0.30", Decimal("0.30")),
    ("p = Path('a')", "p=b c/d=e", Path("b c/d=e")),
    ("p: Path = Path('a') / 'b'", "p=x", Path("x")),
]  # fmt: skip
IMPORTS = (
    "import datetime as dt, numpy as np, pandas as pd\nfrom datetime import date\nfrom decimal import Decimal\n"
    "from pathlib import Path\nfrom typing import Final, Literal, Optional"
)


@pytest.mark.parametrize(("source", "text", "value"), FROM_THE_COMMAND_LINE, ids=str)
def test_text_from_the_command_line_is_parsed_by_the_declared_type(source, text, value):
    found = bound(source, text, IMPORTS)
    assert value == found
    assert type(value) is type(found)


REFUSED = [
    ("n = 3", "n=3.0", "an integer"),
    ("n = 3", "n=1e3", "an integer"),
    ("n = 3", "n=", "an integer"),
    ("n = 3", "n=" + "9" * 5000, "an integer"),
    ("x = 0.5", "x=a", "a number"),
    ("b = True", "b=2", "true or false"),
    ("n: int | None = None", "n=x", "none or an integer"),
    ("m: Literal['a', 'b'] = 'a'", "m=c", "one of 'a', 'b'"),
    ("xs = [1]", "xs=a,b", "a list as a Python literal or JSON"),
    ("xs = [1]", "xs={}", "a list"),
    ("xs: list[int] = [1]", "xs=['a']", "an integer"),
    ("t: tuple[int, str] = (1, 'a')", "t=(1,)", "a tuple of 2"),
    ("s = {1}", "s=[[1]]", "a set"),
    ("d = {'a': 1}", "d=[1]", "a dict"),
    ("b = b'x'", "b=x", "bytes"),
    ("d = date(2024, 1, 31)", "d=2024-02-30", "YYYY-MM-DD"),
    ("d = dt.datetime(2024, 1, 31)", "d=31.1.2024", "YYYY-MM-DD"),
    ("d = dt.datetime(2024, 1, 31)", "d=2024-01-31T25:00", "YYYY-MM-DD"),
    ("d = pd.Timestamp('2024')", "d=2024-01-31T00:00:00.123456789", "microsecond"),
    ("w = dt.timedelta(days=7)", "w=P", "a duration"),
    ("w = dt.timedelta(days=7)", "w=", "a duration"),
    ("w = dt.timedelta(days=7)", "w=P9999999999D", "billion"),
    ("m = Decimal('1')", "m=a", "a decimal number"),
    ("p = Path('a')", "p=", "a path"),
    ("c = Config(1, b=2)", "c=3", "cannot be given from outside"),
]


@pytest.mark.parametrize(("source", "text", "expected"), REFUSED, ids=[row[1][:30] for row in REFUSED])
def test_text_that_is_no_value_of_the_type_is_refused_with_what_was_expected(source, text, expected):
    with pytest.raises(ParameterError) as caught:
        bound(source, text, IMPORTS)
    assert caught.value.exit_code == 2
    assert expected in caught.value.remedy
    assert text.partition("=")[0] in caught.value.what
    assert len(str(caught.value)) < 500


GIVEN = [
    ("n = 3", 4, 4),
    ("x = 0.5", 1, 1.0),
    ("xs = [1]", (1, 2), [1, 2]),
    ("t = (1, 2)", [3], (3,)),
    ("s = {1}", [1, 1], {1}),
    ("d = date(2024, 1, 1)", "2024-02-29", dt.date(2024, 2, 29)),
    ("d = dt.datetime(2024, 1, 1)", dt.date(2024, 2, 29), dt.datetime(2024, 2, 29)),
    ("m = Decimal('1')", 0.1, Decimal("0.1")),
    ("p = Path('a')", "b", Path("b")),
    ("n: int | None = None", None, None),
    ("x: int | float = 1", 2.5, 2.5),
    ("n = None", {"a": [1]}, {"a": [1]}),
]


@pytest.mark.parametrize(("source", "value", "expected"), GIVEN, ids=[row[0] for row in GIVEN])
def test_values_from_files_and_python_are_converted_only_where_json_cannot_hold_the_type(source, value, expected):
    name = source.partition(" ")[0].rstrip(":")
    found = bind_parameters(inspection(source, IMPORTS), {name: value})[name]
    assert expected == found
    assert type(expected) is type(found)


@pytest.mark.parametrize(
    ("source", "value"),
    [("n = 3", True), ("n = 3", 3.0), ("n = 3", "3"), ("b = True", 1), ("s = 'a'", 3), ("x = 0.5", 10**400),
     ("xs = [1]", "ab"), ("d = {}", [1]), ("n = 3", None), ("n = None", object()), ("d = date(2024, 1, 1)", 5),
     ("d = date(2024, 1, 1)", dt.datetime(2024, 1, 1)), ("b = b'x'", "x")],
)  # fmt: skip
def test_a_value_of_another_type_is_refused(source, value):
    name = source.partition(" ")[0]
    with pytest.raises(ParameterError, match="is refused"):
        bind_parameters(inspection(source, IMPORTS), {name: value})


def test_a_value_that_contains_itself_is_refused():
    value = []
    value.append(value)
    with pytest.raises(ParameterError, match="is refused"):
        bind_parameters(inspection("xs = None"), {"xs": value})


def test_an_unknown_name_is_refused_with_a_near_match_and_the_names_that_exist():
    with pytest.raises(ParameterError) as caught:
        bind_parameters(inspection("threshold = 0.5\nseed = 1"), {}, ["treshold=0.7"])
    assert "no parameter 'treshold'" in caught.value.what
    assert caught.value.remedy == "Did you mean 'threshold'? Its parameters are threshold, seed."


@pytest.mark.parametrize(
    "name", ["x; import os", "seed\nimport os", "__import__('os')", "", " ", "print", "a.b", "seed "]
)
def test_a_name_is_never_pasted_as_code(name):
    found = inspection("seed = 1")
    if name.strip() != "seed":
        with pytest.raises(ParameterError, match="no parameter"):
            bind_parameters(found, {}, [f"{name}=1"])
    with pytest.raises(ParameterError, match="no parameter"):
        bind_parameters(found, {name: 1})
    with pytest.raises(ParameterError, match="no parameter"):
        injection_source(found, {name: 1})


def test_a_text_that_is_no_pair_and_a_name_given_twice_are_refused():
    with pytest.raises(ParameterError, match="not NAME=VALUE"):
        bind_parameters(inspection("n = 1"), {}, ["n"])
    with pytest.raises(ParameterError, match="given twice"):
        bind_parameters(inspection("n = 1"), {}, ["n=1", "n=2"])


def test_the_command_line_wins_over_a_file():
    assert bind_parameters(inspection("n = 1"), {"n": 2}, ["n=3"]) == {"n": 3}


def test_values_come_in_the_order_of_the_notebook():
    assert list(bind_parameters(inspection("a = 1\nb = 2"), {"b": 1}, ["a=2"])) == ["a", "b"]


def test_a_parameter_without_default_needs_a_value():
    found = inspection("n: int\nm = 1")
    with pytest.raises(ParameterError) as caught:
        bind_parameters(found, {})
    assert "'n' (int) has no default" in caught.value.what
    assert bind_parameters(found, {}, ["n=3"]) == {"n": 3}


def test_suggested_parameters_cannot_be_given_and_the_remedy_says_how():
    with pytest.raises(ParameterError) as caught:
        bind_parameters(inspection("n = 1\nprint(n)", declared=False), {}, ["n=3"])
    assert "declares no parameters" in caught.value.what
    assert "cell 0" in caught.value.remedy
    assert "# %register parameters" in caught.value.remedy


def test_a_name_in_another_normal_form_is_the_same_identifier():
    assert bind_parameters(inspection("\u03bc = 1"), {}, ["\u00b5=2"]) == {"\u03bc": 2}


def test_nothing_given_injects_nothing():
    found = inspection("n = 1")
    assert injection_source(found, bind_parameters(found, {})) == ""


def test_the_injected_cell_uses_the_notebooks_own_constructors():
    found = inspection(
        "start = pd.Timestamp('2024-01-31')\nday = dt.date(2024, 1, 1)\np = Path('a')\nw = pd.Timedelta('7D')",
        "import pandas as pd\nimport datetime as dt",
        "from pathlib import Path",
    )
    values = bind_parameters(found, {}, ["start=2024-02-29", "day=2024-02-29", "p=b", "w=30D"])
    assert injection_source(found, values) == (
        "# Parameters\nstart = pd.Timestamp('2024-02-29')\nday = dt.date(2024, 2, 29)\np = Path('b')\n"
        "w = pd.Timedelta('30D')\n"
    )


def test_a_constructor_that_the_notebook_did_not_import_is_found_without_binding_a_name():
    found = inspection("day = None")
    space = run(found, {"day": dt.date(2024, 2, 29)})
    assert space["day"] == dt.date(2024, 2, 29)
    assert set(space) == {"day", "__builtins__"}


def test_a_constructor_whose_name_the_notebook_reuses_is_not_taken_for_it():
    found = inspection(
        "day = None\nxs = set()",
        "from datetime import date",
        "date = 'x'\nset = 3\nfloat = 4",
    )
    space = {}
    exec("date = 'x'\nset = 3\nfloat = 4", space)
    exec(injection_source(found, {"day": dt.date(2024, 2, 29), "xs": set()}), space)
    assert (space["day"], space["xs"]) == (dt.date(2024, 2, 29), type(set())())


RECOMPUTED = [
    ("n = 10\nhalf = n // 2", {"n": 6}, {"n": 6, "half": 3}),
    ("n = 10\nhalf = n // 2", {"half": 1}, {"n": 10, "half": 1}),
    ("n = 10\nhalf = n // 2", {"n": 6, "half": 1}, {"n": 6, "half": 1}),
    ("n = 10\nhalf = n // 2\nquarter = half // 2", {"n": 8}, {"half": 4, "quarter": 2}),
    ("n = 10\nhalf = n // 2\nquarter = half // 2", {"half": 8}, {"n": 10, "quarter": 4}),
    ("a = 1\nb = 2\nc = a + b", {"b": 5}, {"a": 1, "c": 6}),
    ("n = 10\nlo, hi = -n, n", {"n": 2}, {"lo": -2, "hi": 2}),
    ("n = 10\nlo, hi = -n, n", {"n": 2, "hi": 9}, {"lo": -2, "hi": 9}),
    ("n = 10\nxs = [0]\nxs.append(n)", {"n": 2}, {"xs": [0, 2]}),
    ("n = 10\nxs = [0]\nxs.append(n)", {"xs": [5]}, {"xs": [5]}),
    ("n = 10\nd = {}\nd['n'] = n\nm = d['n'] + 1", {"n": 2}, {"d": {"n": 2}, "m": 3}),
    ("n = 10\nif n > 5:\n    size = 'big'\nelse:\n    size = 'small'", {"n": 1}, {"size": "small"}),
    ("n = 10\ndef double(k):\n    return k * n\nd = double(2)", {"n": 3}, {"d": 6}),
    ("n = 10\ndef f(k=n):\n    return k\nd = f()", {"n": 3}, {"d": 3}),
    ("n = 10\n_s = n + 1\nd = _s * 2", {"n": 3}, {"d": 8}),
    ("n = 10\ns = 2\nd = n * s\ns = 3", {"n": 1}, {"d": 2, "s": 3}),
    ("n = 10\nt = n\na = t\nt = 0", {"n": 1}, {"a": 1, "t": 0}),
    ("n = 1\nn += 1\nd = n", {"n": 5}, {"n": 5, "d": 5}),
    ("import random\nseed = 1\nrandom.seed(seed)\ndraw = random.random()", {"seed": 7},
     {"draw": __import__("random").Random(7).random()}),
    ("n = 10; half = n // 2  # both", {"n": 4}, {"half": 2}),
    ("n = 10\nt = '''a\n{}'''.format(n)", {"n": 4}, {"t": "a\n4"}),
    ("a = b = 1\nc = a + b", {"a": 5}, {"a": 5, "b": 1, "c": 6}),
    ("n = 3\nm = [i * n for i in range(n)]", {"n": 2}, {"m": [0, 2]}),
]  # fmt: skip


@pytest.mark.parametrize(("source", "values", "expected"), RECOMPUTED, ids=[f"{r[0]} / {r[1]}" for r in RECOMPUTED])
def test_what_depends_on_a_given_value_is_never_stale(source, values, expected):
    found = inspection(source)
    space = run(found, bind_parameters(found, values))
    assert expected == {name: space[name] for name in expected}


def test_a_statement_with_a_magic_runs_again_as_written():
    found = inspection("folder = 'a'\nfiles = !ls {folder}\n%time n = len(files)")
    assert injection_source(found, {"folder": "b"}) == (
        "# Parameters\nfolder = 'b'\n# Computed again from them\nfiles = !ls {folder}\n%time n = len(files)\n"
    )


def test_what_does_not_depend_on_a_given_value_does_not_run_again():
    found = inspection("n = 10\nother = load()\nhalf = n // 2\nprint(other)")
    assert injection_source(found, {"n": 1}) == "# Parameters\nn = 1\n# Computed again from them\nhalf = n // 2\n"


def test_the_source_of_a_derived_name_may_use_functions_of_earlier_cells():
    found = inspection("n = 2\nm = scaled()", "def scaled():\n    return n * 10")
    assert run_with(found, {"n": 3})["m"] == 30


def run_with(found, values):
    space = {}
    exec(found.cells[0].body, space)
    exec(found.cells[1].body, space)
    exec(injection_source(found, values), space)
    return space
