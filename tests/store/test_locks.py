"""A lock keeps the other processes of this machine out, and dies with its holder."""

import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from pressrun.errors import CannotRestoreError
from pressrun.store.locks import LOCKS, exclusive

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no such locks")

HOLD = """
import sys
from pathlib import Path
from pressrun.store.locks import exclusive

with exclusive(Path(sys.argv[1]), "churn.production"):
    print("held", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    """Give a process that holds a lock of this folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield process
        process.kill()


def test_what_another_process_holds_is_not_given(tmp_path, holder):
    lock = exclusive(tmp_path, "churn.production", patience_s=0.1)
    with pytest.raises(CannotRestoreError, match="Nothing was changed"), lock:
        raise AssertionError("two hold it")


def test_another_name_is_another_lock(tmp_path, holder):
    with exclusive(tmp_path, "churn.staging", patience_s=0.1):
        pass


def test_what_a_killed_process_held_is_free(tmp_path, holder):
    holder.kill()
    holder.wait(timeout=30)
    with exclusive(tmp_path, "churn.production", patience_s=0.1):
        pass


def test_who_waits_gets_it_when_the_holder_ends(tmp_path, holder):
    threading.Timer(0.2, holder.stdin.close).start()
    with exclusive(tmp_path, "churn.production", patience_s=30):
        pass


def test_a_block_that_raises_lets_go(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path, "one"):
        raise ZeroDivisionError
    with exclusive(tmp_path, "one", patience_s=0):
        pass


def _count(folder, times):
    counter = folder / "counter"
    for _ in range(times):
        with exclusive(folder, "counter"):
            counter.write_text(str(int(counter.read_text()) + 1))


def test_nothing_is_lost_where_every_writer_holds_the_lock(tmp_path):
    (tmp_path / "counter").write_text("0")
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_count, args=(tmp_path, 10)) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(timeout=120)
        assert process.exitcode == 0
    assert (tmp_path / "counter").read_text() == "40"


def test_a_lock_is_readable_by_nobody_else(tmp_path):
    with exclusive(tmp_path, "one"):
        assert (tmp_path / LOCKS / "one.lock").stat().st_mode & 0o077 == 0
        assert (tmp_path / LOCKS).stat().st_mode & 0o077 == 0


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path):
    (tmp_path / LOCKS).mkdir()
    victim = tmp_path / "victim"
    (tmp_path / LOCKS / "one.lock").symlink_to(victim)
    with pytest.raises(CannotRestoreError, match="cannot be made"), exclusive(tmp_path, "one"):
        raise AssertionError("it was followed")
    assert not victim.exists()


def test_a_store_that_is_not_there_has_no_lock(tmp_path):
    with pytest.raises(CannotRestoreError, match="cannot be made"), exclusive(tmp_path / "absent", "one"):
        raise AssertionError("it was made")


@pytest.mark.parametrize("name", ["../one", "/one", "a/b", "a\0b"])
def test_a_name_that_leads_elsewhere_is_misuse(tmp_path, name):
    with pytest.raises(ValueError, match="no file name"), exclusive(tmp_path, name):
        raise AssertionError("it was made")
    assert list(tmp_path.iterdir()) == []
