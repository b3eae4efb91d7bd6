"""Which folder a notebook's paths are relative to."""

from __future__ import annotations

import pytest

from pressrun.notebook.project import find_project


@pytest.fixture
def deep(tmp_path):
    folder = tmp_path / "a" / "b" / "c"
    folder.mkdir(parents=True)
    (folder / "n.ipynb").write_text("{}")
    return folder


def test_without_any_mark_it_is_the_notebooks_folder(deep):
    assert find_project(deep / "n.ipynb") == deep
    assert find_project(deep) == deep


@pytest.mark.parametrize("mark", [".git", ".pressrun", "pyproject.toml"])
def test_a_mark_above_makes_the_project(deep, tmp_path, mark):
    (tmp_path / "a" / mark).mkdir()
    assert find_project(deep / "n.ipynb") == tmp_path / "a"


def test_a_repository_wins_over_a_nearer_pyproject(deep, tmp_path):
    (tmp_path / "a" / ".git").write_text("gitdir: elsewhere")
    (deep / "pyproject.toml").write_text("")
    assert find_project(deep / "n.ipynb") == tmp_path / "a"


def test_the_nearest_mark_wins(deep, tmp_path):
    (tmp_path / "a" / "pyproject.toml").write_text("")
    (tmp_path / "a" / "b" / ".pressrun").mkdir()
    assert find_project(deep / "n.ipynb") == tmp_path / "a" / "b"


def test_a_home_under_version_control_is_nobodys_project(deep, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path / "a"))
    (tmp_path / "a" / ".git").mkdir()
    assert find_project(deep / "n.ipynb") == deep
    assert find_project(tmp_path / "a" / "n.ipynb") == tmp_path / "a"


def test_a_relative_path_is_understood(deep, monkeypatch):
    monkeypatch.chdir(deep)
    assert find_project(type(deep)("n.ipynb")) == deep
