"""Small bundles for tests."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from pressrun.records.bundle import (
    LOCK,
    MANIFEST,
    NOTEBOOK,
    OUTPUTS,
    PARAMETERS,
    PIPELINE,
    README,
    SOURCE,
    Content,
    ContentFile,
    ContentRole,
    EvidenceFile,
    EvidenceKind,
    InputReference,
    Manifest,
)
from pressrun.records.digest import digest_bytes, pretty_json

_ROLES: dict[str, ContentRole] = {
    SOURCE: "source",
    NOTEBOOK: "notebook",
    PIPELINE: "pipeline",
    LOCK: "lock",
    PARAMETERS: "parameters",
    "inputs.json": "inputs",
    OUTPUTS: "outputs",
    README: "readme",
}
_FOLDERS: dict[str, ContentRole] = {"models": "model", "wheels": "wheel"}
SAMPLE_FILES: Mapping[str, bytes] = {
    SOURCE: b'{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}\n',
    PIPELINE: b"print('hello')\n",
    LOCK: b'lock-version = "1.0"\n',
    PARAMETERS: b'{"type": "object", "properties": {"rows": {"type": "integer", "default": 3}}}\n',
    README: b"# A sample\n",
}


def write_sample_bundle(
    directory: Path,
    files: Mapping[str, bytes] = SAMPLE_FILES,
    *,
    name: str = "sample",
    evidence: Mapping[str, bytes] | None = None,
    held: Mapping[str, bytes] | None = None,
) -> Manifest:
    """Write a small bundle into a new folder.

    Args:
        directory: where; made when it is not there.
        files: path -> content; the role follows from the path.
        name: its label.
        evidence: path below ``evidence/`` -> content.
        held: path below ``project/`` -> content of an input whose copy travels along.

    Returns:
        The manifest that was written.
    """
    contents: dict[str, bytes] = dict(files)
    content = Content(
        files=tuple(
            ContentFile(path=path, role=_role(path), digest=digest_bytes(data), size=len(data))
            for path, data in sorted(files.items())
        ),
        inputs=tuple(
            InputReference(path=path, role="project", digest=digest_bytes(data), size=len(data), held=True)
            for path, data in sorted((held or {}).items())
        ),
    )
    contents.update({f"project/{path}": data for path, data in (held or {}).items()})
    pieces = []
    for path, data in sorted((evidence or {}).items()):
        contents[f"evidence/{path}"] = data
        kind: EvidenceKind = "receipt" if path.startswith("receipt") else "other"
        pieces.append(EvidenceFile(path=f"evidence/{path}", kind=kind, digest=digest_bytes(data), size=len(data)))
    manifest = Manifest(name=name, content_digest=content.digest(), content=content, evidence=tuple(pieces))
    for path, data in contents.items():
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_bytes(data)
    directory.mkdir(parents=True, exist_ok=True)
    (directory / MANIFEST).write_bytes(pretty_json(manifest))
    return manifest


def _role(path: str) -> ContentRole:
    return _ROLES.get(path) or _FOLDERS.get(path.split("/", 1)[0], "module")
