"""Fault sweep over the real command line: every system call that changes the project fails once, or is the last one.

For each verb, a first run under strace lists the calls that touch the project: those that change it, and those that
open something to read. Then the verb runs again and again, each time with one of them answered by an error or by
SIGKILL. That the fault fired is read from the trace of that very run. Afterwards the verb is run once more without
faults, as a person would, and everything has to be in order: the journal verifies, every object is whole, no deployment
is open, the pointer and the folder agree, and what was acknowledged is there.

    python tests/contracts/fault_sweep.py --points 500

prints one JSON line with the points, how many fired, and what was bad.
"""

from __future__ import annotations

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.audit import own_keys
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.fsck import check_registry
from pressrun.actions.status import status
from pressrun.errors import EXIT_CANNOT_RESTORE, EXIT_OK, EXIT_REFUSED, EXIT_USAGE
from pressrun.testing.worlds import RegistryWorld

CALLS = (
    "openat", "write", "pwrite64", "fsync", "fdatasync", "ftruncate", "rename", "renameat", "renameat2", "mkdir",
    "mkdirat", "unlink", "unlinkat", "symlink", "symlinkat", "utimensat", "rmdir",
)  # fmt: skip
KILL = "signal=KILL"
FAULTS = (KILL, "error=ENOSPC", "error=EIO", "error=EINTR")
READING_FAULTS = ("error=EMFILE", "error=EIO")
_PATH = re.compile(r'"(/[^"]*)"')
STATUSES = {EXIT_OK, EXIT_USAGE, EXIT_REFUSED, EXIT_CANNOT_RESTORE}
"""A file that cannot be read is a wrong argument, a doubt (and refused), or something that cannot be restored."""
TRIES = 3
_CALL = re.compile(r"^(?:\[pid +\d+\] |\d+ +)?(\w+)\((.*)$")
_INJECTED = "(INJECTED)"
_KILLED = "+++ killed by SIGKILL +++"


class Verb(NamedTuple):
    """A command to break: who runs it, with which words, and how many times it may be run again."""

    name: str
    person: str
    words: tuple[str, ...]


class Point(NamedTuple):
    """One fault: the `when`-th call of a name, answered by `fault`."""

    verb: Verb
    call: str
    when: int
    fault: str


VERBS = (
    Verb("register", "ana", ("register", "../bundles/two", "--name", "churn")),
    Verb("approve", "ben", ("approve", "churn@1", "--to", "production", "--yes")),
    Verb("deploy", "ana", ("deploy", "churn@1", "--to", "production")),
    Verb("rollback", "ben", ("rollback", "churn", "--in", "production")),
    Verb("gc", "ben", ("gc", "--grace", "0")),
)


def prepare(folder: Path) -> None:
    """Make the state that each verb begins with, a folder each."""
    base = RegistryWorld(folder / "base").build()
    base.bundle("two")
    base.register("one")
    _copied(folder, "register", base)
    with base.acting("ana") as registry:
        request_approval(registry, "churn@1", "production")
    _copied(folder, "approve", base)
    with base.acting("ben") as registry:
        approve(registry, find_request(registry, "churn@1"))
    _copied(folder, "deploy", base)
    for number, label in ((1, "one"), (2, "two")):
        base.register(label)
        with base.acting("ana") as registry:
            if number == 2:
                request_approval(registry, "churn@2", "production")
        with base.acting("ben") as registry:
            if number == 2:
                approve(registry, find_request(registry, "churn@2"))
        with base.acting("ana") as registry:
            deploy(registry, DeployOrder(reference=f"churn@{number}", environment="production"))
    _copied(folder, "rollback", base)
    with base.acting("ana") as registry:
        for number in range(3):
            registry.objects.put(f"nobody refers to this, {number}".encode())
    _copied(folder, "gc", base)


def _copied(folder: Path, verb: str, base: RegistryWorld) -> None:
    shutil.copytree(base.folder, folder / verb, symlinks=True)


def trace(world: RegistryWorld, verb: Verb, options: list[str], log: Path) -> subprocess.CompletedProcess[bytes]:
    """Run a verb under strace."""
    command = ["strace", "-f", "-y", "-s", "0", "-o", str(log), *options]
    command += [sys.executable, "-m", "pressrun", *verb.words]
    environment = world.environment(verb.person) | {"PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        command, cwd=world.project, env=environment, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )


def points_of(folder: Path, verb: Verb) -> Iterator[Point]:
    """Yield every fault of a verb: calls are counted by name, because that is how strace counts them."""
    world = _fresh(folder, verb, "baseline")
    log = world.folder / "trace.log"
    done = trace(world, verb, ["-e", "trace=" + ",".join(CALLS)], log)
    assert done.returncode == 0, f"{verb.name} fails without a fault: {done.stderr.decode()}"
    counted = dict.fromkeys(CALLS, 0)
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    main = lines[0].split(" ", 1)[0]
    for line in lines:
        found = _CALL.match(line)
        if found is None or not line.startswith(main):
            continue
        call, rest = found[1], found[2]
        if call not in counted:
            continue
        counted[call] += 1
        if call == "openat" and "O_CREAT" not in rest:
            path = _PATH.search(rest)
            # the project's folder itself is listed by the interpreter, which looks for modules there
            reads = path is not None and path[1].startswith(f"{world.folder}/") and path[1] != str(world.project)
            faults = READING_FAULTS if reads else ()
        else:
            faults = FAULTS if str(world.folder) in rest else ()
        for fault in faults:
            yield Point(verb, call, counted[call], fault)
    shutil.rmtree(world.folder)


def _fresh(folder: Path, verb: Verb, label: str) -> RegistryWorld:
    place = folder / "runs" / f"{verb.name}-{label}"
    shutil.copytree(folder / verb.name, place / "world", symlinks=True)
    return RegistryWorld(place / "world")


def try_point(folder: Path, point: Point) -> tuple[bool, list[str]]:
    """Break a verb at one point; return whether the fault fired, and what is wrong afterwards.

    Calls are counted, and now and then the interpreter makes one more or less before: a fault that hit one of its own
    modules says nothing about us, so another try is made.
    """
    for _ in range(TRIES):
        fired, problems = _tried(folder, point)
        if fired:
            break
    return fired, problems


def _tried(folder: Path, point: Point) -> tuple[bool, list[str]]:
    label = f"{point.call}-{point.when}-{point.fault.partition('=')[2]}-{random.getrandbits(32):08x}"
    world = _fresh(folder, point.verb, label)
    log = world.folder / "trace.log"
    options = ["-e", f"trace={point.call}", "-e", f"inject={point.call}:{point.fault}:when={point.when}"]
    done = trace(world, point.verb, options, log)
    traced = log.read_text(encoding="utf-8", errors="replace")
    fired = _fired(point, traced, world)
    log.unlink()
    if not fired:
        shutil.rmtree(world.folder.parent)
        return False, []
    problems = []
    if b"Traceback" in done.stderr:
        problems.append("a traceback was shown: " + done.stderr.decode(errors="replace")[-300:])
    if point.fault != KILL and done.returncode not in STATUSES:
        problems.append(f"it ended with {done.returncode}")
    if point.fault != KILL and done.returncode != 0 and not done.stderr:
        problems.append("it failed without a word")
    if done.returncode == 0:
        with world.acting("ben") as registry:
            wrong = _done_once(world, point.verb, registry.standing())
            problems += [f"acknowledged, and yet: {problem}" for problem in wrong]
    problems += _after(world, point.verb)
    if not problems:
        shutil.rmtree(world.folder.parent)
    return fired, [f"{point.verb.name} {point.call}#{point.when} {point.fault}: {problem}" for problem in problems]


def _fired(point: Point, traced: str, world: RegistryWorld) -> bool:
    """Whether the fault hit the process, at one of the calls that it was meant for."""
    if point.fault == KILL:
        return _KILLED in traced
    hit = [line for line in traced.splitlines() if _INJECTED in line]
    return any(str(world.folder) in line for line in hit)


def _after(world: RegistryWorld, verb: Verb) -> list[str]:
    """Run the verb once more, as a person would, and look at everything."""
    command = [sys.executable, "-m", "pressrun", *verb.words]
    again = subprocess.run(
        command, cwd=world.project, env=world.environment(verb.person), capture_output=True, stdin=subprocess.DEVNULL,
        check=False,
    )  # fmt: skip
    problems = []
    if not _fine_again(verb, again):
        problems.append(f"running it again gives {again.returncode}: {again.stderr.decode(errors='replace')[-300:]}")
    with world.acting("ben") as registry:
        report = check_registry(registry, own_keys(world.folder / "journal.key"))
        problems += [f"fsck: {finding.where}: {finding.what}" for finding in report.findings]
        found = status(registry)
        problems += [f"does not fit: {problem}" for problem in found.problems]
        problems += [f"open: {item.about}" for item in found.waiting if item.what in {"recover", "collect"}]
        problems += _done_once(world, verb, registry.standing())
    return problems


def _fine_again(verb: Verb, again: subprocess.CompletedProcess[bytes]) -> bool:
    if again.returncode == 0:
        return True
    # what was done before the fault cannot be done twice: a person approves once, and the last version is left
    text = again.stderr.decode(errors="replace")
    return (verb.name == "approve" and "approved" in text) or (verb.name == "rollback" and "no other version" in text)


def _done_once(world: RegistryWorld, verb: Verb, standing) -> list[str]:
    stands = standing.names["churn"]
    numbers = [version.event.number for version in stands.versions]
    problems = [] if numbers == list(range(1, len(numbers) + 1)) else [f"versions are {numbers}"]
    if verb.name == "register" and len(numbers) != 2:
        problems.append(f"two bundles gave {len(numbers)} versions")
    if verb.name == "approve":
        given = [a for request in stands.requests.values() for a in request.approvals]
        if len(given) != 1:
            problems.append(f"one person approved {len(given)} times")
    if verb.name in {"deploy", "rollback"}:
        moves = stands.moves.get("production", [])
        if not moves or moves[-1].how != verb.name:
            problems.append(f"the last move is no {verb.name}")
        link = world.live / "churn" / "current"
        number = moves[-1].number if moves else 0
        current = link.readlink().name if link.is_symlink() else "nothing"
        if not current.startswith(f"{number}-"):
            problems.append(f"{number} is live, and the folder points at {current}")
    return problems


def sweep(folder: Path, limit: int, seed: int, workers: int) -> dict[str, object]:
    """Try up to `limit` points, drawn evenly over verbs, and return the figures."""
    prepare(folder)
    chosen: list[Point] = []
    by_verb = {verb.name: list(points_of(folder, verb)) for verb in VERBS}
    for points in by_verb.values():
        random.Random(seed).shuffle(points)
    while len(chosen) < limit and any(by_verb.values()):
        for points in by_verb.values():
            if points and len(chosen) < limit:
                chosen.append(points.pop())
    with ThreadPoolExecutor(workers) as pool:
        results = list(pool.map(lambda point: try_point(folder, point), chosen))
    per_verb = {verb.name: sum(point.verb == verb for point in chosen) for verb in VERBS}
    bad = [problem for _, problems in results for problem in problems]
    tried = zip(chosen, results, strict=True)
    silent = [f"{point.verb.name} {point.call}#{point.when} {point.fault}" for point, (fired, _) in tried if not fired]
    return {"points": len(chosen), "fired": len(chosen) - len(silent), "bad": bad, "silent": silent, "verbs": per_verb}


def main() -> None:
    """Sweep and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--keep", type=Path, help="An empty folder to work in, whose broken states are kept.")
    arguments = parser.parse_args()
    place = arguments.keep or Path(tempfile.mkdtemp(prefix="pressrun-faults-"))
    print(json.dumps(sweep(place, arguments.points, arguments.seed, arguments.workers)))
    if arguments.keep is None:
        shutil.rmtree(place)


if __name__ == "__main__":
    main()
