"""The Merkle tree over the journal's entries, as RFC 6962 and RFC 9162 define it (section 2.1 of both), with SHA-256.

Leaves and inner nodes are hashed with different prefixes, so that no leaf can pass for a node. A tree of n leaves
splits at the largest power of two below n. Hashes are of stored bytes as they are. This module is stable.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import msgspec

HASH_BYTES = 32
EMPTY_ROOT = hashlib.sha256(b"").digest()

_SIZE_BYTES = 8
_sha256 = hashlib.sha256


def leaf_hash(leaf: bytes) -> bytes:
    """Return the hash of a leaf: ``SHA-256(0x00 || leaf)``."""
    return _sha256(b"\x00" + leaf).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node: ``SHA-256(0x01 || left || right)``."""
    return _sha256(b"\x01" + left + right).digest()


class Frontier(msgspec.Struct, frozen=True):
    """What has to be known of a tree to append to it: the roots of its complete subtrees, the largest first.

    There is one for each bit that is set in the tree's size; 20 for a million leaves.

    Attributes:
        size: number of leaves.
        hashes: the subtrees' roots, from left to right.
    """

    size: int = 0
    hashes: tuple[bytes, ...] = ()

    def __post_init__(self) -> None:
        if self.size < 0 or len(self.hashes) != self.size.bit_count():
            raise ValueError(f"a tree of {self.size} leaves does not have {len(self.hashes)} complete subtrees")

    @classmethod
    def decode(cls, raw: bytes) -> Frontier:
        """Read what `encode` wrote.

        Raises:
            ValueError: it was not written by `encode`.
        """
        if len(raw) < _SIZE_BYTES or (len(raw) - _SIZE_BYTES) % HASH_BYTES:
            raise ValueError(f"{len(raw)} bytes are no frontier")
        starts = range(_SIZE_BYTES, len(raw), HASH_BYTES)
        return cls(int.from_bytes(raw[:_SIZE_BYTES], "big"), tuple(raw[start : start + HASH_BYTES] for start in starts))

    def encode(self) -> bytes:
        """Return the size, 8 bytes with the most significant first, and the hashes."""
        return self.size.to_bytes(_SIZE_BYTES, "big") + b"".join(self.hashes)

    def add(self, leaf: bytes) -> Frontier:
        """Return the tree with one leaf more.

        Args:
            leaf: the leaf's hash.
        """
        hashes = list(self.hashes)
        rest = self.size
        while rest & 1:
            leaf = node_hash(hashes.pop(), leaf)
            rest >>= 1
        return Frontier(self.size + 1, (*hashes, leaf))

    def extend(self, leaves: Sequence[bytes]) -> Frontier:
        """Return the tree with more leaves; level by level, which is several times faster than one by one.

        Args:
            leaves: the leaves' hashes.
        """
        sha256 = _sha256
        waiting = list(self.hashes)
        kept: list[bytes] = []  # of the new tree, the smallest subtree first
        level = list(leaves)
        rest = self.size
        while level or rest:
            if rest & 1:
                level.insert(0, waiting.pop())
            if len(level) & 1:
                kept.append(level.pop())
            pairs = iter(level)
            level = [sha256(b"\x01" + left + right).digest() for left, right in zip(pairs, pairs, strict=True)]
            rest >>= 1
        return Frontier(self.size + len(leaves), tuple(reversed(kept)))

    def root(self) -> bytes:
        """Return the root of the whole tree, the hash of nothing when it has no leaf."""
        if not self.hashes:
            return EMPTY_ROOT
        root = self.hashes[-1]
        for subtree in reversed(self.hashes[:-1]):
            root = node_hash(subtree, root)
        return root


def tree_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over leaf hashes."""
    return Frontier().extend(hashes).root()


def inclusion_proof(hashes: Sequence[bytes], index: int) -> tuple[bytes, ...]:
    """Return the hashes that lead from a leaf to the root (RFC 9162, 2.1.3.1), the leaf's neighbour first.

    Args:
        hashes: of all leaves.
        index: of the leaf, from 0.

    Raises:
        ValueError: there is no such leaf.
    """
    if not 0 <= index < len(hashes):
        raise ValueError(f"a tree of {len(hashes)} leaves has no leaf {index}")
    proof: list[bytes] = []
    start, end = 0, len(hashes)
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            proof.append(tree_root(hashes[middle:end]))
            end = middle
        else:
            proof.append(tree_root(hashes[start:middle]))
            start = middle
    return tuple(reversed(proof))


def consistency_proof(hashes: Sequence[bytes], first: int) -> tuple[bytes, ...]:
    """Return the hashes that show that the first leaves are those of an older tree (RFC 9162, 2.1.4.1).

    Args:
        hashes: of all leaves.
        first: size of the older tree.

    Raises:
        ValueError: there are fewer leaves than that.
    """
    if not 0 <= first <= len(hashes):
        raise ValueError(f"a tree of {len(hashes)} leaves was never one of {first}")
    if first == 0:
        return ()
    proof: list[bytes] = []
    start, end = 0, len(hashes)
    known = True  # whether the older tree is a whole subtree, so that the verifier has its root
    while first != end:
        middle = start + _split(end - start)
        if first <= middle:
            proof.append(tree_root(hashes[middle:end]))
            end = middle
        else:
            proof.append(tree_root(hashes[start:middle]))
            start = middle
            known = False
    if not known:
        proof.append(tree_root(hashes[start:end]))
    return tuple(reversed(proof))


def _split(size: int) -> int:
    # the largest power of two below `size`, which is at least 2
    return 1 << ((size - 1).bit_length() - 1)


def verify_inclusion(leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes) -> bool:
    """Return whether a proof leads from a leaf to the root (RFC 9162, 2.1.3.2).

    Args:
        leaf: the leaf's hash.
        index: its place, from 0.
        size: number of leaves in the tree.
        proof: as `inclusion_proof` gives it.
        root: of the tree.
    """
    if not 0 <= index < size:
        return False
    place, last = index, size - 1
    found = leaf
    for sibling in proof:
        if last == 0:
            return False
        if place & 1 or place == last:
            found = node_hash(sibling, found)
            while not place & 1 and place != 0:
                place >>= 1
                last >>= 1
        else:
            found = node_hash(found, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and found == root


def verify_consistency(first: int, second: int, first_root: bytes, second_root: bytes, proof: Sequence[bytes]) -> bool:
    """Return whether a proof shows that an older tree is the beginning of a newer one (RFC 9162, 2.1.4.2).

    Args:
        first: size of the older tree.
        second: size of the newer one.
        first_root: root of the older tree.
        second_root: root of the newer one.
        proof: as `consistency_proof` gives it.
    """
    if not 0 <= first <= second:
        return False
    if first == 0:
        return not proof and first_root == EMPTY_ROOT and (second > 0 or second_root == EMPTY_ROOT)
    if first == second:
        return not proof and first_root == second_root
    # a whole subtree is not in the proof: the verifier has its root
    steps = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not steps:
        return False
    place, last = first - 1, second - 1
    while place & 1:
        place >>= 1
        last >>= 1
    old = new = steps[0]
    for sibling in steps[1:]:
        if last == 0:
            return False
        if place & 1 or place == last:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
            while not place & 1 and place != 0:
                place >>= 1
                last >>= 1
        else:
            new = node_hash(new, sibling)
        place >>= 1
        last >>= 1
    return last == 0 and old == first_root and new == second_root
