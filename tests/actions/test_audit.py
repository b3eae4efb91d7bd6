"""Audits of journals in a real database, which somebody changes behind the journal's back."""

import base64
import json
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from pressrun.actions.audit import (
    GIT,
    export_journal,
    given_keys,
    keep_checkpoint,
    outside_checkpoints,
    own_keys,
    prove_entry,
    verify_export,
    verify_journal,
)
from pressrun.errors import CannotRestoreError, UsageError
from pressrun.records.audit import KeptCheckpoint
from pressrun.records.entries import Draft
from pressrun.records.events import Deployed, RunRecorded
from pressrun.rules.audit import Keys
from pressrun.rules.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from pressrun.rules.signed_note import VerifierKey, read_checkpoint, read_note
from pressrun.store.journal.memory import MemoryJournal
from pressrun.store.journal.open import open_journal
from pressrun.store.keys import JournalKey, open_journal_key
from pressrun.testing.tampering import with_checkpoints

KEY = JournalKey("pressrun/test", bytes(range(32)))
BOB = "UPDATE journal SET leaf = CAST(replace(CAST(leaf AS TEXT), 'ada', 'bob') AS BLOB) WHERE seq = {}"
KEYS = Keys((VerifierKey(KEY.name, KEY.public),), given=True)
SNIPPET = Path(__file__).resolve().parents[2] / "docs" / "how-to" / "audit.md"


def drafts(count, start=0):
    return [
        Draft(
            event=RunRecorded(
                run=f"{number:032x}", what="replay", notebook="a.ipynb", source="sha256:" + "0" * 64,
                outcome="passed", started="2026-03-01T09:00:00+00:00", duration_s=1.0,
            ),
            actor="ada", via="ssh", time=f"2026-03-01T09:00:00.{number:06d}+00:00",
        )
        for number in range(start, start + count)
    ]  # fmt: skip


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    """300 entries; checkpoints after 100, 200 and 300."""
    with open_journal(path, KEY, clock=lambda: 0.0) as opened:
        for start in (0, 100, 200):
            opened.append(drafts(100, start), after=start, checkpoint=True)
        yield opened


def behind_its_back(path, *statements):
    """Change the database as somebody does who owns it."""
    with closing(sqlite3.connect(path)) as database:
        triggers = database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            database.execute(f"DROP TRIGGER {name}")
        for statement, *values in statements:
            database.execute(statement, values)
        database.commit()


def kept(journal, place=-1):
    return [KeptCheckpoint(where="kept.txt", note=journal.checkpoints()[place], outside=True)]


def test_an_honest_journal_is_intact(journal):
    report = verify_journal(journal, KEYS, kept(journal))
    assert report.intact
    assert (report.entries, report.signed_upto, report.outside_upto, report.inside) == (300, 300, 300, 3)


def test_a_journal_in_memory_is_audited_as_well():
    journal = MemoryJournal(KEY)
    journal.append(drafts(3), after=0, checkpoint=True)
    assert verify_journal(journal, KEYS).intact
    assert verify_journal(journal, KEYS).signed_upto == 3


def test_an_empty_journal_is_intact(tmp_path):
    with open_journal(tmp_path / "journal.db") as journal:
        assert verify_journal(journal, Keys()).intact


@pytest.mark.parametrize(
    ("statement", "suspects"),
    [
        (BOB.format(150), (101, 200)),
        ("UPDATE journal SET leaf = replace(leaf, 'ada', 'bob') WHERE seq = 150", (150, 150)),
        ("UPDATE journal SET leaf = CAST(leaf AS TEXT) WHERE seq = 150", (150, 150)),
        ("UPDATE journal SET leaf = 1000000000000 WHERE seq = 150", (150, 150)),
        ("UPDATE journal SET leaf = x'00ff' WHERE seq = 150", (150, 150)),
        ("DELETE FROM journal WHERE seq = 150", (150, 150)),
        ("UPDATE journal SET leaf = (SELECT leaf FROM journal WHERE seq = 151) WHERE seq = 150", (150, 150)),
        ("UPDATE journal SET seq = -150 WHERE seq = 150", (1, 1)),
        ("DELETE FROM journal WHERE seq > 250", (201, 300)),
        ("DELETE FROM journal", (1, 300)),
        ("INSERT INTO journal (seq, leaf) VALUES (301, x'7b22736571223a3330317d')", (301, 301)),
    ],
)  # fmt: skip
def test_what_is_changed_behind_its_back_is_found(journal, path, statement, suspects):
    behind_its_back(path, (statement,))
    report = verify_journal(journal, KEYS)
    assert suspects == report.suspects
    assert not report.intact


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("UPDATE checkpoint SET note = 'text' WHERE size = 200", "this is no signed checkpoint"),
        (
            "UPDATE checkpoint SET note = (SELECT note FROM checkpoint WHERE size = 100) || x'00' WHERE size = 200",
            "this is no",
        ),
        ("UPDATE tree SET frontier = x'00'", "the tree that is kept with the entries cannot be read"),
        ("UPDATE tree SET frontier = 'text'", "the tree that is kept with the entries cannot be read"),
        ("DELETE FROM tree", "the tree that is kept with the entries is gone"),
        ("DELETE FROM checkpoint", "nothing here is signed by a key that was given"),
    ],
)
def test_what_is_kept_beside_the_entries_is_looked_at_too(journal, path, statement, said):
    behind_its_back(path, (statement,))
    assert any(said in problem.what for problem in verify_journal(journal, KEYS).problems)


def test_entries_hidden_by_setting_the_tree_back_are_found(journal, path):
    tree = Frontier().extend([leaf_hash(leaf) for _, leaf in journal.read(0, 100)])
    behind_its_back(
        path,
        ("UPDATE tree SET size = 100, frontier = ?", tree.encode()),
        ("DELETE FROM checkpoint WHERE size > 100",),
    )
    report = verify_journal(journal, KEYS)
    assert [(problem.what, problem.first, problem.last) for problem in report.problems] == [
        ("entries were added that are not in the tree", 101, 300)
    ]


def test_a_history_signed_anew_by_the_very_key_is_found_by_what_was_kept_outside(journal, path):
    outside = [*kept(journal, 0), *kept(journal, 1)]
    entries = [(seq, leaf.replace(b'"ada"', b'"bob"') if seq == 150 else leaf) for seq, leaf in journal.read()]
    forged = with_checkpoints(entries, KEY, [100, 200])
    behind_its_back(
        path,
        ("UPDATE journal SET leaf = ? WHERE seq = 150", entries[149][1]),
        ("UPDATE tree SET frontier = ?", forged.tree.encode()),
        *(("UPDATE checkpoint SET note = ? WHERE size = ?", note, read_checkpoint(read_note(note).text).size)
          for note in forged.notes),
    )  # fmt: skip
    assert verify_journal(journal, KEYS).intact
    assert verify_journal(journal, KEYS, outside).suspects == (101, 200)


def test_two_journals_that_were_exchanged_are_found(journal, tmp_path):
    """The same key signs both."""
    with open_journal(tmp_path / "other.db", KEY) as other:
        other.append(drafts(300, 5000), after=0, checkpoint=True)
        assert verify_journal(other, KEYS).intact
        assert not verify_journal(other, KEYS, kept(journal)).intact


def test_a_damaged_page_is_a_problem_and_not_a_crash_wherever_it_is(journal, path, tmp_path):
    """Where no entry, checkpoint or tree is on it (the search's pages), the audit says that those are intact."""
    outside = kept(journal)
    entries = list(journal.read())
    journal.close()
    whole = path.read_bytes()
    assert path.with_name("journal.db-wal").exists() is False
    verdicts = []
    for start in range(0, len(whole), 4096):
        damaged = tmp_path / f"{start}.db"
        damaged.write_bytes(whole[:start] + b"\xff" * 4096 + whole[start + 4096 :])
        damaged.chmod(0o600)
        try:
            with open_journal(damaged, KEY) as opened:
                report = verify_journal(opened, KEYS, outside)
                if report.intact:
                    assert entries == list(opened.read())
        except CannotRestoreError:
            verdicts.append("refused")
            continue
        verdicts.append("intact" if report.intact else "problem")
    assert verdicts.count("problem") > 20
    assert verdicts[0] == "refused"


def test_others_may_append_while_it_is_audited(journal, monkeypatch):
    from pressrun.actions import audit

    real = audit.kept_entries

    def kept_entries(found):
        journal.append(drafts(50, 300), after=300, checkpoint=True)
        return real(found)

    monkeypatch.setattr(audit, "kept_entries", kept_entries)
    report = verify_journal(journal, KEYS)
    assert (report.intact, report.entries) == (True, 350)


def test_entries_that_do_not_fit_are_listed_and_are_no_change(tmp_path):
    bundle = "sha256:" + "0" * 64
    event = Deployed(deployment="d" * 32, name="orders", number=1, environment="production", bundle=bundle)
    with open_journal(tmp_path / "journal.db", KEY) as journal:
        draft = Draft(event=event, actor="ada", via="local", time="2026-03-01T09:00:00+00:00")
        journal.append([draft], after=0, checkpoint=True)
        report = verify_journal(journal, KEYS)
    assert report.intact
    assert {one.seq for one in report.inconsistencies} == {1}


def test_an_export_is_audited_without_the_journal(journal, tmp_path):
    target = tmp_path / "audit.jsonl"
    done = export_journal(journal, target, [KEY.vkey])
    assert (done.entries, done.checkpoints) == (300, 3)
    report = verify_export(target, KEYS, kept(journal))
    assert report.intact
    online = verify_journal(journal, KEYS, kept(journal))
    assert online == report


def test_an_export_of_a_changed_journal_shows_the_change(journal, path, tmp_path):
    behind_its_back(path, ("DELETE FROM journal WHERE seq = 150",), ("UPDATE journal SET leaf = 'x' WHERE seq = 170",))
    export_journal(journal, tmp_path / "audit.jsonl")
    assert verify_export(tmp_path / "audit.jsonl", KEYS).suspects == (150, 150)


def test_the_keys_in_an_export_are_told_to_be_no_proof_of_who_wrote_it(journal, tmp_path):
    export_journal(journal, tmp_path / "audit.jsonl", [KEY.vkey, "garbage"])
    report = verify_export(tmp_path / "audit.jsonl", Keys())
    assert (report.intact, report.signed_upto) == (True, 300)
    assert "keys in the file itself" in report.notes[0]


@pytest.mark.parametrize("lines", [slice(0, -1), slice(0, 250), slice(0, 1)])
def test_an_export_that_was_cut_off_is_found(journal, tmp_path, lines):
    target = tmp_path / "audit.jsonl"
    export_journal(journal, target)
    target.write_bytes(b"".join(target.read_bytes().splitlines(keepends=True)[lines]))
    report = verify_export(target, KEYS)
    assert any("the last line, with the tree, is missing" in problem.what for problem in report.problems)


def test_any_byte_that_is_changed_in_an_export_is_found(journal, tmp_path):
    target = tmp_path / "audit.jsonl"
    export_journal(journal, target)
    content = bytearray(target.read_bytes())
    first = content.index(b"\n") + 1  # the header says nothing about the entries
    for place in range(first, len(content), 997):
        content[place] ^= 0x01
        target.write_bytes(content)
        report = verify_export(target, KEYS, kept(journal))
        assert not report.intact, place
        content[place] ^= 0x01


def proofs():
    return [(seq, size) for size in (1, 2, 7, 64, 100) for seq in (1, size // 2, size) if seq]


@pytest.mark.parametrize(("seq", "size"), proofs())
def test_a_proof_is_good_and_its_hashes_are_those_of_the_rfc(seq, size):
    journal = MemoryJournal(KEY)
    journal.append(drafts(size), after=0, checkpoint=True)
    proof = prove_entry(journal, seq, KEYS.known)
    hashes = [base64.b64decode(one) for one in proof.hashes]
    root = base64.b64decode(proof.root)
    assert verify_inclusion(leaf_hash(proof.leaf.encode()), proof.index, proof.size, hashes, root)
    assert root == read_checkpoint(read_note(proof.checkpoint.encode()).text).root
    assert (KEY.vkey,) == proof.keys


def test_an_entry_that_no_checkpoint_covers_yet_gets_one(journal):
    journal.append(drafts(1, 300), after=300)
    assert prove_entry(journal, 300).size == 300
    assert prove_entry(journal, 301).size == 301
    assert len(journal.checkpoints()) == 4


def test_a_proof_shows_that_the_journal_only_grew(journal):
    older = kept(journal, 0)[0]
    proof = prove_entry(journal, 150, since=older)
    assert proof.consistency is not None
    roots = base64.b64decode(proof.consistency.root), base64.b64decode(proof.root)
    hashes = [base64.b64decode(one) for one in proof.consistency.hashes]
    assert verify_consistency(100, 300, *roots, hashes)


def test_there_is_no_proof_against_a_checkpoint_of_another_history(journal):
    other = MemoryJournal(KEY)
    other.append(drafts(100, 900), after=0, checkpoint=True)
    with pytest.raises(CannotRestoreError, match="not those that this checkpoint"):
        prove_entry(journal, 1, since=kept(other)[0])
    other.append(drafts(400, 1000), after=100, checkpoint=True)
    with pytest.raises(UsageError, match="covers 500 entries"):
        prove_entry(journal, 1, since=kept(other)[0])
    with pytest.raises(UsageError, match="no signed checkpoint"):
        prove_entry(journal, 1, since=KeptCheckpoint(where="x", note=b"garbage"))


def test_a_changed_journal_proves_nothing(journal, path):
    behind_its_back(path, (BOB.format(9),))
    with pytest.raises(CannotRestoreError, match="not those that the checkpoint"):
        prove_entry(journal, 1)


@pytest.mark.parametrize("seq", [0, -1, 301])
def test_there_is_no_proof_of_an_entry_that_is_not_there(journal, seq):
    with pytest.raises(UsageError, match=f"no entry {seq}"):
        prove_entry(journal, seq)


def checker(tmp_path):
    """The program that the guide shows."""
    blocks = re.findall(r"^```python\n(.*?)^```$", SNIPPET.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert len(blocks) == 1
    program = tmp_path / "check.py"
    program.write_text(blocks[0], encoding="utf-8")
    return program


def check(program, proof, key):
    file = program.with_name("proof.json")
    file.write_text(json.dumps(proof), encoding="utf-8")
    words = [sys.executable, "-I", str(program), str(file), key]
    return subprocess.run(words, capture_output=True, text=True, check=False)


def plain(proof):
    import msgspec

    return msgspec.to_builtins(proof)


def test_the_program_in_the_guide_accepts_a_proof_and_nothing_else(journal, tmp_path):
    program = checker(tmp_path)
    proof = plain(prove_entry(journal, 150))
    done = check(program, proof, KEY.vkey)
    assert (done.returncode, done.stderr) == (0, "")
    assert "entry 150 of 300 in pressrun/" in done.stdout
    other = plain(prove_entry(journal, 151))
    wrong = [
        {**proof, "leaf": proof["leaf"].replace("ada", "bob")},
        {**proof, "seq": 151},
        {**proof, "seq": 301},
        {**proof, "hashes": other["hashes"]},
        {**proof, "hashes": proof["hashes"][:-1]},
        {**proof, "hashes": [*proof["hashes"], proof["hashes"][0]]},
        {**proof, "checkpoint": proof["checkpoint"].replace("\n300\n", "\n299\n")},
    ]
    for changed in wrong:
        assert check(program, changed, KEY.vkey).returncode == 1, changed
    for key in (JournalKey("pressrun/test", bytes(32)).vkey, KEY.vkey.replace("test", "text")):
        assert check(program, proof, key).returncode == 1


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8, 11])
def test_the_program_in_the_guide_accepts_every_entry_of_small_journals(tmp_path, size):
    journal = MemoryJournal(KEY)
    journal.append(drafts(size), after=0, checkpoint=True)
    program = checker(tmp_path)
    for seq in {1, size // 2 + 1, size}:
        assert check(program, plain(prove_entry(journal, seq)), KEY.vkey).returncode == 0


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    return folder


def test_a_checkpoint_kept_in_git_is_found_by_the_audit(journal, repository):
    journal.append(drafts(5, 300), after=300)
    done = keep_checkpoint(journal, KEYS, GIT, repository)
    assert (done.size, done.fresh) == (305, True)
    report = verify_journal(journal, KEYS, outside_checkpoints(repository))
    assert (report.intact, report.outside_upto) == (True, 305)
    assert not keep_checkpoint(journal, KEYS, GIT, repository).fresh


def test_a_checkpoint_kept_in_a_file_is_read_with_it(journal, tmp_path):
    place = tmp_path / "kept.txt"
    keep_checkpoint(journal, KEYS, str(place), tmp_path)
    journal.append(drafts(5, 300), after=300)
    keep_checkpoint(journal, KEYS, str(place), tmp_path)
    assert [read_checkpoint(read_note(one.note).text).size for one in outside_checkpoints(None, [place])] == [300, 305]


def test_no_checkpoint_is_kept_of_a_changed_journal(journal, path, repository, tmp_path):
    keep_checkpoint(journal, KEYS, GIT, repository)
    behind_its_back(path, (BOB.format(9),))
    for place in (GIT, str(tmp_path / "kept.txt")):
        with pytest.raises(CannotRestoreError, match=r"no checkpoint was kept: an entry in 1\.\.300"):
            keep_checkpoint(journal, KEYS, place, repository)
    assert len(outside_checkpoints(repository)) == 1
    assert not (tmp_path / "kept.txt").exists()


def test_there_is_no_checkpoint_of_an_empty_journal(tmp_path):
    with pytest.raises(UsageError, match="the journal is empty"):
        keep_checkpoint(MemoryJournal(KEY), KEYS, str(tmp_path / "kept.txt"), tmp_path)


def test_a_key_is_given_as_text_or_in_a_file(tmp_path):
    (tmp_path / "key.txt").write_text(KEY.vkey + "\n")
    found = given_keys([KEY.vkey, str(tmp_path / "key.txt")])
    assert (KEYS.known * 2, True) == (found.known, found.given)
    assert Keys() == given_keys([])


@pytest.mark.parametrize("text", ["", "nonsense", "name+00000000+AAAA", "x" * 5000])
def test_what_is_no_key_is_refused(tmp_path, text):
    (tmp_path / "key.txt").write_text(text)
    for given in (text, str(tmp_path / "key.txt")):
        with pytest.raises(UsageError, match="no public key"):
            given_keys([given])


def test_looking_for_the_own_key_makes_none(tmp_path):
    assert Keys() == own_keys(tmp_path / "journal.key")
    assert list(tmp_path.iterdir()) == []
    key = open_journal_key(tmp_path / "journal.key")
    assert (VerifierKey(key.name, key.public),) == own_keys(tmp_path / "journal.key").known
