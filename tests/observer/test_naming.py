"""What an argument, a pattern or a query is taken to name."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest

from pressrun.observer.naming import clean_url, files_named, local_path, query_files, texts_in


@pytest.mark.parametrize(
    ("value", "texts"),
    [
        ("a.csv", ["a.csv"]),
        (Path("a.csv"), ["a.csv"]),
        (["a.csv", Path("b.csv")], ["a.csv", "b.csv"]),
        ([["a.csv"], ("b.csv",)], ["a.csv", "b.csv"]),
        (b"a,b\n1,2", []),
        (io.BytesIO(b"x"), []),
        (3, []),
        (None, []),
        ("", []),
        ("a\0b", []),
        ("x" * 5000, []),
        ([[[[["deep"]]]]], []),
    ],
)
def test_only_text_and_path_objects_name_files(value: Any, texts: list[str]) -> None:
    assert texts_in(value) == texts


def test_bytes_are_a_path_where_the_reader_takes_them_as_one() -> None:
    assert texts_in(b"a.h5", with_bytes=True) == ["a.h5"]


def test_a_pattern_names_the_files_that_are_there_and_the_folder_whose_names_decide(tmp_path: Path) -> None:
    for name in ("a/1.csv", "a/2.csv", "a/x.txt", "b/3.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files, folders = files_named(f"{tmp_path}/a/*.csv")
    assert (sorted(files), folders) == ([f"{tmp_path}/a/1.csv", f"{tmp_path}/a/2.csv"], [f"{tmp_path}/a"])
    files, folders = files_named(f"{tmp_path}/**/*.csv")
    assert sorted(files) == [f"{tmp_path}/a/1.csv", f"{tmp_path}/a/2.csv", f"{tmp_path}/b/3.csv"]
    assert files_named(f"{tmp_path}/none.csv") == ([], [])


def test_a_folder_names_its_files_but_those_that_readers_skip(tmp_path: Path) -> None:
    for name in ("part=1/x.parquet", "_SUCCESS", ".crc", "_log/0.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    files, folders = files_named(str(tmp_path))
    assert (files, folders) == ([f"{tmp_path}/part=1/x.parquet"], [str(tmp_path), f"{tmp_path}/part=1"])


def test_a_file_with_stars_in_its_name_is_itself(tmp_path: Path) -> None:
    (tmp_path / "a*.csv").touch()
    (tmp_path / "ab.csv").touch()
    assert files_named(f"{tmp_path}/a*.csv") == ([f"{tmp_path}/a*.csv"], [])


def test_a_file_url_is_a_path() -> None:
    assert local_path("file:///data/a%20b.csv") == "/data/a b.csv"


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://me:pw@host:8/p?a=1#part", "https://host:8/p?a=1"),
        ("https://host/p?api_key=abc&page=2", "https://host/p?api_key=***&page=2"),
        (
            "https://b/k?X-Amz-Credential=AK&X-Amz-Signature=f0&x=1",
            "https://b/k?X-Amz-Credential=***&X-Amz-Signature=***&x=1",
        ),
        ("https://host/p?v=0123456789abcdef0123456789abcdef", "https://host/p?v=***"),
        ("https://host/p?0123456789abcdef0123456789abcdef", "https://host/p?***"),
        ("https://host/p?sig=", "https://host/p?sig="),
        ("s3://bucket/a/b.csv", "s3://bucket/a/b.csv"),
        ("postgresql://me:pw@db/x", "postgresql://db/x"),
        ("sqlite:///a.db", "sqlite:///a.db"),
    ],
)
def test_a_url_is_written_down_without_what_is_secret(url: str, clean: str) -> None:
    assert clean_url(url) == clean


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("select * from 'a.csv' where x = 'no.csv'", [("a.csv", "r")]),
        ("select * from \"a.csv\" t join 'b.csv' using (id)", [("a.csv", "r"), ("b.csv", "r")]),
        ("from read_csv(['a', 'b'], header = true)", [("a", "r"), ("b", "r")]),
        ("from parquet_scan('a/*.parquet')", [("a/*.parquet", "r")]),
        ("select * from t, 'b.csv'", [("b.csv", "r")]),
        ("select * from (select * from 'a.csv'), 'b.csv'", [("a.csv", "r"), ("b.csv", "r")]),
        ("with a as (from 'b.csv') select * from a join 'c.csv' on a.x = 'no'", [("b.csv", "r"), ("c.csv", "r")]),
        ("select * from t where a in ('f.csv', 'g.csv')", []),
        ("insert into t values ('a.csv')", []),
        ("-- from 'x'\nselect 1 /* from 'y' */", []),
        ("from 'it''s.csv'", [("it's.csv", "r")]),
        ("from $$q.csv$$", [("q.csv", "r")]),
        ("copy t from 'x.csv'", [("x.csv", "r")]),
        ("copy t to 'out.parquet' (format parquet)", [("out.parquet", "w")]),
        ("COPY (select * from 'in.csv') TO 'o.csv'", [("in.csv", "r"), ("o.csv", "w")]),
        ("export database 'dir'", [("dir", "w")]),
        ("import database 'dir'", [("dir", "r")]),
        ("attach 'd.db' as x; select * from x.t, 'e.csv'", [("d.db", "a"), ("e.csv", "r")]),
        ("attach if not exists 'd.db'", [("d.db", "a")]),
        ("summarize 'a.csv'", [("a.csv", "r")]),
        ("select ')' from 'a.csv'", [("a.csv", "r")]),
        ("", []),
    ],
)
def test_a_query_names_files_where_a_table_may_stand(query: str, named: list[tuple[str, str]]) -> None:
    assert query_files(query) == (named, False)


@pytest.mark.parametrize(
    ("query", "gap"),
    [
        ("from read_csv(?)", True),
        ("from read_csv($file)", True),
        ("copy t from ?", True),
        ("select * from t where a = ?", False),
        ("select * from t where a = $1", False),
    ],
)
def test_a_parameter_where_a_file_may_stand_is_a_gap(query: str, gap: bool) -> None:
    assert query_files(query) == ([], gap)
