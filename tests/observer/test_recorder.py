"""What the observer sees, and that it never gets in the way."""

from __future__ import annotations

import ast
import contextlib
import gzip
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import pressrun.observer
from pressrun.notebook.replay.recorders import OBSERVER_PARTS, observer_source

Watch = Callable[..., Any]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "work").mkdir()
    return tmp_path / "work"


def test_the_observer_is_python_3_7_and_standard_library_only() -> None:
    tree = ast.parse(observer_source(), feature_version=(3, 7))
    imported = {
        (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
        for node in ast.walk(tree)
        if isinstance(node, (ast.Import, ast.ImportFrom))
        for alias in node.names
    }
    assert imported <= {
        "__future__", "atexit", "builtins", "collections.abc", "faulthandler", "fnmatch", "functools", "glob",
        "hashlib", "importlib.machinery", "io", "json", "mmap", "os", "re", "resource", "socket", "sqlite3", "stat",
        "struct", "subprocess", "sys", "types", "typing", "urllib.parse", "weakref", "_thread",
    }  # fmt: skip


def test_no_two_parts_of_the_observer_give_one_name_to_two_things() -> None:
    nodes = ast.parse(observer_source()).body
    names = [node.name for node in nodes if isinstance(node, (ast.FunctionDef, ast.ClassDef))]
    targets = [node.targets[0] for node in nodes if isinstance(node, ast.Assign)]
    names += [target.id for target in targets if isinstance(target, ast.Name)]
    names += [node.target.id for node in nodes if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)]
    assert len(names) > 100
    assert sorted(names) == sorted(set(names))


def test_the_parts_of_the_observer_import_nothing_but_each_other_and_all_of_them_are_sent() -> None:
    folder = Path(pressrun.observer.__file__).parent
    sent = [ast.parse((folder / f"{part}.py").read_text()) for part in OBSERVER_PARTS]
    wanted = {node.module for tree in sent for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name for name in wanted if name and name.startswith("pressrun")} <= {
        f"pressrun.observer.{part}" for part in OBSERVER_PARTS
    }


def test_reads_and_writes_are_told_by_cell(watch: Watch, work: Path) -> None:
    (work / "in.csv").write_text("a\n1\n")
    seen = watch(
        """
cell(1); open("in.csv").read()
cell(2); open("out.txt", "w").write("x"); open("in.csv").read()
cell(3); open("out.txt").read(); open("log.txt", "a").write("y"); open("in.csv", "r+").close()
"""
    )
    assert (seen.file(work / "in.csv").mode, seen.file(work / "in.csv").cells) == ("read-write", (1, 2, 3))
    assert seen.file(work / "in.csv").first == "read"
    assert (seen.file(work / "out.txt").mode, seen.file(work / "out.txt").first) == ("read-write", "write")
    assert seen.file(work / "log.txt").mode == "write"
    assert seen.observation.coverage.level == "python-only"
    assert seen.observation.working_directory == str(work)


def test_every_way_python_opens_a_file_is_seen(watch: Watch, work: Path) -> None:
    for number in range(8):
        (work / f"{number}.bin").write_bytes(b"abc")
    (work / "z.gz").write_bytes(gzip.compress(b"x"))
    seen = watch(
        """
import gzip, io, mmap, os, pathlib, shutil, threading
io.open("0.bin").close()
pathlib.Path("1.bin").read_bytes()
os.close(os.open("2.bin", os.O_RDONLY))
io.FileIO("3.bin").close()
gzip.open("z.gz").read()
shutil.copyfile("4.bin", "copy.bin")
t = threading.Thread(target=lambda: open("5.bin").read()); t.start(); t.join()
open(b"6.bin").close()
open(pathlib.Path("../work/./7.bin")).close()
"""
    )
    assert {f.path for f in seen.observation.files if f.mode == "read"} == {
        *(str(work / f"{n}.bin") for n in range(8)),
        str(work / "z.gz"),
    }
    assert seen.file(work / "copy.bin").mode == "write"


def test_a_file_that_is_not_there_was_not_read(watch: Watch, work: Path) -> None:
    seen = watch("try:\n    open('none.csv')\nexcept OSError as error:\n    print(error)")
    assert seen.file(work / "none.csv") is None
    assert seen.stdout == "[Errno 2] No such file or directory: 'none.csv'\n"


def test_a_file_written_aside_and_renamed_is_told_by_its_final_name(watch: Watch, work: Path) -> None:
    seen = watch("import os\nopen('part', 'w').close()\nos.replace('part', 'whole')\nos.rename('whole', 'done')")
    assert seen.file(work / "whole").first == "write"
    assert seen.file(work / "done").event == "os.rename"


def test_databases_are_told_and_whether_they_changed(watch: Watch, work: Path) -> None:
    for name in ("a.db", "b.db"):
        with contextlib.closing(sqlite3.connect(work / name)) as database:
            database.execute("create table t(x)")
    seen = watch(
        """
import sqlite3
sqlite3.connect("a.db").execute("select * from t").fetchall()
c = sqlite3.connect("file:b.db?mode=rw", uri=True); c.execute("insert into t values (1)"); c.commit(); c.close()
sqlite3.connect("new.db").execute("create table t(x)")
sqlite3.connect(":memory:"); sqlite3.connect("")
"""
    )
    assert seen.file(work / "a.db").mode == "read"
    assert (seen.file(work / "b.db").mode, seen.file(work / "b.db").first) == ("read-write", "read")
    assert seen.file(work / "new.db").first == "write"
    assert len(seen.observation.files) == 3


def test_folders_whose_names_were_read_are_told_unless_the_import_system_asked(watch: Watch, work: Path) -> None:
    (work / "data").mkdir()
    (work / "mod.py").write_text("x = 1")
    seen = watch(
        """
import sys; sys.path.insert(0, "")
import mod, glob, os, importlib.metadata, pkgutil
list(importlib.metadata.distributions()); list(pkgutil.iter_modules())
glob.glob("data/*.csv")
"""
    )
    assert [(f.path, f.event) for f in seen.observation.files] == [(str(work / "data"), "os.scandir")]


def test_programs_and_connections_are_named_without_arguments(watch: Watch) -> None:
    seen = watch(
        """
import os, socket, subprocess, sys
cell(4)
subprocess.run(["true", "--password", "hunter2-a"])
subprocess.run("TOKEN=hunter2-b true -x hunter2-c | cat", shell=True)
os.system("A=1 B='x y' true hunter2-d")
os.spawnvp(os.P_WAIT, "true", ["true", "hunter2-e"])
s = socket.socket()
try: s.connect(("127.0.0.1", 9))
except OSError: pass
s.close()
"""
    )
    found = {(start.what, start.target) for start in seen.observation.starts}
    assert ("subprocess.Popen", "true") in found
    assert ("os.system", "true") in found
    assert ("os.exec", "true") in found
    assert ("socket.connect", "127.0.0.1:9") in found
    assert "hunter2" not in repr(seen.observation)
    assert {start.cell for start in seen.observation.starts} == {4}


def test_what_is_no_data_is_left_out(watch: Watch, work: Path) -> None:
    seen = watch(
        """
import json.tool, email, zoneinfo, linecache, tokenize, inspect, platform, tempfile
zoneinfo.ZoneInfo("Europe/Berlin") if zoneinfo.available_timezones() else None
inspect.getsource(json.tool); linecache.getlines(json.__file__)
open("/proc/self/status").read(); open("/dev/null").read(); open("/etc/hosts").read()
platform.platform()
"""
    )
    assert seen.observation.files == ()


def test_data_inside_an_installed_distribution_is_kept(watch: Watch) -> None:
    seen = watch(
        """
import hypothesis, pathlib
folder = pathlib.Path(hypothesis.__file__).parent / "vendor"
open(folder / "tlds-alpha-by-domain.txt").read()
"""
    )
    assert [Path(f.path).name for f in seen.observation.files] == ["tlds-alpha-by-domain.txt"]


def test_a_source_file_that_is_read_as_data_is_data(watch: Watch, work: Path) -> None:
    (work / "helper.py").write_text("x = 1")
    seen = watch("exec(open('helper.py').read())")
    assert seen.file(work / "helper.py").mode == "read"


def test_forked_children_are_seen(watch: Watch, work: Path) -> None:
    (work / "a.txt").write_text("a")
    seen = watch(
        """
import multiprocessing
cell(5)
with multiprocessing.get_context("fork").Pool(2) as pool:
    print(pool.map(len, ["a", "bb"]))
    pool.apply(open, ("a.txt",)) if False else pool.apply(exec, ("open('a.txt').read()", {}))
"""
    )
    assert seen.file(work / "a.txt").cells == (5,)
    assert seen.stdout == "[1, 2]\n"


def test_a_process_that_is_killed_leaves_what_was_seen(watch: Watch, work: Path) -> None:
    (work / "a.txt").write_text("a")
    seen = watch("open('a.txt').read()\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)")
    assert seen.file(work / "a.txt") is not None
    assert seen.observation.coverage.level == "partial"
    assert (
        "not complete" in seen.observation.coverage.blind_spots[0]
        or "before" in seen.observation.coverage.blind_spots[0]
    )


def test_modules_are_told_with_what_was_there_before(watch: Watch, work: Path) -> None:
    (work / "mine.py").write_text("x = 1")
    seen = watch("import sys; sys.path.insert(0, ''); import mine, json.tool")
    modules = {module.name: module for module in seen.observation.modules}
    assert (modules["mine"].file, modules["mine"].preloaded) == (str(work / "mine.py"), False)
    assert modules["json"].preloaded
    assert not modules["json.tool"].preloaded
    assert "sys" not in modules


def test_asking_for_modules_loads_no_lazy_one_and_survives_odd_ones(watch: Watch) -> None:
    seen = watch(
        """
import sys, importlib.util
spec = importlib.util.find_spec("colorsys"); spec.loader = importlib.util.LazyLoader(spec.loader)
module = importlib.util.module_from_spec(spec); sys.modules["colorsys"] = module; spec.loader.exec_module(module)
class Odd:
    def __getattr__(self, name): raise RuntimeError(name)
    __slots__ = ()
sys.modules["odd"] = Odd(); sys.modules["none"] = None
observer.finish()
print(type(module).__name__)
"""
    )
    assert seen.stdout == "_LazyModule\n"
    assert seen.end["faults"] == 0


# neutrality


FAILURES = ["ValueError('x')", "SystemExit(3)", "GeneratorExit()", "MemoryError()", "RecursionError()", "Exception()"]


@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("method", ["cell", "is_new", "caller", "on_open", "on_start"])
def test_a_fault_of_the_observer_changes_nothing(watch: Watch, work: Path, method: str, failure: str) -> None:
    script = f"""
def broken(*args, **kwargs):
    raise {failure}
recorder = observer.recorder
setattr(type(recorder), {method!r}, broken)
recorder.handlers["open"] = lambda args: recorder.on_open(args)
recorder.handlers["subprocess.Popen"] = lambda args: recorder.on_start("subprocess.Popen", "x")
import subprocess
for n in range(30):
    open("out.txt", "w").write("fine %d" % n)
print(open("out.txt").read(), subprocess.run(["echo", "hi"], stdout=-1).stdout)
"""
    seen = watch(script)
    assert seen.stdout == "fine 29 b'hi\\n'\n"
    assert seen.stderr == ""
    assert seen.end["faults"] > 0
    assert seen.observation.coverage.level == "partial"


def test_the_users_own_interruption_gets_through(watch: Watch) -> None:
    """A Ctrl-C that arrives while the observer works interrupts the notebook, as it would without it."""
    seen = watch(
        """
import os, signal
signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job begins with it ignored
def slow(*args):
    os.kill(os.getpid(), signal.SIGINT)
observer.recorder.handlers["open"] = slow
try:
    open("x", "w")
    print("went on")
except KeyboardInterrupt:
    print("interrupted")
"""
    )
    assert seen.stdout == "interrupted\n"


def test_nothing_of_the_users_world_is_changed(watch: Watch) -> None:
    look = """
import sys, warnings, random, builtins, io, os
state = (repr(sys.path), repr(warnings.filters), random.getstate(), open is io.open, type(open).__name__,
         sys.excepthook is sys.__excepthook__, sys.getrecursionlimit(), repr(sys.meta_path))
"""
    seen = watch(
        look
        + """
before = state
observer.recorder  # it was installed before; install again: nothing happens
exec(compile("pass", "x", "exec"))
open("f", "w").close()
"""
        + look
        + "print(state == before, type(open).__name__, sorted(n for n in globals() if n.startswith('_press')))"
    )
    assert seen.stdout == "True builtin_function_or_method []\n"


def test_code_that_closes_every_descriptor_is_not_written_into(watch: Watch, work: Path) -> None:
    """After the notebook closed our descriptor, its number is another file's: that file must stay clean."""
    (work / "in.txt").write_text("x")
    seen = watch(
        """
import os
os.closerange(3, 256)
files = [open("mine%d.txt" % n, "w") for n in range(20)]
open("in.txt").read()
for f in files: f.close()
print({os.path.getsize("mine%d.txt" % n) for n in range(20)})
"""
    )
    assert seen.stdout == "{0}\n"
    assert seen.file(work / "in.txt") is not None


def test_opening_a_file_many_times_is_told_once(watch: Watch, work: Path) -> None:
    (work / "a").write_text("")
    watch("for _ in range(2000):\n    open('a').close()")
    lines = (work.parent / "spool" / "events.jsonl").read_text().splitlines()
    assert sum('"open"' in line for line in lines) == 1


def test_a_file_name_that_is_no_text_does_no_harm(watch: Watch, work: Path) -> None:
    seen = watch("open(b'caf\\xe9.txt', 'wb').close()\nprint('on')")
    assert seen.stdout == "on\n"
    assert seen.observation.files[0].path.endswith("caf?.txt")


def test_paths_through_a_link_and_back_are_where_they_lead(watch: Watch, work: Path) -> None:
    (work / "far" / "deep").mkdir(parents=True)
    (work / "far" / "x.txt").write_text("")
    (work / "link").symlink_to(work / "far" / "deep")
    assert watch("open('link/../x.txt').close()").file(work / "far" / "x.txt") is not None


def test_old_pandas_that_reads_text_in_c_is_seen(watch: Watch, work: Path) -> None:
    (work / "d.csv").write_text("")
    package = work / "pandas" / "io"
    package.mkdir(parents=True)
    (work / "pandas" / "__init__.py").write_text("from pandas.io.parsers import read_csv\nimport pandas.io.later\n")
    (package / "__init__.py").write_text("")
    (package / "later.py").write_text("")
    (package / "parsers.py").write_text(
        "def _read(path, kwds): return 'read ' + str(path)\n"
        "class CParserWrapper: pass\n"
        "def read_csv(path, **kwds): return _read(path, kwds)\n"
    )
    seen = watch("import sys; sys.path.insert(0, ''); import pandas; print(pandas.read_csv('d.csv'))")
    assert seen.stdout == "read d.csv\n"
    assert seen.file(work / "d.csv").mode == "read"
