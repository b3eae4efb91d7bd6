"""Build the panel for JupyterLab and install it into ``.venv``; do nothing when it is what its sources say.

Node, yarn (``jlpm``) and the builder come from ``.venv``. The packages that it is compiled against are those of
``labextension/yarn.lock``; they are kept in ``labextension/node_modules``.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PANEL = ROOT / "labextension"
DIST = PANEL / "dist"
VENV = ROOT / ".venv"
INSTALLED = VENV / "share" / "jupyter" / "labextensions" / "@pressrun" / "labextension"
PACKAGES_STAMP = PANEL / "node_modules" / ".pressrun-packages"
BUILT_STAMP = PANEL / "lib" / ".pressrun-built"
RESOLVED = ("package.json", "yarn.lock", ".yarnrc.yml", "unneeded/package.json")
SOURCES = (*RESOLVED, "tsconfig.json", "rspack.config.cjs", "tidy.mjs", "install.json", "src", "schema", "style")


def main() -> None:
    """Fetch what is missing, build what is old, install it."""
    wanted = digest_of(RESOLVED)
    if not is_stamped(PACKAGES_STAMP, wanted):
        print("Fetching the packages that the panel is compiled against (once) ...", flush=True)
        run("jlpm", "install", "--immutable")
        PACKAGES_STAMP.write_text(wanted, encoding="utf-8")
    wanted = digest_of(SOURCES)
    if not is_stamped(BUILT_STAMP, wanted) or not (DIST / "package.json").exists():
        print("Building the panel ...", flush=True)
        shutil.rmtree(BUILT_STAMP.parent, ignore_errors=True)
        run("jlpm", "build")
        BUILT_STAMP.write_text(wanted, encoding="utf-8")
    install()


def install() -> None:
    """Copy the built panel to where JupyterLab of ``.venv`` looks for it, as the wheel does.

    A copy, not a link: pip removes the files of the version before when the project is installed again.
    """
    files = {path.relative_to(DIST): path.read_bytes() for path in sorted(DIST.rglob("*")) if path.is_file()}
    files[Path("install.json")] = (PANEL / "install.json").read_bytes()
    if INSTALLED.is_dir() and not INSTALLED.is_symlink():
        there = {path.relative_to(INSTALLED): path.read_bytes() for path in INSTALLED.rglob("*") if path.is_file()}
        if there == files:
            return
        shutil.rmtree(INSTALLED)
    elif INSTALLED.is_symlink():
        INSTALLED.unlink()
    for name, content in files.items():
        target = INSTALLED / name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


def digest_of(names: Iterable[str]) -> str:
    """Return one digest of files and folders of the panel."""
    digest = hashlib.sha256()
    for name in names:
        place = PANEL / name
        for path in [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file()):
            digest.update(f"{path.relative_to(PANEL).as_posix()}\0{path.stat().st_size}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def is_stamped(stamp: Path, wanted: str) -> bool:
    """Whether a stamp says that something was made of what is there now."""
    return stamp.exists() and stamp.read_text(encoding="utf-8") == wanted


def run(program: str, *arguments: str) -> None:
    """Run a program of ``.venv`` in the panel's folder; end with what it said when it fails."""
    environment = {**os.environ, "PATH": f"{VENV / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"}
    environment.setdefault("NODE_USE_SYSTEM_CA", "1")  # as pip does: a company's own authority counts
    command = [str(VENV / "bin" / program), *arguments]
    done = subprocess.run(
        command, cwd=PANEL, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        sys.exit(f"{' '.join((program, *arguments))} failed in {PANEL.name}/:\n{done.stdout}")


if __name__ == "__main__":
    main()
