"""Register a bundle: it becomes a version with a number, an owner, and what its evidence says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pressrun.actions.exchange import open_bundle
from pressrun.actions.gather import Gathered, gather_bundle
from pressrun.actions.registered import reference_of
from pressrun.actions.registry import Registry
from pressrun.errors import UsageError
from pressrun.records.bundle import LOCK, SOURCE, ContentFile, Manifest
from pressrun.records.digest import Digest, canonical_json
from pressrun.records.event import Tier
from pressrun.records.events import Registered
from pressrun.records.standing import Standing
from pressrun.rules.access import Thing
from pressrun.rules.paths import name_problem
from pressrun.store.folders import FolderBundle, open_directory
from pressrun.store.manifests import listed_files

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pressrun.records.events import Event


class RegisterRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to register.

    Attributes:
        bundle: a folder, an archive, or a name, digest or digest prefix in the project's store.
        name: of the versions; the bundle's own name where it is empty.
        owner: id or e-mail of the person who answers for it; the actor where it is empty.
        tier: where it is empty, that of the version before, ``experiment`` for a first one.
    """

    bundle: str
    name: str = ""
    owner: str = ""
    deputy: str = ""
    use_case: str = ""
    tier: Tier | None = None
    note: str = ""


class RegisteredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        known: the very same bundle with the very same evidence was registered before; nothing was appended.
        gaps: what the evidence could not show, by name.
    """

    reference: str
    version: Registered
    known: bool
    gaps: dict[str, str] = {}


def register(registry: Registry, request: RegisterRequest) -> RegisteredVersion:
    """Make a bundle a version.

    All that it refers to is in the registry's objects, durably, before the event is appended.

    Args:
        registry: the registry.
        request: what to register.

    Raises:
        UsageError: there is no such bundle, or the name is not allowed.
        RefusedError: the actor may not register under this name.
        BundleCorruptError: the bundle is not what its manifest says.
        CannotRestoreError: objects or journal cannot be written.
    """
    with open_bundle(request.bundle, registry.project) as opened:
        name = request.name or opened.manifest.name
        if problem := name_problem(name):
            raise UsageError(f"the name {name!r} is not allowed: {problem}", remedy="Give another one with --name.")
        registry.require("register", Thing(kind="version", name=name))
        bundle = open_directory(opened.folder)
        gathered = gather_bundle(bundle)
        said, gaps = canonical_json(gathered.evidence), gathered.evidence.gaps
        with registry.holding():
            manifest = _stored(registry, bundle)
            facts = registry.objects.put(said)
            wanted = _version(registry, request, name, manifest, facts, bundle, gathered)
            event, known = _append(registry, request, wanted)
            if known:
                return RegisteredVersion(reference=reference_of(event), version=event, known=True, gaps=gaps)
        files = {listed.digest: bundle.folder / listed.path for listed in listed_files(bundle.manifest).values()}
        held = {manifest: bundle.manifest_bytes, facts: said}
        registry.confirm([*files, *held], again=lambda digest: files.get(digest) or held[digest])
    return RegisteredVersion(reference=reference_of(event), version=event, known=False, gaps=gaps)


def _append(registry: Registry, request: RegisterRequest, wanted: Registered) -> tuple[Registered, bool]:
    """Return the version, and whether it was there before."""
    there: list[Registered] = []

    def build(standing: Standing) -> Sequence[Event]:
        # asked again each time: somebody may have registered the very same a moment ago
        if (known := _same(standing, wanted)) is not None:
            there.append(known)
            return []
        stands = standing.names.get(wanted.name)
        before = stands.versions if stands is not None else []
        last = before[-1] if before else None
        return [
            msgspec.structs.replace(
                wanted,
                number=len(before) + 1,
                tier=request.tier or (last.tier if last is not None else "experiment"),
                use_case=request.use_case or (last.use_case if last is not None else ""),
            )
        ]

    entries = registry.offer(build)
    if not entries:
        return there[-1], True
    event = entries[0].event
    assert isinstance(event, Registered)
    return event, False


def _stored(registry: Registry, bundle: FolderBundle) -> Digest:
    """Put every file of the bundle into the registry's objects; return the digest of its manifest."""
    registry.bundles.add_verified(bundle)
    for listed in listed_files(bundle.manifest).values():
        if not registry.objects.has(listed.digest):
            registry.objects.put(bundle.folder / listed.path, expected=listed.digest)
    return registry.objects.put(bundle.manifest_bytes)


def _version(
    registry: Registry,
    request: RegisterRequest,
    name: str,
    manifest: Digest,
    facts: Digest,
    bundle: FolderBundle,
    gathered: Gathered,
) -> Registered:
    files = {file.path: file for file in bundle.manifest.content.files}
    committer = gathered.evidence.values.get("code.committer")
    return Registered(
        name=name,
        number=1,
        bundle=bundle.manifest.content_digest,
        manifest=manifest,
        facts=facts,
        author=registry.actor.id,
        committer=str(committer.value) if committer is not None else "",
        owner=request.owner or registry.actor.id,
        deputy=request.deputy,
        grade=gathered.grade,
        metrics=gathered.metrics,
        parameters=gathered.parameters,
        inputs={item.path: item.digest for item in bundle.manifest.content.inputs},
        lock=_digest(files, LOCK),
        source=_digest(files, SOURCE),
        models=_models(bundle.manifest),
        note=request.note,
    )


def _digest(files: dict[str, ContentFile], path: str) -> str:
    return files[path].digest if path in files else ""


def _models(manifest: Manifest) -> dict[str, Digest]:
    return {file.path: file.digest for file in manifest.content.files if file.role == "model"}


def _same(standing: Standing, wanted: Registered) -> Registered | None:
    stands = standing.names.get(wanted.name)
    if stands is None or not stands.versions:
        return None
    last = stands.versions[-1].event
    return last if (last.bundle, last.facts) == (wanted.bundle, wanted.facts) else None
