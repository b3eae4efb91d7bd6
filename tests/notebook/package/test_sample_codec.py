"""Samples are written as data and read back equal."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import sparse

from pressrun.notebook.package.sample_codec import decode_value, difference, encode_value, first_rows, signature_of

FRAME = pd.DataFrame(
    {
        "whole": np.array([1, 2, 3], dtype="int32"),
        "real": [0.1, np.nan, np.inf],
        "flag": [True, False, True],
        "text": ["a", None, "ä\u2028"],
        "kind": pd.Categorical(["x", "y", "x"], categories=["y", "x", "z"], ordered=True),
        "time": pd.to_datetime(["2024-01-31 12:00:00.000000001", None, "1999-12-31"], format="ISO8601"),
        "zone": pd.to_datetime(["2024-01-31", "2024-07-01", "2024-03-31"]).tz_localize("Europe/Paris"),
        "span": pd.to_timedelta(["1 days", None, "3s"]),
        "nullable": pd.array([1, None, 3], dtype="Int64"),
        "mixed": pd.Series([1, "a", Decimal("1.50")], dtype=object),
        7: [1.5, 2.5, 3.5],
    },
    index=pd.Index([10, 30, 20], name="id"),
)


def _round_trip(value: Any) -> Any:
    return decode_value(json.loads(json.dumps(encode_value(value), allow_nan=False)))


def test_a_frame_comes_back_with_types_and_index() -> None:
    """Every ordinary kind of column."""
    pd.testing.assert_frame_equal(_round_trip(FRAME), FRAME)


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame({"a": [1, 2]}),
        pd.DataFrame({"a": [1]}, index=pd.MultiIndex.from_tuples([("x", 1)], names=["k", "n"])),
        pd.DataFrame(index=range(2)),
        pd.DataFrame({"a": []}),
        FRAME.iloc[:0],
    ],
)
def test_unusual_frames_come_back(frame: pd.DataFrame) -> None:
    """No columns, no rows, an index of two levels."""
    pd.testing.assert_frame_equal(_round_trip(frame), frame)


@pytest.mark.parametrize(
    "array",
    [
        np.arange(6, dtype="float32").reshape(2, 3) / 3,
        np.array(["a", "bc"]),
        np.array([["a", 1], [None, 2.5]], dtype=object),
        np.array(["2024-01-31", "NaT"], dtype="datetime64[D]"),
        np.array([True, False]),
        np.zeros((0, 3)),
    ],
)
def test_an_array_comes_back_with_type_and_shape(array: np.ndarray[Any, Any]) -> None:
    """Bit for bit."""
    found = _round_trip(array)
    assert (found.dtype, found.shape) == (array.dtype, array.shape)
    np.testing.assert_array_equal(found, array)


def test_series_sparse_matrices_and_lists_come_back() -> None:
    """The other kinds that models take."""
    pd.testing.assert_series_equal(_round_trip(FRAME["time"]), FRAME["time"])
    matrix = sparse.csr_matrix(np.eye(3))
    assert (_round_trip(matrix) != matrix).nnz == 0
    for value in (["a", "b"], [{"a": 1}, {"a": None}], [(1, 2.5)], 3, "x", None):
        assert _round_trip(value) == value


@pytest.mark.parametrize("value", [object(), [object()], np.array([1j]), pd.DataFrame({"a": [object()]}), {1, 2}])
def test_what_has_no_data_only_form_is_refused(value: Any) -> None:
    """Nothing is guessed, nothing is pickled."""
    with pytest.raises(TypeError):
        encode_value(value)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(width=64), min_size=1), st.lists(st.text(), min_size=1))
def test_numbers_and_texts_read_back_equal(numbers: list[float], texts: list[str]) -> None:
    """Any float, any text."""
    np.testing.assert_array_equal(_round_trip(np.array(numbers)), np.array(numbers))
    assert _round_trip(texts) == texts


def test_first_rows_are_few_and_narrow_enough() -> None:
    """A sample of images does not fill the bundle."""
    assert len(first_rows(pd.DataFrame({"a": range(500)}))) == 100
    assert len(first_rows(np.zeros((500, 100, 100)))) == 20
    assert first_rows(list(range(500)))[-1] == 99
    with pytest.raises(TypeError):
        first_rows(3)


def test_a_signature_holds_no_content() -> None:
    """Names, types, shapes."""
    text = json.dumps(signature_of(encode_value(FRAME)))
    assert '"dtype": "int32"' in text
    assert "1.50" not in text


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([1.0], [1.0 + 1e-12], True),
        ([1.0], [1.0 + 1e-6], False),
        ([1], [1, 2], False),
        (["a"], ["b"], False),
        ([0.0], [1e-16], True),
    ],
)
def test_predictions_are_compared_by_relative_tolerance(one: Any, other: Any, same: bool) -> None:
    """Text and shape exactly, numbers within 1e-9."""
    assert (difference(one, other)[0] == "") is same
