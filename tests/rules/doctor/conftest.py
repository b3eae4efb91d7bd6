"""Notebooks for the doctor's rules, made from sources."""

from collections.abc import Callable

import pytest

from pressrun.notebook.doctor.analyse import analyse_notebook
from pressrun.notebook.read import cells_of
from pressrun.records.cells import Notebook
from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import Module, Surroundings
from pressrun.rules.doctor.diagnose import diagnose
from pressrun.rules.doctor.silence import silence

VERSIONS = {"pandas": "3.1.1", "numpy": "2.4.6", "scikit-learn": "1.9.1", "matplotlib": "3.11.0"}


def document_of(cells):
    """Return a notebook as JSON holds it; a cell is its source, or a mapping."""
    made = []
    for number, cell in enumerate(cells):
        said = {"source": cell} if isinstance(cell, str) else cell
        metadata = {"tags": said["tags"]} if "tags" in said else {}
        if "register" in said:
            metadata["pressrun"] = {"register": said["register"]}
        made.append(
            {
                "cell_type": "code",
                "id": f"cell-{number}",
                "metadata": metadata,
                "source": said["source"],
                "execution_count": said.get("count"),
                "outputs": [_output(output) for output in said.get("outputs", [])],
            }
        )
    return {"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": made}


def _output(output):
    text = output.get("text", "")
    if text.startswith("LARGE "):  # a large output would make the table unreadable
        return output | {"text": "a\n" * (int(text.removeprefix("LARGE ")) // 2)}
    return output


def surroundings(said):
    """Return surroundings from the table's short form."""
    plain = dict(said or {})
    plain["modules"] = {name: Module(**module) for name, module in plain.get("modules", {}).items()}
    plain["versions"] = plain.get("versions", VERSIONS)
    plain["python"] = tuple(plain.get("python", (3, 11)))
    plain["lacking"] = frozenset(tuple(pair) for pair in plain.get("lacking", ()))
    plain["pinned"] = frozenset(plain["pinned"]) if "pinned" in plain else None
    return Surroundings(**plain)


@pytest.fixture(scope="session")
def make_document():
    """Give a function from sources to a notebook as JSON holds it."""
    return document_of


@pytest.fixture(scope="session")
def make_around():
    """Give a function from the table's short form to surroundings."""
    return surroundings


@pytest.fixture(scope="session")
def findings_in() -> Callable[..., tuple[Finding, ...]]:
    """Give a function from cells and surroundings to what counts as found."""

    def find(cells, around=None):
        read = cells_of(document_of(cells))
        notebook = Notebook(
            path="nb.ipynb", digest="sha256:0", nbformat=(4, 5), language="python", kernel=None, cells=read
        )
        every = diagnose(analyse_notebook(notebook), surroundings(around))
        return silence(every, read, ())[0]

    return find
