"""JSON with one meaning, bounded before it is parsed."""

from __future__ import annotations

import contextlib
import json
import time
import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.strict_json import decode_json

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(st.characters(exclude_categories=["Cs"])), inner),
    max_leaves=20,
)  # fmt: skip


@given(VALUES, st.booleans())
def test_ordinary_json_is_read_as_it_is(value, ascii_only):
    raw = json.dumps(value, ensure_ascii=ascii_only).encode()
    assert decode_json(raw, max_bytes=1 << 20) == value


@pytest.mark.parametrize(
    ("raw", "about"),
    [
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"x": {"a": 1, "\\u0061": 2}}', "twice"),
        (b"[NaN]", "NaN"),
        (b"[-Infinity]", "Infinity"),
        (b"[" + b"9" * 200_000 + b"]", "digits"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 100_000, "nested"),
        (b'"\\ud800"', "surrogate"),
        (b'"\xff"', "UTF-8"),
        (b"\xef\xbb\xbf{}", "BOM"),
        (b"", "Expecting value"),
        (b"{} {}", "Extra data"),
        (b"x" * 2_000_000, "longer"),
        (b"[" + b"{}," * 300_000 + b"{}]", "lists and objects"),
        (b"[" + b"1," * 900_000 + b"1]", "values"),
    ],
)
def test_json_with_two_meanings_or_too_much_of_it_is_refused(raw, about):
    with pytest.raises(ValueError, match=about):
        decode_json(raw, max_bytes=1_900_000)


def test_brackets_inside_of_strings_are_no_depth():
    text = json.dumps(["[" * 1000, '\\"' + "{" * 1000, "\\"])
    assert decode_json(text.encode(), max_bytes=1 << 20) == json.loads(text)


@pytest.mark.parametrize("piece", [b"[", b'"', b'\\"', b"{}", b"[],", b'"",', b"1,", b'{"a":', b"\\", b'["'])
def test_four_megabytes_of_anything_are_refused_quickly(piece):
    raw = piece * ((4 << 20) // len(piece))
    started = time.process_time()
    with pytest.raises(ValueError, match=r"."):
        decode_json(raw, max_bytes=4 << 20)
    assert time.process_time() - started < 1


@pytest.mark.parametrize("piece", [b"[", b'"', b"{},", b'"ab",', b"1.5,", b'{"a":'])
def test_ten_thousand_files_worth_of_json_take_little_memory(piece):
    raw = b"[" + piece * 90_000 + b"1]"
    tracemalloc.start()
    with contextlib.suppress(ValueError):
        decode_json(raw, max_bytes=4 << 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 64 << 20
