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
import sys
import tempfile
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

sys.path.insert(0, str(Path(__file__).parent))

from crew import Member, let_work

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

    @classmethod
    def read(cls, line: str) -> Acknowledged:
        """Return what a line of a process says."""
        deployment, name, number, latency_s = line.split()
        return cls(deployment, name, int(number), float(latency_s))


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
    crew = [_process(index, worlds[index % projects], promotions) for index in range(processes)]
    said, figures = let_work(crew, kills, seed)
    recovered = 0
    for world in worlds:
        with world.acting("ana") as registry:
            recovered += recover_own(registry)
    with worlds[0].acting("ana") as registry:
        found = verdict(registry, worlds[0], said)
    return {**found, "recovered": recovered, **figures}


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


def _process(index: int, world: RegistryWorld, promotions: int) -> Member[Acknowledged]:
    def command(acknowledged: int) -> list[str]:
        return [__file__, "--work", str(world.folder), str(index), str(acknowledged), str(promotions)]

    environment = world.environment("ana") | {
        name: value for name, value in os.environ.items() if name in {"PRESSRUN_JOURNAL", "PRESSRUN_OBJECTS"}
    }
    return Member(command, Acknowledged.read, promotions, environment)


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
