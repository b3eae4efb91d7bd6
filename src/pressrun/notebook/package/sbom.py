"""The software bill of materials of a bundle: CycloneDX 1.6, made from the lock. Evidence, so it may hold a time."""

# ruff: noqa: PLC0415  # cyclonedx takes half a second to import

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import datetime
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pressrun.records.capture import Environment
from pressrun.records.digest import Digest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

if TYPE_CHECKING:
    from cyclonedx.model.component import Component


def sbom_json(
    name: str, digest: Digest, lock: bytes, *, created: datetime, licences: Mapping[str, str] | None = None
) -> bytes:
    """Return the bill of materials.

    Args:
        name: of the bundle.
        digest: of the bundle's content; it stands as the version.
        lock: content of ``pylock.toml``.
        created: time of making, aware of its zone.
        licences: canonical distribution name -> SPDX expression, where known.
    """
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.output.json import JsonV1Dot6

    subject = Component(name=name, version=digest, type=ComponentType.APPLICATION, bom_ref="bundle")
    bom = Bom()
    bom.metadata.timestamp = created
    bom.metadata.component = subject
    components = [_component(package, (licences or {}).get(package["name"], "")) for package in _packages(lock)]
    for component in components:
        bom.components.add(component)
    bom.register_dependency(subject, components)
    return JsonV1Dot6(bom).output_as_string(indent=2).encode() + b"\n"


def licences_of(environment: Environment) -> dict[str, str]:
    """Return the licence expressions that the installed distributions declare, by canonical name."""
    from packaging.utils import canonicalize_name

    wanted = set(environment.lean)
    found: dict[str, str] = {}
    for path in sorted(Path(environment.prefix).glob("lib*/**/site-packages/*.dist-info/METADATA")):
        headers = HeaderParser().parsestr(path.read_text(encoding="utf-8", errors="replace"), headersonly=True)
        name, expression = canonicalize_name(headers.get("Name", "")), headers.get("License-Expression", "")
        if expression and (not wanted or name in wanted):
            found[name] = expression
    return found


def _packages(lock: bytes) -> list[dict[str, Any]]:
    packages = tomllib.loads(lock.decode()).get("packages", [])
    return [package for package in packages if isinstance(package, dict)]


def _component(package: dict[str, Any], licence: str) -> Component:
    from cyclonedx.model import ExternalReference, ExternalReferenceType, XsUri
    from cyclonedx.model.component import Component, ComponentType
    from cyclonedx.model.license import LicenseExpression
    from packageurl import PackageURL

    name, version = str(package["name"]), str(package.get("version", ""))
    files = [*package.get("wheels", []), *(package[key] for key in ("sdist", "archive") if key in package)]
    hashes = _hashes(files[0]) if len(files) == 1 else []
    references = [
        ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=XsUri(file["url"]), hashes=_hashes(file))
        for file in files
        if "url" in file
    ]
    purl = PackageURL("pypi", None, name, version or None)
    return Component(
        name=name,
        version=version or None,
        type=ComponentType.LIBRARY,
        bom_ref=purl.to_string(),
        purl=purl,
        hashes=hashes,
        licenses=[LicenseExpression(licence)] if licence else [],
        external_references=references,
    )


def _hashes(file: Mapping[str, Any]) -> list[Any]:
    from cyclonedx.model import HashAlgorithm, HashType

    known = {"sha256": HashAlgorithm.SHA_256, "sha384": HashAlgorithm.SHA_384, "sha512": HashAlgorithm.SHA_512}
    return [HashType(alg=known[name], content=value) for name, value in file.get("hashes", {}).items() if name in known]
