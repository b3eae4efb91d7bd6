"""Long plain text is moved without being decoded, and comes out the same as if it had been."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.notebook.replay.rawtext import RawText, join, join_raw, raw_stream


def packed(text: str, *, tight: bool = False) -> bytes:
    separators = (",", ":") if tight else (", ", ": ")
    return json.dumps({"name": "stdout", "text": text}, ensure_ascii=False, separators=separators).encode()


@given(st.text(st.sampled_from('ab \n\t"\\\r\x0b\x7f\x1cé\u2028{}:,')), st.booleans())
def test_what_is_taken_as_plain_means_the_same(text: str, tight: bool) -> None:
    content = raw_stream(packed(text, tight=tight))
    if content is None:
        assert not text.isascii() or '"' in text
        return
    assert content["text"].decoded() == text
    assert json.loads(content["text"].encoded()) == text


@pytest.mark.parametrize(
    "content",
    [
        b'{"name":"stdout","text":"a","x":"b"}',
        b'{"text":"a","name":"stdout"}',
        '{"name":"stdout","text":"é"}'.encode(),
        b'{"name":"stdout","text":["a"]}',
        b'{"name":"other","text":"a"}',
        b"{}",
        b"",
    ],
)
def test_anything_else_is_left_to_the_decoder(content: bytes) -> None:
    assert raw_stream(content) is None


def test_joining_decodes_only_where_it_must() -> None:
    assert join([RawText(b"a\\n"), "b"]) == "a\nb"
    assert join_raw([RawText(b"a\\n"), "b"]) == "a\nb"
    joined = join_raw([RawText(b"a\\n"), RawText(b"b")])
    assert isinstance(joined, RawText)
    assert joined.decoded() == "a\nb"
