"""The members' keys as OpenSSH's ``allowed_signers`` file, so that anybody can verify without pressrun."""

from __future__ import annotations

import datetime

from pressrun.records.approval import NAMESPACE
from pressrun.records.people import Key, Members
from pressrun.rules.timestamps import seconds_of


def allowed_signers_text(members: Members, namespace: str = NAMESPACE) -> str:
    """Return the file: a line for each key, good for one namespace and within its time.

    Args:
        members: whose keys.
        namespace: what the keys may sign.
    """
    return "".join(
        f"{person.id} {_options(key, namespace)} {key.public}\n" for person in members.people for key in person.keys
    )


def verify_time(moment: str) -> str:
    """Return a moment as ``ssh-keygen -Overify-time=`` wants it, to be read with ``TZ=UTC``.

    >>> verify_time("2026-08-03T14:00:00.250000+00:00")
    '20260803140000'

    Raises:
        ValueError: it is no moment.
    """
    seconds = seconds_of(moment)
    if seconds is None:
        raise ValueError(f"{moment!r} is no moment")
    # whole seconds: ssh-keygen knows no fractions
    return datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc).strftime("%Y%m%d%H%M%S")


def _options(key: Key, namespace: str) -> str:
    options = [f'namespaces="{namespace}"']
    if key.valid_from:
        options.append(f'valid-after="{verify_time(key.valid_from)}"')
    if key.valid_until:
        options.append(f'valid-before="{verify_time(key.valid_until)}"')
    return ",".join(options)
