"""A bundle: an immutable directory that runs without pressrun.

The manifest has two parts. *Content* is what the bundle is: its digest is the bundle's identity and covers role, path,
algorithm, digest and size of every content file and every input, and nothing volatile. *Evidence* lies beside it, each
piece with its own digest, and may grow.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.digest import Digest, canonical_json, digest_bytes

BUNDLE_FORMAT = 1
MANIFEST = "manifest.json"
SOURCE = "source.ipynb"
NOTEBOOK = "notebook.ipynb"
PIPELINE = "pipeline.py"
LOCK = "pylock.toml"
PARAMETERS = "parameters.schema.json"
INPUTS = "inputs.json"
OUTPUTS = "outputs.json"
README = "README.md"
PROJECT = "project"
"""Folder that mirrors the project: copies of inputs and local modules at their project-relative paths."""

ContentRole = Literal[
    "source", "notebook", "pipeline", "lock", "wheel", "parameters", "inputs", "outputs", "model", "module", "readme"
]
EvidenceKind = Literal["receipt", "executed-notebook", "replay", "capture", "provenance", "sbom", "other"]


class ContentFile(msgspec.Struct, frozen=True, kw_only=True):
    """One content file. `path` is posix, relative to the bundle; `size` in bytes; `algorithm` is ``sha256``."""

    path: str
    role: ContentRole
    digest: Digest
    size: int
    algorithm: str = "sha256"


class InputReference(msgspec.Struct, frozen=True, kw_only=True):
    """An input that the notebook reads.

    Attributes:
        path: as in `pressrun.records.capture.Input`.
        held: whether a copy travels in the bundle at ``project/<path>``; not part of the identity.
        members: path relative to the directory -> digest, for directories only, as in `pressrun.records.capture.Input`;
            `digest` covers them.
    """

    path: str
    role: str
    digest: Digest
    size: int
    algorithm: str = "sha256"
    held: bool = False
    members: dict[str, Digest] = {}


class EvidenceFile(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence, at ``evidence/...``."""

    path: str
    kind: EvidenceKind
    digest: Digest
    size: int
    algorithm: str = "sha256"


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What the bundle is."""

    files: tuple[ContentFile, ...]
    inputs: tuple[InputReference, ...] = ()

    def digest(self) -> Digest:
        """Return the bundle's identity: the digest of the canonical list of files and inputs, sorted by path."""
        rows = [["file", f.role, f.path, f.algorithm, f.digest, f.size] for f in self.files]
        rows += [["input", i.role, i.path, i.algorithm, i.digest, i.size] for i in self.inputs]
        return digest_bytes(canonical_json(sorted(rows)))


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """The manifest as stored in ``manifest.json``.

    Attributes:
        format: version of this format; a reader refuses a newer major one and keeps unknown fields of the same.
        name: chosen by the author; the README carries it, so that two names give two bundles.
        content_digest: what `Content.digest` gave when the bundle was written.
        entry: path, relative to ``project/``, of the folder the notebook runs in (``.`` for the project's root).
    """

    format: int = BUNDLE_FORMAT
    name: str
    content_digest: Digest
    content: Content
    evidence: tuple[EvidenceFile, ...] = ()
    entry: str = "."
    created_by: str = ""
