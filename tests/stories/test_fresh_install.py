"""pressrun as a user gets it: from the index, without this repository's lock, into an empty home."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parents[2] / "scripts" / "fresh_install.py"


@pytest.mark.slow
@pytest.mark.network
def test_the_newest_releases_press_a_notebook_and_prove_it():
    done = subprocess.run([sys.executable, SCRIPT], capture_output=True, text=True, timeout=280, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.splitlines()[-1] == "fresh install: R4"
