"""What a bundle's evidence says: complete evidence gives facts, and evidence that says less never gives better ones."""

from typing import Any

import msgspec
import pytest

from pressrun.actions.gather import gather_bundle
from pressrun.errors import BundleCorruptError
from pressrun.records.comparison import GRADES, Comparison
from pressrun.records.digest import canonical_json
from pressrun.records.facts import Evidence
from pressrun.rules.evidence.names import producer
from pressrun.testing.evidence import (
    MemoryBundle,
    documents_of,
    encoded,
    evidence_bundle,
    hidden_state_receipt,
    notebook_bytes,
    receipt_for,
    without_each_field,
)

CAPTURE = "evidence/capture.json"
PRESS, VERIFY = "evidence/receipt-press.json", "evidence/receipt-verify.json"
SBOM, PROVENANCE = "evidence/sbom.cdx.json", "evidence/provenance.json"
MODEL = "models/churn/model.json"
COUNTS_OF_WHAT_IS_LACKING = {"sbom.unlicensed", "metrics.without_interval"}
SUBJECT = evidence_bundle().manifest.content_digest


def gather_evidence(bundle: MemoryBundle) -> Evidence:
    return gather_bundle(bundle).evidence


def changed(path: str, *keys: Any, to: Any) -> MemoryBundle:
    """Return the complete bundle with one field of one document set to another value."""
    return evidence_bundle({path: altered(path, *keys, to=to)})


def altered(path: str, *keys: Any, to: Any) -> bytes:
    document = documents_of(evidence_bundle())[path]
    owner = document
    for key in keys[:-1]:
        owner = owner[key]
    owner[keys[-1]] = to
    return encoded(path, document)


def without(path: str, key: str) -> bytes:
    document = documents_of(evidence_bundle())[path]
    return encoded(path, {name: value for name, value in document.items() if name != key})


def receipt(**changes: Any) -> bytes:
    return msgspec.json.encode(receipt_for(SUBJECT, **changes))


def code(count: int | None, *outputs: Any) -> dict[str, Any]:
    shown = [{"output_type": "stream", "name": "stdout", "text": text} for text in outputs]
    source = "%%register parameters\nrows: int = 400"
    return {"cell_type": "code", "source": source, "metadata": {}, "execution_count": count, "outputs": shown}


def value_of(bundle: MemoryBundle, name: str) -> Any:
    evidence = gather_evidence(bundle)
    assert (name in evidence.values) != (name in evidence.gaps)
    return evidence.values[name].value if name in evidence.values else None


def bad_bundle() -> MemoryBundle:
    """Return a bundle whose evidence says that much is wrong: no part of it may be left out to look better."""
    capture = documents_of(evidence_bundle())[CAPTURE]
    capture["code"]["dirty"] = True
    capture["coverage"] |= {
        "blind_spots": ["a child was not seen"],
        "unseen": [{"path": "/x", "told_by": ["a"], "missed_by": ["b"], "cells": []}],
    }
    capture["environment"]["distributions"][0]["edited_files"] = ["numpy/core.py"]
    capture["external"] = [{"kind": "http", "target": "https://e.org/d.csv", "cells": [0], "version": "", "digest": ""}]
    capture["inputs"].append(capture["inputs"][0] | {"path": "/tmp/x.csv", "role": "outside"})
    document = documents_of(evidence_bundle())
    document[MODEL] |= {"unsafe": True, "digest": "sha256:" + 64 * "0"}
    schema = document["parameters.schema.json"]
    schema["properties"]["rows"]["x-python-type"] = "Any"
    lock = document["pylock.toml"]
    lock["packages"][0]["wheels"][0]["hashes"] = {"md5": "00"}
    outputs = document["outputs.json"] | {"varying_values": ["loss"]}
    different = Comparison(sameness="different", outputs=())
    return evidence_bundle(
        {
            "source.ipynb": notebook_bytes(code(3, "a"), code(1, "b")),
            CAPTURE: encoded(CAPTURE, capture),
            MODEL: encoded(MODEL, document[MODEL]),
            "parameters.schema.json": encoded("parameters.schema.json", schema),
            "pylock.toml": encoded("pylock.toml", lock),
            "outputs.json": encoded("outputs.json", outputs),
            "evidence/receipt-saved.json": msgspec.json.encode(hidden_state_receipt(SUBJECT)),
            VERIFY: receipt(grade="R0", verdict="cell-error", comparison=different, against="bundle",
                            created="2026-06-03T00:00:00+00:00"),
            "evidence/secrets.json": b'{"allowed": []}',
        }
    )  # fmt: skip


def is_no_better(name: str, before: Any, after: Any) -> bool:
    if before == after and type(before) is type(after):
        return True
    if isinstance(before, bool) and isinstance(after, bool):
        return before and not after
    if name == "replay.grade":
        return GRADES.index(after) <= GRADES.index(before)
    if isinstance(before, dict) and isinstance(after, dict):
        return after.items() <= before.items()  # no check judges a table
    if name in COUNTS_OF_WHAT_IS_LACKING:
        return after > before if isinstance(after, int) else set(after) >= set(before)
    return False


@pytest.mark.parametrize("bundle", [evidence_bundle(), bad_bundle()], ids=["complete", "bad"])
def test_leaving_a_field_out_of_a_document_never_gives_a_fact_or_a_better_one(bundle):
    before = gather_evidence(bundle)
    tried = 0
    for path, document in documents_of(bundle).items():
        for field, less in without_each_field(document):
            tried += 1
            files = bundle.files | {path: encoded(path, less)}
            after = gather_evidence(relisted(bundle, files))
            added = set(after.values) - set(before.values)
            assert set() == added, f"{path} without {field} gives {added}"
            for name, fact in after.values.items():
                was = before.values[name].value
                assert is_no_better(name, was, fact.value), f"{path} without {field}: {name} {was} -> {fact.value}"
    assert tried > 200


def relisted(bundle: MemoryBundle, files: dict[str, bytes]) -> MemoryBundle:
    again = evidence_bundle(files)
    manifest = msgspec.structs.replace(again.manifest, content_digest=bundle.manifest.content_digest)
    return MemoryBundle(manifest=manifest, files=files)


@pytest.mark.parametrize("path", sorted(evidence_bundle().files))
def test_leaving_a_document_out_never_gives_a_fact_or_a_better_one(path):
    before, after = gather_evidence(evidence_bundle()), gather_evidence(evidence_bundle({path: None}))
    assert set(after.values) <= set(before.values)
    for name, fact in after.values.items():
        if not name.startswith(("models.", "replay.", "randomness.", "parts.")):
            assert is_no_better(name, before.values[name].value, fact.value), name


@pytest.mark.parametrize("path", [path for path in sorted(evidence_bundle().files) if path.endswith(("json", "toml"))])
@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"null", b'{"a": 1, "a": 2}', b"\xff", b"[" * 100_000])
def test_a_document_that_cannot_be_read_gives_gaps_and_no_facts_of_its_own(path, content):
    before, after = gather_evidence(evidence_bundle()), gather_evidence(evidence_bundle({path: content}))
    assert set(after.values) <= set(before.values)
    if not path.startswith(("models/churn/sample", "models/churn/predictions")):
        assert set(after.gaps) - set(before.gaps)


def test_complete_evidence_gives_facts_that_have_names_and_evidence():
    evidence = gather_evidence(evidence_bundle())
    assert [
        name for name in (*evidence.values, *evidence.gaps) if producer(name) != "bundle" and name != "code.trusted"
    ] == []
    assert [name for name, fact in evidence.values.items() if not fact.evidence] == []
    assert all(item.startswith("sha256:") for fact in evidence.values.values() for item in fact.evidence)


def test_the_same_bundle_gives_the_same_bytes():
    assert canonical_json(gather_evidence(evidence_bundle())) == canonical_json(gather_evidence(evidence_bundle()))


def test_a_file_that_is_not_what_the_manifest_lists_is_an_error():
    bundle = evidence_bundle()
    wrong = MemoryBundle(manifest=bundle.manifest, files=bundle.files | {CAPTURE: bundle.files[CAPTURE] + b" "})
    with pytest.raises(BundleCorruptError, match=r"capture\.json"):
        gather_evidence(wrong)


@pytest.mark.parametrize(
    ("bundle", "name", "expected"),
    [
        (changed(CAPTURE, "code", "dirty", to=True), "code.clean", False),
        (changed(CAPTURE, "code", "dirty", to=True), "code.trusted", False),
        (changed(CAPTURE, "code", "commit", to=""), "code.clean", None),
        (changed(CAPTURE, "code", "dirty", to="no"), "code.clean", None),
        (changed(CAPTURE, "coverage", "level", to="python-only"), "coverage.complete", False),
        (changed(CAPTURE, "coverage", "level", to="none"), "inputs.digested", None),
        (changed(CAPTURE, "inputs", 0, "digest", to="md5:1"), "inputs.digested", None),
        (changed(CAPTURE, "inputs", to=[]), "inputs.digested", None),
        (changed(CAPTURE, "environment", "cpu_count", to=0), "hardware.recorded", None),
        (changed(CAPTURE, "environment", "platform", to=""), "environment.locked", None),
        (changed("pylock.toml", "packages", 1, "vcs", "commit-id", to="main"), "lock.hashes", False),
        (changed("pylock.toml", "packages", 0, "wheels", 0, "hashes", to={"sha256": "00"}), "lock.hashes", False),
        (changed("pylock.toml", "packages", 0, "wheels", 0, "hashes", to={"md5": "0"}), "environment.locked", False),
        (changed("pylock.toml", "packages", to=[]), "lock.hashes", None),
        (changed("parameters.schema.json", "properties", to={}), "parameters.typed", None),
        (changed("parameters.schema.json", "properties", "rows", "x-python-type", to="Any"), "notebook.clean", False),
        (changed(MODEL, "unsafe", to=True), "models.unsafe", ["churn"]),
        (changed(MODEL, "digest", to="sha256:" + 64 * "0"), "models.pinned", False),
        (changed(MODEL, "digest", to="sha256:" + 64 * "0"), "parts.pinned", False),
        (changed(MODEL, "predictions", to=""), "models.same_predictions", None),
        (changed(MODEL, "predictions", to="sha256:" + 64 * "0"), "models.same_predictions", False),
        (changed(SBOM, "components", to=[{"name": "numpy", "version": "2.1.0"}]), "sbom.complete", False),
        (changed(PROVENANCE, "subject", 0, "digest", "sha256", to=64 * "0"), "provenance.matches", False),
        (evidence_bundle({"evidence/more.json": b"{}"}), "replay.grade", "R4"),
    ],
)  # fmt: skip
def test_what_a_document_says_decides_the_fact(bundle, name, expected):
    assert expected == value_of(bundle, name)


@pytest.mark.parametrize(
    ("receipts", "name", "expected"),
    [
        ({VERIFY: receipt(grade="R0", verdict="timeout", created="2026-07-01")}, "replay.completed", False),
        ({VERIFY: receipt(grade="R0", verdict="timeout", created="2026-07-01")}, "replay.grade", "R0"),
        ({VERIFY: receipt(grade="R0", verdict="timeout", created="2026-07-01")}, "hidden_state.none", False),
        ({VERIFY: receipt(grade="R1", environment="current", created="2026-07-01")}, "replay.rebuilt", True),
        ({VERIFY: receipt(comparison=None, created="2026-07-01")}, "replay.same", None),
        ({VERIFY: receipt(comparison=Comparison(sameness="different", outputs=()), created="2026-07-01")},
         "replay.same", False),
        ({VERIFY: receipt(comparison=Comparison(sameness="not-compared", outputs=()), created="2026-07-01")},
         "randomness.settled", None),
        ({VERIFY: msgspec.json.encode(receipt_for("sha256:" + 64 * "0"))}, "replay.grade", None),
        ({VERIFY: receipt(verdict="timeout", comparison=None, created="2026-07-01")}, "replay.same", False),
        ({VERIFY: without(VERIFY, "comparison")}, "replay.grade", None),
        ({VERIFY: without(VERIFY, "difference")}, "replay.grade", None),
        ({VERIFY: b"{"}, "replay.grade", None),
        ({VERIFY: receipt(created="")}, "hidden_state.none", None),
        ({VERIFY: None}, "replay.hermetic", False),
        ({VERIFY: None, PRESS: None}, "replay.grade", None),
        ({VERIFY: None, PRESS: receipt(environment="current", comparison=None)}, "replay.rebuilt", None),
    ],
)  # fmt: skip
def test_receipts_tell_what_the_newest_replays_showed(receipts, name, expected):
    assert expected == value_of(evidence_bundle(receipts), name)


SAVED_SAME = receipt(against="saved-outputs", environment="current", grade="R4")
HIDDEN = msgspec.json.encode(hidden_state_receipt(SUBJECT))


@pytest.mark.parametrize(
    ("cells", "saved", "expected"),
    [
        ((code(None), code(None)), None, True),
        ((code(3), code(1)), None, True),  # counts without outputs: nothing saved can be wrong
        ((code(1, "a"), code(2, "b")), None, True),
        ((code(2, "a"), code(1, "b")), None, False),
        ((code(1, "a"), code(3, "b")), None, False),
        ((code(2, "a"), code(1, "b")), SAVED_SAME, True),  # out of order, and a clean run gave the same
        ((code(2, "a"), code(1, "b")), HIDDEN, False),
    ],
)
def test_hidden_state_shows_in_saved_outputs_that_a_clean_run_does_not_give(cells, saved, expected):
    changes = {"source.ipynb": notebook_bytes(*cells)} | ({"evidence/receipt-saved.json": saved} if saved else {})
    assert expected == value_of(evidence_bundle(changes), "hidden_state.none")


def test_a_draw_without_a_seed_is_told_with_its_cell():
    source = notebook_bytes({"cell_type": "code", "source": "import random\nx = random.random()", "outputs": []})
    fact = gather_evidence(evidence_bundle({"source.ipynb": source})).values["seeds.fixed"]
    assert (fact.value, fact.note) == (False, "cell 0: random.random()")


TOKEN = "ghp_" + "R4nd0mT0kenW1thEnoughEntr0pyAAbb1122Cc"


def test_a_secret_that_nobody_allowed_is_found_and_an_allowed_one_is_listed():
    source = notebook_bytes({"cell_type": "code", "source": f"token = {TOKEN!r}", "outputs": []})
    found = gather_evidence(evidence_bundle({"source.ipynb": source})).values["secrets.none"]
    assert found.value is False
    assert TOKEN not in found.note
    name = found.note.removeprefix("found: ").split(", ")
    allowed = msgspec.json.encode({"allowed": name})
    evidence = gather_evidence(evidence_bundle({"source.ipynb": source, "evidence/secrets.json": allowed}))
    assert evidence.values["secrets.none"].value is True
    assert name == evidence.values["secrets.allowed"].value


def test_two_captures_are_both_disbelieved():
    bundle = evidence_bundle()
    other = bundle.files | {"evidence/capture2.json": altered(CAPTURE, "code", "dirty", to=True)}
    pieces = tuple(
        msgspec.structs.replace(piece, kind="capture") if piece.path.startswith("evidence/capture") else piece
        for piece in evidence_bundle(other).manifest.evidence
    )
    manifest = msgspec.structs.replace(bundle.manifest, evidence=pieces)
    evidence = gather_evidence(MemoryBundle(manifest=manifest, files=other))
    assert "there are 2 of them" in evidence.gaps["code.clean"]


def test_the_metrics_of_a_bundle_are_those_of_its_outputs():
    assert {"accuracy", "auc", "mae"} == set(gather_bundle(evidence_bundle()).metrics)
    assert gather_bundle(evidence_bundle({"outputs.json": b"[]"})).metrics == {}
    assert gather_bundle(evidence_bundle({"outputs.json": None})).metrics == {}
