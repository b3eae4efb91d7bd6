"""Compare two tables: columns, index, then values by column and row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from pressrun.records.comparison import Mask
from pressrun.rules.compare.masking import WHY
from pressrun.rules.compare.numbers import floats_equal, is_number, is_whole, relative_difference
from pressrun.rules.compare.protocol import Verdict
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.tables import Table
from pressrun.rules.compare.text import compare_text, excerpt

_MISSING = frozenset({"NaN", "nan", "None", "NaT", "<NA>", ""})
_SHOWN_COLUMNS = 3


def compare_tables(expected: Table, found: Table, settings: CompareSettings) -> Verdict:
    """Compare schema first, then values."""
    schema = _schema_difference(expected, found, settings)
    return schema if schema is not None else _compare_values(expected, found, settings)


def _schema_difference(expected: Table, found: Table, settings: CompareSettings) -> Verdict | None:
    if expected.columns != found.columns:
        return _labels_verdict("column", expected.columns, found.columns, settings)
    if expected.names != found.names:
        return _labels_verdict("index name", expected.names, found.names, settings)
    if expected.index != found.index and not _float_labels_equal(expected.index, found.index, settings):
        return _labels_verdict("row", expected.index, found.index, settings)
    if len(expected.rows) != len(found.rows):
        return _different("another number of rows", f"{len(expected.rows)} rows", f"{len(found.rows)} rows", settings)
    if expected.about != found.about:
        return _different("the shape differs", expected.about, found.about, settings)
    return None


def _different(reason: str, expected: str, found: str, settings: CompareSettings, *, ordering: bool = False) -> Verdict:
    left, right = (excerpt(text, 0, settings.excerpt_length) for text in (expected, found))
    return Verdict(sameness="different", reason=reason, expected=left, found=right, ordering=ordering)


def _label(parts: Sequence[str]) -> str:
    shown = [part for part in parts if part]
    return "/".join(shown) if shown else "''"


def _labels_verdict(
    what: str, expected: Sequence[Sequence[str]], found: Sequence[Sequence[str]], settings: CompareSettings
) -> Verdict:
    left, right = [_label(parts) for parts in expected], [_label(parts) for parts in found]
    e_text, f_text = ", ".join(left), ", ".join(right)
    gone, new = list((Counter(left) - Counter(right)).elements()), list((Counter(right) - Counter(left)).elements())
    if not gone and not new and left != right:
        return _different(f"the same {what}s in another order", e_text, f_text, settings, ordering=True)
    parts = []
    if gone:
        parts.append(f"{what} {_few(gone)} gone")
    if new:
        parts.append(f"{what} {_few(new)} new")
    start = next((i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right)))
    near = slice(max(0, start - 1), start + 8)
    return _different(
        "; ".join(parts) or f"the {what}s are laid out differently",
        ", ".join(left[near]),
        ", ".join(right[near]),
        settings,
    )


def _few(labels: Sequence[str]) -> str:
    shown = ", ".join(repr(label) for label in labels[:_SHOWN_COLUMNS])
    return shown if len(labels) <= _SHOWN_COLUMNS else f"{shown} and {len(labels) - _SHOWN_COLUMNS} more"


def _float_labels_equal(
    expected: Sequence[Sequence[str]], found: Sequence[Sequence[str]], settings: CompareSettings
) -> bool:
    if len(expected) != len(found):
        return False
    pairs = [(a, b) for left, right in zip(expected, found, strict=True) for a, b in zip(left, right, strict=True)]
    return all(a == b or _same_float(a, b, settings) for a, b in pairs)


def _same_float(left: str, right: str, settings: CompareSettings) -> bool:
    if not (is_number(left) and is_number(right)) or is_whole(left.strip()) or is_whole(right.strip()):
        return False
    return floats_equal(float(left), float(right), settings)


def _compare_values(expected: Table, found: Table, settings: CompareSettings) -> Verdict:
    total, largest = 0, 0.0
    numeric = False
    wrong: list[tuple[int, int]] = []
    masks: dict[str, Mask] = {}
    for r, (left, right) in enumerate(zip(expected.rows, found.rows, strict=True)):
        total += len(left)
        if left == right:
            continue
        for c, (a, b) in enumerate(zip(left, right, strict=True)):
            if a == b:
                continue
            equal, difference, mask = _compare_value(a, b, settings)
            if difference is not None:
                numeric, largest = True, max(largest, difference)
            if mask is not None:
                masks.setdefault(mask.rule, mask)
            if not equal:
                wrong.append((r, c))
    if wrong:
        return _values_verdict(expected, found, wrong, total, largest if numeric else None, settings)
    close = largest <= settings.close_tolerance
    return Verdict(
        sameness="within-tolerance" if numeric else "normalised",
        reason=f"values equal within {settings.close_tolerance if close else settings.tolerance:g} (relative)",
        relative_difference=largest if numeric else None,
        masks=tuple(masks.values()),
    )


def _compare_value(left: str, right: str, settings: CompareSettings) -> tuple[bool, float | None, Mask | None]:
    """Return whether two values are equal, their relative difference when both are numbers, and a rule needed."""
    if is_number(left) and is_number(right):
        a, b = float(left), float(right)
        whole = (is_whole(left.strip()), is_whole(right.strip()))
        if all(whole) or (any(whole) and settings.same_environment):
            return False, relative_difference(a, b), None
        mask = _mask("number-type", left) if any(whole) else None
        return floats_equal(a, b, settings), relative_difference(a, b), mask
    if not settings.same_environment and left in _MISSING and right in _MISSING:
        return True, None, _mask("missing-value", left)
    verdict = compare_text(left, right, settings)
    mask = verdict.masks[0] if verdict.masks else None
    equal = verdict.sameness != "different"
    return equal, verdict.relative_difference if equal else None, mask


def _mask(rule: str, example: str) -> Mask:
    return Mask(rule=rule, count=1, example=example, why=WHY[rule])


def _values_verdict(
    expected: Table,
    found: Table,
    wrong: Sequence[tuple[int, int]],
    total: int,
    largest: float | None,
    settings: CompareSettings,
) -> Verdict:
    row, column = wrong[0]
    where = _label(expected.columns[column]) if column < len(expected.columns) else str(column)
    label = _label(expected.index[row]) if expected.index[row] else str(row)
    columns = len({c for _, c in wrong})
    ordering = Counter(expected.rows) == Counter(found.rows)
    reason = f"column {where!r}, row {label}" + (
        f" and {len(wrong) - 1} more of {total} values in {columns} column{'s' if columns > 1 else ''}"
        if len(wrong) > 1
        else ""
    )
    if largest is not None:
        reason += f", by up to {largest:.2g} (relative)"
    verdict = _different(
        "the same rows in another order" if ordering else reason,
        f"{where}[{label}] = {expected.rows[row][column]}",
        f"{where}[{label}] = {found.rows[row][column]}",
        settings,
        ordering=ordering,
    )
    return Verdict(
        sameness="different",
        reason=verdict.reason,
        expected=verdict.expected,
        found=verdict.found,
        relative_difference=largest,
        ordering=ordering,
    )
