"""Builds the wheel of an editable install from its tree, without leaving anything in the tree.

The tree is copied first: build tools write ``build/`` and ``*.egg-info`` beside the sources, and take what an earlier
build left there into the wheel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from packaging.utils import InvalidWheelFilename, parse_wheel_filename
from packaging.version import InvalidVersion, Version

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.settings import IndexSettings
from pressrun.notebook.environment.uvtool import run_uv
from pressrun.notebook.environment.wheels import normalise_wheel
from pressrun.records.capture import Distribution

SKIPPED_FOLDERS = frozenset(
    {
        ".eggs",
        ".git",
        ".hg",
        ".ipynb_checkpoints",
        ".mypy_cache",
        ".nox",
        ".pressrun",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
        "__pycache__",
        "node_modules",
    }
)
LINKED_FROM = 8 << 20  # bytes: a file so large is data, which no build tool rewrites, and is linked instead of copied
VERSION_CONTROL_USERS = (
    "setuptools_scm",
    "setuptools-scm",
    "hatch-vcs",
    "setuptools-git",
    "flit_scm",
    "versioneer",
    "pbr",
)


def build_tree(
    distribution: Distribution, python: Path, settings: IndexSettings, target_folder: Path
) -> tuple[Path, tuple[str, ...]]:
    """Build the wheel of the editable install `distribution` with reproducible bytes; return it and notes.

    Args:
        distribution: its `url` is the tree.
        python: the interpreter to build with and for.
        settings: where build tools come from.
        target_folder: where the wheel goes.

    Raises:
        EnvironmentRestoreError: the tree is gone, does not build, or builds another version.
    """
    tree = Path(distribution.url)
    remedy = f"Install it as a wheel instead: python -m pip install {tree}"
    if not tree.is_dir():
        raise EnvironmentRestoreError(f"the tree of {distribution.name} is gone", where=str(tree), remedy=remedy)
    with tempfile.TemporaryDirectory(prefix="pressrun-build-") as scratch:
        copy, out = Path(scratch) / "tree", Path(scratch) / "out"
        copy_tree(tree, copy)
        if _asks_version_control(copy):
            _pretend_repository(copy)
        arguments = ["build", "--wheel", "--out-dir", str(out), "--python", str(python), str(copy)]
        variables = build_variables(distribution)
        result = run_uv(arguments, settings, folder=copy, extra=variables)
        if result.code != 0:  # the index cannot be reached, perhaps: the environment may hold the build tools itself
            again = run_uv([*arguments, "--no-build-isolation", "--offline"], settings, folder=copy, extra=variables)
            result = again if again.code == 0 else result
        wheels = sorted(out.glob("*.whl"))
        if result.code != 0 or len(wheels) != 1:
            raise EnvironmentRestoreError(
                f"no wheel can be built of {distribution.name}: {result.reason()}", where=str(tree), remedy=remedy
            )
        notes = _check(wheels[0], distribution)
        return normalise_wheel(wheels[0], target_folder), notes


def build_variables(distribution: Distribution) -> Mapping[str, str]:
    """Return the variables that make a build the same on another day and in a copy without version control."""
    return {
        "SOURCE_DATE_EPOCH": "315532800",
        "PYTHONHASHSEED": "0",
        "SETUPTOOLS_SCM_PRETEND_VERSION": distribution.version,
        "PDM_BUILD_SCM_VERSION": distribution.version,
        "PBR_VERSION": distribution.version,
    }


def copy_tree(source: Path, target: Path) -> None:
    """Copy `source` to `target` without version control, caches, environments and what earlier builds left.

    Symbolic links are followed, so that the copy is complete.
    """
    for folder, subfolders, files in os.walk(source):
        here = Path(folder)
        there = target / here.relative_to(source)
        there.mkdir(parents=True, exist_ok=True)
        subfolders[:] = sorted(name for name in subfolders if not _is_skipped(here / name, top=here == source))
        for name in sorted(files):
            path = here / name
            if path.is_file():
                _copy(path, there / name)
        for name in [name for name in subfolders if (here / name).is_symlink()]:
            shutil.copytree(here / name, there / name, symlinks=False)


def _is_skipped(folder: Path, *, top: bool) -> bool:
    name = folder.name
    built = top and name in {"build", "dist"}  # deeper down they may be packages
    return built or name in SKIPPED_FOLDERS or name.endswith(".egg-info") or (folder / "pyvenv.cfg").exists()


def _copy(source: Path, target: Path) -> None:
    if source.stat().st_size >= LINKED_FROM:
        try:
            target.hardlink_to(source.resolve())
            return
        except OSError:  # another file system
            pass
    shutil.copy2(source, target)


def _asks_version_control(tree: Path) -> bool:
    texts = [path.read_text(encoding="utf-8", errors="replace") for path in _build_files(tree)]
    return any(tool in text for text in texts for tool in VERSION_CONTROL_USERS)


def _build_files(tree: Path) -> Iterable[Path]:
    return [path for name in ("pyproject.toml", "setup.cfg", "setup.py") if (path := tree / name).is_file()]


def _pretend_repository(tree: Path) -> None:
    """Make the copy a repository, since some build tools ask git which files belong to the package."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    environment.update(GIT_CONFIG_NOSYSTEM="1", GIT_CONFIG_GLOBAL=os.devnull)
    git = shutil.which("git")
    if git is None:
        return
    identity = ["-c", "user.name=pressrun", "-c", "user.email=pressrun@localhost", "-c", "core.hooksPath=/dev/null"]
    for arguments in (["init", "--quiet"], ["add", "--all"], [*identity, "commit", "--quiet", "-m", "copy"]):
        subprocess.run([git, *arguments], cwd=tree, env=environment, capture_output=True, check=False)


def _check(wheel: Path, distribution: Distribution) -> tuple[str, ...]:
    try:
        name, version, _build, _tags = parse_wheel_filename(wheel.name)
        same = version == Version(distribution.version)
    except (InvalidWheelFilename, InvalidVersion) as error:
        raise EnvironmentRestoreError(f"the build of {distribution.name} made {wheel.name}: {error}") from error
    if name != distribution.name:
        raise EnvironmentRestoreError(
            f"the tree builds {name}, installed is {distribution.name}",
            where=distribution.url,
            remedy=f"Install the tree again: pip install -e {distribution.url}",
        )
    if same:
        return ()
    return (f"{name} was installed as {distribution.version}, its tree now builds {version}, which is what is locked",)
