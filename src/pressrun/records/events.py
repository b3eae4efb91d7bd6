"""What happened, in the past tense: the events of the journal.

A released event never changes its meaning; it may gain fields with defaults. `pressrun.records.entries` stores them.

References into the object store are digests. Whatever stands in an entry as ``sha256:...`` is kept by garbage
collection for as long as the journal is.
"""

from __future__ import annotations

from typing import Any, Literal

from pressrun.records.digest import Digest
from pressrun.records.event import DocumentKind, EventRecord, Tier
from pressrun.records.metric import Metric


class RunRecorded(EventRecord, frozen=True, kw_only=True):
    """A notebook or bundle was replayed.

    Attributes:
        run: id, 32 hex digits.
        what: ``replay``, ``package`` or ``verify``.
        notebook: name of the notebook or bundle; `source` the digest of its source.
        bundle: content digest, empty when a bare notebook ran.
        outcome: the replay's verdict.
        environment: digest of the lock or of the captured environment, empty when not known.
        grade: of the receipt; empty when none was given. `receipt` is the receipt's digest in the store.
        started: UTC, ISO 8601.
    """

    run: str
    what: Literal["replay", "package", "verify"]
    notebook: str
    source: Digest
    outcome: str
    started: str
    duration_s: float
    cpu_s: float = 0.0
    peak_memory_bytes: int = 0
    bundle: str = ""
    parameters: dict[str, Any] = {}
    metrics: dict[str, float] = {}
    environment: str = ""
    python: str = ""
    grade: str = ""
    where: Literal["", "current", "rebuilt"] = ""
    hermetic: bool = False
    receipt: str = ""


class Registered(EventRecord, frozen=True, kw_only=True):
    """A bundle became a version.

    Attributes:
        number: dense within `name`, from 1.
        bundle: content digest. `manifest`: digest of the stored manifest, from which every file is found.
        facts: digest of the stored document of what the bundle's evidence says (`pressrun.records.facts.Evidence`).
        author: who registered; `committer` the e-mail of the last commit to the source, empty when not known.
        metrics: as measured; `parameters` as pressed; `inputs` path -> digest.
        lock: digest of the environment's lock; `source` of the notebook.
        models: path -> digest of the model files.
    """

    name: str
    number: int
    bundle: Digest
    manifest: Digest
    facts: Digest
    author: str
    committer: str = ""
    owner: str = ""
    deputy: str = ""
    use_case: str = ""
    tier: Tier = "experiment"
    grade: str = ""
    metrics: dict[str, Metric] = {}
    parameters: dict[str, Any] = {}
    inputs: dict[str, Digest] = {}
    lock: str = ""
    source: str = ""
    models: dict[str, Digest] = {}
    note: str = ""


class Described(EventRecord, frozen=True, kw_only=True):
    """What people say of a version changed. A field that is empty was left as it is."""

    name: str
    number: int
    owner: str = ""
    deputy: str = ""
    use_case: str = ""
    tier: Literal["", "experiment", "strategic"] = ""
    reason: str = ""


class Stated(EventRecord, frozen=True, kw_only=True):
    """A person answered a check that no machine can answer. Bound to the bundle, and it expires.

    Attributes:
        check: id of the check. `answer`: whether the person says that it holds.
        text: digest of the stored text; `links` to what supports it.
        expires: UTC, ISO 8601.
    """

    statement: str
    name: str
    number: int
    bundle: Digest
    check: str
    answer: bool
    text: Digest
    expires: str
    links: tuple[str, ...] = ()


class Waived(EventRecord, frozen=True, kw_only=True):
    """A check that does not pass is accepted for a while.

    Attributes:
        control: what is done instead (the compensating control). `owner`: who answers for it.
    """

    waiver: str
    name: str
    number: int
    bundle: Digest
    check: str
    reason: str
    control: str
    owner: str
    expires: str


class WaiverEnded(EventRecord, frozen=True, kw_only=True):
    """A waiver was taken back."""

    waiver: str
    name: str
    reason: str = ""


class Requested(EventRecord, frozen=True, kw_only=True):
    """Approval was asked for: this content, into this environment, under this policy with this verdict.

    Attributes:
        request: id; `nonce` makes an approval of it good for nothing else.
        decision: digest of the stored decision. `verdict`: what approvals bind (`pressrun.records.decision`).
    """

    request: str
    name: str
    number: int
    environment: str
    bundle: Digest
    policy: Digest
    verdict: Digest
    decision: Digest
    nonce: str
    expires: str
    comment: str = ""


class Approved(EventRecord, frozen=True, kw_only=True):
    """A person approved a request.

    Attributes:
        key: the public key that signed, empty for an unsigned approval (no members are published).
        signature: over `pressrun.records.approval.Ballot`; ``sshsig:`` and base64.
        expires: of this approval.
    """

    request: str
    name: str
    number: int
    environment: str
    bundle: Digest
    policy: Digest
    verdict: Digest
    nonce: str
    person: str
    role: str
    expires: str
    key: str = ""
    signature: str = ""
    comment: str = ""


class Rejected(EventRecord, frozen=True, kw_only=True):
    """A person refused a request; it cannot be approved any more."""

    request: str
    name: str
    number: int
    environment: str
    person: str
    reason: str


class Withdrawn(EventRecord, frozen=True, kw_only=True):
    """A request, or one person's approval of it (`person` is not empty), was taken back."""

    request: str
    name: str
    number: int
    environment: str
    person: str = ""
    reason: str = ""


class Revoked(EventRecord, frozen=True, kw_only=True):
    """A version may never be deployed again; where it is live, somebody has to roll back."""

    name: str
    number: int
    reason: str


class DeployRequested(EventRecord, frozen=True, kw_only=True):
    """Somebody is about to move a pointer. Open until `Deployed` or `DeployFailed` names the same deployment.

    Attributes:
        deployment: id.
        previous: number that the pointer stands on, 0 for none. `reason`: why, in words, where somebody said so.
        target: where the bundle goes, ``record`` for nowhere or ``dir:PATH``.
        request: whose approvals are used; empty where the policy asks for none, or in an emergency.
        break_glass: the reason for deploying without what the policy asks; needs `Ratified` in time.
        host: the machine and project that is at it: only there can be told whether the process still lives.
    """

    deployment: str
    name: str
    number: int
    environment: str
    bundle: Digest
    previous: int
    target: str
    policy: Digest
    verdict: Digest
    decision: Digest
    request: str = ""
    break_glass: str = ""
    ratify_by: str = ""
    host: str = ""
    reason: str = ""


class Deployed(EventRecord, frozen=True, kw_only=True):
    """The pointer moved."""

    deployment: str
    name: str
    number: int
    environment: str
    bundle: Digest
    location: str = ""


class DeployFailed(EventRecord, frozen=True, kw_only=True):
    """The pointer stayed where it was."""

    deployment: str
    name: str
    number: int
    environment: str
    error: str


class Ratified(EventRecord, frozen=True, kw_only=True):
    """A second person stands behind an emergency deployment."""

    deployment: str
    name: str
    environment: str
    comment: str = ""


class RollbackRequested(EventRecord, frozen=True, kw_only=True):
    """Somebody is about to move a pointer back; `number` was live before. Never waits for approval.

    With the number 0 nothing is live afterwards, and `bundle` is the one that was taken down.

    Attributes:
        automatic: why no person asked: ``not-ratified``, or the alert that fired.
        checked: what was seen of the target before: ``predictions``, ``loaded``, ``files``.
    """

    deployment: str
    name: str
    number: int
    environment: str
    bundle: Digest
    previous: int
    target: str
    reason: str
    automatic: str = ""
    checked: str = ""
    review_by: str = ""
    host: str = ""


class RolledBack(EventRecord, frozen=True, kw_only=True):
    """The pointer moved back; a review is open until `Reviewed`."""

    deployment: str
    name: str
    number: int
    environment: str
    bundle: Digest
    location: str = ""


class RollbackFailed(EventRecord, frozen=True, kw_only=True):
    """The pointer stayed where it was."""

    deployment: str
    name: str
    number: int
    environment: str
    error: str


class Reviewed(EventRecord, frozen=True, kw_only=True):
    """The review that a rollback opened was held."""

    deployment: str
    name: str
    environment: str
    comment: str


class Proposed(EventRecord, frozen=True, kw_only=True):
    """A policy or the members are to change; another policy admin has to accept.

    Attributes:
        document: digest of the stored file. `level`: of a policy (``organisation``, ``business-unit``, ``team``,
            ``project``); empty for members.
    """

    proposal: str
    document_kind: DocumentKind
    document: Digest
    level: str = ""
    title: str = ""


class Published(EventRecord, frozen=True, kw_only=True):
    """A policy level, or the members, are from now on what this document says.

    Attributes:
        number: of this level's versions, dense from 1.
        proposal: what was accepted; empty where one person could publish alone (`alone` says why).
        policy: digest of the merged policy that is in force from now on; empty for members.
    """

    document_kind: DocumentKind
    document: Digest
    number: int
    level: str = ""
    proposal: str = ""
    alone: str = ""
    policy: str = ""


class ProposalRejected(EventRecord, frozen=True, kw_only=True):
    """A proposed document will not be published."""

    proposal: str
    reason: str


class CollectRequested(EventRecord, frozen=True, kw_only=True):
    """Objects that nothing refers to are about to be removed."""

    collection: str
    objects: int
    size: int


class Collected(EventRecord, frozen=True, kw_only=True):
    """They were removed."""

    collection: str
    objects: int
    size: int


class CollectFailed(EventRecord, frozen=True, kw_only=True):
    """Not all of them were removed; what is left is found again next time."""

    collection: str
    error: str


Event = (
    Approved | Collected | CollectFailed | CollectRequested | DeployFailed | DeployRequested | Deployed | Described
    | ProposalRejected | Proposed | Published | Ratified | Registered | Rejected | Requested | Reviewed | Revoked
    | RollbackFailed | RollbackRequested | RolledBack | RunRecorded | Stated | Waived | WaiverEnded | Withdrawn
)  # fmt: skip
