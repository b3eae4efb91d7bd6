"""Compare HTML and SVG: DataFrames as tables, everything else by structure."""

from __future__ import annotations

from typing import Any

from pressrun.records.comparison import Mask
from pressrun.rules.compare.markup import Token, number_ids, read_markup
from pressrun.rules.compare.mask_rules import SVG
from pressrun.rules.compare.masking import DATA_BLIND, apply_rules, mask_text, sum_masks
from pressrun.rules.compare.protocol import Context, Normalised, Verdict
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.table_comparison import compare_tables
from pressrun.rules.compare.tables import holds_dataframe, mask_time_columns, read_table
from pressrun.rules.compare.text import compare_text, excerpt


def compare_markup(expected: str, found: str, settings: CompareSettings) -> Verdict:
    """Compare tags, attributes and texts in their order; ids are compared by where they are used, not by their name."""
    left, right = (_without_style(number_ids(read_markup(text)), settings) for text in (expected, found))
    if len(left) != len(right):
        return _structure_verdict(left, right, settings)
    masks: list[Mask] = []
    largest, numeric = 0.0, False
    first: tuple[int, Verdict] | None = None
    differing = 0
    for position, (a, b) in enumerate(zip(left, right, strict=True)):
        if a == b:
            continue
        if (a.kind, a.value if a.kind != "text" else "") != (b.kind, b.value if b.kind != "text" else ""):
            return _structure_verdict(left, right, settings)
        verdict = compare_text(a.shown(), b.shown(), settings)
        masks += verdict.masks
        if verdict.relative_difference is not None:
            numeric, largest = True, max(largest, verdict.relative_difference)
        if verdict.sameness == "different":
            differing += 1
            first = first or (position, verdict)
    if first is not None:
        return _texts_verdict(left, right, first, differing, largest if numeric else None, settings)
    close = settings.close_tolerance if largest <= settings.close_tolerance else settings.tolerance
    reason = f"floats equal within {close:g} (relative)" if numeric else "the same structure, written differently"
    return Verdict(
        sameness="within-tolerance" if numeric else "normalised",
        reason=reason,
        relative_difference=largest if numeric else None,
        masks=sum_masks(masks),
    )


def _without_style(tokens: list[Token], settings: CompareSettings) -> list[Token]:
    """Leave style sheets out between different environments: a library's looks are no result."""
    if settings.same_environment:
        return tokens
    kept: list[Token] = []
    inside = False
    for token in tokens:
        if token.value == "style" and token.kind != "text":
            inside = token.kind == "start"
        elif not inside:
            kept.append(token)
    return kept


def _structure_verdict(left: list[Token], right: list[Token], settings: CompareSettings) -> Verdict:
    position = next(
        (i for i, (a, b) in enumerate(zip(left, right, strict=False)) if a != b), min(len(left), len(right))
    )
    e_text, f_text = (_around(tokens, position, settings.excerpt_length) for tokens in (left, right))
    return Verdict(sameness="different", reason="the structure differs", expected=e_text, found=f_text)


def _texts_verdict(
    left: list[Token],
    right: list[Token],
    first: tuple[int, Verdict],
    differing: int,
    largest: float | None,
    settings: CompareSettings,
) -> Verdict:
    position, verdict = first
    label = next((t.value for t in reversed(left[:position]) if t.kind == "text"), "")
    prefix = f"{label[-40:]} " if left[position].kind == "text" and label else ""
    reason = verdict.reason if differing == 1 else f"{differing} places differ; the first: {verdict.reason}"
    ordering = sorted(t.shown() for t in left) == sorted(t.shown() for t in right)
    return Verdict(
        sameness="different",
        reason="the same elements in another order" if ordering else reason,
        expected=prefix + verdict.expected,
        found=prefix + verdict.found,
        relative_difference=largest,
        ordering=ordering or (differing == 1 and verdict.ordering),
    )


def _around(tokens: list[Token], position: int, length: int) -> str:
    return excerpt(" ".join(token.shown() for token in tokens[max(0, position - 1) : position + 6]), 0, length)


class HtmlComparator:
    """Compares HTML: a DataFrame as a table, everything else by structure."""

    name = "html"
    mimes = ("text/html",)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Mask ids, paths and times. Values of a DataFrame are data: neither its dates nor its ids are masked."""
        html = str(value)
        facts = context.facts
        if holds_dataframe(html):
            facts = (facts - DATA_BLIND) | {"hashing"}
        masked = mask_text(html, facts=facts, folders=context.settings.folders)
        durations: list[str] = []
        text = mask_time_columns(masked.text, durations)
        hits = masked.hits | ({"fit-time": [*masked.hits.get("fit-time", []), *durations]} if durations else {})
        return Normalised(text, hits)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare as tables where both are one, else by structure."""
        if holds_dataframe(expected) and holds_dataframe(found):
            left, right = read_table(expected), read_table(found)
            if left is not None and right is not None:
                verdict = compare_tables(left, right, context.settings)
                if left != right or not context.settings.same_environment:
                    return verdict
        return compare_markup(expected, found, context.settings)


class SvgComparator:
    """Compares SVG drawings by structure."""

    name = "svg"
    mimes = ("image/svg+xml",)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Mask random ids and the date of making."""
        drawn = apply_rules(str(value), SVG, context.facts)
        masked = mask_text(drawn.text, facts=context.facts - DATA_BLIND, folders=context.settings.folders)
        return Normalised(masked.text, masked.hits | drawn.hits)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare tags, coordinates and texts."""
        return compare_markup(expected, found, context.settings)
