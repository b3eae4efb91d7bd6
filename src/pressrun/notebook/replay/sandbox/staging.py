"""The private copy of a project that a sandboxed notebook runs in: its folders, its modules, and declared files.

The copy is shown at the project's own path, so that paths mean what they mean to the author, and is gone after the run,
with what the notebook wrote there. A link is shown as a link: where it leads to has to be declared, too.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from pressrun.errors import UsageError
from pressrun.notebook.input_rules import SKIPPED_PARTS
from pressrun.notebook.replay.request import Origin, Sandbox, Shown

MODULE_SUFFIXES = (".py", ".pyi", ".pyx", ".so")
BOUND_FROM = 64 * 2**20  # bytes; a larger file, or folder, is shown as it is and can't be written to
BOUND_FROM_FILES = 5000  # likewise
ENTRY_LIMIT = 500_000  # of a project; who has more has put the notebook where it does not belong
SKIPPED_FOLDERS = SKIPPED_PARTS | {"node_modules", ".tox", ".nox", ".eggs"}


def stage(project: Path, declared: Iterable[Path], copy: Path) -> Sandbox:
    """Make the private copy of a project and return the sandbox that shows it.

    Args:
        project: the project's folder, links resolved.
        declared: absolute paths of files and folders, inside the project or not.
        copy: a folder for the copy; does not exist.

    Raises:
        UsageError: a declared file can't be read, or the project is too large to look through.
    """
    stage = _Stage(project, copy)
    stage.modules()
    for path in declared:
        stage.declare(Path(os.path.normpath(path)))
    return stage.sandbox()


class _Stage:
    def __init__(self, project: Path, copy: Path) -> None:
        self._project = project
        self._copy = copy
        self._declared: list[str] = []
        self._readable: list[str] = []
        self._links: list[tuple[str, str]] = []

    def sandbox(self) -> Sandbox:
        place = str(self._project)
        return Sandbox(
            declared=tuple(dict.fromkeys(self._declared)),
            readable=tuple(dict.fromkeys(self._readable)),
            shown=(Shown(str(self._copy), place),),
            links=tuple(dict.fromkeys(self._links)),
            origins=(Origin(place, place),),
        )

    def modules(self) -> None:
        """Copy the project's folders, without what is in them, and its modules."""
        entries = 0
        for here, folders, names in os.walk(self._project):
            folders[:] = [name for name in folders if self._belongs(Path(here, name))]
            target = self._copy / Path(here).relative_to(self._project)
            target.mkdir(parents=True, exist_ok=True)
            entries += len(folders) + len(names)
            if entries > ENTRY_LIMIT:
                raise UsageError(
                    f"the notebook's project holds more than {ENTRY_LIMIT} files, which a sandbox would look through",
                    where=str(self._project),
                    remedy="Put the notebook in a folder with a pyproject.toml or a git repository of its own.",
                )
            for name in names:
                if name.endswith(MODULE_SUFFIXES):
                    self._copied(Path(here, name), target / name)

    def declare(self, path: Path) -> None:
        """Show one declared file or folder."""
        self._declared.append(str(path))
        if not path.is_relative_to(self._project):
            self._outside(path)
            return
        here = self._project
        for part in path.relative_to(self._project).parts[:-1]:
            here = here / part
            if here.is_symlink():
                self._link(here)
                return
        if path.is_symlink():
            self._link(path)
        elif path.is_dir():
            self._folder(path)
        else:
            self._file(path)

    def _belongs(self, folder: Path) -> bool:
        if folder.is_symlink():
            self._link(folder)
            return False
        environment = (folder / "pyvenv.cfg").exists() or (folder / "conda-meta").is_dir()
        return folder.name not in SKIPPED_FOLDERS and not environment

    def _outside(self, path: Path) -> None:
        if path.is_symlink():
            self._links.append((str(path), str(path.readlink())))
        else:
            self._readable.append(str(path))

    def _folder(self, folder: Path) -> None:
        members = list(_members(folder))
        if len(members) > BOUND_FROM_FILES or sum(_size(member) for member in members) >= BOUND_FROM:
            self._readable.append(str(folder))
            return
        self._target(folder).mkdir(parents=True, exist_ok=True)
        for member in members:
            self._link(member) if member.is_symlink() else self._file(member)

    def _file(self, path: Path) -> None:
        if _size(path) >= BOUND_FROM:
            self._readable.append(str(path))
        else:
            self._copied(path, self._target(path))

    def _link(self, path: Path) -> None:
        target = self._target(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        if not target.is_symlink():
            target.symlink_to(path.readlink())

    def _copied(self, path: Path, target: Path) -> None:
        if target.exists() or target.is_symlink():
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            if path.is_symlink():
                target.symlink_to(path.readlink())
            else:
                shutil.copy2(path, target)
        except OSError as error:
            raise UsageError(f"it can't be shown to a sandbox: {error}", where=str(path)) from error

    def _target(self, path: Path) -> Path:
        return self._copy / path.relative_to(self._project)


def _members(folder: Path) -> Iterable[Path]:
    """Yield the files and links in a folder, without following links."""
    for here, folders, names in os.walk(folder):
        for name in (*names, *(name for name in folders if Path(here, name).is_symlink())):
            path = Path(here, name)
            if path.is_symlink() or path.is_file():
                yield path


def _size(path: Path) -> int:
    return 0 if path.is_symlink() else path.stat().st_size
