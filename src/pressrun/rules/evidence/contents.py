"""Facts from the content: lock, parameters, models, and the bill of materials and provenance that go with them."""

from __future__ import annotations

import re
from typing import Any

from pressrun.rules.evidence.documents import (
    BundleDocuments,
    Document,
    Gathered,
    column,
    inside,
    model_folders,
    tables,
    text,
    truth,
    whole,
)

LOCK_NAMES = ("dependencies", "lock.hashes", "lock.packages", "lock.python")
MODEL_NAMES = ("models.classes", "models.names", "models.pinned", "models.same_predictions", "models.unsafe")
PARAMETER_NAMES = ("parameters.count", "parameters.typed", "parameters.values")
_HEX = {"sha256": 64, "sha384": 96, "sha512": 128}
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")
_SEPARATORS = re.compile(r"[-_.]+")


def locked(documents: BundleDocuments, found: Gathered) -> None:
    """Add what the lock says: packages, whether each is pinned by a hash or a commit, and the Python it is for."""
    lock = documents.lock
    packages = None if lock is None else tables(lock.at("packages"))
    if lock is None or packages is None:
        found.lack(LOCK_NAMES, documents.why("pylock.toml", "lock") if lock is None else "the lock lists no packages")
        return
    names = column(packages, "name")
    found.add("lock.packages", None if names is None else len(names), lock, why="a package of the lock has no name")
    pinned = None if names is None else [_pinned(package) for package in packages]
    loose = [name for name, sure in zip(names or (), pinned or (), strict=True) if not sure]
    hashes = None if not pinned else not loose
    note = f"without a hash: {', '.join(loose)}"[:200] if loose else ""
    found.add("lock.hashes", hashes, lock, why="the lock names no packages", note=note)
    versions = column(packages, "version")
    listed = None if not names or versions is None else sorted(map("==".join, zip(names, versions, strict=True)))
    found.add("dependencies", listed, lock, why="a package of the lock has no name or no version")
    why = "the lock does not say which Python it is for"
    found.add("lock.python", text(lock.at("tool", "pressrun", "python")), lock, why=why)


def _pinned(package: dict[str, Any]) -> bool:
    if "vcs" in package:
        return _COMMIT.fullmatch(str(inside(package, "vcs", "commit-id"))) is not None
    wheels = tables(package.get("wheels", []))
    rest = [package[key] for key in ("sdist", "archive") if key in package]
    files = [*(wheels or ()), *rest]
    return wheels is not None and bool(files) and all(_hashed(file) for file in files)


def _hashed(file: Any) -> bool:
    for kind, length in _HEX.items():
        value = inside(file, "hashes", kind)
        if isinstance(value, str) and re.fullmatch(f"[0-9a-f]{{{length}}}", value):
            return True
    return False


def parametrised(documents: BundleDocuments, found: Gathered) -> None:
    """Add what the schema of the parameters says, where it is the schema of those that the notebook defines."""
    schema, source = documents.schema, documents.source
    if schema is None:
        found.lack(PARAMETER_NAMES, documents.why("parameters.schema.json", "schema of parameters"))
        return
    said = schema.at("properties")
    if not isinstance(said, dict) or not all(isinstance(value, dict) for value in said.values()):
        found.lack(PARAMETER_NAMES, "the schema of the parameters has no properties")
        return
    if source is None:
        found.lack(PARAMETER_NAMES, documents.why("source.ipynb", "notebook that can be read"))
        return
    if set(said) != set(source.parameters):
        found.lack(PARAMETER_NAMES, "the schema and the notebook do not name the same parameters")
        return
    found.add("parameters.count", len(said), schema, source.digest, why="")
    types = {name: text(value.get("x-python-type")) for name, value in said.items()}
    known = None if None in types.values() else not any(kind in {"Any", "any"} for kind in types.values())
    found.add("parameters.typed", known, schema, source.digest, why="a parameter's type is not told")
    values = {name: value["default"] for name, value in said.items() if "default" in value}
    found.add("parameters.values", values, schema, why="")


def modelled(documents: BundleDocuments, found: Gathered) -> None:
    """Add what the models' descriptions say: format, digests, and whether they predict what the notebook did."""
    folders = list(model_folders(documents.manifest))
    listed = {file.path: file for file in documents.manifest.content.files}
    found.add("models.count", len(folders), documents.manifest.content_digest, why="")
    if not folders:
        return
    described = {document.path.rpartition("/")[0]: document for document in documents.models}
    missing = [folder for folder in folders if folder not in described]
    if missing:
        found.lack(MODEL_NAMES, documents.why(f"{missing[0]}/model.json", f"description of {missing[0]}"))
        return
    models = [described[folder] for folder in folders]
    names = [text(model.at("name")) for model in models]
    found.add("models.names", _complete(names), *models, why="a model's description has no name")
    classes = [text(model.at("class_name")) for model in models]
    found.add("models.classes", _complete(classes), *models, why="a model's description does not name its class")
    dangers = [truth(model.at("unsafe")) for model in models]
    unsafe = None if None in names or None in dangers else [n for n, d in zip(names, dangers, strict=True) if d]
    found.add("models.unsafe", unsafe, *models, why="a model's description does not say whether loading it is safe")

    def holds(model: Document, name: str, digest: Any, size: Any = None) -> bool | None:
        file = listed.get(f"{model.path.rpartition('/')[0]}/{name}")
        if text(digest) is None:
            return None
        return file is not None and digest == file.digest and (size is None or whole(size) == file.size)

    pins = [holds(m, str(m.at("file")), m.at("digest"), m.at("size")) if whole(m.at("size")) else None for m in models]
    why = "a model's description does not name the digest of its file"
    found.add("models.pinned", None if None in pins else all(pins), *models, why=why)
    same = [
        holds(model, f"{key}.json", model.at(key)) for model in models for key in ("sample", "predictions")
    ]  # fmt: skip
    why = "a model has no sample, so that nothing was predicted in a fresh process: --sample in its declaration"
    note = "loaded in a fresh process, each predicted on its sample what it did in the notebook"
    found.add("models.same_predictions", None if None in same else all(same), *models, why=why, note=note)


def _complete(values: list[str | None]) -> list[str] | None:
    kept = [value for value in values if value is not None]
    return kept if len(kept) == len(values) else None


def listed_parts(documents: BundleDocuments, found: Gathered) -> None:
    """Add whether the bill of materials lists everything in the lock."""
    sbom, lock = documents.sbom, documents.lock
    if sbom is None:
        found.lack(("sbom.complete", "sbom.present", "sbom.unlicensed"), documents.why("evidence/sbom", "SBOM"))
        return
    parts = tables(sbom.at("components")) if sbom.at("bomFormat") == "CycloneDX" else None
    present = True if parts is not None else None
    found.add("sbom.present", present, sbom, why="the bill of materials is no list of components in CycloneDX")
    packages = None if lock is None else tables(lock.at("packages"))
    here, wanted = _releases(parts), _releases(packages)
    complete = None if not here or not wanted else wanted <= here
    why = "the components and the locked packages cannot be held against each other"
    found.add("sbom.complete", complete, sbom, *([lock] if lock else []), why=why)
    bare = None if here is None else sum(1 for part in parts or () if not tables(part.get("licenses")))
    found.add("sbom.unlicensed", bare, sbom, why=why, note="components that declare no licence")


def _releases(rows: tuple[dict[str, Any], ...] | None) -> set[tuple[str, str]] | None:
    """Return name (PEP 503) and version of every row; None where one has no name."""
    names = None if rows is None else column(rows, "name")
    if rows is None or names is None:
        return None
    return {
        (_SEPARATORS.sub("-", name).lower(), text(row.get("version")) or "")
        for name, row in zip(names, rows, strict=True)
    }


def made(documents: BundleDocuments, found: Gathered) -> None:
    """Add what the provenance says: whether it is about this bundle, and which level it claims."""
    statement = documents.provenance
    if statement is None:
        found.lack(("provenance.level", "provenance.matches"), documents.why("evidence/provenance", "provenance"))
        return
    subjects = tables(statement.at("subject"))
    named = [inside(subject, "digest", "sha256") for subject in subjects or ()]
    own = documents.manifest.content_digest.removeprefix("sha256:")
    matches = own in named if named and all(text(digest) for digest in named) else None
    found.add("provenance.matches", matches, statement, why="the provenance names no bundle by its digest")
    level = whole(statement.at("predicate", "buildDefinition", "internalParameters", "slsaBuildLevel"))
    found.add("provenance.level", level if matches else None, statement, why="the provenance claims no level for it")
