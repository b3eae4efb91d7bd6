"""The audit of a journal in a real PostgreSQL server, which its owner changes."""

import random
import sys
from pathlib import Path

import pytest

from pressrun.actions.audit import export_journal, verify_export, verify_journal
from pressrun.records.audit import KeptCheckpoint
from pressrun.rules.audit import Keys
from pressrun.rules.signed_note import VerifierKey
from pressrun.store.journal.open import open_journal
from pressrun.store.keys import JournalKey
from pressrun.testing.tampering import draft

sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))
from postgres import postgres, postgres_server

__all__ = ["postgres", "postgres_server"]
KEY = JournalKey("pressrun/test", bytes(range(32)))
KEYS = Keys((VerifierKey(KEY.name, KEY.public),), given=True)


def test_a_change_by_the_owner_of_the_database_is_found(postgres, tmp_path):
    chance = random.Random(1)
    with open_journal(postgres, KEY) as journal:
        for start in (0, 100, 200):
            journal.append([draft(chance) for _ in range(100)], after=start, checkpoint=True)
        outside = [KeptCheckpoint(where="kept.txt", note=note, outside=True) for note in journal.checkpoints()]
        report = verify_journal(journal, KEYS, outside)
        assert (report.intact, report.entries, report.outside_upto) == (True, 300, 300)
        export_journal(journal, tmp_path / "audit.jsonl")
        assert report == verify_export(tmp_path / "audit.jsonl", KEYS, outside)
        with journal.database.writing() as rows:
            rows.run("ALTER TABLE journal DISABLE TRIGGER ALL")
            rows.run("UPDATE journal SET leaf = set_byte(leaf, 100, 65) WHERE seq = 150")
        report = verify_journal(journal, KEYS, outside)
        assert not report.intact
        first, last = report.suspects or (0, 0)
        assert first <= 150 <= last
        assert first > 100
        assert last <= 200


@pytest.mark.parametrize("statement", ["DELETE FROM journal WHERE seq = 7", "DELETE FROM journal WHERE seq > 7"])
def test_rows_that_the_owner_deletes_are_missed(postgres, statement):
    chance = random.Random(1)
    with open_journal(postgres, KEY) as journal:
        journal.append([draft(chance) for _ in range(20)], after=0, checkpoint=True)
        with journal.database.writing() as rows:
            rows.run("ALTER TABLE journal DISABLE TRIGGER ALL")
            rows.run(statement)
        assert not verify_journal(journal, KEYS).intact
