"""The store's folder, its format, and who may write to it."""

from __future__ import annotations

import pytest

from pressrun.errors import CannotRestoreError, UnsafeContentError
from pressrun.store.bundles import BundleStore


def test_a_new_store_keeps_itself_out_of_version_control_and_says_its_format(store, bundle):
    store.add(bundle)
    assert (store.root / ".gitignore").read_text() == "*\n"
    assert (store.root / "format").read_text() == "pressrun-store 1\n"


def test_looking_into_a_store_that_is_not_there_makes_none(store):
    assert store.digests() == ()
    assert store.names() == {}
    assert not store.root.exists()


def test_a_newer_format_is_refused_for_reading_and_writing(store, bundle):
    store.add(bundle)
    (store.root / "format").write_text("pressrun-store 2\n")
    later = BundleStore(store.root)
    for action in (later.digests, later.names, lambda: later.load("sample"), lambda: later.add(bundle)):
        with pytest.raises(CannotRestoreError, match="format 2, this pressrun knows 1"):
            action()


@pytest.mark.parametrize("text", ["", "pressrun-store", "pressrun-store 1", "pressrun-store x\n", "\0" * 17])
def test_a_format_that_cannot_be_read_is_refused(store, bundle, text):
    store.add(bundle)
    (store.root / "format").write_text(text)
    with pytest.raises(CannotRestoreError, match="format cannot be read"):
        BundleStore(store.root).add(bundle)


def test_bundles_without_a_format_are_refused(store, bundle):
    store.add(bundle)
    (store.root / "format").unlink()
    with pytest.raises(CannotRestoreError, match="does not say its format"):
        BundleStore(store.root).digests()


def test_a_folder_that_others_made_for_their_caches_becomes_a_store(store, bundle):
    store.root.mkdir()
    (store.root / "cache").mkdir()
    store.add(bundle)
    assert store.names().keys() == {"sample"}


def test_a_store_that_is_a_link_is_refused(store, bundle, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    store.root.symlink_to("elsewhere")
    with pytest.raises(UnsafeContentError, match="link"):
        store.add(bundle)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_folder_inside_of_the_store_that_is_a_link_is_refused(store, bundle, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    store.root.mkdir(0o700)
    (store.root / "objects").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(CannotRestoreError, match="cannot write"):
        store.add(bundle)
    assert list((tmp_path / "elsewhere").iterdir()) == []


def test_a_store_that_anybody_may_write_to_is_refused(store, bundle):
    store.root.mkdir()
    store.root.chmod(0o777)
    with pytest.raises(UnsafeContentError, match="anybody"):
        store.add(bundle)
