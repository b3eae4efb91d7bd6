"""Comparators of other packages are found by their entry point."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pressrun.actions.compare import find_comparators
from pressrun.errors import UsageError

MODULE = '''
class Atoms:
    """Compares molecules."""

    name = "atoms"
    mimes = ("application/vnd.molecule",)

    def normalise(self, mime, value, context):
        """Leave it."""

    def compare(self, mime, expected, found, context):
        """Say different."""


NOTHING = object()
'''


def offer(folder: Path, target: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install a package that offers a comparator."""
    (folder / "atoms_for_tests.py").write_text(MODULE, encoding="utf-8")
    info = folder / "atoms_for_tests-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: atoms-for-tests\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(f"[pressrun.comparators]\natoms = {target}\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.delitem(sys.modules, "atoms_for_tests", raising=False)


def test_an_installed_comparator_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    offer(tmp_path, "atoms_for_tests:Atoms", monkeypatch)
    assert find_comparators().for_mime("application/vnd.molecule").name == "atoms"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("atoms_for_tests:NOTHING", "'atoms' is no comparator"),
        ("atoms_for_tests:Absent", "'atoms' cannot be loaded: AttributeError"),
        ("absent_for_tests:Absent", "'atoms' cannot be loaded: ModuleNotFoundError"),
    ],
)
def test_a_broken_comparator_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, message: str
) -> None:
    offer(tmp_path, target, monkeypatch)
    with pytest.raises(UsageError, match=message):
        find_comparators()


def test_without_one_the_built_in_comparators_do() -> None:
    assert find_comparators().for_mime("text/html").name == "html"
