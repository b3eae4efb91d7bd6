"""Whether the entries are those that were written: the audit, bytes in and verdict out.

Every leaf is hashed from its stored bytes; an entry is decoded for its number alone. The tree that grows out of them is
compared with every checkpoint on the way. What an entry says of itself tells exactly where something is wrong; a
checkpoint tells it up to the range since the last one that agrees.

Checkpoints that are kept with the entries can be made anew by who holds the key. So where one that is kept outside
differs, only others outside say where the truth ended.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import msgspec

from pressrun.records.audit import (
    TREE,
    AuditProblem,
    AuditReport,
    CheckpointFound,
    CheckpointState,
    KeptCheckpoint,
)
from pressrun.records.audit import SignatureFound as Found
from pressrun.records.standing import Inconsistency
from pressrun.rules.merkle import Frontier
from pressrun.rules.signed_note import Checkpoint, Note, VerifierKey, read_checkpoint, read_note

Verify = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature is good: (public key, text, signature)."""

LISTED = 20
"""How many entries are named one by one; of more only the number is told."""
NEVER_WRITTEN = "An event that was never written: no audit can miss it."

_sha256 = hashlib.sha256


class _Numbered(msgspec.Struct):
    seq: int


class _Judged(NamedTuple):
    kept: KeptCheckpoint
    found: CheckpointFound
    root: bytes


class Keys(NamedTuple):
    """The public keys that signatures are checked with.

    Attributes:
        given: whether the reader named them: then every checkpoint has to be signed by one.
        origin: a note on where they come from otherwise; empty when they were given.
    """

    known: tuple[VerifierKey, ...] = ()
    given: bool = False
    origin: str = ""


class Auditor:
    """Takes the entries as they come and says in the end what is wrong with them.

    Args:
        checkpoints: every one that is known, in any order.
        keys: to check their signatures with.
        verify: checks a signature.
        tree: the frontier that was kept beside the entries, None where there is none.
    """

    def __init__(
        self, checkpoints: Iterable[KeptCheckpoint], keys: Keys, verify: Verify, tree: Frontier | None = None
    ) -> None:
        self._kept = list(checkpoints)
        self._keys = keys
        self._verify = verify
        self._kept_tree = tree
        self._texts = [_read(one) for one in self._kept]
        sizes = {read[1].size for read in self._texts if read is not None}
        if tree is not None:
            sizes.add(tree.size)
        self._sizes = sorted(sizes, reverse=True)  # the next one last
        self._roots: dict[int, bytes] = {}
        self._grown_tree: Frontier | None = None  # the one to compare with the kept one
        self._tree = Frontier()
        self._expected = 1
        self._entry_problems: list[AuditProblem] = []
        self._more = 0
        self._decode = msgspec.json.Decoder(_Numbered).decode
        self._broken = ""
        self._grow([])

    @property
    def size(self) -> int:
        """How many entries there were so far."""
        return self._tree.size

    def feed(self, entries: Sequence[tuple[int, bytes]]) -> None:
        """Take the next entries, as they are stored: number and bytes. Thousands at once are fastest."""
        decode = self._decode
        expected = self._expected
        for seq, leaf in entries:
            if seq != expected:
                self._wrong_number(seq, expected)
                expected = max(seq, 0)
            try:
                inside = decode(leaf).seq
            except msgspec.MsgspecError as error:
                self._blame(seq, f"entry {seq} cannot be read: {error if leaf else 'its bytes are gone'}")
            else:
                if inside != seq:
                    self._blame(seq, f"entry {seq} says that it is entry {inside}")
            expected += 1
        self._expected = expected
        sha256 = _sha256
        self._grow([sha256(b"\x00" + leaf).digest() for _, leaf in entries])

    def end(self, tree: Frontier) -> None:
        """Say which tree was kept with the entries, where that is known only after the last of them."""
        self._kept_tree = tree
        self._grown_tree = self._tree if tree.size == self._tree.size else None

    def break_off(self, why: str) -> None:
        """Say that the entries cannot be read any further."""
        self._broken = why

    def _wrong_number(self, seq: int, expected: int) -> None:
        if seq < expected:
            after = f"comes after entry {expected - 1}" if seq > 0 else "has a number that none can have"
            self._blame(seq, f"entry {seq} {after}")
            return
        what = f"entry {expected} is missing" if seq == expected + 1 else f"entries {expected} to {seq - 1} are missing"
        self._blame(expected, what, seq - 1)

    def _blame(self, first: int, what: str, last: int = 0) -> None:
        if len(self._entry_problems) == LISTED:
            self._more += 1
            return
        self.blame("the entries", what, max(first, 1), max(last or first, 1))

    def blame(self, where: str, what: str, first: int = 0, last: int = 0) -> None:
        """Say that something is wrong that was found when it was read."""
        self._entry_problems.append(AuditProblem(what=what, where=where, first=first, last=last))

    def _grow(self, hashes: list[bytes]) -> None:
        base = self._tree.size
        start = 0
        while self._sizes and self._sizes[-1] <= base + len(hashes):
            size = self._sizes.pop()
            self._tree = self._tree.extend(hashes[start : size - base])
            start = size - base
            self._roots[size] = self._tree.root()
            if self._kept_tree is not None and size == self._kept_tree.size:
                self._grown_tree = self._tree
        self._tree = self._tree.extend(hashes[start:])

    def report(self, inconsistencies: Sequence[Inconsistency] = ()) -> AuditReport:
        """Return what was found.

        Args:
            inconsistencies: what folding the same entries noted.
        """
        judged = [self._judge(kept, read) for kept, read in zip(self._kept, self._texts, strict=True)]
        problems = [*self._entry_problems, *self._reading_problems(), *_wrong_checkpoints(judged)]
        problems += [*_forks(judged), *_mismatches(judged), *_cut_off(judged, self._tree.size)]
        agreeing = [one for one in judged if one.found.state == "agrees"]
        signed = [one.found.size for one in agreeing if _is_signed(one.found)]
        outside = [one.found.size for one in agreeing if one.kept.outside]
        signed_upto, outside_upto = max(signed, default=0), max(outside, default=0)
        problems += [*self._tree_problems(max(signed_upto, outside_upto)), *self._signature_problems(judged)]
        return AuditReport(
            entries=self._tree.size,
            root=_base64(self._tree.root()),
            signed_upto=signed_upto,
            outside_upto=outside_upto,
            inside=sum(not one.kept.outside for one in agreeing),
            checkpoints=tuple(one.found for one in judged if one.kept.outside or one.found.state != "agrees"),
            problems=tuple(problems),
            inconsistencies=tuple(inconsistencies),
            notes=self._notes(judged, signed_upto),
            limits=_limits(self._tree.size, outside_upto, given=any(one.outside for one in self._kept)),
        )

    def _judge(self, kept: KeptCheckpoint, read: tuple[Note, Checkpoint] | None) -> _Judged:
        if read is None:
            return _Judged(kept, CheckpointFound(where=kept.where, outside=kept.outside, state="unreadable"), b"")
        note, checkpoint = read
        found = CheckpointFound(
            where=kept.where,
            outside=kept.outside,
            state=self._state(checkpoint),
            origin=checkpoint.origin,
            size=checkpoint.size,
            root=_base64(checkpoint.root),
            signatures=tuple(self._signatures(note)),
        )
        return _Judged(kept, found, checkpoint.root)

    def _state(self, checkpoint: Checkpoint) -> CheckpointState:
        root = self._roots.get(checkpoint.size)
        if root is None:
            return "not-reached" if self._broken else "cut-off"
        return "agrees" if root == checkpoint.root else "differs"

    def _signatures(self, note: Note) -> Iterable[Found]:
        known = {(key.name, key.key_id): key.public for key in self._keys.known}
        for one in note.signatures:
            public = known.get((one.name, one.key_id))
            if public is None:
                yield Found(key=one.name, key_id=one.key_id.hex(), state="unknown")
            else:
                good = self._verify(public, note.text, one.signature)
                yield Found(key=one.name, key_id=one.key_id.hex(), state="good" if good else "bad")

    def _reading_problems(self) -> Iterable[AuditProblem]:
        if self._more:
            yield AuditProblem(what=f"{self._more} more entries are wrong in themselves", where="the entries")
        if self._broken:
            yield AuditProblem(
                what=f"the entries cannot be read beyond {self._expected - 1}: {self._broken}",
                where="the entries",
                first=self._expected,
                last=self._expected,
            )

    def _tree_problems(self, sure: int) -> Iterable[AuditProblem]:
        kept, grown = self._kept_tree, self._grown_tree
        if kept is None or kept == grown or (grown is None and self._broken):
            return
        if kept.size <= sure:
            what = "the tree that is kept with the entries is not theirs; a checkpoint shows that they are right"
            yield AuditProblem(what=what, where=TREE)
            return
        if grown is None:
            what = f"the tree that is kept with the entries is of {kept.size}, and there are {self._tree.size}"
            yield AuditProblem(what=what, where=TREE, first=1, last=kept.size)
            return
        first = 1
        for was, now, subtree in zip(kept.hashes, grown.hashes, _subtrees(kept.size), strict=True):
            if was != now:
                last = first + subtree - 1
                what = f"the tree that is kept with the entries was made over others: between {first} and {last}"
                yield AuditProblem(what=what, where=TREE, first=first, last=last)
                return
            first += subtree

    def _signature_problems(self, judged: Sequence[_Judged]) -> Iterable[AuditProblem]:
        for _, found, _ in judged:
            bad = [one.key for one in found.signatures if one.state == "bad"]
            if bad:
                what = f"the checkpoint of {found.size} entries has a wrong signature in the name of {bad[0]}"
                yield AuditProblem(what=what, where=found.where)
            elif self._keys.given and found.state != "unreadable" and not _is_signed(found):
                what = f"the checkpoint of {found.size} entries is signed by none of the keys that were given"
                yield AuditProblem(what=what, where=found.where)
        if self._keys.given and self._tree.size and not any(_is_signed(found) for _, found, _ in judged):
            yield AuditProblem(what="nothing here is signed by a key that was given", where="the checkpoints")

    def _notes(self, judged: Sequence[_Judged], signed_upto: int) -> tuple[str, ...]:
        notes = [self._keys.origin] if self._keys.origin else []
        unknown = {
            f"{one.key}+{one.key_id}" for _, found, _ in judged for one in found.signatures if one.state == "unknown"
        }
        if unknown and not self._keys.given:
            names = ", ".join(sorted(unknown)[:LISTED])
            notes.append(f"Signatures by {names} were not checked: give the public key with --key.")
        size = self._tree.size
        if signed_upto < size:
            notes.append(f"{_entries(signed_upto + 1, size)} not covered by a checkpoint whose signature was checked.")
        return tuple(notes)


def _read(kept: KeptCheckpoint) -> tuple[Note, Checkpoint] | None:
    try:
        note = read_note(kept.note)
        return note, read_checkpoint(note.text)
    except ValueError:
        return None


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()


def _entries(first: int, last: int) -> str:
    return f"Entry {first} is" if first == last else f"Entries {first} to {last} are"


def _subtrees(size: int) -> list[int]:
    # leaves under each hash of a frontier
    return [1 << bit for bit in reversed(range(size.bit_length())) if size >> bit & 1]


def _is_signed(found: CheckpointFound) -> bool:
    states = {one.state for one in found.signatures}
    return "good" in states and "bad" not in states


def _wrong_checkpoints(judged: Sequence[_Judged]) -> Iterable[AuditProblem]:
    for kept, found, _ in judged:
        if found.state == "unreadable":
            yield AuditProblem(what="this is no signed checkpoint", where=kept.where)


def _forks(judged: Sequence[_Judged]) -> Iterable[AuditProblem]:
    first_of: dict[int, _Judged] = {}
    for one in judged:
        if one.found.state == "unreadable":
            continue
        other = first_of.setdefault(one.found.size, one)
        if other.root != one.root:
            what = (
                f"two checkpoints of {one.found.size} entries name different roots: different histories were shown; "
                f"the other is from {other.kept.where}"
            )
            yield AuditProblem(what=what, where=one.kept.where)


def _mismatches(judged: Sequence[_Judged]) -> Iterable[AuditProblem]:
    # outside first: an inside one that agrees may have been made anew, together with the entries
    for outside in (True, False):
        differing = [one for one in judged if one.found.state == "differs" and one.kept.outside == outside]
        if not differing:
            continue
        worst = min(differing, key=lambda one: one.found.size)
        bad = worst.found.size
        first = _sure_upto(judged, bad, outside=outside) + 1
        more = f", and {len(differing) - 1} more checkpoints differ" if len(differing) > 1 else ""
        which = f"entry {bad} is not what it was" if first == bad else f"an entry in {first}..{bad} is not what it was"
        what = f"{which} when the checkpoint of {bad} entries was made{more}"
        yield AuditProblem(what=what, where=worst.kept.where, first=min(first, bad), last=bad)


def _cut_off(judged: Sequence[_Judged], size: int) -> Iterable[AuditProblem]:
    beyond = [one for one in judged if one.found.state == "cut-off"]
    if not beyond:
        return
    most = max(beyond, key=lambda one: (one.found.size, one.kept.outside))
    covered = most.found.size
    sure = _sure_upto(judged, covered, outside=most.kept.outside)
    missing = "the end is missing" if sure == size else f"one in {sure + 1}..{covered} was taken out, or the end"
    what = f"a checkpoint covers {covered} entries, and there are {size}: {missing}"
    yield AuditProblem(what=what, where=most.kept.where, first=sure + 1, last=covered)


def _sure_upto(judged: Sequence[_Judged], below: int, *, outside: bool) -> int:
    # entries before `below` that are as they were; what is kept outside is only borne out by what is outside, too
    agreeing = (one for one in judged if one.found.state == "agrees" and (one.kept.outside or not outside))
    return max((one.found.size for one in agreeing if one.found.size < below), default=0)


def _limits(size: int, outside_upto: int, *, given: bool) -> tuple[str, ...]:
    limits = [NEVER_WRITTEN]
    if not given:
        limits.append(
            "A history made anew by who holds the key and the database: no checkpoint that is kept outside was given. "
            "Keep one with `pressrun audit checkpoint --to git`."
        )
    elif outside_upto < size:
        limits.append(
            f"{_entries(outside_upto + 1, size)} under no checkpoint kept outside: who holds the key and the database "
            "could have made them anew, or cut off others after them."
        )
    else:
        limits.append(f"Entries cut off after the last checkpoint kept outside, which covers {outside_upto}.")
    return tuple(limits)
