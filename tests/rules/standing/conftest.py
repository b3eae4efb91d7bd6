"""A journal in a list, to fold and to offer to."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from pressrun.records import events as ev
from pressrun.records.digest import digest_text
from pressrun.records.entries import Entry, UnreadEvent
from pressrun.records.people import Members
from pressrun.records.standing import Standing
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.legality import problem_with

START = datetime.datetime(2026, 8, 3, 12, tzinfo=datetime.timezone.utc)
POLICY = digest_text("policy")
VERDICT = digest_text("verdict")
FACTS = digest_text("facts")


def clock(minutes: float = 0.0) -> str:
    """Return the time so many minutes after the start, in the journal's form."""
    return (START + datetime.timedelta(minutes=minutes)).isoformat(timespec="microseconds")


class Book:
    """A journal with its state: `write` appends whatever it is given, `offer` asks first."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.standing = Standing()
        self.minute = 0.0
        self.members: Members | None = None

    def write(self, event: ev.Event | UnreadEvent, actor: str = "ana", *, time: str | None = None) -> Entry:
        """Append an event without asking whether it is legal, and fold it."""
        self.minute += 1
        entry = Entry(
            seq=len(self.entries) + 1, time=clock(self.minute) if time is None else time, actor=actor, via="local",
            event=event,
        )  # fmt: skip
        self.entries.append(entry)
        fold(self.standing, [entry])
        return entry

    def problem(self, event: ev.Event, actor: str = "ana", *, minute: float | None = None) -> str:
        """Return why the event is not legal now."""
        now = clock(self.minute + 1 if minute is None else minute)
        return problem_with(self.standing, event, actor, now, self.members)

    def offer(self, event: ev.Event, actor: str = "ana") -> Entry:
        """Append an event that has to be legal."""
        assert self.problem(event, actor) == ""
        return self.write(event, actor)

    def said(self) -> list[str]:
        """Return the inconsistencies in words."""
        return [found.what for found in self.standing.inconsistencies]

    @staticmethod
    def bundle(number: int, name: str = "churn") -> str:
        """Return the digest of a version's bundle."""
        return digest_text(f"{name}@{number}")

    def registered(self, number: int = 1, name: str = "churn", **more: Any) -> ev.Registered:
        """Make the event."""
        given = {"author": "ana", "owner": "ana"} | more
        return ev.Registered(
            name=name, number=number, bundle=self.bundle(number, name), manifest=FACTS, facts=FACTS, **given
        )

    def requested(self, request: str = "r1", number: int = 1, environment: str = "production", **more: Any) -> Any:
        """Make the event."""
        given = {
            "bundle": self.bundle(number), "policy": POLICY, "verdict": VERDICT, "decision": FACTS,
            "nonce": f"nonce-of-{request}-0123456789", "expires": clock(60 * 24 * 30),
        } | more  # fmt: skip
        return ev.Requested(request=request, name="churn", number=number, environment=environment, **given)

    def approved(self, person: str = "cy", request: str = "r1", number: int = 1, **more: Any) -> ev.Approved:
        """Make the event."""
        given = {
            "environment": "production", "bundle": self.bundle(number), "policy": POLICY, "verdict": VERDICT,
            "nonce": f"nonce-of-{request}-0123456789", "role": "approver", "expires": clock(60 * 24 * 30),
        } | more  # fmt: skip
        return ev.Approved(request=request, name="churn", number=number, person=person, **given)

    def deploy_requested(self, deployment: str = "d1", number: int = 1, previous: int = 0, **more: Any) -> Any:
        """Make the event."""
        given = {
            "environment": "production", "bundle": self.bundle(number), "target": "record", "policy": POLICY,
            "verdict": VERDICT, "decision": FACTS,
        } | more  # fmt: skip
        return ev.DeployRequested(deployment=deployment, name="churn", number=number, previous=previous, **given)

    def deployed(self, deployment: str = "d1", number: int = 1, environment: str = "production") -> ev.Deployed:
        """Make the event."""
        return ev.Deployed(
            deployment=deployment, name="churn", number=number, environment=environment, bundle=self.bundle(number)
        )

    def rollback_requested(self, deployment: str = "b1", number: int = 1, previous: int = 2, **more: Any) -> Any:
        """Make the event."""
        given = {
            "environment": "production", "bundle": self.bundle(number), "target": "record", "reason": "recall fell",
            "review_by": clock(60 * 72),
        } | more  # fmt: skip
        return ev.RollbackRequested(deployment=deployment, name="churn", number=number, previous=previous, **given)

    def rolled_back(self, deployment: str = "b1", number: int = 1, **more: Any) -> ev.RolledBack:
        """Make the event."""
        given = {"environment": "production", "bundle": self.bundle(number)} | more
        return ev.RolledBack(deployment=deployment, name="churn", number=number, **given)

    def deploy(self, number: int, previous: int = 0, **more: Any) -> str:
        """Deploy a version, legally; return the deployment's id."""
        deployment = f"d{len(self.entries)}"
        self.offer(self.deploy_requested(deployment, number, previous, **more))
        self.offer(self.deployed(deployment, number, more.get("environment", "production")))
        return deployment

    def roll_back(self, number: int, previous: int, **more: Any) -> str:
        """Roll back, legally; return the rollback's id."""
        deployment = f"b{len(self.entries)}"
        self.offer(self.rollback_requested(deployment, number, previous, **more))
        self.offer(self.rolled_back(deployment, number, **more))
        return deployment


@pytest.fixture
def book() -> Book:
    """Give an empty journal."""
    return Book()


@pytest.fixture
def live_book() -> Book:
    """Give a journal with three versions, of which the first and then the second went to production."""
    book = Book()
    for number in (1, 2, 3):
        book.offer(book.registered(number))
    book.deploy(1)
    book.deploy(2, 1)
    return book


@pytest.fixture
def at() -> Any:
    """Give the function from minutes to times."""
    return clock


@pytest.fixture
def asked(book: Book) -> Book:
    """Give a journal with two versions, of which the first was asked for by ana."""
    book.offer(book.registered(1))
    book.offer(book.registered(2))
    book.offer(book.requested())
    return book
