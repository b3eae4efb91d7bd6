"""What pressrun costs in the kernel that a person works in, with and without it, side by side.

CPU milliseconds (user and system, all threads of the process). Each figure is taken in fresh processes, those without
pressrun and those with it in turns; the median of `--rounds` counts. The process is an ipykernel with its sockets and
threads, in an environment that holds JupyterLab; cells go to its shell one after the other, with IPython's history
turned off, whose thread would be counted once for each cell or once for hundreds, as time allows. One JSON line a
figure, with the target where there is one.

Figures: ``load_ext``, ``%load_ext pressrun`` in a kernel that has just started, and how many modules that imports;
``autoload``, what `pressrun enable` writes, run where pressrun is installed and where it isn't; ``trivial``, a cell
``x = 1``, not registered and registered, registered with another text every time, registered with its
receipt made and neither shown nor kept on disk, and registered with a file that it reads; ``display``, what ipykernel
itself takes to publish one small output after such a cell, without pressrun; ``cell25``, a loop of about 25 ms;
``request``, a trivial cell as an execute request through the sockets; ``memory``, resident megabytes after loading and
after the first registered cell; ``watch``, inotify over 1000 folders.

usage: live.py [--python PYTHON] [--rounds N] [--only FIGURE]...

`--python` is the interpreter of an environment with JupyterLab and pressrun; without it one is made from
``peers/live.txt`` by uv.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
PEERS = ROOT / "benchmarks" / "peers" / "live.txt"
FIGURES = ("load_ext", "autoload", "trivial", "display", "cell25", "request", "memory", "watch")

PROLOGUE = """
import gc, json, os, sys, time
from ipykernel.kernelapp import IPKernelApp
mode, count = sys.argv[1], int(sys.argv[2])
app = IPKernelApp.instance()
app.initialize(["-f", os.path.abspath("kernel.json"), "--HistoryManager.enabled=False"])
shell = app.shell
cpu = time.process_time

def resident():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20

def load():
    shell.run_line_magic("load_ext", "pressrun")

def tell(**found):
    with open("told.json", "w") as file:
        json.dump(found, file)
    os._exit(0)
"""
CELLS = """
if mode != "without":
    load()
declared = "%%register step load\\n" if mode.startswith("registered") else ""
reads = "text = open('data.csv').read()\\n" if mode.endswith("-reads") else ""
source = declared + reads + {source!r}
shell.run_cell(source, store_history=True)
if mode == "registered-bare":
    from pressrun.interfaces.magics import session_of
    session_of(shell).guard.work.update(display=lambda receipt: None, store=lambda: "")
for number in range(20):
    shell.run_cell(source, store_history=True)
gc.collect()
end = ("\\n# {{}}" if mode == "registered-new" else "").format
began = cpu()
for number in range(count):
    shell.run_cell(source + end(number), store_history=True)
spent = cpu() - began
if mode.startswith("registered"):
    from pressrun.interfaces.magics import session_of
    assert not session_of(shell).guard.faults
tell(ms=spent / count * 1000)
"""
DISPLAY = """
if mode == "display":
    shown = lambda result: shell.display_pub.publish(data={"text/plain": "x"}, metadata={})
    shell.events.register("post_run_cell", shown)
for number in range(20):
    shell.run_cell("x = 1", store_history=True)
gc.collect()
began = cpu()
for number in range(count):
    shell.run_cell("x = 1", store_history=True)
tell(ms=(cpu() - began) / count * 1000)
"""
LOAD = """
before, began = set(sys.modules), cpu()
load()
spent = cpu() - began
heavy = ("nbformat", "papermill", "jsonschema", "sqlalchemy", "pydantic", "rich", "click")
heavy = [name for name in heavy if name in sys.modules]
tell(ms=spent * 1000, modules=len(set(sys.modules) - before), heavy=heavy, own=sorted(
    n for n in set(sys.modules) - before if n.startswith("pressrun")))
"""
AUTOLOAD = """
text = open("startup.py").read()
if mode == "absent":
    sys.meta_path.insert(0, type("Without", (), {"find_spec": staticmethod(lambda name, *_: (_ for _ in ()).throw(
        ModuleNotFoundError(name=name)) if name == "pressrun" else None)}))
began = cpu()
exec(compile(text, "startup.py", "exec"), shell.user_ns)
tell(ms=(cpu() - began) * 1000)
"""
MEMORY = """
if mode != "without":
    load()
for _ in range(50):
    shell.run_cell(("%%register step load\\n" if mode == "registered" else "") + "text = open('data.csv').read()")
gc.collect()
tell(mb=resident())
"""
WATCH = """
for number in range(1000):
    os.makedirs("tree/{}/{}".format(number % 50, number))
from pressrun.observer.inotify import FileWatch
began = cpu()
watch = FileWatch([os.path.abspath("tree")])
made = cpu() - began
began = cpu()
for _ in range(1000):
    watch.drain()
tell(made_ms=made * 1000, drain_ms=cpu() - began, active=watch.active)
"""
REQUESTS = """
import sys, time
from jupyter_client.manager import KernelManager
import psutil, json
mode, count = sys.argv[1], int(sys.argv[2])
manager = KernelManager()
manager.start_kernel()
client = manager.client()
client.start_channels()
client.wait_for_ready(timeout=60)
ignore = lambda message: None
if mode != "without":
    client.execute_interactive("%load_ext pressrun", output_hook=ignore)
source = ("%%register step load\\n" if mode == "registered" else "") + "x = 1"
for _ in range(20):
    client.execute_interactive(source, output_hook=ignore)
kernel = psutil.Process(manager.provisioner.process.pid)
began = sum(kernel.cpu_times()[:2])
for _ in range(count):
    client.execute_interactive(source, output_hook=ignore)
spent = (sum(kernel.cpu_times()[:2]) - began) / count * 1000
client.stop_channels()
manager.shutdown_kernel(now=True)
with open("told.json", "w") as file:
    json.dump({"ms": spent}, file)
"""


class Bench:
    """Runs programs in fresh processes and prints figures.

    Args:
        python: interpreter of the environment.
        rounds: how often; the median counts.
    """

    def __init__(self, python: str, rounds: int) -> None:
        self.python = python
        self.rounds = rounds

    def run(self, program: str, mode: str, count: int = 1) -> dict[str, Any]:
        """Run a program once and return what it tells."""
        with tempfile.TemporaryDirectory() as folder:
            place = Path(folder)
            (place / "data.csv").write_text("a,b\n1,2\n" * 1000)
            (place / "program.py").write_text(program)
            (place / "startup.py").write_text(startup_file())
            environment = {name: value for name, value in os.environ.items() if not name.startswith(("JPY_", "PYTHON"))}
            environment.update(IPYTHONDIR=folder, JUPYTER_RUNTIME_DIR=folder)
            done = subprocess.run(
                [self.python, "program.py", mode, str(count)],
                cwd=place, env=environment, capture_output=True, text=True, check=False,
            )  # fmt: skip
            if not (place / "told.json").exists():
                sys.exit(f"{mode} failed:\n{done.stderr[-3000:]}")
            told: dict[str, Any] = json.loads((place / "told.json").read_text())
            return told

    def medians(self, program: str, modes: tuple[str, ...], key: str = "ms", count: int = 1) -> dict[str, float]:
        """Run a program in every mode, in turns, and return the median of each."""
        found: dict[str, list[float]] = {mode: [] for mode in modes}
        for turn in range(self.rounds):
            for mode in modes[turn % len(modes) :] + modes[: turn % len(modes)]:
                found[mode].append(self.run(program, mode, count)[key])
        return {mode: statistics.median(values) for mode, values in found.items()}

    def load_ext(self) -> None:
        """Print what loading costs."""
        self.run(PROLOGUE + LOAD, "with")  # once without measuring: byte code, caches
        told = [self.run(PROLOGUE + LOAD, "with") for _ in range(self.rounds)]
        spent = statistics.median(one["ms"] for one in told)
        tell("load_ext", cpu_ms=spent, target_ms=100, modules=told[0]["modules"], heavy=told[0]["heavy"])

    def autoload(self) -> None:
        """Print what the start-up file costs a kernel."""
        found = self.medians(PROLOGUE + AUTOLOAD, ("present", "absent"))
        tell("autoload", present_cpu_ms=found["present"], absent_cpu_ms=found["absent"], target_ms=20)

    def trivial(self) -> None:
        """Print what is added to a trivial cell."""
        modes = ("without", "loaded", "registered", "registered-new", "registered-bare", "registered-reads",
                 "without-reads")  # fmt: skip
        found = self.medians(PROLOGUE + CELLS.format(source="x = 1"), modes, count=1000)
        tell("trivial cell", without_ms=found["without"], with_ms=found["loaded"],
             added_ms=found["loaded"] - found["without"], target_added_ms=0.5)  # fmt: skip
        tell("trivial registered cell", without_ms=found["without"], with_ms=found["registered"],
             added_ms=found["registered"] - found["without"], target_added_ms=0.5)  # fmt: skip
        tell("trivial registered cell, another text every time", without_ms=found["without"],
             with_ms=found["registered-new"], added_ms=found["registered-new"] - found["without"])  # fmt: skip
        tell("trivial registered cell, receipt neither shown nor kept", without_ms=found["without"],
             with_ms=found["registered-bare"], added_ms=found["registered-bare"] - found["without"],
             target_added_ms=0.5)  # fmt: skip
        tell("registered cell that reads a file", without_ms=found["without-reads"], with_ms=found["registered-reads"],
             added_ms=found["registered-reads"] - found["without-reads"])  # fmt: skip

    def display(self) -> None:
        """Print what one display message costs by itself."""
        found = self.medians(PROLOGUE + DISPLAY, ("without", "display"), count=1000)
        tell("one display message without pressrun", without_ms=found["without"], with_ms=found["display"],
             added_ms=found["display"] - found["without"])  # fmt: skip

    def cell25(self) -> None:
        """Print what is added to a cell of about 25 ms."""
        source = "total = 0\nfor number in range(600000):\n    total += number & 7\ntotal"
        found = self.medians(PROLOGUE + CELLS.format(source=source), ("without", "loaded", "registered"), count=60)
        for mode, name in (("loaded", "25 ms cell"), ("registered", "25 ms registered cell")):
            added = (found[mode] / found["without"] - 1) * 100
            tell(name, without_ms=found["without"], with_ms=found[mode], added_percent=added, target_percent=2)

    def request(self) -> None:
        """Print what is added to an execute request."""
        found = self.medians(REQUESTS, ("without", "loaded", "registered"), count=200)
        for mode, name in (("loaded", "execute request"), ("registered", "execute request, registered")):
            tell(name, without_ms=found["without"], with_ms=found[mode], added_ms=found[mode] - found["without"])

    def memory(self) -> None:
        """Print resident memory."""
        found = self.medians(PROLOGUE + MEMORY, ("without", "loaded", "registered"), key="mb")
        tell("memory", without_mb=found["without"], loaded_mb=found["loaded"], registered_mb=found["registered"])

    def watch(self) -> None:
        """Print what watching folders costs."""
        told = [self.run(PROLOGUE + WATCH, "with") for _ in range(self.rounds)]
        middle: Callable[[str], float] = lambda key: statistics.median(one[key] for one in told)  # noqa: E731
        tell("watch", folders=1000, made_ms=middle("made_ms"), empty_drain_ms=middle("drain_ms"))


def startup_file() -> str:
    """Return what `pressrun enable` writes."""
    from pressrun.actions.enable import STARTUP

    return STARTUP


def tell(figure: str, **values: Any) -> None:
    """Print one figure."""
    rounded = {name: round(value, 3) if isinstance(value, float) else value for name, value in values.items()}
    print(json.dumps({"benchmark": "live", "figure": figure, **rounded}), flush=True)


def make_environment(place: Path) -> str:
    """Make an environment with JupyterLab and pressrun, and return its interpreter."""
    uv = [sys.executable, "-m", "uv", "--quiet"]
    subprocess.run([*uv, "venv", "--python", sys.executable, str(place)], check=True)
    python = str(place / "bin" / "python")
    subprocess.run(
        [*uv, "pip", "install", "--compile-bytecode", "--python", python, "-r", str(PEERS), str(ROOT)], check=True
    )
    return python


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="interpreter of an environment with JupyterLab and pressrun")
    parser.add_argument("--rounds", type=int, default=5, help="the median of so many counts (default: 5)")
    parser.add_argument("--only", action="append", choices=FIGURES, help="this figure; may be given again")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        python = str(Path(args.python).absolute()) if args.python else make_environment(Path(folder) / "environment")
        bench = Bench(python, args.rounds)
        for figure in args.only or FIGURES:
            getattr(bench, figure)()


if __name__ == "__main__":
    main()
