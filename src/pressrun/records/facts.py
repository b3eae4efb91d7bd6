"""What is known of a version, as policies see it: named values, each with the evidence it comes from.

A name that is not there was never recorded. That is a third answer beside yes and no, and it never passes a check.
"""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.records.digest import Digest

FACTS_FORMAT = 1


class Fact(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One value.

    Attributes:
        value: a bool, number, text, or a list of them.
        evidence: digests or names of what it was read from.
        at: when it was seen, UTC, ISO 8601; empty when it is not bound to a time.
        note: for the reader, for example why an interval is missing.
    """

    value: Any
    evidence: tuple[str, ...] = ()
    at: str = ""
    note: str = ""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What a bundle's own files and evidence say, gathered once when it is registered and stored as an object.

    Attributes:
        values: dotted name -> fact, for example ``metrics.auc``, ``replay.grade``, ``lock.hashes``.
        gaps: dotted name -> sentence: what could not be read, and why.
    """

    format: int = FACTS_FORMAT
    bundle: Digest
    values: dict[str, Fact] = {}
    gaps: dict[str, str] = {}


class StatementFact(msgspec.Struct, frozen=True, kw_only=True):
    """A statement that stands: it is about this very bundle. Whether it has expired is for the policy to judge."""

    statement: str
    check: str
    answer: bool
    person: str
    role: str
    made: str
    expires: str
    text: Digest


class WaiverFact(msgspec.Struct, frozen=True, kw_only=True):
    """A waiver that was not taken back, for this very bundle."""

    waiver: str
    check: str
    person: str
    owner: str
    reason: str
    control: str
    made: str
    expires: str


class ApprovalFact(msgspec.Struct, frozen=True, kw_only=True):
    """An approval for this version and environment.

    Attributes:
        person: canonical id of who approved, after aliases were resolved.
        problem: why it does not count, whatever the policy says: another bundle, policy, verdict or environment; a
            signature that is wrong; a role that was lost. Empty when it may count.
        problem_kind: machine-readable kind of that: ``bundle``, ``policy``, ``verdict``, ``environment``, ``nonce``,
            ``signature``, ``unsigned``, ``expired``, ``role``, ``withdrawn``; empty when it may count.
        unsigned: nobody's signature could be verified, because no members are published: it counts by id alone.
    """

    request: str
    person: str
    role: str
    team: str
    made: str
    expires: str
    problem: str = ""
    problem_kind: str = ""
    unsigned: bool = False


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything `decide` looks at.

    Attributes:
        values: from `Evidence` and from the journal (owner, latest replay, pointers).
        involved: role in the version's making -> canonical person (``author``, ``committer``, ``requester``): none of
            them counts as an approver.
        teams: person -> team, of those in `involved`.
    """

    values: dict[str, Fact] = {}
    gaps: dict[str, str] = {}
    statements: tuple[StatementFact, ...] = ()
    waivers: tuple[WaiverFact, ...] = ()
    approvals: tuple[ApprovalFact, ...] = ()
    involved: dict[str, str] = {}
    teams: dict[str, str] = {}
