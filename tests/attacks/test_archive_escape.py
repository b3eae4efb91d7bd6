"""Classes 1, 2 and 4: nothing in an archive is ever written outside, and no member can be taken for another.

Every attack comes through all doors: the reader itself, `pressrun import`, `show` and `export`.
"""

from __future__ import annotations

import io
import os
import struct
import tarfile
import tempfile
import unicodedata
import warnings
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.errors import PressrunError
from pressrun.interfaces.cli.main import run
from pressrun.store.archive import read_archive, unpacked
from pressrun.store.tarball import TAR_END, tar_chunks

ESCAPES = [
    "../canary",
    "../../canary",
    "a/../../canary",
    "/tmp/canary",
    "//canary",
    "..\\canary",
    "C:\\canary",
    "C:canary",
    "./../canary",
    "a/./b",
    "~/canary/..",
    "%2e%2e/canary/..",
    "file:///canary",
    "a\0../canary",
    "..",
    ".",
    "",
    "a/",
    "con",
    "aux.txt",
    "x.",
    "x ",
    "a\u202etxt.exe",
    "manifest.json",
    "MANIFEST.JSON",
]


def tar_type(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type = kind
    info.linkname = target
    return info


def refused(path, outside, capsys=None) -> str:
    """Offer an archive at every door and return what the reader said."""
    with pytest.raises(PressrunError) as caught:
        read_archive(path, outside.inside / "out")
    for words in (["import", str(path)], ["show", str(path)], ["export", str(path), "--to", str(outside.inside / "x")]):
        assert run(words) in {2, 3, 5}, words
    assert outside.is_untouched()
    return str(caught.value)


@pytest.fixture(autouse=True)
def _in_a_project(tmp_path, monkeypatch):
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path / "project")
    yield
    assert not (tmp_path / "project" / ".pressrun").exists()


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("listed", [True, False])
def test_a_member_whose_name_leads_outside_is_refused_by_name(crafted, outside, tmp_path, name, listed):
    raw = b"".join([
        *tar_chunks("manifest.json", len(manifest := crafted.manifest({name: b"x"} if listed else {})), [manifest]),
        *tar_chunks(name, 1, [b"x"]), TAR_END,
    ])  # fmt: skip
    (tmp_path / "a.tar").write_bytes(raw)
    refused(tmp_path / "a.tar", outside)


@pytest.mark.parametrize("name", [name for name in ESCAPES if name and "\0" not in name])
def test_a_zip_member_whose_name_leads_outside_is_refused(crafted, outside, tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile minds a name that is there twice
        (tmp_path / "a.zip").write_bytes(crafted.zip({name: b"x"}))
    refused(tmp_path / "a.zip", outside)


@pytest.mark.parametrize(
    ("infos", "about"),
    [
        ([tar_type("link", tarfile.SYMTYPE, "../../../canary")], "symbolic link"),
        ([tar_type("link", tarfile.SYMTYPE, "/tmp"), tarfile.TarInfo("link/canary")], "symbolic link"),
        ([tar_type("a", tarfile.SYMTYPE, "."), tar_type("a/b", tarfile.SYMTYPE, "..")], "symbolic link"),
        ([tar_type("hard", tarfile.LNKTYPE, "../../canary")], "hard link"),
        ([tar_type("hard", tarfile.LNKTYPE, "manifest.json")], "hard link"),
        ([tar_type("char", tarfile.CHRTYPE)], "character device"),
        ([tar_type("block", tarfile.BLKTYPE)], "block device"),
        ([tar_type("pipe", tarfile.FIFOTYPE)], "pipe"),
        ([tar_type("folder", tarfile.DIRTYPE)], "folder"),
        ([tar_type("..", tarfile.DIRTYPE)], "folder"),
        ([tar_type("odd", tarfile.CONTTYPE)], "contiguous"),
        ([tar_type("sparse", tarfile.GNUTYPE_SPARSE)], "sparse"),
        ([tar_type("unknown", b"Z")], "unknown kind"),
    ],
)
def test_a_member_that_is_no_regular_file_is_refused_by_name(crafted, outside, tmp_path, infos, about):
    raw = crafted.tar({}, *infos) if infos[0].type != b"Z" else _retyped(crafted.tar({"unknown": b""}), b"Z")
    (tmp_path / "a.tar").write_bytes(raw)
    said = refused(tmp_path / "a.tar", outside)
    assert about in said
    assert infos[0].name in said


def _retyped(raw: bytes, kind: bytes) -> bytes:
    start = raw.rindex(b"unknown\0")
    header = bytearray(raw[start : start + 512])
    header[156:157] = kind
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return raw[:start] + bytes(header) + raw[start + 512 :]


@pytest.mark.parametrize("record", ["path=../canary", "linkpath=/tmp", "GNU.sparse.name=x", "size=-1", "size=9e9", "x"])
def test_an_extended_header_cannot_rename_or_resize_a_member(crafted, outside, tmp_path, record):
    body = f" {record}\n".encode()
    body = f"{len(body) + 2}".encode() + body
    info = tar_type("extended", tarfile.XHDTYPE)
    info.size = len(body)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path, data in {"manifest.json": crafted.manifest({"good": b"x"})}.items():
            plain = tarfile.TarInfo(path)
            plain.size = len(data)
            archive.addfile(plain, io.BytesIO(data))
        archive.addfile(info, io.BytesIO(body))
        good = tarfile.TarInfo("good")
        good.size = 1
        archive.addfile(good, io.BytesIO(b"x"))
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    refused(tmp_path / "a.tar", outside)


def test_long_names_of_gnu_tar_are_refused(crafted, outside, tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for path, data in {"manifest.json": crafted.manifest({}), "x" * 300: b""}.items():
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    (tmp_path / "a.tar").write_bytes(buffer.getvalue())
    assert "long name" in refused(tmp_path / "a.tar", outside)


def zip_info(name: str, mode: int = 0o100644, **more) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    for key, value in more.items():
        setattr(info, key, value)
    return info


@pytest.mark.parametrize(
    "info",
    [
        zip_info("link", 0o120777),
        zip_info("device", 0o020644),
        zip_info("folder/", 0o040755),
        zip_info("extra", extra=struct.pack("<HH4s", 0x6375, 4, b"evil")),
        zip_info("packed", compress_type=zipfile.ZIP_BZIP2),
        zip_info("comment", comment=b"x"),
    ],
)
def test_a_zip_member_that_is_no_plain_file_is_refused(crafted, outside, tmp_path, info):
    (tmp_path / "a.zip").write_bytes(crafted.zip({"good": b"x"}, (info, b"../../canary")))
    refused(tmp_path / "a.zip", outside)


def _patched(raw: bytes, old: bytes, new: bytes, which: int) -> bytes:
    """Replace one of several occurrences, of equal length."""
    position = -1
    for _ in range(which + 1):
        position = raw.index(old, position + 1)
    return raw[:position] + new + raw[position + len(old) :]


def test_a_zip_that_says_two_different_names_is_refused(crafted, outside, tmp_path):
    """The directory names what is listed, the file itself names something else; and the other way round."""
    raw = crafted.zip({"good.txt": b"x"})
    for which in (0, 1):
        (tmp_path / "a.zip").write_bytes(_patched(raw, b"good.txt", b"evil.txt", raw.count(b"good.txt") - 2 + which))
        refused(tmp_path / "a.zip", outside)


def test_something_before_between_or_after_zip_members_is_refused(crafted, outside, tmp_path):
    raw = crafted.zip({"good.txt": b"x"})
    for hostile in (b"#!/bin/sh\n" + raw, raw + b"x", raw[:-2] + b"\x01\x00x"):
        (tmp_path / "a.zip").write_bytes(hostile)
        refused(tmp_path / "a.zip", outside)


def test_overlapping_zip_members_are_refused(crafted, outside, tmp_path):
    """All entries of the directory point to one file: the recursion-free zip bomb."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("manifest.json", crafted.manifest({"a": b"x", "b": b"x"}))
        archive.writestr("a", b"x")
        archive.writestr("b", b"x")
        archive.filelist[2].header_offset = archive.filelist[1].header_offset
    (tmp_path / "a.zip").write_bytes(buffer.getvalue())
    assert "overlaps" in refused(tmp_path / "a.zip", outside)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("data.csv", "data.csv"),
        ("data.csv", "DATA.csv"),
        ("é.csv", unicodedata.normalize("NFD", "é.csv")),
        ("data", "data/x"),
        ("Data/x", "data/y"),
        ("a.csv", "a\u200b.csv"),
        ("a.csv", "a.csv\u202e"),
        ("pipeline.py", "р" + "ipeline.py"),  # noqa: RUF001
        ("cop.csv", "сор.csv"),  # noqa: RUF001
        ("file", "ﬁle"),
    ],
)
def test_two_members_that_could_be_taken_for_each_other_are_refused(crafted, outside, tmp_path, one, other):
    """Class 4, in a tar whose manifest lists both and is right in itself."""
    content = [(one, b"x"), (other, b"y")]
    manifest = crafted.manifest(dict(content))
    chunks = [chunk for path, data in content for chunk in tar_chunks(path, len(data), [data])]
    raw = b"".join([*tar_chunks("manifest.json", len(manifest), [manifest]), *chunks, TAR_END])
    (tmp_path / "a.tar").write_bytes(raw)
    refused(tmp_path / "a.tar", outside)


NAMES = st.text(min_size=1, max_size=30) | st.lists(
    st.sampled_from(
        ["..", ".", "/", "\\", "%2e%2e", "canary", "a", "C:", "~", " ", "\0", "\u202e", "con", "..;", "//"]
    ),
    min_size=1,
    max_size=8,
).map("/".join)


@pytest.mark.slow
@settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
@given(names=st.lists(NAMES, min_size=50, max_size=50))
def test_ten_thousand_generated_names_never_write_outside(crafted, place, names):
    """Classes 1 and 2: whatever the name, what is written is inside, or nothing is."""
    for name in names:
        raw_name = name.encode("utf-8", "surrogatepass")[:100]
        place.archive.write_bytes(_with_member(crafted, raw_name))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(tempfile, "tempdir", str(place.folder / "deep"))
            try:
                with unpacked(place.archive) as bundle:
                    assert _files_in(bundle.folder) == {"manifest.json", raw_name.decode()}
            except PressrunError:
                pass
        assert place.is_untouched()


def _with_member(crafted, raw_name: bytes) -> bytes:
    content = b"x"
    try:
        manifest = crafted.manifest({raw_name.decode(): content})
    except UnicodeDecodeError:
        manifest = crafted.manifest({})
    hostile = bytearray(next(iter(tar_chunks("x", 1, [content]))))
    hostile[:100] = raw_name.ljust(100, b"\0")
    hostile[148:156] = b" " * 8
    hostile[148:156] = b"%06o\0 " % sum(hostile)
    chunks = [*tar_chunks("manifest.json", len(manifest), [manifest]), bytes(hostile), content.ljust(512, b"\0")]
    return b"".join([*chunks, TAR_END])


def _files_in(folder) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}


class _Place:
    def __init__(self, folder):
        self.folder = folder
        (folder / "deep").mkdir()
        (folder / "canary").write_text("alive")
        self.archive = folder / "a.tar"

    def is_untouched(self):
        names = {path.name for path in self.folder.iterdir()}
        inner = list((self.folder / "deep").iterdir())
        return names == {"deep", "canary", "a.tar"} and not inner and (self.folder / "canary").read_text() == "alive"


@pytest.fixture(scope="module")
def place():
    # in memory where there is such a place: ten thousand folders are a burden to a disk
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if os.access(memory, os.W_OK) else None) as folder:
        yield _Place(Path(folder))
