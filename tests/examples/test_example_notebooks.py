"""The example notebooks as files: nothing here runs a cell."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "example_notebooks"
NAMES = ["credit_default", "demand_forecast", "flight_delay", "messy", "text_classification"]
ANNOTATED = {"credit_default", "flight_delay"}
KINDS = {"parameters", "step", "data", "features", "model", "metrics", "check", "report", "skip"}


def load(name: str) -> dict:
    return json.loads((FOLDER / f"{name}.ipynb").read_text(encoding="utf-8"))


def code_cells(notebook: dict) -> list[dict]:
    return [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]


def declaration(cell: dict) -> str | None:
    """KIND NAME ... of a cell, in whichever of the spellings it is declared."""
    first = "".join(cell["source"]).partition("\n")[0]
    found = re.match(r"(?:%%|%|# ?%)register\s+(.+)", first)
    if found:
        return found[1]
    if "pressrun" in cell["metadata"]:
        return cell["metadata"]["pressrun"]["register"]
    return "parameters" if "parameters" in cell["metadata"].get("tags", []) else None


def test_no_other_notebook_is_there() -> None:
    assert sorted(path.stem for path in FOLDER.glob("*.ipynb")) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_file_is_as_jupyter_saves_it(name: str) -> None:
    notebook = load(name)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert notebook["metadata"]["kernelspec"]["name"] == "python3"
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}, "papermill's metadata?"
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"tags", "pressrun"}
    assert (FOLDER / f"{name}.ipynb").stat().st_size < 400_000


@pytest.mark.parametrize("name", NAMES)
def test_saved_outputs_are_a_finished_run(name: str) -> None:
    cells = [cell for cell in code_cells(load(name)) if "".join(cell["source"])]
    counts = [cell["execution_count"] for cell in cells]
    assert None not in counts
    if name != "messy":
        assert counts == list(range(1, len(cells) + 1))
    for cell in cells:
        for output in cell["outputs"]:
            assert output["output_type"] != "error"
            assert output.get("name") != "stderr", "a warning was saved"


@pytest.mark.parametrize("name", NAMES)
def test_only_files_of_this_folder_are_read(name: str) -> None:
    source = "\n".join("".join(cell["source"]) for cell in code_cells(load(name)))
    paths = re.findall(r"[\"']([^\"'\s]+\.(?:csv|tsv|parquet))[\"']", source)
    assert paths
    for path in paths:
        assert path.startswith("data/")
        assert (FOLDER / path).is_file()
    text = (FOLDER / f"{name}.ipynb").read_text(encoding="utf-8")
    assert not re.search(r"/(?:home|work|Users|root)/", text), "a path of someone's machine"


@pytest.mark.parametrize("name", NAMES)
def test_declarations(name: str) -> None:
    notebook = load(name)
    declared = [said for cell in code_cells(notebook) if (said := declaration(cell))]
    if name not in ANNOTATED:
        assert not declared
        assert "pressrun" not in json.dumps(notebook)
        return
    assert {said.split()[0] for said in declared} == KINDS
    for said in declared:
        kind, *rest = said.split()
        if kind in {"step", "data", "features", "model", "check"}:
            assert rest, said
            assert not rest[0].startswith("-"), said
    names = [tuple(said.split()[:2]) for said in declared if said.split()[0] not in {"report", "skip"}]
    assert len(set(names)) == len(names)


def test_data_is_what_the_readme_says() -> None:
    readme = (FOLDER / "README.md").read_text(encoding="utf-8")
    said = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", readme, re.MULTILINE))
    files = [path for path in (FOLDER / "data").iterdir() if path.suffix in {".csv", ".tsv", ".parquet"}]
    assert sum(path.stat().st_size for path in files) < 12_000_000
    assert said == {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}
