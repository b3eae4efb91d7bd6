"""Files named in a notebook's source."""

import pytest

from pressrun.notebook.literal_paths import EVENT, literal_paths
from pressrun.records.cells import Cell
from pressrun.records.digest import digest_text


def cells(*sources):
    return [Cell(index=i, id=None, type="code", source=s, body=s, digest=digest_text(s)) for i, s in enumerate(sources)]


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "x.parquet").write_bytes(b"1")
    (tmp_path / "y.csv").write_bytes(b"2")
    return tmp_path


@pytest.mark.parametrize(
    "source",
    [
        'pd.read_parquet("data/x.parquet")',
        'pd.read_parquet(Path("data") / "x.parquet")',
        'pd.read_parquet(pathlib.Path("data", "x.parquet"))',
        'pd.read_parquet(os.path.join("data", "x.parquet"))',
        'DATA = "data"\npd.read_parquet(f"{DATA}/x.parquet")',
        'DATA: Path = Path("data")\npd.read_parquet(DATA / "x.parquet")',
        'DATA = Path("data").resolve()\npd.read_parquet(DATA.joinpath("x.parquet"))',
        'pd.read_parquet(str("data" + "/x.parquet"))',
        '%matplotlib inline\npd.read_parquet("data/x.parquet")',
        'def load():\n    return pd.read_parquet("data/x.parquet")',
        'duckdb.sql(query, path="data/../data/x.parquet")',
    ],
)
def test_an_expression_of_strings_that_names_a_file_is_found(folder, source):
    found = literal_paths(cells(source), folder)
    assert [(a.path, a.mode, a.cells, a.event) for a in found] == [
        (str(folder / "data" / "x.parquet"), "read", (0,), EVENT)
    ]


@pytest.mark.parametrize(
    "source",
    [
        'x = "absent.csv"',
        'DATA = Path("data")',
        'url = "https://example.org/y.csv"',
        'text = "\\0"',
        "name = input()\nopen(name)",
        "if True print(1)",
        '"y" + suffix',
    ],
)
def test_what_names_no_existing_file_is_left_out(folder, source):
    assert literal_paths(cells(source), folder) == []


def test_a_name_bound_in_an_earlier_cell_is_known_until_it_is_bound_anew(folder):
    found = literal_paths(
        cells('D = "data"', 'open(f"{D}/x.parquet")', "D = choose()", 'open(f"{D}/x.parquet")', 'open("y.csv")'), folder
    )
    assert [(a.path, a.cells) for a in found] == [
        (str(folder / "data" / "x.parquet"), (1,)),
        (str(folder / "y.csv"), (4,)),
    ]


def test_a_parameter_given_to_the_run_is_known(folder):
    found = literal_paths(cells('open(f"{name}.csv")'), folder, {"name": "y", "n": 3})
    assert [a.path for a in found] == [str(folder / "y.csv")]
