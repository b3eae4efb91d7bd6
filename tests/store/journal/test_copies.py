"""Copies of a journal: backups, imports, and what can be searched made anew."""

from __future__ import annotations

import sys
import threading
from pathlib import Path

import pytest

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.rules.signed_note import read_checkpoint, read_note
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.port import Stored
from pressrun.store.new_file import new_file

sys.path.insert(0, str(Path(__file__).parent))

from drafts import KEY, by_hand, draft, mode, run, searchable


def test_a_backup_is_a_journal_that_opens_anywhere_and_goes_on(filled, tmp_path):
    target = tmp_path / "copy" / "journal.db"
    target.parent.mkdir()
    with open_journal(filled, KEY) as journal:
        journal.keep_snapshot(3, b"fold")
        journal.backup(target)
        expected = list(journal.read()), journal.checkpoints(), journal.snapshot()
        journal.append([draft(4)], after=3)
    assert [file.name for file in target.parent.iterdir()] == ["journal.db"]
    assert mode(target) == 0o600
    with open_journal(target, KEY) as copy:
        assert expected == (list(copy.read()), copy.checkpoints(), copy.snapshot())
        assert copy.append([draft(4)], after=3)[0].seq == 4


def test_a_backup_never_replaces_anything(filled, tmp_path):
    target = tmp_path / "there"
    target.write_bytes(b"precious")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "nowhere")
    with open_journal(filled) as journal:
        for taken in (target, link):
            with pytest.raises(UsageError, match="something already"):
                journal.backup(taken)
    assert target.read_bytes() == b"precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_backup_of_a_damaged_journal_fails_and_leaves_nothing(path, tmp_path):
    with open_journal(path) as journal:
        journal.append([draft(number) for number in range(1, 60)], after=0)
    raw = bytearray(path.read_bytes())
    raw[5 * 4096 :] = b"\xff" * (len(raw) - 5 * 4096)
    path.write_bytes(raw)
    with open_journal(path) as journal, pytest.raises(CannotRestoreError):
        journal.backup(tmp_path / "copy.db")
    assert not [file for file in tmp_path.iterdir() if "copy" in file.name]


def test_imported_entries_keep_their_bytes_their_checkpoints_and_what_can_be_searched(filled, tmp_path):
    with open_journal(filled, KEY) as journal, open_journal(tmp_path / "copy.db", KEY) as copy:
        journal.append([run(number) for number in range(600)], after=3, checkpoint=True)
        assert copy.import_leaves(journal.read(), journal.checkpoints()) == 603
        assert (list(journal.read()), journal.checkpoints()) == (list(copy.read()), copy.checkpoints())
        assert searchable(journal) == searchable(copy)
        assert copy.append([draft(4)], after=603)[0].seq == 604


def test_a_journal_with_entries_is_not_imported_into(filled, tmp_path):
    with open_journal(filled) as journal, pytest.raises(UsageError, match="3 entries"):
        journal.import_leaves(list(journal.read()))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda stored: [stored[0], stored[2]], "entry 2 is missing"),
        (lambda stored: [stored[0], Stored(2, stored[0].leaf), stored[2]], "entry 2 says that it is entry 1"),
        (lambda stored: [stored[0], Stored(2, b"{"), stored[2]], "entry 2 cannot be read"),
        (lambda stored: stored[:2], "a checkpoint covers 3 entries, and there are 2"),
        (lambda stored: [Stored(1, stored[0].leaf.replace(b"ana", b"eve")), *stored[1:]], "made over other ones"),
    ],
    ids=["a gap", "a wrong number", "no entry", "a cut-off end", "another actor"],
)
def test_a_damaged_import_leaves_the_journal_empty(filled, tmp_path, change, message):
    with open_journal(filled) as journal, open_journal(tmp_path / "copy.db") as copy:
        with pytest.raises(CannotRestoreError, match=message):
            copy.import_leaves(change(list(journal.read())), journal.checkpoints())
        assert copy.head() == 0
        assert list(copy.read()) == []
        assert copy.checkpoints() == []


def test_what_can_be_searched_is_made_anew_from_the_entries(filled):
    with open_journal(filled) as journal:
        journal.append([run(number) for number in range(600)], after=3)
        expected = searchable(journal)
        by_hand(filled, "DELETE FROM found WHERE seq % 2 = 0", "UPDATE found SET text = 'wrong'", "DELETE FROM shown")
        assert searchable(journal) != expected
        assert journal.reindex() == 603
        assert searchable(journal) == expected


def test_what_appears_at_a_copys_name_while_it_is_made_is_not_replaced(tmp_path):
    target = tmp_path / "copy.db"

    def copy() -> None:
        with new_file(target, "copy") as partial:
            partial.write_bytes(b"copy")
            target.write_bytes(b"precious")

    with pytest.raises(UsageError, match="something already"):
        copy()
    assert [file.name for file in tmp_path.iterdir()] == ["copy.db"]
    assert target.read_bytes() == b"precious"


def test_a_taken_name_is_told_before_anything_is_copied(tmp_path):
    (tmp_path / "copy.db").write_bytes(b"precious")
    begun: list[Path] = []

    def copy() -> None:
        with new_file(tmp_path / "copy.db", "copy") as partial:
            begun.append(partial)

    with pytest.raises(UsageError, match="something already"):
        copy()
    assert begun == []


def test_a_backup_made_while_others_write_is_whole_and_at_one_entry(filled, tmp_path):
    """The writer never stops; each copy ends at some entry, and its tree is the one over exactly its entries."""
    stop = threading.Event()

    def write() -> None:
        with open_journal(filled, KEY) as journal:
            while not stop.is_set():
                head = journal.head()
                journal.append([draft(head + 1), run(head)], after=head)

    writer = threading.Thread(target=write)
    writer.start()
    try:
        with open_journal(filled) as journal:
            heads = []
            for number in range(5):
                journal.backup(tmp_path / f"copy-{number}.db")
                with open_journal(tmp_path / f"copy-{number}.db", KEY) as copy:
                    stored = list(copy.read())
                    heads.append(copy.head())
                    copy.append([draft(1)], after=heads[-1], checkpoint=True)
                    root = read_checkpoint(read_note(copy.checkpoints(1)[0]).text).root
                    hashes = [leaf_hash(item.leaf) for item in copy.read()]
                assert [item.seq for item in stored] == list(range(1, heads[-1] + 1))
                assert Frontier().extend(hashes).root() == root
    finally:
        stop.set()
        writer.join()
    assert sorted(set(heads)) == heads
