"""What a panel is told of versions: decisions, requests, what is live, what waits."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.waiting import Waiting


class PanelPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where a version is live, since when, and who put it there."""

    environment: str
    since: str
    by: str
    how: str = ""


class PanelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A request for approval that is open.

    Attributes:
        needed: how many people have to approve. `given`: who has, by display name or id.
        may_approve: whether the actor may; `why_not` in words where not.
        stale: why approvals given so far no longer count, empty when they do.
        signs_with: what approving asks of the person, which no script in the page can do by itself: ``passphrase`` of
            the key, ``touch`` of a security token, ``nothing`` where no members are published, so that nothing is
            signed. ``terminal``: only there can this person's key sign; `why_not` says why.
        verdict: what an approval given now would bind, see `VoteOrder.verdict`.
    """

    id: str
    reference: str
    environment: str
    by: str
    since: str
    expires: str
    comment: str = ""
    needed: int = 0
    given: tuple[str, ...] = ()
    may_approve: bool = False
    why_not: str = ""
    may_withdraw: bool = False
    stale: str = ""
    signs_with: Literal["nothing", "passphrase", "touch", "terminal"] = "nothing"
    verdict: str = ""


class PanelFinding(msgspec.Struct, frozen=True, kw_only=True):
    """One check of the policy: what was seen, what is required, who set it, how to mend it."""

    check: str
    title: str
    outcome: Literal["pass", "fail", "unknown", "waived"]
    observed: str
    required: str
    set_by: str
    fix: str = ""
    who: str = ""


class PanelDecision(msgspec.Struct, frozen=True, kw_only=True):
    """What the policy says of a version going to an environment.

    Attributes:
        ready: nothing but approvals is missing.
        verdict: digest that an approval binds.
        binding: whether a refusal keeps the version out, or the policy only advises or warns.
    """

    reference: str
    environment: str
    allowed: bool
    binding: bool
    ready: bool
    mode: str
    policy: str
    verdict: str
    findings: tuple[PanelFinding, ...] = ()


class PanelMetric(msgspec.Struct, frozen=True, kw_only=True):
    """A metric with its confidence interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


class PanelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One version.

    Attributes:
        reference: ``churn@3``.
        state: ``registered``, ``in-review``, ``approved``, ``rejected``, ``live`` or ``revoked``.
        bundle: content digest.
        source: sha256 of the notebook file that it was made from, empty where not known.
    """

    reference: str
    number: int
    state: str
    grade: str
    owner: str
    tier: str
    registered: str
    author: str
    bundle: str
    source: str = ""
    use_case: str = ""
    metrics: dict[str, PanelMetric] = {}
    live: tuple[PanelPlace, ...] = ()
    request: PanelRequest | None = None


class PanelVersions(msgspec.Struct, frozen=True, kw_only=True):
    """The versions of a name, newest first, and what the actor may do with it.

    Attributes:
        may: action (``register``, ``request``, ``approve``, ``deploy``, ``rollback``, ...) -> empty when the actor may,
            else why not.
        problems: of the registry, in words.
    """

    name: str
    versions: tuple[PanelVersion, ...] = ()
    may: dict[str, str] = {}
    problems: tuple[str, ...] = ()


class PanelReign(msgspec.Struct, frozen=True, kw_only=True):
    """A time during which one version was live; `until` is empty while it lasts, `number` 0 while nothing was."""

    number: int
    since: str
    until: str = ""
    by: str = ""
    how: str = ""
    reason: str = ""
    approved_by: tuple[str, ...] = ()


class PanelHistory(msgspec.Struct, frozen=True, kw_only=True):
    """What was live in an environment, newest first."""

    name: str
    environment: str
    reigns: tuple[PanelReign, ...] = ()


class PanelHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How the registry is: what is live, what waits, what does not fit."""

    live: tuple[PanelVersion, ...] = ()
    waiting: tuple[Waiting, ...] = ()
    problems: tuple[str, ...] = ()
