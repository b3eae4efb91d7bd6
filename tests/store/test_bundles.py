"""Bundles in a store: content for good, evidence that grows, names that move."""

from __future__ import annotations

import json

import pytest

from pressrun.errors import BundleCorruptError, CannotRestoreError, UsageError
from pressrun.records.digest import digest_bytes
from pressrun.store.bundles import BundleStore, verify_directory
from pressrun.store.layout import bundle_path, object_path
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_stored_bundle_is_checked_out_byte_for_byte(store, bundle, tmp_path):
    manifest = store.add(bundle)
    store.checkout("sample", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)
    assert verify_directory(tmp_path / "out") == manifest == store.load(manifest.content_digest)


def test_a_bundle_is_found_by_name_digest_and_digest_prefix(store, bundle):
    digest = store.add(bundle).content_digest
    for reference in ("sample", digest, digest[:13], digest.removeprefix("sha256:"), digest[7:13]):
        assert store.resolve(reference) == digest


@pytest.mark.parametrize("reference", ["sampel", "sha256:" + "0" * 64, "12345", "../sample", "", "sha256:zz"])
def test_an_unknown_reference_names_what_there_is(store, bundle, reference):
    store.add(bundle)
    with pytest.raises(UsageError, match="there is no bundle") as caught:
        store.load(reference)
    assert "sample" in caught.value.remedy


def test_a_prefix_that_also_is_a_name_of_another_bundle_is_refused(store, bundle, tmp_path):
    digest = store.add(bundle).content_digest
    other = write_sample_bundle(tmp_path / "other", {"source.ipynb": b"{}"}, name=digest[7:15])
    store.add(tmp_path / "other")
    with pytest.raises(UsageError, match="more than one") as caught:
        store.load(digest[7:15])
    assert other.content_digest in caught.value.remedy


def test_storing_an_equal_bundle_under_another_name_keeps_one_content(store, bundle, tmp_path):
    first = store.add(bundle)
    write_sample_bundle(tmp_path / "again", _files_of(bundle), name="other", held={"data/train.csv": b"a,b\n1,2\n"})
    second = store.add(tmp_path / "again")
    assert second.content_digest == first.content_digest
    assert store.digests() == (first.content_digest,)
    assert store.names() == {"sample": (first.content_digest,), "other": (first.content_digest,)}
    assert store.load("other").name == "other"
    assert store.load("sample").name == "sample"
    assert {piece.path for piece in second.evidence} == {piece.path for piece in first.evidence}


def _files_of(bundle):
    manifest = verify_directory(bundle)
    return {file.path: (bundle / file.path).read_bytes() for file in manifest.content.files}


def test_evidence_grows_and_the_identity_stays(store, bundle):
    before = store.add(bundle)
    content = b'{"grade": "R4"}'
    piece = store.add_evidence(before.content_digest, "receipt", "receipt.json", content)
    after = store.load("sample")
    assert after.content_digest == before.content_digest
    assert set(after.evidence) == {*before.evidence, piece}
    assert piece.path == f"evidence/receipt-{digest_bytes(content)[7:19]}.json"


def test_evidence_of_two_runs_at_one_path_is_kept_both(store, bundle, tmp_path):
    store.add(bundle)
    write_sample_bundle(
        tmp_path / "again", _files_of(bundle), evidence={"receipt-1.json": b'{"other": 1}'},
        held={"data/train.csv": b"a,b\n1,2\n"},
    )  # fmt: skip
    manifest = store.add(tmp_path / "again")
    digests = {piece.digest for piece in manifest.evidence}
    assert {digest_bytes(b"{}"), digest_bytes(b'{"other": 1}'), digest_bytes(b"seen")} == digests
    store.checkout("sample", tmp_path / "out")
    assert verify_directory(tmp_path / "out").evidence == manifest.evidence


@pytest.mark.parametrize("name", ["../x", "a/b", "/x", "con", "", "a\0"])
def test_evidence_with_a_bad_name_is_refused(store, bundle, name):
    digest = store.add(bundle).content_digest
    with pytest.raises(UsageError, match="not allowed"):
        store.add_evidence(digest, "other", name, b"x")


def test_evidence_and_names_of_an_unknown_bundle_are_refused(store):
    with pytest.raises(UsageError, match="there is no bundle"):
        store.add_evidence("sha256:" + "0" * 64, "other", "x", b"x")
    with pytest.raises(UsageError, match="there is no bundle"):
        store.set_name("x", "sha256:" + "0" * 64)


def test_a_name_moves_and_remembers(store, bundle, tmp_path):
    one = store.add(bundle).content_digest
    write_sample_bundle(tmp_path / "two", {"source.ipynb": b"two"}, name="two")
    two = store.add(tmp_path / "two").content_digest
    store.set_name("best", one)
    store.set_name("best", one)
    store.set_name("best", two)
    store.set_name("best", one)
    assert store.history("best") == (one, two, one)
    assert store.resolve("best") == one


def test_an_input_that_was_held_once_stays_held(store, tmp_path):
    """The same content pressed with and without the copy of its input is one bundle, and has the copy."""
    held = {"data.csv": b"a\n"}
    write_sample_bundle(tmp_path / "with", held=held)
    manifest = json.loads((tmp_path / "with" / "manifest.json").read_text())
    manifest["content"]["inputs"][0]["held"] = False
    write_sample_bundle(tmp_path / "without", held=held)
    (tmp_path / "without" / "manifest.json").write_text(json.dumps(manifest))
    (tmp_path / "without" / "project" / "data.csv").unlink()
    assert not store.add(tmp_path / "without").content.inputs[0].held
    assert store.add(tmp_path / "with").content.inputs[0].held
    assert store.add(tmp_path / "without").content.inputs[0].held


def test_fields_of_a_later_version_are_kept(store, bundle, tmp_path):
    manifest = json.loads((bundle / "manifest.json").read_text())
    manifest["colour"] = "blue"
    manifest["content"]["weight"] = 3
    manifest["content"]["files"][0]["author"] = "me"
    manifest["content"]["inputs"][0]["licence"] = "CC0"
    (bundle / "manifest.json").write_text(json.dumps(manifest))
    store.add(bundle)
    store.checkout("sample", tmp_path / "out")
    found = json.loads((tmp_path / "out" / "manifest.json").read_text())
    assert found == manifest


def test_a_folder_that_is_not_whole_is_not_stored(store, bundle):
    (bundle / "pipeline.py").write_text("changed")
    with pytest.raises(BundleCorruptError, match=r"pipeline\.py"):
        store.add(bundle)
    assert not store.root.exists()


@pytest.mark.parametrize("what", ["manifest", "evidence", "name", "object"])
def test_damage_in_the_store_is_found_and_repaired_by_storing_again(store, bundle, tmp_path, what):
    digest = store.add(bundle).content_digest
    folder = bundle_path(store.root, digest)
    victim = {
        "manifest": next((folder / "manifest").iterdir()),
        "evidence": next((folder / "evidence").iterdir()),
        "name": next((store.root / "names" / "sample").iterdir()),
        "object": object_path(store.root, digest_bytes(SAMPLE_FILES["pipeline.py"])),
    }[what]
    raw = bytearray(victim.read_bytes())
    raw[len(raw) // 2] ^= 1
    victim.write_bytes(raw)
    with pytest.raises(BundleCorruptError):
        store.checkout("sample", tmp_path / "out")
    assert not (tmp_path / "out").exists()
    if what == "name":
        victim.unlink()
    BundleStore(store.root).add(bundle)
    store.checkout("sample", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(bundle)


def test_a_manifest_in_the_place_of_another_is_found(store, bundle, tmp_path):
    one = store.add(bundle).content_digest
    write_sample_bundle(tmp_path / "two", {"source.ipynb": b"two"}, name="two")
    two = store.add(tmp_path / "two").content_digest
    mine, other = (next((bundle_path(store.root, digest) / "manifest").iterdir()) for digest in (one, two))
    mine.unlink()
    (mine.parent / other.name).write_bytes(other.read_bytes())
    with pytest.raises(BundleCorruptError, match=f"expected {one}"):
        store.load("sample")


def test_a_missing_object_is_named_and_nothing_is_left_behind(store, bundle, tmp_path):
    store.add(bundle)
    object_path(store.root, digest_bytes(SAMPLE_FILES["pipeline.py"])).unlink()
    with pytest.raises(CannotRestoreError, match="there is no object"):
        store.checkout("sample", tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == [".pressrun", "bundle"]


def test_a_destination_that_is_taken_is_not_touched(store, bundle, tmp_path):
    store.add(bundle)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    with pytest.raises(UsageError, match="not empty"):
        store.checkout("sample", tmp_path / "out")
    (tmp_path / "file").write_text("mine")
    with pytest.raises(UsageError, match="a file already"):
        store.checkout("sample", tmp_path / "file")
    assert (tmp_path / "out" / "mine").read_text() == "mine"
    (tmp_path / "empty").mkdir()
    store.checkout("sample", tmp_path / "empty")
    assert verify_directory(tmp_path / "empty").name == "sample"


def test_a_read_only_place_is_a_clear_error(bundle, tmp_path):
    (tmp_path / "project").write_text("a file where the project should be")
    with pytest.raises(CannotRestoreError, match="cannot write"):
        BundleStore(tmp_path / "project" / ".pressrun").add(bundle)
