"""Keeping a state."""

from __future__ import annotations

from typing import Any

import pytest

from pressrun.records import events as ev
from pressrun.records.standing import STANDING_FORMAT
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.snapshots import Parts, decode_snapshot, encode_snapshot


def test_only_what_is_looked_at_is_decoded(live_book: Any) -> None:
    """Counting and listing names decodes none of them; the others are copied as they are."""
    live_book.offer(live_book.registered(1, "fraud"))
    standing = decode_snapshot(encode_snapshot(live_book.standing))
    assert standing is not None
    names = standing.names
    assert isinstance(names, Parts)
    assert (len(names), list(names), "fraud" in names, names.get("none")) == (2, ["churn", "fraud"], True, None)
    assert [isinstance(slot, memoryview) for slot in names.slots()] == [True, True]
    assert len(names["churn"].versions) == 3
    assert [isinstance(slot, memoryview) for slot in names.slots()] == [False, True]


def test_a_state_that_was_read_goes_on(live_book: Any) -> None:
    """Entries fold onto it, and the next snapshot holds both."""
    standing = decode_snapshot(encode_snapshot(live_book.standing))
    assert standing is not None
    more = [live_book.offer(live_book.registered(4)), live_book.offer(live_book.registered(1, "fraud"))]
    fold(standing, more)
    assert standing == live_book.standing
    assert decode_snapshot(encode_snapshot(standing)) == live_book.standing


def test_what_json_can_hold_comes_back_as_it_was(book: Any) -> None:
    """Integers beyond 64 bits, floats to the last digit, any text."""
    given = {"big": 2**70, "small": -(2**65), "tiny": 5e-324, "tenth": 0.1, "text": "\u2028\x00é", "none": None}
    book.offer(book.registered(parameters=given))
    standing = decode_snapshot(encode_snapshot(book.standing))
    assert standing is not None
    assert standing.names["churn"].versions[0].event.parameters == given


def test_a_snapshot_of_another_format_is_none(live_book: Any) -> None:
    """It is folded anew."""
    live_book.standing.format = STANDING_FORMAT + 1
    assert decode_snapshot(encode_snapshot(live_book.standing)) is None


@pytest.mark.parametrize("raw", [b"", b"{}", b"pressrun standing\n", b"pressrun standing\n\0\0\0\0"])
def test_what_is_no_snapshot_is_none(raw: bytes) -> None:
    """Whatever was kept, nothing raises."""
    assert decode_snapshot(raw) is None


def test_a_damaged_snapshot_is_none(live_book: Any) -> None:
    """Each byte that is changed, and each end that is cut off, is noticed."""
    live_book.offer(ev.Revoked(name="churn", number=1, reason="bad"))
    raw = encode_snapshot(live_book.standing)
    for place in range(0, len(raw), 7):
        changed = bytearray(raw)
        changed[place] ^= 0x20
        assert decode_snapshot(bytes(changed)) is None
        assert decode_snapshot(raw[:place]) is None
