"""Real traces: a file that is read, by whatever way and in whatever process, is in the trace; the probe is honest."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.notebook.replay.outside import command
from pressrun.notebook.replay.outside.command import find_tracer, probe
from pressrun.notebook.replay.outside.trace import Trace

Traced = Callable[..., Trace]
WORKER = "def read(name):\n    return open(name).read()\n"
EXEC = "os.execv(sys.executable, [sys.executable, '-c', \"open('a.csv')\"])"
WAYS = {
    "open": "open('a.csv').read()",
    "subprocess": "import subprocess; subprocess.run(['cat', 'a.csv'], stdout=subprocess.DEVNULL)",
    "os.system": "import os; os.system('cat a.csv > /dev/null')",
    "pipeline": "import os; os.system('cat < a.csv | sort | uniq -c > /dev/null')",
    "posix_spawn": "import os; os.waitpid(os.posix_spawnp('cat', ['cat', 'a.csv'], os.environ), 0)",
    "fork": "import os\nif not (p := os.fork()):\n    open('a.csv').read(); os._exit(0)\nos.waitpid(p, 0)",
    "multiprocessing fork": "import multiprocessing as m, worker\n"
    "with m.get_context('fork').Pool(2) as p: p.map(worker.read, ['a.csv'])",
    "multiprocessing spawn": "import multiprocessing as m, worker\n"
    "with m.get_context('spawn').Pool(1) as p: p.map(worker.read, ['a.csv'])",
    "multiprocessing forkserver": "import multiprocessing as m, worker\n"
    "with m.get_context('forkserver').Pool(1) as p: p.map(worker.read, ['a.csv'])",
    "double fork": "import os\nif not (p := os.fork()):\n    if not os.fork():\n"
    "        os.setsid(); open('a.csv').read()\n    os._exit(0)\nos.waitpid(p, 0)\nimport time; time.sleep(0.3)",
    "thread": "import threading; t = threading.Thread(target=lambda: open('a.csv').read()); t.start(); t.join()",
    "libc.open": "import ctypes; assert ctypes.CDLL(None).open(b'a.csv', 0) > 2",
    "raw open": "import ctypes; assert ctypes.CDLL(None).syscall(2, b'a.csv', 0) > 2",
    "libc.fopen": "import ctypes; assert ctypes.CDLL(None).fopen(b'a.csv', b'r')",
    "mmap": "import mmap; f = open('a.csv', 'rb'); mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)[:]",
    "dir_fd": "import os; os.open('a.csv', os.O_RDONLY, dir_fd=os.open('.', os.O_RDONLY))",
    "chdir": "import os; os.mkdir('sub'); os.chdir('sub'); open('../a.csv').read()",
    "fchdir": "import os; d = os.open('.', 0); os.chdir('/'); os.fchdir(d); open('a.csv').read()",
    "O_PATH": "import os; f = os.open('a.csv', os.O_PATH); open(f'/proc/self/fd/{f}').read()",
    "symlink made by the run": "import os; os.symlink('a.csv', 'l.csv'); open('l.csv').read()",
    "removed afterwards": "import os; open('a.csv').read(); os.remove('a.csv')",
    "read and write": "f = open('a.csv', 'r+'); f.read()",
    "exec": f"import os, sys\nif not (p := os.fork()): {EXEC}\nos.waitpid(p, 0)",
    "exec from a thread": "import os, sys, threading\nif not (p := os.fork()):\n"
    f"    t = threading.Thread(target=lambda: {EXEC}); t.start(); t.join()\nos.waitpid(p, 0)",
    "environment without anything": "import subprocess; subprocess.run(['/bin/cat', 'a.csv'], env={}, close_fds=True)",
}


@pytest.mark.parametrize("way", WAYS)
def test_a_read_is_seen_by_whatever_way_it_comes(traced: Traced, tmp_path: Path, way: str) -> None:
    if way == "raw open" and os.uname().machine != "x86_64":
        pytest.skip("the number of the call is that of x86-64")
    project = tmp_path / "project"
    (project / "a.csv").write_text("1\n")
    (project / "worker.py").write_text(WORKER)
    trace = traced(f"import sys; sys.path.insert(0, ''); sys.dont_write_bytecode = True\n{WAYS[way]}")
    assert trace.problems == ()
    found = {access.path: access for access in trace.files}[str(project / "a.csv")]
    assert (found.mode, found.first, found.cells) == ("read", "read", (0,))
    assert {Path(path).name for path in found_files(trace)} <= {"a.csv", "worker.py"}


def found_files(trace: Trace) -> list[str]:
    return [access.path for access in trace.files]


def test_workers_of_joblib_are_seen(traced: Traced, tmp_path: Path) -> None:
    pytest.importorskip("joblib")
    project = tmp_path / "project"
    names = [f"{n}.csv" for n in range(4)]
    for name in names:
        (project / name).write_text("1\n")
    trace = traced(
        "import joblib\nfrom pathlib import Path\n"
        f"joblib.Parallel(n_jobs=2)(joblib.delayed(Path.read_text)(Path(n)) for n in {names})"
    )
    assert trace.problems == ()
    assert {str(project / name) for name in names} == set(found_files(trace))


def test_what_is_written_changed_and_only_opened_for_change_is_told_apart(traced: Traced, tmp_path: Path) -> None:
    project = tmp_path / "project"
    for name in ("changed.db", "untouched.db"):
        (project / name).write_text("old")
        os.utime(project / name, (1, 1))
    time.sleep(0.05)  # the clock that file systems read may lag behind by a tick
    trace = traced(
        "import os\n"
        "f = open('changed.db', 'r+'); f.write('new'); f.close()\n"
        "f = open('untouched.db', 'r+'); f.read(); f.close()\n"
        "os.close(os.open('made.db', os.O_RDWR | os.O_CREAT))\n"
        "open('out.csv', 'w').write('x')\n"
        "open('aside', 'w').write('x'); os.replace('aside', 'final.csv'); open('final.csv').read()\n"
        "os.link('untouched.db', 'second.db')"
    )
    told = {Path(access.path).name: (access.mode, access.first) for access in trace.files}
    assert told["changed.db"] == ("read-write", "read")
    assert told["made.db"][1] == told["out.csv"][1] == told["final.csv"][1] == told["second.db"][1] == "write"
    assert told["out.csv"][0] == "write"


def test_a_database_that_is_opened_for_change_and_left_alone_was_read(traced: Traced, tmp_path: Path) -> None:
    path = tmp_path / "project" / "x.db"
    with sqlite3.connect(path) as database:
        database.execute("create table t(a)")
    database.close()
    time.sleep(0.05)
    trace = traced("import sqlite3; sqlite3.connect('x.db').execute('select * from t').fetchall()")
    assert {access.path: access.mode for access in trace.files}[str(path)] == "read"


def test_byte_code_stands_for_the_module_it_was_made_of(traced: Traced, tmp_path: Path) -> None:
    project = tmp_path / "project"
    (project / "worker.py").write_text(WORKER)
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(project)], check=True)
    trace = traced("import sys; sys.path.insert(0, ''); import worker")
    assert str(project / "worker.py") in found_files(trace)


def test_a_program_of_the_project_is_a_file_that_was_read(traced: Traced, tmp_path: Path) -> None:
    project = tmp_path / "project"
    tool = project / "tool.sh"
    tool.write_text("#!/bin/sh\nexit 0\n")
    tool.chmod(0o755)
    trace = traced("import subprocess; subprocess.run(['./tool.sh'], check=True)")
    assert str(tool) in found_files(trace)
    assert str(tool) in trace.programs


def test_an_empty_program_reads_nothing(traced: Traced) -> None:
    trace = traced("pass")
    assert (trace.problems, trace.files, trace.lookups) == ((), (), ())


def test_more_than_the_limit_is_cut_off_while_it_runs_and_said(traced: Traced, tmp_path: Path) -> None:
    (tmp_path / "project" / "a.csv").write_text("1")
    code = "import os, time\nfor n in range(3000): os.close(os.open('a.csv', 0))\ntime.sleep(1.5)"
    trace = traced(code, limit=50_000)
    assert len(trace.problems) == 1
    assert "More files were opened" in trace.problems[0]
    assert (tmp_path / "recorder" / "trace").stat().st_size < 100_000


def test_a_system_without_the_tracer_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_tracer().reason == "strace is not installed"


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        ("echo 'strace: ptrace(PTRACE_TRACEME, ...): Operation not permitted' >&2; exit 1", "not permitted"),
        ("exit 1", "ended with status 1"),
        ('while [ "${1#--}" != "$1" ]; do shift; done; exec "$@"', "did not record"),
        ("exit 0", "did not record"),
        (
            'for w in "$@"; do case $w in --output=*) echo "1 +++ exited with 0 +++" > "${w#--output=}";; esac; done',
            "recorded nothing",
        ),
        ('echo "strace: seccomp filter is requested but unavailable" >&2; exec STRACE "$@"', "only in part"),
    ],
)
def test_a_tracer_that_does_not_work_is_found_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, script: str, reason: str
) -> None:
    fake = tmp_path / "strace"
    fake.write_text(f"#!/bin/sh\n{script}\n".replace("STRACE", find_tracer().program or "/bin/false"))
    fake.chmod(0o755)
    monkeypatch.setattr(command, "PROBE_S", 1.0)
    found = probe(str(fake))
    assert not found.works
    assert reason in found.reason


def test_the_probe_traces_for_real_where_it_can() -> None:
    tracer = find_tracer()
    if not tracer.works:
        pytest.skip(f"nothing can be traced here: {tracer.reason}")
    assert tracer.reason == ""
    assert Path(tracer.program).name == "strace"
