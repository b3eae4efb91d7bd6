"""``pressrun compare`` at the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pressrun.interfaces.cli.main import run


def notebook(path: Path, *cells: tuple[str, str], python: str = "3.11.7") -> Path:
    """Write an executed notebook whose cells print."""
    written = [
        {
            "cell_type": "code",
            "execution_count": number,
            "id": f"cell-{number}",
            "metadata": {},
            "source": source,
            "outputs": [{"output_type": "stream", "name": "stdout", "text": text}] if text else [],
        }
        for number, (source, text) in enumerate(cells, 1)
    ]
    metadata: dict[str, Any] = {
        "kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"},
        "language_info": {"name": "python", "version": python},
    }
    document = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": written}
    path.write_text(json.dumps(document), encoding="utf-8")
    return path


FIT = ("X = np.random.rand(3)\nprint(X)", "[0.1 0.2 0.3]\n")


def test_equal_runs_exit_with_0(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    left = notebook(tmp_path / "a.ipynb", ("print(o)", "<Foo at 0x7f3a5c0d1e80>\n"), ("print(1)", "1\n"))
    right = notebook(tmp_path / "b.ipynb", ("print(o)", "<Foo at 0x7f3a5c0d1e99>\n"), ("print(1)", "1\n"))
    assert run(["compare", str(left), str(right)]) == 0
    text = capfd.readouterr().out
    assert "Same: identical after normalisation" in text
    assert "2 outputs: 1 identical, 1 identical after normalisation" in text
    assert "memory-address" in text


def test_different_runs_exit_with_4_and_name_cell_values_and_cause(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    left = notebook(tmp_path / "a.ipynb", FIT)
    right = notebook(tmp_path / "b.ipynb", (FIT[0], "[0.1 0.25 0.3]\n"))
    assert run(["compare", str(left), str(right)]) == 4
    text = capfd.readouterr().out
    for part in (
        "Different",
        "cell 0, output 0",
        "random numbers without a seed",
        "- [ 0.1 0.2 0.3",
        "+ [ 0.1 0.25 0.3",
    ):
        assert part in text


def test_json_is_one_object_and_nothing_else(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    left = notebook(tmp_path / "a.ipynb", FIT)
    right = notebook(tmp_path / "b.ipynb", (FIT[0], "[0.1 0.25 0.3]\n"))
    assert run(["compare", str(left), str(right), "--json"]) == 4
    report = json.loads(capfd.readouterr().out)
    assert report["same"] is False
    assert report["comparison"]["outputs"][0]["relative_difference"] == pytest.approx(0.2)
    assert report["difference"]["cause"] == "unseeded-randomness"


def test_the_tolerance_is_chosen_by_the_caller(tmp_path: Path) -> None:
    left = notebook(tmp_path / "a.ipynb", ("print(x)", "0.5000\n"))
    right = notebook(tmp_path / "b.ipynb", ("print(x)", "0.5004\n"))
    assert run(["compare", str(left), str(right)]) == 4
    assert run(["compare", str(left), str(right), "--tolerance", "0.01"]) == 0


def test_another_notation_is_excused_between_environments(tmp_path: Path) -> None:
    """By default the notebooks are asked: they name the Python that ran them."""
    left = notebook(tmp_path / "a.ipynb", ("print([x])", "[0.5]\n"))
    right = notebook(tmp_path / "b.ipynb", ("print([x])", "[np.float64(0.5)]\n"))
    newer = notebook(tmp_path / "c.ipynb", ("print([x])", "[np.float64(0.5)]\n"), python="3.13.1")
    assert run(["compare", str(left), str(right)]) == 4
    assert run(["compare", str(left), str(right), "--different-environments"]) == 0
    assert run(["compare", str(left), str(newer)]) == 0
    assert run(["compare", str(left), str(newer), "--same-environment"]) == 4


def test_a_run_that_never_was_is_not_the_same(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    left = notebook(tmp_path / "a.ipynb", ("print(1)", "1\n"))
    cleared = json.loads(left.read_text(encoding="utf-8"))
    cleared["cells"][0].update(outputs=[], execution_count=None)
    empty = tmp_path / "empty.ipynb"
    empty.write_text(json.dumps(cleared), encoding="utf-8")
    assert run(["compare", str(empty), str(left)]) == 4
    assert "Nothing was compared" in capfd.readouterr().out


@pytest.mark.parametrize("content", ["", "{}", "no json", '{"nbformat": 3, "worksheets": []}'])
def test_what_is_no_notebook_exits_with_2(tmp_path: Path, content: str) -> None:
    left = notebook(tmp_path / "a.ipynb", FIT)
    wrong = tmp_path / "wrong.ipynb"
    wrong.write_text(content, encoding="utf-8")
    assert run(["compare", str(left), str(wrong)]) == 2


@pytest.mark.parametrize("arguments", [["absent.ipynb", "absent.ipynb"], [], ["--tolerance", "-1", "a", "b"]])
def test_wrong_use_exits_with_2(arguments: list[str]) -> None:
    assert run(["compare", *arguments]) == 2


def test_markup_in_outputs_is_shown_as_it_is(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    left = notebook(tmp_path / "a.ipynb", ("print(x)", "[bold]a[/bold]\x1b[31m\n"))
    right = notebook(tmp_path / "b.ipynb", ("print(x)", "[bold]b[/x]\n"))
    assert run(["compare", str(left), str(right)]) == 4
    assert "[bold]a[/bold]" in capfd.readouterr().out
