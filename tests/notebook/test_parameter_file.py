"""A parameter file holds values and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from pressrun.errors import ParameterError
from pressrun.notebook.parameter_file import read_parameter_file


def read(tmp_path: Path, text: str) -> dict[str, object]:
    path = tmp_path / "p.yaml"
    path.write_text(text, encoding="utf-8")
    return read_parameter_file(path)


def test_values_are_read(tmp_path: Path) -> None:
    text = "n: 3\nrate: 0.5\nname: häuser\ncolumns: [a, b]\noptions:\n  deep: true\n"
    assert read(tmp_path, text) == {
        "n": 3,
        "rate": 0.5,
        "name": "häuser",
        "columns": ["a", "b"],
        "options": {"deep": True},
    }


def test_json_is_read(tmp_path: Path) -> None:
    assert read(tmp_path, '{"n": 1, "s": "x"}') == {"n": 1, "s": "x"}


def test_a_date_stays_as_it_is_written(tmp_path: Path) -> None:
    assert read(tmp_path, "day: 2024-02-29") == {"day": "2024-02-29"}


def test_an_empty_file_gives_nothing(tmp_path: Path) -> None:
    assert read(tmp_path, "# only a comment\n") == {}


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("n: 1\nn: 2", "stands twice"),
        ("o: {a: 1, a: 2}", "stands twice"),
        ("n: !!python/object/apply:os.system ['true']", "could not determine a constructor"),
        ("n: !!python/name:os.system", "could not determine a constructor"),
        ("a: &x [1]\nb: *x", "aliases"),
        ("- 1\n- 2", "no mapping"),
        ("1: 2", "no mapping"),
        ("just text", "no mapping"),
        ("a: [1", "expected"),
        ("? [1]\n: 2", "unhashable|no plain value"),
        ("a: " + "[" * 5000, "nested too deeply"),
    ],
)
def test_what_is_no_file_of_values_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(ParameterError, match=problem):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match="cannot be read"):
        read_parameter_file(tmp_path / "none.yaml")


def test_a_file_that_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "b.yaml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ParameterError, match="UTF-8"):
        read_parameter_file(tmp_path / "b.yaml")
