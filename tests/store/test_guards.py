"""R1, the other half: with one guard taken out of the real code, the crash simulation finds a violation.

Each mutant replaces text in the source of a method, so that it is the code itself that is tested; when a method
changes, its mutant says so.
"""

from __future__ import annotations
import __future__

import inspect
import textwrap
from collections.abc import Callable

import pytest

from pressrun.store.bundles import BundleStore
from pressrun.store.durable import DurableWriter
from pressrun.store.names import Names
from pressrun.store.objects import ObjectStore
from pressrun.testing.stores import StoreJudge, StoreWorld


def store_once(world: StoreWorld) -> None:
    world.put(b"an object")
    world.put(b"an object")
    world.put(b"another")


def grow(world: StoreWorld) -> None:
    world.prepare(lambda: world.add("one"))
    world.add_evidence("one", b"second receipt")
    world.set_name("best", "one")


SCENARIOS: list[Callable[[StoreWorld], None]] = [
    store_once,
    grow,
    lambda world: world.add("two"),
    *[lambda world, k=k: world.killed_then_again(k, lambda w: w.put(b"an object")) for k in range(24)],
    *[lambda world, k=k: world.killed_then_again(k, lambda w: w.add("one")) for k in range(72)],
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
        "_put",
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
            "            self.objects.put(content)\n",
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
    judge = StoreJudge()
    for scenario in SCENARIOS:
        world = StoreWorld(folder, judge)
        scenario(world)
        if world.loss.violations:
            return
    pytest.fail(f"no scenario noticed: {name}")


def test_the_same_scenarios_find_nothing_in_the_real_code(folder):
    judge = StoreJudge()
    for scenario in SCENARIOS:
        world = StoreWorld(folder, judge)
        scenario(world)
        assert world.loss.violations == []


def test_a_sweep_without_grace_takes_a_file_from_its_writer(folder, monkeypatch):
    monkeypatch.setattr("pressrun.store.check._is_abandoned", lambda *_: True)
    world = StoreWorld(folder, StoreJudge())
    world.loss.watching = False
    (error,) = world.in_turns(3, [lambda: world.add("one"), world.sweep_often])
    assert "cannot write" in str(error)
