"""Markup is read as a browser would, and in linear time."""

from __future__ import annotations

import time

import pytest

from pressrun.rules.compare.markup import Token, read_markup
from pressrun.rules.compare.tables import mask_time_columns, read_table


def shown(markup: str) -> list[str]:
    return [token.shown() for token in read_markup(markup)]


@pytest.mark.parametrize(
    ("markup", "tokens"),
    [
        ("<p>a  b</p>", ["<p>", "a b", "</p>"]),
        ('<IMG SRC="a>b.png" alt=\'x "y"\'/>', ["<img alt='x \"y\"' src='a>b.png'>"]),
        ("a &lt; b &amp; c", ["a < b & c"]),
        ("a < b", ["a < b"]),
        ("<!-- no --><b>x", ["<b>", "x"]),
        ("<!DOCTYPE html><br>", ["<br>"]),
        ("<script>if (a < b) '</p>'</script>x", ["<script>", "if (a < b) '</p>'", "</script>", "x"]),
        ("<pre>a\n  b</pre>", ["<pre>", "a\n  b", "</pre>"]),
        ("<input disabled value=3>", ["<input disabled='' value='3'>"]),
        ("<a b='never closed", ["<a b='never closed"]),
        ("&#" + "9" * 5000 + ";", ["&#" + "9" * 5000 + ";"]),
        ("", []),
    ],
)
def test_markup_is_read_into_tags_and_texts(markup: str, tokens: list[str]) -> None:
    assert shown(markup) == tokens


def test_attributes_are_sorted() -> None:
    assert read_markup("<a z=1 b='2'>") == [Token("start", "a", (("b", "2"), ("z", "1")))]


SEEDS = [
    "<!--", "<![CDATA[", "<a ", "<a b='", "</", "&#", "&#1", "<", "<?", "<!", "<script>", "<style><", "<pre>", "<td>",
    "<a b=c'",
    "<table class='dataframe'><tr>", "<td rowspan=9999 colspan=9999>", "</a ", "<a/", "<a b=\"c\" ", " =",
    "<th>fit_time</th>",
    "<table ", "</tr>", "<tr><td>1.5</td></tr>refit_time_",
]  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_no_markup_is_slow(seed: str) -> None:
    markup = (seed * (200_000 // len(seed) + 1))[:200_000]
    start = time.process_time()
    read_markup(markup)
    mask_time_columns(markup + "fit_time", [])
    read_table(markup)
    assert time.process_time() - start < 4
