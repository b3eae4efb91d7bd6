"""The watch on libraries: exact in what it tells, and not to be noticed by anyone else."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

Watch = Callable[..., Any]
IMPORTS = (
    "import pyarrow, pyarrow.parquet, pyarrow.dataset, pyarrow.csv, pyarrow.json, pyarrow.feather, pyarrow.orc, "
    "polars, duckdb, h5py, tables, netCDF4, cv2, xgboost, lightgbm, catboost, safetensors, safetensors.numpy, "
    "onnx, onnx.checker, onnx.shape_inference, onnxruntime, scipy.io, deltalake, fsspec, fsspec.asyn, botocore.client, "
    "sqlalchemy, urllib.request, requests, httpx, urllib3, multiprocessing.process"
)
LOOKS = """
import inspect, json, pickle, re
def look(value):
    facts = [repr(getattr(value, name, None)) for name in ("__name__", "__qualname__", "__doc__")]
    facts += [isinstance(value, type), inspect.iscoroutinefunction(value), callable(value)]
    try: facts.append(str(inspect.signature(value)))
    except (TypeError, ValueError) as error: facts.append(type(error).__name__)
    try: facts.append(pickle.loads(pickle.dumps(value)) is value)
    except Exception as error: facts.append(type(error).__name__)
    return [re.sub("0x[0-9A-Fa-f]+", "0x", str(fact)) for fact in facts]
def attributes(module):
    for name, value in sorted(vars(module).items()):
        if name.startswith("__") or inspect.ismodule(value) or not callable(value): continue
        yield f"{module.__name__}.{name}", value
        if isinstance(value, type):
            for inner, method in sorted(vars(value).items()):
                if callable(method) or isinstance(method, (classmethod, staticmethod)):
                    yield f"{module.__name__}.{name}.{inner}", method
def everything():
    import sys
    tops = {"pyarrow", "polars", "duckdb", "_duckdb", "h5py", "tables", "netCDF4", "cv2", "xgboost", "lightgbm",
            "catboost", "safetensors", "onnx", "onnxruntime", "deltalake", "fsspec", "botocore", "sqlalchemy", "urllib",
            "requests", "httpx", "urllib3", "multiprocessing"}
    modules = [m for n, m in sorted(sys.modules.items()) if n.partition(".")[0] in tops and inspect.ismodule(m)]
    modules += [sys.modules[n] for n in ("scipy.io", "importlib._bootstrap_external", "builtins", "io", "os")]
    return {key: value for module in modules for key, value in attributes(module)}
"""


def test_what_is_watched_looks_pickles_and_signs_as_before(
    seen: Callable[[str], Any], readers: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "0")
    facts = f"{LOOKS}\n{IMPORTS}\nprint(json.dumps({{name: look(value) for name, value in everything().items()}}))"
    before = subprocess.run([readers, "-W", "ignore", "-c", facts], capture_output=True, text=True, check=True)
    watched = seen("import warnings; warnings.simplefilter('ignore')\n" + facts)
    assert watched.end["libraries"]["polars"]["active"]
    told, expected = json.loads(watched.stdout.splitlines()[-1]), json.loads(before.stdout.splitlines()[-1])
    assert len(expected) > 10_000
    behind = ("pyarrow.OSFile.", "pyarrow.csv.CSVWriter.", "netCDF4.Dataset.")
    assert all(name.startswith(behind) for name in expected.keys() - told.keys())
    for name in expected.keys() & told.keys():
        for was, now in zip(expected[name], told[name], strict=True):
            # a constructor in C had no signature, could not be pickled, or had no name that leads to it
            allowed = {("ValueError", "(*args, **kwargs)"), ("TypeError", "True"), ("TypeError", "PicklingError")}
            assert now == was or (was, now) in allowed or was.startswith("'pybind11"), name
    assert {name.rpartition(".")[2] for name in told.keys() - expected.keys()} == {"__init__", "original", "watch"}


def test_unloading_gives_back_every_function_also_of_libraries_that_were_there_first(
    seen: Callable[[str], Any],
) -> None:
    result = seen(
        f"""
        import warnings; warnings.simplefilter("ignore")
        watch = observer.recorder.libraries
        watch.uninstall()
        {IMPORTS}
        {textwrap.indent(LOOKS, "        ").strip()}
        import importlib.machinery, sys
        def state():
            finders = dict(enumerate(sys.meta_path), finder=vars(importlib.machinery.PathFinder)["find_spec"])
            return {{**everything(), **finders}}
        before = state()
        watch.install()
        during = state()
        watch.uninstall()
        after = state()
        print(len([name for name in before if during.get(name) is not before[name]]) > 100)
        print([name for name in before if after.get(name) is not before[name]], set(after) ^ set(before))
        """
    )
    assert result.stdout.splitlines() == ["True", "[] set()"]


def test_a_library_that_was_loaded_first_is_watched_from_then_on_and_says_so(watch: Watch, readers: str) -> None:
    result = watch(
        "observer.recorder.libraries.uninstall()\n"
        "import polars as pl\n"
        "open('a.csv', 'w').write('a\\n1\\n')\n"
        "observer.recorder.libraries.install()\n"
        "cell(1); pl.read_csv('a.csv')",
        python=readers,
    )
    assert result.file(result_path(result, "a.csv")).cells == (0, 1)
    assert any("polars: it was there before" in spot for spot in result.observation.coverage.blind_spots)


def result_path(result: Any, name: str) -> str:
    return f"{result.observation.working_directory}/{name}"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="a frame can only be taken out of a traceback since 3.11")
def test_a_failing_call_shows_the_same_traceback_as_unwatched(seen: Callable[[str], Any], readers: str) -> None:
    script = """
import sys, traceback
import polars as pl, pyarrow as pa, pyarrow.csv, pyarrow.parquet as pq, duckdb, h5py, xgboost, requests, safetensors
def tries():
    yield lambda: pl.read_csv("none.csv")
    yield lambda: pl.scan_parquet("none.parquet").collect()
    yield lambda: pa.csv.read_csv("none.csv")
    yield lambda: pa.memory_map("none.bin")
    yield lambda: pa.OSFile("none.bin")
    yield lambda: pq.read_table("none.parquet")
    yield lambda: duckdb.sql("select * from 'none.csv'")
    yield lambda: duckdb.connect().execute("nonsense")
    yield lambda: h5py.File("none.h5")
    yield lambda: xgboost.Booster(model_file="none.json")
    yield lambda: requests.get("http://127.0.0.1:9")
    yield lambda: safetensors.safe_open("none", "np")
for one in tries():
    try: one()
    except BaseException:
        import re
        own = ".*site-packages/|.*/script.py|<string>"
        frames = traceback.extract_tb(sys.exc_info()[2])[1:]
        print([(re.sub(own, "", f.filename), f.name) for f in frames], sys.exc_info()[0].__name__)
"""
    before = subprocess.run([readers, "-c", script], capture_output=True, text=True, check=True)
    assert before.stdout.count("\n") == 12
    assert seen(script).stdout == before.stdout


def test_whatever_goes_wrong_in_the_watch_the_call_is_as_without_it(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import polars as pl
        open("a.csv", "w").write("a\\n1\\n")
        watch = observer.recorder.libraries
        see = watch.sights["polars"]
        for failure in (ValueError, SystemExit, GeneratorExit, MemoryError, RecursionError):
            def read(value, failure=failure): raise failure("ours")
            see.read = read
            print(pl.read_csv("a.csv").height, end=" ")
        def read(value): raise KeyboardInterrupt
        see.read = read
        try: pl.read_csv("a.csv")
        except KeyboardInterrupt: print("interrupted")
        """
    )
    assert result.stdout == "1 1 1 1 1 interrupted\n"
    assert result.observation.coverage.level == "partial"
    assert result.end["faults"] >= 5


def test_what_the_watch_itself_calls_is_not_heard(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import polars as pl
        open("a.csv", "w").write("a\\n1\\n")
        calls = []
        def read(value): calls.append(value); pl.read_csv("a.csv")
        observer.recorder.libraries.sights["polars"].read = read
        pl.scan_csv("a.csv")
        print(calls, observer.recorder.faults)
        """
    )
    assert result.stdout == "['a.csv'] 0\n"


def test_when_the_process_ends_nothing_of_a_library_is_held_any_more(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import duckdb, polars
        class Late:
            def __del__(self, watch=observer.recorder.libraries): print(watch.active, watch.patches.made)
        late = Late()
        """
    )
    assert result.stdout == "False []\n"


def test_a_lazy_frame_is_told_in_the_cell_that_makes_it_and_in_the_one_that_collects_it(
    seen: Callable[[str], Any],
) -> None:
    result = seen(
        """
        import os, polars as pl
        os.mkdir("parts")
        for name in ("a.csv", "b.csv", "c.csv", "parts/1.csv", "d.csv"): open(name, "w").write("a\\n1\\n")
        cell(1); a = pl.scan_csv("a.csv")
        cell(2); a.collect()
        cell(3); b = pl.scan_csv("b.csv").filter(pl.col("a") > 0); parts = pl.scan_csv("parts/*.csv")
        cell(4); b.collect()
        cell(5); open("parts/2.csv", "w").write("a\\n2\\n"); print(parts.collect().height)
        cell(6); pl.collect_all([pl.scan_csv("c.csv"), pl.scan_csv("d.csv")])
        cell(7); a.sink_parquet("out.parquet")
        """
    )
    cells = {
        Path(f.path).name: f.cells for f in result.observation.files if f.event not in ("os.scandir", "os.listdir")
    }
    assert cells == {
        "a.csv": (0, 1, 2, 7), "b.csv": (0, 3, 4), "1.csv": (0, 3, 5), "2.csv": (5,), "c.csv": (0, 6), "d.csv": (0, 6),
        "out.parquet": (7,),
    }  # fmt: skip
    assert result.file(result_path(result, "out.parquet")).first == "write"
    assert {f.path for f in result.observation.files if f.event == "os.scandir"} == {result_path(result, "parts")}


def test_what_is_no_path_is_not_taken_for_one(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import io, polars as pl, pyarrow as pa, pyarrow.csv, pandas as pd, duckdb, onnxruntime
        for name in ("a.csv", "b.csv", "c.csv", "t"): open(name, "w").write("a\\n1\\n")
        cell(1)
        pl.read_csv(b"a.csv"); pl.read_csv(io.BytesIO(b"b.csv")); pa.csv.read_csv(io.BytesIO(b"a\\n1"))
        df = pd.DataFrame({"x": ["c.csv"]}); duckdb.sql("select * from df where x = 'c.csv'").fetchall()
        t = df; duckdb.sql("select * from t").fetchall()
        with open("a.csv", "rb") as file: pl.read_csv(file)
        """
    )
    found = {(Path(f.path).name, f.event) for f in result.observation.files if 1 in f.cells and f.event != "os.scandir"}
    assert found == {("a.csv", "open")}


def test_a_file_opened_for_update_is_an_input_where_it_was_there_and_written_where_it_changed(
    seen: Callable[[str], Any], tmp_path: Path
) -> None:
    result = seen(
        """
        import duckdb, h5py
        for name in ("same.h5", "changed.h5"):
            with h5py.File(name, "w") as file: file["x"] = [1]
        with duckdb.connect("same.db") as c: c.execute("create table t (a int)")
        import os; os.utime("same.db", (1, 1)); os.utime("same.h5", (1, 1))
        observer.recorder.seen.clear(); observer.recorder.events.path
        os.truncate(observer.recorder.events.path, 0); observer.recorder.events.write({"e": "start", "d": os.getcwd()})
        cell(1)
        with h5py.File("same.h5", "a") as file: file["x"][:]
        with h5py.File("changed.h5", "r+") as file: file["y"] = [1]
        with h5py.File("new.h5", "a") as file: file["y"] = [1]
        with duckdb.connect("same.db") as c: c.sql("select * from t").fetchall()
        with duckdb.connect("new.db") as c: c.execute("create table t (a int)"); c.execute("copy t to 'out.csv'")
        os.utime("same.db", (1, 1)); os.utime("same.h5", (1, 1))
        """
    )
    told = {Path(f.path).name: (f.mode, f.first) for f in result.observation.files}
    assert told == {
        "same.h5": ("read", "read"), "changed.h5": ("read-write", "read"), "new.h5": ("write", "write"),
        "same.db": ("read", "read"), "new.db": ("write", "write"), "out.csv": ("write", "write"),
    }  # fmt: skip


def test_a_delta_table_tells_its_log_up_to_the_version_and_the_files_of_its_rows(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import deltalake, pyarrow as pa
        for n in (1, 2, 3): deltalake.write_deltalake("table", pa.table({"a": [n]}), mode="append")
        cell(1); table = deltalake.DeltaTable("table", version=1)
        cell(2); print(sorted(table.to_pyarrow_table()["a"].to_pylist()))
        """
    )
    assert result.stdout == "[1, 2]\n"
    read = {Path(f.path) for f in result.observation.files if set(f.cells) & {1, 2} and f.event == "deltalake"}
    assert {path.name for path in read if path.parent.name == "_delta_log"} == {f"{n:020}.json" for n in (0, 1)}
    assert len([path for path in read if path.suffix == ".parquet"]) == 2
    assert all(f.first == "write" for f in result.observation.files if f.event == "deltalake")


def test_a_forked_worker_goes_on_recording_and_one_that_is_spawned_is_told(watch: Watch, readers: str) -> None:
    result = watch(
        """
import multiprocessing, polars as pl
def read(name): return pl.read_csv(name).height
if __name__ == "__main__":
    open("a.csv", "w").write("a\\n1\\n")
    cell(1)
    process = multiprocessing.get_context("fork").Process(target=pl.read_csv, args=("a.csv",))
    process.start(); process.join()
    process = multiprocessing.get_context("spawn").Process(target=print)
    process.start(); process.join()
    observer.finish()
""",
        python=readers,
        finish=False,
    )
    assert result.file(result_path(result, "a.csv")).cells == (0, 1)
    assert [start.target for start in result.observation.starts if start.what == "multiprocessing"] == ["spawn"]


def test_a_class_that_cannot_be_changed_is_shown_by_a_stand_in_that_passes_for_it(seen: Callable[[str], Any]) -> None:
    result = seen(
        """
        import pickle, pyarrow as pa, pyarrow.lib
        open("a.bin", "wb").write(b"abc")
        file = pa.OSFile("a.bin")
        print(isinstance(file, pa.OSFile), type(file) is pyarrow.lib.OSFile, issubclass(pyarrow.lib.OSFile, pa.OSFile))
        print(pa.OSFile == type(file), hash(pa.OSFile) == hash(type(file)), pa.OSFile)
        print(pickle.loads(pickle.dumps(pa.OSFile)) is pa.OSFile)
        class Own(pa.OSFile): extra = 1
        print(Own("a.bin").read(), issubclass(Own, pa.OSFile), isinstance(Own("a.bin"), pa.OSFile))
        """
    )
    assert result.stdout.splitlines() == [
        "True True True",
        "True True <class 'pyarrow.lib.OSFile'>",
        "True",
        "b'abc' True True",
    ]
