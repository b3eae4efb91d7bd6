"""Which cells of a notebook are new, gone, changed or moved; outputs and execution counts are not looked at."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pressrun.records.cells import Cell
from pressrun.records.version_diff import CellChange
from pressrun.rules.compare.align import align_cells

_CONTEXT = 3  # equal lines around a change
_MOST_LINES = 5_000  # of a cell; a longer one is only said to be changed
_LONGEST_TITLE = 80
_SIMILAR = 0.6
_LONGEST = 4_000  # characters of a cell that are looked at to find it again
_MOST_PAIRS = 10_000  # removed times added cells, above which nobody asks whether they are similar


class _Pair(NamedTuple):
    before: Cell | None
    after: Cell | None
    moved: bool = False


class CellDiff(NamedTuple):
    """What changed, in the order of the later notebook; what was removed stands where it was."""

    changes: tuple[CellChange, ...]
    equal: int


def diff_cells(before: Sequence[Cell], after: Sequence[Cell]) -> CellDiff:
    """Compare two notebooks cell by cell.

    Code cells are paired by their code, wherever they stand (`pressrun.rules.compare.align`), text cells by their text.
    """
    pairs = _moves([*_code_pairs(before, after), *_text_pairs(before, after)])
    changes, equal = [], 0
    for pair in sorted(pairs, key=_place):
        change = _change(pair)
        if change is None:
            equal += 1
        else:
            changes.append(change)
    return CellDiff(tuple(changes), equal)


def unified(before: str, after: str) -> tuple[str, ...]:
    """Return the lines of a unified diff, without the names of files."""
    left, right = before.splitlines(), after.splitlines()
    if max(len(left), len(right)) > _MOST_LINES:
        return (f"@@ {len(left):,} lines before, {len(right):,} after: too many to show @@",)
    return tuple(difflib.unified_diff(left, right, lineterm="", n=_CONTEXT))[2:]


def _code_pairs(before: Sequence[Cell], after: Sequence[Cell]) -> list[_Pair]:
    return [_Pair(pair.expected, pair.found) for pair in align_cells(before, after)]


def _text_pairs(before: Sequence[Cell], after: Sequence[Cell]) -> list[_Pair]:
    left = [cell for cell in before if cell.type != "code"]
    right = [cell for cell in after if cell.type != "code"]
    matcher = difflib.SequenceMatcher(None, [_text(c) for c in left], [_text(c) for c in right], autojunk=False)
    pairs = []
    for tag, a, a_end, b, b_end in matcher.get_opcodes():
        both = a_end - a if tag == "equal" else _alike(left[a:a_end], right[b:b_end])
        pairs += [_Pair(left[a + k], right[b + k]) for k in range(both)]
        pairs += [_Pair(cell, None) for cell in left[a + both : a_end]]
        pairs += [_Pair(None, cell) for cell in right[b + both : b_end]]
    return pairs


def _alike(left: Sequence[Cell], right: Sequence[Cell]) -> int:
    """Return how many of the first cells stand for each other: those of one type."""
    count = 0
    for one, other in zip(left, right, strict=False):
        if one.type != other.type:
            break
        count += 1
    return count


def _text(cell: Cell) -> tuple[str, str]:
    return cell.type, cell.source


def _moves(pairs: Iterable[_Pair]) -> list[_Pair]:
    """Join a removed and an added cell that are one cell at another place.

    They are when they have the same source; else the same id; else similar code.
    """
    kept: list[_Pair] = []
    removed: list[Cell] = []
    added: list[Cell] = []
    for pair in pairs:
        if pair.after is None and pair.before is not None:
            removed.append(pair.before)
        elif pair.before is None and pair.after is not None:
            added.append(pair.after)
        else:
            kept.append(pair)
    for is_one in (_same_source, _same_id, _similar if len(removed) * len(added) <= _MOST_PAIRS else _same_source):
        for cell in list(removed):
            other = next((other for other in added if is_one(cell, other)), None)
            if other is not None:
                kept.append(_Pair(cell, other, moved=True))
                removed.remove(cell)
                added.remove(other)
    return [*kept, *(_Pair(cell, None) for cell in removed), *(_Pair(None, cell) for cell in added)]


def _same_source(cell: Cell, other: Cell) -> bool:
    return _text(cell) == _text(other)


def _same_id(cell: Cell, other: Cell) -> bool:
    return cell.id is not None and (cell.id, cell.type) == (other.id, other.type)


def _similar(cell: Cell, other: Cell) -> bool:
    if cell.type != "code" or other.type != "code" or not cell.source.strip():
        return False
    matcher = difflib.SequenceMatcher(None, cell.source[:_LONGEST], other.source[:_LONGEST], autojunk=False)
    return matcher.real_quick_ratio() >= _SIMILAR and matcher.quick_ratio() >= _SIMILAR and matcher.ratio() >= _SIMILAR


def _place(pair: _Pair) -> tuple[int, bool]:
    cell = pair.after or pair.before
    assert cell is not None
    return cell.index, pair.after is not None


def _change(pair: _Pair) -> CellChange | None:
    before, after = pair.before, pair.after
    if before is None or after is None:
        cell = before or after
        assert cell is not None
        return CellChange(
            change="added" if before is None else "removed",
            type=cell.type,
            before=None if before is None else before.index,
            after=None if after is None else after.index,
            title=_title(cell),
            diff=unified(before.source if before is not None else "", after.source if after is not None else ""),
        )
    same = before.source == after.source
    if same and not pair.moved:
        return None
    return CellChange(
        change="changed" if not pair.moved else "moved" if same else "moved and changed",
        type=after.type,
        before=before.index,
        after=after.index,
        title=_title(after),
        diff=() if same else unified(before.source, after.source),
    )


def _title(cell: Cell) -> str:
    first = next((line.strip() for line in cell.source.splitlines() if line.strip()), "")
    return first if len(first) <= _LONGEST_TITLE else f"{first[: _LONGEST_TITLE - 1]}…"
