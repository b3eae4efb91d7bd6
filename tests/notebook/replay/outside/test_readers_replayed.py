"""Every planted reader in real replays: with the recorder from outside all of them are seen, each in its cell."""

from __future__ import annotations

import importlib.util
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pressrun.notebook.replay.outside.command import find_tracer
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook

pytestmark = [pytest.mark.slow, pytest.mark.network]
PATH = Path(__file__).parents[3] / "fixtures" / "readers.py"


def planted() -> dict[str, list[Any]]:
    """Return family -> plants."""
    spec = importlib.util.spec_from_file_location("planted_readers", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    families: dict[str, list[Any]] = {}
    for plant in module.PLANTS:
        families.setdefault(plant.family, []).append(plant)
    return families


FAMILIES = planted()


@pytest.fixture(scope="module")
def place(make_environment: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Give an interpreter with the readers and a folder in which all files are written."""
    if not find_tracer().works:
        pytest.skip(f"nothing can be traced here: {find_tracer().reason}")
    python, folder = make_environment("readers", "readers.txt"), tmp_path_factory.mktemp("readers")
    sources = [plant.write for plants in FAMILIES.values() for plant in plants]
    code = "import json, sys\nfor source in json.load(sys.stdin): exec(source, {})"
    subprocess.run([python, "-W", "ignore", "-c", code], cwd=folder, input=json.dumps(sources), text=True, check=True)
    return python, folder


def test_there_are_enough_readers() -> None:
    assert sum(map(len, FAMILIES.values())) >= 25


@pytest.mark.parametrize("family", FAMILIES)
def test_every_planted_read_is_seen_in_its_cell(place: tuple[Path, Path], tmp_path: Path, family: str) -> None:
    python, folder = place
    plants = FAMILIES[family]
    cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
    cells = [{**cell, "id": f"c{number}", "source": plant.read} for number, plant in enumerate(plants)]
    notebook = folder / f"{family.replace(' ', '-')}.ipynb"
    notebook.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
    replay = replay_notebook(ReplayRequest(notebook=notebook, output=tmp_path / "out.ipynb", python=python))
    assert replay.verdict == "completed", replay.failure
    seen = replay.observation
    assert seen.coverage.level == "complete", seen.coverage
    told = {access.path: access for access in seen.files}
    for number, plant in enumerate(plants):
        for name in plant.files:
            access = told.get(str(folder / name))
            assert access is not None, f"{plant.name}: {name}"
            assert (access.first, number in access.cells) == ("read", True), f"{plant.name}: {access}"
