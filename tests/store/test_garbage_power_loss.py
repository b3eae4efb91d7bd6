"""R1 and R7 in memory: collecting garbage and forgetting bundles loses nothing that anybody was told is safe.

Every disk that a power loss could leave is checked, as in `test_power_loss.py`; writers and a collection take turns, an
operation each. That the simulation would notice a missing guard is shown at the end.
"""

from __future__ import annotations

import contextlib
import functools

import pytest

from pressrun.store import unregistered
from pressrun.store.check import GRACE_S, check_store
from pressrun.store.garbage import LocalGate
from pressrun.testing.simfs import SimFs
from pressrun.testing.stores import StoreJudge, StoreWorld


def old_rubbish(world: StoreWorld) -> None:
    """Leave two bundles, one of them named twice, and objects that nobody needs, all of them old."""
    world.add("one")
    world.add("two")
    world.put(b"rubbish")
    world.put(b"more rubbish")
    world.fs.clock_s += 2 * GRACE_S


def found(folder, judge, seed=0) -> StoreWorld:
    world = StoreWorld(folder, judge, seed)
    world.prepare(lambda: old_rubbish(world))
    return world


def test_a_collection_removes_rubbish_alone_and_loses_nothing_at_any_power_loss(folder):
    world = found(folder, StoreJudge())
    before = set(world.store().objects.digests())
    world.collect()
    assert len(before - set(world.store().objects.digests())) == 2
    world.put(b"rubbish")
    assert world.loss.violations == []
    assert world.loss.states >= 20


def test_forgetting_a_bundle_leaves_a_whole_store_after_every_step(folder):
    world = found(folder, StoreJudge())
    world.forget("two")
    world.collect()
    world.add("two")
    assert world.loss.violations == []
    assert world.loss.states > 300
    assert check_store(world.store()).whole


def concurrent(folder, seeds) -> list[str]:
    """Let a collection and writers of the same old objects take turns; return what was lost."""
    judge = StoreJudge()
    wrong: list[str] = []
    for seed in seeds:
        world = found(folder, judge, seed)
        writers = [
            world.collect,
            functools.partial(world.put, b"rubbish"),
            functools.partial(world.put, b"more rubbish"),
            world.collect,
            functools.partial(world.add, "two"),
        ]
        assert world.in_turns(seed, writers) == []
        wrong += world.loss.violations
    return wrong


@pytest.mark.slow
def test_a_collection_never_takes_what_a_writer_was_just_told_is_there(folder):
    assert concurrent(folder, range(40)) == []


@pytest.mark.slow
@pytest.mark.parametrize("guard", ["the gate", "young again", "the age"])
def test_the_simulation_notices_a_guard_that_is_gone(folder, monkeypatch, guard):
    if guard == "the gate":
        monkeypatch.setattr(LocalGate, "closed", lambda _self, _ripe: contextlib.nullcontext())
    elif guard == "young again":
        monkeypatch.setattr(SimFs, "touch", lambda _self, _path: None)
    else:
        monkeypatch.setattr(LocalGate, "may_go", lambda _self, _digest: True)
    assert any("lost" in sentence for sentence in concurrent(folder, range(40)))


def test_the_simulation_notices_that_steps_of_forgetting_reach_the_disk_in_any_order(folder, monkeypatch):
    monkeypatch.setattr(unregistered, "_remove", lambda store, path: store.fs.remove(path))
    world = found(folder, StoreJudge())
    world.forget("two")
    assert any("missing or damaged" in sentence for sentence in world.loss.violations)
