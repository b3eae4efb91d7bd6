"""A small bundle in memory with every document that facts are made of, and ways to take something out of it."""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from pressrun.notebook.environment import toml
from pressrun.notebook.package.provenance import Press, provenance_json
from pressrun.records.bundle import (
    LOCK,
    OUTPUTS,
    PARAMETERS,
    SOURCE,
    Content,
    ContentFile,
    ContentRole,
    EvidenceFile,
    EvidenceKind,
    InputReference,
    Manifest,
)
from pressrun.records.capture import Capture, CodeState, Coverage, Distribution, Environment, Input, Randomness
from pressrun.records.comparison import Comparison, Difference, Receipt
from pressrun.records.digest import Digest, digest_bytes, pretty_json
from pressrun.records.model import ModelDescription
from pressrun.records.outputs import CapturedValue, ComparedOutputs
from pressrun.store.manifests import Listed

_ROLES: dict[str, ContentRole] = {SOURCE: "source", LOCK: "lock", PARAMETERS: "parameters", OUTPUTS: "outputs"}
_KINDS: dict[str, EvidenceKind] = {
    "capture.json": "capture",
    "provenance.json": "provenance",
    "sbom.cdx.json": "sbom",
}
_DATA = b"a,b\n1,2\n"
_MODEL = b"a model"


class MemoryBundle(msgspec.Struct, frozen=True, kw_only=True):
    """A bundle whose files are in memory.

    Attributes:
        files: path -> content; those below ``evidence/`` are evidence.
    """

    manifest: Manifest
    files: dict[str, bytes]

    @property
    def manifest_bytes(self) -> bytes:
        """The bytes of its manifest."""
        return pretty_json(self.manifest)

    def chunks(self, listed: Listed) -> Iterator[bytes]:
        """Yield a file's content."""
        yield self.files[listed.path]


def evidence_bundle(changes: Mapping[str, bytes | None] | None = None) -> MemoryBundle:
    """Return a bundle of which every fact about content and replays can be told.

    Args:
        changes: path -> content to have instead, None to leave the file out; receipts and provenance stay those of the
            bundle without changes of its content.
    """
    files = _content()
    content = _listed(files)
    files |= _evidence(content)
    for path, data in (changes or {}).items():
        if data is None:
            files.pop(path)
        else:
            files[path] = data
    pieces = tuple(
        EvidenceFile(path=path, kind=_kind(path), digest=digest_bytes(data), size=len(data))
        for path, data in sorted(files.items())
        if path.startswith("evidence/")
    )
    # the content digest stays: a change stands for a document that says less, not for another bundle
    changed = msgspec.structs.replace(_listed(files), inputs=content.inputs)
    manifest = Manifest(name="churn", content_digest=content.digest(), content=changed, evidence=pieces)
    return MemoryBundle(manifest=manifest, files=files)


def documents_of(bundle: MemoryBundle) -> dict[str, Any]:
    """Return every document in JSON or TOML, decoded, by path."""
    found: dict[str, Any] = {}
    for path, data in bundle.files.items():
        if path.endswith(".json"):
            found[path] = msgspec.json.decode(data)
        elif path == LOCK:
            found[path] = toml.loads(data.decode())
    return found


def encoded(path: str, document: Any) -> bytes:
    """Return the bytes of a document that `documents_of` gave."""
    return toml.dumps(document).encode() if path == LOCK else pretty_json(document)


def without_each_field(document: Any) -> Iterator[tuple[str, Any]]:
    """Give, for each field at any depth, its place and a copy of the document without it."""
    for keys in list(_places(document, ())):
        changed = copy.deepcopy(document)
        owner = changed
        for key in keys[:-1]:
            owner = owner[key]
        del owner[keys[-1]]
        yield ".".join(map(str, keys)), changed


def _places(value: Any, keys: tuple[str | int, ...]) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*keys, key)
            yield from _places(inner, (*keys, key))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from _places(inner, (*keys, at))


def _kind(path: str) -> EvidenceKind:
    name = path.rpartition("/")[2]
    return "receipt" if name.startswith("receipt") else _KINDS.get(name, "other")


def _listed(files: Mapping[str, bytes]) -> Content:
    return Content(
        files=tuple(
            ContentFile(
                path=path,
                role="model" if path.startswith("models/") else _ROLES[path],
                digest=digest_bytes(data),
                size=len(data),
            )
            for path, data in sorted(files.items())
            if not path.startswith("evidence/")
        ),
        inputs=(InputReference(path="data.csv", role="project", digest=digest_bytes(_DATA), size=len(_DATA)),),
    )


def _cell(source: str) -> dict[str, Any]:
    return {
        "cell_type": "code", "execution_count": None, "id": f"c{len(source)}", "metadata": {}, "outputs": [],
        "source": source,
    }  # fmt: skip


def notebook_bytes(*cells: dict[str, Any]) -> bytes:
    """Return the bytes of a notebook in Python with these cells."""
    return pretty_json({"cells": list(cells), "metadata": {}, "nbformat": 4, "nbformat_minor": 5})


def _content() -> dict[str, bytes]:
    source = notebook_bytes(
        _cell("%%register parameters\nrows: int = 400"),
        _cell("import random\nrandom.seed(3)"),
        _cell("%%register metrics\nauc = 0.83"),
    )
    sample, predictions = b'{"rows": [1]}', b'{"values": [0.5]}'
    model = ModelDescription(
        name="churn", file="model.ubj", model_format="xgboost-json", unsafe=False, digest=digest_bytes(_MODEL),
        size=len(_MODEL), class_name="xgboost.XGBClassifier", sample=digest_bytes(sample),
        predictions=digest_bytes(predictions),
    )  # fmt: skip
    wheel = {"name": "numpy-2.1.0-py3-none-any.whl", "url": "https://e.org/n.whl", "hashes": {"sha256": 64 * "a"}}
    lock = {
        "lock-version": "1.0",
        "packages": [
            {"name": "numpy", "version": "2.1.0", "wheels": [wheel]},
            {"name": "own", "version": "1", "vcs": {"type": "git", "url": "https://e.org/o", "commit-id": 40 * "b"}},
        ],
        "tool": {"pressrun": {"python": "3.11.7"}},
    }
    schema = {
        "type": "object",
        "properties": {"rows": {"type": "integer", "default": 400, "x-python-type": "int"}},
        "required": [],
    }
    return {
        SOURCE: source,
        LOCK: toml.dumps(lock).encode(),
        PARAMETERS: pretty_json(schema),
        OUTPUTS: pretty_json(ComparedOutputs(tolerance=1e-6, values=_values())),
        "models/churn/model.json": pretty_json(model),
        "models/churn/model.ubj": _MODEL,
        "models/churn/sample.json": sample,
        "models/churn/predictions.json": predictions,
    }


def _values() -> tuple[CapturedValue, ...]:
    plain: dict[str, Any] = {
        "accuracy": 0.8125, "accuracy_baseline": 0.62, "auc": 0.83, "mae": 1.0, "mae_high": 1.2, "mae_low": 0.9,
        "n_negative": 250, "n_positive": 150, "n_test": 400, "segments.north.auc": 0.81, "segments.north.n": 210,
    }  # fmt: skip
    return tuple(CapturedValue(name=name, value=value) for name, value in plain.items())


def _evidence(content: Content) -> dict[str, bytes]:
    digest = content.digest()
    environment = Environment(
        python="3.11.7", implementation="cpython", platform="Linux-6.1-x86_64", machine="x86_64", executable="python",
        prefix="/venv", cpu_features=("avx2",), cpu_count=8,
        distributions=(Distribution(name="numpy", version="2.1.0", origin="index"),),
    )  # fmt: skip
    read = Input(path="data.csv", role="project", size=len(_DATA), digest=digest_bytes(_DATA), mode="read")
    code = CodeState(
        notebook=content.files[-1].digest, commit=40 * "c", branch="main", remote="https://example.org/churn.git",
        committer="ada@example.org",
    )  # fmt: skip
    capture = Capture(
        environment=environment, inputs=(read,), products=(), code=code,
        randomness=Randomness(seeds=("random.seed(3)",)), coverage=Coverage(level="complete", sources=("strace",)),
    )  # fmt: skip
    press = Press(name="churn", content=content, notebook=content.files[-1].digest)
    parts = [
        {"name": "numpy", "version": "2.1.0", "licenses": [{"expression": "BSD-3-Clause"}]},
        {"name": "own", "version": "1"},
    ]
    return {
        "evidence/capture.json": pretty_json(capture),
        "evidence/receipt-press.json": pretty_json(receipt_for(digest)),
        "evidence/receipt-verify.json": pretty_json(
            receipt_for(digest, against="bundle", created="2026-06-02T00:00:00+00:00", hermetic=True)
        ),
        "evidence/provenance.json": provenance_json(press),
        "evidence/sbom.cdx.json": pretty_json({"bomFormat": "CycloneDX", "components": parts}),
    }


def receipt_for(subject: Digest, **changes: Any) -> Receipt:
    """Return the receipt of a replay in a rebuilt environment that gave equal results.

    Args:
        subject: content digest of the bundle.
        changes: fields of `Receipt` to have instead.
    """
    receipt = Receipt(
        subject=subject, grade="R4", environment="rebuilt", against="second-run", verdict="completed",
        comparison=Comparison(sameness="identical", outputs=()), created="2026-06-01T00:00:00+00:00",
    )  # fmt: skip
    return msgspec.structs.replace(receipt, **changes)


def hidden_state_receipt(subject: Digest) -> Receipt:
    """Return a receipt that names hidden state as the cause of a saved output that no clean run gives."""
    difference = Difference(cell=1, output=0, expected="2", found="1", cause="hidden-state")
    return receipt_for(
        subject, against="saved-outputs", environment="current", grade="R1", difference=difference,
        comparison=Comparison(sameness="different", outputs=()),
    )  # fmt: skip
