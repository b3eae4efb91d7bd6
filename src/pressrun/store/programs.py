"""Finds the programs that are run for us, in folders that no project can put itself into."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

STANDARD_FOLDERS = ("/usr/local/bin", "/usr/bin", "/bin")


def find_program(name: str, environ: Mapping[str, str] | None = None) -> str:
    """Return the absolute path of a program; empty when there is none.

    A relative folder in PATH, or an empty one, means whatever folder the command happens to be run in: a program that
    lies beside a notebook is not what was meant. Such folders are passed over.

    Args:
        name: of the program.
        environ: environment variables; by default those of this process.
    """
    searched = (os.environ if environ is None else environ).get("PATH", "")
    folders = [folder for folder in searched.split(os.pathsep) if Path(folder).is_absolute()]
    found = shutil.which(name, path=os.pathsep.join([*folders, *STANDARD_FOLDERS]))
    return found if found is not None and Path(found).is_absolute() else ""
