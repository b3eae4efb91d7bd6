"""Assembling a bundle: pieces in, a folder with a manifest out. The same pieces give the same bytes."""

from __future__ import annotations

import shutil
from pathlib import Path, PurePosixPath

import msgspec

from pressrun.notebook.package.models import ModelFiles
from pressrun.notebook.package.pipeline import PipelineSource
from pressrun.notebook.package.runtime import RUNTIME_FILE
from pressrun.records.bundle import (
    INPUTS,
    LOCK,
    MANIFEST,
    NOTEBOOK,
    OUTPUTS,
    PARAMETERS,
    PIPELINE,
    PROJECT,
    README,
    SOURCE,
    Content,
    ContentFile,
    ContentRole,
    EvidenceFile,
    EvidenceKind,
    InputReference,
    Manifest,
)  # fmt: skip
from pressrun.records.digest import digest_bytes, pretty_json

_FILE_MODE = 0o644
_EVIDENCE = "evidence"


class EvidencePiece(msgspec.Struct, frozen=True, kw_only=True):
    """One piece of evidence; `name` is its file name below ``evidence/``."""

    name: str
    kind: EvidenceKind
    content: bytes


class BundlePieces(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a bundle is made of.

    Attributes:
        source: the notebook's bytes; `notebook`, `lock`, `parameters`, `outputs`, `readme`: those of their files.
        project_root: folder that `modules` and held inputs are copied from.
        modules: posix paths, relative to the project, of local modules: content.
        inputs: what the notebook reads; those with `held` set are copied to ``project/``.
        wheels: wheels that no index has.
        created_by: name and version of the tool; stands in the manifest, not in the identity.
    """

    name: str
    source: bytes
    notebook: bytes
    pipeline: PipelineSource
    lock: bytes
    parameters: bytes
    outputs: bytes
    readme: bytes
    project_root: Path
    modules: tuple[str, ...] = ()
    inputs: tuple[InputReference, ...] = ()
    wheels: tuple[Path, ...] = ()
    models: tuple[ModelFiles, ...] = ()
    evidence: tuple[EvidencePiece, ...] = ()
    entry: str = "."
    created_by: str = ""


def assemble(pieces: BundlePieces, directory: Path) -> Manifest:
    """Write the bundle.

    Args:
        pieces: what it is made of.
        directory: an empty or absent folder.

    Raises:
        ValueError: the folder is not empty, or a path leaves it.
    """
    directory.mkdir(parents=True, exist_ok=True)
    if any(directory.iterdir()):
        raise ValueError(f"{directory} is not empty")
    files = [_write(directory, path, role, content) for path, role, content in _texts(pieces)]
    files += [_copy(directory, f"wheels/{wheel.name}", "wheel", wheel) for wheel in pieces.wheels]
    for model in pieces.models:
        files += [
            _copy(directory, f"models/{model.name}/{name}", "model", model.directory / name) for name in model.files
        ]
    files += [_copy(directory, f"{PROJECT}/{path}", "module", pieces.project_root / path) for path in pieces.modules]
    carried = {file.path for file in files}
    for reference in pieces.inputs:
        if reference.held and f"{PROJECT}/{reference.path}" not in carried:
            _copy_input(directory, pieces.project_root / reference.path, f"{PROJECT}/{reference.path}")
    (directory / PROJECT / pieces.entry).mkdir(parents=True, exist_ok=True)
    content = Content(
        files=tuple(sorted(files, key=lambda file: file.path)),
        inputs=tuple(sorted(pieces.inputs, key=lambda item: (item.role, item.path))),
    )
    manifest = Manifest(
        name=pieces.name,
        content_digest=content.digest(),
        content=content,
        evidence=tuple(_write_evidence(directory, piece) for piece in pieces.evidence),
        entry=pieces.entry,
        created_by=pieces.created_by,
    )
    _write_bytes(directory / MANIFEST, pretty_json(manifest))
    return manifest


def add_evidence(directory: Path, manifest: Manifest, piece: EvidencePiece) -> Manifest:
    """Write one more piece of evidence and the manifest that lists it.

    Raises:
        ValueError: there is a piece of that name already.
    """
    if any(file.path == f"{_EVIDENCE}/{piece.name}" for file in manifest.evidence):
        raise ValueError(f"there is evidence called {piece.name} already")
    evidence = (*manifest.evidence, _write_evidence(directory, piece))
    changed = msgspec.structs.replace(manifest, evidence=evidence)
    _write_bytes(directory / MANIFEST, pretty_json(changed))
    return changed


def _texts(pieces: BundlePieces) -> list[tuple[str, ContentRole, bytes]]:
    # Whether a copy of an input travels is no part of the identity, so it is not written into a content file.
    inputs = [
        {name: value for name, value in msgspec.to_builtins(reference).items() if name != "held"}
        for reference in sorted(pieces.inputs, key=lambda item: (item.role, item.path))
    ]
    return [
        (SOURCE, "source", pieces.source),
        (NOTEBOOK, "notebook", pieces.notebook),
        (PIPELINE, "pipeline", pieces.pipeline.text.encode()),
        (RUNTIME_FILE, "pipeline", pieces.pipeline.runtime.encode()),
        (LOCK, "lock", pieces.lock),
        (PARAMETERS, "parameters", pieces.parameters),
        (INPUTS, "inputs", pretty_json(inputs)),
        (OUTPUTS, "outputs", pieces.outputs),
        (README, "readme", pieces.readme),
    ]


def _inside(directory: Path, path: str) -> Path:
    posix = PurePosixPath(path)
    if posix.is_absolute() or ".." in posix.parts or "\\" in path or not posix.parts:
        raise ValueError(f"{path!r} leaves the bundle")
    return directory / posix


def _write(directory: Path, path: str, role: ContentRole, content: bytes) -> ContentFile:
    _write_bytes(_inside(directory, path), content)
    return ContentFile(path=path, role=role, digest=digest_bytes(content), size=len(content))


def _copy(directory: Path, path: str, role: ContentRole, source: Path) -> ContentFile:
    return _write(directory, path, role, source.read_bytes())


def _copy_input(directory: Path, source: Path, path: str) -> None:
    target = _inside(directory, path)
    target.parent.mkdir(parents=True, exist_ok=True)
    if source.is_dir():
        shutil.copytree(source, target, copy_function=shutil.copyfile, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)
        target.chmod(_FILE_MODE)


def _write_evidence(directory: Path, piece: EvidencePiece) -> EvidenceFile:
    path = f"{_EVIDENCE}/{piece.name}"
    _write_bytes(_inside(directory, path), piece.content)
    return EvidenceFile(path=path, kind=piece.kind, digest=digest_bytes(piece.content), size=len(piece.content))


def _write_bytes(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    path.chmod(_FILE_MODE)
