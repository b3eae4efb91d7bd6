"""What is live is one whole version: placed first, then pointed at from one moment to the next."""

import threading

import pytest

from pressrun.errors import BundleCorruptError, PressrunError, UnsafeContentError
from pressrun.store.bundles import BundleStore
from pressrun.store.folders import open_directory
from pressrun.store.release_folder import CURRENT, place_release, point_at, pointed_at
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


def bundle_of(folder, label):
    write_sample_bundle(folder / label, {**SAMPLE_FILES, "README.md": f"# {label}\n".encode()}, name="churn")
    return open_directory(folder / label)


@pytest.fixture
def bundles(tmp_path):
    return bundle_of(tmp_path, "one"), bundle_of(tmp_path, "two")


@pytest.fixture
def root(tmp_path):
    return tmp_path / "live"


def test_placing_points_at_nothing(root, bundles):
    folder = place_release(root, "churn", 1, bundles[0])
    assert open_directory(folder).manifest.content_digest == bundles[0].manifest.content_digest
    assert pointed_at(root, "churn") == ""


def test_placing_again_leaves_what_is_whole_as_it_is(root, bundles):
    folder = place_release(root, "churn", 1, bundles[0])
    before = (folder / "README.md").stat()
    assert place_release(root, "churn", 1, bundles[0]) == folder
    assert (folder / "README.md").stat().st_ino == before.st_ino


HARMS = {
    "changed": lambda folder: (folder / "README.md").write_bytes(b"# changed\n"),
    "missing": lambda folder: (folder / "README.md").unlink(),
    "more": lambda folder: (folder / "more.py").write_text("import os\n"),
}


@pytest.mark.parametrize("harm", sorted(HARMS))
def test_what_was_changed_is_set_aside_and_placed_anew(root, bundles, harm):
    folder = place_release(root, "churn", 1, bundles[0])
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o700)
    HARMS[harm](folder)
    assert place_release(root, "churn", 1, bundles[0]) == folder
    assert open_directory(folder).manifest.content_digest == bundles[0].manifest.content_digest
    assert len(list((root / "churn").glob(".1-*.changed-*"))) == 1


def test_a_link_in_place_of_a_version_is_no_version(root, bundles, tmp_path):
    folder = place_release(root, "churn", 1, bundles[0])
    folder.rename(tmp_path / "moved")
    folder.symlink_to(tmp_path / "moved")
    with pytest.raises(PressrunError):
        place_release(root, "churn", 1, bundles[0])


def test_a_damaged_object_leaves_nothing_behind(root, bundles, tmp_path):
    store = BundleStore(tmp_path / "store")
    store.objects.prepare()
    store.add_verified(bundles[0])
    for file in (tmp_path / "store" / "objects").rglob("*"):
        if file.is_file() and file.read_bytes() == b"# one\n":
            file.chmod(0o600)
            file.write_bytes(b"# oni\n")
    stored = store.open(bundles[0].manifest.content_digest)
    with pytest.raises(BundleCorruptError):
        place_release(root, "churn", 1, stored)
    assert list(root.rglob("1-*")) == []


def test_the_pointer_moves_and_is_taken_away(root, bundles):
    first, second = (place_release(root, "churn", number, bundle) for number, bundle in enumerate(bundles, 1))
    for folder in (first, second, first):
        point_at(root, "churn", folder)
        assert pointed_at(root, "churn") == folder.name
    point_at(root, "churn", None)
    assert pointed_at(root, "churn") == ""
    assert sorted(path.name for path in (root / "churn").iterdir()) == sorted([first.name, second.name])


def test_taking_away_what_was_never_there_is_no_error(root):
    point_at(root, "churn", None)
    assert not root.exists()


def test_whoever_reads_through_the_pointer_sees_one_version_or_the_other(root, bundles):
    folders = [place_release(root, "churn", number, bundle) for number, bundle in enumerate(bundles, 1)]
    point_at(root, "churn", folders[0])
    seen, done = set(), threading.Event()

    def read():
        while not done.is_set():
            seen.add((root / "churn" / CURRENT / "README.md").read_bytes())

    reader = threading.Thread(target=read)
    reader.start()
    try:
        for turn in range(200):
            point_at(root, "churn", folders[turn % 2])
    finally:
        done.set()
        reader.join()
    assert seen <= {b"# one\n", b"# two\n"}
    assert seen


@pytest.mark.parametrize("kind", ["folder", "file"])
def test_what_is_no_link_is_not_replaced(root, bundles, kind):
    folder = place_release(root, "churn", 1, bundles[0])
    there = root / "churn" / CURRENT
    there.mkdir() if kind == "folder" else there.write_text("mine")
    for wanted in (folder, None):
        with pytest.raises(UnsafeContentError, match="no link"):
            point_at(root, "churn", wanted)
    assert there.exists()


def test_a_link_that_leads_nowhere_is_replaced(root, bundles):
    folder = place_release(root, "churn", 1, bundles[0])
    (root / "churn" / CURRENT).symlink_to("gone")
    point_at(root, "churn", folder)
    assert pointed_at(root, "churn") == folder.name
