"""Replays that are recorded from outside: what is seen, what is claimed, and that nothing else changes."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

import msgspec
import psutil
import pytest

from pressrun.errors import UsageError
from pressrun.notebook.replay.events import CellStarted, ReplayEvent
from pressrun.notebook.replay.merging import merge
from pressrun.notebook.replay.outside.command import find_tracer
from pressrun.notebook.replay.outside.recorder import wait_for
from pressrun.notebook.replay.outside.trace import Trace
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.run import replay_notebook
from pressrun.records.capture import Coverage, FileAccess, ImportedModule, Observation
from pressrun.records.replay import Replay

Replayed = Callable[..., Replay]


@pytest.fixture
def replayed(tmp_path: Path) -> Replayed:
    """Replay cells in ``tmp_path/project``."""
    project = tmp_path / "project"
    project.mkdir()

    def run(*sources: str, on_event: Callable[[ReplayEvent], None] | None = None, **request: object) -> Replay:
        cell = {"cell_type": "code", "metadata": {}, "outputs": [], "execution_count": None}
        cells = [{**cell, "id": f"c{n}", "source": source} for n, source in enumerate(sources)]
        path = project / "nb.ipynb"
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}))
        wanted = ReplayRequest(notebook=path, output=tmp_path / "out.ipynb", **request)  # type: ignore[arg-type]
        return replay_notebook(wanted, on_event)

    return run


@pytest.fixture
def tracer() -> None:
    if not find_tracer().works:
        pytest.skip(f"nothing can be traced here: {find_tracer().reason}")


@pytest.mark.usefixtures("tracer")
def test_children_libraries_and_shells_are_seen_in_their_cells_and_coverage_is_complete(
    replayed: Replayed, tmp_path: Path
) -> None:
    project = tmp_path / "project"
    for name in "abcdef":
        (project / f"{name}.csv").write_text("1\n")
    (project / "worker.py").write_text("def read(name):\n    return open(name).read()\n")
    replay = replayed(
        "x = open('a.csv').read()",
        "import subprocess\nsubprocess.run(['cat', 'b.csv'], check=True)",
        "!cat c.csv | wc -l",
        "import ctypes\nhandle = ctypes.CDLL(None).open(b'd.csv', 0)",
        "import multiprocessing as m, worker\nwith m.get_context('spawn').Pool(1) as pool:\n"
        "    pool.map(worker.read, ['e.csv'])",
        "try:\n    open('not-there.csv')\nexcept OSError:\n    pass",
        "import os\nopen('part', 'w').write('x')\nos.replace('part', 'made.csv')\ny = open('made.csv').read()",
    )
    assert replay.verdict == "completed"
    seen = replay.observation
    assert seen.coverage.level == "complete"
    assert seen.coverage.sources == ("python-audit", "strace")
    assert seen.coverage.unseen == ()
    read = {Path(f.path).name: f.cells for f in seen.files if f.first == "read" and f.event != "os.scandir"}
    assert read == {"a.csv": (0,), "b.csv": (1,), "c.csv": (2,), "d.csv": (3,), "e.csv": (4,)}
    assert [(Path(one.path).name, one.cells) for one in seen.lookups] == [("not-there.csv", (5,))]
    assert {f.first for f in seen.files if Path(f.path).name == "made.csv"} == {"write"}
    assert {"cat", "wc"} <= {start.target for start in seen.starts if start.what == "execve"}


@pytest.mark.usefixtures("tracer")
def test_what_a_child_wrote_before_python_read_it_is_no_input(replayed: Replayed) -> None:
    replay = replayed("!echo 1 > made.csv", "x = open('made.csv').read()")
    (made,) = [f for f in replay.observation.files if f.path.endswith("made.csv")]
    assert (made.mode, made.first, made.event) == ("read-write", "write", "open")


@pytest.mark.usefixtures("tracer")
def test_with_and_without_a_tracer_an_ordinary_notebook_has_the_same_files(replayed: Replayed, tmp_path: Path) -> None:
    (tmp_path / "project" / "a.csv").write_text("a\n1\n")
    (tmp_path / "project" / "helper.py").write_text("X = 1\n")
    cells = ("import json, csv, helper\nrows = list(csv.reader(open('a.csv')))", "open('b.csv', 'w').write('2')")
    traced, untraced = replayed(*cells), replayed(*cells, trace="off")
    assert traced.observation.coverage.level == "complete"
    assert untraced.observation.coverage.level == "python-only"
    assert "not asked for" in untraced.observation.coverage.blind_spots[-1]
    assert traced.observation.files == untraced.observation.files


@pytest.mark.usefixtures("tracer")
def test_processes_that_a_notebook_leaves_are_seen_to_their_end(replayed: Replayed) -> None:
    leave = "import subprocess\nfar = subprocess.Popen(['sleep', '1000'], start_new_session=True)"
    for _ in range(3):
        assert replayed(leave).observation.coverage.level == "complete"


@pytest.mark.usefixtures("tracer")
def test_a_kernel_that_is_killed_was_seen_until_then_and_its_tracer_ends_too(replayed: Replayed) -> None:
    replay = replayed("x = open('nb.ipynb').read()", "import os\nos.kill(os.getpid(), 9)")
    assert replay.verdict == "kernel-died"
    assert "SIGKILL" in replay.failure.message
    assert any(f.path.endswith("nb.ipynb") for f in replay.observation.files)
    assert "The recording from outside ended before all processes did." not in replay.observation.coverage.blind_spots
    assert tracers() == []


@pytest.mark.usefixtures("tracer")
def test_a_tracer_does_not_outlive_a_driver_that_is_killed(
    replayed: Replayed, left_behind: Callable[[], list[psutil.Process]]
) -> None:
    followed: list[psutil.Process] = []

    def on_event(event: ReplayEvent) -> None:
        if isinstance(event, CellStarted):
            followed.extend(tracers())
            (driver,) = (one for one in left_behind() if "child.py" in " ".join(one.cmdline()))
            driver.kill()

    replay = replayed("import time\ntime.sleep(60)", on_event=on_event)
    assert replay.verdict == "unfinished"
    assert len(followed) == 1
    assert psutil.wait_procs(followed, timeout=20)[1] == []


@pytest.mark.usefixtures("tracer")
def test_a_tracer_that_is_killed_is_told_and_nothing_is_claimed(replayed: Replayed, tmp_path: Path) -> None:
    kill = (
        "import os, re, signal\n"
        "tracer = int(re.search(r'TracerPid:\\s*(\\d+)', open('/proc/self/status').read())[1])\n"
        "os.kill(tracer, signal.SIGKILL)\nimport time\ntime.sleep(0.5)"
    )
    replay = replayed(kill, "1")
    assert replay.observation.coverage.level != "complete"
    assert any("ended before" in spot for spot in replay.observation.coverage.blind_spots)


@pytest.mark.usefixtures("tracer")
def test_time_of_the_kernels_children_counts(replayed: Replayed) -> None:
    burn = "import time\nwhile time.process_time() < 1: pass"
    assert replayed(f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])").cpu_s >= 1.0


def test_waiting_for_the_tracer_leaves_its_time_uncounted() -> None:
    child = os.posix_spawn("/bin/true", ["true"], os.environ)
    wait_for(child, 20.0)
    assert os.waitpid(child, os.WNOHANG)[0] == child  # nobody has taken its status, and with it its time


@pytest.mark.usefixtures("tracer")
def test_a_kernel_that_does_not_start_under_the_tracer_is_started_without_it(
    replayed: Replayed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = find_tracer().program
    place = tmp_path / "bin"
    place.mkdir()
    fake = place / "strace"
    fake.write_text(f'#!/bin/sh\ncase "$*" in *ipykernel*) exit 1;; esac\nexec {real} "$@"\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{place}:{os.environ['PATH']}")
    replay = replayed("print(1)")
    assert replay.verdict == "completed"
    assert replay.observation.coverage.level == "python-only"
    assert any("was started without it" in spot for spot in replay.observation.coverage.blind_spots)


@pytest.mark.parametrize("script", ["", "#!/bin/sh\necho 'strace: ptrace: Operation not permitted' >&2\nexit 1\n"])
def test_where_nothing_can_be_traced_the_run_goes_on_and_says_why(
    replayed: Replayed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str
) -> None:
    place = tmp_path / "bin"
    place.mkdir()
    if script:
        (place / "strace").write_text(script)
        (place / "strace").chmod(0o755)
    monkeypatch.setenv("PATH", str(place))
    replay = replayed("x = open('nb.ipynb').read()")
    assert replay.verdict == "completed"
    assert replay.observation.coverage.level == "python-only"
    assert replay.observation.coverage.sources == ("python-audit",)
    reason = "not permitted" if script else "strace is not installed"
    assert reason in replay.observation.coverage.blind_spots[-1]
    with pytest.raises(UsageError, match=reason) as refused:
        replayed("1", trace="on")
    assert "Install strace" in refused.value.remedy


@pytest.mark.usefixtures("tracer")
@pytest.mark.parametrize("trace", ["auto", "off"])
def test_a_kernel_that_is_started_elsewhere_stays_so(
    replayed: Replayed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trace: str
) -> None:
    place = tmp_path / "kernels" / "far"
    place.mkdir(parents=True)
    spec = {
        "argv": [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "display_name": "far",
        "language": "python",
        "metadata": {"kernel_provisioner": {"provisioner_name": "nowhere"}},
    }
    (place / "kernel.json").write_text(json.dumps(spec))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    replay = replayed("1", kernel="far", trace=trace)
    assert replay.verdict == "kernel-start-failed"
    assert "no kernel 'far'" in replay.failure.message


def access(path: str, mode: str = "read", event: str = "open", **rest: object) -> FileAccess:
    first = "write" if mode == "write" else "read"
    return msgspec.convert(
        {"path": path, "mode": mode, "cells": (1,), "event": event, "first": first, **rest}, FileAccess
    )


def inside(*files: FileAccess, modules: tuple[str, ...] = ()) -> Observation:
    return Observation(
        coverage=Coverage(level="python-only", sources=("python-audit",), blind_spots=("Native code is not seen.",)),
        files=files,
        modules=tuple(ImportedModule(name="m", file=file) for file in modules),
    )


def trace_of(*files: FileAccess, problems: tuple[str, ...] = ()) -> Trace:
    return Trace(files=files, problems=problems, attempts=frozenset(file.path for file in files))


def test_a_file_that_python_opened_and_a_whole_trace_lacks_takes_complete_away() -> None:
    merged = merge(inside(access("/p/a.csv"), access("/p/b.csv")), trace_of(access("/p/a.csv", event="strace")))
    assert merged.coverage.level == "python-only"
    (unseen,) = merged.coverage.unseen
    assert (unseen.path, unseen.told_by, unseen.missed_by) == ("/p/b.csv", ("python-audit",), ("strace",))
    assert "Native code is not seen." in merged.coverage.blind_spots
    assert any("/p/b.csv" in spot for spot in merged.coverage.blind_spots)


def test_a_trace_with_a_problem_never_gives_complete() -> None:
    merged = merge(inside(), trace_of(access("/p/x", event="strace"), problems=("It was cut short.",)))
    assert merged.coverage.level == "python-only"
    assert merged.coverage.sources == ("python-audit", "strace")
    assert merged.coverage.blind_spots[:2] == ("It was cut short.", "Native code is not seen.")
    assert [file.path for file in merged.files] == ["/p/x"]


def test_imported_modules_are_left_to_the_recorder_that_knows_them() -> None:
    merged = merge(inside(modules=("/p/helper.py",)), trace_of(access("/p/helper.py"), access("/p/other.py")))
    assert [file.path for file in merged.files] == ["/p/other.py"]


def test_the_order_of_use_is_the_tracers_and_a_listed_folder_stays_one() -> None:
    listing = access("/p/d", event="os.listdir")
    told = trace_of(access("/p/a", "read-write", "strace", first="write"), access("/p/d", "write", "strace"))
    merged = merge(inside(access("/p/a"), listing), told)
    assert [(f.path, f.mode, f.first, f.event) for f in merged.files] == [
        ("/p/a", "read-write", "write", "open"),
        ("/p/d", "read", "read", "os.listdir"),
        ("/p/d", "write", "write", "strace"),
    ]


def tracers() -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter(["name", "cmdline"]):
        words = process.info["cmdline"] or []
        if process.info["name"] == "strace" and any("pressrun-" in word for word in words):
            own = any(parent.pid == os.getpid() for parent in process.parents())
            found += [process] if own else []
    return found
