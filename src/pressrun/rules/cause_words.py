"""Causes of a difference, in words."""

from __future__ import annotations

from pressrun.records.comparison import Cause, Difference

WORDS: dict[Cause, str] = {
    "input-changed": "an input changed",
    "package-changed": "a package changed",
    "python-changed": "Python changed",
    "parameters-changed": "other parameters",
    "code-changed": "the code changed",
    "hidden-state": "hidden state: cells had been run in another order when the notebook was saved",
    "unseeded-randomness": "random numbers without a seed",
    "wall-clock": "the clock was read",
    "ordering": "an order that is not fixed",
    "nondeterminism": "nondeterminism: it varies by itself",
    "threads": "threads: the order of additions",
    "unknown": "unknown",
}
_SUPPOSED = frozenset({"unseeded-randomness", "wall-clock", "ordering", "nondeterminism"})


def certainty(difference: Difference) -> str:
    """Return how sure the cause is, to be put behind it; empty where the captures show it."""
    if difference.tested:
        return ", confirmed by a second run"
    return ", supposed from the source; a second run would tell" if difference.cause in _SUPPOSED else ""


def cause_sentence(difference: Difference) -> str:
    """Return the cause of a difference and what supports it, in words; empty where it is not known."""
    if difference.cause == "unknown":
        return ""
    told = "; ".join((f"{WORDS[difference.cause]}{certainty(difference)}", *difference.evidence))
    return f"{told[:1].upper()}{told[1:]}."
