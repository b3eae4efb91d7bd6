"""What a state says: what is live, what waits for somebody, and how a version stands.

Whether something has expired is always judged by `rules.standing.times`: by the asker's clock, or by what later entries
bear, whichever is later.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from pressrun.records.standing import (
    CollectionStands,
    DeploymentStands,
    Move,
    ProposalStands,
    RequestStands,
    Standing,
)
from pressrun.rules.standing.lookups import deployment_of, request_of, version_of
from pressrun.rules.standing.times import expired
from pressrun.rules.timestamps import seconds_of

StateWord = Literal["registered", "in-review", "approved", "rejected", "live", "revoked"]


class VersionState(NamedTuple):
    """How a version stands, in a word.

    Attributes:
        word: ``revoked`` before ``live``; before what became of the newest request. ``approved`` says that somebody
            approved and nobody refused; whether that is enough is for the policy to say.
        environments: where it is live, sorted.
        request: the newest request, None when there was none.
    """

    word: StateWord
    environments: tuple[str, ...] = ()
    request: RequestStands | None = None


class Waiting(NamedTuple):
    """A deployment that somebody has to do something about.

    Attributes:
        name: of the versions.
    """

    name: str
    what: DeploymentStands


def live(standing: Standing, name: str, environment: str) -> Move | None:
    """Return the move by which something is live in the environment now, None when nothing is."""
    stands = standing.names.get(name)
    moves = stands.moves.get(environment) if stands is not None else None
    return _something(moves[-1]) if moves else None


def _something(move: Move | None) -> Move | None:
    """Return the move, None when it took down what was live."""
    return move if move is not None and move.number else None


def live_at(standing: Standing, name: str, environment: str, at: str | int) -> Move | None:
    """Return the move by which something was live at a time, or after an entry.

    Args:
        standing: the state now.
        name: of the versions.
        environment: whose pointer.
        at: a time in UTC, ISO 8601, or the number of an entry.

    Raises:
        ValueError: `at` is text and no time.

    Moves are ordered by their entries. At a time, the newest move (by entry) that had been made by then counts, so that
    a later time never gives an earlier move, whatever the clocks said.
    """
    stands = standing.names.get(name)
    moves = stands.moves.get(environment, []) if stands is not None else []
    if isinstance(at, int):
        return _something(next((move for move in reversed(moves) if move.mark.seq <= at), None))
    asked = seconds_of(at)
    if asked is None:
        raise ValueError(f"{at!r} is not a time")
    for move in reversed(moves):
        made = seconds_of(move.mark.time)
        if made is not None and made <= asked:
            return _something(move)
    return None


def live_environments(standing: Standing, name: str, number: int) -> tuple[str, ...]:
    """Return the environments in which this version is live, sorted."""
    stands = standing.names.get(name)
    moves = stands.moves if stands is not None else {}
    return tuple(sorted(where for where, made in moves.items() if made and made[-1].number == number))


def rollback_target(standing: Standing, name: str, environment: str) -> Move | None:
    """Return the newest move to another version that still may be live: where a rollback goes unless told.

    None when nothing is live, or there is no such move. What was itself rolled back from is no place to go back to.
    """
    present = live(standing, name, environment)
    if present is None:
        return None
    stands = standing.names[name]
    asked = {present.number}
    for move in reversed(stands.moves[environment]):
        # how a version left the last time counts: else a third rollback would go where the second one came from
        if move.number in asked:
            continue
        asked.add(move.number)
        reverted = stands.deployments[move.deployment].reverted
        if not reverted and not _is_revoked(standing, name, move.number):
            return move
    return None


def _is_revoked(standing: Standing, name: str, number: int) -> bool:
    version = version_of(standing, name, number)
    return version is None or version.revoked is not None


def state_of(standing: Standing, name: str, number: int, now: str) -> VersionState | None:
    """Return how a version stands at `now`, None when there is no such version."""
    version = version_of(standing, name, number)
    if version is None:
        return None
    environments = live_environments(standing, name, number)
    requests = [found for found in standing.names[name].requests.values() if found.event.number == number]
    newest = requests[-1] if requests else None
    word: StateWord
    if version.revoked is not None:
        word = "revoked"
    elif environments:
        word = "live"
    else:
        word = _word_of(standing, newest, now)
    return VersionState(word, environments, newest)


def _word_of(standing: Standing, request: RequestStands | None, now: str) -> StateWord:
    if request is None or request.withdrawn is not None:
        return "registered"
    if request.rejected is not None:
        return "rejected"
    for approval in request.approvals:
        if approval.withdrawn is None and not expired(standing, approval.mark.seq, approval.event.expires, now):
            return "approved"
    return "registered" if expired(standing, request.mark.seq, request.event.expires, now) else "in-review"


def versions_in(standing: Standing, word: StateWord, now: str) -> Iterator[tuple[str, int]]:
    """Yield name and number of every version that stands so, in order of their names."""
    for name in sorted(standing.names):
        for version in standing.names[name].versions:
            state = state_of(standing, name, version.event.number, now)
            if state is not None and state.word == word:
                yield name, version.event.number


def open_requests(standing: Standing, now: str) -> list[RequestStands]:
    """Return the requests that may still be approved and whose version did not reach its environment yet."""
    return [
        request
        for name, waiting in sorted(standing.unsettled.items())
        for request in (request_of(standing, name, what) for what in waiting)
        if request is not None and not expired(standing, request.mark.seq, request.event.expires, now)
    ]


def _unsettled_deployments(standing: Standing) -> Iterator[Waiting]:
    for name, waiting in sorted(standing.unsettled.items()):
        for what in waiting:
            # an id that a request and a deployment share means the request
            if request_of(standing, name, what) is None and (found := deployment_of(standing, name, what)) is not None:
                yield Waiting(name, found)


def open_deployments(standing: Standing) -> list[Waiting]:
    """Return the moves that were begun and did not end: somebody is at it, or was interrupted."""
    return [waiting for waiting in _unsettled_deployments(standing) if waiting.what.ended is None]


def open_reviews(standing: Standing) -> list[Waiting]:
    """Return the rollbacks whose review was not held yet."""
    return _done(standing, "rollback")


def unratified(standing: Standing) -> list[Waiting]:
    """Return the emergency deployments that are live and that no second person stands behind."""
    return _done(standing, "break-glass")


def _done(standing: Standing, how: str) -> list[Waiting]:
    return [
        waiting
        for waiting in _unsettled_deployments(standing)
        if waiting.what.how == how and waiting.what.ended is not None
    ]


def overdue(standing: Standing, now: str) -> list[Waiting]:
    """Return those of `unratified` whose time is over: they have to be rolled back."""
    return [
        waiting
        for waiting in unratified(standing)
        if expired(standing, waiting.what.mark.seq, waiting.what.ratify_by, now)
    ]


def open_proposals(standing: Standing) -> list[ProposalStands]:
    """Return the documents that wait for a second policy admin, oldest first."""
    return [found for found in standing.proposals.values() if found.closed is None]


def open_collections(standing: Standing) -> list[CollectionStands]:
    """Return the collections of garbage that were begun and did not end, oldest first."""
    return [found for found in standing.collections.values() if found.ended is None]
