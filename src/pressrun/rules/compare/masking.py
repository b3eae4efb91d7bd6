"""Apply the rules of `pressrun.rules.compare.mask_rules` to text and keep account of what they changed."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from pressrun.records.comparison import Mask
from pressrun.records.digest import digest_text
from pressrun.rules.compare.mask_rules import ALWAYS, DRIFT, SVG, MaskRule

OVERWRITTEN = "overwritten-text"
FOLDER = "run-folder"
EXAMPLE_LENGTH = 80
WHY: dict[str, str] = {
    OVERWRITTEN: "carriage returns and backspaces rewrite a line; its last state counts",
    FOLDER: "the notebook ran in another folder",
    "image-encoding": "the same pixels were encoded differently",
    "image-metadata": "a PNG names the library version and the time that made it",
    "widget-model": "a widget's model has a random identifier",
    "vega-dataset": "a chart names its data after a digest of it",
    "estimator-repr": "scikit-learn writes all parameters or only the changed ones",
    "missing-value": "pandas writes a missing value as NaN, None, NaT or <NA>",
    "number-type": "a whole number is written with or without its decimal point",
    **{rule.name: rule.why for rule in (*ALWAYS, *SVG, *DRIFT)},
}
"""Why each rule masks, by name."""

_EMBEDDED = re.compile(r";base64,[A-Za-z0-9+/=\n]+(?:\\\s[A-Za-z0-9+/=]+)*")
_PRIVATE_USE = 0xE000
_MOST_EMBEDDED = 6000  # files; as many private-use characters stand in for them while the rules work
_MOST_PASSES = 8
_PLACES = re.compile(f";base64,([{chr(_PRIVATE_USE)}-{chr(_PRIVATE_USE + _MOST_EMBEDDED)}])")
DATA_BLIND = frozenset({"clock", "timer", "timer-output"})
"""Facts that do not reach into tables, drawings and JSON: their dates are data, also in a cell that reads the clock."""

Hits = Mapping[str, Sequence[str]]
"""Rule name -> the texts that it masked, in order."""


class Masked(msgspec.Struct, frozen=True):
    """Text after masking, with what was masked."""

    text: str
    hits: dict[str, list[str]]


@functools.cache
def _compiled(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern)


def _wanted(rule: MaskRule, text: str, facts: frozenset[str]) -> bool:
    if rule.needs and facts.isdisjoint(rule.needs):
        return False
    if rule.unless and not facts.isdisjoint(rule.unless):
        return False
    if rule.hints and not any(hint in text for hint in rule.hints):
        return False
    return not rule.beside or any(mark in text for mark in rule.beside)


def apply_rules(text: str, rules: Iterable[MaskRule], facts: frozenset[str]) -> Masked:
    """Replace what the rules match.

    Args:
        text: any text; a second application changes nothing more.
        rules: tried in their order.
        facts: what is known of the cell and the comparison; see `MaskRule.needs`.
    """
    hits: dict[str, list[str]] = {}
    for rule in rules:
        if not _wanted(rule, text, facts):
            continue
        found: list[str] = []
        text = _replace(rule, text, found)
        if found:
            hits.setdefault(rule.name, []).extend(found)
    return Masked(text, hits)


def _replace(rule: MaskRule, text: str, found: list[str]) -> str:
    expand = "\\" in rule.replacement

    def replace(match: re.Match[str]) -> str:
        new = match.expand(rule.replacement) if expand else rule.replacement
        if new != match.group():
            found.append(match.group())
        return new

    return _compiled(rule.pattern).sub(replace, text)


def mask_text(text: str, *, facts: frozenset[str], folders: Sequence[str] = ()) -> Masked:
    """Apply everything that holds for text of one output: overwritten lines, folders, and the always-volatile rules."""
    hits: dict[str, list[str]] = {}
    settled = settle_overwrites(text)
    if settled != text and settled != (unix := text.replace("\r\n", "\n")):
        hits[OVERWRITTEN] = [line for line in unix.split("\n") if "\r" in line or "\b" in line]
    for folder in sorted(folders, key=len, reverse=True):
        prefix = folder.rstrip("/\\")
        if len(prefix) > 1 and prefix in settled:
            pattern = re.escape(prefix) + r"(?![\w.-])"
            settled, count = _compiled(pattern).subn("«folder»", settled)
            if count:
                hits.setdefault(FOLDER, []).extend([prefix] * count)
    embedded = _EMBEDDED.findall(settled)[:_MOST_EMBEDDED]
    if not embedded:
        return Masked(_settled(settled, facts, hits), hits)
    places = iter(range(len(embedded)))
    emptied = _EMBEDDED.sub(lambda _: ";base64," + chr(_PRIVATE_USE + next(places)), settled, count=len(embedded))
    masked = _settled(emptied, facts, hits)
    return Masked(_PLACES.sub(lambda match: embedded[ord(match.group(1)) - _PRIVATE_USE], masked), hits)


def _settled(text: str, facts: frozenset[str], hits: dict[str, list[str]]) -> str:
    """Apply the rules until nothing changes: what one masks may be the border that another looks for."""
    for _ in range(_MOST_PASSES):
        masked = apply_rules(text, ALWAYS, facts)
        if not masked.hits:
            break
        for rule, texts in masked.hits.items():
            hits.setdefault(rule, []).extend(texts)
        text = masked.text
    return text


def shorten_embedded(text: str) -> str:
    """Replace files embedded as base64 by their digest: what is inside them is not text."""

    def shortened(match: re.Match[str]) -> str:
        content = match.group()
        return f";base64,«{len(content) - 8} characters, {digest_text(content)[:19]}»"

    return _EMBEDDED.sub(shortened, text) if ";base64," in text else text


def settle_overwrites(text: str) -> str:
    r"""Return the text as a terminal would leave it: of a rewritten line the last state, backspaces done.

    >>> settle_overwrites("10%\r50%\r100%\ndone")
    '100%\ndone'
    """
    if "\r" not in text and "\b" not in text:
        return text
    lines = text.replace("\r\n", "\n").split("\n")
    return "\n".join(_settle_line(line) if "\r" in line or "\b" in line else line for line in lines)


def _settle_line(line: str) -> str:
    last = ""
    for part in line.split("\r"):
        state = _without_backspaces(part) if "\b" in part else part
        if state.strip():
            last = state
    return last


def _without_backspaces(part: str) -> str:
    kept: list[str] = []
    for character in part:
        if character != "\b":
            kept.append(character)
        elif kept:
            kept.pop()
    return "".join(kept)


def needed(expected: Hits, found: Hits) -> tuple[Mask, ...]:
    """Return the rules that hid something that differs: those that masked the same texts on both sides hid nothing."""
    masks: list[Mask] = []
    for rule in sorted({*expected, *found}):
        left, right = expected.get(rule, ()), found.get(rule, ())
        if list(left) == list(right):
            continue
        example = next(iter([*left, *right])).strip()
        short = example if len(example) <= EXAMPLE_LENGTH else example[: EXAMPLE_LENGTH - 1] + "…"
        masks.append(Mask(rule=rule, count=len(left) + len(right), example=short, why=WHY.get(rule, "")))
    return tuple(masks)


def sum_masks(masks: Iterable[Mask]) -> tuple[Mask, ...]:
    """Add up the counts by rule, keeping the first example, sorted by name."""
    totals: dict[str, Mask] = {}
    for mask in masks:
        known = totals.get(mask.rule)
        totals[mask.rule] = mask if known is None else msgspec.structs.replace(known, count=known.count + mask.count)
    return tuple(totals[name] for name in sorted(totals))
