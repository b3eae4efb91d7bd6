"""Digest inputs: pressrun's stat cache against plain sha256 and ``dvc``, on one large file and on many small ones.

CPU seconds (user and system, children included); every step runs in a process of its own, so that start-up counts for
all. "first" reads everything, "again" finds everything unchanged. dvc works in a repository of its own with analytics
off, its byte code compiled by one run before. Peers do more: ``dvc add`` also copies or links the data into its cache.
One JSON line a figure.

usage: hashing.py [--peer PYTHON] [--bytes N] [--files N] [--repeat N]

`--peer` is the interpreter of an environment with dvc; without it one is made from ``peers/dvc.txt`` by uv.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve().parent

PRESSRUN = """
import sys
from pathlib import Path
from pressrun.notebook.inputs import digest_files
from pressrun.notebook.statcache import StatCache
from pressrun.records.capture import Coverage, Environment, FileAccess, Observation
top = Path(sys.argv[1])
files = tuple(FileAccess(path=str(p), mode="read", first="read", cells=(0,)) for p in sorted(top.glob("data/*")))
seen = Observation(coverage=Coverage(level="python-only"), files=files, working_directory=str(top))
nowhere = Environment(python="", implementation="", platform="", machine="", executable="", prefix="")
with StatCache(Path(sys.argv[2])) as cache:
    inputs, _ = digest_files(seen, top, nowhere, cache=cache)
assert len(inputs) == len(files)
"""

SHA256 = """
import hashlib, sys
from pathlib import Path
for path in sorted(Path(sys.argv[1]).glob("data/*")):
    with path.open("rb") as stream:
        hashlib.file_digest(stream, "sha256").hexdigest()
"""

IMPORTS = """
from pressrun.notebook.inputs import digest_files
from pressrun.notebook.statcache import StatCache
"""


def cpu_of(command: list[str], folder: Path) -> float:
    """Run a program and return the CPU seconds it and its children took."""
    before = os.times()
    subprocess.run(command, cwd=folder, check=True, capture_output=True, env=clean())
    after = os.times()
    return (after.children_user + after.children_system) - (before.children_user + before.children_system)


def clean() -> dict[str, str]:
    """Return the environment without what makes peers slow for no fault of theirs."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "DVC_NO_ANALYTICS": "1", "PYTHONPATH": ""}


def make_data(top: Path, *, files: int, size: int) -> None:
    """Write `files` files of `size` bytes each, old enough to be remembered."""
    (top / "data").mkdir(parents=True)
    block = os.urandom(min(size, 1 << 20))
    for number in range(files):
        path = top / "data" / f"{number:06d}.bin"
        with path.open("wb") as stream:
            stream.write(number.to_bytes(8, "big"))
            for _ in range(size // len(block)):
                stream.write(block)
    time.sleep(2.1)  # a younger file is read again, since it could still change within its time stamp


def peer_python(given: str, folder: Path) -> str:
    """Return the interpreter of an environment with dvc, making one when none is given."""
    if given:
        return given
    place = folder / "peer"
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, str(place)], check=True)
    python = str(place / "bin" / "python")
    requirements = str(HERE / "peers" / "dvc.txt")
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, "-r", requirements], check=True)
    return python


def median(measure: Callable[[int], float], repeat: int) -> float:
    """Return the median of several runs."""
    return statistics.median(measure(number) for number in range(repeat))


def case(name: str, top: Path, peer: str, repeat: int) -> None:
    """Measure one set of files and print its figures."""
    caches = top.parent / f"{name}-caches"
    caches.mkdir()
    figures = {"floor: start and imports": median(lambda _: cpu_of([sys.executable, "-c", IMPORTS], top), repeat)}

    def ours(number: int) -> list[str]:
        return [sys.executable, "-c", PRESSRUN, str(top), str(caches / f"{number}.sqlite")]

    figures["sha256"] = median(lambda _: cpu_of([sys.executable, "-c", SHA256, str(top)], top), repeat)
    figures["pressrun first"] = median(lambda number: cpu_of(ours(number), top), repeat)
    figures["pressrun again"] = median(lambda number: cpu_of(ours(number), top), repeat)
    dvc = [peer, "-m", "dvc"]
    for arguments in (["init", "--no-scm", "--quiet"], ["config", "core.analytics", "false"], ["version"]):
        subprocess.run([*dvc, *arguments], cwd=top, check=True, capture_output=True, env=clean())
    figures["dvc version"] = median(lambda _: cpu_of([*dvc, "version"], top), repeat)
    figures["dvc add first"] = cpu_of([*dvc, "add", "--quiet", "data"], top)
    figures["dvc status again"] = median(lambda _: cpu_of([*dvc, "status", "--quiet"], top), repeat)
    for figure, seconds in figures.items():
        print(json.dumps({"benchmark": "hashing", "case": name, "figure": figure, "cpu_s": round(seconds, 4)}))
    floor = figures["floor: start and imports"]
    ratios = {
        "pressrun first / sha256": figures["pressrun first"] / figures["sha256"],
        "dvc add / pressrun first": figures["dvc add first"] / figures["pressrun first"],
        "dvc status / pressrun again": figures["dvc status again"] / figures["pressrun again"],
        "pressrun again above the floor, s": max(0.0, figures["pressrun again"] - floor),
    }
    for figure, value in ratios.items():
        print(
            json.dumps({"benchmark": "hashing", "case": name, "figure": figure, "value": round(value, 4)}), flush=True
        )


def main() -> None:
    """Run both cases."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--peer", default="", help="interpreter of an environment with dvc")
    parser.add_argument("--bytes", type=int, default=1 << 30, help="size of the large file")
    parser.add_argument("--files", type=int, default=20_000, help="number of small files, 4 kB each")
    parser.add_argument("--repeat", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hashing-") as folder:
        work = Path(folder)
        peer = peer_python(options.peer, work)
        make_data(work / "large", files=1, size=options.bytes)
        case("one large file", work / "large", peer, options.repeat)
        make_data(work / "small", files=options.files, size=4096)
        case("many small files", work / "small", peer, options.repeat)


if __name__ == "__main__":
    main()
