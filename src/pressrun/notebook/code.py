"""Where a notebook's code came from: its own digest, version control, and the local modules it imported."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from pressrun.errors import NotebookFormatError
from pressrun.notebook.environment.distributions import owners_of
from pressrun.notebook.git import git_state
from pressrun.notebook.statcache import hash_file
from pressrun.records.capture import CodeState, Environment, ImportedModule
from pressrun.records.digest import Digest

INSTALLED_PARTS = frozenset({"site-packages", "dist-packages"})


def code_state(
    notebook: Path, project: Path, modules: Sequence[ImportedModule], environment: Environment | None = None
) -> CodeState:
    """Return where the code of `notebook` came from.

    Args:
        notebook: the file.
        project: what local paths are relative to.
        modules: what was imported at the end of the run.
        environment: the kernel's; with it, modules of editable installs outside the project count as installed.

    Raises:
        NotebookFormatError: the notebook cannot be read.
    """
    try:
        digest = hash_file(notebook)[0]
    except OSError as error:
        raise NotebookFormatError(f"cannot be read ({error.strerror})", where=str(notebook)) from error
    local, outside = local_modules(project, modules, environment)
    git = git_state(project, (notebook.absolute(), *(project / path for path in local)))
    return CodeState(
        notebook=digest,
        commit=git.commit,
        branch=git.branch,
        remote=git.remote,
        dirty=git.dirty,
        patch=git.patch,
        committer=git.committer,
        local_modules=local,
        outside_modules=outside,
    )


def local_modules(
    project: Path, modules: Iterable[ImportedModule], environment: Environment | None = None
) -> tuple[dict[str, Digest], dict[str, Digest]]:
    """Return the modules of the project, and those of nowhere: neither project, installed, nor standard library.

    A package's module brings the ``__init__.py`` of every package around it, without which it cannot be imported.

    Returns:
        posix path relative to the project -> digest, and absolute path -> digest; both sorted.
    """
    top = Path(os.path.realpath(project))
    files = sorted({path for module in modules if (path := _source(module.file)) is not None})
    installed = _Installed(environment, files)
    local: dict[str, Digest] = {}
    outside: dict[str, Digest] = {}
    for path in files:
        if installed.holds(path, top):
            continue
        if not path.is_relative_to(top):
            outside[path.as_posix()] = hash_file(path)[0]
            continue
        for file in [path, *_package_files(path, top)]:
            local[file.relative_to(top).as_posix()] = hash_file(file)[0]
    return dict(sorted(local.items())), dict(sorted(outside.items()))


def _source(file: str) -> Path | None:
    """Return the real path of a module's source; None when it is gone or was never a file."""
    path = Path(os.path.realpath(file))
    if path.suffix == ".pyc" and path.parent.name == "__pycache__":
        path = path.parent.parent / (path.name.partition(".")[0] + ".py")
    return path if path.is_file() else None


def _package_files(path: Path, top: Path) -> list[Path]:
    found = []
    for folder in path.parents:
        marker = folder / "__init__.py"
        if folder == top or not marker.is_file():
            break
        found.append(marker)
    return found


class _Installed:
    """Tells which modules belong to the interpreter or to a distribution, not to the notebook's author."""

    def __init__(self, environment: Environment | None, files: Iterable[Path]) -> None:
        self._environments: dict[Path, bool] = {}
        self._tops: list[Path] = []
        self._trees: list[Path] = []
        self._owned: set[str] = set()
        if environment is not None:
            tops = [environment.prefix, environment.base_prefix, *environment.site_paths]
            self._tops = [Path(os.path.realpath(top)) for top in tops if top]
            editable = [d.url for d in environment.distributions if d.origin == "editable" and d.url]
            self._trees = [Path(os.path.realpath(url)) for url in editable]
            self._owned = set(owners_of((str(file) for file in files), environment.distributions))

    def holds(self, path: Path, project: Path) -> bool:
        """Tell whether the module at `path` is installed; one of the project's own editable tree is local."""
        if INSTALLED_PARTS & set(path.parts) or str(path) in self._owned or self._in_environment(path.parent, project):
            return True
        mine = path.is_relative_to(project)
        tops = [top for top in self._tops if not (mine and project.is_relative_to(top))]
        if any(path.is_relative_to(top) for top in tops) or _is_standard(path):
            return True
        return not mine and any(path.is_relative_to(tree) for tree in self._trees)

    def _in_environment(self, folder: Path, project: Path) -> bool:
        if folder not in self._environments:
            if folder in {project, folder.parent}:
                self._environments[folder] = False
            else:
                marked = (folder / "pyvenv.cfg").exists() or (folder / "conda-meta").is_dir()
                self._environments[folder] = marked or self._in_environment(folder.parent, project)
        return self._environments[folder]


def _is_standard(path: Path) -> bool:
    """Tell whether `path` lies in some interpreter's standard library: beside its ``os.py`` and ``site.py``."""
    return any((folder / "os.py").is_file() and (folder / "site.py").is_file() for folder in path.parents[:4])
