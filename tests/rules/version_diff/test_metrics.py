import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.records.metric import Metric
from pressrun.rules.version_diff.metrics import Interval, diff_metrics, difference_interval


def metric(value, low=None, high=None, **more):
    return Metric(value=value, low=low, high=high, **more)


def test_metrics_are_added_removed_changed_and_equal():
    before = {"auc": metric(0.8), "loss": metric(1.0), "same": metric(3.0, 2.0, 4.0)}
    after = {"auc": metric(0.9), "f1": metric(0.5), "same": metric(3.0)}
    found = diff_metrics(before, after)
    assert [(change.name, change.change) for change in found.changes] == [
        ("auc", "changed"), ("f1", "added"), ("loss", "removed"),
    ]  # fmt: skip
    assert found.changes[0].difference == pytest.approx(0.1)
    assert found.equal == 1


def test_without_both_intervals_nothing_is_said_of_chance():
    for before, after in [(metric(1), metric(2, 1, 3)), (metric(1, 0, 2), metric(2)), (metric(1, 0), metric(2, 1, 3))]:
        (change,) = diff_metrics({"a": before}, {"a": after}).changes
        assert (change.low, change.high, change.within) == (None, None, None)


def test_intervals_of_different_confidence_are_not_compared():
    assert difference_interval(metric(1, 0, 2), metric(5, 4, 6, confidence=0.99)) is None


def test_the_interval_of_the_difference_is_that_of_the_published_formula():
    # two symmetric intervals: half the width is the root of the squares' sum
    assert difference_interval(metric(1.0, 0.7, 1.3), metric(2.0, 1.6, 2.4)) == pytest.approx(Interval(0.5, 1.5))
    # asymmetric ones: the upper part of the first goes with the lower part of the second
    found = difference_interval(metric(0.5, 0.4, 0.8), metric(0.6, 0.2, 0.7))
    assert found == pytest.approx(Interval(0.1 - (0.4**2 + 0.3**2) ** 0.5, 0.1 + (0.1**2 + 0.1**2) ** 0.5))


def test_overlapping_intervals_may_still_differ_by_more_than_chance():
    (change,) = diff_metrics({"a": metric(0.0, -1.0, 1.0)}, {"a": metric(1.8, 0.8, 2.8)}).changes
    assert change.within is False


def test_a_difference_that_the_intervals_allow_is_within():
    (change,) = diff_metrics({"a": metric(0.80, 0.78, 0.82)}, {"a": metric(0.81, 0.79, 0.83)}).changes
    assert change.within is True


NUMBERS = st.floats(-1e6, 1e6)


@given(st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted), st.tuples(NUMBERS, NUMBERS, NUMBERS).map(sorted))
def test_the_other_way_round_the_interval_is_mirrored(one, other):
    before, after = metric(one[1], one[0], one[2]), metric(other[1], other[0], other[2])
    there, back = difference_interval(before, after), difference_interval(after, before)
    assert there.low == pytest.approx(-back.high, abs=1e-6)
    assert there.low <= after.value - before.value <= there.high


def test_equal_proportions_are_called_different_about_as_often_as_the_confidence_says():
    draw = random.Random(7)

    def measured(n=400, p=0.8):
        found = sum(draw.random() < p for _ in range(n)) / n
        half = statistics.NormalDist().inv_cdf(0.975) * (found * (1 - found) / n) ** 0.5
        return metric(found, found - half, found + half)

    outside = sum(
        not (interval.low <= 0 <= interval.high)
        for interval in (difference_interval(measured(), measured()) for _ in range(1_000))
    )
    assert 25 <= outside <= 80  # 50 expected
