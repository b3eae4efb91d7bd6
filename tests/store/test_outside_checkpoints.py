"""Checkpoints in files and in git: added, never replaced, and nothing else in the repository is touched."""

import os
import subprocess
import sys
import threading

import pytest

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.rules.signed_note import Checkpoint, checkpoint_text, sign_note
from pressrun.store.keys import JournalKey
from pressrun.store.outside_checkpoints import (
    REFERENCE,
    GitCheckpoints,
    append_checkpoint,
    read_checkpoint_file,
)

KEY = JournalKey("pressrun/test", bytes(range(32)))


def note(size):
    return sign_note(checkpoint_text(Checkpoint("pressrun/test", size, bytes([size % 256]) * 32)), KEY)


def git(folder, *words):
    return subprocess.run(
        ["git", *words], cwd=folder, check=True, capture_output=True, text=True, env={**os.environ, "HOME": str(folder)}
    ).stdout


@pytest.fixture
def repository(tmp_path):
    folder = tmp_path / "project"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / "notebook.ipynb").write_text("{}")
    git(folder, "add", "notebook.ipynb")
    git(folder, "-c", "user.name=a", "-c", "user.email=a@b", "commit", "--quiet", "-m", "first")
    (folder / "staged.txt").write_text("staged")
    git(folder, "add", "staged.txt")
    (folder / "notebook.ipynb").write_text("{changed}")
    return folder


def test_notes_are_added_to_a_file_and_read_in_order(tmp_path):
    path = tmp_path / "kept.txt"
    for size in (1, 2, 3):
        assert append_checkpoint(path, note(size)).fresh
    found = read_checkpoint_file(path)
    assert [note(1), note(2), note(3)] == [one.note for one in found]
    assert all(one.outside and one.where == str(path) for one in found)


def test_a_note_that_is_there_is_not_added_again(tmp_path):
    path = tmp_path / "kept.txt"
    append_checkpoint(path, note(1))
    append_checkpoint(path, note(2))
    assert not append_checkpoint(path, note(1)).fresh
    assert len(read_checkpoint_file(path)) == 2


def test_a_link_or_folder_in_the_place_of_the_file_is_refused(tmp_path):
    (tmp_path / "real.txt").write_bytes(note(1))
    (tmp_path / "link.txt").symlink_to(tmp_path / "real.txt")
    for path in (tmp_path / "link.txt", tmp_path):
        with pytest.raises(UsageError, match="cannot be written"):
            append_checkpoint(path, note(2))
        with pytest.raises(UsageError, match="cannot be read"):
            read_checkpoint_file(path)
    assert note(1) == (tmp_path / "real.txt").read_bytes()
    (tmp_path / "dangling.txt").symlink_to(tmp_path / "nowhere.txt")
    with pytest.raises(UsageError, match="cannot be written"):
        append_checkpoint(tmp_path / "dangling.txt", note(2))
    assert not (tmp_path / "nowhere.txt").exists()


@pytest.mark.parametrize("content", [b"", b"\n\n"])
def test_a_file_without_a_note_is_refused(tmp_path, content):
    (tmp_path / "kept.txt").write_bytes(content)
    with pytest.raises(UsageError, match="no checkpoint in it"):
        read_checkpoint_file(tmp_path / "kept.txt")


def test_a_full_disk_leaves_the_file_as_it_was(tmp_path):
    """A limit on the size of files breaks the write off in its middle, as a full disk does."""
    path = tmp_path / "kept.txt"
    append_checkpoint(path, note(1))
    limit = len(note(1)) + 20
    code = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from pressrun.store.outside_checkpoints import append_checkpoint\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({limit}, {limit}))\n"
        "append_checkpoint(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))\n"
    )
    words = [sys.executable, "-c", code, str(path), note(2).hex()]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert "cannot be written" in done.stderr
    assert note(1) == path.read_bytes()


def test_git_keeps_every_checkpoint_and_touches_nothing_else(repository):
    def state():
        return (
            git(repository, "status", "--porcelain=v2"),
            git(repository, "rev-parse", "HEAD"),
            git(repository, "branch", "--all"),
            (repository / ".git" / "index").read_bytes(),
            (repository / ".git" / "HEAD").read_bytes(),
        )

    before = state()
    kept = GitCheckpoints(repository)
    for size in (1, 2, 3):
        assert kept.keep(note(size), f"{size} entries").fresh
    assert before == state()
    assert [note(1), note(2), note(3)] == [one.note for one in kept.read()]
    assert git(repository, "log", "--format=%s", REFERENCE).splitlines() == ["3 entries", "2 entries", "1 entries"]
    assert all(one.outside for one in kept.read())


def test_the_same_checkpoint_makes_no_second_commit(repository):
    kept = GitCheckpoints(repository)
    kept.keep(note(1), "one")
    assert not kept.keep(note(1), "one again").fresh
    assert len(kept.read()) == 1


def test_a_folder_inside_the_repository_will_do(repository):
    (repository / "deep").mkdir()
    GitCheckpoints(repository / "deep").keep(note(1), "one")
    assert [note(1)] == [one.note for one in GitCheckpoints(repository).read()]


def test_what_was_fetched_from_a_copy_is_read_as_well(repository, tmp_path):
    GitCheckpoints(repository).keep(note(1), "one")
    git(tmp_path, "clone", "--quiet", "--bare", str(repository), "copy.git")
    git(repository, "push", "--quiet", str(tmp_path / "copy.git"), REFERENCE)
    git(repository, "update-ref", "-d", REFERENCE)
    assert GitCheckpoints(repository).read() == []
    git(repository, "fetch", "--quiet", str(tmp_path / "copy.git"), f"{REFERENCE}:refs/pressrun/origin")
    found = GitCheckpoints(repository).read()
    assert [note(1)] == [one.note for one in found]
    assert found[0].where.startswith("refs/pressrun/origin, commit ")


def test_two_at_once_lose_nothing_of_each_other(repository):
    errors = []

    def work(size):
        try:
            GitCheckpoints(repository).keep(note(size), str(size))
        except CannotRestoreError as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(size,)) for size in (1, 2, 3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {note(1), note(2), note(3)} == {one.note for one in GitCheckpoints(repository).read()}


def test_a_commit_without_a_checkpoint_is_not_passed_over(repository):
    git(repository, "update-ref", REFERENCE, "HEAD")
    assert [one.note for one in GitCheckpoints(repository).read()] == [b""]


def test_outside_of_a_repository_there_is_none_and_none_can_be_kept(tmp_path):
    assert GitCheckpoints(tmp_path).read() == []
    with pytest.raises(UsageError, match="no git repository"):
        GitCheckpoints(tmp_path).keep(note(1), "one")


def test_a_repository_that_git_cannot_read_is_an_error_and_not_an_empty_one(repository):
    GitCheckpoints(repository).keep(note(1), "one")
    (repository / ".git" / REFERENCE).write_text("0" * 39 + "1\n")
    with pytest.raises(CannotRestoreError, match="git failed"):
        GitCheckpoints(repository).read()


def test_a_repository_that_git_refuses_is_an_error_and_not_an_empty_one(repository):
    GitCheckpoints(repository).keep(note(1), "one")
    (repository / ".git" / "config").write_text("[broken\n")
    with pytest.raises(CannotRestoreError, match="bad config"):
        GitCheckpoints(repository).read()


def test_a_repository_without_git_to_read_it_is_an_error(repository, monkeypatch):
    monkeypatch.setenv("PATH", str(repository))
    with pytest.raises(CannotRestoreError, match="no git to read"):
        GitCheckpoints(repository).read()


def test_programs_that_the_repository_names_are_not_run(repository):
    canary = repository / "canary"
    hook = repository / ".git" / "hooks" / "reference-transaction"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f"#!/bin/sh\ntouch {canary}\n")
    hook.chmod(0o755)
    git(repository, "config", "core.fsmonitor", str(hook))
    GitCheckpoints(repository).keep(note(1), "one")
    GitCheckpoints(repository).read()
    assert not canary.exists()


def test_somebody_elses_git_variables_do_not_lead_elsewhere(repository, tmp_path, monkeypatch):
    git(tmp_path, "init", "--quiet", "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    GitCheckpoints(repository).keep(note(1), "one")
    monkeypatch.delenv("GIT_DIR")
    assert [note(1)] == [one.note for one in GitCheckpoints(repository).read()]
