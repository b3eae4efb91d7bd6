"""Tell what is different between two versions or bundles. Nothing of them is run or loaded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
from packaging.utils import canonicalize_name

from pressrun.actions.exchange import read_bundle
from pressrun.actions.gather import gather_bundle
from pressrun.actions.registered import reference_of, registered_bundle, version_stands
from pressrun.actions.registry import Registry, open_registry
from pressrun.errors import DeclarationError, NotebookFormatError
from pressrun.notebook.environment import toml
from pressrun.notebook.read import cells_of
from pressrun.records.bundle import LOCK, SOURCE
from pressrun.records.cells import Cell
from pressrun.records.events import Registered
from pressrun.records.metric import Metric
from pressrun.records.version_diff import DiffSide, PackageChange, ValueChange, VersionDiff
from pressrun.rules.references import is_reference
from pressrun.rules.strict_json import decode_json
from pressrun.rules.version_diff.cells import CellDiff, diff_cells
from pressrun.rules.version_diff.metrics import diff_metrics
from pressrun.rules.version_diff.values import diff_inputs, diff_models, diff_packages, diff_value, diff_values
from pressrun.store.folders import read_listed
from pressrun.store.manifests import Exportable, listed_files

_MAX_NOTEBOOK_BYTES = 64 << 20
_MAX_LOCK_BYTES = 16 << 20
_Packages = dict[str, tuple[str, str]]


class _Lock(msgspec.Struct, frozen=True, kw_only=True):
    python: str
    packages: _Packages


class _Side(msgspec.Struct, frozen=True, kw_only=True):
    said: DiffSide
    bundle: Exportable
    parameters: dict[str, Any]
    metrics: dict[str, Metric]


class _UnreadError(Exception):
    """A file cannot be compared; the sentence says why."""


def diff_versions(before: str, after: str, project: Path) -> VersionDiff:
    """Return what is different.

    Args:
        before: ``churn@3``, ``churn@production``, ``churn@latest``; or a bundle: a folder, an archive, or a name,
            digest or digest prefix in the project's store.
        after: likewise.
        project: the project's folder; its registry is opened only where a version is named.

    Raises:
        UsageError: there is no such version or bundle.
        BundleCorruptError: a file is not what its manifest says.
        CannotRestoreError: a file is missing, or the journal cannot be read.
    """
    with contextlib.ExitStack() as stack:
        versions = is_reference(before) or is_reference(after)
        registry = stack.enter_context(open_registry(project)) if versions else None
        one = stack.enter_context(_side(before, project, registry))
        other = stack.enter_context(_side(after, project, registry))
        return _diff(one, other)


@contextlib.contextmanager
def _side(text: str, project: Path, registry: Registry | None) -> Iterator[_Side]:
    if registry is not None and is_reference(text):
        event = version_stands(registry.standing(), text).event
        yield _of_version(text, event, registered_bundle(registry, event))
        return
    with read_bundle(text, project) as bundle:
        yield _of_bundle(text, bundle)


def _of_version(text: str, event: Registered, bundle: Exportable) -> _Side:
    said = DiffSide(
        reference=text, version=reference_of(event), name=event.name, bundle=event.bundle, grade=event.grade
    )
    return _Side(said=said, bundle=bundle, parameters=event.parameters, metrics=event.metrics)


def _of_bundle(text: str, bundle: Exportable) -> _Side:
    gathered = gather_bundle(bundle)
    manifest = bundle.manifest
    said = DiffSide(
        reference=text,
        version="",
        name=manifest.name,
        bundle=manifest.content_digest,
        grade=gathered.grade,
    )
    return _Side(said=said, bundle=bundle, parameters=gathered.parameters, metrics=gathered.metrics)


def _diff(before: _Side, after: _Side) -> VersionDiff:
    gaps: dict[str, str] = {}
    code = CellDiff((), 0)
    try:
        code = diff_cells(_cells(before), _cells(after))
    except _UnreadError as unread:
        gaps["code"] = str(unread)
    python: ValueChange | None = None
    packages: tuple[PackageChange, ...] = ()
    try:
        old, new = _lock(before), _lock(after)
        python, packages = diff_value("python", old.python, new.python), diff_packages(old.packages, new.packages)
    except _UnreadError as unread:
        gaps["packages"] = str(unread)
    metrics = diff_metrics(before.metrics, after.metrics)
    left, right = before.bundle.manifest.content, after.bundle.manifest.content
    return VersionDiff(
        before=before.said,
        after=after.said,
        same=before.said.bundle == after.said.bundle,
        code=code.changes,
        equal_cells=code.equal,
        parameters=diff_values(before.parameters, after.parameters),
        data=diff_inputs(left.inputs, right.inputs),
        packages=packages,
        python=python,
        models=diff_models(left.files, right.files),
        metrics=metrics.changes,
        equal_metrics=metrics.equal,
        grade=diff_value("grade", before.said.grade, after.said.grade),
        gaps=gaps,
    )


def _read(side: _Side, path: str, limit: int) -> bytes:
    listed = listed_files(side.bundle.manifest).get(path)
    if listed is None:
        raise _UnreadError(f"{side.said.reference} has no {path}")
    if (listed.size or 0) > limit:
        raise _UnreadError(f"{path} of {side.said.reference} has {listed.size:,} bytes, too many to compare")
    return read_listed(side.bundle, listed)


def _cells(side: _Side) -> tuple[Cell, ...]:
    raw = _read(side, SOURCE, _MAX_NOTEBOOK_BYTES)
    try:
        return cells_of(decode_json(raw, max_bytes=_MAX_NOTEBOOK_BYTES))
    except (ValueError, NotebookFormatError, DeclarationError) as error:
        raise _UnreadError(f"the notebook of {side.said.reference} cannot be read: {error}") from error


def _lock(side: _Side) -> _Lock:
    raw = _read(side, LOCK, _MAX_LOCK_BYTES)
    try:
        document = toml.loads(raw.decode())
        packages = document.get("packages", [])
        found = {str(canonicalize_name(package["name"])): _pinned(package) for package in packages}
        return _Lock(python=str(document.get("tool", {}).get("pressrun", {}).get("python", "")), packages=found)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise _UnreadError(f"the lock of {side.said.reference} cannot be read: {error!r}") from error


def _pinned(package: dict[str, Any]) -> tuple[str, str]:
    """Return the version, and what pins the file: its digests, or the commit."""
    files = [*package.get("wheels", []), *(package[key] for key in ("sdist", "archive", "vcs") if key in package)]
    return str(package.get("version", "")), repr(sorted(str(f.get("hashes", f.get("commit-id"))) for f in files))
