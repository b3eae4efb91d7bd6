"""The parameters of every kind of check, and which way of moving one asks for more."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

from pressrun.records.policy import Kind

Direction = Literal["up", "down", "fewer", "more", "fixed"]
"""Which way is stricter: a higher or lower number, a shorter or longer list, or no way at all."""


class Parameter(NamedTuple):
    """One parameter of a kind.

    Attributes:
        type: ``number``, ``count``, ``flag``, ``texts``, ``values`` or ``text``.
        required: whether it has to be given; `default` holds where it is not.
    """

    type: str
    direction: Direction
    required: bool = False
    default: Any = None


PARAMETERS: dict[Kind, dict[str, Parameter]] = {
    "required": {},
    "is_true": {},
    "at_least": {
        "value": Parameter("number", "up", required=True),
        "lower_end": Parameter("flag", "up", default=False),
    },
    "at_most": {"value": Parameter("number", "down", required=True)},
    "each_at_least": {
        "value": Parameter("number", "up", required=True),
        "min_n": Parameter("count", "up", default=0),
        "min_segments": Parameter("count", "up", default=1),
    },
    "within": {
        "low": Parameter("number", "up", required=True),
        "high": Parameter("number", "down", required=True),
    },
    "one_of": {"values": Parameter("values", "fewer", required=True)},
    "not_in": {"values": Parameter("values", "more", required=True)},
    "count_at_most": {"value": Parameter("number", "down", required=True)},
    "fresh": {"max_age_days": Parameter("number", "down", required=True)},
    "approvals": {
        "count": Parameter("count", "up", required=True),
        "other_team": Parameter("count", "up", default=0),
        "roles": Parameter("texts", "fewer", default=()),
        "max_age_days": Parameter("number", "down", default=30.0),
    },
    "statement": {"max_age_days": Parameter("number", "down", default=366.0)},
    "judged": {"max_age_days": Parameter("number", "down", default=366.0)},
    "custom": {},
}
WITHOUT_FACT: frozenset[Kind] = frozenset({"approvals", "statement"})
CUSTOM = "custom."
"""What the fact of a custom check begins with; the rest names the entry point."""
WITH_WHO: frozenset[Kind] = frozenset({"statement", "judged"})


def stricter_or_equal(direction: Direction, new: Any, old: Any) -> bool:
    """Whether a parameter's new value asks for as much as the old one, or more.

    >>> stricter_or_equal("up", 0.8, 0.78), stricter_or_equal("fewer", ("R4",), ("R3", "R4"))
    (True, True)
    """
    if direction == "up":
        return bool(new >= old)
    if direction == "down":
        return bool(new <= old)
    if direction == "fewer":
        # no roles named means any role, which is the loosest there is
        return (bool(new) or not old) and (not old or set(map(repr, new)) <= set(map(repr, old)))
    if direction == "more":
        return set(map(repr, new)) >= set(map(repr, old))
    return bool(new == old)
