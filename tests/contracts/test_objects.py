"""What every store of objects does, wherever it keeps them: on this disk, in memory, on S3 (a real server process)."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

from pressrun.errors import BundleCorruptError, CannotRestoreError, PressrunError, UsageError
from pressrun.records.digest import digest_bytes
from pressrun.store.layout import object_path
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects
from pressrun.store.open_objects import open_objects
from pressrun.store.remote_objects import SMALL_BYTES, RemoteObjects

SERVER = Path(__file__).parent.parent / "servers" / "s3.py"
COLLECTORS = Path(__file__).parent.parent / "store" / "collectors.py"
PUTTER = Path(__file__).with_name("putter.py")
KINDS = ["local", "memory", "s3"]
NOBODY = "sha256:" + "0" * 64


@pytest.fixture
def s3(s3_server, monkeypatch) -> str:
    """Give a fresh prefix on the S3 server; credentials are in the environment, and nowhere else."""
    spec = importlib.util.spec_from_file_location("s3_server", SERVER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, value in {**module.KEYS, "AWS_ENDPOINT_URL": s3_server}.items():
        monkeypatch.setenv(name, value)
    return f"s3://bucket/{uuid.uuid4().hex}"


@pytest.fixture(params=KINDS)
def location(request, tmp_path) -> str:
    if request.param == "local":
        return str(tmp_path / "store")
    return f"memory://{uuid.uuid4().hex}/store" if request.param == "memory" else request.getfixturevalue("s3")


@pytest.fixture
def objects(location) -> Objects:
    return open_objects(location)


def damage(objects: Objects, digest: str, content: bytes) -> None:
    """Replace an object's content behind the store's back."""
    if isinstance(objects, ObjectStore):
        object_path(objects.root, digest).write_bytes(content)
    else:
        assert isinstance(objects, RemoteObjects)
        objects.system.pipe_file(objects._path(digest), content)


@pytest.mark.parametrize("content", [b"", b"x", b"content" * 1000])
def test_what_is_put_is_read_back_and_listed(objects, content):
    digest = objects.put(content)
    assert digest == digest_bytes(content)
    assert objects.has(digest)
    assert objects.read(digest) == content
    assert list(objects.digests()) == [digest]
    assert objects.about(digest).size == len(content)


def test_a_file_is_put_like_its_bytes_and_never_through_a_link(objects, tmp_path):
    (tmp_path / "file").write_bytes(b"content")
    (tmp_path / "link").symlink_to("file")
    assert objects.put(tmp_path / "file", expected=digest_bytes(b"content")) == digest_bytes(b"content")
    for path in ("link", "absent", "."):
        with pytest.raises(UsageError, match=path if path != "." else "file"):
            objects.put(tmp_path / path)
    assert list(objects.digests()) == [digest_bytes(b"content")]


def test_a_file_that_is_sent_in_pieces_is_read_back_in_pieces(objects, tmp_path):
    content = bytes(range(256)) * ((SMALL_BYTES // 256) + 1000)
    (tmp_path / "large").write_bytes(content)
    digest = objects.put(tmp_path / "large")
    assert digest == digest_bytes(content)
    assert len(list(objects.chunks(digest))) > 1
    assert objects.read(digest) == content
    assert objects.put(tmp_path / "large", expected=digest) == digest


def test_content_that_is_not_the_expected_one_is_not_kept(objects, tmp_path):
    (tmp_path / "file").write_bytes(b"other")
    (tmp_path / "large").write_bytes(bytes(SMALL_BYTES + 1))
    for source in (b"other", tmp_path / "file", tmp_path / "large"):
        with pytest.raises(BundleCorruptError, match=f"expected {digest_bytes(b'content')}"):
            objects.put(source, expected=digest_bytes(b"content"))
    assert list(objects.digests()) == []


@pytest.mark.parametrize("location", ["memory", "s3"], indirect=True)
def test_a_file_that_changes_while_it_is_sent_is_not_kept(objects, tmp_path, monkeypatch):
    path = tmp_path / "large"
    path.write_bytes(bytes(SMALL_BYTES + 1))
    digest = digest_bytes(bytes(SMALL_BYTES + 1))
    assert isinstance(objects, RemoteObjects)
    opened = objects.system.open

    def changed_before_it_is_sent(*words, **options):
        with path.open("r+b") as file:
            file.write(b"changed")
        return opened(*words, **options)

    monkeypatch.setattr(objects.system, "open", changed_before_it_is_sent)
    with pytest.raises(BundleCorruptError, match="changed while it was stored"):
        objects.put(path, expected=digest)
    assert list(objects.digests()) == []


@pytest.mark.parametrize("found", [b"Content", b"conten", b"", b"content and more"])
def test_a_damaged_object_is_never_read_as_whole_and_putting_it_again_repairs_it(objects, found):
    digest = objects.put(b"content")
    damage(objects, digest, found)
    with pytest.raises(BundleCorruptError, match=f"{digest_bytes(found)}, expected {digest}"):
        objects.read(digest)
    assert objects.put(b"content") == digest
    assert objects.read(digest) == b"content"


def test_a_missing_object_is_named(objects):
    assert not objects.has(NOBODY)
    assert objects.about(NOBODY) is None
    with pytest.raises(CannotRestoreError, match=f"there is no object {NOBODY}"):
        objects.read(NOBODY)
    objects.remove(NOBODY)


def test_an_object_that_was_removed_can_be_put_again(objects):
    digest = objects.put(b"content")
    objects.remove(digest)
    assert list(objects.digests()) == []
    assert objects.put(b"content") == digest
    assert objects.read(digest) == b"content"


@pytest.mark.parametrize("digest", ["sha256:../../etc", "sha256:" + "0" * 63, "md5:x", NOBODY + "\n", ""])
@pytest.mark.parametrize("method", ["has", "read", "about", "remove"])
def test_what_is_no_digest_never_becomes_a_path(objects, method, digest):
    with pytest.raises(ValueError, match="not a sha256 digest"):
        getattr(objects, method)(digest)


def test_two_stores_at_one_location_are_one_and_their_neighbours_are_not(location):
    digest = open_objects(location).put(b"content")
    assert open_objects(location).read(digest) == b"content"
    assert list(open_objects(location + "-2").digests()) == []


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["local", "s3"])
def test_of_many_writers_at_once_all_are_told_it_is_there_and_one_wrote_it(kind, request, tmp_path, s3_server):
    """Eight processes put the same content at the same moment; on S3 the server itself lets one of them create it."""
    location = str(tmp_path / "store") if kind == "local" else request.getfixturevalue("s3")
    command = [sys.executable, str(PUTTER), location, "content"]
    writers = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=dict(os.environ))
        for _ in range(8)
    ]
    assert {writer.stdout.readline() for writer in writers} == {"ready\n"}
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    said = {writer.communicate(timeout=120)[0].strip() for writer in writers}
    assert said == {digest_bytes(b"content" * 1000)}
    assert open_objects(location).read(said.pop()) == b"content" * 1000


def test_the_server_refuses_to_create_what_is_there(s3):
    """Create-only is the server's guarantee, not a look before the write: a second creation is told so."""
    objects = open_objects(s3)
    assert isinstance(objects, RemoteObjects)
    path = objects._path(NOBODY)
    assert objects._create(path, b"first")
    assert not objects._create(path, b"other")
    assert objects.system.cat_file(path) == b"first"


def test_what_others_put_after_a_listing_is_seen_at_once(s3):
    from s3fs import S3FileSystem

    objects = open_objects(s3)
    assert isinstance(objects, RemoteObjects)
    first = objects.put(b"first")
    assert list(objects.digests()) == [first]
    second = digest_bytes(b"second")
    S3FileSystem(skip_instance_cache=True).pipe_file(objects._path(second), b"second")
    assert objects.has(second)
    assert set(objects.digests()) == {first, second}


def fail(*_words, **_options):
    raise PermissionError("Forbidden")


def test_a_store_that_cannot_be_reached_is_an_error_of_ours(s3_server, monkeypatch):
    import fsspec

    monkeypatch.setenv("AWS_ENDPOINT_URL", s3_server)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    fsspec.get_filesystem_class("s3").clear_instance_cache()
    objects = open_objects("s3://no-such-bucket/x")
    for ask in (lambda: objects.put(b"content"), lambda: objects.put(Path(__file__))):
        with pytest.raises(CannotRestoreError, match="the store cannot be used") as caught:
            ask()
        assert caught.value.where == "s3://no-such-bucket/x"
    assert isinstance(objects, RemoteObjects)
    monkeypatch.setattr(objects.system, "info", fail)
    for ask in (lambda: objects.has(NOBODY), lambda: objects.about(NOBODY), lambda: objects.is_marked(NOBODY)):
        with pytest.raises(CannotRestoreError, match="PermissionError: Forbidden"):
            ask()


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("s3://key:secret@bucket/prefix", "holds a credential"),
        ("s3://secret@bucket/prefix", "holds a credential"),
        ("s3://bucket/prefix?key=secret", "has a query"),
        ("s3://bucket/prefix#secret", "has a query"),
        ("s3://bucket/a/../b", "leaves its prefix"),
        ("s3:///prefix", "names no bucket"),
        ("nosuch://bucket/prefix", "cannot be used"),
        ("file://elsewhere/folder", "another machine"),
    ],
)
def test_a_location_that_cannot_be_meant_is_refused_and_no_credential_is_repeated(location, said):
    with pytest.raises(UsageError, match=said) as caught:
        open_objects(location)
    assert "secret" not in str(caught.value)


def test_a_missing_library_names_the_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(UsageError, match=r"pressrun\[s3\]"):
        open_objects("s3://bucket/prefix")


@pytest.mark.parametrize("written", ["{}", "file://{}", "file://localhost{}"])
def test_a_folder_and_a_file_url_are_the_local_store(tmp_path, written):
    objects = open_objects(written.format(tmp_path / "a b"))
    assert isinstance(objects, ObjectStore)
    objects.put(b"content")
    assert (tmp_path / "a b" / "format").exists()


def test_a_local_store_that_cannot_be_written_is_an_error_of_ours(tmp_path):
    (tmp_path / "store").write_bytes(b"a file")
    with pytest.raises(PressrunError):
        open_objects(tmp_path / "store").put(b"content")


def test_opening_a_local_store_imports_no_library_for_remote_ones():
    program = (
        "import sys; from pressrun.store.open_objects import open_objects; open_objects('x');"
        "print([name for name in ('fsspec', 's3fs', 'yaml', 'sqlalchemy') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.slow
def test_no_live_object_is_removed_from_s3_while_processes_register_what_is_about_to_go(s3):
    """R7 on a real server: marks, condemnations, and writers that look after they have said so in the journal."""
    command = [sys.executable, str(COLLECTORS), "--store", "s3", "--rounds", "24", "--writers", "2"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ), timeout=280)
    told = json.loads(done.stdout)
    assert told["failed"] == [], done.stderr
    assert told["lost"] == 0
    assert told["acknowledged"] == told["registered"] == 18
    assert told["rubbish_left"] == 0
    assert told["removed"] + told["spared"] > 0, told
