"""What all tests share."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

# as pip does: where a company's own authority signs for the package index, the system knows it and uv alone does not
os.environ.setdefault("UV_SYSTEM_CERTS", "true")
# environments for tests are made with the interpreters that are there
os.environ.setdefault("UV_PYTHON_DOWNLOADS", "never")
# runs are recorded in a journal that somebody's key signs; the one of whoever runs the tests is not for that
os.environ.setdefault("PRESSRUN_JOURNAL_KEY", str(Path(sys.prefix) / "test-journal.key"))


@pytest.fixture(autouse=True, scope="module")
def _variables_stay():
    """See that tests leave the settings of pressrun as they were: the next ones would act as somebody else."""
    before = _settings()
    yield
    assert _settings() == before


def _settings():
    return {name: value for name, value in os.environ.items() if name.startswith("PRESSRUN_")}


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


@pytest.fixture(scope="session")
def make_environment() -> Callable[..., Path]:
    """Give a function that makes an environment from requirements, once for all workers and runs.

    ``make_environment("ipykernel6", "ipykernel>=6.29,<7")`` gives the path of its python; a word that ends in ``.txt``
    is a file in ``requirements/`` with hashes; `constraints` names one whose versions are taken. It lies beside the
    environment that runs the tests, so that ``make clean`` removes it.
    """
    root = Path(__file__).resolve().parent.parent
    place = Path(sys.prefix) / "test-environments"

    def make(name: str, *requirements: str, python: str = sys.executable, constraints: str = "") -> Path:
        files = [root / "requirements" / word for word in requirements if word.endswith(".txt")]
        words = [word for word in requirements if not word.endswith(".txt")]
        limits = [root / "requirements" / constraints] if constraints else []
        texts = [file.read_text(encoding="utf-8") for file in [*files, *limits]]
        wanted = "\n".join([python, sys.version, *words, *texts])
        folder = place / f"{name}-{hashlib.sha256(wanted.encode()).hexdigest()[:12]}"
        made = folder / "bin" / "python"
        place.mkdir(exist_ok=True)
        with (place / f"{folder.name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not (folder / "complete").exists():
                uv = [sys.executable, "-m", "uv", "--quiet"]
                subprocess.run([*uv, "venv", "--clear", "--python", python, str(folder)], check=True)
                install = [*uv, "pip", "install", "--python", str(made)]
                limited = [word for limit in limits for word in ("--constraint", str(limit))]
                for file in files:
                    subprocess.run([*install, "--require-hashes", "-r", str(file)], check=True)
                if words:
                    subprocess.run([*install, *limited, *words], check=True)
                (folder / "complete").touch()
        return made

    return make
