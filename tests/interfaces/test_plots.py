"""A metric drawn in a terminal and as SVG."""

import re
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.actions.runs_log import MetricSeries, PlotPoint
from pressrun.interfaces.cli.svg_plot import page, svg
from pressrun.interfaces.cli.terminal_plot import draw

SVG = "{http://www.w3.org/2000/svg}"


def series(*values, metric="auc", title="churn", bars=0.0, labels=None, without=0):
    points = tuple(
        PlotPoint(label=labels[index] if labels else str(index + 1), value=value,
                  low=value - bars if bars else None, high=value + bars if bars else None)
        for index, value in enumerate(values)
    )  # fmt: skip
    return MetricSeries(metric=metric, title=title, along="version", points=points, without=without)


def test_the_terminal_shows_values_ticks_labels_and_what_is_missing():
    assert draw(series(0.8, 0.9, 0.85, without=2), width=30, height=6) == [
        "auc of churn",
        "0.90 ┤            ●",
        "     │",
        "     │",
        "0.85 ┤                       ●",
        "     │",
        "0.80 ┤●",
        "     └────────────────────────",
        "      1           2          3",
        "      version, 3 shown; 2 without it",
    ]


def test_an_interval_is_a_bar_through_its_value():
    lines = draw(series(0.8, 0.9, bars=0.05), width=30, height=11)
    column = lines[1].index("┤") + 1  # of the first point
    drawn = [line[column : column + 1].strip() for line in lines[1:12]]
    assert re.fullmatch("┬│+●│+┴", "".join(drawn))
    assert "bars are intervals" in lines[-1]


def test_a_terminal_without_unicode_gets_ascii_only():
    for many in (3, 300):
        lines = draw(series(*range(many), metric="größe", bars=0.5), unicode=False)
        assert all(line.isascii() for line in lines)
        assert "o" in "".join(lines[1:-3])


def test_many_points_become_one_line_of_dots():
    drawn = "".join(draw(series(*range(300)))[1:-3])
    assert "●" not in drawn
    assert any("\u2800" < character <= "\u28ff" for character in drawn)


NUMBERS = st.floats(allow_nan=False, allow_infinity=False)


@given(
    st.lists(NUMBERS, min_size=1, max_size=80),
    st.integers(0, 200),
    st.integers(0, 40),
    st.booleans(),
    st.text(max_size=20),
)
def test_whatever_is_drawn_no_line_is_wider_than_the_terminal_and_none_steers_it(values, width, height, unicode, text):
    lines = draw(
        series(*values, metric="auc", title=text, labels=[text] * 80), width=width, height=height, unicode=unicode
    )
    for line in lines[1:-1]:
        assert len(line) <= max(width, 24)
    assert all(line.isprintable() for line in lines)


def test_the_svg_has_a_mark_for_each_value_and_a_bar_for_each_interval():
    root = ElementTree.fromstring(svg(series(0.8, 0.9, 0.85, bars=0.01)))
    assert len(root.findall(f"{SVG}circle")) == 3
    assert len(root.findall(f"{SVG}path")) == 3
    assert root.find(f"{SVG}title").text == "auc of churn"
    assert "0.8 to 0.9" in root.find(f"{SVG}desc").text
    assert root.find(f"{SVG}circle/{SVG}title").text == "1: 0.8 (0.79 to 0.81)"


def test_a_higher_value_stands_higher():
    root = ElementTree.fromstring(svg(series(0.1, 0.5, 0.3)))
    heights = [float(circle.get("cy")) for circle in root.findall(f"{SVG}circle")]
    assert heights[1] < heights[2] < heights[0]


EVIL = [
    "<script>alert(1)</script>", '"/><a href="javascript:x">', "</title></svg><img src=x onerror=y>", "\x00\x1b[31m",
    "&amp;", "]]>", "\ufffe", "{svg}{0}",
]  # fmt: skip


@pytest.mark.parametrize("text", EVIL)
def test_names_are_text_in_every_place_where_they_are_shown(text):
    drawn = series(0.8, 0.9, metric=text, title=text, labels=[text, text])
    root = ElementTree.fromstring(svg(drawn))
    allowed = {
        f"{SVG}{name}" for name in ("svg", "style", "title", "desc", "text", "line", "polyline", "circle", "path")
    }
    assert {element.tag for element in root.iter()} <= allowed
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    shown = page(drawn)
    assert shown.count("<svg") == 1
    assert "<script" not in shown
    assert "<img" not in shown


def test_the_page_may_load_and_run_nothing():
    shown = page(series(0.8))
    assert "default-src 'none'" in shown
    assert "http" not in shown.replace("http://www.w3.org/2000/svg", "").replace("http-equiv", "")


@given(st.lists(NUMBERS, min_size=1, max_size=30), st.text())
def test_every_svg_is_well_formed(values, text):
    ElementTree.fromstring(svg(series(*values, metric=text, title=text, bars=1.0)))
