"""The small project, pressed once for all stories."""

import json
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pressing import make_project, pressrun


@pytest.fixture(scope="session")
def pressed(tmp_path_factory):
    """Press the small project once; return its folder and the command's JSON."""
    folder = tmp_path_factory.mktemp("numbers")
    make_project(folder)
    done = pressrun("package", "notebooks/sums.ipynb", "-o", "bundle", "--json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(folder), json.loads(done.stdout)
