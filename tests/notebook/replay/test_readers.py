"""A replay sees what libraries open in their own native code, and says exactly what it could not see."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

Run = Callable[..., Any]
WRITES = """
import duckdb, h5py, numpy as np, os, polars as pl
os.makedirs("parts", exist_ok=True)
for n in (1, 2): pl.DataFrame({"a": [n]}).write_parquet(f"parts/{n}.parquet")
for n in "xyz": open(f"{n}.csv", "w").write("a,b\\n1,2\\n")
with h5py.File("d.h5", "w") as f: f["x"] = np.arange(3)
with duckdb.connect("t.duckdb") as c: c.execute("create or replace table t as select 1 as a")
"""
READS = (
    "import pandas as pd\npd.read_parquet('parts').shape",
    "import polars as pl\nlazy = pl.scan_csv('x.csv')",
    "lazy.select('a').collect()",
    "import duckdb\ndef rows():\n    frame = pd.DataFrame({'a': [1]})\n"
    "    return duckdb.sql('from frame join \"y.csv\" using (a)').fetchall()\nrows()",
    "import h5py\nh5py.File('d.h5')['x'][:].sum()",
    "with duckdb.connect('t.duckdb', read_only=True) as c: print(c.sql('from t').fetchall())",
    {"source": "duckdb.sql(\"from 'none.csv'\")", "metadata": {"tags": ["raises-exception"]}},
    {"source": "h5py.File('none.h5')", "metadata": {"tags": ["raises-exception"]}},
    {"source": "pl.read_csv('none.csv')", "metadata": {"tags": ["raises-exception"]}},
    "pl.read_csv, pd.read_parquet, duckdb.sql, h5py.File",
)
CHILD = "import subprocess; subprocess.run(['cat', 'z.csv'], capture_output=True).returncode"


@pytest.fixture(scope="session")
def readers(make_environment: Callable[..., Path]) -> Path:
    return make_environment("readers", "readers.txt")


@pytest.fixture
def planted(run: Run, readers: Path, tmp_path: Path) -> Path:
    assert run(WRITES, python=readers, observe=False, trace="off").replay.verdict == "completed"
    return tmp_path


def test_what_was_read_is_told_by_cell_and_what_could_not_be_seen_by_name(
    run: Run, readers: Path, planted: Path
) -> None:
    ran = run(*READS, CHILD, python=readers, trace="off")
    observed = ran.replay.observation
    read = {
        Path(f.path).relative_to(planted).as_posix(): (f.cells, f.event) for f in observed.files if f.mode == "read"
    }
    assert {name: one for name, one in read.items() if "." in name} == {
        "parts/1.parquet": ((0,), "pyarrow"),
        "parts/2.parquet": ((0,), "pyarrow"),
        "x.csv": ((1, 2), "polars"),
        "y.csv": ((3,), "duckdb"),
        "d.h5": ((4,), "h5py"),
        "t.duckdb": ((5,), "duckdb"),
    }
    assert observed.coverage.level == "python-only"
    spots = "\n".join(observed.coverage.blind_spots)
    for name in ("pyarrow: ", "polars: ", "duckdb: ", "h5py: ", "Files that other processes opened are not seen: cat."):
        assert name in spots
    assert "cv2" not in spots


@pytest.mark.skipif(sys.version_info < (3, 11), reason="a frame can only be taken out of a traceback since 3.11")
def test_a_run_shows_the_same_whether_its_libraries_are_watched_or_not(run: Run, readers: Path, planted: Path) -> None:
    def shown(**how: Any) -> str:
        ran = run(*READS, python=readers, trace="off", **how)
        return re.sub(
            r"0x[0-9a-f]+|/tmp/[^ '\"\]]+|ipykernel_\d+/\d+", "~", repr([c["outputs"] for c in ran.document["cells"]])
        )

    assert shown() == shown(observe=False)
