"""What the page on live work shows is what a kernel, papermill and nbclient say."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbclient
import nbformat
import pytest

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "how-to" / "live.md").read_text(encoding="utf-8")
CELLS = re.findall(r"^```ipython\n(.*?)\n^```$", PAGE, re.MULTILINE | re.DOTALL)
TEXTS = re.findall(r"^```text\n(.*?)\n^```$", PAGE, re.MULTILINE | re.DOTALL)
BARE = ["%%register step load\nx = 1", "print('later')"]
NOT_FOUND = "UsageError: Cell magic `%%register` not found."
NOT_INSTALLED = "ImportError: pressrun is not installed in this environment. Install it: %pip install pressrun"


def notebook(cells: list[str]) -> Any:
    made = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    made.metadata["kernelspec"] = {"name": "here", "display_name": "here", "language": "python"}
    return made


class Kernel:
    """A kernelspec called ``here`` that starts a kernel of some environment, in a folder of its own."""

    def __init__(self, folder: Path, python: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        spec = folder / "jupyter" / "kernels" / "here"
        spec.mkdir(parents=True)
        argv = [str(python), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        (spec / "kernel.json").write_text(json.dumps({"argv": argv, "display_name": "here", "language": "python"}))
        monkeypatch.setenv("JUPYTER_PATH", str(folder / "jupyter"))
        monkeypatch.setenv("IPYTHONDIR", str(folder / "profiles"))
        monkeypatch.setenv("NO_COLOR", "1")

    def papermill(self, cells: list[str]) -> tuple[int, str, Any]:
        """Return papermill's exit status, its message, and the notebook it wrote."""
        nbformat.write(notebook(cells), self.folder / "in.ipynb")
        done = subprocess.run(
            [sys.executable, "-m", "papermill", "--no-progress-bar", "in.ipynb", "out.ipynb"],
            cwd=self.folder, capture_output=True, text=True, check=False,
        )  # fmt: skip
        said = re.sub(r"\x1b\[[\d;]*m", "", done.stderr.rpartition("PapermillExecutionError:")[2])
        return done.returncode, said, nbformat.read(self.folder / "out.ipynb", 4)

    def nbclient(self, cells: list[str]) -> str:
        """Return the message of nbclient's error."""
        with pytest.raises(nbclient.exceptions.CellExecutionError) as caught:
            nbclient.NotebookClient(notebook(cells), kernel_name="here", timeout=60).execute()
        return str(caught.value)


@pytest.fixture
def without_pressrun(make_environment: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    return Kernel(tmp_path, make_environment("ipykernel7", "ipykernel>=7,<8"), monkeypatch)


def ran(written: Any) -> list[str]:
    return [cell.source for cell in written.cells if cell.cell_type == "code" and cell.execution_count]


@pytest.mark.slow
@pytest.mark.network
def test_papermill_says_nothing_of_a_registered_cell_and_the_notebook_it_writes_says_it(
    without_pressrun: Kernel,
) -> None:
    status, said, written = without_pressrun.papermill(BARE)
    assert status == 1
    assert said.strip("- \n") == 'Exception encountered at "In [1]":'
    told = ["".join(o.text).strip() for cell in written.cells for o in cell.get("outputs", ()) if "text" in o]
    assert (told, ran(written)) == ([NOT_FOUND], [BARE[0]])
    assert f"``{NOT_FOUND}``" in PAGE
    assert '`Exception encountered at "In [1]":` and nothing more' in PAGE


@pytest.mark.slow
@pytest.mark.network
def test_with_the_recommended_first_cell_papermill_says_how_to_get_it(without_pressrun: Kernel) -> None:
    status, said, written = without_pressrun.papermill([CELLS[0], *BARE])
    assert status == 1
    [shown] = [text for text in TEXTS if "run_line_magic" in text]
    assert [line for line in shown.splitlines() if line not in said.splitlines()] == []
    assert ran(written) == [CELLS[0]]


@pytest.mark.slow
@pytest.mark.network
def test_nbclient_shows_what_the_kernel_says(without_pressrun: Kernel) -> None:
    assert NOT_FOUND in without_pressrun.nbclient(BARE)
    assert "No module named 'pressrun'" in without_pressrun.nbclient([CELLS[0], *BARE])
    assert "ModuleNotFoundError: No module named 'pressrun'" in PAGE


@pytest.mark.slow
@pytest.mark.network
def test_after_enable_and_uninstall_papermill_and_nbclient_say_one_line(without_pressrun: Kernel) -> None:
    environment = {**os.environ, "HOME": str(without_pressrun.folder)}
    subprocess.run([sys.executable, "-m", "pressrun", "enable", "--user"], env=environment, check=True)
    status, said, written = without_pressrun.papermill(BARE)
    assert (status, said.strip().splitlines()[-1], ran(written)) == (1, NOT_INSTALLED, [BARE[0]])
    assert NOT_INSTALLED in without_pressrun.nbclient(BARE)
    assert NOT_INSTALLED in TEXTS


@pytest.mark.slow
def test_installed_and_not_loaded_looks_as_if_it_were_absent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel = Kernel(tmp_path, Path(sys.executable), monkeypatch)
    assert NOT_FOUND in kernel.nbclient(BARE)


@pytest.mark.slow
def test_the_cells_of_the_page_run_and_give_the_receipt_it_shows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Kernel(tmp_path, Path(sys.executable), monkeypatch)
    shown = notebook(CELLS)
    (tmp_path / "project").mkdir()
    monkeypatch.chdir(tmp_path / "project")
    Path("orders.csv").write_text("north,1\nsouth,2\nnorth,3\n")
    nbclient.NotebookClient(shown, kernel_name="here", timeout=60).execute()
    texts = [
        "".join(output.get("text", "") or output.get("data", {}).get("text/plain", ""))
        for cell in shown.cells
        for output in cell.outputs
    ]
    assert next(text for text in TEXTS if text.startswith("pressrun: step orders")) in texts
    assert any("orders" in text for text in texts[-2:])
