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
RESULTS_DIFFER = 4  # the outputs saved in the example come from the newest scikit-learn; an older one gives others
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
        also=RESULTS_DIFFER,
    )
    show("What is in the bundle", [str(PRESSRUN), "show", str(bundle)], project)
    show("Prove it again, from the bundle alone", [str(PRESSRUN), "verify", str(bundle), "--rebuild"], place)
    print(f"\nThe bundle is in {bundle}. Its README.md tells how to run it on a machine without pressrun.")


def show(title: str, command: list[str], folder: Path, also: int = 0) -> None:
    """Print a title and the command, run it in `folder`; `also` is an exit status besides 0 to go on after."""
    words = " ".join("pressrun" if word == str(PRESSRUN) else word for word in command)
    print(f"\n\033[1m{title}\033[0m\n$ {words}\n", flush=True)
    done = subprocess.run(command, cwd=folder, check=False)
    if done.returncode not in {0, also}:
        sys.exit(done.returncode)


if __name__ == "__main__":
    main()
