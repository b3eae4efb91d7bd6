"""Find for each cell its counterpart: by its code, not by its position."""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence

import msgspec

from pressrun.records.cells import Cell
from pressrun.records.digest import Digest, digest_text

_LARGEST_GRID = 4_000_000  # pairs of cells; beyond, matching blocks stand in for the longest common subsequence
_SIMILAR = 0.6
_LONGEST = 4_000  # characters of code that are looked at to find a changed cell again
_OURS = re.compile(r"%{1,2}register\b|%(?:re)?load_ext\s+pressrun\b")


class CellPair(msgspec.Struct, frozen=True):
    """A cell and its counterpart, with the number that each has in its notebook; None where there is no counterpart."""

    expected: Cell | None
    found: Cell | None
    expected_number: int = -1
    found_number: int = -1
    same_code: bool = True


def code_of(cell: Cell) -> str:
    """Return the code of a cell without comment lines, blank lines and what declares it."""
    lines = (line.rstrip() for line in cell.body.splitlines())
    return "\n".join(line for line in lines if line and not line.lstrip().startswith("#") and not _OURS.match(line))


def code_digest(cell: Cell) -> Digest:
    """Return the digest of a cell's code; a cell restored from a bundle carries it as its own digest."""
    return digest_text(code_of(cell)) if cell.source else cell.digest


def numbered_code_cells(cells: Sequence[Cell]) -> list[tuple[int, Cell]]:
    """Return the code cells that belong to the notebook, each with its index when injected cells are not counted."""
    numbered = []
    injected = 0
    for cell in cells:
        if "injected-parameters" in cell.tags:
            injected += 1
        elif cell.type == "code":
            numbered.append((cell.index - injected, cell))
    return numbered


def align_cells(expected: Sequence[Cell], found: Sequence[Cell]) -> list[CellPair]:
    """Pair the code cells of two notebooks.

    Cells of the same code are paired by the longest common subsequence, which keeps their order and handles repeated
    cells. What is left between two pairs is paired when it has the same cell id or similar code, and marked as changed.

    Returns:
        Pairs in the order of the expected notebook; cells that only `found` has stand where they occur.
    """
    left, right = numbered_code_cells(expected), numbered_code_cells(found)
    matches = _common([code_digest(c) for _, c in left], [code_digest(c) for _, c in right])
    pairs: list[CellPair] = []
    i = j = 0
    for a, b in [*matches, (len(left), len(right))]:
        pairs += _pair_gap(left[i:a], right[j:b])
        if a < len(left):
            pairs.append(CellPair(left[a][1], right[b][1], left[a][0], right[b][0]))
        i, j = a + 1, b + 1
    return pairs


def _common(left: list[str], right: list[str]) -> list[tuple[int, int]]:
    start = 0
    while start < min(len(left), len(right)) and left[start] == right[start]:
        start += 1
    end = 0
    while end < min(len(left), len(right)) - start and left[-1 - end] == right[-1 - end]:
        end += 1
    inner_left, inner_right = left[start : len(left) - end], right[start : len(right) - end]
    inner = [(start + a, start + b) for a, b in _longest(inner_left, inner_right)]
    head = [(k, k) for k in range(start)]
    tail = [(len(left) - k, len(right) - k) for k in range(end, 0, -1)]
    return head + inner + tail


def _longest(left: list[str], right: list[str]) -> list[tuple[int, int]]:
    if len(left) * len(right) > _LARGEST_GRID:
        blocks = difflib.SequenceMatcher(None, left, right, autojunk=False).get_matching_blocks()
        return [(block.a + k, block.b + k) for block in blocks for k in range(block.size)]
    lengths = [[0] * (len(right) + 1) for _ in range(len(left) + 1)]
    for a in range(len(left) - 1, -1, -1):
        for b in range(len(right) - 1, -1, -1):
            same = left[a] == right[b]
            lengths[a][b] = lengths[a + 1][b + 1] + 1 if same else max(lengths[a + 1][b], lengths[a][b + 1])
    matches = []
    a = b = 0
    while a < len(left) and b < len(right):
        if left[a] == right[b]:
            matches.append((a, b))
            a, b = a + 1, b + 1
        elif lengths[a + 1][b] >= lengths[a][b + 1]:
            a += 1
        else:
            b += 1
    return matches


def _pair_gap(left: list[tuple[int, Cell]], right: list[tuple[int, Cell]]) -> list[CellPair]:
    pairs: list[CellPair] = []
    position = 0
    for number, cell in left:
        chosen = next((k for k in range(position, len(right)) if _similar(cell, right[k][1])), None)
        if chosen is None:
            pairs.append(CellPair(cell, None, number))
            continue
        pairs += [CellPair(None, other, -1, n) for n, other in right[position:chosen]]
        pairs.append(CellPair(cell, right[chosen][1], number, right[chosen][0], same_code=False))
        position = chosen + 1
    return pairs + [CellPair(None, other, -1, n) for n, other in right[position:]]


def _similar(left: Cell, right: Cell) -> bool:
    if not (left.source and right.source):
        return False
    if left.id is not None and left.id == right.id:
        return True
    matcher = difflib.SequenceMatcher(None, code_of(left)[:_LONGEST], code_of(right)[:_LONGEST], autojunk=False)
    return matcher.real_quick_ratio() >= _SIMILAR and matcher.quick_ratio() >= _SIMILAR and matcher.ratio() >= _SIMILAR
