"""Journals that somebody changed, in every way that one can think of, and with what they may hold: for tests of audits.

The attacker has the database, and maybe a key: none, another one, or the very key that signs. What was signed and kept
elsewhere before is out of reach.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from pressrun.records.entries import Draft, encode_entry
from pressrun.records.events import RunRecorded
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import Checkpoint, checkpoint_text, sign_note
from pressrun.store.keys import JournalKey

Entries = list[tuple[int, bytes]]
ACTORS = ("ada", "grace", "edsger", "barbara")
POWERS = ("rows", "another-key", "same-key")
"""What the attacker changes: the rows alone; the tree and the checkpoints as well, signed by some key or by the key."""


class Log(NamedTuple):
    """A journal as its database holds it.

    Attributes:
        notes: signed checkpoints, oldest first. `tree`: the frontier over all entries.
    """

    entries: Entries
    notes: list[bytes]
    tree: Frontier


class Tampered(NamedTuple):
    """A changed journal.

    Attributes:
        how: the kind of change. `power`: one of `POWERS`.
        changed: places, from 1, at which there is something else than before.
    """

    log: Log
    how: str
    power: str
    changed: frozenset[int]


def draft(chance: random.Random) -> Draft:
    """Return a recorded run."""
    event = RunRecorded(
        run=f"{chance.getrandbits(128):032x}",
        what="replay",
        notebook="orders.ipynb",
        source=f"sha256:{chance.getrandbits(256):064x}",
        outcome="passed",
        started="2026-03-01T09:00:00.000000+00:00",
        duration_s=round(chance.random() * 60, 3),
        metrics={"accuracy": round(chance.random(), 4)},
    )
    return Draft(event=event, actor=chance.choice(ACTORS), via="ssh", time="2026-03-01T09:00:00.000000+00:00")


def leaf(seq: int, chance: random.Random) -> bytes:
    """Return the bytes of an entry."""
    return encode_entry(draft(chance), seq)


def make_log(size: int, key: JournalKey, chance: random.Random, every: int = 64) -> Log:
    """Return an honest journal.

    Args:
        size: number of entries.
        key: signs a checkpoint after `every` so many entries, and one at the end.
        chance: what the entries say.
        every: entries between checkpoints.
    """
    entries = [(seq, leaf(seq, chance)) for seq in range(1, size + 1)]
    return with_checkpoints(entries, key, range(every, size, every))


def with_checkpoints(entries: Entries, key: JournalKey, sizes: Sequence[int]) -> Log:
    """Return a journal of these entries with checkpoints at some sizes and at the end."""
    tree = Frontier()
    notes = []
    for size in sorted({*(size for size in sizes if size < len(entries)), len(entries)}):
        tree = tree.extend([leaf_hash(content) for _, content in entries[tree.size : size]])
        notes.append(sign_note(checkpoint_text(Checkpoint(key.name, size, tree.root())), key))
    return Log(entries, notes, tree)


def tamper(
    log: Log, upto: int, keys: tuple[JournalKey, JournalKey], chance: random.Random, every: int = 64
) -> Tampered:
    """Change something among the first entries.

    Args:
        log: the honest journal.
        upto: entries that a checkpoint outside covers; what comes after them nobody can vouch for.
        keys: another key, and the one that signs.
        chance: decides what is done.
        every: entries between checkpoints, where they are made anew.
    """
    how = chance.choice(list(_CHANGES))
    power = chance.choice(POWERS)
    changed: frozenset[int] = frozenset()
    while not changed or min(changed) > upto:  # a copy after its original, for instance, changes nothing before it
        entries = _CHANGES[how](list(log.entries), upto, chance)
        changed = _changed(log.entries, entries)
        if len(log.entries) == 1:
            how = "edit the actor"  # not everything can be done to one entry
    if power == "rows":
        return Tampered(Log(entries, log.notes, log.tree), how, power, changed)
    key = keys[POWERS.index(power) - 1]
    return Tampered(with_checkpoints(entries, key, range(every, len(entries), every)), how, power, changed)


def _changed(before: Entries, after: Entries) -> frozenset[int]:
    longest = max(len(before), len(after))
    return frozenset(place + 1 for place in range(longest) if before[place : place + 1] != after[place : place + 1])


def _renumbered(entries: Entries) -> Entries:
    # rows get dense numbers again, their bytes stay as they are
    return [(seq, content) for seq, (_, content) in enumerate(entries, 1)]


def _rewritten(entries: Entries) -> Entries:
    # rows and bytes get dense numbers again
    found = []
    for seq, (_, content) in enumerate(entries, 1):
        start = content.index(b'"seq":') + 6
        end = content.index(b",", start)
        found.append((seq, content[:start] + str(seq).encode() + content[end:]))
    return found


def _edit_byte(entries: Entries, upto: int, chance: random.Random) -> Entries:
    place = chance.randrange(upto)
    seq, content = entries[place]
    at = chance.randrange(len(content))
    other = (content[at] + chance.randrange(1, 256)) % 256
    entries[place] = (seq, content[:at] + bytes([other]) + content[at + 1 :])
    return entries


def _edit_actor(entries: Entries, upto: int, chance: random.Random) -> Entries:
    place = chance.randrange(upto)
    seq, content = entries[place]
    entries[place] = (seq, content.replace(b'"actor":"', b'"actor":"not-'))
    return entries


def _delete(entries: Entries, upto: int, chance: random.Random) -> Entries:
    del entries[chance.randrange(upto)]
    return entries


def _insert(entries: Entries, upto: int, chance: random.Random) -> Entries:
    place = chance.randrange(upto)
    entries.insert(place, (place + 1, leaf(place + 1, chance)))
    return entries


def _duplicate(entries: Entries, upto: int, chance: random.Random) -> Entries:
    place = chance.randrange(upto)
    entries.insert(place, entries[place])
    return entries


def _exchange(entries: Entries, upto: int, chance: random.Random) -> Entries:
    if len(entries) < 2:
        return _edit_actor(entries, upto, chance)
    one = chance.randrange(upto)
    other = chance.choice([place for place in range(len(entries)) if place != one])
    entries[one], entries[other] = entries[other], entries[one]
    return entries


def _cut(entries: Entries, upto: int, chance: random.Random) -> Entries:
    return entries[: chance.randrange(upto)]


def _cut_and_refill(entries: Entries, upto: int, chance: random.Random) -> Entries:
    start = chance.randrange(upto)
    return [*entries[:start], *((seq, leaf(seq, chance)) for seq in range(start + 1, len(entries) + 1))]


def _another_log(entries: Entries, upto: int, chance: random.Random) -> Entries:
    size = max(1, len(entries) + chance.randrange(-upto, upto + 1))
    return [(seq, leaf(seq, chance)) for seq in range(1, size + 1)]


_Change = Callable[[Entries, int, random.Random], Entries]


def _then(first: _Change, after: Callable[[Entries], Entries]) -> _Change:
    return lambda entries, upto, chance: after(first(entries, upto, chance))


_CHANGES: dict[str, _Change] = {
    "edit a byte": _edit_byte,
    "edit the actor": _edit_actor,
    "delete": _delete,
    "delete and renumber the rows": _then(_delete, _renumbered),
    "delete and rewrite": _then(_delete, _rewritten),
    "insert and renumber the rows": _then(_insert, _renumbered),
    "insert and rewrite": _then(_insert, _rewritten),
    "duplicate": _duplicate,
    "duplicate and rewrite": _then(_duplicate, _rewritten),
    "reorder the rows": _exchange,
    "exchange the contents": _then(_exchange, _renumbered),
    "exchange and rewrite": _then(_exchange, _rewritten),
    "cut off the end": _cut,
    "cut off and write anew": _cut_and_refill,
    "put another log in its place": _another_log,
}
