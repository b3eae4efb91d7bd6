"""What differs between two versions, as a fact for whoever has to judge how much of a change it is. Pure."""

from __future__ import annotations

from pressrun.records.events import Registered
from pressrun.records.facts import Fact

CHANGED = ("source", "lock", "inputs", "models", "parameters")


def changed_parts(version: Registered, before: Registered | None) -> Fact:
    """Return which parts of a version are not those of another one.

    Args:
        version: the version in question.
        before: the one that is live; None where there is none, which is told.
    """
    if before is None:
        return Fact(value=["everything: no version is live yet"], evidence=(version.bundle,))
    parts = [name for name in CHANGED if getattr(version, name) != getattr(before, name)]
    if not parts:
        parts = ["nothing"] if version.bundle == before.bundle else ["other files"]
    return Fact(value=parts, evidence=(version.bundle, before.bundle))
