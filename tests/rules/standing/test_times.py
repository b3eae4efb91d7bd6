"""Times that no single clock decides."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records.standing import Standing
from pressrun.rules.standing.times import MAX_WITNESSES, expired, latest_since, witness


def test_what_was_seen_since_counts_and_what_was_seen_before_does_not(at: Any) -> None:
    """Entry 2 bears a time far ahead: it counts for what is as old as that, and for nothing younger."""
    standing = Standing()
    for seq, minute in ((1, 0), (2, 999), (3, 5), (4, 7)):
        assert witness(standing, seq, at(minute))
    found = [latest_since(standing, seq, at(6)) for seq in (1, 2, 3, 4, 5)]
    assert found == [at(999), at(999), at(7), at(7), at(6)]


def test_a_clock_that_goes_forward_leaves_one_witness(at: Any) -> None:
    """The newest one: nothing before it bears a later time."""
    standing = Standing()
    for seq in range(1, 200):
        witness(standing, seq, at(seq // 2))
    assert [(found.seq, found.time) for found in standing.witnesses] == [(199, at(99))]


@pytest.mark.parametrize(
    "time",
    [
        "", "now", "9999", "2026-08-03T12:00:00Z", "2026-08-03T12:00:00.000000", "2026-13-03T12:00:00.000000+00:00",
        "2026-08-03T12:00:00.000000+01:00", "zzzz-08-03T12:00:00.000000+00:00",
    ],
)  # fmt: skip
def test_text_in_another_form_is_no_witness(time: str) -> None:
    """It could not be compared with the others."""
    standing = Standing()
    assert not witness(standing, 1, time)
    assert standing == Standing()


def test_many_clocks_going_back_end_more_and_never_less(at: Any) -> None:
    """The list of witnesses stays short; what is forgotten errs on the side of expired."""
    standing = Standing()
    count = 3 * MAX_WITNESSES
    for seq in range(1, count + 1):
        witness(standing, seq, at(10_000 - seq))
    assert len(standing.witnesses) == MAX_WITNESSES
    for seq in range(1, count + 1):
        assert latest_since(standing, seq, at()) >= at(10_000 - seq)
    assert latest_since(standing, count, at()) == at(10_000 - count)


@pytest.mark.parametrize(
    ("expires", "over"),
    [("2026-08-03T12:10:00Z", True), ("2026-08-03T12:10:00.000001+00:00", False), ("2026-08-04", False), ("", True),
     ("never", True)],
)  # fmt: skip
def test_a_time_is_over_when_it_is_reached_or_cannot_be_read(at: Any, expires: str, over: bool) -> None:
    """It is 12:10."""
    assert expired(Standing(), 1, expires, at(10)) is over
