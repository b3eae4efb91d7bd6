"""Finding interpreters on this machine."""

from __future__ import annotations

import sys

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.interpreters import ask_interpreter, find_interpreter

MINOR = f"{sys.version_info[0]}.{sys.version_info[1]}"
FULL = ".".join(map(str, sys.version_info[:3]))


def test_the_exact_version_is_found_without_a_note():
    found, notes = find_interpreter(FULL)
    assert (found.version, notes) == (FULL, ())


def test_a_minor_version_is_enough():
    assert find_interpreter(MINOR)[0].version.startswith(MINOR + ".")


def test_a_path_is_taken_as_it_is(world):
    found, notes = find_interpreter(str(world.python))
    assert found.version == FULL
    assert notes == ()


def test_an_absent_version_names_the_remedy():
    with pytest.raises(EnvironmentRestoreError, match=r"3\.98 is not on this machine.*uv python install 3\.98"):
        find_interpreter("3.98")


@pytest.mark.parametrize("version", ["", "three", "3", "3.11; rm -rf x", "--help"])
def test_what_is_no_version_is_refused(version):
    with pytest.raises(EnvironmentRestoreError):
        find_interpreter(version)


def test_a_program_that_is_no_python_is_none(tmp_path):
    program = tmp_path / "python3.11"
    program.write_text("#!/bin/sh\necho command not found >&2\nexit 127\n")
    program.chmod(0o755)
    assert ask_interpreter(program) is None
    assert ask_interpreter(tmp_path / "absent") is None


def test_a_shim_that_fails_does_not_hide_a_real_interpreter(tmp_path):
    shim = tmp_path / f"python{MINOR}"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    assert find_interpreter(FULL, {"PATH": str(tmp_path)})[0].version == FULL
