"""Finds, for installed distributions, the very file of the package index that they were installed from.

uv asks the index; what it answers is narrowed to the one wheel whose tags are those that the installed distribution
has, or to the source archive when there is no such wheel. Answers are kept in the user's cache, since a file of an
index never changes: the second press asks nobody.
"""

from __future__ import annotations

import logging
import re
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

import msgspec
from packaging.utils import InvalidWheelFilename, parse_wheel_filename

from pressrun.notebook.cache import make_private
from pressrun.notebook.environment import toml
from pressrun.notebook.environment.pylock import file_name
from pressrun.notebook.environment.settings import IndexSettings, strip_credentials
from pressrun.notebook.environment.uvtool import run_uv
from pressrun.records.capture import Distribution, Environment
from pressrun.records.digest import canonical_json, digest_bytes

CACHE_FORMAT = 1
UNREACHABLE = re.compile(
    r"failed to fetch|error sending request|connect error|dns error|timed out|network", re.IGNORECASE
)

logger = logging.getLogger(__name__)


class Artifact(msgspec.Struct, frozen=True, kw_only=True):
    """A file of a package index; `url` has no credentials; a ``file:`` URL is a folder on this machine."""

    kind: Literal["wheel", "sdist", "archive"]
    url: str
    sha256: str

    @property
    def is_local(self) -> bool:
        """Whether the file lies on this machine, so that nobody else can fetch it."""
        return urlsplit(self.url).scheme == "file"


class ArtifactFinder:
    """Asks the index for files of distributions.

    Args:
        environment: whose interpreter and tags decide which file fits.
        settings: where packages come from.
        folder: working directory of uv, so that a project's own uv settings count.
        cache: folder for answers; None keeps none.
    """

    def __init__(
        self, environment: Environment, settings: IndexSettings, *, folder: Path, cache: Path | None = None
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._folder = folder
        self._cache = cache

    def find(self, distributions: Sequence[Distribution]) -> tuple[dict[str, Artifact], tuple[str, ...]]:
        """Return name -> file for those of `distributions` that the index has, and notes on the others."""
        found = {d.name: known for d in distributions if (known := self._recall(d)) is not None}
        asked = [d for d in distributions if d.name not in found]
        tables, notes = self._ask(asked, self._settings) if asked else ({}, [])
        for distribution in asked:
            artifact = choose_artifact(tables.get(distribution.name, {}), distribution)
            if artifact is not None:
                found[distribution.name] = artifact
        fresh = {d.name for d in asked}
        found.update(self._prefer_remote([d for d in asked if d.name in found and found[d.name].is_local], found))
        for distribution in distributions:
            if distribution.name in fresh & found.keys():
                self._remember(distribution, found[distribution.name])
        return found, tuple(notes)

    def _prefer_remote(
        self, distributions: Sequence[Distribution], found: Mapping[str, Artifact]
    ) -> dict[str, Artifact]:
        """Return the same files at an address that other machines can reach, where the digest is the same."""
        if not distributions or not self._settings.has_local:
            return {}
        tables, _notes = self._ask(distributions, self._settings.without_local())
        remote = {d.name: choose_artifact(tables.get(d.name, {}), d) for d in distributions}
        return {name: other for name, other in remote.items() if other and other.sha256 == found[name].sha256}

    def _ask(self, distributions: Sequence[Distribution], settings: IndexSettings) -> tuple[dict[str, Any], list[str]]:
        """Return name -> package table of uv's lock; what the index has not is left out, with a note."""
        pins = {d.name: requirement(d) for d in distributions}
        offline = False
        notes: list[str] = []
        tables: dict[str, Any] = {}
        waiting = [sorted(pins)]
        while waiting:
            names = waiting.pop()
            code, answer, reason = self._compile([pins[name] for name in names], settings, offline=offline)
            if code == 0:
                tables.update({package["name"]: package for package in toml.loads(answer).get("packages", [])})
                continue
            blamed = [name for name in names if _is_blamed(name, reason)]
            if not offline and UNREACHABLE.search(reason):
                logger.info("the package index cannot be reached: %s", reason)
                notes.append("the package index could not be reached; what was downloaded before was used")
                offline = True
                waiting.append(names)
            elif blamed and len(names) > 1:
                waiting += [[name] for name in blamed]
                waiting.append([name for name in names if name not in blamed])
            elif len(names) > 1:
                waiting += [names[: len(names) // 2], names[len(names) // 2 :]]
            else:
                logger.info("%s is not on the index: %s", pins[names[0]], reason)
            waiting = [group for group in waiting if group]
        return tables, notes

    def _compile(self, requirements: Iterable[str], settings: IndexSettings, *, offline: bool) -> tuple[int, str, str]:
        with tempfile.TemporaryDirectory(prefix="pressrun-lock-") as scratch:
            source = Path(scratch) / "requirements.in"
            source.write_text("".join(f"{line}\n" for line in requirements), encoding="utf-8")
            arguments = ["pip", "compile", str(source), "--quiet", "--no-deps", "--generate-hashes", "--no-header"]
            arguments += ["--no-annotate", "--format", "pylock.toml", "--python", self._environment.executable]
            result = run_uv([*arguments, *(["--offline"] if offline else [])], settings, folder=self._folder)
        return result.code, result.output, result.messages

    def _place(self, distribution: Distribution) -> Path | None:
        if self._cache is None:
            return None
        markers = self._environment.markers
        key = {
            "format": CACHE_FORMAT,
            "requirement": requirement(distribution),
            "tags": [*sorted(distribution.tags), distribution.built_here],
            "python": [self._environment.implementation, markers.get("python_version"), markers.get("sys_platform")],
            "machine": self._environment.machine,
            "settings": digest_bytes(canonical_json(self._settings.additions)),
        }
        name = digest_bytes(canonical_json(key)).removeprefix("sha256:")
        return self._cache / "artifacts" / name[:2] / f"{name}.json"

    def _recall(self, distribution: Distribution) -> Artifact | None:
        place = self._place(distribution)
        if place is None or not place.is_file():
            return None
        try:
            return msgspec.json.decode(place.read_bytes(), type=Artifact)
        except (OSError, msgspec.DecodeError) as error:
            logger.warning("cached answer %s cannot be read and is asked for again: %s", place, error)
            return None

    def _remember(self, distribution: Distribution, artifact: Artifact) -> None:
        place = self._place(distribution)
        if place is None or artifact.is_local:
            return
        make_private(place.parent)
        with tempfile.NamedTemporaryFile(dir=place.parent, delete=False) as stream:
            stream.write(canonical_json(artifact))
        Path(stream.name).replace(place)


def requirement(distribution: Distribution) -> str:
    """Return what to ask uv for: the exact version, or the address it was installed from."""
    if distribution.origin == "wheel" and "://" in distribution.url:
        return f"{distribution.name} @ {distribution.url}"
    return f"{distribution.name}=={distribution.version}"


def choose_artifact(package: Mapping[str, Any], distribution: Distribution) -> Artifact | None:
    """Return the one file of a lock's package table that `distribution` was installed from.

    A wheel with just the tags that the installed distribution has; else one that shares a tag; else, for what was
    built here or when no wheel fits, the source archive; else the first wheel that fits (some projects upload wheels
    whose file name and tags disagree).
    """
    installed = set(distribution.tags)
    ranked: list[tuple[int, int, Mapping[str, Any]]] = []
    for order, wheel in enumerate(package.get("wheels", [])):
        try:
            tags = {str(tag) for tag in parse_wheel_filename(file_name(wheel["url"]))[3]}
        except InvalidWheelFilename:
            continue
        rank = 0 if tags == installed else 1 if tags & installed else 2
        ranked.append((rank, order, wheel))
    best = min(ranked, default=None, key=lambda item: item[:2])
    if best is not None and (best[0] < 2 or not distribution.built_here or "sdist" not in package):
        return _artifact("wheel", best[2])
    if "sdist" in package:
        return _artifact("sdist", package["sdist"])
    return _artifact("archive", package["archive"]) if "archive" in package else None


def _artifact(kind: Literal["wheel", "sdist", "archive"], file: Mapping[str, Any]) -> Artifact | None:
    digest = file.get("hashes", {}).get("sha256", "")
    if not digest or "url" not in file:
        return None
    return Artifact(kind=kind, url=strip_credentials(str(file["url"])), sha256=str(digest))


def _is_blamed(name: str, reason: str) -> bool:
    spelled = re.escape(name).replace(r"\-", "[-_.]")
    return re.search(rf"(?<![\w.-]){spelled}(==|`| was| is| cannot| @)", reason, re.IGNORECASE) is not None
