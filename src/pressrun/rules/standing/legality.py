"""Whether an event that is offered may come next.

An event is judged by the state that it meets, when it is offered. What is in the journal already is never judged again:
folding it notes what does not fit. Nobody's clock is trusted to make valid what has expired
(`pressrun.rules.standing.times`).

It is no question here whether the actor has a role that allows it (`pressrun.rules.access`), nor whether the policy is
content (`pressrun.rules.policy`).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from pressrun.records import events as ev
from pressrun.records.people import Members
from pressrun.records.standing import Standing
from pressrun.rules.standing import legal_documents, legal_moves, legal_requests, legal_versions
from pressrun.rules.standing.asking import Asking
from pressrun.rules.standing.fitting import MISFITS, ODDITIES
from pressrun.rules.timestamps import seconds_of

_Rule = Callable[[Standing, Any, Asking], str]

# made once: making a decoder costs more than decoding an event
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(ev.Event)

_RULES: dict[type, _Rule] = {
    **legal_versions.RULES,
    **legal_requests.RULES,
    **legal_moves.RULES,
    **legal_documents.RULES,
}


def problem_with(standing: Standing, event: ev.Event, actor: str, now: str, members: Members | None = None) -> str:
    """Say why `event` may not come next; "" when it may.

    Args:
        standing: the state that it meets.
        event: what is offered.
        actor: id of who offers it.
        now: by the actor's clock, UTC, ISO 8601 with microseconds.
        members: as published, so that one person's two names are not two people; None when nobody published any.

    Returns:
        A sentence without a final full stop.

    Raises:
        ValueError: `now` is no time.
    """
    if seconds_of(now) is None:
        raise ValueError(f"{now!r} is not a time")
    kind = type(event)
    if problem := _unreadable(event):
        return problem
    misfit = MISFITS.get(kind)
    if misfit is not None and (problem := misfit(standing, event)):
        return problem
    oddity = ODDITIES.get(kind)
    if oddity is not None and (problem := oddity(standing, event)):
        return problem
    rule = _RULES.get(kind)
    return rule(standing, event, Asking(actor=actor, now=now, members=members)) if rule is not None else ""


def _unreadable(event: ev.Event) -> str:
    # records are not checked when they are made; what cannot be read back would be an unread event for ever
    try:
        again = _decoder.decode(_encoder.encode(event))
    except (msgspec.MsgspecError, UnicodeEncodeError, TypeError, OverflowError) as error:
        return f"the event could not be read back: {error}"
    return "" if again == event else "the event would not be read back as it is"
