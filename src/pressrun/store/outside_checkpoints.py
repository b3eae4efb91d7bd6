"""Checkpoints kept apart from the journal: notes in a file, and notes in a git repository.

In git they are commits on a reference of their own, ``refs/pressrun/checkpoints``, each with one file, ``checkpoint``.
Neither the work tree nor the index nor any branch is touched. Push the reference, and a copy is where the journal's
owner cannot change it; whatever is fetched to a reference under ``refs/pressrun/`` is read as well.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.records.audit import KeptCheckpoint
from pressrun.rules.signed_note import split_notes
from pressrun.store.fs import open_regular, sync_descriptor, sync_directory

REFERENCES = "refs/pressrun/"
REFERENCE = "refs/pressrun/checkpoints"
MAX_FILE_BYTES = 256 << 20

_FILE_IN_COMMIT = "checkpoint"
_TIMEOUT_S = 60
_ATTEMPTS = 10
_OPTIONS = (
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "protocol.allow=never"),
    *("-c", "core.quotePath=false"),
)
"""A repository's own settings can name programs."""
_IDENTITY = {
    "GIT_AUTHOR_NAME": "pressrun",
    "GIT_AUTHOR_EMAIL": "pressrun@localhost",
    "GIT_COMMITTER_NAME": "pressrun",
    "GIT_COMMITTER_EMAIL": "pressrun@localhost",
}


class Kept(NamedTuple):
    """Where a checkpoint is now, and whether it was not there before."""

    place: str
    fresh: bool


def read_checkpoint_file(path: Path) -> list[KeptCheckpoint]:
    """Return the notes in a file, at least one.

    Raises:
        UsageError: there is no such file, or it is empty or far too large.
    """
    try:
        with open_regular(path) as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise UsageError(f"the checkpoint cannot be read: {error.strerror or error}", where=str(path)) from error
    if len(content) > MAX_FILE_BYTES:
        raise UsageError("this is too large for a file of checkpoints", where=str(path))
    notes = split_notes(content)
    if not notes:
        raise UsageError("there is no checkpoint in it", where=str(path))
    return [KeptCheckpoint(where=str(path), note=note, outside=True) for note in notes]


def append_checkpoint(path: Path, note: bytes) -> Kept:
    """Add a note to the end of a file, durably; the file is made when it is absent.

    Raises:
        UsageError: the file cannot be written, or is no regular file.
    """
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    try:
        if path.exists() and note in split_notes(_content(path)):
            return Kept(str(path), fresh=False)
        descriptor = os.open(path, flags, 0o644)
        try:
            _append(descriptor, note)
        finally:
            os.close(descriptor)
        sync_directory(path.parent)
    except OSError as error:
        raise UsageError(f"the checkpoint cannot be written: {error.strerror or error}", where=str(path)) from error
    return Kept(str(path), fresh=True)


def _content(path: Path) -> bytes:
    with open_regular(path) as file:
        return file.read()


def _append(descriptor: int, note: bytes) -> None:
    size = os.fstat(descriptor).st_size
    addition = b"\n" + note if size else note  # an empty line between two notes, for the eye
    if os.write(descriptor, addition) != len(addition):
        # half a note would spoil the one after it, too
        os.ftruncate(descriptor, size)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    sync_descriptor(descriptor)


class GitCheckpoints:
    """The checkpoints in the git repository that a project is in.

    Args:
        project: the project's folder.
    """

    def __init__(self, project: Path) -> None:
        self._project = project
        self._program = shutil.which("git")
        environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = {**environment, **_IDENTITY, "GIT_TERMINAL_PROMPT": "0", "LC_ALL": "C"}

    def read(self) -> list[KeptCheckpoint]:
        """Return every checkpoint under ``refs/pressrun/``, oldest first; none where there is no repository.

        Raises:
            CannotRestoreError: there is a repository, and git cannot read it.
        """
        if not self._there():
            return []
        references = self._git("for-each-ref", "--format=%(objectname) %(refname)", REFERENCES).decode().splitlines()
        found: dict[bytes, KeptCheckpoint] = {}
        for line in references:
            tip, _, name = line.partition(" ")
            commits = self._git("rev-list", "--reverse", tip).decode().split()
            for commit, note in zip(commits, self._files(commits), strict=True):
                kept = KeptCheckpoint(where=f"{name}, commit {commit[:12]}", note=note, outside=True)
                found.setdefault(note, kept)
        return list(found.values())

    def keep(self, note: bytes, message: str) -> Kept:
        """Add a commit with this note to the reference, unless it is in the last one.

        Args:
            note: the signed checkpoint.
            message: of the commit.

        Raises:
            UsageError: the project is in no git repository.
            CannotRestoreError: git failed.
        """
        if not self._there():
            raise UsageError(
                "the project is in no git repository", where=str(self._project), remedy="Name a file: --to FILE."
            )
        blob = self._git("hash-object", "-w", "--stdin", given=note).decode().strip()
        tree = self._git("mktree", given=f"100644 blob {blob}\t{_FILE_IN_COMMIT}\n".encode()).decode().strip()
        for _ in range(_ATTEMPTS):
            tip = self._git("for-each-ref", "--format=%(objectname)", REFERENCE).decode().strip()
            if tip and self._files([tip]) == [note]:
                return Kept(f"{REFERENCE}, commit {tip[:12]}", fresh=False)
            parent = ("-p", tip) if tip else ()
            commit = self._git("commit-tree", tree, *parent, "-m", message).decode().strip()
            # only if nobody else was faster; the empty value means that the reference must not be there yet
            done = self._run(("update-ref", "--no-deref", REFERENCE, commit, tip), b"")
            if done.returncode == 0:
                return Kept(f"{REFERENCE}, commit {commit[:12]}", fresh=True)
        raise self._failure(done)

    def _there(self) -> bool:
        if self._program is None:
            if any((folder / ".git").exists() for folder in (self._project, *self._project.absolute().parents)):
                raise CannotRestoreError(
                    "the project is in a git repository, and there is no git to read its checkpoints",
                    remedy="Install git.",
                )
            return False
        done = self._run(("rev-parse", "--git-dir"), b"")
        if done.returncode == 0:
            return True
        if b"not a git repository" in done.stderr:
            return False
        raise self._failure(done)

    def _files(self, commits: list[str]) -> list[bytes]:
        # `cat-file --batch` answers with "<id> blob <size>", the content and a newline, or "<name> missing"
        wanted = "".join(f"{commit}:{_FILE_IN_COMMIT}\n" for commit in commits)
        answer = self._git("cat-file", "--batch", given=wanted.encode())
        files: list[bytes] = []
        at = 0
        while at < len(answer):
            end = answer.index(b"\n", at)
            words = answer[at:end].split(b" ")
            at = end + 1
            if words[-1] == b"missing":
                files.append(b"")  # unreadable as a note, and reported as that
                continue
            size = int(words[2])
            files.append(answer[at : at + size])
            at += size + 1
        return files

    def _git(self, *arguments: str, given: bytes = b"") -> bytes:
        done = self._run(arguments, given)
        if done.returncode != 0:
            raise self._failure(done)
        return done.stdout

    def _run(self, arguments: tuple[str, ...], given: bytes) -> subprocess.CompletedProcess[bytes]:
        command = [self._program or "git", *_OPTIONS, *arguments]
        try:
            return subprocess.run(
                command, cwd=self._project, env=self._environment, input=given, capture_output=True,
                timeout=_TIMEOUT_S, check=False,
            )  # fmt: skip
        except (OSError, subprocess.TimeoutExpired) as error:
            raise CannotRestoreError(f"git cannot be run: {error}", where=str(self._project)) from error

    def _failure(self, done: subprocess.CompletedProcess[bytes]) -> CannotRestoreError:
        said = done.stderr.decode("utf-8", "replace").strip().partition("\n")[0]
        return CannotRestoreError(f"git failed: {said or done.returncode}", where=str(self._project))
