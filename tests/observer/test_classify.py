"""What an opened path or a started program is taken for."""

from __future__ import annotations

import os
from typing import Any

import pytest

from pressrun.observer.classify import access_of, command_word, is_noise, program_of

ROOTS = ("/usr/lib/python3.11/",)
SITE = "/env/lib/python3.11/site-packages"


@pytest.mark.parametrize(
    ("mode", "flags", "access"),
    [
        ("r", os.O_RDONLY, "r"),
        ("rb", 0, "r"),
        ("w", os.O_WRONLY | os.O_TRUNC, "w"),
        ("a", os.O_WRONLY | os.O_APPEND, "w"),
        ("x", 0, "w"),
        ("r+", os.O_RDWR, "rw"),
        ("w+", os.O_RDWR | os.O_TRUNC, "w"),
        ("w+", 0, "w"),
        ("r+b", 0, "rw"),
        (None, os.O_RDONLY, "r"),
        (None, os.O_WRONLY, "w"),
        (None, os.O_RDWR, "rw"),
        (None, os.O_RDWR | os.O_CREAT | os.O_TRUNC, "w"),
        (None, None, "r"),
    ],
)
def test_the_use_of_a_file_follows_from_mode_and_flags(mode: Any, flags: Any, access: str) -> None:
    assert access_of(mode, flags) == access


@pytest.mark.parametrize(
    "path",
    [
        "/usr/lib/python3.11/json/__init__.py",
        f"{SITE}/numpy/core.py",
        f"{SITE}/numpy/x.cpython-311.so",
        f"{SITE}/numpy-2.0.dist-info/METADATA",
        f"{SITE}/matplotlib/mpl-data/matplotlibrc",
        f"{SITE}/matplotlib/mpl-data/stylelib/ggplot.mplstyle",
        f"{SITE}/tzdata/zoneinfo/Europe/Berlin",
        f"{SITE}/certifi/cacert.pem",
        "/usr/share/zoneinfo/UTC",
        "/usr/local/share/fonts/a.ttf",
        "/home/me/.cache/matplotlib/fontlist-v390.json",
        "/home/me/.ipython/profile_default/startup/x",
        "/home/me/project/__pycache__/m.cpython-311.pyc",
        "/proc/self/status",
        "/sys/fs/cgroup/memory.max",
        "/dev/urandom",
        "/etc/mime.types",
    ],
)
def test_code_fonts_zones_settings_and_devices_are_no_data(path: str) -> None:
    assert is_noise(path, ROOTS)


@pytest.mark.parametrize(
    "path",
    [
        f"{SITE}/sklearn/datasets/data/iris.csv",
        f"{SITE}/statsmodels/datasets/sunspots/sunspots.csv",
        f"{SITE}/seaborn/data.json",
        "/usr/lib/python3/dist-packages/thing/data.csv",
        "/home/me/project/data.csv",
        "/home/me/project/helper.py",
        "/home/me/IPython/notes.txt",
        "/data/etc/x.csv",
        "/mnt/devices/dev.csv",
    ],
)
def test_data_is_data_wherever_it_lies(path: str) -> None:
    assert not is_noise(path, ROOTS)


@pytest.mark.parametrize(
    ("command", "word"),
    [
        ("ls -l /secret", "ls"),
        ("  /usr/bin/curl -u me:pw", "curl"),
        ("TOKEN=abc curl x", "curl"),
        ("A='x y' B=\"z w\" git clone", "git"),
        ("TOKEN=abc", ""),
        ("true&&false", "true"),
        ("cat<file", "cat"),
        ("", ""),
        (b"echo hi", "echo"),
    ],
)
def test_a_command_is_named_by_its_program_alone(command: Any, word: str) -> None:
    assert command_word(command) == word


@pytest.mark.parametrize(
    ("arguments", "executable", "word"),
    [
        (["git", "push", "https://me:pw@host"], None, "git"),
        (["/bin/sh", "-c", "curl -u me:pw host"], None, "curl"),
        (["bash", "-x", "secret"], None, "bash"),
        ("ls -l secret", None, "ls"),
        ([], "/usr/bin/env", "env"),
        ((b"/bin/ls", b"x"), None, "ls"),
        (None, None, ""),
    ],
)
def test_a_process_is_named_by_its_program_alone(arguments: Any, executable: Any, word: str) -> None:
    assert program_of(arguments, executable) == word
