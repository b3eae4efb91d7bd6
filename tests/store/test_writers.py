"""Many processes at one store, some of them killed."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pressrun.store.bundles import BundleStore
from pressrun.store.check import check_store, sweep
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

WRITER = Path(__file__).with_name("writer.py")


@pytest.fixture
def folders(tmp_path):
    found = []
    for number in range(4):
        folder = tmp_path / f"bundle-{number}"
        files = {**SAMPLE_FILES, "models/m.bin": bytes([number]) * 300_000}
        write_sample_bundle(folder, files, name=f"name-{number}", evidence={"receipt.json": b"%d" % number})
        found.append(folder)
    return found


def start(store: BundleStore, seed: int, rounds: int, folders: list[Path]) -> subprocess.Popen:
    words = [sys.executable, str(WRITER), str(store.root), str(seed), str(rounds), *map(str, folders)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def acknowledged(output: str) -> set[tuple[str, ...]]:
    lines = output.splitlines(keepends=True)
    return {tuple(line.split()) for line in lines if line.endswith("\n")} - {("done",)}


def facts(store: BundleStore) -> set[tuple[str, ...]]:
    report = check_store(store)
    assert report.whole, report.problems
    found: set[tuple[str, ...]] = {("bundle", digest) for digest in report.bundles}
    found |= {("evidence", bundle, piece) for bundle, pieces in report.evidence.items() for piece in pieces}
    return found | {("name", name, digest) for name, digests in report.names.items() for digest in digests}


@pytest.mark.slow
def test_sixteen_writers_lose_nothing_of_each_other(store, folders):
    """Sixteen processes, the same four bundles, evidence of their own, one name that all of them move."""
    writers = [start(store, seed, 4, folders) for seed in range(16)]
    said: set[tuple[str, ...]] = set()
    for writer in writers:
        output, errors = writer.communicate(timeout=300)
        assert output.endswith("done\n"), errors
        said |= acknowledged(output)
    found = facts(store)
    assert said <= found
    assert len([fact for fact in found if fact[0] == "evidence"]) == 16 * 4 + 4
    assert len([fact for fact in found if fact[0] == "bundle"]) == 4
    assert list((store.root / "tmp").iterdir()) == []


@pytest.mark.slow
def test_writers_that_are_killed_lose_nothing_that_they_acknowledged(store, folders):
    """Twenty writers, two at a time, each killed with SIGKILL at a random moment."""
    chance = random.Random(2)
    said: set[tuple[str, ...]] = set()
    killed = 0
    for first in range(0, 20, 2):
        writers = [start(store, seed, 1000, folders) for seed in (first, first + 1)]
        for writer in writers:
            time.sleep(0.3 + chance.random() * 0.6)
            writer.kill()
        for writer in writers:
            output, errors = writer.communicate(timeout=60)
            assert writer.returncode == -9, errors
            killed += 1
            said |= acknowledged(output)
        assert said <= facts(store)
    assert killed == 20
    assert len(said) > 20
    left = list((store.root / "tmp").iterdir())
    assert set(sweep(store, now_s=time.time() + 1e6).removed) == {path.name for path in left}
    for folder in folders:
        BundleStore(store.root).add(folder)
    assert said <= facts(store)
