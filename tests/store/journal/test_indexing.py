"""What can be searched is made when somebody searches, and is what making it with every append would give."""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from pressrun.errors import CannotRestoreError
from pressrun.records.entries import Draft
from pressrun.records.events import Described, Revoked
from pressrun.rules.query.parse import parse_query
from pressrun.store.journal import sql
from pressrun.store.journal.indexing import PAGE, index, reach
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.search import search
from pressrun.store.journal_check import journal_problems

sys.path.insert(0, str(Path(__file__).parent))

from drafts import TIME, by_hand, draft, run, searchable


def reached(journal):
    with journal.database.reading() as rows:
        return tuple(reach(rows, "here"))


def said(event):
    return Draft(event=event, actor="ana", via="local", time=TIME)


def test_an_append_makes_nothing_searchable_and_a_search_everything(path):
    with open_journal(path) as journal:
        journal.append([draft(1), run(1)], after=0)
        assert reached(journal) == (2, 0)
        assert [found.subject for found in search(journal.database, "run")] == [f"{1:032x}"]
        assert reached(journal) == (2, 2)
        journal.append([run(2)], after=2)
        assert len(search(journal.database, "run")) == 2


def test_what_waits_is_bounded(path, monkeypatch):
    monkeypatch.setattr(sql, "MOST_WAITING", 10)
    with open_journal(path) as journal:
        waiting = []
        for number in range(25):
            journal.append([run(number)], after=number)
            size, indexed = reached(journal)
            waiting.append(size - indexed)
    assert waiting == [*range(1, 11), *[9, 10] * 7, 9]


@pytest.mark.parametrize("seed", range(5))
def test_in_whatever_parts_it_is_made_it_is_the_same(tmp_path, seed):
    """Versions, what is said of them later, and runs; indexed all at once, and after appends of any size."""
    chance = random.Random(seed)
    drafts = [draft(number) for number in range(1, 41)]
    for _ in range(300):
        number = chance.randint(1, 40)
        drafts.append(chance.choice([
            said(Described(name="churn", number=number, owner=chance.choice(["ana", "ben"]))),
            said(Described(name="churn", number=number, tier="strategic", use_case=f"case {chance.random()}")),
            said(Revoked(name="churn", number=number, reason="old")),
            run(chance.randint(0, 10**6)),
        ]))  # fmt: skip
    assert len(drafts) > PAGE
    with open_journal(tmp_path / "one.db") as one, open_journal(tmp_path / "other.db") as other:
        one.append(drafts, after=0)
        while (head := other.head()) < len(drafts):
            other.append(drafts[head : head + chance.randint(1, 60)], after=head)
            if chance.random() < 0.7:
                index(other.database)
        assert searchable(one) == searchable(other)
        assert journal_problems(one) == journal_problems(other) == []
        (found,) = search(one.database, "version", parse_query("number = 7"))
        assert found.values["name"] == "churn"


def test_who_index_at_once_do_it_once_and_miss_nothing(path):
    with open_journal(path) as journal:
        journal.append([run(number) for number in range(600)], after=0)
        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(lambda _: len(search(journal.database, "run", limit=1000)), range(8)))
        assert found == [600] * 8
        assert journal_problems(journal) == []


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("UPDATE shown SET content = CAST('{\"entry\":2.0}' AS BLOB)", "1 documents of the search index"),
        ("DELETE FROM shown", "1 documents of the search index"),
        ("UPDATE shown SET kind = 'run'", "1 documents of the search index"),
        ("DELETE FROM found WHERE key = 'owner'", "1 rows of the search index"),
        ("UPDATE indexed SET seq = 0", "rows of the search index"),
        ("UPDATE indexed SET seq = 9", "claims to reach entry 9 of 2"),
    ],
)
def test_an_index_that_is_not_what_the_entries_say_is_told_and_made_anew(path, change, told):
    with open_journal(path) as journal:
        journal.append([draft(1)], after=0)
        journal.append([said(Described(name="churn", number=1, owner="ana"))], after=1)
        index(journal.database)
        expected = searchable(journal)
        by_hand(path, change)
        assert any(told in problem for problem in journal_problems(journal))
        journal.reindex()
        assert searchable(journal) == expected
        assert journal_problems(journal) == []


def test_a_document_that_cannot_be_read_is_told(path):
    with open_journal(path) as journal:
        journal.append([draft(1)], after=0)
        index(journal.database)
        by_hand(path, "UPDATE shown SET content = CAST('[' AS BLOB)")
        with pytest.raises(CannotRestoreError, match="the index of churn@1 cannot be read"):
            search(journal.database, "version")


def test_an_index_whose_state_is_gone_is_damage(path):
    with open_journal(path) as journal:
        journal.append([draft(1)], after=0)
        by_hand(path, "DELETE FROM indexed")
        with pytest.raises(CannotRestoreError, match="state of its index is gone"):
            journal.append([draft(2)], after=1)
        with pytest.raises(CannotRestoreError, match="state of its index is gone"):
            search(journal.database, "version")
