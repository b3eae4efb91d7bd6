"""Gather what a bundle's own files and evidence say, without loading a model or running anything.

Every file is bounded before it is read, checked against its digest and decoded strictly. What cannot be read is told
as a gap; only a file whose bytes are not what the manifest lists is an error, because then it is another bundle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import msgspec

from pressrun.errors import PressrunError
from pressrun.notebook.doctor.analyse import analyse_notebook
from pressrun.notebook.environment import toml
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import cells_of
from pressrun.notebook.secret_scan import in_file
from pressrun.records.bundle import LOCK, OUTPUTS, PARAMETERS, SOURCE, EvidenceKind
from pressrun.records.cells import Notebook
from pressrun.records.digest import Digest
from pressrun.records.facts import Evidence
from pressrun.records.findings import SecretFinding
from pressrun.records.metric import Metric
from pressrun.records.outputs import ComparedOutputs
from pressrun.rules.doctor import leakage
from pressrun.rules.doctor.analysed import Surroundings
from pressrun.rules.doctor.diagnose import in_order
from pressrun.rules.evidence.documents import (
    BundleDocuments,
    Document,
    SearchedSecrets,
    SourceFacts,
    model_folders,
    tables,
    texts,
)
from pressrun.rules.evidence.gathering import gather
from pressrun.rules.evidence.measured import metrics_of
from pressrun.rules.secrets.scan import unique
from pressrun.rules.strict_json import decode_json
from pressrun.store.folders import read_listed
from pressrun.store.manifests import Exportable, listed_files

MAX_DOCUMENT_BYTES = 32 << 20
MAX_NOTEBOOK_BYTES = 64 << 20
_LEAKAGE = (leakage.fitted_before_split, leakage.fitted_on_test, leakage.target_among_features)
_NOWHERE = Surroundings(python=None, interpreter="", versions={}, pinned=None, bundle=True)
_ALLOWED_SECRETS = "evidence/secrets.json"
_NOT_SEARCHED = {"model", "wheel"}  # were searched when the bundle was written, and hold other people's bytes


class Gathered(NamedTuple):
    """What a bundle's files and evidence say.

    Attributes:
        metrics: by name, with their intervals; none where they cannot be read.
    """

    evidence: Evidence
    metrics: dict[str, Metric]

    @property
    def grade(self) -> str:
        """Grade of the latest receipt; empty when there is none."""
        grade = self.evidence.values.get("replay.grade")
        return str(grade.value) if grade is not None else ""

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters as pressed."""
        parameters = self.evidence.values.get("parameters.values")
        return dict(parameters.value) if parameters is not None and isinstance(parameters.value, dict) else {}


def gather_bundle(bundle: Exportable) -> Gathered:
    """Return what a bundle's files and evidence say.

    Args:
        bundle: a folder or one in a store.

    Raises:
        BundleCorruptError: a file is not what the manifest lists.
        CannotRestoreError: a file is missing.
    """
    documents = _Reading(bundle).documents()
    metrics = metrics_of(documents.outputs) if documents.outputs is not None else {}
    return Gathered(evidence=gather(documents), metrics=metrics)


class _Reading:
    """Reads the documents of one bundle, and notes what it cannot read."""

    def __init__(self, bundle: Exportable) -> None:
        self._bundle = bundle
        self._listed = listed_files(bundle.manifest)
        self._problems: dict[str, str] = {}

    def documents(self) -> BundleDocuments:
        """Return everything that facts are made of."""
        manifest = self._bundle.manifest
        outputs, digest = self.outputs()
        models = [self._json(f"{folder}/model.json") for folder in model_folders(manifest)]
        source = self._source()
        secrets = self._secrets()
        return BundleDocuments(
            manifest=manifest,
            capture=self._evidence("capture"),
            receipts=tuple(self._every("receipt")),
            lock=self._lock(),
            schema=self._json(PARAMETERS),
            outputs=outputs,
            outputs_digest=digest,
            models=tuple(model for model in models if model is not None),
            provenance=self._evidence("provenance"),
            sbom=self._evidence("sbom"),
            source=source,
            secrets=secrets,
            problems=self._problems,
        )

    def outputs(self) -> tuple[ComparedOutputs | None, str]:
        """Return the captured outputs with their digest, None where they cannot be read."""
        document = self._json(OUTPUTS)
        if document is None:
            return None, ""
        rows = tables(document.at("values"))
        said = {"varying", "varying_values"} <= set(document.root if isinstance(document.root, dict) else ())
        if rows is None or not said or not all({"kind", "name", "value"} <= set(row) for row in rows):
            self._problems[OUTPUTS] = "it is not complete: it does not say its values, or which of them vary"
            return None, ""
        try:
            return msgspec.convert(document.root, ComparedOutputs), document.digest
        except msgspec.ValidationError as error:
            self._problems[OUTPUTS] = f"it is not complete: {error}"
            return None, ""

    def _every(self, kind: EvidenceKind) -> Iterator[Document]:
        for piece in sorted(self._bundle.manifest.evidence, key=lambda piece: piece.path):
            if piece.kind == kind and (document := self._json(piece.path)) is not None:
                yield document

    def _evidence(self, kind: EvidenceKind) -> Document | None:
        """Return the only piece of a kind; where two say different things, none of them is believed."""
        paths = sorted(piece.path for piece in self._bundle.manifest.evidence if piece.kind == kind)
        if len(paths) > 1:
            self._problems[f"evidence/{kind}"] = f"there are {len(paths)} of them: {', '.join(paths[:3])}"
            return None
        return self._json(paths[0], shown=f"evidence/{kind}") if paths else None

    def _bytes(self, path: str, limit: int, shown: str = "") -> bytes | None:
        """Return the content of a file; None, with a problem noted, where it is not there or too long."""
        listed = self._listed.get(path)
        if listed is None:
            return None
        if listed.size is None or listed.size > limit:
            self._problems[shown or path] = f"it is longer than the {limit:,} bytes that are read"
            return None
        return read_listed(self._bundle, listed)

    def _digest(self, path: str) -> Digest:
        return self._listed[path].digest

    def _json(self, path: str, shown: str = "") -> Document | None:
        raw = self._bytes(path, MAX_DOCUMENT_BYTES, shown)
        if raw is None:
            return None
        try:
            root = decode_json(raw, max_bytes=MAX_DOCUMENT_BYTES)
        except ValueError as error:
            self._problems[shown or path] = f"it cannot be read: {error}"
            return None
        return Document(path=path, digest=self._digest(path), root=root)

    def _lock(self) -> Document | None:
        raw = self._bytes(LOCK, MAX_DOCUMENT_BYTES)
        if raw is None:
            return None
        try:
            root = toml.loads(raw.decode("utf-8"))
        except (ValueError, RecursionError) as error:
            self._problems[LOCK] = f"it cannot be read: {error}"
            return None
        return Document(path=LOCK, digest=self._digest(LOCK), root=root)

    def _source(self) -> SourceFacts | None:
        raw = self._bytes(SOURCE, MAX_NOTEBOOK_BYTES)
        if raw is None:
            return None
        try:
            root: Any = msgspec.json.decode(raw)  # as the author's editor wrote it: not ours to be strict about
            cells = cells_of(root) if isinstance(root, dict) else None
        except (msgspec.DecodeError, RecursionError, PressrunError) as error:
            self._problems[SOURCE] = f"it cannot be read: {error}"
            return None
        if cells is None:
            self._problems[SOURCE] = "it is no notebook"
            return None
        notebook = Notebook(
            path=SOURCE, digest=self._digest(SOURCE), nbformat=(4, 5), language="python", kernel=None, cells=cells
        )
        return SourceFacts(
            digest=notebook.digest,
            cells=cells,
            parameters=tuple(parameter.name for parameter in inspect_notebook(notebook).parameters),
            leakage=_leakage(notebook),
        )

    def _secrets(self) -> SearchedSecrets | None:
        """Look for secrets in everything that the notebook, its runs and its author wrote; data and models are not."""
        manifest = self._bundle.manifest
        paths = [file.path for file in manifest.content.files if file.role not in _NOT_SEARCHED]
        paths += [piece.path for piece in manifest.evidence if piece.kind != "sbom"]
        found: list[SecretFinding] = []
        for path in sorted(paths):
            content = self._bytes(path, MAX_NOTEBOOK_BYTES, shown=f"secrets in {path}")
            if content is None:
                return None
            found += in_file(path, content, ())
        certain = sorted({finding.name for finding in unique(found) if finding.certain})
        allowed = self._allowed()
        return SearchedSecrets(
            found=tuple(name for name in certain if name not in allowed),
            allowed=tuple(name for name in certain if name in allowed),
            searched=(manifest.content_digest,) if paths else (),
        )

    def _allowed(self) -> frozenset[str]:
        if _ALLOWED_SECRETS not in self._listed:
            return frozenset()
        document = self._json(_ALLOWED_SECRETS)
        return frozenset(texts(document.at("allowed")) or () if document is not None else ())


def _leakage(notebook: Notebook) -> tuple[str, ...] | None:
    """Return where the source looks as if test rows or the target were learnt from; None where it cannot be told."""
    analysed = analyse_notebook(notebook)
    if any(cell.error is not None for cell in analysed.run):
        return None
    found = [finding for family in _LEAKAGE for finding in family(analysed, _NOWHERE)]
    return tuple(f"cell {finding.cell}: {finding.what}" for finding in in_order(found))
