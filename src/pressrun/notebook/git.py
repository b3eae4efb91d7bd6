"""Asks git about a working tree without letting the tree run anything or changing anything in it."""

from __future__ import annotations

import logging
import os
import shutil
import subprocess
from pathlib import Path

import msgspec

from pressrun.notebook.environment.settings import strip_credentials

TIMEOUT_S = 30
MAX_PATCH_BYTES = 1 << 20
SAFE_OPTIONS = (
    "--no-optional-locks",
    "--no-pager",
    "--literal-pathspecs",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    *("-c", "core.untrackedCache=false"),
    *("-c", "core.quotePath=false"),
    *("-c", "diff.external="),
    *("-c", "protocol.allow=never"),
)
"""A repository's own settings can name programs: a file system monitor, hooks, a diff tool."""

logger = logging.getLogger(__name__)


class GitState(msgspec.Struct, frozen=True):
    """What git says of a tree; all empty when there is no repository or no git.

    Attributes:
        remote: of ``origin``, else of the first remote, without credentials.
        dirty: whether a tracked file differs from the commit or one of the files asked about is not tracked.
        patch: ``git diff HEAD``; empty when clean or larger than `MAX_PATCH_BYTES`.
        committer: e-mail of who committed the files asked about last (of the whole tree where none are).
    """

    commit: str = ""
    branch: str = ""
    remote: str = ""
    dirty: bool = False
    patch: str = ""
    committer: str = ""


def git_state(folder: Path, files: tuple[Path, ...] = ()) -> GitState:
    """Return what git says of the working tree at `folder`.

    Args:
        folder: the project.
        files: that must be tracked for the tree to count as clean.
    """
    git = _Git(folder)
    if git.text("rev-parse", "--is-inside-work-tree") != "true":
        return GitState()
    commit = git.text("rev-parse", "--verify", "--quiet", "HEAD")
    changed = git.text("status", "--porcelain", "--untracked-files=no", "--ignore-submodules=dirty")
    untracked = [file for file in files if git.code("ls-files", "--error-unmatch", "--", str(file)) != 0]
    patch = git.raw("diff", "--no-ext-diff", "--no-textconv", "--no-color", "--binary", "HEAD") if commit else b""
    if len(patch) > MAX_PATCH_BYTES:
        logger.info("the patch has %d bytes and is left out", len(patch))
        patch = b""
    return GitState(
        commit=commit,
        branch=git.text("symbolic-ref", "--short", "--quiet", "HEAD"),
        remote=_remote(git),
        dirty=bool(changed or untracked or not commit),
        patch=patch.decode("utf-8", "replace"),
        committer=git.text("log", "-1", "--format=%ce", "--", *map(str, files)),
    )


def _remote(git: _Git) -> str:
    names = git.text("remote").split()
    if not names:
        return ""
    name = "origin" if "origin" in names else names[0]
    return strip_credentials(git.text("config", "--get", f"remote.{name}.url"))


class _Git:
    """Runs git in one folder."""

    def __init__(self, folder: Path) -> None:
        self._program = shutil.which("git")
        self._folder = folder
        self._environment = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
        self._environment.update(GIT_TERMINAL_PROMPT="0", GIT_OPTIONAL_LOCKS="0", GIT_NO_LAZY_FETCH="1", LC_ALL="C")

    def text(self, *arguments: str) -> str:
        """Return the stripped output; empty when git fails."""
        return self.raw(*arguments).decode("utf-8", "replace").strip()

    def raw(self, *arguments: str) -> bytes:
        """Return the output; empty when git fails."""
        finished = self._run(arguments)
        return b"" if finished is None or finished.returncode != 0 else finished.stdout

    def code(self, *arguments: str) -> int:
        """Return the exit code; -1 when git cannot be run."""
        finished = self._run(arguments)
        return -1 if finished is None else finished.returncode

    def _run(self, arguments: tuple[str, ...]) -> subprocess.CompletedProcess[bytes] | None:
        if self._program is None:
            return None
        try:
            return subprocess.run(
                [self._program, *SAFE_OPTIONS, *arguments],
                cwd=self._folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            logger.warning("git %s did not answer: %s", arguments[0], error)
            return None
