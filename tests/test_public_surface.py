"""The public surface: few names, each imported when it is used."""

import subprocess
import sys

import pytest

import pressrun

NAMES = [
    "PackageRequest",
    "PressrunError",
    "VerifyRequest",
    "compare",
    "inspect",
    "load_ipython_extension",
    "package",
    "panel",
    "replay",
    "unload_ipython_extension",
    "verify",
]


def test_the_public_names_are_these():
    assert pressrun.__all__ == NAMES == sorted(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_every_public_name_is_there_and_documented(name):
    assert getattr(pressrun, name).__doc__
    assert name in dir(pressrun)


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'approve'"):
        _ = pressrun.approve


def test_importing_pressrun_imports_no_room():
    code = "import sys, pressrun; print([m for m in sys.modules if m.startswith('pressrun.')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
