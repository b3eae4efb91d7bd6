"""What an earlier version wrote opens forever, and says the same digests."""

from __future__ import annotations

import pytest
from tests.golden.kept import GOLDEN, unpack

from pressrun.records.digest import digest_bytes
from pressrun.store.archive import unpacked, write_archive
from pressrun.store.bundles import BundleStore, verify_directory
from pressrun.store.check import check_store
from pressrun.store.folders import open_directory
from pressrun.testing.samples import write_sample_bundle

BUNDLE_V1 = "sha256:56622a2992d5c5601a31b484cfd86ae0a1c705c2985f1ea4bdd12cbf393fdfa3"
ARCHIVE_V1 = "sha256:95580c441918242a3609b61c44997b687e26209e18951947cb112dc12d84a1c1"


@pytest.fixture
def store_v1(tmp_path):
    """The golden store in a place where it may be written to."""
    root = tmp_path / ".pressrun"
    root.mkdir(mode=0o700)
    return BundleStore(unpack("store-v1.tar", root))


@pytest.fixture
def bundle_v1(tmp_path):
    """The golden bundle as a folder."""
    return unpack("bundle-v1.tar", tmp_path / "bundle-v1")


def test_a_bundle_of_format_1_keeps_its_digest(bundle_v1):
    manifest = verify_directory(bundle_v1)
    assert manifest.content_digest == manifest.content.digest() == BUNDLE_V1
    assert manifest.name == "golden"
    assert len(manifest.content.files) == 7
    assert [item.held for item in manifest.content.inputs] == [True]


def test_an_archive_of_format_1_opens_and_is_still_written_byte_for_byte(bundle_v1, tmp_path):
    """A tar has the same bytes on every machine and with every version."""
    with unpacked(GOLDEN / "bundle-v1.tar") as bundle:
        assert bundle.manifest == verify_directory(bundle_v1)
    write_archive(open_directory(bundle_v1), tmp_path / "a.tar")
    assert digest_bytes((tmp_path / "a.tar").read_bytes()) == ARCHIVE_V1


def test_a_store_of_format_1_opens_and_is_whole(store_v1, tmp_path):
    assert check_store(store_v1).whole
    assert store_v1.names() == {"golden": (BUNDLE_V1,), "kept": (BUNDLE_V1,)}
    manifest = store_v1.checkout("kept", tmp_path / "out")
    assert verify_directory(tmp_path / "out") == manifest
    assert {piece.path for piece in manifest.evidence} >= {"evidence/notes.txt"}
    assert len(manifest.evidence) == 2


def test_a_store_of_format_1_takes_new_bundles(store_v1, bundle_v1, tmp_path):
    write_sample_bundle(tmp_path / "new", name="golden")
    new = store_v1.add(tmp_path / "new").content_digest
    store_v1.add(bundle_v1)
    assert store_v1.history("golden") == (BUNDLE_V1, new, BUNDLE_V1)
    assert check_store(store_v1).whole
