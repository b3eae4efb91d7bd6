"""What the store asks of a file system: one suite over the real one and the simulated one."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pressrun.store.fs import RealFs
from pressrun.testing.power_loss import PowerLoss
from pressrun.testing.simfs import ImageFs, Killed, SimFs


@pytest.fixture(params=["real", "simulated"])
def place(request, tmp_path):
    """A file system and an empty folder in it."""
    if request.param == "real":
        return RealFs(), tmp_path
    fs = SimFs()
    fs.make_directory(Path("/folder"))
    return fs, Path("/folder")


def write(fs, path, content):
    file = fs.create(path)
    file.write(content)
    file.sync()
    file.close()


def read(fs, path):
    with fs.open(path) as file:
        return file.read()


def test_what_is_written_is_read(place):
    fs, folder = place
    write(fs, folder / "a", b"content")
    fs.sync_directory(folder)
    assert read(fs, folder / "a") == b"content"
    assert fs.names(folder) == ["a"]
    entry = fs.stat(folder / "a")
    assert (entry.kind, entry.size, entry.mode) == ("file", 7, 0o600)


def test_a_file_that_exists_is_not_created_again(place):
    fs, folder = place
    write(fs, folder / "a", b"first")
    with pytest.raises(FileExistsError):
        fs.create(folder / "a")
    assert read(fs, folder / "a") == b"first"


def test_replacing_takes_the_name_from_whatever_had_it(place):
    fs, folder = place
    write(fs, folder / "old", b"old")
    write(fs, folder / "new", b"new")
    fs.replace(folder / "new", folder / "old")
    assert read(fs, folder / "old") == b"new"
    assert fs.names(folder) == ["old"]


def test_a_directory_may_be_made_twice_but_not_over_a_file(place):
    fs, folder = place
    fs.make_directory(folder / "sub")
    fs.make_directory(folder / "sub")
    assert fs.stat(folder / "sub").kind == "directory"
    assert fs.stat(folder / "sub").mode == 0o700
    write(fs, folder / "file", b"")
    with pytest.raises(FileExistsError):
        fs.make_directory(folder / "file")


def test_what_is_not_there_is_said_so(place):
    fs, folder = place
    assert fs.stat(folder / "a") is None
    assert fs.names(folder / "a") == []
    for action in (
        lambda: fs.open(folder / "a"),
        lambda: fs.remove(folder / "a"),
        lambda: fs.replace(folder / "a", folder / "b"),
        lambda: fs.create(folder / "sub" / "a"),
        lambda: fs.make_directory(folder / "sub" / "a"),
        lambda: fs.sync_directory(folder / "sub"),
    ):
        with pytest.raises(FileNotFoundError):
            action()


def test_a_removed_file_is_gone(place):
    fs, folder = place
    write(fs, folder / "a", b"x")
    fs.remove(folder / "a")
    assert fs.names(folder) == []


def test_a_link_is_never_followed(tmp_path):
    (tmp_path / "target").write_text("x")
    (tmp_path / "link").symlink_to("target")
    (tmp_path / "dangling").symlink_to("absent")
    fs = RealFs()
    with pytest.raises(OSError, match="link"):
        fs.open(tmp_path / "link")
    with pytest.raises(FileExistsError):
        fs.create(tmp_path / "dangling")
    assert fs.stat(tmp_path / "link").kind == "other"
    assert not (tmp_path / "absent").exists()


def test_a_pipe_is_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="not a regular file"):
        RealFs().open(tmp_path / "pipe")


def images(fs):
    found = []
    loss = PowerLoss(fs, lambda image, _known: found.append(image) or [])
    loss.step("now")
    return found


def test_a_power_loss_leaves_data_in_every_state_until_it_is_synced():
    fs = SimFs()
    file = fs.create(Path("/a"))
    fs.sync_directory(Path("/"))
    file.write(b"abcd")
    contents = {image.get("/a") for image in images(fs)}
    assert {b"", b"ab", b"abcd", bytes(4)} < contents
    assert len(contents) == 5
    file.sync()
    assert {image.get("/a") for image in images(fs)} == {b"abcd"}


def test_a_power_loss_forgets_names_until_their_directory_is_synced():
    fs = SimFs()
    write(fs, Path("/a"), b"x")
    assert {"/a" in image for image in images(fs)} == {True, False}
    fs.sync_directory(Path("/"))
    assert {"/a" in image for image in images(fs)} == {True}
    fs.replace(Path("/a"), Path("/b"))
    assert {frozenset(image) for image in images(fs)} == {
        frozenset(), frozenset({"/a"}), frozenset({"/b"}), frozenset({"/a", "/b"})
    }  # fmt: skip


def test_a_name_in_a_directory_that_is_lost_is_lost():
    fs = SimFs()
    fs.make_directory(Path("/d"))
    write(fs, Path("/d/a"), b"x")
    fs.sync_directory(Path("/d"))
    assert {frozenset(image) for image in images(fs)} == {frozenset(), frozenset({"/d", "/d/a"})}


def test_a_disk_that_was_found_can_be_worked_on():
    fs = ImageFs({"/d": None, "/d/a": b"x"})
    assert read(fs, Path("/d/a")) == b"x"
    assert images(fs) == [{"/d": None, "/d/a": b"x"}]


def test_a_killed_process_does_nothing_more():
    fs = SimFs()
    fs.kill_after = 1
    fs.create(Path("/a"))
    for _ in range(2):
        with pytest.raises(Killed):
            fs.create(Path("/b"))
    fs.revive()
    fs.create(Path("/b"))
    assert fs.names(Path("/")) == ["a", "b"]
