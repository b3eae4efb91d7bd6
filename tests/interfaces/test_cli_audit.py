"""``pressrun audit``: exit codes, what is printed, and that --json is one object."""

import json
import re
import sqlite3
import subprocess
from contextlib import closing

import pytest

from pressrun.actions.registry import open_registry
from pressrun.interfaces.cli.main import run
from pressrun.records.events import RunRecorded


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A project in git with 40 entries, of a person who has a key of their own."""
    folder = tmp_path / "project"
    folder.mkdir()
    subprocess.run(["git", "init", "--quiet", str(folder)], check=True)
    (folder / "pyproject.toml").write_text("[project]\nname = 'orders'\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / ".config"))
    monkeypatch.setenv("PRESSRUN_ACTOR", "ada@example.com")
    monkeypatch.delenv("PRESSRUN_JOURNAL_KEY", raising=False)
    with open_registry(folder) as registry:
        for number in range(40):
            registry.record(
                RunRecorded(
                    run=f"{number:032x}", what="replay", notebook="a.ipynb", source="sha256:" + "0" * 64,
                    outcome="passed", started="2026-03-01T09:00:00+00:00", duration_s=1.0,
                )
            )  # fmt: skip
    return folder


def told(capsys, *words, expected=0):
    capsys.readouterr()
    code = run(["audit", *words])
    captured = capsys.readouterr()
    assert (expected, words) == (code, words), captured
    return captured.out


def change(folder, seq):
    with closing(sqlite3.connect(folder / ".pressrun" / "journal.db")) as database:
        database.execute("DROP TRIGGER journal_no_update")
        database.execute(
            "UPDATE journal SET leaf = CAST(replace(CAST(leaf AS TEXT), 'ada@', 'bob@') AS BLOB) WHERE seq = ?", (seq,)
        )
        database.commit()


def test_an_audit_says_that_all_is_intact_and_what_it_cannot_show(project, capsys):
    told(capsys, "checkpoint", "--to", "git")
    shown = told(capsys, "verify")
    assert shown.startswith("Intact  40 entries are as they were written.")
    assert "Signed  up to entry 40" in shown
    assert re.search(
        r"Outside 1 checkpoint, the newest of 40 entries: agrees \(refs/pressrun/checkpoints, commit", shown
    )
    assert "What this cannot show:" in shown


def test_a_change_is_exit_status_5_and_names_the_range(project, capsys):
    told(capsys, "checkpoint", "--to", "git")
    change(project, 7)
    shown = told(capsys, "verify", expected=5)
    assert shown.startswith("CHANGED  A wrong entry is in 2..40.")  # the journal's own checkpoint covers entry 1
    assert "an entry in 1..40 is not what it was" in shown
    assert "refs/pressrun/checkpoints" in shown


def test_json_is_one_object_with_the_verdict(project, capsys):
    told(capsys, "checkpoint", "--to", "git")
    found = json.loads(told(capsys, "verify", "--json"))
    assert (found["intact"], found["suspects"], found["outside_upto"]) == (True, None, 40)
    change(project, 7)
    found = json.loads(told(capsys, "verify", "--json", expected=5))
    assert (found["intact"], found["suspects"]) == (False, [2, 40])
    assert [one["state"] for one in found["checkpoints"] if one["outside"]] == ["differs"]


def test_an_export_is_audited_elsewhere_with_the_key_and_a_kept_checkpoint(project, capsys, tmp_path, monkeypatch):
    told(capsys, "checkpoint", "--to", str(tmp_path / "kept.txt"))
    key = json.loads(told(capsys, "key", "--json"))["key"]
    told(capsys, "export", str(tmp_path / "audit.jsonl"))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    words = ["--offline", str(tmp_path / "audit.jsonl"), "--key", key, "--checkpoint", str(tmp_path / "kept.txt")]
    shown = told(capsys, "verify", *words)
    assert "Intact" in shown
    assert "Outside 1 checkpoint" in shown
    assert list((tmp_path / "elsewhere").iterdir()) == []
    content = (tmp_path / "audit.jsonl").read_bytes()
    (tmp_path / "audit.jsonl").write_bytes(content.replace(b"ada@", b"bob@", 1))
    assert "CHANGED" in told(capsys, "verify", *words, expected=5)


def test_an_export_overwrites_nothing(project, capsys, tmp_path):
    (tmp_path / "audit.jsonl").write_text("precious")
    told(capsys, "export", str(tmp_path / "audit.jsonl"), expected=2)
    assert (tmp_path / "audit.jsonl").read_text() == "precious"


def test_another_key_than_the_one_that_signed_is_refused(project, capsys):
    key = told(capsys, "key").strip()
    assert "Intact" in told(capsys, "verify", "--key", key)
    other = "pressrun/other+" + key.split("+", 1)[1]
    told(capsys, "verify", "--key", other, expected=2)
    told(capsys, "verify", "--key", "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", expected=5)


def test_a_proof_is_printed_for_people_and_for_programs(project, capsys):
    shown = told(capsys, "prove", "7")
    assert '"seq":7' in shown
    assert "Entry 7 of 40" in shown
    proof = json.loads(told(capsys, "prove", "7", "--json"))
    assert (proof["seq"], proof["index"], proof["size"]) == (7, 6, 40)
    assert json.loads(proof["leaf"])["seq"] == 7
    told(capsys, "prove", "41", expected=2)
    told(capsys, "prove", "0", expected=2)


def test_a_proof_since_a_kept_checkpoint_says_so(project, capsys, tmp_path):
    told(capsys, "checkpoint", "--to", str(tmp_path / "kept.txt"))
    assert "The 40 entries of the older checkpoint are its beginning." in told(
        capsys, "prove", "7", "--since", str(tmp_path / "kept.txt")
    )


def test_the_same_checkpoint_is_not_kept_twice(project, capsys):
    assert "40 entries, kept in refs/pressrun/checkpoints" in told(capsys, "checkpoint", "--to", "git")
    assert "40 entries, already kept in" in told(capsys, "checkpoint", "--to", "git")


def test_verifying_makes_no_key(project, capsys, tmp_path):
    (tmp_path / "home" / ".config" / "pressrun" / "journal.key").unlink()
    shown = told(capsys, "verify")
    assert "were not checked: give the public key with --key" in " ".join(shown.split())
    assert not (tmp_path / "home" / ".config" / "pressrun" / "journal.key").exists()
