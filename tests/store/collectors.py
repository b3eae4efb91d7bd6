"""Collections of garbage and processes that register, at one store and journal, as fast as they can.

``python tests/store/collectors.py --rounds 10000 [--writers 3] [--store s3]`` prints one line of JSON: what was
registered, removed, spared, and how many live objects were lost, which must be none. In every round a writer finds the
files of its bundle in place, as old rubbish that a collection is about to take, and registers the bundle; every fourth
is left as the rubbish it is. For S3 the environment names a server with the bucket ``bucket``.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

from pressrun.errors import RefusedError
from pressrun.records.digest import digest_bytes
from pressrun.records.entries import decode_entry
from pressrun.records.events import Registered
from pressrun.store.bundles import BundleStore
from pressrun.store.garbage import collect, gate_of
from pressrun.store.journal.open import open_journal
from pressrun.store.layout import object_path
from pressrun.store.manifests import listed_files, read_manifest
from pressrun.store.objects import ObjectStore
from pressrun.store.open_objects import open_objects
from pressrun.store.references import References
from pressrun.testing.registries import Parts, register_folder
from pressrun.testing.samples import write_sample_bundle

GRACE_S = {"local": 2.0, "s3": 3.0}
BATCH = {"local": 8, "s3": 12}
WAIT_S = {"local": (0.0, 0.15), "s3": (6.5, 9.5)}
"""Until rubbish was marked, condemned or is gone: least and most."""


@contextlib.contextmanager
def opened(place: Path, location: str):
    with open_journal(place / "journal.db") as journal:
        yield Parts(journal, open_objects(location), BundleStore(place / ".pressrun"))


def write(place: Path, location: str, number: int, rounds: int, kind: str) -> None:
    chance = random.Random(number)
    with opened(place, location) as parts:
        for first in range(0, rounds, BATCH[kind]):
            made = [rubbish(parts, place, f"w{number}-{turn}") for turn in range(first, first + BATCH[kind])]
            time.sleep(chance.uniform(*WAIT_S[kind]))
            for turn, folder in enumerate(made, first):
                if turn % 4:
                    register_folder(parts, folder, local=False, first=True)
                    print(folder.name, flush=True)


def rubbish(parts: Parts, place: Path, name: str) -> Path:
    folder = place / "work" / name
    files = {"source.ipynb": f'{{"{name}": 1}}'.encode(), "models/m.bin": name.encode() * 100, "pipeline.py": b"same"}
    write_sample_bundle(folder, files, name=name)
    for content in files.values():
        digest = parts.objects.put(content)
        if isinstance(parts.objects, ObjectStore):
            with contextlib.suppress(FileNotFoundError):
                os.utime(object_path(parts.objects.root, digest), (1, 1))
    return folder


def clean(place: Path, location: str, kind: str) -> None:
    """Collect until told to stop."""
    done = {"collections": 0, "removed": 0, "spared": 0, "refused": 0}
    with opened(place, location) as parts:
        while not (place / "stop").exists():
            gate = gate_of(parts.objects, now_s=None, grace_s=GRACE_S[kind])
            try:
                found = collect(parts.objects, References(parts.journal, parts.objects, parts.bundles), gate)
            except RefusedError:
                done["refused"] += 1
                continue
            done["collections"] += 1
            done["removed"] += len(found.removed)
            done["spared"] += len(found.spared)
    print(json.dumps(done), flush=True)


def lost(parts: Parts) -> tuple[int, set[str]]:
    """Return how many versions there are, and which objects of them are missing or damaged."""
    versions, missing = 0, set()
    for stored in parts.journal.read():
        event = decode_entry(stored.leaf).event
        assert isinstance(event, Registered)
        versions += 1
        manifest = read_manifest(parts.objects.read(event.manifest), event.name).manifest
        for listed in listed_files(manifest).values():
            if not parts.objects.has(listed.digest) or digest_bytes(parts.objects.read(listed.digest)) != listed.digest:
                missing.add(listed.digest)
    return versions, missing


def race(rounds: int, writers: int, kind: str) -> dict[str, object]:
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        location = f"s3://bucket/{uuid.uuid4().hex}" if kind == "s3" else str(place / ".pressrun")
        words = [sys.executable, __file__, "--place", folder, "--location", location, "--store", kind]
        collector = subprocess.Popen([*words, "--role", "clean"], stdout=subprocess.PIPE, text=True)
        share = str(-(-rounds // writers))
        crowd = [
            subprocess.Popen([*words, "--role", "write", "--number", str(number), "--rounds", share],
                             stdout=subprocess.PIPE, text=True)
            for number in range(writers)
        ]  # fmt: skip
        said = [name for writer in crowd for name in writer.communicate()[0].split()]
        (place / "stop").touch()
        done = json.loads(collector.communicate()[0])
        failed = [process.returncode for process in (collector, *crowd) if process.returncode]
        with opened(place, location) as parts:
            versions, missing = lost(parts)
            left = rubbish_left(parts)
    return {
        "store": kind, "rounds": rounds, "writers": writers, "acknowledged": len(said), "registered": versions,
        "lost": len(missing), "rubbish_left": left, "failed": failed, **done,
        "seconds": round(time.monotonic() - started, 1),
    }  # fmt: skip


def rubbish_left(parts: Parts) -> int:
    """Collect as if much later, and return how many objects that nothing refers to are left then."""
    for later_s in (1e6, 2e6, 3e6):
        gate = gate_of(parts.objects, now_s=time.time() + later_s, grace_s=1.0)
        collect(parts.objects, References(parts.journal, parts.objects, parts.bundles), gate)
    live = References(parts.journal, parts.objects, parts.bundles).refresh()
    return sum(digest not in live for digest in parts.objects.digests())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=300)
    parser.add_argument("--writers", type=int, default=3)
    parser.add_argument("--store", choices=["local", "s3"], default="local")
    parser.add_argument("--role", choices=["race", "write", "clean"], default="race")
    parser.add_argument("--place", type=Path)
    parser.add_argument("--location", default="")
    parser.add_argument("--number", type=int, default=0)
    given = parser.parse_args()
    if given.role == "write":
        write(given.place, given.location, given.number, given.rounds, given.store)
    elif given.role == "clean":
        clean(given.place, given.location, given.store)
    else:
        print(json.dumps(race(given.rounds, given.writers, given.store)))


if __name__ == "__main__":
    main()
