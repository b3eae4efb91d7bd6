"""HTML and SVG are compared by structure; random ids are masked."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pressrun.records.comparison import OutputComparison

HTML = "text/html"
ONE, TWO = "3f2504e0-4f89-11d3-9a0c-0305e82c3301", "b1901b7f-3c2d-4e5f-8a9b-0c1d2e3f4a5b"


def styler(identifier: str, value: str = "1.500000") -> str:
    return (
        f'<style type="text/css">\n#T_{identifier}_row0_col0 {{\n  color: red;\n}}\n</style>\n'
        f'<table id="T_{identifier}">\n'
        f'<tbody><tr><th id="T_{identifier}_level0_row0" class="row_heading">0</th>'
        f'<td id="T_{identifier}_row0_col0" class="data row0 col0" >{value}</td></tr></tbody></table>'
    )


PAIRS = [
    ("styler", styler("0d0ab"), styler("fffe1"), "styler-id"),
    ("plotly div", f'<div id="{ONE}" class="plot"></div>', f'<div id="{TWO}" class="plot"></div>', "random-id"),
    (
        "sklearn",
        '<div id="sk-container-id-1" class="sk-top-container"><pre>SVC()</pre></div>',
        '<div id="sk-container-id-4" class="sk-top-container"><pre>SVC()</pre></div>',
        "sklearn-html-id",
    ),
    (
        "animation",
        "<img id='_anim_img" + ONE.replace("-", "") + "'>",
        "<img id='_anim_img" + TWO.replace("-", "") + "'>",
        "random-id",
    ),
    (
        "fitted search",
        '<tr><td class="param">\n refit_time_\n </td><td>float</td><td>0.1715</td></tr>',
        '<tr><td class="param">\n refit_time_\n </td><td>float</td><td>0.2222</td></tr>',
        "fit-time",
    ),
    (
        "results in a repr",
        "<td>{&#x27;mean_fit_time&#x27;: array([0.36, 0.28]), &#x27;rank&#x27;: 1}</td>",
        "<td>{&#x27;mean_fit_time&#x27;: array([0.11, 0.22]), &#x27;rank&#x27;: 1}</td>",
        "fit-time",
    ),
]


@pytest.mark.parametrize(("name", "expected", "found", "rule"), PAIRS, ids=[pair[0] for pair in PAIRS])
def test_random_parts_of_html_are_masked_and_listed(
    compare_one: Callable[..., OutputComparison], name: str, expected: str, found: str, rule: str
) -> None:
    output = compare_one(HTML, expected, found)
    assert output.sameness == "normalised"
    assert [mask.rule for mask in output.masks] == [rule]


def test_a_changed_value_beside_a_random_id_is_found(compare_one: Callable[..., OutputComparison]) -> None:
    output = compare_one(HTML, styler("0d0ab"), styler("fffe1", "1.600000"))
    assert output.sameness == "different"
    assert "1.500000" in output.expected


def test_the_order_of_attributes_and_white_space_are_no_difference(
    compare_one: Callable[..., OutputComparison],
) -> None:
    output = compare_one(HTML, '<p class="a"  title="b">x  y</p>', '<p title="b" class="a">\n x y</p>')
    assert output.sameness == "normalised"


def test_ids_are_compared_by_where_they_are_used(compare_one: Callable[..., OutputComparison]) -> None:
    left = '<p id="alpha"></p><p id="beta"></p><a href="#alpha">x</a>'
    renamed = '<p id="one"></p><p id="two"></p><a href="#one">x</a>'
    swapped = '<p id="one"></p><p id="two"></p><a href="#two">x</a>'
    assert compare_one(HTML, left, renamed).sameness == "normalised"
    assert compare_one(HTML, left, swapped).sameness == "different"


def test_another_element_is_another_structure(compare_one: Callable[..., OutputComparison]) -> None:
    output = compare_one(HTML, "<ul><li>a</li></ul>", "<ul><li>a</li><li>b</li></ul>")
    assert (output.sameness, output.reason) == ("different", "the structure differs")


def test_numbers_in_html_have_the_tolerance(compare_one: Callable[..., OutputComparison]) -> None:
    assert compare_one(HTML, "<b>0.1234567890123</b>", "<b>0.1234567890124</b>").sameness == "within-tolerance"
    assert compare_one(HTML, "<b>0.12345</b>", "<b>0.12346</b>").sameness == "different"


def svg(identifier: str, date: str, x: str = "10.5") -> str:
    return (
        f"<svg><metadata><dc:date>{date}</dc:date></metadata><defs>"
        f'<clipPath id="p{identifier}"><rect x="{x}"/></clipPath>'
        f'</defs><path clip-path="url(#p{identifier})" d="M {x} 20.25 L 30 40"/></svg>'
    )


def test_a_drawing_of_the_same_shapes_is_the_same(compare_one: Callable[..., OutputComparison]) -> None:
    mime = "image/svg+xml"
    left = svg("0123456789", "2026-11-23T00:41:12.1")
    assert compare_one(mime, left, svg("abcdefabcd", "2026-11-24T00:41:12.1")).sameness == "normalised"
    moved = compare_one(mime, left, svg("0123456789", "2026-11-23T00:41:12.1", "11.5"))
    assert moved.sameness == "different"


def test_an_estimators_looks_are_left_to_its_text_between_environments(
    cell: Callable[..., object], shown: Callable[..., object]
) -> None:
    """The HTML of an estimator changes with every release of scikit-learn."""
    from pressrun.rules.compare.notebooks import compare_cells
    from pressrun.rules.compare.settings import CompareSettings

    sides = [
        [cell("m", shown({"text/plain": "SVC()", "text/html": f'<div class="sk-top-container">{looks}</div>'}))]
        for looks in ("<pre>SVC()</pre>", "<table>new</table>")
    ]
    elsewhere = CompareSettings(same_environment=False)
    assert compare_cells(*sides, settings=elsewhere).sameness == "identical"  # type: ignore[arg-type]
    assert compare_cells(*sides).sameness == "different"  # type: ignore[arg-type]
