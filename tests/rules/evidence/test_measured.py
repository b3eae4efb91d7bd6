"""Metrics get an interval where one can be computed, and otherwise say why not."""

import math

import pytest

from pressrun.records.outputs import CapturedValue, ComparedOutputs
from pressrun.rules.evidence.documents import BundleDocuments, Gathered
from pressrun.rules.evidence.measured import measured, metrics_of
from pressrun.rules.evidence.metric_names import direction, is_area, share_of
from pressrun.rules.intervals import hanley_mcneil, of_folds, of_resamples, wilson
from pressrun.testing.evidence import evidence_bundle

FOLDS = {str(at): value for at, value in enumerate([1.0, 1.1, 0.9, 1.05, 0.95])}
RESAMPLES = [0.7 + at / 1000 for at in range(100)]


def captured(**values):
    return ComparedOutputs(tolerance=1e-6, values=tuple(CapturedValue(name=n, value=v) for n, v in values.items()))


def facts_of(outputs):
    documents = BundleDocuments(manifest=evidence_bundle().manifest, outputs=outputs, outputs_digest="sha256:0")
    found = Gathered(documents)
    measured(documents, found)
    return found


def ends(metric):
    return (metric.low, metric.high)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"auc": 0.8, "auc_low": 0.7, "auc_high": 0.9}, (0.7, 0.9)),
        ({"auc": {"value": 0.8, "low": 0.7, "high": 0.9}}, (0.7, 0.9)),
        ({"auc": 0.8, "auc_ci": [0.7, 0.9]}, (0.7, 0.9)),
        ({"auc": 0.8, "auc_ci": {"low": 0.7, "high": 0.9}}, (0.7, 0.9)),
        ({"auc": 0.8, "n_positive": 40, "n_negative": 60.0}, hanley_mcneil(0.8, 40, 60)[:2]),
        ({"accuracy": 0.8, "n_test": 50}, wilson(0.8, 50)[:2]),
        ({"accuracy": 0.8, "accuracy_n": 70, "n_test": 50}, wilson(0.8, 70)[:2]),
        ({"error_rate": 0.2, "n_test": 50}, wilson(0.2, 50)[:2]),
        ({"recall": 0.8, "recall_n": 30}, wilson(0.8, 30)[:2]),
        ({"mae": 1.0, "mae_folds": FOLDS}, of_folds(list(FOLDS.values()))[:2]),
        ({"mae": 1.0, "mae_folds": list(FOLDS.values())}, of_folds(list(FOLDS.values()))[:2]),
        ({"f1": 0.75, "f1_bootstrap": RESAMPLES}, of_resamples(RESAMPLES)[:2]),
    ],
)
def test_the_interval_is_made_of_what_was_captured_for_it(values, expected):
    (metric,) = metrics_of(captured(**values)).values()
    assert expected == pytest.approx(ends(metric))


@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"rmse": 2.0, "n_test": 50}, "nothing that its interval could be computed from"),
        ({"recall": 0.8, "n_test": 50}, "recall_n, its own denominator, was not captured"),
        ({"balanced_accuracy": 0.8, "n_test": 50}, "nothing that its interval"),
        ({"average_precision": 0.8, "average_precision_n": 50}, "nothing that its interval"),
        ({"pr_auc": 0.8, "n_positive": 40, "n_negative": 60}, "nothing that its interval"),
        ({"auc": 0.8, "n_positive": 40}, "n_positive and n_negative were not captured"),
        ({"auc": 1.0, "n_positive": 40, "n_negative": 60}, "no width at 1"),
        ({"accuracy": 80.0, "n_test": 50}, "80 is no proportion"),
        ({"accuracy": 0.8, "n_test": 50.5}, "n_test was not captured"),
        ({"accuracy": 0.8}, "accuracy_n or n_test was not captured"),
        ({"mae": 1.0, "mae_folds": {"0": 1.0}}, "fewer than two folds"),
        ({"mae": 1.0, "mae_folds": {"0": 1.0, "1": "x"}}, "no number"),
        ({"f1": 0.7, "f1_bootstrap": [0.7, 0.8]}, "2 resamples are too few"),
        ({"auc": 0.8, "auc_low": 0.7, "n_positive": 40, "n_negative": 60}, "only a part of its interval"),
        ({"auc": 0.8, "auc_ci": None, "n_positive": 40, "n_negative": 60}, "only a part of its interval"),
        ({"auc": 0.8, "auc_ci": [0.7, 0.8, 0.9]}, "only a part of its interval"),
        ({"auc": 0.95, "auc_low": 0.7, "auc_high": 0.9}, "does not hold the value 0.95"),
        ({"accuracy": 0.8, "accuracy_n": None, "n_test": 50}, "was not captured"),
        ({"accuracy": 0.8, "accuracy_confidence": 7, "n_test": 50}, "the confidence that was captured with it is none"),
    ],
)
def test_a_metric_without_enough_for_an_interval_says_why(values, why):
    (metric,) = metrics_of(captured(**values)).values()
    assert ends(metric) == (None, None)
    assert metric.method.startswith("no interval: ")
    assert why in metric.method


def test_a_metric_that_has_only_folds_is_their_mean():
    assert pytest.approx(metrics_of(captured(mae_folds=FOLDS))["mae"].value) == 1.0


@pytest.mark.parametrize("value", [None, "0.8", True, math.nan, math.inf, [0.8]])
def test_what_is_no_finite_number_is_no_metric_but_a_gap(value):
    outputs = captured(auc=value)
    assert metrics_of(outputs) == {}
    found = facts_of(outputs)
    assert "metrics.auc" not in found.values
    assert found.gaps["metrics.auc"] == "it is no finite number"


def test_counts_segments_and_parts_are_no_metrics_of_their_own():
    outputs = captured(auc=0.8, auc_low=0.7, auc_high=0.9, n_test=5, segments={"north": {"auc": 0.7, "n": 4}})
    assert list(metrics_of(outputs)) == ["auc"]


def test_predictions_and_products_are_no_metrics():
    values = (
        CapturedValue(name="churn", kind="predictions", value=0.5),
        CapturedValue(name="p", kind="product", value=1),
    )
    assert metrics_of(ComparedOutputs(tolerance=0.0, values=values)) == {}


def test_segments_become_dotted_facts_with_their_rows():
    found = facts_of(captured(segments={"north": {"accuracy": 0.8, "n": 50}, "far.south": {"accuracy": 0.9}}))
    assert (found.values["segments.north.accuracy"].value, found.values["segments.north.accuracy.n"].value) == (0.8, 50)
    assert wilson(0.8, 50).low == found.values["segments.north.accuracy.low"].value
    assert found.values["segments.far.south.accuracy"].value == 0.9
    assert "segments.far.south.accuracy.n" in found.gaps


def test_without_a_metric_nothing_is_told_about_intervals():
    found = facts_of(captured(n_test=5))
    assert found.values["metrics.count"].value == 0
    assert "metrics.without_interval" not in found.values
    assert "no metric was captured" in found.gaps["metrics.without_interval"]


def test_a_metric_cannot_take_the_name_of_a_fact_about_metrics():
    found = facts_of(captured(without_interval=0.0, count=99.0, auc=0.8))
    assert "metrics.count" not in found.values
    assert "metrics.without_interval" not in found.values
    assert "the name is taken" in found.gaps["metrics.count"]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"auc": 0.8, "auc_low": 0.75, "auc_high": 0.85, "auc_baseline": 0.7}, True),
        ({"auc": 0.8, "auc_low": 0.75, "auc_high": 0.85, "auc_baseline": 0.75}, False),
        ({"auc": 0.8, "auc_low": 0.65, "auc_high": 0.85, "auc_baseline": 0.7}, False),
        ({"mae": 1.0, "mae_low": 0.9, "mae_high": 1.1, "mae_baseline": 1.5}, True),
        ({"mae": 1.0, "mae_low": 0.9, "mae_high": 1.1, "mae_baseline": 0.5}, False),
        ({"auc": 0.8, "auc_baseline": 0.7}, None),
        ({"auc": 0.8}, None),
        ({"warmth": 0.8, "warmth_low": 0.7, "warmth_high": 0.9, "warmth_baseline": 0.1}, None),
        ({"auc": 0.8, "auc_low": 0.75, "auc_high": 0.85, "auc_baseline": "x"}, None),
    ],
)
def test_a_baseline_is_beaten_only_by_the_whole_interval(values, expected):
    found = facts_of(captured(**values))
    fact = found.values.get("baseline.beaten")
    assert expected == (None if fact is None else fact.value)
    assert ("baseline.beaten" in found.gaps) == (expected is None)


@pytest.mark.parametrize(
    ("name", "area", "share", "better"),
    [
        ("auc", True, "", "higher"), ("test_roc_auc", True, "", "higher"), ("pr_auc", False, "", "higher"),
        ("accuracy", False, "all", "higher"), ("test_error_rate", False, "all", "lower"),
        ("precision_at_10", False, "own", "higher"), ("macro_recall", False, "", "higher"),
        ("brier", False, "", "lower"), ("log_loss", False, "", "lower"), ("warmth", False, "", ""),
        ("balanced_accuracy", False, "", "higher"), ("cv_auc", False, "", "higher"),
    ],
)  # fmt: skip
def test_a_metrics_name_tells_what_it_is(name, area, share, better):
    assert (area, share, better) == (is_area(name), share_of(name), direction(name))
