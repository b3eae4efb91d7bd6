"""Look at a notebook without running it."""

from __future__ import annotations

from pathlib import Path

from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import read_notebook
from pressrun.records.cells import Inspection


def inspect(path: Path) -> Inspection:
    """Read a notebook and return what it says of itself.

    Raises:
        NotebookFormatError: the file is no notebook that pressrun can read.
        DeclarationError: a declaration in it is wrong.
    """
    return inspect_notebook(read_notebook(path))
