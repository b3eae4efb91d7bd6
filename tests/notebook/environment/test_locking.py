"""One process at a time."""

from __future__ import annotations

import subprocess
import sys

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.locking import exclusive

HOLDER = (
    "import sys; from pathlib import Path; from pressrun.notebook.environment.locking import exclusive\n"
    "with exclusive(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()\n"
)


def test_a_second_process_waits_and_then_gives_up(tmp_path):
    lock = tmp_path / "a.lock"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(lock)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with holder:
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentRestoreError, match="another process"), exclusive(lock, timeout_s=0.2):
            pytest.fail("two processes held one lock")
        holder.kill()
    with exclusive(lock, timeout_s=5):
        pass


def test_it_is_free_again_after_an_error(tmp_path):
    with pytest.raises(ZeroDivisionError), exclusive(tmp_path / "a.lock"):
        _ = 1 / 0
    with exclusive(tmp_path / "a.lock", timeout_s=0.1):
        pass
