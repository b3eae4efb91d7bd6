"""``%load_ext pressrun``: cells that begin with ``%%register`` run as if that line were not there.

The line is taken out by an input transformer, so that top-level ``await``, the last expression, tracebacks and the
cell's line numbers stay as they are. The transformer is pure, may be called many times a cell, and can never raise:
on a fault of its own it returns the lines untouched and says so in the log. What a declaration means is told by
``pressrun inspect``.
"""

from __future__ import annotations

import logging
from typing import Any

from pressrun.notebook.grammar import neutral_source

_log = logging.getLogger(__name__)


def strip_declaration(lines: list[str]) -> list[str]:
    """Return the lines of a cell with its declaration replaced by nothing to run; the number of lines stays.

    Args:
        lines: the cell's source as IPython hands it over, each line with its line end.
    """
    try:
        return neutral_source("".join(lines)).splitlines(keepends=True)
    except Exception:  # noqa: BLE001  a user's cell must run whatever happens here
        _log.warning("pressrun could not read this cell's first line; the cell runs unchanged", exc_info=True)
        return lines


def register(line: str, cell: str | None = None) -> None:
    """Declare what this cell is: ``%%register KIND [NAME] [--option value]...``.

    KIND is one of parameters, step, data, features, model, metrics, check, report, skip; a bare NAME means ``step
    NAME``. The line changes nothing in how the cell runs. ``pressrun inspect NOTEBOOK`` shows what was declared.
    """
    del line, cell


def load_ipython_extension(shell: Any) -> None:
    """Make ``%%register`` known to the shell; loading twice is the same as loading once."""
    if strip_declaration not in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.append(strip_declaration)
    shell.register_magic_function(register, magic_kind="line_cell", magic_name="register")


def unload_ipython_extension(shell: Any) -> None:
    """Take out what `load_ipython_extension` put in."""
    if strip_declaration in shell.input_transformers_cleanup:
        shell.input_transformers_cleanup.remove(strip_declaration)
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("register", None)
