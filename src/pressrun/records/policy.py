"""A policy: typed checks, what lower levels may move, and from when on it blocks.

A policy is data. It is read strictly (`pressrun.rules.policy.read`), merged from several levels
(`pressrun.rules.policy.merge`), and judges named facts (`pressrun.rules.policy.decide`).
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.decision import Mode
from pressrun.records.digest import Digest, canonical_json, digest_bytes

POLICY_FORMAT = 1

Level = Literal["organisation", "business-unit", "team", "project"]
LEVELS: tuple[Level, ...] = ("organisation", "business-unit", "team", "project")
"""From the one that asks the least to the one that may only ask more."""

Kind = Literal[
    "required",  # the fact is there and not empty
    "is_true",  # it is true
    "at_least",  # a number, value or more
    "at_most",  # a number, value or less
    "each_at_least",  # every fact that a pattern names, with enough rows behind each
    "within",  # a number, low to high
    "one_of",  # one of some values
    "not_in",  # none of some values
    "count_at_most",  # a list or number, no more than value
    "fresh",  # seen within so many days
    "approvals",  # so many people approved, and some from another team
    "statement",  # a person stated that it holds
    "judged",  # a fact is true, or was recorded, and a person stated that it holds
    "custom",  # a check of the organisation's own said so
]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Who set something.

    Attributes:
        policy: name and version, ``acme 2026.11.3``.
        where: file and line.
    """

    policy: str
    where: str

    def __str__(self) -> str:
        return f"{self.policy} ({self.where})"


class Bounds(msgspec.Struct, frozen=True, kw_only=True):
    """Between what a lower level may move a parameter; None where there is no end."""

    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        return f"[{'-' if self.low is None else f'{self.low:g}'}, {'-' if self.high is None else f'{self.high:g}'}]"


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One question.

    Attributes:
        fact: dotted name, or a pattern for `each_at_least`; empty for approvals and statements.
        params: name -> value, those that its kind knows.
        tiers: for which it is asked; empty for all. `environments` likewise.
        who: roles that must state it, where no machine can.
        fix: what to do when it does not pass; ``{version}`` and ``{environment}`` are filled in.
        sources: where the question comes from.
        team_may: parameter -> bounds within which a lower level may move it.
        waivable: whether it may be waived. `waiver_days`: for how long at most; None for as long as the waiver says.
        origin: who asked. `set_by`: parameter -> who set it last.
    """

    id: str
    title: str
    kind: Kind
    fact: str = ""
    params: dict[str, Any] = {}
    tiers: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    who: tuple[str, ...] = ()
    fix: str = ""
    sources: tuple[str, ...] = ()
    team_may: dict[str, Bounds] = {}
    waivable: bool = True
    waiver_days: float | None = None
    origin: Origin
    set_by: dict[str, Origin] = {}

    def applies(self, tier: str, environment: str) -> bool:
        """Whether it is asked of a version of that tier that is to go to that environment."""
        return (not self.tiers or tier in self.tiers) and (not self.environments or environment in self.environments)


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a lower level sets in a check of a higher one.

    Attributes:
        params: name -> value. `origins`: name -> who set it.
    """

    id: str
    params: dict[str, Any]
    origins: dict[str, Origin]
    where: str


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """One level's policy, as its file says.

    Attributes:
        modes: mode -> the day (ISO 8601) from which on it holds.
        checks: that this level adds. `changes`: what it sets in checks of the levels above.
        where: the file. `source`: digest of its text.
    """

    name: str
    version: str
    level: Level
    source: str = ""
    title: str = ""
    modes: dict[Mode, str] = {}
    checks: tuple[Check, ...] = ()
    changes: tuple[Change, ...] = ()
    where: str = ""

    @property
    def label(self) -> str:
        """Name and version."""
        return f"{self.name} {self.version}"


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a lower level may not do; the higher one's value stays in force.

    Attributes:
        what: the sentence. `where`: file and line.
    """

    what: str
    where: str

    def __str__(self) -> str:
        return f"{self.where}: {self.what}"


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """The policy in force.

    Attributes:
        name: of the levels it was made of.
        modes: as of the strictest level.
        base: ids of the highest level's own checks. Where none of them applies, nothing is allowed, whatever a lower
            level asks there.
        refusals: what was not taken over.
        sources: digests of the levels' texts, the organisation's first.
    """

    name: str
    modes: dict[Mode, str]
    checks: tuple[Check, ...]
    base: tuple[str, ...]
    refusals: tuple[Refusal, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def digest(self) -> Digest:
        """The digest that approvals bind: of every byte of every level, so that none changes behind an approval."""
        return digest_bytes(canonical_json([POLICY_FORMAT, self.sources]))
