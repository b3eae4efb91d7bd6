"""Exports: byte-exact, whole or not there, and read with suspicion."""

import os
import stat

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pressrun.errors import CannotRestoreError, UsageError
from pressrun.rules.merkle import Frontier, leaf_hash
from pressrun.store.audit_file import Export, write_export

NOTES = [b"origin\n1\nroot\n\n\xe2\x80\x94 key AAAA\n", b"second\n"]
ENTRIES = [(1, b'{"seq":1,"text":"\xc3\xa4 \\" \\\\ \xe2\x80\xa8"}'), (2, b'{"seq":2}')]
TREE = Frontier().extend([leaf_hash(leaf) for _, leaf in ENTRIES])


def export(path, entries=ENTRIES, notes=NOTES, tree=TREE):
    return write_export(path, ["key"], notes, entries, tree)


def read(path):
    with Export(path) as found:
        notes = found.checkpoints()
        entries = [entry for batch in found.batches() for entry in batch]
        return found.header, notes, entries, found.tree


def test_what_is_exported_is_read_back_to_the_byte(tmp_path):
    size = export(tmp_path / "x.jsonl")
    header, notes, entries, tree = read(tmp_path / "x.jsonl")
    assert header.keys == ("key",)
    assert (notes, entries, tree) == (NOTES, ENTRIES, TREE)
    assert (tmp_path / "x.jsonl").stat().st_size == size


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(leaves=st.lists(st.binary(max_size=60) | st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))))
def test_any_bytes_are_read_back(tmp_path, leaves):
    path = tmp_path / "any.jsonl"
    path.unlink(missing_ok=True)
    entries = list(enumerate(leaves, 1))
    tree = Frontier().extend([leaf_hash(leaf) for leaf in leaves])
    export(path, entries, [], tree)
    assert (entries, tree) == read(path)[2:]


def test_an_export_is_private_and_leaves_nothing_beside_it(tmp_path):
    before = os.umask(0)
    try:
        export(tmp_path / "x.jsonl")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "x.jsonl").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["x.jsonl"]


@pytest.mark.parametrize("kind", ["file", "link", "dangling link", "folder"])
def test_nothing_is_overwritten(tmp_path, kind):
    path = tmp_path / "x.jsonl"
    (tmp_path / "real").write_text("precious")
    {
        "file": lambda: path.write_text("precious"),
        "link": lambda: path.symlink_to(tmp_path / "real"),
        "dangling link": lambda: path.symlink_to(tmp_path / "nowhere"),
        "folder": path.mkdir,
    }[kind]()
    unread = iter(ENTRIES)
    with pytest.raises(UsageError, match="something already"):
        export(path, unread)
    assert ENTRIES[0] == next(unread)  # said before a long journal is read
    assert (tmp_path / "real").read_text() == "precious"
    assert not (tmp_path / "nowhere").exists()


def test_a_file_that_appears_meanwhile_is_not_overwritten(tmp_path):
    path = tmp_path / "x.jsonl"

    def entries():
        yield ENTRIES[0]
        path.write_text("precious")
        yield ENTRIES[1]

    with pytest.raises(UsageError, match="something already"):
        export(path, entries())
    assert path.read_text() == "precious"
    assert [path] == list(tmp_path.iterdir())


def test_a_failure_leaves_nothing_behind(tmp_path):
    def entries():
        yield ENTRIES[0]
        raise CannotRestoreError("the database failed")

    with pytest.raises(CannotRestoreError, match="the database failed"):
        export(tmp_path / "x.jsonl", entries())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(UsageError, match="no such folder"):
        export(tmp_path / "nowhere" / "x.jsonl")


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", UsageError),
        (b"hello\n", UsageError),
        (b'{"format":"other","version":1}\n', UsageError),
        (b'{"format":"pressrun-journal","version":2}\n', CannotRestoreError),
    ],
)
def test_a_file_that_is_no_export_is_refused(tmp_path, content, error):
    (tmp_path / "x.jsonl").write_bytes(content)
    with pytest.raises(error):
        Export(tmp_path / "x.jsonl")


def test_a_missing_file_and_a_link_are_refused(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        Export(tmp_path / "x.jsonl")
    export(tmp_path / "real.jsonl")
    (tmp_path / "x.jsonl").symlink_to(tmp_path / "real.jsonl")
    with pytest.raises(UsageError, match="cannot be read"):
        Export(tmp_path / "x.jsonl")


@pytest.mark.parametrize(
    "line", [b"garbage\n", b'{"seq":"2","leaf":""}\n', b'{"seq":2}\n', b'{"seq":2,"leaf64":"?"}\n']
)
def test_a_damaged_line_stands_where_its_entry_should(tmp_path, line):
    path = tmp_path / "x.jsonl"
    export(path)
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:4], line, lines[5]]))
    entries = read(path)[2]
    assert [seq for seq, _ in entries] == [1, 2]
    assert ENTRIES[0] == entries[0]
    assert entries[1] in {(2, line), (2, b"")}


def test_an_export_without_its_last_line_has_no_tree(tmp_path):
    path = tmp_path / "x.jsonl"
    export(path)
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-1]))
    assert read(path)[3] is None


def test_what_stands_after_the_last_line_is_no_entry_and_not_passed_over(tmp_path):
    path = tmp_path / "x.jsonl"
    export(path)
    lines = path.read_bytes().splitlines(keepends=True)
    later = b'{"seq":3,"leaf":"{}"}\n'
    path.write_bytes(b"".join([*lines, lines[-1], later]))
    assert [*ENTRIES, (3, lines[-1]), (4, later)] == read(path)[2]


@pytest.mark.parametrize(
    "tree",
    [
        b'{"tree":{"size":2,"hashes":[]}}',
        b'{"tree":{"size":2,"hashes":["?"]}}',
        b'{"tree":{"size":2,"hashes":["AA=="]}}',
    ],
)
def test_a_damaged_tree_is_no_tree(tmp_path, tree):
    path = tmp_path / "x.jsonl"
    export(path)
    path.write_bytes(b"".join([*path.read_bytes().splitlines(keepends=True)[:-1], tree, b"\n"]))
    assert read(path)[3] is None
