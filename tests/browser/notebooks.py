"""Small notebooks for the browser's tests."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SPEC = {"name": "python3", "display_name": "Python 3 (ipykernel)", "language": "python"}


def write_notebook(path: Path, *sources: str) -> Path:
    """Write a notebook of these cells; those that begin with ``#md`` are text."""
    cells = [_cell(number, source) for number, source in enumerate(sources)]
    metadata = {"kernelspec": SPEC, "language_info": {"name": "python"}}
    path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
    return path


def _cell(number: int, source: str) -> dict[str, Any]:
    cell: dict[str, Any] = {"id": f"cell-{number}", "metadata": {}}
    if source.startswith("#md "):
        return {**cell, "cell_type": "markdown", "source": source.removeprefix("#md ")}
    return {**cell, "cell_type": "code", "outputs": [], "execution_count": None, "source": source}


SMALL = (
    "#md # Orders",
    "%load_ext pressrun",
    "%%register parameters\nregion = 'north'",
    "%%register data orders\nwith open('orders.csv') as file:\n    orders = file.read().split()\nlen(orders)",
    "%%register step count\nn = sum(order.startswith(region) for order in orders)\nprint(n)",
)


def small_project(folder: Path) -> Path:
    """Write a small notebook and its data into a folder; return the notebook."""
    (folder / "orders.csv").write_text("north,1\nsouth,2\nnorth,3\n")
    return write_notebook(folder / "orders.ipynb", *SMALL)
