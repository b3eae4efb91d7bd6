"""Which variables a kernel gets."""

from __future__ import annotations

import os

from pressrun.notebook.replay.variables import kernel_environment, names_let_through

PRESENT = {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "TOKEN": "t", "AWS_SECRET_ACCESS_KEY": "s", "PYTHONPATH": "/p"}


def test_nothing_that_is_not_listed_is_let_through() -> None:
    assert names_let_through(PRESENT, ()) == ("HOME", "LC_ALL", "PATH")


def test_a_name_that_is_asked_for_is_let_through_where_it_is_set() -> None:
    assert names_let_through(PRESENT, ("TOKEN", "ABSENT")) == ("HOME", "LC_ALL", "PATH", "TOKEN")


def test_what_is_set_wins_and_the_kernels_programs_come_first() -> None:
    found = kernel_environment(PRESENT, ("HOME", "PATH"), {"HOME": "/other", "X": "1"}, "/env/bin")
    assert found == {"HOME": "/other", "PATH": f"/env/bin{os.pathsep}/bin", "X": "1"}


def test_without_a_path_the_systems_own_is_kept() -> None:
    assert kernel_environment({}, (), {}, "/env/bin")["PATH"] == f"/env/bin{os.pathsep}{os.defpath}"
