"""Paths and names that a bundle may hold."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.paths import collision_key, first_collision, name_from, name_problem, path_problem

GOOD = [
    "source.ipynb",
    "project/data/2024-01-01T00:00.csv",
    "models/churn/model.skops",
    "project/данные_v2/набор.csv",
    "project/Δt.csv",
    "project/売上.parquet",
    "a b/c (1).txt",
    ".hidden/file",
    "conference/auxiliary.txt",
    "/".join(["d"] * 31 + ["f"]),
    "x" * 255,
]
BAD = [
    "",
    ".",
    "..",
    "../x",
    "a/../b",
    "a/./b",
    "a//b",
    "a/",
    "/etc/passwd",
    "//server/share",
    "C:/x",
    "c:x",
    "a/C:b",
    "..\\x",
    "a\\b",
    "a\0b",
    "a\nb",
    "a\x7fb",
    "a\x1b[31mb",
    "con",
    "a/NUL",
    "a/aux.txt",
    "a/COM1.csv",
    "a/lpt¹",
    "a/con .txt",
    "trailing.",
    "trailing ",
    "a/b./c",
    "zero\u200bwidth",
    "right\u202eleft",
    "\ufeffbom",
    "line\u2028end",
    "half\ud800",
    "private\ue000",
    unicodedata.normalize("NFD", "é"),
    "р" + "ipeline.py",  # noqa: RUF001 - Cyrillic
    "x" * 256,
    "é" * 128,
    "/".join(["d"] * 32 + ["f"]),
    "/".join(["x" * 200] * 6),
]


@pytest.mark.parametrize("path", GOOD)
def test_an_ordinary_path_is_allowed(path):
    assert path_problem(path) == ""


@pytest.mark.parametrize("path", BAD)
def test_a_path_that_could_mean_something_else_is_refused(path):
    assert path_problem(path)


@given(st.text(max_size=40))
def test_an_allowed_path_stays_inside_and_has_one_spelling(path):
    """Whatever the text, an allowed path has only real parts and is its own normal form."""
    if path_problem(path):
        return
    assert not path.startswith("/")
    assert not {"", ".", ".."} & set(path.split("/"))
    assert unicodedata.normalize("NFC", path) == path
    assert path.encode().decode() == path


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("a", "a"),
        ("README.md", "readme.MD"),
        ("straße", "STRASSE"),
        ("ﬁle", "file"),
        ("data/x", "Data/y"),
        ("data", "data/x"),
        ("data/x", "data"),
        ("сор.csv", "cop.csv"),  # noqa: RUF001
        ("é", "É"),
    ],
)
def test_two_paths_that_some_system_takes_for_one_collide(one, other):
    assert first_collision(["z", one, other]) is not None


def test_paths_in_one_folder_do_not_collide():
    assert first_collision(["data/a", "data/b", "data/sub/a", "database"]) is None


@given(st.text(max_size=20))
def test_folding_a_folded_path_changes_nothing(path):
    key = collision_key(path)
    assert collision_key(key) == key


@pytest.mark.parametrize("name", ["a", "credit-default", "v1.2_x", "0", "a" * 128])
def test_a_plain_name_is_allowed(name):
    assert name_problem(name) == ""


@pytest.mark.parametrize("name", ["", "A", "-a", ".a", "a/b", "a b", "con", "nul.x", "a.", "é", "a" * 129, "a\n", ".."])
def test_a_name_that_is_no_identifier_is_refused(name):
    assert name_problem(name)


@given(st.text(max_size=200))
def test_a_name_made_from_any_text_is_allowed(text):
    assert name_problem(name_from(text)) == ""


@pytest.mark.parametrize("text", ["con", "aux.ipynb", "...", "données", "Demand Forecast"])
def test_a_name_is_made_from_a_file_name(text):
    assert name_problem(name_from(text)) == ""
