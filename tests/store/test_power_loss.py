"""R1: a power loss loses nothing acknowledged and corrupts nothing under a final name.

Every disk that a power loss could leave after every operation of every scenario is opened with the real store code and
checked whole. That the simulation would notice a missing guard is shown in `test_guards.py`.
"""

from __future__ import annotations

import contextlib
import functools
import time

import pytest

from pressrun.errors import PressrunError
from pressrun.store.bundles import BundleStore
from pressrun.store.check import check_store, sweep
from pressrun.testing.simfs import Image, ImageFs
from pressrun.testing.stores import FOREVER_S, ROOT, TEMPORARY, StoreJudge, StoreWorld


def steps_of_everything(folder) -> int:
    return StoreWorld(folder, StoreJudge()).steps_of(StoreWorld.everything)


@pytest.mark.slow
def test_no_power_loss_loses_what_was_acknowledged_or_corrupts_a_final_name(folder, capsys):
    """At least 100,000 disks: one writer, writers killed at many operations, and four writers in turns."""
    started = time.process_time()
    judge = StoreJudge()
    worlds = [StoreWorld(folder, judge)]
    worlds[0].everything()
    for kill_after in range(0, steps_of_everything(folder), 16):
        worlds.append(StoreWorld(folder, judge, kill_after))
        worlds[-1].killed_then_again(kill_after, StoreWorld.everything)
    for seed in range(6):
        worlds.append(StoreWorld(folder, judge, seed))
        presses = [("one", b"a"), ("one", b"b"), ("two", b"a"), ("two", b"c")]
        assert worlds[-1].in_turns(seed, [functools.partial(worlds[-1].press, *press) for press in presses]) == []
    duration = time.process_time() - started
    states = sum(world.loss.states for world in worlds)
    with capsys.disabled():
        rate = states / duration
        print(f"\npower loss: {states:,} states, {judge.stores:,} different stores, {duration:.1f} s, {rate:,.0f}/s")
    assert [violation for world in worlds for violation in world.loss.violations[:5]] == []
    assert states >= 100_000
    assert judge.stores >= 150


def test_a_store_that_lost_power_is_completed_by_doing_it_again(folder):
    """Every kind of disk found halfway lets a new process store the same bundle, read it back and sweep up."""
    halfway: dict[frozenset, Image] = {}

    def collect(image: Image, _known: frozenset) -> list[str]:
        halfway.setdefault(frozenset(path for path in image if not path.startswith(TEMPORARY)), image)
        return []

    StoreWorld(folder, collect).add("one")
    assert len(halfway) > 20
    for image in halfway.values():
        store = BundleStore(ROOT, ImageFs(image))
        manifest = store.add(folder / "one")
        sweep(store, now_s=FOREVER_S)
        report = check_store(store)
        assert report.whole
        assert report.bundles == (manifest.content_digest,)
        assert store.fs.names(ROOT / "tmp") == []


def test_a_sweep_leaves_a_file_alone_that_another_writer_is_writing(folder):
    world = StoreWorld(folder, StoreJudge())
    world.loss.watching = False
    assert world.in_turns(3, [lambda: world.add("one"), world.sweep_often]) == []
    assert check_store(world.store()).whole


@pytest.mark.parametrize("forever", [False, True])
def test_no_space_at_any_operation_is_a_clear_error_and_the_store_stays_whole(folder, forever):
    """R3 in memory: the 1st, 2nd, ... operation fails, once or from then on; with space again, all is well."""
    said: list[str] = []
    for number in range(steps_of_everything(folder)):
        world = StoreWorld(folder, StoreJudge())
        world.loss.watching = False
        world.fs.fail_after, world.fs.fail_forever = world.fs.steps + number, forever
        with contextlib.suppress(OSError):  # what a caller of the objects alone gets
            try:
                world.everything()
            except PressrunError as error:
                said.append(str(error))
        assert check_store(world.store()).whole
        world.fs.fail_after = None
        world.everything()
        assert check_store(world.store()).whole
    assert len(said) > 50
    assert all("no space left" in sentence for sentence in said)
