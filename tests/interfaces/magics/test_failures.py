"""Whatever goes wrong in pressrun, a session is as it would be without it: every hook, every kind of failure.

The control is the same cells without declarations in the same kernel without the extension. Faults are planted in the
table that the guard calls our work from. That each of these tests can fail is a test of its own: with the guard out of
the way the outcome differs.
"""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

HOOKS = ("transformer", "pre_run_cell", "post_run_cell", "audit", "adapter", "import", "display", "drain", "digest",
         "watch", "store", "load", "prepare")  # fmt: skip
IN_WORKERS = {"drain", "digest", "watch", "store", "load"}
BEFORE_THE_FIRST = {"prepare", "load"}
FAILURES = ("Exception", "KeyboardInterrupt", "SystemExit", "GeneratorExit", "MemoryError", "RecursionError", "hang")

CELLS = (
    "x = 1\nimport sys\nprint('out')\nprint('err', file=sys.stderr)\nx + 1",
    "%%register data load\nimport polars\npolars.read_csv('data.csv')\nwith open('data.csv') as file:\n"
    "    text = file.read()\nlen(text)",
    "%%register step bad\nwith open('data.csv') as file:\n    file.read()\n\na = 1\nb = 2\nc = 3\nd = 4\n1 / 0",
    "%%register step later\nimport asyncio\nawait asyncio.sleep(0.01)\n7",
    "%%register step caught\n%%capture seen\nprint(5)",
    "%register check line\nassert len(text) == 6\nprint(seen.stdout)",
    "sorted(name for name in globals() if not name.startswith('_'))",
)
PLAIN = tuple(
    cell.split("\n", 1)[1] if "\n%%" in cell else "#\n" + cell.split("\n", 1)[1] if "register" in cell else cell
    for cell in CELLS
)
SETUP = """
import sys
_shell = get_ipython()
_shell.history_manager.enabled = False
if "pressrun" in _shell.extension_manager.loaded:
    _shell.run_line_magic("unload_ext", "pressrun")
for _name in [n for n in _shell.user_ns if not n.startswith("_") and n not in _shell.user_ns_hidden]:
    del _shell.user_ns[_name]
import sys
sys.modules.pop("polars", None)
_shell.execution_count = 1
"""
LOAD = """
_shell.run_line_magic("load_ext", "pressrun")
_session = sys.modules["pressrun.interfaces.magics"].session_of(_shell)
_guards = sys.modules["pressrun.interfaces.magics.guards"]
_guards.LIMITS_S = dict()
if {warm}:
    _guards.LIMIT_S = 60
    _session.prepared().loaded(30)
    _session.guard.work["watch"]()
_guards.LIMIT_S = 0.3
def _fault(*args, _left=[{times}], _work=None):
    if _left[0] <= 0:
        return _before(*args)
    _left[0] -= 1
    if "{failure}" == "hang":
        import time
        time.sleep(600)
    raise {{"Exception": RuntimeError}}.get("{failure}", getattr(__import__("builtins"), "{failure}", None))("planted")
_before = _session.guard.work.get("{hook}")
if {warm}:
    _session.guard.work["{hook}"] = _fault
else:
    class _Table(dict):
        def __getitem__(self, name):
            return _fault if name == "{hook}" else super().__getitem__(name)
    _session.guard.work = _Table(_session.guard.work)
del sys
_shell.execution_count = 1
"""
NO_GUARD = """
import pressrun.interfaces.magics.guards as _guards, pressrun.interfaces.magics.workers as _workers
_kept = _guards.Guard.run, _workers.Job.is_done
_guards.Guard.run = lambda self, name, *args, default=None: self.work[name](*args)
_workers.Job.is_done = lambda self, wait_s=0.0: self._done.wait()
"""
GUARD_AGAIN = "_guards.Guard.run, _workers.Job.is_done = _kept"


class Sessions:
    """A kernel that cases run in one after the other, started anew when one of them killed it."""

    before_the_first = BEFORE_THE_FIRST

    def __init__(self, new):
        self._new = new
        self._kernel = None
        self._control = None

    def kernel(self):
        if self._kernel is None:
            self._kernel = self._new()
            (self._kernel.folder / "data.csv").write_text("a\n1\n2\n")
            (self._kernel.folder / "polars.py").write_text("def read_csv(path):\n    return path\n")
        return self._kernel

    def drop(self):
        if self._kernel is not None:
            self._kernel.stop()
        self._kernel = None

    def control(self):
        if self._control is None:
            self.kernel().tell(SETUP + "del sys")
            self._control = self.outcome(PLAIN)
        return self._control

    def outcome(self, cells=CELLS, timeout=30):
        """Return what a user sees: each cell's outputs and status."""
        told = [self.kernel().run(cell, timeout=timeout) for cell in cells]
        return [(one.outputs, one.status) for one in told]

    def plant(self, hook, failure, times=1000):
        self.control()
        self.kernel().tell(SETUP)
        warm = hook not in self.before_the_first
        self.kernel().tell(LOAD.format(hook=hook, failure=failure, times=times, warm=warm))


@pytest.fixture(scope="module", params=[pytest.param("ipykernel6", marks=pytest.mark.network), "ipykernel7"])
def sessions(request, kernel_python, live_kernel, tmp_path_factory):
    python = kernel_python(request.param)
    sessions = Sessions(lambda: live_kernel(python, tmp_path_factory.mktemp("session")))
    yield sessions
    sessions.drop()


@pytest.fixture(scope="module")
def unguarded(live_kernel, tmp_path_factory):
    sessions = Sessions(lambda: live_kernel(sys.executable, tmp_path_factory.mktemp("session")))
    yield sessions
    sessions.drop()


def test_the_extension_changes_nothing_when_nothing_fails(sessions):
    sessions.plant("nothing", "Exception")
    assert sessions.outcome() == sessions.control()


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("hook", HOOKS)
def test_a_failing_hook_changes_neither_outputs_nor_status_nor_the_kernel(sessions, hook, failure):
    sessions.plant(hook, failure)
    assert sessions.outcome() == sessions.control()
    sessions.kernel().tell("assert _fault.__kwdefaults__['_left'][0] < 1000")


@pytest.mark.slow
@pytest.mark.parametrize("failure", FAILURES)
@pytest.mark.parametrize("hook", HOOKS)
def test_without_the_guard_the_same_fault_is_felt(unguarded, live_dead, hook, failure):
    times = 1 if hook in IN_WORKERS else 1000
    unguarded.plant(hook, failure, times)
    unguarded.kernel().tell(NO_GUARD)
    try:
        felt = unguarded.outcome(timeout=3) != unguarded.control()
        captured = unguarded.kernel().run(
            "%%register step after\nwith open('data.csv') as file:\n    file.read()", timeout=3
        )
        felt = felt or not captured.receipts or captured.receipts[0]["outcome"] != "captured"
        if unguarded.kernel().run(GUARD_AGAIN, silent=True, timeout=3).status != "ok":
            unguarded.drop()
    except live_dead:
        felt = True
        unguarded.drop()
    assert felt


@pytest.mark.parametrize("hook", ["drain", "digest", "display", "pre_run_cell"])
def test_after_one_fault_the_capture_goes_on(sessions, hook):
    sessions.plant(hook, "Exception", times=1)
    assert sessions.outcome() == sessions.control()
    after = sessions.kernel().run("%%register step after\nwith open('data.csv') as file:\n    file.read()")
    assert [receipt["outcome"] for receipt in after.receipts] == ["captured"]


def test_after_three_faults_the_capture_stops_with_one_line(sessions):
    sessions.plant("post_run_cell", "Exception")
    told = [sessions.kernel().run(f"%%register step s{number}\n{number}") for number in range(5)]
    notices = [notice for one in told for notice in one.notices]
    assert [one.receipts for one in told] == [[]] * 5
    assert sum("capturing has stopped" in notice for notice in notices) == 1
    assert notices[-1].startswith("pressrun: capturing has stopped in this kernel")
    assert "RuntimeError: planted" in sessions.kernel().run("%register status").text


ENDING = """
import sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
if {loaded}:
    shell.run_line_magic("load_ext", "pressrun")
    session = sys.modules["pressrun.interfaces.magics"].session_of(shell)
    def fault():
        sys.stderr.write("")
        if "{failure}" == "hang":
            time.sleep(600)
        import builtins
        raise {{"Exception": RuntimeError}}.get("{failure}", getattr(builtins, "{failure}", None))("planted")
    session.guard.work["atexit"] = fault
    sys.modules["pressrun.interfaces.magics.guards"].LIMIT_S = 0.3
    if {unguarded}:
        type(session.guard).run = lambda self, name, *args, default=None: self.work[name](*args)
shell.run_cell("print(1)")
"""


def ended(folder: Path, failure: str, *, loaded: bool = True, unguarded: bool = False):
    program = textwrap.dedent(ENDING).format(loaded=loaded, failure=failure, unguarded=unguarded)
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, timeout=20, check=False,
        env={"PATH": "/usr/bin:/bin", "IPYTHONDIR": str(folder / ".ipython"), "HOME": str(folder)},
    )  # fmt: skip
    return done.returncode, done.stdout, done.stderr


@pytest.mark.parametrize("failure", FAILURES)
def test_a_fault_at_the_end_of_the_process_changes_no_exit_status(tmp_path, failure):
    assert ended(tmp_path, failure) == ended(tmp_path, failure, loaded=False)


@pytest.mark.parametrize("failure", [failure for failure in FAILURES if failure != "hang"])
def test_without_the_guard_a_fault_at_the_end_is_seen(tmp_path, failure):
    assert ended(tmp_path, failure, unguarded=True) != ended(tmp_path, failure, loaded=False)
