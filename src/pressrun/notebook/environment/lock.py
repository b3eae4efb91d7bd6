"""Makes the lock of an environment: ``pylock.toml`` and the wheels that travel with it.

Where a distribution comes from decides how it is locked:

==============  ==============================================================================================
index           the one file of the index it was installed from, by URL and hash
index, absent   (or unreachable) its installed files, repacked as a wheel that travels in the bundle
vcs             the commit, by repository URL; a repository on this machine: repacked
wheel           a file on this machine: the file itself; a URL: URL and hash; gone: repacked
directory       repacked: what is installed ran, the folder may have moved on
editable        a wheel built from the tree
==============  ==============================================================================================

The bytes depend on the environment alone: the same environment gives the same lock on another day and machine.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import msgspec
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from pressrun.errors import EnvironmentRestoreError, near_match
from pressrun.notebook.environment.artifacts import Artifact, ArtifactFinder
from pressrun.notebook.environment.lean import closure, lean_names, whole_names
from pressrun.notebook.environment.pylock import LockedPackage, render_lock
from pressrun.notebook.environment.settings import IndexSettings, strip_credentials
from pressrun.notebook.environment.trees import build_tree
from pressrun.notebook.environment.wheels import repack
from pressrun.notebook.statcache import hash_file
from pressrun.records.capture import Distribution, Environment


class LockRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What the lock shall hold.

    Attributes:
        whole: every installed distribution, instead of what the notebook needs.
        extra: further distributions by name, with extras where wanted; they must be installed.
        repack: names to take from the installed files even if the index has them, because they were found to differ.
    """

    whole: bool = False
    extra: tuple[str, ...] = ()
    repack: tuple[str, ...] = ()


class Lock(msgspec.Struct, frozen=True, kw_only=True):
    """A lock that was made.

    Attributes:
        text: the bytes of ``pylock.toml``.
        wheels: the files in the wheel folder that it refers to.
        names: canonical names of what it holds.
        notes: sentences for the reader: what was repacked, built, edited, or could not be asked for.
        edited: name -> files edited after installation: the lock cannot bring them back.
    """

    text: bytes
    wheels: tuple[Path, ...]
    names: tuple[str, ...]
    notes: tuple[str, ...] = ()
    edited: dict[str, tuple[str, ...]] = {}


def make_lock(
    environment: Environment,
    request: LockRequest,
    wheel_directory: Path,
    *,
    settings: IndexSettings,
    project: Path,
    cache: Path | None = None,
) -> Lock:
    """Return the lock of `environment`, writing the wheels that travel with it to `wheel_directory`.

    Args:
        environment: as `pressrun.notebook.environment.probe.probe_environment` gives it.
        request: what to lock.
        wheel_directory: lies beside the lock; only its name gets into the lock.
        settings: where packages come from (`index_settings`).
        project: working directory of uv, so that the project's uv settings count.
        cache: folder for the index's answers (`user_cache`); None asks every time.

    Raises:
        EnvironmentRestoreError: a distribution can be neither found, built nor repacked; it is named.
    """
    names = set(_selected(environment, request))
    chosen = [d for d in environment.distributions if d.name in names]
    forced = {canonicalize_name(name) for name in request.repack}
    maker = _Maker(environment, settings, wheel_directory)
    asked = [d for d in chosen if d.name not in forced and _asks_index(d)]
    found, notes = ArtifactFinder(environment, settings, folder=project, cache=cache).find(asked)
    packages = [maker.lock(d, found.get(d.name), forced=d.name in forced) for d in chosen]
    edited = {d.name: d.edited_files for d in chosen if d.edited_files and d.name not in maker.shipped}
    return Lock(
        text=render_lock(environment, packages),
        wheels=tuple(wheel_directory / file for file in sorted(maker.shipped.values())),
        names=tuple(sorted(names)),
        notes=(*notes, *maker.notes),
        edited=edited,
    )


def _selected(environment: Environment, request: LockRequest) -> tuple[str, ...]:
    installed = {distribution.name for distribution in environment.distributions}
    missing = [name for name in closure(request.extra, (), environment.markers)[1] if name not in installed]
    if missing:
        hint = near_match(missing[0], installed)
        raise EnvironmentRestoreError(
            f"{', '.join(missing)} is asked for and not installed in the kernel's environment",
            where=environment.prefix,
            remedy=hint or "Install it there and run again.",
        )
    if request.whole:
        return whole_names(environment, request.extra)
    return lean_names(environment, [*environment.lean, *request.extra])


def _asks_index(distribution: Distribution) -> bool:
    if distribution.origin in {"index", "unknown"}:
        return True
    return distribution.origin == "wheel" and "://" in distribution.url


class _Maker:
    """Turns distributions into locked packages, writing wheels and collecting notes on the way."""

    def __init__(self, environment: Environment, settings: IndexSettings, wheel_directory: Path) -> None:
        self._environment = environment
        self._settings = settings
        self._directory = wheel_directory
        self.shipped: dict[str, str] = {}
        self.notes: list[str] = []

    def lock(self, distribution: Distribution, artifact: Artifact | None, *, forced: bool) -> LockedPackage:
        """Return the locked form of `distribution`."""
        if forced:
            return self._repacked(distribution, "its index file does not give the installed files")
        if artifact is not None:
            return self._from_index(distribution, artifact)
        if distribution.origin == "editable":
            wheel, notes = build_tree(distribution, Path(self._environment.executable), self._settings, self._directory)
            self.notes += [*notes, f"{distribution.name} is an editable install: a wheel was built from its tree"]
            return self._ship(distribution, wheel)
        if distribution.origin == "vcs":
            return self._from_repository(distribution)
        if distribution.origin == "wheel" and "://" not in distribution.url:
            return self._from_file(distribution, Path(distribution.url), distribution.archive_digest)
        if distribution.origin == "directory":
            return self._repacked(distribution, "it was installed from a folder")
        return self._repacked(distribution, "the package index has no file that fits or cannot be reached")

    def _from_index(self, distribution: Distribution, artifact: Artifact) -> LockedPackage:
        if artifact.is_local:
            path = Path(url2pathname(urlsplit(artifact.url).path))
            return self._from_file(distribution, path, f"sha256:{artifact.sha256}")
        return LockedPackage(
            name=distribution.name,
            version=distribution.version,
            kind=artifact.kind,
            url=artifact.url,
            sha256=artifact.sha256,
        )

    def _from_repository(self, distribution: Distribution) -> LockedPackage:
        kind, _, address = distribution.url.partition("+")
        url, _, folder = address.partition("#subdirectory=")
        full = len(distribution.revision) in {40, 64}
        if kind != "git" or not full or urlsplit(url).scheme in {"", "file"}:
            return self._repacked(distribution, "its repository lies on this machine or has no full commit id")
        return LockedPackage(
            name=distribution.name,
            version=distribution.version,
            kind="vcs",
            url=strip_credentials(url),
            revision=distribution.revision,
            subdirectory=folder,
        )

    def _from_file(self, distribution: Distribution, path: Path, digest: str) -> LockedPackage:
        if path.suffix != ".whl" or not path.is_file():
            return self._repacked(distribution, f"{path.name} is no wheel or is gone")
        try:
            fits = parse_wheel_filename(path.name)[0] == distribution.name
        except InvalidWheelFilename:
            fits = False
        found = hash_file(path)[0]
        if not fits or (digest and found != digest):
            return self._repacked(distribution, f"{path.name} is not the file it was installed from")
        self._directory.mkdir(parents=True, exist_ok=True)
        self.notes.append(f"{distribution.name} was installed from {path.name}, which travels in the bundle")
        return self._ship(distribution, Path(shutil.copyfile(path, self._directory / path.name)))

    def _repacked(self, distribution: Distribution, why: str) -> LockedPackage:
        wheel = repack(distribution, self._directory)
        self.notes.append(f"{distribution.name} {distribution.version} was repacked from its installed files: {why}")
        return self._ship(distribution, wheel)

    def _ship(self, distribution: Distribution, wheel: Path) -> LockedPackage:
        self.shipped[distribution.name] = wheel.name
        return LockedPackage(
            name=distribution.name,
            version=str(parse_wheel_filename(wheel.name)[1]),
            kind="wheel",
            path=f"{self._directory.name}/{wheel.name}",
            sha256=hash_file(wheel)[0].removeprefix("sha256:"),
        )
