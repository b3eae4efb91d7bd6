"""Files by their digest."""

from __future__ import annotations

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.errors import BundleCorruptError, CannotRestoreError, UsageError
from pressrun.records.digest import digest_bytes
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore


@pytest.fixture
def objects(tmp_path):
    return ObjectStore(tmp_path / ".pressrun")


@settings(max_examples=30, deadline=None)
@given(content=st.binary(max_size=5000))
def test_what_is_put_is_read_back(tmp_path_factory, content):
    objects = ObjectStore(tmp_path_factory.mktemp("project") / ".pressrun")
    digest = objects.put(content)
    assert digest == digest_bytes(content)
    assert objects.read(digest) == content


def test_a_file_is_put_a_piece_at_a_time(objects, tmp_path):
    content = bytes(range(256)) * 20_000
    (tmp_path / "big").write_bytes(content)
    digest = objects.put(tmp_path / "big")
    assert digest == digest_bytes(content)
    with objects.open(digest) as file:
        assert file.read(10) == content[:10]


def test_putting_the_same_again_writes_nothing_and_makes_the_object_young(objects, tmp_path):
    digest = objects.put(b"content")
    path = object_path(objects.root, digest)
    before = path.stat()
    (tmp_path / "same").write_bytes(b"content")
    for again in (b"content", tmp_path / "same"):
        os.utime(path, (1, 1))
        assert objects.put(again, expected=digest) == digest
        assert path.stat().st_ino == before.st_ino
        assert path.stat().st_mtime_ns >= before.st_mtime_ns
    assert list((objects.root / "tmp").iterdir()) == []


def test_reading_a_damaged_object_says_what_was_expected_and_found(objects):
    digest = objects.put(b"content")
    object_path(objects.root, digest).write_bytes(b"Content")
    with pytest.raises(BundleCorruptError, match=f"{digest_bytes(b'Content')}, expected {digest}"):
        objects.read(digest)
    with pytest.raises(BundleCorruptError):
        objects.open(digest)


def test_putting_a_damaged_object_again_repairs_it(objects):
    digest = objects.put(b"content")
    object_path(objects.root, digest).write_bytes(b"torn")
    objects.put(b"content")
    assert objects.read(digest) == b"content"


def test_a_file_that_is_not_the_expected_one_is_not_kept(objects, tmp_path):
    (tmp_path / "file").write_bytes(b"other")
    expected = digest_bytes(b"content")
    with pytest.raises(BundleCorruptError):
        objects.put(tmp_path / "file", expected=expected)
    with pytest.raises(BundleCorruptError):
        objects.put(b"other", expected=expected)
    assert not objects.has(expected)
    assert list((objects.root / "tmp").iterdir()) == []


def test_a_missing_object_is_named(objects):
    with pytest.raises(CannotRestoreError, match="there is no object sha256:0000"):
        objects.read("sha256:" + "0" * 64)


@pytest.mark.parametrize("digest", ["sha256:../../etc", "sha256:" + "0" * 63, "md5:x", "sha256:" + "0" * 64 + "\n", ""])
def test_what_is_no_digest_never_becomes_a_path(objects, digest):
    with pytest.raises(ValueError, match="not a sha256 digest"):
        objects.has(digest)


def test_files_and_folders_are_their_owners_alone(objects):
    digest = objects.put(b"content")
    assert object_path(objects.root, digest).stat().st_mode & 0o777 == 0o600
    assert objects.root.stat().st_mode & 0o777 == 0o700
    assert list(objects.digests()) == [digest]


def test_a_source_that_is_a_symbolic_link_is_not_followed(objects, tmp_path):
    (tmp_path / "secret").write_bytes(b"secret")
    (tmp_path / "link").symlink_to("secret")
    with pytest.raises(UsageError, match="link"):
        objects.put(tmp_path / "link")
