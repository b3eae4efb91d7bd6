"""``pressrun gc``, ``fsck``, ``backup`` and ``restore`` as somebody types them."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


@pytest.fixture
def project(tmp_path, monkeypatch) -> Path:
    """A project with one registered version."""
    folder = tmp_path / "project"
    folder.mkdir()
    (folder / "pressrun.toml").write_text("[registry]\n")
    monkeypatch.chdir(folder)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "home" / "config"))
    monkeypatch.setenv("PRESSRUN_ACTOR", "ada@example.org")
    write_sample_bundle(tmp_path / "bundle", SAMPLE_FILES, name="churn")
    assert run(["register", str(tmp_path / "bundle")]) == 0
    return folder


def said(capsys, *words: str, code: int = 0) -> dict:
    capsys.readouterr()
    assert run([*words, "--json"]) == code, capsys.readouterr()
    return json.loads(capsys.readouterr().out)


def shown(capsys, *words: str, code: int = 0) -> str:
    capsys.readouterr()
    assert run([*words]) == code
    return capsys.readouterr().out


def test_garbage_goes_when_it_is_old_and_not_before(project, capsys):
    store = ObjectStore(project / ".pressrun")
    digest = store.put(b"rubbish")
    assert "0 of" in shown(capsys, "gc")
    os.utime(object_path(store.root, digest), (1, 1))
    told = said(capsys, "gc", "--dry-run")
    assert told["collections"][0]["removed"] == [digest]
    assert store.has(digest)
    assert "1 of" in shown(capsys, "gc")
    assert not store.has(digest)
    assert "CollectRequested" not in shown(capsys, "fsck")


def test_damage_is_told_with_the_version_and_repaired_from_a_backup(project, capsys, tmp_path):
    assert said(capsys, "fsck")["whole"] is True
    assert "all is whole" in shown(capsys, "backup", str(tmp_path / "copy"))
    store = ObjectStore(project / ".pressrun")
    digests = list(store.digests())
    for digest in digests:
        object_path(store.root, digest).write_bytes(b"")
    told = said(capsys, "fsck", code=5)
    assert told["hit"] == ["churn@1"]
    assert {finding["digest"] for finding in told["findings"]} >= set(digests)
    assert "churn@1" in shown(capsys, "fsck", code=5)
    assert said(capsys, "gc", code=3)["error"]["kind"] == "RefusedError"
    told = said(capsys, "fsck", "--repair-from", str(tmp_path / "copy" / "store"))
    assert told["whole"] is True
    assert set(told["repaired"]) == set(digests)


def test_a_backup_is_restored_into_another_project_and_checked(project, capsys, tmp_path):
    told = said(capsys, "backup", str(tmp_path / "copy"))
    assert told["report"]["whole"] is True
    assert told["head"] == 1
    assert said(capsys, "restore", str(tmp_path / "copy"), code=2)["error"]["kind"] == "UsageError"
    assert "all is whole" in shown(capsys, "restore", str(tmp_path / "copy"), "--into", str(tmp_path / "new"))
    os.chdir(tmp_path / "new")
    assert said(capsys, "fsck")["versions"] == 1
    assert run(["audit", "verify"]) == 0


@pytest.mark.parametrize("verb", ["gc", "fsck", "backup", "restore"])
def test_each_verb_says_what_it_does_and_how_it_ends(verb, capsys):
    assert "Exit status" in " ".join(shown(capsys, verb, "--help").split())


def test_a_folder_that_cannot_be_listed_is_an_error_that_says_where(project, capsys):
    folder = project / ".pressrun" / "objects" / "sha256" / "zz"
    folder.write_bytes(b"no folder")
    told = said(capsys, "gc", "--grace", "0", code=5)
    assert told["error"]["kind"] == "CannotRestoreError"
    assert str(folder) in json.dumps(told)
