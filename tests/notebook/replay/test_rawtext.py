"""Long plain text is moved without being decoded, and comes out the same as if it had been."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.notebook.replay.rawtext import LONG, RawText, join, join_raw, plain_stream


def packed(text: str, *, tight: bool = False) -> bytes:
    separators = (",", ":") if tight else (", ", ": ")
    return json.dumps({"name": "stdout", "text": text}, ensure_ascii=False, separators=separators).encode()


@given(st.text(st.sampled_from('ab \n\t"\\\r\x0b\x7f\x1cé\u2028{}:,')), st.booleans())
def test_what_is_taken_as_plain_means_the_same(tail: str, tight: bool) -> None:
    text = "x\n" * LONG + tail
    found = plain_stream(packed(text, tight=tight))
    if found is None:
        assert not tail.isascii() or '"' in tail
        return
    name, body = found
    assert name == "stdout"
    assert RawText([body]).decoded() == text
    assert json.loads(b"".join(RawText([body]).encoded())) == text


@pytest.mark.parametrize(
    "content",
    [
        {"name": "stdout", "text": "short"},
        {"name": "stdout", "text": "long" * LONG, "x": 1},
        {"text": "long" * LONG, "name": "stdout"},
        {"name": "stdout", "text": ["long" * LONG]},
        {"name": "other", "text": "long" * LONG},
        {"name": "stdout", "tex": "long" * LONG},
        {"name": "stdout", "text": "é" * LONG},
        {"name": "stdout", "text": '"' + "long" * LONG},
    ],
)
def test_anything_else_is_left_to_the_decoder(content: dict[str, Any]) -> None:
    assert plain_stream(json.dumps(content, ensure_ascii=False).encode()) is None


def raw(body: bytes) -> RawText:
    return RawText([memoryview(body)])


def test_joining_decodes_only_where_it_must() -> None:
    assert join([raw(b"a\\n"), "b"]) == "a\nb"
    assert join_raw([raw(b"a\\n"), "b"]) == "a\nb"
    assert join_raw([]) == ""
    joined = join_raw([raw(b"a\\n"), raw(b"b")])
    assert isinstance(joined, RawText)
    assert joined.decoded() == "a\nb"
