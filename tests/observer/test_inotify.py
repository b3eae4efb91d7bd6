"""What inotify tells of reads that Python cannot see, with real files, processes and queues."""

import ast
import mmap
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import pressrun.observer.inotify
from pressrun.observer.inotify import FileWatch

SOURCE = Path(pressrun.observer.inotify.__file__)
DESCRIPTORS = Path("/proc/self/fd")

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")


@pytest.fixture
def place(tmp_path: Path) -> Path:
    place = tmp_path / "project"
    (place / "data" / "deep" / "deeper").mkdir(parents=True)
    (place / "data" / "old.csv").write_text("a\n1\n")
    (place / "data" / "deep" / "deeper" / "far.csv").write_text("a\n2\n")
    return place


@pytest.fixture
def watch(place: Path) -> Iterator[FileWatch]:
    watch = FileWatch([str(place)])
    assert watch.active
    yield watch
    watch.close()


def told(watch: FileWatch, place: Path) -> list[tuple[str, str]]:
    """Return what was told, with paths relative to the place."""
    return [(os.path.relpath(path, place), how) for path, how in watch.drain()]


def test_a_read_by_a_child_process_is_told_wherever_it_lies(watch: FileWatch, place: Path) -> None:
    subprocess.run(["cat", "data/old.csv", "data/deep/deeper/far.csv"], cwd=place, check=True, capture_output=True)
    assert told(watch, place) == [("data/old.csv", "read"), ("data/deep/deeper/far.csv", "read")]


def test_it_is_quiet_until_something_happens_and_again_when_that_was_told(watch: FileWatch, place: Path) -> None:
    watch.drain()
    assert watch.is_quiet()
    (place / "data" / "old.csv").read_text()
    assert not watch.is_quiet()
    watch.drain()
    assert watch.is_quiet()


def test_what_was_told_once_is_not_told_again(watch: FileWatch, place: Path) -> None:
    for _ in range(5):
        (place / "data" / "old.csv").read_bytes()
    assert told(watch, place) == [("data/old.csv", "read")]
    assert told(watch, place) == []


def test_a_new_file_and_a_rewritten_one_are_told_as_written_and_not_as_read(watch: FileWatch, place: Path) -> None:
    (place / "new.csv").write_text("x")
    (place / "data" / "old.csv").write_text("y")
    (place / "part").write_text("z")
    (place / "part").rename(place / "whole")
    assert told(watch, place) == [
        ("new.csv", "write"), ("data/old.csv", "write"), ("part", "write"), ("whole", "write"),
    ]  # fmt: skip


def test_a_new_file_that_is_still_open_is_not_told_as_read(watch: FileWatch, place: Path) -> None:
    with (place / "log.txt").open("w") as file:
        file.write("x")
        file.flush()
        assert told(watch, place) == [("log.txt", "write")]


def test_a_file_that_is_read_and_written_is_told_as_both(watch: FileWatch, place: Path) -> None:
    with (place / "data" / "old.csv").open("r+") as file:
        file.write(file.read())
    assert told(watch, place) == [("data/old.csv", "read"), ("data/old.csv", "write")]


def test_a_memory_map_is_told_as_a_read_though_nothing_is_read(watch: FileWatch, place: Path) -> None:
    with (
        (place / "data" / "old.csv").open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
    ):
        assert mapped[:1] == b"a"
    assert told(watch, place) == [("data/old.csv", "read")]


def test_looking_at_names_times_and_folders_is_not_told(watch: FileWatch, place: Path) -> None:
    for path in place.rglob("*"):
        path.stat()
    assert told(watch, place) == []


def test_a_folder_made_in_between_is_watched_from_then_on(watch: FileWatch, place: Path) -> None:
    (place / "out" / "sub").mkdir(parents=True)
    (place / "out" / "sub" / "made.csv").write_text("x")
    assert told(watch, place) == [("out/sub/made.csv", "write")]
    (place / "out" / "sub" / "made.csv").read_bytes()
    assert told(watch, place) == [("out/sub/made.csv", "read")]


def test_a_renamed_folder_is_told_under_its_new_name(watch: FileWatch, place: Path) -> None:
    (place / "data").rename(place / "moved")
    (place / "data").mkdir()
    told(watch, place)
    (place / "moved" / "deep" / "deeper" / "far.csv").read_bytes()
    (place / "data" / "next.csv").write_text("x")
    assert told(watch, place) == [("moved/deep/deeper/far.csv", "read"), ("data/next.csv", "write")]


def test_a_folder_that_left_is_not_told_any_more(watch: FileWatch, place: Path, tmp_path: Path) -> None:
    (place / "data").rename(tmp_path / "elsewhere")
    told(watch, place)
    (tmp_path / "elsewhere" / "old.csv").read_bytes()
    assert told(watch, place) == []


def test_a_folder_that_was_removed_and_made_again_is_watched(watch: FileWatch, place: Path) -> None:
    shutil.rmtree(place / "data")
    (place / "data").mkdir()
    told(watch, place)
    (place / "data" / "old.csv").write_text("x")
    assert told(watch, place) == [("data/old.csv", "write")]


def test_folders_behind_links_are_watched_and_circles_end(place: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "big.bin").write_bytes(b"x")
    (place / "linked").symlink_to(tmp_path / "store")
    (place / "data" / "circle").symlink_to(place)
    watch = FileWatch([str(place)])
    (place / "linked" / "big.bin").read_bytes()
    assert told(watch, place) == [("linked/big.bin", "read")]
    assert not watch.truncated
    watch.close()


def test_a_folder_linked_in_between_is_watched_from_then_on(watch: FileWatch, place: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    (place / "linked").symlink_to(tmp_path / "store")
    assert told(watch, place) == []
    (place / "linked" / "big.bin").write_bytes(b"x")
    assert told(watch, place) == [("linked/big.bin", "write")]


def test_a_link_to_itself_hides_none_of_its_neighbours(place: Path) -> None:
    for number in range(20):
        (place / f"loop{number}").symlink_to(place / f"loop{number}")
        (place / f"folder{number}").mkdir()
    watch = FileWatch([str(place)])
    for number in range(20):
        (place / f"folder{number}" / "file").write_text("")
    assert len(told(watch, place)) == 20
    watch.close()


@pytest.mark.parametrize("name", [".git", ".pressrun", "__pycache__", "node_modules", ".ipynb_checkpoints", "env"])
def test_folders_that_hold_no_data_are_left_out(name: str, place: Path) -> None:
    (place / name / "inside").mkdir(parents=True)
    (place / name / "inside" / "file").write_text("x")
    if name == "env":
        (place / name / "pyvenv.cfg").write_text("")
    watch = FileWatch([str(place)])
    (place / name / "inside" / "file").read_bytes()
    assert told(watch, place) == []
    watch.close()


def test_a_root_is_watched_whatever_it_is_called(place: Path) -> None:
    (place / "venv").mkdir()
    (place / "venv" / "pyvenv.cfg").write_text("")
    watch = FileWatch([str(place / "venv")])
    (place / "venv" / "data.csv").write_text("")
    assert told(watch, place) == [("venv/data.csv", "write")]
    watch.close()


def test_names_that_are_no_text_come_back_as_the_file_system_spells_them(watch: FileWatch, place: Path) -> None:
    name = os.fsdecode(b"caf\xe9 \n.csv")
    (place / name).write_text("x")
    assert watch.drain() == [(str(place / name), "write")]


def test_more_folders_than_the_limit_are_told_as_a_gap(place: Path) -> None:
    watch = FileWatch([str(place)], limit=2)
    assert watch.truncated
    assert watch.gaps == ["there are more than 2 folders"]
    (place / "data" / "old.csv").read_bytes()
    assert told(watch, place) == [("data/old.csv", "read")]
    watch.close()


def test_too_many_files_to_look_through_are_told_as_a_gap(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pressrun.observer.inotify, "ENTRY_LIMIT", 2)
    watch = FileWatch([str(place)])
    assert watch.gaps == ["there are too many files to find every folder"]
    watch.close()


def test_a_queue_that_ran_over_is_told_and_watching_goes_on(watch: FileWatch, place: Path) -> None:
    length = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
    if length > 20000:
        pytest.skip("the queue here is too long to fill quickly")
    (place / "data" / "circle").symlink_to(place)
    told(watch, place)
    first, second = place / "data" / "old.csv", place / "data" / "deep" / "deeper" / "far.csv"
    for _ in range(length // 2 + 2):  # alternating, so that the kernel can't merge them
        os.close(os.open(first, os.O_RDONLY))
        os.close(os.open(second, os.O_RDONLY))
    (place / "unseen").mkdir()
    assert told(watch, place) == [("data/old.csv", "read"), ("data/deep/deeper/far.csv", "read")]
    assert watch.truncated
    (place / "unseen" / "file").write_text("x")
    assert told(watch, place) == [("unseen/file", "write")]
    assert not watch.truncated


def test_a_forked_child_takes_nothing_from_its_parent(watch: FileWatch, place: Path) -> None:
    (place / "data" / "old.csv").read_bytes()
    child = os.fork()
    if child == 0:
        seen = watch.drain()
        watch.close()
        os._exit(len(seen))
    assert os.waitpid(child, 0)[1] == 0
    assert told(watch, place) == [("data/old.csv", "read")]


def test_a_started_program_does_not_inherit_the_descriptor(watch: FileWatch) -> None:
    program = (
        "import pathlib\n"
        "for path in pathlib.Path('/proc/self/fd').iterdir():\n"
        "    print(path.readlink() if path.exists() or path.is_symlink() else '')"
    )
    done = subprocess.run([sys.executable, "-c", program], close_fds=False, capture_output=True, text=True, check=True)
    assert any("inotify" in str(path.readlink()) for path in DESCRIPTORS.iterdir() if path.is_symlink())
    assert "inotify" not in done.stdout


def test_after_closing_nothing_is_told_and_the_descriptor_is_gone(place: Path) -> None:
    before = len(list(DESCRIPTORS.iterdir()))
    watch = FileWatch([str(place)])
    (place / "data" / "old.csv").read_bytes()
    watch.close()
    watch.close()
    assert (watch.active, watch.drain()) == (False, [])
    assert len(list(DESCRIPTORS.iterdir())) == before


@pytest.mark.parametrize("platform", ["darwin", "win32"])
def test_where_there_is_no_inotify_it_is_inactive(place: Path, platform: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", platform)
    watch = FileWatch([str(place)])
    (place / "data" / "old.csv").read_bytes()
    assert (watch.active, watch.drain(), watch.truncated) == (False, [], False)
    watch.close()


def test_roots_that_are_absent_or_files_are_passed_over(place: Path) -> None:
    watch = FileWatch([str(place / "absent"), str(place / "data" / "old.csv"), str(place / "data" / "deep")])
    (place / "data" / "deep" / "deeper" / "far.csv").read_bytes()
    assert told(watch, place) == [("data/deep/deeper/far.csv", "read")]
    assert not watch.truncated
    watch.close()


def test_a_drain_reads_so_many_times_and_leaves_the_rest(
    watch: FileWatch, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pressrun.observer.inotify, "READ_SIZE", 300)  # a few events
    monkeypatch.setattr(pressrun.observer.inotify, "READ_LIMIT", 2)
    for number in range(100):
        (place / f"{number}.csv").write_text("")
    first = {path for path, _ in watch.drain()}
    assert 0 < len(first) < 50
    assert watch.drain() != []


@pytest.mark.parametrize(
    ("limit", "expected"),
    [("max_inotify_watches", "True ['the system allows no more watches']"), ("max_inotify_instances", "False []")],
)
def test_a_limit_of_the_system_is_told(limit: str, expected: str, place: Path) -> None:
    program = (
        f"import runpy; watch = runpy.run_path({str(SOURCE)!r})['FileWatch']([{str(place)!r}]); "
        "print(watch.active, watch.gaps)"
    )
    number = 2 if limit == "max_inotify_watches" else 0
    script = f'echo {number} > /proc/sys/user/{limit} || exit 77; echo ready; exec {sys.executable} -c "$1"'
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare, for limits of our own")
    done = subprocess.run(
        [unshare, "--user", "--map-root-user", "sh", "-c", script, "sh", program],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if not done.stdout.startswith("ready"):
        pytest.skip(f"no limits of our own here: {done.stderr}")
    assert done.stdout == f"ready\n{expected}\n", done.stderr


def test_it_runs_in_python_3_7_and_needs_the_standard_library_only(python37: str, place: Path) -> None:
    tree = ast.parse(SOURCE.read_text(), feature_version=(3, 7))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imported <= {
        "__future__", "collections", "collections.abc", "ctypes", "errno", "itertools", "os", "select", "struct", "sys",
        "typing",
    }  # fmt: skip
    program = (
        f"import runpy; watch = runpy.run_path({str(SOURCE)!r})['FileWatch']([{str(place)!r}])\n"
        f"open({str(place / 'data' / 'old.csv')!r}).read(); print(watch.drain())"
    )
    done = subprocess.run([python37, "-c", program], capture_output=True, text=True, check=True)
    assert re.findall(r"data/old.csv', '(\w+)'", done.stdout) == ["read"]
