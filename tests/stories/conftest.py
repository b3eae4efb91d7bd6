"""The small project and the examples, each pressed once for all stories."""

import fcntl
import json
import os
import shutil
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from pressing import PressedExample, make_project, pressrun

EXAMPLES = Path(__file__).resolve().parents[2] / "example_notebooks"


@pytest.fixture(scope="session")
def pressed(tmp_path_factory):
    """Press the small project once; return its folder and the command's JSON."""
    folder = tmp_path_factory.mktemp("numbers")
    make_project(folder)
    done = pressrun("package", "notebooks/sums.ipynb", "-o", "bundle", "--json", cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return Path(folder), json.loads(done.stdout)


@pytest.fixture(scope="session")
def copy_examples():
    """Give a function that makes a project of the example notebooks in a new folder."""

    def copy(folder: Path) -> Path:
        shutil.copytree(EXAMPLES, folder, ignore=shutil.ignore_patterns(".pressrun", ".ipynb_checkpoints"))
        (folder / "pyproject.toml").write_text("[project]\nname = 'pilots'\nversion = '1'\n")
        return folder

    return copy


@pytest.fixture(scope="session")
def press_example(tmp_path_factory, copy_examples):
    """Give a function that presses an example once, whichever worker asks first; its project is gone afterwards.

    Nobody writes into the bundle that it returns: copy it before you do.
    """
    base = tmp_path_factory.getbasetemp()
    place = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "pressed-examples"

    def press(name: str) -> PressedExample:
        place.mkdir(exist_ok=True)
        said, bundle = place / f"{name}.json", place / name
        with (place / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not said.exists():
                folder = copy_examples(place / f"{name}-project")
                done = pressrun("package", f"{name}.ipynb", "-o", "bundle", "--json", cwd=folder)
                if done.returncode in {0, 4}:
                    shutil.move(folder / "bundle", bundle)
                shutil.rmtree(folder)
                said.write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
        return PressedExample(bundle, *json.loads(said.read_text()))

    return press
