"""Bundles as one file: the same every time, and back again."""

from __future__ import annotations

import gzip
import io
import subprocess
import tarfile
import tracemalloc
import zipfile

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from pressrun.errors import BundleCorruptError, UnsafeContentError, UsageError
from pressrun.records.digest import pretty_json
from pressrun.rules.paths import first_collision, path_problem
from pressrun.store.archive import Limits, read_archive, unpacked, write_archive
from pressrun.store.bundles import verify_directory
from pressrun.store.folders import open_directory
from pressrun.testing.samples import write_sample_bundle

KINDS = ["tar", "tar.gz", "zip"]
PARTS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"], exclude_characters="/\\"), min_size=1)
PATHS = st.lists(PARTS, min_size=1, max_size=4).map("/".join).filter(lambda path: not path_problem(path))
TREES = st.dictionaries(PATHS, st.binary(max_size=2000), min_size=1, max_size=6)


def contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("kind", KINDS)
def test_a_bundle_comes_back_byte_for_byte(bundle, tmp_path, kind):
    write_archive(open_directory(bundle), tmp_path / f"a.{kind}")
    assert read_archive(tmp_path / f"a.{kind}", tmp_path / "out") == verify_directory(bundle)
    assert contents(tmp_path / "out") == contents(bundle)
    assert not list(tmp_path.glob(".*"))


@settings(max_examples=40, deadline=None)
@given(files=TREES, kind=st.sampled_from(KINDS))
def test_any_tree_that_is_allowed_comes_back(tmp_path_factory, files, kind):
    assume(first_collision(["manifest.json", *files]) is None)
    assume(not any(path.split("/")[0].lower() == "evidence" for path in files))
    folder = tmp_path_factory.mktemp("tree")
    write_sample_bundle(folder / "in", files)
    write_archive(open_directory(folder / "in"), folder / f"a.{kind}")
    with unpacked(folder / f"a.{kind}") as bundle:
        assert contents(bundle.folder) == contents(folder / "in")


@pytest.mark.parametrize("kind", KINDS)
def test_equal_bundles_give_equal_archives(bundle, store, tmp_path, kind):
    """From another folder, with other times and permissions, and out of the store."""
    manifest = store.add(bundle)
    write_archive(open_directory(bundle), tmp_path / f"a.{kind}")
    store.checkout("sample", tmp_path / "again")
    (tmp_path / "again" / "pipeline.py").chmod(0o755)
    write_archive(open_directory(tmp_path / "again"), tmp_path / f"b.{kind}")
    write_archive(store.open(manifest.content_digest), tmp_path / f"c.{kind}")
    one, two, three = ((tmp_path / f"{name}.{kind}").read_bytes() for name in "abc")
    assert one == two == three


@pytest.mark.parametrize("kind", KINDS)
def test_other_programs_can_read_it(bundle, tmp_path, kind):
    long = "project/" + "/".join(["a-long-folder-name-that-goes-on-and-on"] * 6) + "/naïve.txt"
    write_sample_bundle(tmp_path / "in", {**contents_of_content(bundle), long: b"long"})
    path = tmp_path / f"a.{kind}"
    write_archive(open_directory(tmp_path / "in"), path)
    if kind == "zip":
        with zipfile.ZipFile(path) as archive:
            assert archive.testzip() is None
            found = {name: archive.read(name) for name in archive.namelist()}
            assert all(info.date_time == (1980, 1, 1, 0, 0, 0) for info in archive.infolist())
            assert archive.namelist()[0] == "manifest.json"
    else:
        with tarfile.open(path) as archive:
            members = archive.getmembers()
            found = {member.name: archive.extractfile(member).read() for member in members}
            assert all((m.mtime, m.uid, m.gid, m.mode, m.uname) == (0, 0, 0, 0o644, "") for m in members)
            assert members[0].name == "manifest.json"
    assert found == contents(tmp_path / "in")


def contents_of_content(bundle):
    return {file.path: (bundle / file.path).read_bytes() for file in verify_directory(bundle).content.files}


def test_gnu_tar_reads_it(bundle, tmp_path):
    write_archive(open_directory(bundle), tmp_path / "a.tar.gz")
    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "xzf", tmp_path / "a.tar.gz", "-C", tmp_path / "out"], check=True)
    assert contents(tmp_path / "out") == contents(bundle)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_of_zeros_is_no_bomb_when_we_wrote_it(tmp_path, kind):
    """What packs too well is stored as it is, so that our own reader takes it."""
    write_sample_bundle(tmp_path / "in", {"a.bin": bytes(4 << 20), "b.bin": b"text" * 100_000})
    write_archive(open_directory(tmp_path / "in"), tmp_path / f"a.{kind}")
    read_archive(tmp_path / f"a.{kind}", tmp_path / "out")
    assert contents(tmp_path / "out") == contents(tmp_path / "in")


@pytest.mark.parametrize("kind", KINDS)
def test_a_big_file_is_never_whole_in_memory(tmp_path, kind):
    write_sample_bundle(tmp_path / "in", {"big.bin": bytes(range(256)) * (100 << 12)})
    tracemalloc.start()
    write_archive(open_directory(tmp_path / "in"), tmp_path / f"a.{kind}")
    read_archive(tmp_path / f"a.{kind}", tmp_path / "out", Limits(ratio=1000))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 16 << 20


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_cut_off_anywhere_is_refused_and_leaves_nothing(bundle, tmp_path, kind):
    write_archive(open_directory(bundle), tmp_path / f"a.{kind}")
    raw = (tmp_path / f"a.{kind}").read_bytes()
    for length in [*range(0, len(raw) - 1, max(1, len(raw) // 60)), len(raw) - 1]:
        (tmp_path / "cut").write_bytes(raw[:length])
        with pytest.raises((BundleCorruptError, UnsafeContentError, UsageError)):
            read_archive(tmp_path / "cut", tmp_path / "out")
        assert not (tmp_path / "out").exists()
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_anywhere_is_refused_or_harmless(bundle, tmp_path, kind):
    """Class 5 on the archive: what is unpacked is the very same content, or nothing."""
    write_archive(open_directory(bundle), tmp_path / f"a.{kind}")
    before = verify_directory(bundle)
    raw = (tmp_path / f"a.{kind}").read_bytes()
    refused = harmless = 0
    for position in range(0, len(raw), max(1, len(raw) // 150)):
        flipped = bytearray(raw)
        flipped[position] ^= 1 << (position % 8)
        (tmp_path / "flipped").write_bytes(flipped)
        try:
            with unpacked(tmp_path / "flipped") as found:
                assert found.manifest.content == before.content
                harmless += 1
        except (BundleCorruptError, UnsafeContentError, UsageError):
            refused += 1
    assert refused > harmless


def test_a_destination_that_is_taken_is_refused(bundle, tmp_path):
    (tmp_path / "a.tar").write_text("mine")
    with pytest.raises(UsageError, match="a file already"):
        write_archive(open_directory(bundle), tmp_path / "a.tar")
    assert (tmp_path / "a.tar").read_text() == "mine"
    with pytest.raises(UsageError, match="End it in"):
        write_archive(open_directory(bundle), tmp_path / "a.rar")


def test_a_file_that_changes_while_it_is_exported_is_noticed(bundle, tmp_path):
    opened = open_directory(bundle)
    (bundle / "pipeline.py").write_bytes(b"print('hellO')\n")
    for kind in KINDS:
        with pytest.raises(BundleCorruptError, match=r"pipeline\.py"):
            write_archive(opened, tmp_path / f"a.{kind}")
        assert not (tmp_path / f"a.{kind}").exists()


def test_something_else_than_an_archive_says_so(tmp_path):
    (tmp_path / "a.tar").write_text("not an archive")
    with pytest.raises(UsageError, match=r"no \.tar"):
        read_archive(tmp_path / "a.tar", tmp_path / "out")
    with pytest.raises(UsageError, match="cannot read"):
        read_archive(tmp_path / "absent.tar", tmp_path / "out")


def test_an_archive_without_its_manifest_first_is_refused(bundle, tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in ("pipeline.py", "manifest.json"):
            archive.add(bundle / path, path)
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    with pytest.raises(UnsafeContentError, match=r"begins with 'pipeline\.py'"):
        read_archive(tmp_path / "a.tar", tmp_path / "out")


def test_something_after_the_end_is_refused(bundle, tmp_path):
    for kind in KINDS:
        write_archive(open_directory(bundle), tmp_path / f"a.{kind}")
        raw = (tmp_path / f"a.{kind}").read_bytes()
        for more in (b"x", gzip.compress(b"x"), raw):
            (tmp_path / "more").write_bytes(raw + more)
            with pytest.raises((BundleCorruptError, UnsafeContentError)):
                read_archive(tmp_path / "more", tmp_path / "out")


def test_more_than_the_limit_is_refused_before_it_is_unpacked(bundle, tmp_path):
    write_archive(open_directory(bundle), tmp_path / "a.tar")
    with pytest.raises(UnsafeContentError, match="the limit is 5,000"):
        read_archive(tmp_path / "a.tar", tmp_path / "out", Limits(total_bytes=5000, slack_bytes=1 << 30))


def test_more_than_the_disk_holds_is_refused_before_it_is_unpacked(bundle, tmp_path):
    """A manifest that claims a petabyte in all, and is right in itself."""
    manifest = verify_directory(bundle)
    huge = tuple(msgspec.structs.replace(file, size=1 << 46) for file in manifest.content.files)
    content = msgspec.structs.replace(manifest.content, files=huge)
    claims = msgspec.structs.replace(manifest, content=content, content_digest=content.digest())
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        info = tarfile.TarInfo("manifest.json")
        raw = pretty_json(claims)
        info.size = len(raw)
        archive.addfile(info, io.BytesIO(raw))
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    with pytest.raises(UnsafeContentError, match="it claims"):
        read_archive(tmp_path / "a.tar", tmp_path / "out")
