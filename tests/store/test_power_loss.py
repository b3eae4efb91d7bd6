"""R1: a power loss loses nothing acknowledged and corrupts nothing under a final name; without a guard it is noticed.

Every disk that a power loss could leave after every operation of every scenario is opened with the real store code and
checked whole. The mutants at the end take out one guard each: the same scenarios must then find a violation.
"""

from __future__ import annotations
import __future__

import functools
import inspect
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from pressrun.errors import PressrunError
from pressrun.records.digest import digest_bytes
from pressrun.store.bundles import BundleStore
from pressrun.store.check import GRACE_S, check_store, sweep
from pressrun.store.durable import DurableWriter
from pressrun.store.names import Names
from pressrun.store.objects import ObjectStore
from pressrun.testing.power_loss import PowerLoss
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle
from pressrun.testing.simfs import Image, ImageFs, Killed, SimFs
from pressrun.testing.turns import Turns

ROOT = Path("/project/.pressrun")
TEMPORARY = str(ROOT / "tmp") + "/"
FILES = {path: SAMPLE_FILES[path] for path in ("source.ipynb", "pipeline.py")}
FOREVER_S = 1e9


class UnreadTemporaryFs(ImageFs):
    """A disk whose temporary files must not be read: then what they hold cannot change a verdict."""

    def open(self, path):
        assert not str(path).startswith(TEMPORARY), path
        return super().open(path)


class Judge:
    """Opens each disk as a new process would. Verdicts are kept: the same final names give the same verdict."""

    def __init__(self) -> None:
        self._found = {}

    def __call__(self, image: Image, known: frozenset) -> list[str]:
        final = {path: b"" if path.startswith(TEMPORARY) else content for path, content in image.items()}
        key = frozenset((path, content) for path, content in final.items() if not path.startswith(TEMPORARY))
        if key not in self._found:
            self._found[key] = self._look(final)
        problems, facts = self._found[key]
        return problems + [f"lost {fact}" for fact in known - facts]

    @property
    def stores(self) -> int:
        return len(self._found)

    @staticmethod
    def _look(image: Image) -> tuple[list[str], frozenset]:
        store = BundleStore(ROOT, UnreadTemporaryFs(image))
        try:
            report = check_store(store)
            sweep(store, now_s=FOREVER_S)
        except PressrunError as error:
            return [f"not a store any more: {error}"], frozenset()
        facts = {("object", digest) for digest in report.objects}
        facts |= {("bundle", digest) for digest in report.bundles}
        facts |= {("evidence", bundle, piece) for bundle, pieces in report.evidence.items() for piece in pieces}
        facts |= {("name", name, digest) for name, digests in report.names.items() for digest in digests}
        return [f"corrupt {problem.where}: {problem.what}" for problem in report.problems], frozenset(facts)


class World:
    """A simulated disk with a project on it, the bundles to be stored, and what watches."""

    def __init__(self, folder: Path, judge: Judge, seed: int = 0) -> None:
        self.folder = folder
        self.fs = SimFs()
        self.fs.make_directory(ROOT.parent)
        self.fs.write_back()
        self.loss = PowerLoss(self.fs, judge, seed)
        self.pause = lambda: None

    def store(self) -> BundleStore:
        return BundleStore(ROOT, self.fs)

    def put(self, content: bytes) -> None:
        self.loss.acknowledge(("object", self.store().objects.put(content)))

    def add(self, bundle: str) -> None:
        manifest = self.store().add(self.folder / bundle)
        digest = manifest.content_digest
        pieces = [("evidence", digest, piece.digest) for piece in manifest.evidence]
        self.loss.acknowledge(("bundle", digest), ("name", bundle, digest), *pieces)

    def add_evidence(self, bundle: str, content: bytes) -> None:
        store = self.store()
        digest = store.resolve(bundle)
        piece = store.add_evidence(digest, "receipt", "receipt.json", content)
        self.loss.acknowledge(("evidence", digest, piece.digest))

    def set_name(self, name: str, bundle: str) -> None:
        store = self.store()
        digest = store.resolve(bundle)
        store.set_name(name, digest)
        self.loss.acknowledge(("name", name, digest))

    def sweep(self) -> None:
        sweep(self.store(), now_s=self.fs.clock_s)

    def sweep_often(self) -> None:
        for _ in range(200):
            self.sweep()
            self.pause()

    def press(self, bundle: str, receipt: bytes) -> None:
        self.add(bundle)
        self.add_evidence(bundle, receipt)
        self.set_name("best", bundle)

    def prepare(self, action: Callable[[], None]) -> None:
        self.loss.watching = False
        action()
        self.fs.write_back()
        self.loss.watching = True


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bundles")
    write_sample_bundle(folder / "one", FILES, name="one", evidence={"receipt.json": b'{"grade": "R4"}'})
    write_sample_bundle(folder / "two", {**FILES, "pylock.toml": b"lock"}, name="two", held={"data.csv": b"a,b\n1,2\n"})
    return folder


def everything(world: World) -> None:
    world.put(b"an object")
    world.add("one")
    world.fs.clock_s += 1
    world.add_evidence("one", b"second receipt")
    world.add("two")
    world.set_name("best", "one")
    world.set_name("best", "two")
    world.sweep()
    world.add("one")


def store_once(world: World) -> None:
    world.put(b"an object")
    world.put(b"an object")
    world.put(b"another")


def grow(world: World) -> None:
    world.prepare(lambda: world.add("one"))
    world.add_evidence("one", b"second receipt")
    world.set_name("best", "one")


def killed_then_again(world: World, kill_after: int, action: Callable[[World], None]) -> None:
    """One process is killed before an operation; another does all of it again. Only the second one is watched."""
    world.loss.watching = False
    world.fs.kill_after = world.fs.steps + kill_after
    try:
        action(world)
    except Killed:
        world.fs.revive()
        world.fs.clock_s += 2 * GRACE_S
        world.loss.watching = True
        action(world)


def in_turns(world: World, seed: int, writers: list[Callable[[], None]]) -> None:
    turns = Turns(seed)
    world.pause = turns.switch

    def step(what: str) -> None:
        world.loss.step(what)
        turns.switch()

    world.fs.on_step = step
    turns.run(writers)
    assert not turns.errors, turns.errors


def steps_of(folder: Path, action: Callable[[World], None]) -> int:
    world = World(folder, Judge())
    world.loss.watching = False
    before = world.fs.steps
    action(world)
    return world.fs.steps - before


@pytest.mark.slow
def test_no_power_loss_loses_what_was_acknowledged_or_corrupts_a_final_name(folder, capsys):
    """At least 100,000 disks, over one writer, writers killed at every operation, and four writers in turns."""
    started = time.process_time()
    judge = Judge()
    states = 0
    violations: list[str] = []

    def watch(world: World) -> None:
        nonlocal states
        states += world.loss.states
        violations.extend(world.loss.violations[:5])

    for action in (store_once, everything):
        world = World(folder, judge)
        action(world)
        watch(world)
    for kill_after in range(0, steps_of(folder, everything), 8):
        world = World(folder, judge, kill_after)
        killed_then_again(world, kill_after, everything)
        watch(world)
    for seed in range(8):
        world = World(folder, judge, seed)
        presses = [("one", b"a"), ("one", b"b"), ("two", b"a"), ("two", b"c")]
        in_turns(world, seed, [functools.partial(world.press, *press) for press in presses])
        watch(world)
    duration = time.process_time() - started
    with capsys.disabled():
        rate = states / duration
        print(f"\npower loss: {states:,} states, {judge.stores:,} different stores, {duration:.1f} s, {rate:,.0f}/s")
    assert violations == []
    assert states >= 100_000
    assert judge.stores >= 200


def test_a_store_that_lost_power_is_completed_by_doing_it_again(folder):
    """Every kind of disk found halfway lets a new process store the same bundle, read it back and sweep up."""
    halfway: dict[frozenset, Image] = {}

    def collect(image: Image, _known: frozenset) -> list[str]:
        halfway.setdefault(frozenset(path for path in image if not path.startswith(TEMPORARY)), image)
        return []

    World(folder, collect).add("one")
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
    world = World(folder, Judge())
    world.loss.watching = False
    in_turns(world, 3, [lambda: world.add("one"), world.sweep_often])
    assert check_store(world.store()).whole


SCENARIOS: list[Callable[[World], None]] = [
    store_once,
    grow,
    lambda world: world.add("two"),
    *[lambda world, k=k: killed_then_again(world, k, lambda w: w.put(b"an object")) for k in range(24)],
    *[lambda world, k=k: killed_then_again(world, k, lambda w: w.add("one")) for k in range(72)],
]

MUTANTS = {
    "no sync of the file": (DurableWriter, "stage", "        file.sync()\n", "        pass\n"),
    "no sync of the directory": (
        DurableWriter,
        "settle",
        "    self.fs.sync_directory(target.parent)\n",
        "",
    ),
    "rename before the file is synced": (
        DurableWriter,
        "stage",
        "            file.sync()\n        finally:\n            file.close()\n",
        "            self.late = file\n        finally:\n            pass\n",
        (
            "settle",
            "        self.fs.replace(staged.path, target)\n",
            "        self.fs.replace(staged.path, target)\n        self.late.sync()\n",
        ),
    ),
    "acknowledged before the directory is synced": (
        DurableWriter,
        "settle",
        "    self.fs.sync_directory(target.parent)\n",
        "    self.late = target.parent\n",
        (
            "stage",
            "    folder = self.root / TEMPORARY\n",
            "    if hasattr(self, 'late'): self.fs.sync_directory(self.late)\n    folder = self.root / TEMPORARY\n",
        ),
    ),
    "written in place": (
        DurableWriter,
        "settle",
        "        self.fs.replace(staged.path, target)\n",
        "        data = self.fs.open(staged.path).read()\n"
        "        file = self.fs.create(target)\n"
        "        file.write(data)\n"
        "        file.sync()\n",
    ),
    "no sync of the directory that holds a new directory": (
        DurableWriter,
        "ensure_directory",
        "    self.fs.sync_directory(folder.parent)\n",
        "",
    ),
    "a directory found in place is believed to be durable": (
        DurableWriter,
        "ensure_directory",
        "    self.fs.make_directory(folder)\n",
        "    if self.fs.stat(folder):\n        return\n    self.fs.make_directory(folder)\n",
    ),
    "a file found in place is believed to be durable": (
        DurableWriter,
        "confirm",
        "    self.fs.sync_directory(target.parent)\n",
        "",
    ),
    "an object found in place is believed to be whole and durable": (
        ObjectStore,
        "put",
        "self.writer.confirm(layout.object_path(self.root, expected))",
        "pass",
    ),
    "the manifest is written before the objects": (
        BundleStore,
        "add_verified",
        "    try:\n",
        "    try:\n        self._publish(bundle)\n",
    ),
    "the name is given before the manifest is written": (
        BundleStore,
        "add_verified",
        "    try:\n",
        "    try:\n        self._names.give(bundle.manifest.name, digest)\n",
    ),
    "evidence is recorded before it is stored": (
        BundleStore,
        "add_evidence",
        "        found = self.objects.put(content)\n",
        "        found = digest_bytes(content)\n",
        (
            "add_evidence",
            "self._keep_fact(layout.bundle_path(self.root, digest) / layout.EVIDENCE, piece)\n",
            "self._keep_fact(layout.bundle_path(self.root, digest) / layout.EVIDENCE, piece)\n"
            "        self.objects.put(content)\n",
        ),
    ),
    "a name found in place is believed to be durable": (
        Names,
        "give",
        "        self._writer.confirm(self._folder / name / last[0])\n",
        "        pass\n",
    ),
}


def mutate(monkeypatch: pytest.MonkeyPatch, owner: type, changes: list[tuple[str, str, str]]) -> None:
    """Replace text in the source of methods; each text must be there exactly once."""
    sources: dict[str, str] = {}
    for method, old, new in changes:
        text = sources.get(method) or textwrap.dedent(inspect.getsource(getattr(owner, method)))
        assert text.count(old) == 1, f"{owner.__name__}.{method} has changed: adapt the mutant"
        sources[method] = text.replace(old, new)
    for method, text in sources.items():
        namespace = dict(vars(inspect.getmodule(owner)))
        code = compile(text, f"<mutant of {method}>", "exec", __future__.annotations.compiler_flag)
        exec(code, namespace)
        monkeypatch.setattr(owner, method, namespace[method])


@pytest.mark.parametrize("name", MUTANTS)
def test_the_simulation_notices_a_guard_that_is_gone(name, folder, monkeypatch):
    """With one guard taken out of the real code, a scenario finds a violation."""
    owner, method, old, new, *more = MUTANTS[name]
    mutate(monkeypatch, owner, [(method, old, new), *more])
    judge = Judge()
    for scenario in SCENARIOS:
        world = World(folder, judge)
        scenario(world)
        if world.loss.violations:
            return
    pytest.fail(f"no scenario noticed: {name}")


def test_the_scenarios_of_the_mutants_find_nothing_in_the_real_code(folder):
    judge = Judge()
    for scenario in SCENARIOS:
        world = World(folder, judge)
        scenario(world)
        assert world.loss.violations == []


def test_a_mutant_sweep_without_grace_takes_a_file_from_its_writer(folder, monkeypatch):
    monkeypatch.setattr("pressrun.store.check._is_abandoned", lambda *_: True)
    world = World(folder, Judge())
    world.loss.watching = False
    with pytest.raises(AssertionError, match="cannot write"):
        in_turns(world, 3, [lambda: world.add("one"), world.sweep_often])


def test_the_digest_in_a_fact_is_the_one_of_the_content(folder):
    world = World(folder, Judge())
    world.put(b"an object")
    assert world.store().objects.read(digest_bytes(b"an object")) == b"an object"
