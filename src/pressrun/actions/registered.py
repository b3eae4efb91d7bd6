"""Versions in the registry: what a reference means, and the bundle behind it."""

from __future__ import annotations

from collections.abc import Sequence

from pressrun.actions.registry import Registry
from pressrun.errors import BundleCorruptError, CannotRestoreError, UnknownError, UsageError, near_match
from pressrun.records.events import Registered
from pressrun.records.standing import DeploymentStands, NameStands, Standing, VersionStands
from pressrun.rules.references import Reference, parse_reference
from pressrun.rules.standing.lookups import environment_problem
from pressrun.rules.standing.queries import Waiting, live
from pressrun.store.bundles import StoredBundle
from pressrun.store.manifests import listed_files, read_manifest

SHORTEST_ID = 6  # digits of an id that are enough to mean one


def name_stands(standing: Standing, name: str) -> NameStands:
    """Return what stands under a name.

    Raises:
        UnknownError: nothing was registered under it.
    """
    found = standing.names.get(name)
    if found is not None and found.versions:
        return found
    known = sorted(known for known, stands in standing.names.items() if stands.versions)
    hint = near_match(name, known)
    raise UnknownError(
        f"nothing is registered as {name!r}" + (f": {hint}" if hint else ""),
        remedy=f"Known are {', '.join(known[:10])}."
        if known
        else "Register a bundle: pressrun register BUNDLE --name NAME",
    )


def version_stands(standing: Standing, reference: str | Reference) -> VersionStands:
    """Return the version that a reference means: ``churn@3``, ``churn@production``, ``churn@latest``.

    Raises:
        UnknownError: there is no such version.
        UsageError: the reference cannot be read.
    """
    found = parse_reference(reference) if isinstance(reference, str) else reference
    stands = name_stands(standing, found.name)
    if found.number is not None:
        if not 1 <= found.number <= len(stands.versions):
            last = len(stands.versions)
            remedy = f"Its versions are 1 to {last}." if last > 1 else "Its only version is 1."
            raise UnknownError(f"there is no version {found.number} of {found.name!r}", remedy=remedy)
        return stands.versions[found.number - 1]
    if found.environment is not None:
        move = live(standing, found.name, found.environment)
        if move is None:
            where = ", ".join(sorted(e for e in stands.moves if live(standing, found.name, e))) or "nowhere"
            raise UnknownError(
                f"no version of {found.name!r} is live in {found.environment!r}", remedy=f"It is live in: {where}."
            )
        return stands.versions[move.number - 1]
    return stands.versions[-1]


def deployment_meant(waiting: Sequence[Waiting], which: str, what: str) -> tuple[str, DeploymentStands]:
    """Return the deployment that an id, or at least six digits of one, means, and the name that it is of.

    Args:
        waiting: those that may be meant.
        which: the id.
        what: what they are, for the message.

    Raises:
        UsageError: it means none, or more than one.
    """
    found = [(name, one) for name, one in waiting if one.deployment.startswith(which) and len(which) >= SHORTEST_ID]
    if len(found) == 1:
        return found[0]
    raise UnknownError(f"{which!r} is not one {what} that waits for it", remedy="`pressrun status` lists them.")


def require_environment(environment: str) -> None:
    """See that an environment's name is allowed.

    Raises:
        UsageError: it is not.
    """
    if problem := environment_problem(environment):
        raise UsageError(problem)


def reference_of(event: Registered) -> str:
    """Return how a version is written: ``churn@3``."""
    return f"{event.name}@{event.number}"


def registered_bundle(registry: Registry, event: Registered) -> StoredBundle:
    """Return the bundle of a version, read from the registry's objects alone.

    Raises:
        CannotRestoreError: its manifest is missing.
        BundleCorruptError: it is not the manifest of that bundle.
    """
    where = reference_of(event)
    try:
        raw = registry.objects.read(event.manifest)
    except BundleCorruptError:
        raise
    except CannotRestoreError as error:
        raise CannotRestoreError(
            f"the manifest of {where} is missing",
            where=error.where,
            remedy="`pressrun fsck` tells what else is; import the bundle again.",
        ) from error
    read = read_manifest(raw, where)
    if read.manifest.content_digest != event.bundle:
        raise BundleCorruptError(
            f"the manifest is of {read.manifest.content_digest}, expected {event.bundle}", where=where
        )
    return StoredBundle(registry.objects, read)


def missing_objects(registry: Registry, bundle: StoredBundle) -> list[str]:
    """Return the paths of a bundle's files that the registry does not hold (contents are not looked at)."""
    return [path for path, listed in listed_files(bundle.manifest).items() if not registry.objects.has(listed.digest)]
