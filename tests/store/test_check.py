"""Whether a store is whole, and sweeping up."""

from __future__ import annotations

import os
import shutil
import time

import pytest

from pressrun.store.bundles import BundleStore
from pressrun.store.check import GRACE_S, check_store, sweep
from pressrun.store.layout import bundle_path
from pressrun.testing.samples import write_sample_bundle


@pytest.fixture
def filled(store, bundle, tmp_path):
    store.add(bundle)
    write_sample_bundle(tmp_path / "two", {"source.ipynb": b"two"}, name="two")
    store.add(tmp_path / "two")
    return store


def test_a_whole_store_is_whole(filled):
    report = check_store(filled)
    assert report.whole
    assert len(report.bundles) == 2
    assert set(report.names) == {"sample", "two"}
    assert check_store(filled, contents=False) == report


def test_a_store_that_is_not_there_is_whole(tmp_path):
    assert check_store(BundleStore(tmp_path / "absent")).whole
    assert sweep(BundleStore(tmp_path / "absent"), now_s=0).removed == ()


def test_every_file_that_is_flipped_truncated_or_removed_is_reported(filled, tmp_path):
    """R8: each file of the store, each kind of damage."""
    victims = [path for path in filled.root.rglob("*") if path.is_file() and path.parent != filled.root]
    assert len(victims) > 10
    copy = BundleStore(tmp_path / "copy" / ".pressrun")
    for victim in victims:
        for damage in ("flip", "truncate", "remove"):
            shutil.rmtree(copy.root, ignore_errors=True)
            shutil.copytree(filled.root, copy.root)
            path = copy.root / victim.relative_to(filled.root)
            raw = bytearray(path.read_bytes())
            raw[len(raw) // 2] ^= 1
            if damage == "remove":
                path.unlink()
            else:
                path.write_bytes(raw if damage == "flip" else raw[: len(raw) // 2])
            report = check_store(copy)
            lost_fact = damage == "remove" and set(victim.parts) & {"evidence", "held", "names"}
            assert not report.whole or lost_fact, (victim, damage)


def test_what_does_not_belong_there_is_reported(filled):
    (filled.root / "objects" / "sha256" / "zz").mkdir()
    (filled.root / "objects" / "sha256" / "zz" / "stray").write_text("x")
    (filled.root / "bundles" / "stray").mkdir()
    (filled.root / "names" / "Not A Name").mkdir()
    assert {problem.where for problem in check_store(filled).problems} == {
        "objects/sha256/zz/stray",
        "bundles/stray",
        "names/Not A Name",
    }


def test_a_name_of_a_bundle_that_is_gone_is_reported(filled):
    digest = filled.resolve("two")
    shutil.rmtree(bundle_path(filled.root, digest))
    (problem,) = check_store(filled).problems
    assert problem.where == "names/two"
    assert digest in problem.what


def test_an_unfinished_bundle_is_no_damage(filled):
    digest = filled.resolve("two")
    shutil.rmtree(bundle_path(filled.root, digest) / "manifest")
    shutil.rmtree(filled.root / "names" / "two")
    report = check_store(filled)
    assert report.whole
    assert report.unfinished == (digest,)


def test_a_sweep_removes_only_what_is_ours_and_old(filled):
    now = time.time()
    folder = filled.root / "tmp"
    ages = {
        "1-0123456789abcdef.tmp": 2 * GRACE_S,
        "2-0123456789abcdef.tmp": GRACE_S / 2,
        "3-0123456789abcdef.tmp": -GRACE_S,
    }
    for name, age in ages.items():
        (folder / name).write_text("x")
        os.utime(folder / name, (now - age, now - age))
    (folder / "notes.txt").write_text("mine")
    os.utime(folder / "notes.txt", (0, 0))
    (folder / "4-0123456789abcdef.tmp").symlink_to("notes.txt")
    (folder / "5-0123456789abcdef.tmp").mkdir()
    swept = sweep(filled, now_s=now)
    assert swept.removed == ("1-0123456789abcdef.tmp",)
    assert len(swept.kept) == 5
    assert check_store(filled).whole
