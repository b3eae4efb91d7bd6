"""The bundle's notebook: runs in plain papermill, derived values follow injected ones."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pressrun.notebook.package.neutral_notebook import neutral_notebook

PARAMETERS = "n = 4  # rows\nhalf = n // 2\nname = 'x'\nlabel = (\n    f'{name}-{half}'\n)"


def _cells(made: Any, injection: str = "") -> list[dict[str, Any]]:
    document = json.loads(neutral_notebook(made.notebook, made.inspection, injection=injection).content)
    return [cell | {"source": "".join(cell["source"])} for cell in document["cells"]]


def test_declarations_and_outputs_are_gone_and_cells_keep_their_ids(make: Callable[..., Any]) -> None:
    """Everything else stays as it was."""
    made = make("%load_ext pressrun\n%matplotlib inline", "%%register step a\nx = 1", "%%register skip\n1 / 0", "x")
    cells = _cells(made)
    assert [cell["source"] for cell in cells] == ["# %load_ext pressrun\n%matplotlib inline", "x = 1", "x"]
    assert [cell["id"] for cell in cells] == ["c0", "c1", "c3"]
    assert all(cell["outputs"] == [] and cell["execution_count"] is None for cell in cells)


def test_derived_values_stand_behind_the_tagged_cell(make: Callable[..., Any]) -> None:
    """papermill injects between the two, so they are computed from what it injects."""
    cells = _cells(make("%%register parameters\n" + PARAMETERS, "print(label)"))
    assert [cell["metadata"] for cell in cells] == [{"tags": ["parameters"]}, {}, {}]
    assert [cell["source"] for cell in cells] == [
        "n = 4  # rows\nname = 'x'", "half = n // 2\nlabel = (\n    f'{name}-{half}'\n)", "print(label)",
    ]  # fmt: skip


def test_pressed_values_stand_in_the_tagged_cell(make: Callable[..., Any]) -> None:
    """They are the bundle's defaults; a derived value that was given stays given."""
    made = make((PARAMETERS, "parameters"), "print(label)")
    cells = _cells(made, made.injection(n=10, half=3))
    assert cells[0]["source"].endswith("# The values that this bundle was pressed with.\nn = 10")
    assert cells[1]["source"].endswith(")\nhalf = 3") or cells[1]["source"].splitlines()[-1] == "half = 3"


def test_a_cell_that_cannot_be_taken_apart_is_left_whole_and_named(make: Callable[..., Any]) -> None:
    """A reader has to know that injected values leave others stale."""
    made = make(("n = 4; half = n // 2", "parameters"))
    found = neutral_notebook(made.notebook, made.inspection)
    assert "cannot be taken apart" in found.notes[0]


def test_the_bytes_depend_on_the_notebook_alone(make: Callable[..., Any]) -> None:
    """Not on its folder."""
    made = [make((PARAMETERS, "parameters"), folder=folder) for folder in ("a", "b")]
    assert len({neutral_notebook(one.notebook, one.inspection).content for one in made}) == 1


@pytest.mark.slow
def test_plain_papermill_runs_it_with_other_parameters(make: Callable[..., Any], tmp_path: Path) -> None:
    """As anyone would, without pressrun in sight."""
    made = make("%%register parameters\n" + PARAMETERS, "%%register step show\nprint(label)")
    (tmp_path / "notebook.ipynb").write_bytes(neutral_notebook(made.notebook, made.inspection).content)
    subprocess.run(
        [sys.executable, "-m", "papermill", "notebook.ipynb", "out.ipynb", "-p", "n", "20", "--log-level", "ERROR"],
        cwd=tmp_path, check=True, capture_output=True,
    )  # fmt: skip
    outputs = json.loads((tmp_path / "out.ipynb").read_text())["cells"][-1]["outputs"]
    assert "".join(outputs[0]["text"]) == "x-10\n"
