"""Class 3: what would fill the memory or the disk is refused within a second, in little memory."""

from __future__ import annotations

import gzip
import io
import json
import tarfile
import time
import tracemalloc
import zipfile
import zlib

import pytest

from pressrun.errors import PressrunError
from pressrun.records.digest import digest_bytes
from pressrun.store.archive import read_archive
from pressrun.store.folders import verify_directory
from pressrun.store.tarball import TAR_END, tar_chunks, tar_header

ZEROS = 200 << 20


def zeros(count: int):
    piece = bytes(1 << 20)
    for _ in range(count >> 20):
        yield piece


@pytest.fixture(scope="module")
def zeros_digest():
    import hashlib

    hasher = hashlib.sha256()
    for piece in zeros(ZEROS):
        hasher.update(piece)
    return "sha256:" + hasher.hexdigest()


def claims(path: str, size: int, digest: str) -> bytes:
    from pressrun.records.bundle import Content, ContentFile, Manifest
    from pressrun.records.digest import pretty_json

    content = Content(files=(ContentFile(path=path, role="module", digest=digest, size=size),))
    return pretty_json(Manifest(name="bomb", content_digest=content.digest(), content=content))


def assert_refused_quickly(path, tmp_path) -> str:
    tracemalloc.start()
    started = time.process_time()
    with pytest.raises(PressrunError) as caught:
        read_archive(path, tmp_path / "out")
    spent = time.process_time() - started
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert spent < 1, f"{spent:.1f} s"
    assert peak < 64 << 20, f"{peak:,} bytes"
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name}
    return str(caught.value)


def test_two_hundred_megabytes_of_zeros_in_a_gzip_are_refused(tmp_path, zeros_digest):
    """Right digest, right size, honest manifest: a bomb nevertheless."""
    manifest = claims("zeros", ZEROS, zeros_digest)
    with gzip.open(tmp_path / "a.tar.gz", "wb", compresslevel=9) as file:
        for chunk in tar_chunks("manifest.json", len(manifest), [manifest]):
            file.write(chunk)
        for chunk in tar_chunks("zeros", ZEROS, zeros(ZEROS)):
            file.write(chunk)
        file.write(TAR_END)
    assert (tmp_path / "a.tar.gz").stat().st_size < 300_000
    assert "100 times" in assert_refused_quickly(tmp_path / "a.tar.gz", tmp_path)


def test_two_hundred_megabytes_of_zeros_in_a_zip_are_refused(tmp_path, zeros_digest):
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr("manifest.json", claims("zeros", ZEROS, zeros_digest))
        info = zipfile.ZipInfo("zeros")
        info.compress_type = zipfile.ZIP_DEFLATED
        archive.writestr(info, bytes(ZEROS))
    assert "100 times" in assert_refused_quickly(tmp_path / "a.zip", tmp_path)


def test_a_header_that_claims_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    manifest = claims("big", 3, digest_bytes(b"abc"))
    raw = b"".join(tar_chunks("manifest.json", len(manifest), [manifest])) + tar_header("big", 1 << 30) + bytes(512)
    (tmp_path / "a.tar").write_bytes(raw)
    assert "1073741824 bytes, expected 3" in assert_refused_quickly(tmp_path / "a.tar", tmp_path)


def test_a_manifest_that_claims_a_gigabyte_is_refused_before_it_is_read(tmp_path):
    (tmp_path / "a.tar").write_bytes(tar_header("manifest.json", 1 << 30) + bytes(1024))
    assert "1,073,741,824" in assert_refused_quickly(tmp_path / "a.tar", tmp_path)


def test_a_manifest_that_packs_to_nothing_is_refused(tmp_path):
    with gzip.open(tmp_path / "a.tar.gz", "wb") as file:
        for chunk in tar_chunks("manifest.json", 4 << 20, [b" " * (4 << 20)]):
            file.write(chunk)
    assert_refused_quickly(tmp_path / "a.tar.gz", tmp_path)


def test_a_gzip_header_or_trailer_that_never_ends_is_refused(tmp_path):
    (tmp_path / "a.tar.gz").write_bytes(b"\x1f\x8b\x08\x08" + bytes(6) + b"name" * (2 << 20))
    assert_refused_quickly(tmp_path / "a.tar.gz", tmp_path)


def test_many_empty_deflate_blocks_are_refused_in_little_time(tmp_path):
    """Compressed data that never yields anything."""
    deflater = zlib.compressobj(9, zlib.DEFLATED, 31)
    raw = deflater.compress(b"") + b"".join(deflater.flush(zlib.Z_FULL_FLUSH) or b"" for _ in range(3))
    (tmp_path / "a.tar.gz").write_bytes(raw + b"\x00\x00\x00\xff\xff" * 500_000)
    assert_refused_quickly(tmp_path / "a.tar.gz", tmp_path)


def test_a_million_members_are_refused_at_the_first_one_too_many(tmp_path):
    manifest = claims("a", 0, digest_bytes(b""))
    header = tar_header("a", 0)
    (tmp_path / "a.tar").write_bytes(
        b"".join(tar_chunks("manifest.json", len(manifest), [manifest])) + header * 100_000
    )
    assert "twice" in assert_refused_quickly(tmp_path / "a.tar", tmp_path)


def test_a_zip_with_a_hundred_thousand_entries_is_refused_by_its_directory(tmp_path):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("manifest.json", b"{}")
        for number in range(20_000):
            archive.writestr(str(number), b"")
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    assert "20,001 members" in assert_refused_quickly(tmp_path / "a.zip", tmp_path)


def test_a_manifest_with_too_many_files_is_refused(tmp_path):
    from pressrun.records.bundle import Content, ContentFile, Manifest
    from pressrun.records.digest import canonical_json

    digest = digest_bytes(b"")
    content = Content(
        files=tuple(ContentFile(path=str(n), role="module", digest=digest, size=0) for n in range(10_001))
    )
    manifest = canonical_json(Manifest(name="many", content_digest=content.digest(), content=content))
    (tmp_path / "a.tar").write_bytes(b"".join([*tar_chunks("manifest.json", len(manifest), [manifest]), TAR_END]))
    with pytest.raises(PressrunError, match="10,001 files"):
        read_archive(tmp_path / "a.tar", tmp_path / "out")


@pytest.mark.parametrize(
    "manifest",
    [
        b"[" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"format": ' + b"9" * 200_000 + b"}",
        json.dumps({"format": 1, "x": ["[" * 100_000]}).encode(),
        b'{"format": 1, "name": "' + b"\\u0000" * 100_000 + b'"}',
    ],
)
def test_a_manifest_made_to_break_the_parser_is_refused(tmp_path, manifest):
    raw = b"".join([*tar_chunks("manifest.json", len(manifest), [manifest]), TAR_END])
    (tmp_path / "a.tar").write_bytes(raw)
    assert_refused_quickly(tmp_path / "a.tar", tmp_path)


def test_an_archive_inside_of_an_archive_is_a_file_like_any_other(crafted, tmp_path):
    """Nothing is unpacked twice."""
    inner = io.BytesIO()
    with tarfile.open(fileobj=inner, mode="w:gz") as archive:
        info = tarfile.TarInfo("../canary")
        archive.addfile(info)
    (tmp_path / "a.tar").write_bytes(crafted.tar({"nested.tar.gz": inner.getvalue()}))
    read_archive(tmp_path / "a.tar", tmp_path / "out")
    assert verify_directory(tmp_path / "out").name == "attack"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["manifest.json", "nested.tar.gz"]
