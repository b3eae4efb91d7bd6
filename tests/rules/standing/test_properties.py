"""Properties of folding that hold for every journal, of sensible events and of garbage."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, get_args

import msgspec
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.records.entries import Draft, Entry, UnreadEvent, decode_entry, encode_entry
from pressrun.records.standing import Standing
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.legality import problem_with
from pressrun.rules.standing.queries import (
    live,
    open_deployments,
    open_requests,
    open_reviews,
    overdue,
    state_of,
    unratified,
)
from pressrun.rules.standing.snapshots import decode_snapshot, encode_snapshot

# a world small enough that events meet: a bundle for each number, a nonce for each request, one policy
NUMBERS = (1, 2)
ENVIRONMENTS = ("production", "staging")
IDS = ("a1", "b2", "c3")
PEOPLE = ("ana", "bo", "cy")
DIGESTS = {number: digest_text(f"bundle {number}") for number in (0, *NUMBERS, 3)}
FIXED = digest_text("fixed")


def time_of(minute: int) -> str:
    """Return a time of the journal's form."""
    return f"2026-08-03T{minute // 60 % 24:02}:{minute % 60:02}:00.000000+00:00"


_names = st.sampled_from(("churn", "fraud", "../x"))
_numbers = st.sampled_from((1, 2, 3, 0, -1, 2**70))
_expires = st.sampled_from((time_of(5), time_of(20), "2026-09-03T00:00:00.000000+00:00", "soon"))
_FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "name": _names,
    "number": _numbers,
    "previous": st.sampled_from((0, 1, 2, 3)),
    "environment": st.sampled_from((*ENVIRONMENTS, "Not One")),
    "expires": _expires,
    "ratify_by": _expires,
    "review_by": _expires,
    "person": st.sampled_from(PEOPLE),
    "author": st.sampled_from(PEOPLE),
    "nonce": st.sampled_from(("nonce-0123456789", "another-0123456789")),
    "tier": st.sampled_from(("experiment", "strategic")),
    "level": st.sampled_from(("", "team", "nowhere")),
    "document_kind": st.sampled_from(("policy", "members")),
    **dict.fromkeys(("request", "deployment", "statement", "waiver", "proposal", "collection", "run"),
                    st.sampled_from((*IDS, ""))),
    **dict.fromkeys(("bundle", "document"), st.sampled_from((DIGESTS[1], DIGESTS[2], FIXED))),
    **dict.fromkeys(("policy", "verdict", "decision", "text", "facts", "manifest", "source"), st.just(FIXED)),
    **dict.fromkeys(("objects", "size"), st.integers(0, 3)),
    **dict.fromkeys(("break_glass", "alone", "host", "owner", "error"), st.sampled_from(("", "because"))),
}  # fmt: skip
_BY_TYPE: dict[Any, st.SearchStrategy[Any]] = {str: st.just("word"), bool: st.booleans(), float: st.just(1.5)}


def _event(kind: type, **fixed: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    fields = {}
    for field in msgspec.structs.fields(kind):
        if field.name in fixed or field.name in _FIELDS:
            fields[field.name] = fixed.get(field.name, _FIELDS.get(field.name))
        elif field.required:
            fields[field.name] = (
                _BY_TYPE[field.type] if field.type in _BY_TYPE else st.sampled_from(get_args(field.type))
            )
    return st.builds(kind, **fields)


KINDS = get_args(ev.Event)
garbage = st.one_of([_event(kind) for kind in KINDS] + [st.builds(UnreadEvent, kind=st.sampled_from(("x", "y")))])


garbage_lists = st.lists(st.tuples(garbage, st.sampled_from(PEOPLE), st.integers(0, 300)), max_size=30)


def entries_of(journal: list[tuple[Any, str, int]]) -> list[Entry]:
    """Return entries of the events, in order, with times that may go back."""
    return [
        Entry(seq=seq, time=time_of(minute), actor=actor, via="local", event=event)
        for seq, (event, actor, minute) in enumerate(journal, 1)
    ]


class Driver:
    """Makes events that suit a state, as a number chooses: about one of two versions and environments, mostly right."""

    def __init__(self, standing: Standing, dice: int) -> None:
        self.standing = standing
        self.number = 1 + dice % 2
        self.environment = ENVIRONMENTS[dice // 2 % 2]
        self.fresh = f"i{standing.head}"
        self.odd = dice > 28
        self.about = {"name": "churn", "number": self.number, "environment": self.environment}
        self.content = {"name": "churn", "number": self.number, "bundle": DIGESTS[self.number]}
        self.stands = standing.names["churn"]

    def present(self) -> int:
        """Return what is live, or what is not."""
        moves = self.stands.moves.get(self.environment)
        return (moves[-1].number if moves else 0) + self.odd

    def newest(self, *how: str) -> Any:
        """Return the newest deployment of these kinds."""
        found = [d for d in self.stands.deployments.values() if d.how in how]
        return found[-1] if found else None

    def end(self, kind: Any, *how: str, **more: Any) -> Any:
        """Return the end of the newest deployment."""
        found = self.newest(*how)
        if found is None:
            return None
        fields = {"deployment": found.deployment, "name": "churn", "environment": found.environment} | more
        fields |= {"number": found.number} if "number" in kind.__struct_fields__ else {}
        return kind(**fields, **({"bundle": found.bundle} if "bundle" in kind.__struct_fields__ else {}))

    def answer(self, kind: Any, **more: Any) -> Any:
        """Return an answer to the newest request."""
        if not self.stands.requests:
            return None
        asked = list(self.stands.requests.values())[-1].event
        fields = {"request": asked.request, "name": "churn", "number": asked.number, "environment": asked.environment}
        if kind is ev.Approved:
            fields |= {"bundle": asked.bundle, "policy": FIXED, "verdict": FIXED, "nonce": asked.nonce}
        return kind(**fields, **more)

    def deploy(self, **more: Any) -> ev.DeployRequested:
        """Return the beginning of a deployment."""
        return ev.DeployRequested(
            deployment=self.fresh, environment=self.environment, previous=self.present(), target="record",
            policy=FIXED, verdict=FIXED, decision=FIXED, **self.content, **more,
        )  # fmt: skip

    def roll_back(self) -> ev.RollbackRequested:
        """Return the beginning of a rollback."""
        return ev.RollbackRequested(
            deployment=self.fresh, environment=self.environment, previous=self.present(), target="record", reason="r",
            **self.content,
        )  # fmt: skip


STEPS: dict[str, Callable[[Driver, str], Any]] = {
    "revoke": lambda d, who: ev.Revoked(name="churn", number=d.number, reason="r") if d.odd else None,
    "state": lambda d, who: ev.Stated(
        statement=d.fresh, check="c", answer=True, text=FIXED, expires=LONG, **d.content
    ),
    "request": lambda d, who: ev.Requested(
        request=d.fresh, environment=d.environment, policy=FIXED, verdict=FIXED, decision=FIXED,
        nonce=f"nonce-0123456789-{d.fresh}", expires=LONG, **d.content,
    ),
    "approve": lambda d, who: d.answer(ev.Approved, person=who, role="approver", expires=LONG),
    "reject": lambda d, who: d.answer(ev.Rejected, person=who, reason="r") if d.odd else None,
    "unapprove": lambda d, who: d.answer(ev.Withdrawn, person=who),
    "deploy": lambda d, who: d.deploy(),
    "deployed": lambda d, who: d.end(ev.Deployed, "deploy", "break-glass"),
    "failed": lambda d, who: d.end(ev.DeployFailed, "deploy", "break-glass", error="e") if d.odd else None,
    "emergency": lambda d, who: d.deploy(break_glass="fire", ratify_by=time_of(600)),
    "ratify": lambda d, who: d.end(ev.Ratified, "break-glass"),
    "roll back": lambda d, who: d.roll_back(),
    "rolled back": lambda d, who: d.end(ev.RolledBack, "rollback"),
    "review": lambda d, who: d.end(ev.Reviewed, "rollback", comment="c"),
}  # fmt: skip
LONG = "2026-09-03T00:00:00.000000+00:00"
steps = st.lists(
    st.tuples(st.sampled_from(sorted(STEPS)), st.integers(0, 31), st.sampled_from(PEOPLE), st.integers(0, 300)),
    min_size=30,
    max_size=80,
)


def legal_history(chosen: list[tuple[str, int, str, int]]) -> list[Entry]:
    """Return entries of what was legal of the steps, when it was offered."""
    standing = Standing()
    entries: list[Entry] = []
    offered: list[tuple[Any, str, int]] = [(ev_registered(1), "ana", 0), (ev_registered(2), "ana", 0)]
    for step in [*offered, *chosen]:
        if isinstance(step[0], str):
            event, actor, minute = STEPS[step[0]](Driver(standing, step[1]), step[2]), step[2], step[3]
        else:
            event, actor, minute = step
        if event is None or problem_with(standing, event, actor, time_of(minute)):
            continue
        leaf = encode_entry(Draft(event=event, actor=actor, via="local", time=time_of(minute)), standing.head + 1)
        entries.append(decode_entry(leaf))
        fold(standing, entries[-1:])
    return entries


journals = st.one_of(garbage_lists.map(entries_of), steps.map(legal_history))
_quick = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def kept(standing: Standing) -> Standing:
    """Return the state after it was written and read."""
    found = decode_snapshot(encode_snapshot(standing))
    assert found is not None
    return found


@_quick
@given(journals, st.lists(st.integers(1, 7), max_size=8))
def test_folding_in_any_parts_gives_the_same(journal: Any, sizes: list[int]) -> None:
    """``fold(a + b) == fold(fold(a), b)``, also where a snapshot was kept and read in between."""
    entries = journal
    whole, parts, snapshots = fold(Standing(), entries), Standing(), Standing()
    left = entries
    for size in [*sizes, len(entries)]:
        now, left = left[:size], left[size:]
        fold(parts, now)
        snapshots = kept(fold(snapshots, now))
    assert (whole, whole) == (parts, snapshots)


@_quick
@given(journals)
def test_a_snapshot_holds_all_of_a_state(journal: Any) -> None:
    """Written and read it is equal, and so is the snapshot of what was read, whether looked at or not."""
    standing = fold(Standing(), journal)
    untouched, looked_at = kept(standing), kept(standing)
    assert standing == looked_at
    assert encode_snapshot(standing) == encode_snapshot(untouched) == encode_snapshot(looked_at)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(garbage_lists, st.integers(0, 300))
def test_garbage_never_makes_folding_or_asking_raise(journal: Any, minute: int) -> None:
    """Whatever is in the journal, there is a state that answers."""
    standing = fold(Standing(), entries_of(journal))
    assert standing.head == len(journal)
    now = time_of(minute)
    for ask in (open_requests, overdue):
        ask(standing, now)
    for look in (open_deployments, open_reviews, unratified):
        look(standing)
    for event, actor, _ in journal:
        if not isinstance(event, UnreadEvent):
            assert isinstance(problem_with(standing, event, actor, now), str)


_thorough = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@_thorough
@given(steps)
def test_what_is_legal_fits_when_it_is_folded(chosen: Any) -> None:
    """An event that was legal when it was offered is never an inconsistency, read back from its stored bytes."""
    standing = fold(Standing(), legal_history(chosen))
    assert standing.inconsistencies == []
    assert standing.unread == {}


@_thorough
@given(steps)
def test_no_legal_history_breaks_a_promise(chosen: Any) -> None:
    """Nothing revoked goes live, one move of a pointer is open at a time, and a person approves once."""
    standing = fold(Standing(), legal_history(chosen))
    stands = standing.names["churn"]
    for version in stands.versions:
        if version.revoked is not None:
            later = [d for d in stands.deployments.values() if d.mark.seq > version.revoked.seq]
            assert [d for d in later if d.number == version.event.number] == []
    begun = [d for d in stands.deployments.values() if d.ended is None]
    assert len({d.environment for d in begun}) == len(begun)
    for request in stands.requests.values():
        people = [a.event.person for a in request.approvals if a.withdrawn is None]
        assert len(set(people)) == len(people)
    for environment, moves in stands.moves.items():
        assert [m.previous for m in moves] == [0, *(m.number for m in moves[:-1])]
        assert (live(standing, "churn", environment) is None) == (moves[-1].number == 0)
        for move in moves:
            assert move.how != "break-glass" or stands.deployments[move.deployment].ratify_by


def ev_registered(number: int) -> ev.Registered:
    """Return the registration of a version."""
    return ev.Registered(
        name="churn", number=number, bundle=DIGESTS[number], manifest=FIXED, facts=FIXED, author="ana", tier="strategic"
    )


@_quick
@given(st.lists(st.integers(0, 300), min_size=1, max_size=30), st.integers(0, 300), st.integers(0, 300))
@example([10, 300, 20], 30, 40)
def test_what_has_expired_never_becomes_valid_again(minutes: list[int], now: int, expires: int) -> None:
    """However clocks jump: once expired, no later entry and no earlier clock makes a request valid."""
    registered = Entry(seq=1, time=time_of(0), actor="ana", via="local", event=ev_registered(1))
    standing = fold(Standing(), [registered])
    request = ev.Requested(
        request="a1", name="churn", number=1, environment="production", bundle=DIGESTS[1], policy=FIXED, verdict=FIXED,
        decision=FIXED, nonce="nonce-0123456789", expires=time_of(expires),
    )  # fmt: skip
    fold(standing, [Entry(seq=2, time=time_of(0), actor="ana", via="local", event=request)])
    over = False
    for seq, minute in enumerate(minutes, 3):
        over = over or minute >= expires
        note = UnreadEvent(kind="x")
        fold(standing, [Entry(seq=seq, time=time_of(minute), actor="ana", via="local", event=note)])
        state = state_of(standing, "churn", 1, time_of(now))
        assert state is not None
        assert (state.word == "registered") == (over or now >= expires)
