"""Times of entries and of what expires, told without trusting any one clock.

Entries are ordered by their number, never by their time: clocks of several machines disagree, and any of them may jump.
What has expired once stays so, because the time of every later entry counts as seen, not only the asker's clock. What
was seen *before* a thing was made does not count against it: one machine whose clock ran ten years ahead for a minute
would otherwise have ended every later approval for good.
"""

from __future__ import annotations

import datetime

from pressrun.records.standing import Standing, Witness
from pressrun.rules.timestamps import seconds_of

_LENGTH = len("2026-11-28T22:00:00.000000+00:00")
MAX_WITNESSES = 64
"""Beyond this many, the two oldest become one, with the later number and the later time: that can only end more."""


def witness(standing: Standing, seq: int, time: str) -> bool:
    """Note that entry `seq` bears `time`; return whether that is a time in the journal's own form.

    Args:
        standing: changed in place.
        seq: above that of every entry noted before.
        time: UTC, ISO 8601 with microseconds: times of one form are ordered as text.
    """
    # text that is no time, compared as if it were, would let one entry end everything
    if len(time) != _LENGTH or not time.endswith("+00:00"):
        return False
    try:
        datetime.datetime.fromisoformat(time)
    except ValueError:
        return False
    seen = standing.witnesses
    while seen and seen[-1].time <= time:
        seen.pop()
    seen.append(Witness(seq=seq, time=time))
    if len(seen) > MAX_WITNESSES:
        seen[:2] = [Witness(seq=seen[1].seq, time=seen[0].time)]
    standing.time = max(standing.time, time)
    return True


def latest_since(standing: Standing, seq: int, now: str) -> str:
    """Return the latest time known to have been reached since entry `seq`: `now`, or what a later entry bears.

    Args:
        standing: the state.
        seq: entry of the thing that may have expired; what came before it does not count.
        now: by the asker's clock, UTC, ISO 8601 with microseconds.
    """
    return max([now, *(seen.time for seen in standing.witnesses if seen.seq >= seq)])


def expired(standing: Standing, seq: int, expires: str, now: str) -> bool:
    """Whether what entry `seq` brought, and what was to hold until `expires`, has expired.

    A time that cannot be read has been reached.
    """
    until, latest = seconds_of(expires), seconds_of(latest_since(standing, seq, now))
    return until is None or latest is None or latest >= until
