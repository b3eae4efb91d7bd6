"""Times as text (ISO 8601) and as seconds since 1970, so that two spellings of one instant are equal."""

from __future__ import annotations

import datetime
import re

_ISO = re.compile(
    r"(?P<day>\d{4}-\d\d-\d\d)"
    r"(?:[T ](?P<clock>\d\d:\d\d(?::\d\d)?)(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d\d:\d\d)?)?",
    re.ASCII,
)
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)


def seconds_of(text: str) -> float | None:
    """Return the seconds since 1970 of a date or time in ISO 8601, None where `text` is neither.

    A date is its first instant. A time without a zone is UTC. What is finer than a microsecond is cut off.

    >>> seconds_of("1970-01-02"), seconds_of("1970-01-01T01:00:00.5+01:00"), seconds_of("soon")
    (86400.0, 0.5, None)
    """
    found = _ISO.fullmatch(text)
    if found is None:
        return None
    clock = found["clock"] or "00:00"
    clock = f"{clock}:00" if len(clock) == 5 else clock
    fraction = (found["fraction"] or "0")[:6].ljust(6, "0")
    zone = "+00:00" if found["zone"] in {None, "Z"} else found["zone"]
    try:
        # one spelling that every supported Python reads
        moment = datetime.datetime.fromisoformat(f"{found['day']}T{clock}.{fraction}{zone}")
        return (moment - _EPOCH).total_seconds()
    except (ValueError, OverflowError):
        return None
