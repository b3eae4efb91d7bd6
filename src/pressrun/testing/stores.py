"""A store on a simulated disk: what is done to it, what was acknowledged, and what a power loss would leave of it."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path

from pressrun.errors import PressrunError
from pressrun.records.digest import Digest
from pressrun.store.bundles import BundleStore
from pressrun.store.check import GRACE_S, check_store, sweep
from pressrun.store.fs import Fs
from pressrun.store.garbage import Gate, collect, gate_of
from pressrun.store.journal.memory import MemoryJournal
from pressrun.store.objects import ObjectStore
from pressrun.store.references import References
from pressrun.store.unregistered import forget_bundles
from pressrun.testing.power_loss import Fact, Judge, PowerLoss
from pressrun.testing.simfs import Image, ImageFs, Killed, SimFs
from pressrun.testing.turns import Turns

ROOT = Path("/project/.pressrun")
TEMPORARY = str(ROOT / "tmp") + "/"
FOREVER_S = 1e9
"""Seconds after which every temporary file is old."""


class StoreJudge:
    """Opens a disk as a new process would, checks everything and sweeps.

    Verdicts are kept: equal final names give an equal verdict, because what temporary files hold is not shown to it.

    Attributes:
        stores: how many different stores were looked at.
    """

    def __init__(self) -> None:
        self._found: dict[frozenset[tuple[str, bytes | None]], tuple[list[str], frozenset[Fact]]] = {}

    def __call__(self, image: Image, known: frozenset[Fact]) -> list[str]:
        """Return what is wrong with a disk, given what was acknowledged."""
        key = frozenset((path, content) for path, content in image.items() if not path.startswith(TEMPORARY))
        if key not in self._found:
            self._found[key] = self._look(image)
        problems, facts = self._found[key]
        return problems + [f"lost {fact}" for fact in known - facts]

    @property
    def stores(self) -> int:
        """How many different stores were looked at."""
        return len(self._found)

    @staticmethod
    def _look(image: Image) -> tuple[list[str], frozenset[Fact]]:
        shown = {path: b"not shown" if path.startswith(TEMPORARY) else content for path, content in image.items()}
        store = BundleStore(ROOT, ImageFs(shown))
        try:
            report = check_store(store)
            sweep(store, now_s=FOREVER_S)
        except PressrunError as error:
            return [f"not a store any more: {error}"], frozenset()
        facts: set[Fact] = {("object", digest) for digest in report.objects}
        facts |= {("bundle", digest) for digest in report.bundles}
        facts |= {("evidence", bundle, piece) for bundle, pieces in report.evidence.items() for piece in pieces}
        facts |= {("name", name, digest) for name, digests in report.names.items() for digest in digests}
        return [f"corrupt {problem.where}: {problem.what}" for problem in report.problems], frozenset(facts)


class StoreWorld:
    """A simulated disk with a project on it; every action takes note of what the store acknowledged.

    Args:
        bundles: a real folder that holds bundles in folders called like their names.
        judge: tells what is wrong with a disk.
        seed: of everything random.

    Attributes:
        fs: the disk.
        loss: what watches it.
    """

    def __init__(self, bundles: Path, judge: Judge, seed: int = 0) -> None:
        self._bundles = bundles
        self._pause: Callable[[], None] = lambda: None
        self._put_s: dict[Digest, float] = {}
        self.fs = SimFs()
        self.fs.make_directory(ROOT.parent)
        self.fs.write_back()
        self.loss = PowerLoss(self.fs, judge, seed)

    def store(self) -> BundleStore:
        """Open the store as a new process would."""
        fs: Fs = self.fs
        return BundleStore(ROOT, fs)

    def put(self, content: bytes) -> None:
        """Store an object."""
        digest = self.store().objects.put(content)
        self._put_s[digest] = self.fs.clock_s
        self.loss.acknowledge(("object", digest))

    def add(self, bundle: str) -> None:
        """Store a bundle."""
        manifest = self.store().add(self._bundles / bundle)
        digest = manifest.content_digest
        pieces = [("evidence", digest, piece.digest) for piece in manifest.evidence]
        self.loss.acknowledge(("bundle", digest), ("name", bundle, digest), *pieces)

    def add_evidence(self, bundle: str, content: bytes) -> None:
        """Add a receipt to a stored bundle."""
        store = self.store()
        digest = store.resolve(bundle)
        piece = store.add_evidence(digest, "receipt", "receipt.json", content)
        self.loss.acknowledge(("evidence", digest, piece.digest))

    def set_name(self, name: str, bundle: str) -> None:
        """Give a stored bundle another name."""
        store = self.store()
        digest = store.resolve(bundle)
        store.set_name(name, digest)
        self.loss.acknowledge(("name", name, digest))

    def press(self, bundle: str, receipt: bytes) -> None:
        """Store a bundle, add a receipt, and call it the best."""
        self.add(bundle)
        self.add_evidence(bundle, receipt)
        self.set_name("best", bundle)

    def collect(self) -> None:
        """Collect garbage: what nothing refers to and nobody was told of within the period of grace."""
        objects = _WatchedObjects(self)
        collect(objects, References(MemoryJournal(), objects, self.store()), self._gate(objects))

    def _gate(self, objects: ObjectStore) -> Gate:
        return gate_of(objects, now_s=self.fs.clock_s, grace_s=GRACE_S)

    def about_to_remove(self, digest: Digest) -> None:
        """Take note that an object goes, where the last writer of it was told so long ago, and let others work."""
        if self.fs.clock_s - self._put_s.get(digest, 0.0) >= GRACE_S:
            self.loss.forget(("object", digest))
        self._pause()

    def forget(self, bundle: str) -> None:
        """Forget a bundle that was not registered."""
        store = self.store()
        digest = store.resolve(bundle)
        gone: list[Fact] = [("bundle", digest), *(("name", name, digest) for name in store.names())]
        gone += [("evidence", digest, piece.digest) for piece in store.load(digest).evidence]
        self.loss.forget(*gone)
        forget_bundles(store, lambda: (digest,), patience_s=1.0)

    def sweep(self) -> None:
        """Sweep up what is older than the grace period."""
        sweep(self.store(), now_s=self.fs.clock_s)

    def sweep_often(self) -> None:
        """Sweep many times, letting others work in between."""
        for _ in range(200):
            self.sweep()
            self._pause()

    def everything(self, one: str = "one", two: str = "two") -> None:
        """Do everything that a store can do."""
        self.put(b"an object")
        self.add(one)
        self.fs.clock_s += 1
        self.add_evidence(one, b"second receipt")
        self.add(two)
        self.set_name("best", one)
        self.set_name("best", two)
        self.sweep()
        self.add(one)

    def prepare(self, action: Callable[[], None]) -> None:
        """Do something unwatched and let all of it reach the disk."""
        self.loss.watching = False
        action()
        self.fs.write_back()
        self.loss.watching = True

    def killed_then_again(self, kill_after: int, action: Callable[[StoreWorld], None]) -> None:
        """Let one process be killed before an operation, and another, watched, do all of it again days later."""
        self.loss.watching = False
        self.fs.kill_after = self.fs.steps + kill_after
        try:
            action(self)
        except Killed:
            self.fs.revive()
            self.fs.clock_s += 2 * GRACE_S
            self.loss.watching = True
            action(self)

    def in_turns(self, seed: int, writers: Sequence[Callable[[], None]]) -> list[BaseException]:
        """Run writers in turns, an operation each, and return what they raised."""
        turns = Turns(seed)
        self._pause = self.fs.on_wait = turns.switch
        self.fs.on_step = functools.partial(_step_and_switch, self.loss, turns)
        turns.run(writers)
        return turns.errors

    def steps_of(self, action: Callable[[StoreWorld], None]) -> int:
        """Return how many operations an action takes."""
        self.loss.watching = False
        before = self.fs.steps
        action(self)
        return self.fs.steps - before


class _WatchedObjects(ObjectStore):
    """Tells its world before it removes anything."""

    def __init__(self, world: StoreWorld) -> None:
        super().__init__(ROOT, world.fs)
        self._world = world

    def remove(self, digest: Digest) -> None:
        self._world.about_to_remove(digest)
        super().remove(digest)


def _step_and_switch(loss: PowerLoss, turns: Turns, what: str) -> None:
    loss.step(what)
    turns.switch()
