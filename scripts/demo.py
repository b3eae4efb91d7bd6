"""Press an example notebook, show the receipt, and run the bundle without pressrun.

Everything it makes lies in one temporary folder, which is named at the end.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXAMPLES = ROOT / "example_notebooks"
NOTEBOOK = "credit_default.ipynb"
PRESSRUN = Path(sys.executable).parent / "pressrun"


def main() -> None:
    """Run the demonstration; end with the first failing command's exit status."""
    place = Path(tempfile.mkdtemp(prefix="pressrun-demo-"))
    project = place / "project"
    shutil.copytree(EXAMPLES, project, ignore=shutil.ignore_patterns(".ipynb_checkpoints", ".pressrun"))
    show("What the notebook says of itself", [str(PRESSRUN), "inspect", NOTEBOOK], project)
    bundle = place / "credit-default"
    show(
        "Replay it, prove the result in a rebuilt environment, package it",
        [str(PRESSRUN), "package", NOTEBOOK, "--name", "credit-default", "-o", str(bundle)],
        project,
    )
    show("What is in the bundle", [str(PRESSRUN), "show", str(bundle)], project)
    show("Prove it again, from the bundle alone", [str(PRESSRUN), "verify", str(bundle), "--rebuild"], place)
    print(f"\nThe bundle is in {bundle}. Its README.md tells how to run it on a machine without pressrun.")


def show(title: str, command: list[str], folder: Path) -> None:
    """Print a title and the command, run it in `folder`."""
    words = " ".join("pressrun" if word == str(PRESSRUN) else word for word in command)
    print(f"\n\033[1m{title}\033[0m\n$ {words}\n", flush=True)
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode != 0:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
