"""The Merkle tree: published vectors, and a definition copied from the RFC's own recursion."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.rules.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    tree_root,
    verify_consistency,
    verify_inclusion,
)

# the leaves and roots of the reference implementation of RFC 6962 (google/certificate-transparency)
LEAVES = [
    bytes.fromhex(text)
    for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
INCLUSION = [  # index, size, proof
    (0, 1, []),
    (
        0,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        5,
        8,
        [
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (2, 3, ["fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125"]),
    (
        1,
        5,
        [
            "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
CONSISTENCY = [  # first, second, proof
    (1, 1, []),
    (
        1,
        8,
        [
            "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
        ],
    ),
    (
        6,
        8,
        [
            "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
            "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
            "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        ],
    ),
    (
        2,
        5,
        [
            "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
            "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        ],
    ),
]
HASHES = [leaf_hash(leaf) for leaf in LEAVES]


def unhex(texts):
    return tuple(bytes.fromhex(text) for text in texts)


def naive_root(hashes):
    """MTH of RFC 9162, section 2.1.1, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    return node_hash(naive_root(hashes[:split]), naive_root(hashes[split:]))


def naive_path(index, hashes):
    """PATH of RFC 9162, section 2.1.3.1."""
    if len(hashes) == 1:
        return []
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if index < split:
        return [*naive_path(index, hashes[:split]), naive_root(hashes[split:])]
    return [*naive_path(index - split, hashes[split:]), naive_root(hashes[:split])]


def naive_subproof(first, hashes, known):
    """SUBPROOF of RFC 9162, section 2.1.4.1."""
    if first == len(hashes):
        return [] if known else [naive_root(hashes)]
    split = 1
    while split * 2 < len(hashes):
        split *= 2
    if first <= split:
        return [*naive_subproof(first, hashes[:split], known), naive_root(hashes[split:])]
    return [*naive_subproof(first - split, hashes[split:], False), naive_root(hashes[:split])]


def made_up(count):
    return [leaf_hash(str(number).encode()) for number in range(count)]


sizes = st.integers(0, 300)


@pytest.mark.parametrize("size", range(9))
def test_roots_are_those_of_the_reference_implementation(size):
    assert ROOTS[size] == tree_root(HASHES[:size]).hex()


@pytest.mark.parametrize(("index", "size", "proof"), INCLUSION)
def test_inclusion_proofs_are_those_of_the_reference_implementation(index, size, proof):
    assert unhex(proof) == inclusion_proof(HASHES[:size], index)
    assert verify_inclusion(HASHES[index], index, size, unhex(proof), bytes.fromhex(ROOTS[size]))


@pytest.mark.parametrize(("first", "second", "proof"), CONSISTENCY)
def test_consistency_proofs_are_those_of_the_reference_implementation(first, second, proof):
    assert unhex(proof) == consistency_proof(HASHES[:second], first)
    roots = bytes.fromhex(ROOTS[first]), bytes.fromhex(ROOTS[second])
    assert verify_consistency(first, second, *roots, unhex(proof))


def test_the_empty_tree_has_the_hash_of_nothing_as_its_root():
    assert EMPTY_ROOT == Frontier().root() == tree_root([])


def test_a_leaf_cannot_pass_for_a_node():
    left, right = HASHES[:2]
    assert node_hash(left, right) != leaf_hash(left + right)


@given(sizes)
@settings(max_examples=60)
def test_the_root_is_what_the_recursive_definition_gives(size):
    assert naive_root(made_up(size)) == tree_root(made_up(size))


@given(st.lists(st.integers(0, 40), max_size=12))
@settings(max_examples=100)
def test_however_a_tree_grows_its_frontier_is_the_same(steps):
    hashes = made_up(sum(steps))
    one_by_one = Frontier()
    for leaf in hashes:
        one_by_one = one_by_one.add(leaf)
    at_once = Frontier()
    for step in steps:
        at_once = at_once.extend(hashes[at_once.size : at_once.size + step])
    assert one_by_one == at_once
    assert naive_root(hashes) == at_once.root()


@given(sizes)
def test_an_encoded_frontier_is_read_back(size):
    frontier = Frontier().extend(made_up(size))
    assert frontier == Frontier.decode(frontier.encode())


@pytest.mark.parametrize(
    "raw",
    [b"", b"\0" * 7, b"\0" * 9, Frontier().extend(made_up(3)).encode()[:-32], (5).to_bytes(8, "big") + bytes(32)],
    ids=["nothing", "half a size", "a byte too many", "a hash is missing", "too few hashes for the size"],
)
def test_bytes_that_are_no_frontier_are_refused(raw):
    with pytest.raises(ValueError, match=r"frontier|subtrees"):
        Frontier.decode(raw)


@given(st.integers(1, 130), st.data())
@settings(max_examples=150)
def test_an_inclusion_proof_is_the_defined_one_and_good_for_its_leaf_alone(size, data):
    hashes = made_up(size)
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(hashes, index)
    root = tree_root(hashes)
    assert tuple(naive_path(index, hashes)) == proof
    assert verify_inclusion(hashes[index], index, size, proof, root)
    other = data.draw(st.integers(0, size + 1))
    if other != index:
        assert not verify_inclusion(hashes[index], other, size, proof, root)
        assert not verify_inclusion(hashes[other % size], index, size, proof, root) or other % size == index
    assert not verify_inclusion(hashes[index], index, size, (*proof, root), root)
    if proof:
        assert not verify_inclusion(hashes[index], index, size, proof[:-1], root)
        place = data.draw(st.integers(0, len(proof) - 1))
        assert not verify_inclusion(hashes[index], index, size, (*proof[:place], root, *proof[place + 1 :]), root)


@given(st.integers(0, 130), st.integers(0, 130), st.data())
@settings(max_examples=200)
def test_a_consistency_proof_is_the_defined_one_and_good_for_its_trees_alone(one, other, data):
    first, second = min(one, other), max(one, other)
    hashes = made_up(second)
    proof = consistency_proof(hashes, first)
    roots = tree_root(hashes[:first]), tree_root(hashes)
    if first:
        assert tuple(naive_subproof(first, hashes, True)) == proof
    assert verify_consistency(first, second, *roots, proof)
    assert not verify_consistency(first, second, *roots, (*proof, roots[1]))
    if first:
        assert not verify_consistency(first, second, leaf_hash(b"other"), roots[1], proof)
        assert not verify_consistency(first, second, roots[0], leaf_hash(b"other"), proof)
    if proof:
        assert not verify_consistency(first, second, *roots, proof[:-1])
        place = data.draw(st.integers(0, len(proof) - 1))
        changed = (*proof[:place], leaf_hash(b"other"), *proof[place + 1 :])
        assert not verify_consistency(first, second, *roots, changed)


def test_a_changed_history_has_no_consistency_proof():
    before, after = made_up(40), made_up(100)
    after[17] = leaf_hash(b"changed")
    proof = consistency_proof(after, 40)
    assert not verify_consistency(40, 100, tree_root(before), tree_root(after), proof)


def test_a_tree_is_not_consistent_with_a_smaller_one():
    hashes = made_up(8)
    assert not verify_consistency(8, 6, tree_root(hashes), tree_root(hashes[:6]), consistency_proof(hashes, 6))


@pytest.mark.parametrize(("count", "index"), [(0, 0), (3, 3), (3, -1)])
def test_there_is_no_proof_of_a_leaf_that_is_not_there(count, index):
    with pytest.raises(ValueError, match="has no leaf"):
        inclusion_proof(made_up(count), index)


@pytest.mark.parametrize("first", [-1, 4])
def test_there_is_no_proof_of_a_tree_that_never_was(first):
    with pytest.raises(ValueError, match="was never one of"):
        consistency_proof(made_up(3), first)
