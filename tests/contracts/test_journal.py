"""What every journal does, wherever it is kept: in memory, in an SQLite file, on a PostgreSQL server."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import pytest

from pressrun.errors import HeadMovedError
from pressrun.records.digest import digest_text
from pressrun.records.entries import Draft, decode_entry, encode_entry
from pressrun.records.events import Described, Registered, RunRecorded
from pressrun.rules.journal_index import rows_of
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import read_checkpoint, read_note
from pressrun.store.journal.indexing import index
from pressrun.store.journal.memory import MemoryJournal
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.port import Stored
from pressrun.store.keys import JournalKey, verify_ed25519

sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))

from postgres import postgres, postgres_server  # noqa: F401 - fixtures

KINDS = ["memory", "sqlite", "postgresql"]
TIME = "2026-08-03T12:00:00.000000+00:00"
ANY = digest_text("")


class Clock:
    """A clock that is moved by hand, seconds since 1970."""

    now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def key():
    return JournalKey("pressrun/test", bytes(range(32)))


@pytest.fixture(params=KINDS)
def opened(request, tmp_path, clock):
    """A function that opens the same empty journal each time it is called: as other processes would, where they can."""
    if request.param == "memory":
        made: list[MemoryJournal] = []

        def open_memory(signer=None):
            made.append(made[0] if made else MemoryJournal(signer, clock=clock))
            return made[0]

        yield open_memory
        return
    location = tmp_path / "journal.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    handles = []

    def open_database(signer=None):
        handles.append(open_journal(location, signer, clock=clock))
        return handles[-1]

    yield open_database
    for handle in handles:
        handle.close()


@pytest.fixture
def journal(opened, key):
    return opened(key)


def drafts(count: int, first: int = 1) -> list[Draft]:
    return [draft(number) for number in range(first, first + count)]


def draft(number: int, **more) -> Draft:
    event = Registered(name="churn", number=number, bundle=ANY, manifest=ANY, facts=ANY, author="ana", **more)
    return Draft(event=event, actor="ana", via="local", time=TIME)


def found(journal) -> set[tuple]:
    """What can be searched."""
    if isinstance(journal, MemoryJournal):
        rows = [row for stored in journal.read() for row in rows_of(decode_entry(stored.leaf))]
        return {tuple(row) for row in {(row.subject, row.key): row for row in rows}.values()}
    index(journal.database)
    with journal.database.reading() as rows:
        return set(rows.run("SELECT subject, kind, key, number, text FROM found"))


def test_a_new_journal_is_empty(journal):
    assert journal.head() == 0
    assert list(journal.read()) == []
    assert journal.checkpoints() == []
    assert journal.snapshot() is None


def test_what_was_appended_is_read_byte_for_byte_in_order(journal):
    offered = [draft(1, note="Grüße, 世界 \U0001f600 \x00 ' \" \\ :name %s"), *drafts(2, 2)]
    entries = journal.append(offered, after=0)
    stored = list(journal.read())
    assert entries == [decode_entry(item.leaf) for item in stored]
    assert stored == [Stored(seq, encode_entry(one, seq)) for seq, one in enumerate(offered, 1)]
    assert list(journal.read()) == stored
    assert journal.head() == 3


def test_another_handle_sees_what_was_appended(opened, key):
    opened(key).append(drafts(2), after=0)
    other = opened(key)
    assert other.head() == 2
    assert other.append([draft(3)], after=2)[0].seq == 3


@pytest.mark.parametrize(
    ("after", "upto", "expected"),
    [(0, None, [1, 2, 3, 4, 5]), (2, None, [3, 4, 5]), (0, 2, [1, 2]), (2, 4, [3, 4]), (4, 2, []), (5, None, []),
     (9, None, []), (0, 99, [1, 2, 3, 4, 5]), (3, 0, [])],
)  # fmt: skip
def test_a_part_of_the_journal_is_read_by_its_bounds(journal, after, upto, expected):
    journal.append(drafts(5), after=0)
    assert expected == [stored.seq for stored in journal.read(after, upto)]


def test_a_journal_of_many_pages_is_read_whole(journal):
    for first in (1, 301):
        journal.append(drafts(300, first), after=first - 1)
    stored = list(journal.read())
    assert list(range(1, 601)) == [item.seq for item in stored]
    assert list(range(1, 601)) == [decode_entry(item.leaf).event.number for item in stored]


def test_a_reader_gets_what_was_there_when_it_began_while_others_append(journal):
    journal.append(drafts(300), after=0)
    reader = journal.read(upto=299)
    assert next(reader).seq == 1
    journal.append([draft(301)], after=300)
    assert list(range(2, 300)) == [item.seq for item in reader]


def test_an_append_after_an_entry_that_is_no_longer_the_last_changes_nothing(journal):
    journal.append(drafts(2), after=0)
    before, notes, searchable = list(journal.read()), journal.checkpoints(), found(journal)
    with pytest.raises(HeadMovedError) as raised:
        journal.append([draft(9)], after=1, checkpoint=True)
    assert "from entry 1 to 2" in raised.value.what
    assert (before, notes, searchable) == (list(journal.read()), journal.checkpoints(), found(journal))


def test_an_append_after_an_entry_that_never_was_is_refused(journal):
    with pytest.raises(Exception, match="entry 7") as raised:
        journal.append([draft(1)], after=7)
    assert not isinstance(raised.value, HeadMovedError)  # trying again would never help
    with pytest.raises(ValueError, match="-1"):
        journal.append([draft(1)], after=-1)
    assert journal.head() == 0


def test_appending_nothing_appends_nothing(journal):
    journal.append([draft(1)], after=0)
    assert journal.append([], after=1) == []
    assert journal.head() == 1


BAD_EVENTS = {
    "a lone surrogate": Described(name="churn", number=1, reason="\ud800"),
    "a digest that is none": Registered(name="churn", number=1, bundle="1234", manifest=ANY, facts=ANY, author="ana"),
    "a number that JSON lacks": RunRecorded(
        run="0" * 32, what="replay", notebook="n", source=ANY, outcome="ok", started=TIME, duration_s=float("nan")
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD_EVENTS)
def test_an_event_that_would_not_be_read_back_is_refused_before_it_is_written(journal, name):
    bad = Draft(event=BAD_EVENTS[name], actor="ana", via="local", time=TIME)
    with pytest.raises(ValueError):  # noqa: PT011 - what it says depends on the value
        journal.append([draft(1), bad], after=0)
    assert journal.head() == 0


def test_checkpoints_cover_the_tree_over_the_stored_bytes_and_are_signed(journal, key):
    journal.append(drafts(3), after=0, checkpoint=True)
    journal.append(drafts(5, 4), after=3, checkpoint=True)
    stored = list(journal.read())
    hashes = [leaf_hash(item.leaf) for item in stored]
    notes = [read_note(note) for note in journal.checkpoints()]
    texts = [read_checkpoint(note.text) for note in notes]
    assert [(3, Frontier().extend(hashes[:3]).root()), (8, Frontier().extend(hashes).root())] == [
        (text.size, text.root) for text in texts
    ]
    # one key may sign several journals, and each has a name of its own: that of its first entry
    first = next(iter(journal.read(0, 1))).leaf
    assert {text.origin for text in texts} == {f"pressrun/{leaf_hash(first)[:8].hex()}"}
    for note in notes:
        assert verify_ed25519(key.public, note.text, note.signatures[0].signature)


def test_the_last_checkpoints_are_the_newest_oldest_first(journal):
    for number in range(1, 6):
        journal.append([draft(number)], after=number - 1, checkpoint=True)
    sizes = [read_checkpoint(read_note(note).text).size for note in journal.checkpoints(2)]
    assert sizes == [4, 5]
    assert journal.checkpoints(0) == []
    assert journal.checkpoints(99) == journal.checkpoints()


def test_a_checkpoint_is_made_by_itself_after_256_entries_or_60_seconds(journal, clock):
    def sizes() -> list[int]:
        return [read_checkpoint(read_note(note).text).size for note in journal.checkpoints()]

    journal.append(drafts(1), after=0)
    assert sizes() == [1]
    journal.append(drafts(255, 2), after=1)
    assert sizes() == [1]
    journal.append(drafts(1, 257), after=256)
    assert sizes() == [1, 257]
    clock.now += 59.9
    journal.append(drafts(1, 258), after=257)
    assert sizes() == [1, 257]
    clock.now += 0.1
    journal.append(drafts(1, 259), after=258)
    assert sizes() == [1, 257, 259]
    clock.now -= 3600  # a clock that was put back must not end checkpoints for an hour
    journal.append(drafts(1, 260), after=259)
    assert sizes() == [1, 257, 259, 260]


def test_a_checkpoint_of_what_is_there_needs_no_new_entry_and_is_made_once(journal):
    journal.append(drafts(1), after=0)
    journal.append(drafts(1, 2), after=1)
    for _ in range(2):
        assert journal.append([], after=2, checkpoint=True) == []
    assert [read_checkpoint(read_note(note).text).size for note in journal.checkpoints()] == [1, 2]


def test_those_who_ask_for_the_same_checkpoint_at_once_all_get_it(opened, key):
    handles = [opened(key) for _ in range(4)]
    for number in range(2, 12):
        handles[0].append([draft(number), draft(number)], after=handles[0].head())
        with ThreadPoolExecutor(4) as pool:
            head = handles[0].head()
            asked = [pool.submit(handle.append, [], after=head, checkpoint=True) for handle in handles]
            assert [one.result() for one in asked] == [[]] * 4
    sizes = [read_checkpoint(read_note(note).text).size for note in handles[0].checkpoints()]
    assert sizes == [2, 4, 6, 8, 10, 12, 14, 16, 18, 20]


def test_without_a_signer_no_checkpoint_is_made_and_none_may_be_asked_for(opened):
    journal = opened()
    journal.append(drafts(300), after=0)
    assert journal.checkpoints() == []
    with pytest.raises(ValueError, match="signer"):
        journal.append([draft(301)], after=300, checkpoint=True)
    assert journal.head() == 300


class BrokenKey(JournalKey):
    def sign(self, text: bytes) -> bytes:
        raise PermissionError("the key is gone")


def test_where_signing_fails_nothing_is_appended(opened):
    journal = opened(BrokenKey("pressrun/test", bytes(32)))
    with pytest.raises(PermissionError):
        journal.append(drafts(2), after=0)
    assert journal.head() == 0
    assert list(journal.read()) == []
    assert found(journal) == set()


def test_what_is_searchable_is_what_the_entries_make_searchable_the_later_replacing_the_earlier(journal):
    described = Draft(event=Described(name="churn", number=1, owner="eve"), actor="ana", via="local", time=TIME)
    journal.append([draft(1, owner="bob"), draft(2, owner="bob"), described], after=0)
    expected: dict[tuple[str, str], tuple] = {}
    for item in journal.read():
        expected.update(((row.subject, row.key), tuple(row)) for row in rows_of(decode_entry(item.leaf)))
    assert set(expected.values()) == found(journal)
    assert ("churn@1", "version", "owner", None, "eve") in found(journal)
    assert ("churn@2", "version", "owner", None, "bob") in found(journal)


def test_the_newest_snapshot_is_kept_and_an_older_one_does_not_replace_it(opened, key):
    journal = opened(key)
    journal.append(drafts(3), after=0)
    journal.keep_snapshot(2, b"\x00two")
    assert opened(key).snapshot() == (2, b"\x00two")
    journal.keep_snapshot(3, b"three")
    journal.keep_snapshot(1, b"one")
    assert journal.snapshot() == (3, b"three")
    journal.keep_snapshot(3, b"three, in another format")
    assert journal.snapshot() == (3, b"three, in another format")


@pytest.mark.parametrize("seq", [-1, 1])
def test_a_snapshot_of_entries_that_are_not_there_is_refused(journal, seq):
    with pytest.raises(ValueError, match="fold"):
        journal.keep_snapshot(seq, b"")
    assert journal.snapshot() is None


def test_threads_that_share_a_handle_append_without_losing_anything(journal):
    """Each thread does what a process does: see the head, append, again when others were faster."""
    mine: list[int] = []

    def write() -> None:
        for _ in range(10):
            while True:
                head = journal.head()
                try:
                    mine.append(journal.append([draft(head + 1)], after=head)[0].seq)
                    break
                except HeadMovedError:
                    continue

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(range(1, 41)) == sorted(mine)
    assert list(range(1, 41)) == [decode_entry(item.leaf).event.number for item in journal.read()]


def test_while_a_writer_has_its_turn_others_are_told_that_the_head_moved(opened, key):
    journal, other = opened(key), opened(key)
    journal.append([draft(1)], after=0)
    with journal.turn() as mine:
        with pytest.raises(HeadMovedError, match="turn"):
            other.append([draft(2)], after=1)
        assert mine.head() == 1
        assert [item.seq for item in mine.append([draft(2)], after=1)] == [2]
        with pytest.raises(HeadMovedError, match="from entry 0 to 2"):
            mine.append([draft(2)], after=0)
    assert [item.seq for item in other.append([draft(3)], after=2)] == [3]


def test_turns_come_one_after_the_other(opened, key):
    times: list[tuple[str, int]] = []
    handles = [opened(key) for _ in range(3)]

    def write(index: int) -> None:
        with handles[index].turn() as mine:
            times.append(("begin", index))
            mine.append([draft(1)], after=mine.head())
            times.append(("end", index))

    threads = [threading.Thread(target=write, args=(index,)) for index in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(times) == 6
    for (first, one), (second, other) in list(pairwise(times))[::2]:
        assert (first, second, one) == ("begin", "end", other)
