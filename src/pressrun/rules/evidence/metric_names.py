"""What the names of captured numbers mean: a metric, a count of rows, or something that belongs to a metric. Pure.

A dictionary in a ``metrics`` cell is captured as dotted names, so ``auc = {"value": 0.8, "low": 0.7}`` and
``auc = 0.8; auc_low = 0.7`` say the same.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

COUNTS = ("n", "n_test", "n_train", "n_positive", "n_negative")
SEGMENTS = "segments"

_PART = re.compile(r"(?P<metric>.+)[._](?P<part>low|high|n|baseline|ci|folds|bootstrap|confidence)")
_ONE_OF_SEVERAL = re.compile(r"(?P<metric>.+)[._](?P<part>ci|folds|bootstrap)\.(?P<key>[^.]+)")
_SEVERAL = {"ci", "folds", "bootstrap"}
_TOKENS = re.compile(r"[._\s-]+")
_SHARES = {
    "accuracy", "precision", "recall", "sensitivity", "specificity", "fpr", "fnr", "tpr", "tnr", "ppv", "npv",
}  # fmt: skip
_NO_SHARES = {"balanced", "average", "macro", "weighted", "mean", "cv"}
_LOWER = {
    "error", "mae", "mse", "rmse", "mape", "smape", "wape", "loss", "logloss", "brier", "fpr", "fnr", "deviance",
    "perplexity", "ece",
}  # fmt: skip
_HIGHER = {
    "accuracy", "auc", "f1", "fbeta", "precision", "recall", "sensitivity", "specificity", "r2", "tpr", "tnr", "ppv",
    "npv", "gini", "kappa", "mcc", "ndcg", "map", "ap", "lift", "jaccard",
}  # fmt: skip


class Named(msgspec.Struct, kw_only=True):
    """A metric and everything that was captured with it.

    Attributes:
        value: of the metric itself, None where only what belongs to it was captured.
        parts: ``low``, ``n`` and so on -> value; `lists` likewise ``folds``, by key, in the order of the names.
    """

    value: object = None
    parts: dict[str, object] = {}
    lists: dict[str, dict[str, object]] = {}


def is_count(name: str) -> bool:
    """Whether a number counts rows and measures nothing.

    >>> is_count("n_test"), is_count("segments.north.n"), is_count("auc")
    (True, True, False)
    """
    return name.rpartition(".")[2] in COUNTS


def named(values: Mapping[str, object]) -> dict[str, Named]:
    """Return the metrics among captured values by name, each with what belongs to it; counts are left out.

    Args:
        values: name -> captured value.
    """
    found: dict[str, Named] = {}
    for name, value in values.items():
        if is_count(name):
            continue
        metric, part, key = _split(name)
        entry = found.setdefault(metric, Named(parts={}, lists={}))
        if not part:
            entry.value = value
        elif key:
            entry.lists.setdefault(part, {})[key] = value
        elif part in _SEVERAL and isinstance(value, Sequence) and not isinstance(value, str):
            entry.lists.setdefault(part, {}).update({str(at): item for at, item in enumerate(value)})
        else:
            entry.parts[part] = value
    return found


def _split(name: str) -> tuple[str, str, str]:
    several = _ONE_OF_SEVERAL.fullmatch(name)
    if several is not None:
        return several["metric"], several["part"], several["key"]
    match = _PART.fullmatch(name)
    return (match["metric"], match["part"], "") if match is not None else (name.removesuffix(".value"), "", "")


def tokens(name: str) -> list[str]:
    """Return the words of a metric's last name, lower case.

    >>> tokens("segments.north.ROC_AUC")
    ['roc', 'auc']
    """
    return [token for token in _TOKENS.split(name.rpartition(".")[2].lower()) if token]


def is_area(name: str) -> bool:
    """Whether it is the area under a ROC curve, and not under one of precision and recall."""
    words = set(tokens(name))
    return "auc" in words and not words & {"pr", "prc", "precision", "cv", "mean", "macro", "weighted"}


def share_of(name: str) -> Literal["", "own", "all"]:
    """Say whether a metric is a proportion: of all rows, of a denominator of its own, or none (the empty text).

    >>> share_of("accuracy"), share_of("recall"), share_of("balanced_accuracy"), share_of("rmse")
    ('all', 'own', '', '')
    """
    words = tokens(name)
    if set(words) & _NO_SHARES:
        return ""
    if "accuracy" in words or words[-2:] == ["error", "rate"]:
        return "all"
    return "own" if set(words) & _SHARES else ""


def direction(name: str) -> Literal["", "higher", "lower"]:
    """Say which values of a metric are better; the empty text where its name does not tell.

    >>> direction("test_auc"), direction("log_loss"), direction("temperature")
    ('higher', 'lower', '')
    """
    words = set(tokens(name))
    if words & _LOWER:
        return "lower"
    return "higher" if words & _HIGHER or {"average", "precision"} <= words else ""
