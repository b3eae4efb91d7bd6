"""What all tests share."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

# as pip does: where a company's own authority signs for the package index, the system knows it and uv alone does not
os.environ.setdefault("UV_SYSTEM_CERTS", "true")
# environments for tests are made with the interpreters that are there
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")


@pytest.fixture(scope="session")
def python37():
    """Give the path of a Python 3.7 that really starts; skip where there is none."""
    candidates = [os.environ.get("PRESSRUN_TEST_PYTHON37"), shutil.which("python3.7")]
    candidates += sorted(Path.home().glob(".pyenv/versions/3.7*/bin/python3.7"))
    for candidate in filter(None, candidates):
        done = subprocess.run([candidate, "-c", "import sys; print(sys.executable)"], capture_output=True, check=False)
        if done.returncode == 0:
            return done.stdout.decode().strip()
    pytest.skip("no Python 3.7 here: name one in PRESSRUN_TEST_PYTHON37")
