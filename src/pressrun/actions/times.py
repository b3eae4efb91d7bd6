"""Moments as the journal writes them: UTC, ISO 8601 with microseconds, so that their texts sort as they do."""

from __future__ import annotations

import datetime

from pressrun.rules.timestamps import seconds_of


def journal_time(seconds: float) -> str:
    """Return a moment, in seconds since 1970, as the journal writes it.

    >>> journal_time(0.5)
    '1970-01-01T00:00:00.500000+00:00'
    """
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).isoformat(timespec="microseconds")


def later(text: str, *, days: float = 0.0, hours: float = 0.0, minutes: float = 0.0) -> str:
    """Return the moment so much later.

    >>> later("2026-08-03T14:00:00.000000+00:00", hours=24)
    '2026-08-04T14:00:00.000000+00:00'

    Raises:
        ValueError: `text` is no moment.
    """
    seconds = seconds_of(text)
    if seconds is None:
        raise ValueError(f"{text!r} is no moment")
    return journal_time(seconds + 60.0 * (minutes + 60.0 * (hours + 24.0 * days)))
