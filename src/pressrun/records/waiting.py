"""Something that somebody has to do: what `pressrun status` lists, and a panel shows."""

from __future__ import annotations

import msgspec


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """Something that somebody has to do.

    Attributes:
        what: ``approve``, ``recover``, ``ratify``, ``review``, ``accept`` or ``collect``.
        id: of the request, deployment, proposal or collection.
        about: in words. `since`: UTC. `until`: UTC, empty without an end. `late`: whether that is past.
        command: what to run.
    """

    what: str
    id: str
    about: str
    since: str
    by: str
    until: str = ""
    late: bool = False
    command: str = ""
