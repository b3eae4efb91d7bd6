"""Say what no machine can: statements and waivers, dated, bound to content, and expiring."""

from __future__ import annotations

import uuid

import msgspec

from pressrun.actions.documents import policy_in_force
from pressrun.actions.registered import reference_of, version_stands
from pressrun.actions.registry import Registry
from pressrun.actions.times import later
from pressrun.errors import RefusedError, UsageError, near_match
from pressrun.records.event import Tier
from pressrun.records.events import Described, Stated, Waived, WaiverEnded
from pressrun.records.policy import Check
from pressrun.records.standing import VersionStands, WaiverStands
from pressrun.rules.access import Action, Thing
from pressrun.rules.approvals import involved
from pressrun.rules.members import canonical

DEFAULT_DAYS = 180.0
MAX_TEXT_BYTES = 64 << 10


class Statement(msgspec.Struct, frozen=True, kw_only=True):
    """What to state.

    Attributes:
        check: id of the check that it answers. `answer`: whether it holds.
        text: in words; `links` to what supports it. `days`: for how long it holds.
    """

    check: str
    answer: bool
    text: str
    links: tuple[str, ...] = ()
    days: float = DEFAULT_DAYS


class Waiver(msgspec.Struct, frozen=True, kw_only=True):
    """What to waive: `control` is what is done instead, `owner` answers for it, `days` how long."""

    check: str
    reason: str
    control: str
    owner: str
    days: float


def state(registry: Registry, reference: str, statement: Statement) -> Stated:
    """State that a check holds, or that it does not, for exactly this content.

    Raises:
        UsageError: there is no such version or check, or the text is empty or too long.
        RefusedError: the actor may not.
    """
    version = version_stands(registry.standing(), reference).event
    _require_check(registry, statement.check)
    registry.require("state", Thing(kind="version", name=version.name))
    text = statement.text.strip().encode()
    if not text or len(text) > MAX_TEXT_BYTES:
        raise UsageError(f"a statement's text has 1 to {MAX_TEXT_BYTES:,} bytes, this one {len(text):,}")
    with registry.holding():
        event = Stated(
            statement=uuid.uuid4().hex,
            name=version.name,
            number=version.number,
            bundle=version.bundle,
            check=statement.check,
            answer=statement.answer,
            text=registry.objects.put(text),
            expires=later(registry.now(), days=statement.days),
            links=statement.links,
        )
        registry.offer(lambda _: [event])
    registry.confirm([event.text], again=lambda _: text)
    return event


def waive(registry: Registry, reference: str, waiver: Waiver) -> Waived:
    """Accept for a while that a check does not pass.

    Raises:
        UsageError: there is no such version or check.
        RefusedError: the actor may not or had a part in the version, the check cannot be waived, or something is
            missing.
    """
    stands = version_stands(registry.standing(), reference)
    version = stands.event
    check = _require_check(registry, waiver.check)
    registry.require("waive", Thing(kind="version", name=version.name))
    _refuse_without_effect(registry, stands, check)
    if check.waiver_days is not None and waiver.days > check.waiver_days:
        raise RefusedError(
            f"{check.id} can be waived for {check.waiver_days:g} days at most, not for {waiver.days:g}",
            where=str(check.origin),
            remedy=f"Give --days {check.waiver_days:g} or less.",
        )
    event = Waived(
        waiver=uuid.uuid4().hex,
        name=version.name,
        number=version.number,
        bundle=version.bundle,
        check=waiver.check,
        reason=waiver.reason,
        control=waiver.control,
        owner=waiver.owner,
        expires=later(registry.now(), days=waiver.days),
    )
    registry.offer(lambda _: [event])
    return event


def _refuse_without_effect(registry: Registry, version: VersionStands, check: Check) -> None:
    """See that the waiver would count: one that is recorded and passed over would only look as if it did."""
    where = reference_of(version.event)
    if check.kind == "approvals" or not check.waivable:
        what = "approvals" if check.kind == "approvals" else check.id
        raise RefusedError(f"{what} cannot be waived", where=f"{check.id}, set by {check.origin}")
    if registry.members is None:
        return
    me = canonical(registry.members, registry.actor.id)
    if mine := sorted(role for role, who in involved(version, None, registry.members).items() if who == me):
        raise RefusedError(
            f"{me} is the {' and the '.join(mine)} of {where} and cannot waive its checks",
            where=check.id,
            remedy="Somebody else has to.",
        )


def end_waiver(registry: Registry, which: str, reason: str = "") -> WaiverEnded:
    """Take a waiver back.

    Args:
        registry: the registry.
        which: the waiver's id, or the beginning of it.
        reason: why.

    Raises:
        UsageError: there is no such waiver.
        RefusedError: the actor may not.
    """
    found: list[WaiverStands] = [
        waiver
        for stands in registry.standing().names.values()
        for version in stands.versions
        for waiver in version.waivers
        if waiver.ended is None and waiver.event.waiver.startswith(which)
    ]
    if len(found) != 1 or len(which) < 6:
        raise UsageError(f"{which!r} is not one waiver that stands", remedy="Give at least six digits of its id.")
    waived = found[0].event
    registry.require("waive", Thing(kind="version", name=waived.name))
    event = WaiverEnded(waiver=waived.waiver, name=waived.name, reason=reason)
    registry.offer(lambda _: [event])
    return event


class Description(msgspec.Struct, frozen=True, kw_only=True):
    """What to say of a version from now on; what is empty stays as it is."""

    owner: str = ""
    deputy: str = ""
    use_case: str = ""
    tier: Tier | None = None
    reason: str = ""


def describe(registry: Registry, reference: str, description: Description) -> Described:
    """Change owner, deputy, use case or tier of a version.

    Raises:
        UsageError: there is no such version, or nothing is to change.
        RefusedError: the actor may not; lowering the tier is for those who may lower what is asked.
    """
    version = version_stands(registry.standing(), reference)
    action: Action = "describe" if description.tier in {None, version.tier} else "change-tier"
    registry.require(action, Thing(kind="version", name=version.event.name))
    event = Described(
        name=version.event.name,
        number=version.event.number,
        owner=description.owner,
        deputy=description.deputy,
        use_case=description.use_case,
        tier=description.tier or "",
        reason=description.reason,
    )
    if not (event.owner or event.deputy or event.use_case or event.tier):
        raise UsageError("nothing is to change", remedy="Give --owner, --deputy, --use-case or --tier.")
    registry.offer(lambda _: [event])
    return event


def _require_check(registry: Registry, check: str) -> Check:
    known = {one.id: one for one in policy_in_force(registry).checks}
    if check not in known:
        hint = near_match(check, list(known))
        raise UsageError(
            f"the policy in force has no check {check!r}" + (f": {hint}" if hint else ""),
            remedy="`pressrun policy show` lists them.",
        )
    return known[check]
