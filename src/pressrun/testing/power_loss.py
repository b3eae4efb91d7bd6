"""Everything a power loss may leave on the disk, at every step of what a program does.

`PowerLoss` watches a `SimFs`. After each operation, and after each acknowledgement, it makes every disk that could be
found if the power went at that moment, and gives each to a judge together with what was acknowledged until then:

- names: each name that was changed may mean on the disk whatever it meant since it was last synced, independently of
  all other names; where that is too many, the most recent ones in all combinations, with the older ones unchanged, all
  chosen at random, or half of them;
- data: what was not synced of a file is absent, complete, torn in the middle, zeros, or random bytes.

Two equal disks at one moment are one state.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Literal

from pressrun.testing.simfs import Image, Node, PendingName, SimFs

Damage = Literal["none", "all", "torn", "zeros", "random"]
DAMAGES: tuple[Damage, ...] = ("none", "all", "torn", "zeros", "random")
Fact = Hashable
Judge = Callable[[Image, frozenset[Fact]], list[str]]
"""Given a disk and what was acknowledged, return what is wrong, one sentence each."""

_RECENT = 4  # names in all combinations with each other


class PowerLoss:
    """Watches a simulated file system and judges every disk a power loss could leave.

    Args:
        fs: the file system; its `on_step` is taken.
        judge: tells what is wrong with a disk.
        seed: of the random bytes and halves.

    Attributes:
        states: how many states were judged.
        violations: what was wrong, with the step it was found at.
        watching: whether steps are judged; switch off where a scenario is only being prepared.
    """

    def __init__(self, fs: SimFs, judge: Judge, seed: int = 0) -> None:
        self._fs = fs
        self._judge = judge
        self._random = random.Random(seed)  # noqa: S311 - repeatable, not secret
        self._acknowledged: set[Fact] = set()
        self.states = 0
        self.violations: list[str] = []
        self.watching = True
        fs.on_step = self.step

    def acknowledge(self, *facts: Fact) -> None:
        """Take note that the program said of `facts` that they are safe."""
        self._acknowledged.update(facts)
        self.step(f"acknowledged {facts}")

    def forget(self, *facts: Fact) -> None:
        """Take note that the program may remove `facts` from now on."""
        self._acknowledged.difference_update(facts)

    def step(self, what: str) -> None:
        """Judge every disk that a power loss could leave now; `what` is what was done last."""
        if not self.watching:
            return
        known = frozenset(self._acknowledged)
        seen: set[Hashable] = set()
        for image in disks(self._fs, self._random):
            key = frozenset(image.items())
            if key in seen:
                continue
            seen.add(key)
            self.states += 1
            if wrong := self._judge(image, known):
                self.violations.extend(f"after {what!r}: {sentence}" for sentence in wrong)


def disks(fs: SimFs, chance: random.Random) -> Iterator[Image]:
    """Yield every disk that a power loss could leave now."""
    damaged = list(fs.unsynced.values())
    for overlay in _name_choices(fs.pending, chance):
        for damage in DAMAGES if damaged else ("all",):
            data = {node.number: _damaged(node, damage, chance) for node in damaged}
            image: Image = {}
            _walk(fs.root, "", overlay, data, image)
            yield image


_Meanings = tuple["Node | None", ...]
_Place = tuple[int, str]
_Overlay = dict[int, dict[str, "Node | None"]]


def _name_choices(pending: list[PendingName], chance: random.Random) -> Iterator[_Overlay]:
    meanings: dict[_Place, _Meanings] = {}
    age: dict[_Place, tuple[bool, int]] = {}
    for serial, folder, name, node in pending:
        place = (folder.number, name)
        before = meanings.get(place, (folder.durable.get(name),))
        meanings[place] = before if node in before else (*before, node)
        # a temporary name that came and went counts as old: it is of no interest in combination with others
        age[place] = (folder.entries.get(name) is not folder.durable.get(name), serial)
    places = sorted(meanings, key=lambda place: age[place])
    older, recent = places[:-_RECENT], places[-_RECENT:]
    for past in _older_choices(older, meanings, chance):
        for chosen in itertools.product(*(set(meanings[place]) for place in recent)):
            overlay = {number: dict(names) for number, names in past.items()}
            for (number, name), node in zip(recent, chosen, strict=True):
                overlay.setdefault(number, {})[name] = node
            yield overlay


def _older_choices(
    places: list[_Place], meanings: dict[_Place, _Meanings], chance: random.Random
) -> Iterator[_Overlay]:
    yield {}
    for share in (1.0, 0.5) if places else ():
        overlay: _Overlay = {}
        for number, name in places:
            if chance.random() < share:
                overlay.setdefault(number, {})[name] = chance.choice(meanings[number, name])
        yield overlay


def _damaged(node: Node, damage: Damage, chance: random.Random) -> bytes:
    missing = node.data[len(node.synced) :]
    if damage == "none":
        return node.synced
    if damage == "all":
        return node.data
    if damage == "torn":
        return node.synced + missing[: len(missing) // 2]
    return node.synced + (bytes(len(missing)) if damage == "zeros" else chance.randbytes(len(missing)))


def _walk(folder: Node, path: str, overlay: _Overlay, data: dict[int, bytes], image: Image) -> None:
    entries: Mapping[str, Node | None] = folder.durable
    if changed := overlay.get(folder.number):
        entries = {**entries, **changed}
    for name, node in entries.items():
        if node is None:
            continue
        here = f"{path}/{name}"
        if node.directory:
            image[here] = None
            _walk(node, here, overlay, data, image)
        else:
            image[here] = data.get(node.number, node.synced)
