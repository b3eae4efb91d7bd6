"""Make ``.venv`` with everything that the project's own commands need.

Runs with the standard library of any Python from 3.10 on. Does nothing when ``.venv`` already is what the pinned
requirements ask for. Uses the system's package manager only where Python's own ``venv`` module is incomplete (Debian
keeps it in a package of its own), and says what is missing where it cannot.

usage: setup.py [--browser]

``--browser`` gets the browser that tests of the panel drive, and nothing else.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
STAMP = VENV / "pressrun-setup"
REQUIREMENTS = ROOT / "requirements" / "dev.txt"
PROGRAMS = {"strace": "strace", "bwrap": "bubblewrap", "postgres": "postgresql"}
BROWSER = {"chromium": "chromium"}  # larger than all the others together, and only tests of the panel drive it
ELSEWHERE = {"postgres": Path("/usr/lib/postgresql")}  # Debian keeps several versions of it, none of them in the PATH


def main() -> None:
    """Make or renew the environment."""
    if "--browser" in sys.argv[1:]:
        add_programs(BROWSER)
        return
    add_programs(PROGRAMS)
    wanted = fingerprint()
    if PYTHON.exists() and STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    print("Setting up .venv (once; a few minutes on a slow connection) ...", flush=True)
    make_venv()
    if not (VENV / "bin" / "uv").exists():
        run([str(PYTHON), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "uv"])
    uv = [str(VENV / "bin" / "uv"), "pip"]
    target = ["--quiet", "--python", str(PYTHON)]
    run([*uv, "sync", *target, "--require-hashes", str(REQUIREMENTS)])
    run([*uv, "install", *target, "--no-deps", "--editable", str(ROOT)])
    STAMP.write_text(wanted, encoding="utf-8")


def fingerprint() -> str:
    """Return what the environment depends on, as one digest."""
    digest = hashlib.sha256(f"{sys.version_info[:2]} {ROOT}".encode())
    for path in (REQUIREMENTS, ROOT / "pyproject.toml", Path(__file__)):
        digest.update(path.read_bytes())
    return digest.hexdigest()


def add_programs(wanted: dict[str, str]) -> None:
    """Install the programs that some tests run, where the system's package manager can; say which tests lack them."""
    missing = {name: package for name, package in wanted.items() if not is_here(name)}
    if not missing or not sys.platform.startswith("linux"):
        return
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        update = subprocess.run([apt, "update", "-q"], capture_output=True, check=False)
        command = [apt, "install", "-y", "-q", "--no-install-recommends", *missing.values()]
        if subprocess.run(command, capture_output=True, check=False).returncode == 0:
            return
        print(f"apt-get could not install {', '.join(missing.values())} (update: {update.returncode}).", flush=True)
    print(f"Not here: {', '.join(missing)}. The tests that need them are skipped.", flush=True)


def is_here(program: str) -> bool:
    """Return whether a program is installed."""
    folder = ELSEWHERE.get(program)
    return shutil.which(program) is not None or (folder is not None and any(folder.glob(f"*/bin/{program}")))


def make_venv() -> None:
    """Make the virtual environment, with Debian's missing part installed where that is possible."""
    if (
        PYTHON.exists()
        and subprocess.run([str(PYTHON), "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
    ):
        return
    command = [sys.executable, "-m", "venv", "--clear", str(VENV)]
    if subprocess.run(command, capture_output=True, check=False).returncode == 0:
        return
    apt = shutil.which("apt-get")
    if apt and os.geteuid() == 0:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        run([apt, "update", "-q"])
        run([apt, "install", "-y", "-q", package])
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        sys.exit(
            f"{sys.executable} cannot make a virtual environment:\n{done.stdout}{done.stderr}\n"
            "Install its venv module (Debian and Ubuntu: apt-get install python3-venv) and run make again."
        )


def run(command: list[str]) -> None:
    """Run `command`; end with its output when it fails."""
    # An inherited VIRTUAL_ENV or PYTHONPATH would point the installer at another environment.
    clean = {
        k: v for k, v in os.environ.items() if k not in {"VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX"}
    }
    clean.setdefault("UV_SYSTEM_CERTS", "true")  # as pip does: a company's own authority counts
    clean["HATCH_JUPYTER_BUILDER_SKIP_NPM"] = "1"  # the panel is built by `make panel`, for those who want it
    done = subprocess.run(command, cwd=ROOT, env=clean, check=False)
    if done.returncode != 0:
        sys.exit(f"failed with exit status {done.returncode}: {' '.join(command)}")


if __name__ == "__main__":
    main()
