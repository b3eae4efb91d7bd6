"""A program beside a notebook is never the one that is meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pressrun.store.programs import find_program


def _program(folder: Path, name: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text("#!/bin/sh\nexit 0\n")
    path.chmod(0o755)
    return path


def test_a_program_is_found_by_its_absolute_folder(tmp_path: Path) -> None:
    path = _program(tmp_path / "bin", "git")
    assert str(path) == find_program("git", {"PATH": str(tmp_path / "bin")})


@pytest.mark.parametrize("folders", [".", "", "bin", "./bin", "bin:.:", ":"])
def test_a_folder_that_depends_on_where_one_stands_is_passed_over(
    tmp_path: Path, folders: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _program(tmp_path, "pressrun-canary")
    _program(tmp_path / "bin", "pressrun-canary")
    monkeypatch.chdir(tmp_path)
    assert find_program("pressrun-canary", {"PATH": folders}) == ""


def test_a_program_of_the_system_is_found_without_a_path() -> None:
    assert find_program("sh", {}) in {"/usr/bin/sh", "/bin/sh"}
    assert find_program("sh") == find_program("sh", os.environ)


def test_what_is_not_installed_is_not_found() -> None:
    assert find_program("pressrun-no-such-program") == ""
