"""The documents that govern a registry, policy and members: published as versions, changed by two people.

Where only one policy admin exists, that person publishes alone and the journal says so; from two on, a change is
proposed by one and accepted by another.
"""

from __future__ import annotations

import uuid
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pressrun.actions.registry import Registry
from pressrun.errors import RefusedError, UsageError, near_match
from pressrun.records.digest import Digest
from pressrun.records.event import DocumentKind
from pressrun.records.events import ProposalRejected, Proposed, Published
from pressrun.records.people import Members
from pressrun.records.policy import LEVELS, Merged, Policy
from pressrun.records.standing import ProposalStands, Standing
from pressrun.rules.access import Action, Thing
from pressrun.rules.members import canonical, read_members
from pressrun.rules.policy.merge import merge
from pressrun.rules.policy.read import read_policy
from pressrun.rules.separation import ways_alone
from pressrun.rules.standing.lookups import document_key
from pressrun.rules.standing.queries import open_proposals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pressrun.records.events import Event

MAX_DOCUMENT_BYTES = 1 << 20
DEFAULT_POLICY = "default.yaml"
PRODUCTION = "production"


class PublishedDocument(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        proposal: id to accept; empty when it is in force already. `number` is 0 until then.
        alone: why one person was enough; empty when two agreed.
        notes: for the reader: what changed in who may do what, or that nothing did.
    """

    kind: DocumentKind
    level: str
    document: Digest
    number: int = 0
    proposal: str = ""
    alone: str = ""
    notes: tuple[str, ...] = ()


def default_policy() -> Policy:
    """Return the policy that holds until one is published."""
    return template_policy(DEFAULT_POLICY)


def template_policy(name: str) -> Policy:
    """Return a policy that pressrun ships; arguments and errors as for `template_text`."""
    return read_policy(template_text(name), f"pressrun:{name}")


def template_text(name: str) -> str:
    """Return the file of a policy that pressrun ships.

    Args:
        name: file name in ``pressrun/templates/policy``.

    Raises:
        UsageError: there is none of that name.
    """
    folder = resources.files("pressrun") / "templates" / "policy"
    known = sorted(item.name for item in folder.iterdir() if item.name.endswith(".yaml"))
    if name not in known:
        hint = near_match(name, known)
        raise UsageError(f"there is no policy template {name!r}" + (f": {hint}" if hint else ""))
    return (folder / name).read_text(encoding="utf-8")


def policy_in_force(registry: Registry) -> Merged:
    """Return what was published at every level, merged; the default policy where no organisation's was.

    Raises:
        CannotRestoreError: a published policy is missing.
    """
    standing = registry.standing()
    return merge(_policies(registry, standing))


def _policies(registry: Registry, standing: Standing, instead: Policy | None = None) -> list[Policy]:
    found: dict[str, Policy] = {}
    for level in LEVELS:
        published = standing.documents.get(document_key("policy", level))
        if published:
            text = registry.objects.read(published[-1].document).decode()
            found[level] = read_policy(text, f"{level} policy v{published[-1].number}")
    if instead is not None:
        found[instead.level] = instead
    if "organisation" not in found:
        found["organisation"] = default_policy()
    return [found[level] for level in LEVELS if level in found]


def publish_policy(registry: Registry, path: Path) -> PublishedDocument:
    """Publish a policy file at the level it names, or propose it where a second person has to agree.

    Raises:
        UsageError: the file cannot be read or is no policy.
        RefusedError: it loosens what a higher level asks, or the actor may not publish.
    """
    text = read_text(path)
    policy = read_policy(text, str(path))
    registry.require("propose", Thing(kind="policy", name=policy.level))
    return _publish(registry, "policy", text, policy.level, _merged_with(registry, policy, str(path)))


def publish_members(registry: Registry, path: Path) -> PublishedDocument:
    """Publish who may do what, or propose it where a second person has to agree.

    Raises:
        UsageError: the file cannot be read or is no list of members.
        RefusedError: one person could take a strategic version to production alone, or the actor may not publish.
    """
    text = read_text(path)
    members = read_members(text, str(path))
    registry.require("propose", Thing(kind="members"))
    _refuse_alone(members, policy_in_force(registry), str(path))
    return _publish(registry, "members", text, "", None)


def _merged_with(registry: Registry, policy: Policy, where: str) -> Merged:
    """Return what would be in force with this policy at its level; refuse what may not be."""
    merged = merge(_policies(registry, registry.standing(), policy))
    if merged.refusals:
        raise RefusedError(
            "; ".join(str(refusal) for refusal in merged.refusals),
            where=where,
            remedy="A lower level may only ask for more, within the range that the level above allows.",
        )
    if registry.members is not None:
        _refuse_alone(registry.members, merged, where)
    return merged


def _refuse_alone(members: Members, merged: Merged, where: str) -> None:
    if ways := ways_alone(members, strategic_approvals(merged)):
        raise RefusedError(
            "one person alone could take a strategic version to production: " + "; ".join(ways),
            where=where,
            remedy="Give one of these roles to somebody else, or ask for an approval of production.",
        )


def strategic_approvals(merged: Merged) -> dict[str, int]:
    """Return how many approvals of production a policy asks for at tier strategic."""
    asked = [c for c in merged.checks if c.kind == "approvals" and c.applies("strategic", PRODUCTION)]
    return {PRODUCTION: max((int(check.params["count"]) for check in asked), default=0)}


def _publish(registry: Registry, kind: DocumentKind, text: str, level: str, merged: Merged | None) -> PublishedDocument:
    with registry.holding():
        done = _appended(registry, kind, registry.objects.put(text.encode()), text, level, merged)
    registry.confirm([done.document], again=lambda _: text.encode())
    return done


def _appended(
    registry: Registry, kind: DocumentKind, document: Digest, text: str, level: str, merged: Merged | None
) -> PublishedDocument:
    admins = policy_admins(registry.members)
    alone = ""
    if registry.members is None:
        alone = "no members are published yet"
    elif len(admins) < 2:
        alone = "there is one policy admin only"
    if not alone:
        proposal = uuid.uuid4().hex
        registry.offer(
            lambda _: [
                Proposed(proposal=proposal, document_kind=kind, document=document, level=level, title=_title(text))
            ]
        )
        return PublishedDocument(kind=kind, level=level, document=document, proposal=proposal)
    return _put_in_force(registry, kind, level, document, merged, alone=alone)


def _put_in_force(
    registry: Registry,
    kind: DocumentKind,
    level: str,
    document: Digest,
    merged: Merged | None,
    *,
    alone: str = "",
    proposal: str = "",
) -> PublishedDocument:
    key = document_key(kind, level)

    def build(standing: Standing) -> Sequence[Event]:
        number = len(standing.documents.get(key, ())) + 1
        return [
            Published(
                document_kind=kind,
                document=document,
                number=number,
                level=level,
                proposal=proposal,
                alone=alone,
                policy=merged.digest if merged is not None else "",
            )
        ]

    event = registry.offer(build, checkpoint=True)[0].event
    assert isinstance(event, Published)
    return PublishedDocument(
        kind=kind, level=level, document=document, number=event.number, proposal=proposal, alone=alone
    )


def accept(registry: Registry, proposal: str) -> PublishedDocument:
    """Put a proposed document in force; it takes another policy admin than who proposed it.

    Raises:
        UsageError: there is no such open proposal.
        RefusedError: the actor proposed it, or may not publish; or the policy would now loosen a higher level's.
    """
    stands = open_proposal(registry.standing(), proposal)
    kind: DocumentKind = "policy" if stands.document_kind == "policy" else "members"
    action: Action = "publish-policy" if kind == "policy" else "publish-members"
    registry.require(action, Thing(kind=kind, name=stands.level))
    members = registry.members
    me, other = registry.actor.id, stands.mark.actor
    if members is not None:
        me, other = canonical(members, me), canonical(members, other)
    if me == other:
        raise RefusedError(
            "who proposed a change cannot accept it", where=stands.proposal, remedy="Ask another policy admin."
        )
    text = registry.objects.read(stands.document).decode()
    merged = None
    if kind == "policy":
        merged = _merged_with(registry, read_policy(text, stands.proposal), stands.proposal)
    else:
        _refuse_alone(read_members(text, stands.proposal), policy_in_force(registry), stands.proposal)
    return _put_in_force(registry, kind, stands.level, stands.document, merged, proposal=stands.proposal)


def decline(registry: Registry, proposal: str, reason: str) -> None:
    """Close a proposal without putting it in force.

    Raises:
        UsageError: there is no such open proposal.
        RefusedError: the actor may not.
    """
    stands = open_proposal(registry.standing(), proposal)
    registry.require("reject-proposal", Thing(kind="policy" if stands.document_kind == "policy" else "members"))
    registry.offer(lambda _: [ProposalRejected(proposal=stands.proposal, reason=reason)])


def open_proposal(standing: Standing, proposal: str) -> ProposalStands:
    """Return the open proposal whose id begins so.

    Raises:
        UsageError: there is none, or more than one.
    """
    waiting = open_proposals(standing)
    found = [p for p in waiting if p.proposal.startswith(proposal)]
    if len(found) == 1:
        return found[0]
    known = ", ".join(p.proposal[:12] for p in waiting) or "none"
    raise UsageError(f"{proposal!r} is not one open proposal", remedy=f"Open are: {known}.")


def policy_admins(members: Members | None) -> list[str]:
    """Return the ids of the people who may publish."""
    if members is None:
        return []
    return [p.id for p in members.people if p.kind == "person" and any(g.role == "policy-admin" for g in p.grants)]


def read_text(path: Path) -> str:
    """Return the text of a document that the user named.

    Raises:
        UsageError: it cannot be read, is too long, or is not UTF-8.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"cannot be read: {error.strerror}", where=str(path)) from error
    if len(raw) > MAX_DOCUMENT_BYTES:
        raise UsageError(f"it is longer than {MAX_DOCUMENT_BYTES:,} bytes", where=str(path))
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UsageError(f"it is not UTF-8 (byte {error.start})", where=str(path)) from error


def _title(text: str) -> str:
    return text.splitlines()[0][:100] if text else ""
