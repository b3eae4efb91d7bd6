"""Who offers an event and when, and the questions that several rules ask of it."""

from __future__ import annotations

import re
from typing import NamedTuple

from pressrun.records.people import Members
from pressrun.rules.timestamps import seconds_of

MAX_YEARS = 1
"""Nothing that was said or granted holds longer than this without being said again."""
_MAX_S = MAX_YEARS * 366 * 86_400.0
_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


class Asking(NamedTuple):
    """Who offers, and when.

    Attributes:
        actor: id of who offers it.
        now: by the actor's clock, UTC, ISO 8601.
        members: as published, None when nobody published any.
    """

    actor: str
    now: str
    members: Members | None = None

    def same(self, one: str, other: str) -> bool:
        """Whether two ids or addresses are one person's."""
        return one == other or self.person(one) == self.person(other)

    def is_actor(self, who: str) -> bool:
        """Whether this is who offers it."""
        return self.same(self.actor, who)

    def person(self, who: str) -> str:
        """Return the id of the person behind an id or address."""
        if self.members is None:
            return who
        from pressrun.rules.members import canonical  # noqa: PLC0415 - most registries publish no members

        return canonical(self.members, who)

    def seconds_since(self, time: str) -> float:
        """Return how many seconds ago `time` was by the actor's clock, 0 for one to come or that cannot be read."""
        then, now = seconds_of(time), seconds_of(self.now)
        return 0.0 if then is None or now is None else max(0.0, now - then)


def id_problem(what: str, text: str) -> str:
    """Say why `text` may not be the id of something new; "" when it may."""
    if _ID.fullmatch(text):
        return ""
    return f"{text!r} cannot be the id of a {what}: it is 1 to 64 of a-z, 0-9, '_' and '-', begun by a letter or digit"


def blank_problem(**texts: str) -> str:
    """Say which of the texts is blank; "" when none is."""
    return next((f"the {what.replace('_', ' ')} is missing" for what, text in texts.items() if not text.strip()), "")


def expiry_problem(what: str, expires: str, asking: Asking, longest_s: float = _MAX_S) -> str:
    """Say why `expires` may not be the end of something that begins now; "" when it may.

    Args:
        what: that begins.
        expires: UTC, ISO 8601.
        asking: who offers it, and when.
        longest_s: how long it may last.
    """
    until, now = seconds_of(expires), seconds_of(asking.now)
    if until is None or now is None:
        return f"the end of the {what} is not a time: {expires!r}"
    if until <= now:
        return f"the {what} would have expired when it is made, at {expires}"
    if until - now > longest_s:
        return f"the {what} would last until {expires}, longer than {longest_s / 86_400:.0f} days"
    return ""
