"""Confidence intervals of measured values, from published formulas and the standard library alone. Pure. Stable.

Every function returns both ends. Where a formula gives nothing that can be believed (no rows, a width of zero at the
edge of the scale) it raises ``ValueError`` with a sentence that says why: a missing interval is told, never made up.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import NormalDist, fmean, stdev
from typing import NamedTuple

CONFIDENCE = 0.95
FEWEST_RESAMPLES = 40  # below, a 2.5 % percentile of resampled values is hardly more than the smallest of them
_MOST_STEPS = 100
_CLOSE = 1e-13


class Interval(NamedTuple):
    """Both ends of an interval; `method` names the formula."""

    low: float
    high: float
    method: str


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution.

    Args:
        probability: between 0 and 1, both excluded.

    Raises:
        ValueError: it is not.
    """
    if not 0.0 < probability < 1.0:
        raise ValueError(f"{probability} is no probability between 0 and 1")
    return NormalDist().inv_cdf(probability)


def student_quantile(probability: float, degrees: int) -> float:
    """Return the quantile of Student's t distribution.

    Closed forms for 1 and 2 degrees of freedom; else the expansion around the normal quantile (M. Abramowitz and I. A.
    Stegun 1964, "Handbook of Mathematical Functions", 26.7.5), made exact by Newton's steps on the distribution
    function, which is a finite sum for whole degrees of freedom (26.7.3 and 26.7.4 there).

    Args:
        probability: between 0 and 1, both excluded.
        degrees: of freedom, 1 or more.

    Raises:
        ValueError: an argument is out of its range.
    """
    if degrees < 1:
        raise ValueError("there are fewer than two values")
    if not 0.0 < probability < 1.0:
        raise ValueError(f"{probability} is no probability between 0 and 1")
    if degrees == 1:
        return math.tan(math.pi * (probability - 0.5))
    spread = 4.0 * probability * (1.0 - probability)
    if degrees == 2:
        return (2.0 * probability - 1.0) * math.sqrt(2.0 / spread)
    found = _expanded(probability, degrees)
    for _ in range(_MOST_STEPS):
        step = (_student_cdf(found, degrees) - probability) / _student_density(found, degrees)
        found -= step
        if abs(step) <= _CLOSE * (1.0 + abs(found)):
            break
    return found


def _expanded(probability: float, degrees: int) -> float:
    """Return the first terms of the expansion around the normal quantile; a start for Newton's steps."""
    x = normal_quantile(probability)
    terms = (
        (x**3 + x) / 4.0,
        (5.0 * x**5 + 16.0 * x**3 + 3.0 * x) / 96.0,
        (3.0 * x**7 + 19.0 * x**5 + 17.0 * x**3 - 15.0 * x) / 384.0,
    )
    return x + sum(term / float(degrees**power) for power, term in enumerate(terms, start=1))


def _student_density(t: float, degrees: int) -> float:
    log_scale = math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2) - 0.5 * math.log(degrees * math.pi)
    return math.exp(log_scale - (degrees + 1) / 2 * math.log1p(t * t / degrees))


def _student_cdf(t: float, degrees: int) -> float:
    angle = math.atan(t / math.sqrt(degrees))
    cosine = math.cos(angle)
    term = total = 1.0 if degrees % 2 == 0 else cosine
    first = 0 if degrees % 2 == 0 else 1
    for step in range(first + 2, degrees - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    within = math.sin(angle) * total
    if degrees % 2:
        within = 2.0 / math.pi * (angle + within)
    return 0.5 + within / 2.0


def wilson(share: float, rows: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the score interval of a proportion.

    E. B. Wilson (1927), "Probable inference, the law of succession, and statistical inference", Journal of the American
    Statistical Association 22(158), 209-212.

    Args:
        share: successes by rows, from 0 to 1.
        rows: of the denominator, 1 or more.
        confidence: of the two-sided interval.

    Raises:
        ValueError: there are no rows, or `share` is no proportion.
    """
    if rows < 1:
        raise ValueError("it was measured on no rows")
    if not 0.0 <= share <= 1.0:
        raise ValueError(f"{share:g} is no proportion")
    z = normal_quantile(0.5 + confidence / 2.0)
    denominator = 1.0 + z * z / rows
    middle = (share + z * z / (2.0 * rows)) / denominator
    half = z / denominator * math.sqrt(share * (1.0 - share) / rows + z * z / (4.0 * rows * rows))
    return Interval(max(0.0, middle - half), min(1.0, middle + half), f"Wilson score interval (1927), n={rows}")


def hanley_mcneil(area: float, positives: int, negatives: int, confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the area under a ROC curve.

    J. A. Hanley and B. J. McNeil (1982), "The meaning and use of the area under a receiver operating characteristic
    (ROC) curve", Radiology 143(1), 29-36, equations 1 and 2.

    Args:
        area: from 0 to 1.
        positives: rows of the positive class; `negatives` of the other.
        negatives: see there.
        confidence: of the two-sided interval.

    Raises:
        ValueError: a class has no rows, `area` is none, or it is 0 or 1, where the formula's width is zero.
    """
    if positives < 1 or negatives < 1:
        raise ValueError("a class has no rows")
    if not 0.0 <= area <= 1.0:
        raise ValueError(f"{area:g} is no area under a curve")
    if area in {0.0, 1.0}:
        raise ValueError(f"the formula of Hanley and McNeil has no width at {area:g}; give bootstrap values")
    one = area / (2.0 - area)
    two = 2.0 * area * area / (1.0 + area)
    square = area * area
    variance = (
        area * (1.0 - area) + (positives - 1) * (one - square) + (negatives - 1) * (two - square)
    ) / (positives * negatives)  # fmt: skip
    half = normal_quantile(0.5 + confidence / 2.0) * math.sqrt(variance)
    method = f"Hanley and McNeil (1982), {positives} positive and {negatives} negative"
    return Interval(max(0.0, area - half), min(1.0, area + half), method)


def of_folds(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the interval of the mean over the folds of a cross-validation.

    Folds share their training rows, so the plain t interval is too narrow; the variance is corrected by C. Nadeau and
    Y. Bengio (2003), "Inference for the generalization error", Machine Learning 52, 239-281: ``(1/k + test/train) s²``,
    where k folds give ``test/train = 1/(k-1)``.

    Args:
        values: one a fold, two or more.
        confidence: of the two-sided interval.

    Raises:
        ValueError: there are fewer than two folds, or they are all equal.
    """
    folds = len(values)
    if folds < 2:
        raise ValueError("there are fewer than two folds")
    spread = stdev(values)
    if spread == 0.0:
        raise ValueError("all folds are equal, so that nothing tells how they vary")
    half = student_quantile(0.5 + confidence / 2.0, folds - 1) * spread * math.sqrt(1.0 / folds + 1.0 / (folds - 1))
    middle = fmean(values)
    return Interval(middle - half, middle + half, f"corrected t interval over {folds} folds (Nadeau and Bengio 2003)")


def of_resamples(values: Sequence[float], confidence: float = CONFIDENCE) -> Interval:
    """Return the percentile interval of bootstrap values.

    B. Efron and R. J. Tibshirani (1993), "An introduction to the bootstrap", section 13.3; percentiles by linear
    interpolation between order statistics (R. J. Hyndman and Y. Fan 1996, definition 7).

    Args:
        values: of the resamples.
        confidence: of the two-sided interval.

    Raises:
        ValueError: there are too few.
    """
    if len(values) < FEWEST_RESAMPLES:
        raise ValueError(f"{len(values)} resamples are too few, {FEWEST_RESAMPLES} are the least")
    ordered = sorted(values)
    tail = (1.0 - confidence) / 2.0
    method = f"bootstrap percentiles of {len(values)} resamples"
    return Interval(_percentile(ordered, tail), _percentile(ordered, 1.0 - tail), method)


def _percentile(ordered: Sequence[float], share: float) -> float:
    position = share * (len(ordered) - 1)
    below = math.floor(position)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (position - below) * (ordered[above] - ordered[below])
