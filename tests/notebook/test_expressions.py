"""Every value survives the way through the injected source: equal, and of one type at every level."""

import datetime as dt
import math
from pathlib import PurePosixPath, PureWindowsPath
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from pressrun.errors import ParameterError
from pressrun.notebook.binding import bind_parameters, injection_source
from pressrun.notebook.expressions import Spelling, expression_of
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


def run(found, values):
    """Run the cells and the injected one as a kernel would; return the namespace."""
    space = {}
    for cell in found.cells:
        exec(cell.body, space)
    exec(injection_source(found, values), space)
    return space


texts = st.text() | st.text(alphabet="'\"\\\n\r{}\u2028\u2029\ud800\udfff\x00%!?#=é")
zones = st.sampled_from([dt.timezone.utc, dt.timezone(dt.timedelta(hours=-3, minutes=-30)), ZoneInfo("Europe/Berlin")])
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.complex_numbers(), texts, st.binary(),
    st.dates(), st.datetimes(timezones=st.none() | zones), st.times(), st.timedeltas(), st.decimals(allow_nan=False),
    texts.filter(lambda text: "\x00" not in text).map(PurePosixPath), st.text(alphabet="ab\\/: ").map(PureWindowsPath),
)  # fmt: skip
hashable = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3).map(tuple), max_leaves=5)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.sets(hashable, max_size=4)
        | st.frozensets(hashable, max_size=4)
        | st.dictionaries(hashable, inner, max_size=4)
    ),
    max_leaves=12,
)


def same(one, other):
    """Whether two values are equal, of one type at every level, and not a number in the same places."""
    if type(one) is not type(other):
        return False
    if isinstance(one, float):
        return repr(one) == repr(other)
    if isinstance(one, complex):
        return repr(one.real) == repr(other.real) and repr(one.imag) == repr(other.imag)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, set | frozenset):
        return sorted(map(repr, one)) == sorted(map(repr, other))
    if isinstance(one, dict):
        return [*map(repr, one)] == [*map(repr, other)] and all(map(same, one.values(), other.values()))
    return one == other


@given(values)
@example(2**70)
@example(-(16**5000))
@example([math.nan, -math.inf, -0.0])
@example(complex(-0.0, math.nan))
@example("\ud800")
@example((1,))
@example([set(), frozenset()])
@example(dt.datetime(2024, 10, 27, 2, 30, fold=1, tzinfo=ZoneInfo("Europe/Berlin")))
def test_every_value_survives_the_round_trip_through_the_injected_source(value):
    found = inspection("value = None")
    source = injection_source(found, bind_parameters(found, {"value": value}))
    space = {}
    exec(source, space)
    assert same(value, space["value"])


@given(texts)
def test_text_given_on_the_command_line_arrives_verbatim(text):
    found = inspection("text = 'a'\ncopy = text")
    space = run(found, bind_parameters(found, {}, [f"text={text}"]))
    assert space["copy"] == text


@given(texts)
def test_the_injected_source_means_the_same_to_ipython(text):
    """Nothing in a value is taken for a magic, a command or a question."""
    source = injection_source(inspection("text = 'a'"), {"text": text})
    assert TransformerManager().transform_cell(source) == source


@given(st.text())
def test_any_text_for_any_type_is_a_value_or_refused(text):
    found = inspection(
        "a = 1\nb = 0.5\nc = True\nd = [1]\ne = (1,)\nf = {1}\ng = {'a': 1}\nh = b'x'\ni = date(2024, 1, 1)\n"
        "j = dt.datetime(2024, 1, 1)\nk = dt.time(1)\nl = dt.timedelta(1)\nm = Decimal(1)\nn = Path('a')\no = None\n"
        "p: int | None = 1\nq: Literal['a'] = 'a'\nr = 1j",
        IMPORTS,
    )
    for parameter in found.parameters:
        try:
            value = bind_parameters(found, {}, [f"{parameter.name}={text}"])
        except ParameterError:
            continue
        assert injection_source(found, value)


@pytest.mark.parametrize(
    ("text", "value"),
    [("2024-02-29", "2024-02-29"), ("2024-02-29T10:30:01.5", "2024-02-29T10:30:01.5"),
     ("2024-02-29T10:30+02:00", "2024-02-29T10:30+02:00")],
)  # fmt: skip
def test_timestamps_survive_the_round_trip(text, value):
    pandas = pytest.importorskip("pandas")
    found = inspection("start = pd.Timestamp('2020-01-01')\nstop = start + pd.Timedelta('1D')", "import pandas as pd")
    space = run(found, bind_parameters(found, {}, [f"start={text}"]))
    assert type(space["start"]) is pandas.Timestamp
    assert space["start"] == pandas.Timestamp(value)
    assert space["stop"] - space["start"] == pandas.Timedelta("1D")


def test_timestamps_and_numbers_of_libraries_may_be_given_from_python():
    pandas, numpy = pytest.importorskip("pandas"), pytest.importorskip("numpy")
    found = inspection("start = pd.Timestamp('2020-01-01')\nn = 3\nany_ = None", "import pandas as pd")
    moment = pandas.Timestamp("2024-02-29T10:30", tz="Europe/Berlin")
    values = bind_parameters(found, {"start": moment, "n": numpy.int64(7), "any_": moment})
    space = run(found, values)
    assert (space["start"], space["n"], space["any_"]) == (moment, 7, moment)


def test_a_value_without_expression_is_a_type_error():
    with pytest.raises(TypeError, match="no expression for"):
        expression_of(object(), Spelling({}))
