"""Intervals agree with published tables and with scipy, and nothing is made up where a formula gives nothing."""

import math
import random
from statistics import NormalDist, stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.intervals import (
    hanley_mcneil,
    normal_quantile,
    of_folds,
    of_resamples,
    student_quantile,
    wilson,
)

PROBABILITIES = [0.0001, 0.025, 0.3, 0.5, 0.9, 0.95, 0.975, 0.995, 0.9995]


@pytest.mark.parametrize("degrees", [1, 2, 3, 4, 5, 6, 9, 10, 29, 30, 99, 250, 1001])
def test_the_t_quantile_is_that_of_scipy(degrees):
    stats = pytest.importorskip("scipy.stats")
    expected = [stats.t.ppf(probability, degrees) for probability in PROBABILITIES]
    assert expected == pytest.approx([student_quantile(p, degrees) for p in PROBABILITIES], rel=1e-8, abs=1e-9)


@pytest.mark.parametrize(
    ("degrees", "expected"), [(1, 12.706), (2, 4.303), (3, 3.182), (4, 2.776), (9, 2.262), (30, 2.042), (120, 1.980)]
)
def test_the_t_quantile_is_that_of_the_printed_table(degrees, expected):
    assert expected == round(student_quantile(0.975, degrees), 3)


@pytest.mark.parametrize(("probability", "degrees"), [(0.0, 3), (1.0, 3), (1.2, 3), (math.nan, 3), (0.9, 0)])
def test_a_quantile_of_no_probability_or_no_freedom_is_refused(probability, degrees):
    with pytest.raises(ValueError, match=r"probability|fewer than two"):
        student_quantile(probability, degrees)


def test_the_normal_quantile_refuses_what_is_no_probability():
    with pytest.raises(ValueError, match="no probability"):
        normal_quantile(1.0)


@pytest.mark.parametrize(
    ("successes", "rows", "low", "high"),
    # Newcombe 1998, "Two-sided confidence intervals for the single proportion", table I, method 3
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0000, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_score_interval_is_that_of_newcombes_table(successes, rows, low, high):
    found = wilson(successes / rows, rows)
    assert (low, high) == (round(found.low, 4), round(found.high, 4))


@given(st.integers(1, 5000), st.floats(0, 1))
def test_the_score_interval_holds_the_share_and_stays_in_the_scale(rows, share):
    low, high, _ = wilson(share, rows)
    assert 0.0 <= low <= share + 1e-12
    assert share - 1e-12 <= high <= 1.0


@given(st.integers(1, 2000), st.floats(0.01, 0.99))
def test_ten_times_the_rows_give_a_narrower_score_interval(rows, share):
    few, many = wilson(share, rows), wilson(share, rows * 10)
    assert many.high - many.low < few.high - few.low


@pytest.mark.parametrize("bad", [(0.5, 0), (1.01, 10), (-0.1, 10), (math.nan, 10)])
def test_a_share_of_no_rows_or_outside_the_scale_has_no_interval(bad):
    with pytest.raises(ValueError, match=r"no rows|no proportion"):
        wilson(*bad)


def test_the_area_has_the_standard_error_that_exponential_scores_show():
    # the formula is exact for exponential scores: P(positive > negative) = 0.8 for rates 1 and 4
    draw = random.Random(7)

    def area() -> float:
        negative = [draw.expovariate(4.0) for _ in range(30)]
        return sum(p > n for p in (draw.expovariate(1.0) for _ in range(20)) for n in negative) / 600

    expected = stdev(area() for _ in range(2000))
    found = hanley_mcneil(0.8, 20, 30)
    assert expected == pytest.approx((found.high - 0.8) / NormalDist().inv_cdf(0.975), rel=0.05)


@pytest.mark.parametrize("bad", [(0.0, 10, 10), (1.0, 10, 10), (0.8, 0, 10), (0.8, 10, 0), (1.2, 10, 10)])
def test_an_area_at_the_edge_or_without_rows_has_no_interval(bad):
    with pytest.raises(ValueError, match=r"no width|no rows|no area"):
        hanley_mcneil(*bad)


def test_the_interval_of_folds_is_wider_than_the_plain_t_interval():
    values = [0.81, 0.79, 0.84, 0.80, 0.82]
    stats = pytest.importorskip("scipy.stats")
    plain = stats.t.interval(0.95, 4, loc=0.812, scale=stats.sem(values))
    found = of_folds(values)
    assert found.high - found.low == pytest.approx((plain[1] - plain[0]) * math.sqrt(1 + 5 / 4))


@pytest.mark.parametrize("values", [[], [0.8], [0.8, 0.8, 0.8]])
def test_folds_that_tell_nothing_about_their_spread_have_no_interval(values):
    with pytest.raises(ValueError, match=r"fewer than two folds|all folds are equal"):
        of_folds(values)


def test_the_percentiles_of_resamples_are_those_of_numpy():
    numpy = pytest.importorskip("numpy")
    values = [random.Random(seed).random() for seed in range(501)]
    found = of_resamples(values)
    assert list(numpy.percentile(values, [2.5, 97.5])) == pytest.approx([found.low, found.high])


def test_too_few_resamples_have_no_interval():
    with pytest.raises(ValueError, match="39 resamples are too few"):
        of_resamples([0.1] * 39)
