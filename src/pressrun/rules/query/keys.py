"""What can be asked for: the keys of versions and runs, and what is stored under each."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pressrun.errors import near_match

Kind = Literal["version", "run"]
Stores = Literal[
    "text",
    "number",
    "time",  # stands as text and as seconds since 1970
    "either",  # a parameter: whatever was given
    "environments",  # where a version is live: several at once, or none
]
Column = Literal["number", "text"]

LIVE = "live"
ENTRY = "entry"
"""The key that every run and version has."""

_KEYS: Mapping[Kind, Mapping[str, Stores]] = {
    "version": {
        "name": "text", "number": "number", "revoked": "text", "live": "environments", "owner": "text",
        "deputy": "text", "use_case": "text", "tier": "text", "grade": "text", "author": "text", "committer": "text",
        "registered": "time", "bundle": "text", "source": "text", "lock": "text", "note": "text", "entry": "number",
    },
    "run": {
        "notebook": "text", "what": "text", "outcome": "text", "grade": "text", "started": "time",
        "duration_s": "number", "cpu_s": "number", "peak_memory_bytes": "number", "python": "text",
        "hermetic": "text", "where": "text", "environment": "text", "bundle": "text", "source": "text",
        "actor": "text", "run": "text", "entry": "number",
    },
}  # fmt: skip
# a version's metric has its interval's ends as ``metrics.auc.low`` and ``metrics.auc.high``
_GROUPS: Mapping[Kind, Mapping[str, Stores]] = {
    "version": {"metrics": "number", "params": "either"},
    "run": {"metrics": "number", "params": "either"},
}


def stored_under(kind: Kind, key: str) -> Stores | None:
    """Return what is stored under a key, None where there is no such key."""
    found = _KEYS[kind].get(key)
    if found is not None:
        return found
    group, dot, name = key.partition(".")
    return _GROUPS[kind].get(group) if dot and name else None


def keys_of(kind: Kind) -> tuple[str, ...]:
    """Return the keys, those of a group as ``metrics.NAME``."""
    return (*_KEYS[kind], *(f"{group}.NAME" for group in _GROUPS[kind]))


def near_key(kind: Kind, key: str) -> str:
    """Return ``did you mean 'metrics.auc'?`` for a key that there is not, or the empty string.

    >>> near_key("version", "metric.auc"), near_key("run", "note_book")
    ("did you mean 'metrics.auc'?", "did you mean 'notebook'?")
    """
    group, dot, name = key.partition(".")
    if not dot:
        return near_match(key, _KEYS[kind])
    return near_match(key, [f"{known}.{name}" for known in _GROUPS[kind]]) if near_match(group, _GROUPS[kind]) else ""
