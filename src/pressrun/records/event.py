"""What every event is, and the words that events share."""

from __future__ import annotations

from typing import Literal

import msgspec

Tier = Literal["experiment", "strategic"]
TIERS: tuple[Tier, ...] = ("experiment", "strategic")
DocumentKind = Literal["policy", "members"]


def _tag(name: str) -> str:
    return "".join(f"-{c.lower()}" if c.isupper() else c for c in name).lstrip("-")


class EventRecord(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=_tag, omit_defaults=True):
    """What all events share; the tag is the class's name in lower case with hyphens (``deploy-requested``)."""
