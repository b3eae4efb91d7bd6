"""Text is compared word by word and number by number."""

from __future__ import annotations

import pytest

from pressrun.rules.compare.numbers import relative_difference
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.text import compare_text

SAME_HERE = CompareSettings()
ELSEWHERE = CompareSettings(same_environment=False)


@pytest.mark.parametrize(
    ("expected", "found", "sameness"),
    [
        ("R2 0.7486000000001", "R2 0.7486000000002", "within-tolerance"),
        ("loss 1.0000001", "loss 1.0000002", "within-tolerance"),
        ("loss 1.00001", "loss 1.00002", "different"),
        ("[1.5 2. ]", "[1.50000000001 2.            ]", "within-tolerance"),
        ("rows 1000000", "rows 1000001", "different"),
        ("id 12345678901234567890", "id 12345678901234567891", "different"),
        ("x = 3", "x = 3.0", "different"),
        ("array([[1.55]])", "array([1.55])", "different"),
        ("accuracy 0.91", "precision 0.91", "different"),
        ("nan", "nan ", "within-tolerance"),
        ("nan", "0.5", "different"),
        ("-0.5", "0.5", "different"),
        ("version 1.2.3", "version 1.2.4", "different"),
        ("2024-03-01", "2024-03-02", "different"),
        ("8.5e-10 x", "8.6e-10 x", "different"),
        ("foo bar", "foobar", "different"),
        ("1e999", "1e998", "within-tolerance"),
    ],
)
def test_words_must_match_and_floats_may_differ_in_their_last_digits(expected: str, found: str, sameness: str) -> None:
    assert compare_text(expected, found, SAME_HERE).sameness == sameness


def test_the_largest_relative_difference_is_named() -> None:
    verdict = compare_text("a 1.0 b 200.0", "a 1.1 b 201.0", SAME_HERE)
    assert verdict.relative_difference == pytest.approx(0.1 / 1.1)
    assert verdict.reason == "2 of 2 numbers differ, by up to 0.091 (relative)"
    assert (verdict.expected, verdict.found) == ("a 1.0 b 200.0", "a 1.1 b 201.0")


def test_rounding_noise_in_an_array_with_large_numbers_is_no_difference() -> None:
    """An inverse times its matrix gives ones and noise; the noise alone, outside an array, is a result."""
    assert compare_text("[[1.0 2.2e-16]]", "[[1.0 -1.1e-16]]", SAME_HERE).sameness == "within-tolerance"
    assert compare_text("p 1.3e-20 n 1.0", "p 1.3e-18 n 1.0", SAME_HERE).sameness == "different"


@pytest.mark.parametrize(
    ("expected", "found"),
    [
        ("{'b', 'a', 'c'}", "{'a', 'c', 'b'}"),
        ("{'x': 1, 'y': 2}", "{'y': 2, 'x': 1}"),
        ("b.csv\na.csv", "a.csv\nb.csv"),
    ],
)
def test_the_same_elements_in_another_order_are_named_as_such(expected: str, found: str) -> None:
    verdict = compare_text(expected, found, SAME_HERE)
    assert (verdict.sameness, verdict.ordering) == ("different", True)


DRIFT = [
    ("23.6166", "np.float64(23.6166)"),
    ("(1, 'a', True)", "(np.int64(1), np.str_('a'), np.True_)"),
    ("Name: x, dtype: object", "Name: x, dtype: str"),
    ("Index(['a'], dtype='object')", "Index(['a'], dtype='str')"),
    (" 1   name    3 non-null  object\ndtypes: object(1)", " 1   name    3 non-null  str   \ndtypes: str(1)"),
    ("<matplotlib.axes._subplots.AxesSubplot at «address»>", "<Axes: xlabel='x', ylabel='y'>"),
    ("[<matplotlib.lines.Line2D at «address»>]", "[<matplotlib.lines.Line2D object at «address»>]"),
    (
        "LogisticRegression(C=1.0, class_weight=None, dual=False,\n                   penalty='l2', solver='lbfgs')",
        "LogisticRegression()",
    ),
    ("0    None\n1    a", "0    NaN\n1    a"),
]


@pytest.mark.parametrize(("expected", "found"), DRIFT)
def test_another_notation_is_excused_only_between_different_environments(expected: str, found: str) -> None:
    """Inside one lock a change of representation is a difference."""
    elsewhere = compare_text(expected, found, ELSEWHERE)
    assert elsewhere.sameness == "normalised"
    assert elsewhere.masks
    assert compare_text(expected, found, SAME_HERE).sameness == "different"


def test_a_changed_parameter_of_an_estimator_is_no_drift() -> None:
    assert compare_text("SVC(C=10)", "SVC()", ELSEWHERE).sameness == "different"
    assert compare_text("SVC(C=1.0, degree=3, tol=0.1, coef0=0)", "SVC(C=10)", ELSEWHERE).sameness == "different"


def test_long_texts_are_compared_by_the_lines_that_differ() -> None:
    lines = [f"row {i} value {i / 7:.6f}" for i in range(20_000)]
    changed = [*lines]
    changed[15_000] = "row 15000 value 1.000000"
    verdict = compare_text("\n".join(lines), "\n".join(changed), SAME_HERE)
    assert verdict.sameness == "different"
    assert "2142.857143" in verdict.expected
    assert verdict.found == "row 15000 value 1.000000"
    inserted = compare_text("\n".join(lines), "\n".join([*lines[:99], "new", *lines[99:]]), SAME_HERE)
    assert inserted.sameness == "different"


def test_embedded_files_are_compared_as_a_whole() -> None:
    left, right = (f'src="data:image/png;base64,{letter * 4000}"' for letter in "AB")
    verdict = compare_text(left, right, SAME_HERE)
    assert verdict.sameness == "different"
    assert "4000 characters" in verdict.expected


@pytest.mark.parametrize(
    ("a", "b", "difference"),
    [(0.0, 0.0, 0.0), (1.0, 2.0, 0.5), (0.0, 1.0, 1.0), (float("nan"), float("nan"), 0.0), (1.0, -1.0, 2.0)],
)
def test_relative_difference_is_taken_from_the_larger_number(a: float, b: float, difference: float) -> None:
    assert relative_difference(a, b) == difference
