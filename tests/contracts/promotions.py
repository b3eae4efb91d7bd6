"""Many processes that register and deploy through one registry, some of them killed: does any pointer lie?

Every promotion is what a person does: register a bundle, or find that it is registered already, and deploy it. The
names are few, so that the processes meet at the same pointers. A killed process is replaced by one that goes on. Then
`recover` closes what the killed ones left, and the journal has to agree with everything that was acknowledged.

    python tests/contracts/promotions.py --processes 64 --promotions 50 --database sqlite
    python tests/contracts/promotions.py --processes 64 --promotions 50 --database postgresql

prints one JSON line, and ends with 1 where something is wrong. With a server, half of the processes work in a second
project, which shares journal and objects with the first and knows nothing of its locks.
"""

from __future__ import annotations

import argparse
import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import NamedTuple

from pressrun.actions.audit import own_keys
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.fsck import check_registry
from pressrun.actions.recover import recover
from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.registry import Registry
from pressrun.actions.status import status
from pressrun.errors import RefusedError
from pressrun.records.entries import decode_entry
from pressrun.records.events import Deployed, DeployRequested, Registered
from pressrun.rules.standing.queries import live
from pressrun.testing.worlds import RegistryWorld

NAMES = 12
SHARED = "shared"
"""A bundle that every process registers: only the first of those who meet makes a version of it."""
ENVIRONMENT = "staging"
"""Where the policy asks for no approval; one person alone may not take anything to production."""
PATIENCE_S = 300.0
FAULTS = ("lost", "duplicates", "gaps", "inconsistencies", "findings", "wrong_pointers", "open")


class Acknowledged(NamedTuple):
    """A promotion as its process was told that it is done."""

    deployment: str
    name: str
    number: int
    latency_s: float


class Process:
    """One place in the crowd: a process, and another one when that is killed.

    Attributes:
        busy: whether the present process has had a promotion acknowledged, so that a kill meets it at work.
    """

    def __init__(self, index: int, world: RegistryWorld, promotions: int) -> None:
        self.index, self.world, self.promotions = index, world, promotions
        self.acknowledged: list[Acknowledged] = []
        self.error = ""
        self.busy = False
        self.ready = threading.Event()
        self.process = self._start()
        self.thread = threading.Thread(target=self._watch)
        self.thread.start()

    @property
    def done(self) -> bool:
        """Whether all of its promotions were acknowledged."""
        return len(self.acknowledged) >= self.promotions

    def go(self) -> None:
        """Let the process begin."""
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def kill(self) -> None:
        """End it as the system does when memory is short."""
        self.busy = False
        self.process.kill()

    def _start(self) -> subprocess.Popen[str]:
        turns = [str(len(self.acknowledged)), str(self.promotions)]
        command = [sys.executable, __file__, "--work", str(self.world.folder), str(self.index), *turns]
        pipe = subprocess.PIPE
        environment = self.world.environment("ana") | {
            name: value for name, value in os.environ.items() if name in {"PRESSRUN_JOURNAL", "PRESSRUN_OBJECTS"}
        }
        return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)

    def _watch(self) -> None:
        first = True
        while not self.done and not self.error:
            if not first:
                self.process = self._start()
                self.go()
            with self.process as process:
                assert process.stdout is not None
                assert process.stderr is not None
                for line in process.stdout:
                    if not line.endswith("\n"):
                        break  # killed in the middle of saying so: nobody heard it
                    self._hear(line)
                # a killed process leaves nothing there, a failed one its traceback
                errors = process.stderr.read()
            self.busy = False
            if process.returncode not in {0, -signal.SIGKILL}:
                self.error = errors or f"ended with {process.returncode}"
            first = False
        self.ready.set()

    def _hear(self, line: str) -> None:
        if line == "ready\n":
            self.ready.set()
            return
        deployment, name, number, latency_s = line.split()
        self.acknowledged.append(Acknowledged(deployment, name, int(number), float(latency_s)))
        self.busy = True


def promote(
    folder: Path, *, processes: int, promotions: int, kills: int, projects: int = 1, seed: int = 1
) -> dict[str, object]:
    """Let a crowd promote, and return what came of it.

    Args:
        folder: an empty one; where journal and objects are is said by the environment, by default in the project.
        processes: at a time; `promotions` acknowledged ones of each.
        kills: how many of them meet SIGKILL, at any moment.
        projects: how many share the registry.
    """
    worlds = prepare(folder, projects)
    crew = [Process(index, worlds[index % projects], promotions) for index in range(processes)]
    for process in crew:
        process.ready.wait()
    began = time.monotonic()
    for process in crew:
        process.go()
    killed = kill_some(crew, kills, random.Random(seed))
    for process in crew:
        process.thread.join()
    seconds = time.monotonic() - began
    errors = [process.error for process in crew if process.error]
    assert not errors, errors[0]
    said = [acknowledged for process in crew for acknowledged in process.acknowledged]
    recovered = 0
    for world in worlds:
        with world.acting("ana") as registry:
            recovered += recover_own(registry)
    with worlds[0].acting("ana") as registry:
        found = verdict(registry, worlds[0], said)
    return {**found, "kills": killed, "recovered": recovered, "seconds": round(seconds, 2), **latencies(said)}


def prepare(folder: Path, projects: int) -> list[RegistryWorld]:
    """Make the projects and the bundles that several processes promote."""
    first = RegistryWorld(folder / "project-0").build()
    worlds = [first]
    for number in range(1, projects):
        other = RegistryWorld(folder / f"project-{number}")
        other.project.mkdir(parents=True)
        shutil.copytree(first.folder / "people", other.folder / "people")
        shutil.copy2(first.folder / "journal.key", other.folder / "journal.key")
        worlds.append(other)
    for world in worlds:
        (world.project / "pressrun.toml").write_text("[registry]\n", encoding="utf-8")
        world.bundle(SHARED)
    return worlds


def kill_some(crew: list[Process], kills: int, chance: random.Random) -> int:
    """Kill processes that are at work, until as many as asked for were killed or nobody works any more."""
    killed = 0
    while killed < kills and not all(process.done or process.error for process in crew):
        time.sleep(chance.uniform(0.0, 0.2))
        working = [process for process in crew if process.busy and not process.done]
        if working:
            chance.choice(working).kill()
            killed += 1
    return killed


def recover_own(registry: Registry) -> int:
    """Close what this project's killed processes left; what another one left is that one's to close."""
    try:
        return len(recover(registry))
    except RefusedError:
        return 0


def verdict(registry: Registry, world: RegistryWorld, said: list[Acknowledged]) -> dict[str, object]:
    """Compare what was acknowledged with the stored entries, read without the fold, and the fold with them."""
    deployed: Counter[tuple[str, str, int]] = Counter()
    numbers: dict[str, list[int]] = {}
    neighbours: dict[str, list[str]] = {}
    last: dict[str, int] = {}
    asked = 0
    for entry in (decode_entry(stored.leaf) for stored in registry.journal.read()):
        event = entry.event
        if isinstance(event, Registered):
            numbers.setdefault(event.name, []).append(event.number)
            neighbours.setdefault(event.name, []).append(event.bundle)
        elif isinstance(event, DeployRequested):
            asked += 1
        elif isinstance(event, Deployed):
            deployed[event.deployment, event.name, event.number] += 1
            last[event.name] = event.number
    standing = registry.standing()
    stands = {name: move.number if (move := live(standing, name, ENVIRONMENT)) else 0 for name in last}
    seen = status(registry)
    report = check_registry(registry, own_keys(world.folder / "journal.key"))
    repeated = sum(one == two for bundles in neighbours.values() for one, two in itertools.pairwise(bundles))
    return {
        "entries": standing.head,
        "acknowledged": len(said),
        "deployments": asked,
        "versions": sum(map(len, numbers.values())),
        "lost": sum(one[:3] not in deployed for one in said),
        "duplicates": repeated
        + sum(times - 1 for times in deployed.values())
        + len(said)
        - len({one.deployment for one in said}),
        "gaps": sum(found != list(range(1, len(found) + 1)) for found in numbers.values()),
        "inconsistencies": len(standing.inconsistencies),
        "findings": len(report.findings),
        "wrong_pointers": sum(stands[name] != number for name, number in last.items()),
        "open": sum(item.what in {"recover", "collect"} for item in seen.waiting) + len(seen.problems),
    }


def latencies(said: list[Acknowledged]) -> dict[str, float]:
    """Return how long promotions took, seconds."""
    ordered = sorted(one.latency_s for one in said)
    found = {"p50_s": ordered[len(ordered) // 2], "p99_s": ordered[len(ordered) * 99 // 100], "max_s": ordered[-1]}
    return {name: round(value, 3) for name, value in found.items()}


def work(folder: Path, index: int, first: int, last: int) -> None:
    """Be a process of the crowd: one line for each promotion that the registry acknowledged."""
    world = RegistryWorld(folder)
    with world.acting("ana") as registry:
        print("ready", flush=True)
        sys.stdin.readline()
        recover_own(registry)  # what the process died of whose place this one takes
        for turn in range(first, last):
            name = f"model-{(index + turn) % NAMES}"
            bundle = world.bundle(SHARED if turn % 4 else f"own-{index}-{turn}")
            began = time.monotonic()
            version = register(registry, RegisterRequest(bundle=str(bundle), name=name)).version
            done = deploy_in_turn(registry, f"{name}@{version.number}", began)
            print(done, name, version.number, time.monotonic() - began, flush=True)


def deploy_in_turn(registry: Registry, reference: str, began: float) -> str:
    """Deploy as soon as nobody else is at the same pointer; return the deployment's id."""
    while True:
        try:
            return deploy(registry, DeployOrder(reference=reference, environment=ENVIRONMENT)).deployment
        except RefusedError as error:
            # another project is at the pointer: its locks are not ours, only the journal tells
            if not error.what.endswith("is not ended yet") and "under way" not in error.what:
                raise
            if time.monotonic() - began > PATIENCE_S:
                raise
            time.sleep(random.uniform(0.02, 0.2))


def main() -> None:
    """Promote and print the figures."""
    parser = argparse.ArgumentParser(description="Many processes promote through one registry, some of them killed.")
    parser.add_argument("--processes", type=int, default=64)
    parser.add_argument("--promotions", type=int, default=50)
    parser.add_argument("--kills", type=int, default=64)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    asked = parser.parse_args()
    sizes = {"processes": asked.processes, "promotions": asked.promotions, "kills": asked.kills, "seed": asked.seed}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as held:
        if asked.database == "postgresql":
            sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))
            from postgres import empty_database, server

            address = held.enter_context(server(Path(folder), durable=True))
            os.environ["PRESSRUN_JOURNAL"] = held.enter_context(empty_database(address))
            os.environ["PRESSRUN_OBJECTS"] = str(Path(folder, "objects"))
            found = promote(Path(folder), **sizes, projects=2)
        else:
            found = promote(Path(folder), **sizes)
    print(json.dumps({"database": asked.database, **{key: sizes[key] for key in ("processes", "promotions")}, **found}))
    sys.exit(any(found[fault] for fault in FAULTS))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(Path(sys.argv[2]), *map(int, sys.argv[3:6]))
    else:
        main()
