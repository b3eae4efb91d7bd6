"""``pressrun inspect`` as it is called."""

import json
import os
import subprocess
import sys

import pytest

from pressrun.interfaces.cli.main import run

SOURCES = [
    "%%register parameters\nstart: str = 'a=b'  # where to begin\nn = 10\nhalf = n // 2",
    "%%register data rows\nrows = [start] * n",
    "%%register model mean --object m --sample rows\nm = len(rows) / half",
    "%%register skip\nprint(m)",
]


@pytest.fixture
def notebook(tmp_path):
    def write(*sources, **metadata):
        cells = [
            {"cell_type": "code", "metadata": {}, "source": s, "execution_count": None, "id": f"c{i}",
             "outputs": [{"output_type": "stream", "name": "stdout", "text": ["secret output"]}]}
            for i, s in enumerate(sources)
        ]  # fmt: skip
        path = tmp_path / "nb.ipynb"
        path.write_text(json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}))
        return path

    return write


def test_the_view_shows_parameters_cells_steps_and_problems(notebook, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["inspect", str(notebook(*SOURCES))]) == 0
    text = capsys.readouterr().out
    parts = [
        "start",
        "'a=b'",
        "where to begin",
        "n // 2",
        "from n",
        "--object m",
        "rows = [start] * n",
        "skip",
        "takes",
    ]
    assert [part for part in [*parts, "No problems found."] if part not in text] == []
    assert max(map(len, text.splitlines())) <= 100


def test_suggestions_are_marked_as_such(notebook, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert run(["inspect", str(notebook("limit = 5", "print(limit)"))]) == 0
    text = capsys.readouterr().out
    assert "Suggested parameters" in text
    assert "cannot be given yet" in text


def test_problems_are_shown_with_their_place_and_the_command_succeeds(notebook, capsys):
    assert run(["inspect", str(notebook("%%register skip\nx = 1", "y = 1\nprint(x)"))]) == 0
    text = capsys.readouterr().out
    assert "error" in text
    assert "cell 1, line 2" in text


def test_text_that_looks_like_markup_is_shown_as_it_is(notebook, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "100")
    assert (
        run(["inspect", str(notebook("%%register parameters\ns = '[bold]x[/bold]'  # [red]", "print(s, ':smile:')"))])
        == 0
    )
    text = capsys.readouterr().out
    assert "'[bold]x[/bold]'" in text
    assert "[red]" in text
    assert ":smile:" in text


def test_json_is_one_object_with_everything_but_the_outputs(notebook, capsys):
    assert run(["inspect", str(notebook(*SOURCES)), "--json"]) == 0
    text = capsys.readouterr().out
    found = json.loads(text)
    assert {
        "path",
        "digest",
        "kernel",
        "cells",
        "parameters",
        "suggested_parameters",
        "flows",
        "steps",
        "problems",
    } <= set(found)
    assert [p["name"] for p in found["parameters"]] == ["start", "n", "half"]
    assert found["parameters"][2]["derived_from"] == ["n"]
    assert "secret output" not in text


def test_json_does_not_import_rich_and_nothing_imports_a_notebook_library(notebook):
    code = (
        "import sys\nfrom pressrun.interfaces.cli.main import run\nrun(['inspect', sys.argv[1], '--json'])\n"
        "names = ('rich', 'nbformat', 'papermill', 'IPython', 'nbconvert', 'jupyter_client')\n"
        "print([name for name in names if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(notebook(*SOURCES))], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("sources", "metadata", "answer"),
    [
        (["%%register modle m"], {}, "Did you mean 'model'?"),
        (["x <- 1"], {"kernelspec": {"name": "ir", "language": "R"}}, "written in R"),
    ],
)
def test_a_notebook_that_cannot_be_read_is_wrong_use(notebook, capsys, sources, metadata, answer):
    assert run(["inspect", str(notebook(*sources, **metadata))]) == 2
    captured = capsys.readouterr()
    assert answer in captured.err
    assert captured.out == ""


def test_with_json_an_error_is_the_one_object(notebook, capsys):
    assert run(["inspect", str(notebook("%%register modle m")), "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["error"]["kind"] == "DeclarationError"


def test_a_missing_file_is_wrong_use(tmp_path, capsys):
    assert run(["inspect", str(tmp_path / "absent.ipynb")]) == 2
    assert "no such file" in capsys.readouterr().err


def test_an_inspection_costs_less_than_a_second_of_cpu(notebook):
    path = notebook(*SOURCES)
    before = os.times()
    subprocess.run([sys.executable, "-m", "pressrun", "inspect", str(path)], check=True, capture_output=True)
    after = os.times()
    assert after.children_user + after.children_system - before.children_user - before.children_system < 1
