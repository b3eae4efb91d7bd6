"""Where things stand: the state that folding the journal gives.

Only `pressrun.rules.standing` changes these; everybody else reads. They are mutable because a fold of a hundred
thousand events that copied its state for each would take minutes.
"""

from __future__ import annotations

from collections.abc import MutableMapping

import msgspec

from pressrun.records.digest import Digest
from pressrun.records.events import Approved, Registered, Requested, Stated, Waived

STANDING_FORMAT = 1


class Mark(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Who did something, and when. `seq` orders; `time` is for the reader."""

    seq: int
    time: str
    actor: str


class Stand(msgspec.Struct, kw_only=True, omit_defaults=True):
    """An approval, statement or waiver that stands, with its mark."""

    mark: Mark


class StatementStands(Stand, kw_only=True):
    """A statement."""

    event: Stated


class WaiverStands(Stand, kw_only=True):
    """A waiver; `ended` once it was taken back."""

    event: Waived
    ended: Mark | None = None


class ApprovalStands(Stand, kw_only=True):
    """An approval; `withdrawn` once it was taken back. Whether it counts is for `rules.approvals` to say."""

    event: Approved
    via: str = "local"
    withdrawn: Mark | None = None


class RequestStands(Stand, kw_only=True):
    """A request for approval and what became of it.

    Attributes:
        rejected: who refused; it is closed then. `withdrawn`: who took it back; closed as well.
    """

    event: Requested
    approvals: list[ApprovalStands] = msgspec.field(default_factory=list)
    rejected: Mark | None = None
    rejection: str = ""
    withdrawn: Mark | None = None

    @property
    def open(self) -> bool:
        """Whether it may still be approved (whether it has expired is a question of the time)."""
        return self.rejected is None and self.withdrawn is None


class VersionStands(Stand, kw_only=True):
    """One version.

    Attributes:
        event: as registered; `owner`, `deputy`, `use_case`, `tier` as they are now.
        revoked: who revoked it, and `revocation` why.
    """

    event: Registered
    owner: str = ""
    deputy: str = ""
    use_case: str = ""
    tier: str = "experiment"
    statements: list[StatementStands] = msgspec.field(default_factory=list)
    waivers: list[WaiverStands] = msgspec.field(default_factory=list)
    revoked: Mark | None = None
    revocation: str = ""


class Move(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """A pointer's move. From `mark` on, `number` was live in the environment, until the next move; 0 is nothing."""

    mark: Mark
    number: int
    bundle: Digest
    deployment: str
    how: str  # deploy, break-glass, rollback
    previous: int = 0
    location: str = ""
    reason: str = ""
    request: str = ""


class DeploymentStands(Stand, kw_only=True):
    """A move that was asked for.

    Attributes:
        number: where the pointer goes; 0 for a rollback to nothing.
        how: ``deploy``, ``break-glass`` or ``rollback``. `ended`: when it was done or failed; open without.
        host: machine and project that is at it, empty when not known.
        error: why it failed.
        ratify_by: for an emergency: until when a second person has to stand behind it; `ratified` who did.
        reverted: deployment that took it back.
        review_by: for a rollback: until when its review has to be held; `reviewed` who held it.
    """

    deployment: str
    environment: str
    number: int
    bundle: Digest
    previous: int
    how: str
    target: str
    reason: str = ""
    automatic: str = ""
    request: str = ""
    host: str = ""
    ended: Mark | None = None
    error: str = ""
    ratify_by: str = ""
    ratified: Mark | None = None
    reverted: str = ""
    review_by: str = ""
    reviewed: Mark | None = None


class NameStands(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Everything under one name.

    Attributes:
        versions: by number - 1.
        moves: environment -> its pointer's moves, oldest first.
        requests: id -> request; `deployments` likewise.
    """

    name: str
    versions: list[VersionStands] = msgspec.field(default_factory=list)
    moves: dict[str, list[Move]] = msgspec.field(default_factory=dict)
    requests: dict[str, RequestStands] = msgspec.field(default_factory=dict)
    deployments: dict[str, DeploymentStands] = msgspec.field(default_factory=dict)


class ReplayStands(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The newest replay of one bundle in one kind of environment (``current``, ``rebuilt``)."""

    mark: Mark
    run: str
    outcome: str
    grade: str
    where: str
    hermetic: bool
    receipt: str


class ProposalStands(Stand, kw_only=True):
    """A document that waits for a second policy admin."""

    proposal: str
    document_kind: str
    document: Digest
    level: str = ""
    title: str = ""
    closed: Mark | None = None


class DocumentStands(Stand, kw_only=True):
    """A published version of a policy level or of the members."""

    document_kind: str
    document: Digest
    number: int
    level: str = ""
    proposal: str = ""
    alone: str = ""
    policy: str = ""


class CollectionStands(Stand, kw_only=True):
    """A collection of garbage that was begun."""

    collection: str
    objects: int
    size: int
    ended: Mark | None = None
    error: str = ""


class Inconsistency(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A stored event that does not fit what came before. Folding never raises: it notes and goes on.

    Attributes:
        ignored: whether the event changed nothing. A pointer's move that should not have been is noted and counts all
            the same, because the pointer is where it is.
    """

    seq: int
    what: str
    ignored: bool = True


class Witness(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An entry whose time is later than that of every entry after it."""

    seq: int
    time: str


class Standing(msgspec.Struct, kw_only=True):
    """The state after the entry `head`.

    Attributes:
        head: number of the last entry that was folded, 0 before the first.
        time: the latest time that any entry bears.
        witnesses: from which the latest time that was seen since any entry is told, see `rules.standing.times`: oldest
            first, each later in the journal and earlier in time than the one before. As a rule there is one.
        names: name -> what is under it. Of a snapshot, a value is decoded when it is first asked for.
        unsettled: name -> ids of its requests and deployments that somebody has to do something about.
        replays: content digest of a bundle -> newest replays, by where they ran.
        documents: ``policy/<level>`` or ``members`` -> published versions, oldest first.
        proposals: id -> proposal.
        collections: id -> collection of garbage.
        inconsistencies: what did not fit. `unread`: kinds of events that this version does not know, with their count.
    """

    format: int = STANDING_FORMAT
    head: int = 0
    time: str = ""
    witnesses: list[Witness] = msgspec.field(default_factory=list)
    names: MutableMapping[str, NameStands] = msgspec.field(default_factory=dict)
    unsettled: dict[str, list[str]] = msgspec.field(default_factory=dict)
    replays: MutableMapping[str, dict[str, ReplayStands]] = msgspec.field(default_factory=dict)
    documents: dict[str, list[DocumentStands]] = msgspec.field(default_factory=dict)
    proposals: dict[str, ProposalStands] = msgspec.field(default_factory=dict)
    collections: dict[str, CollectionStands] = msgspec.field(default_factory=dict)
    inconsistencies: list[Inconsistency] = msgspec.field(default_factory=list)
    unread: dict[str, int] = msgspec.field(default_factory=dict)
