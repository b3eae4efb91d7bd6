"""Compare JSON by value: plain JSON, plotly figures, Vega charts, widget views."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
from array import array
from typing import Any

import msgspec

from pressrun.records.comparison import Mask
from pressrun.rules.compare.masking import DATA_BLIND, WHY, mask_text, sum_masks
from pressrun.rules.compare.numbers import floats_equal, relative_difference
from pressrun.rules.compare.protocol import Context, Normalised, Verdict
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.text import compare_text, excerpt

_VOLATILE_KEY = re.compile(
    r"(?:(?:mean|std)_)?(?:fit|score|refit|train|training|predict|inference)_time_?|uid|uirevision"
)
_TIME_KEY = re.compile(r"\w*_time_?")
_SUSPECT = re.compile(r"0x|/|\\|\x1b|\r|[0-9a-f]{8}-|[0-9a-f]{32}|_time|[0-9]{4}-[0-9]{2}")
_ARRAY_TYPES = {"f8": "d", "f4": "f", "i1": "b", "u1": "B", "i2": "h", "u2": "H", "i4": "i", "u4": "I", "i8": "q"}
_DEEPEST = 400


class _Findings(msgspec.Struct):
    """What was found so far while two values are walked in step."""

    differing: int = 0
    compared: int = 0
    largest: float = 0.0
    numeric: bool = False
    where: str = ""
    reason: str = ""
    expected: str = ""
    found: str = ""
    masks: list[Mask] = []

    def differ(self, where: str, reason: str, expected: Any, found: Any) -> None:
        """Note a difference; the first one is kept."""
        self.differing += 1
        if self.differing == 1:
            self.where, self.reason, self.expected, self.found = where, reason, _shown(expected), _shown(found)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)[:2000]


def compare_json(expected: Any, found: Any, settings: CompareSettings) -> Verdict:
    """Compare two JSON values: objects by key, arrays by position, floats within the tolerance."""
    findings = _Findings()
    _walk(expected, found, "", settings, findings)
    if findings.differing:
        ordering = _same_members(expected, found)
        reason = f"{findings.where or 'the value'}: {findings.reason}"
        if findings.differing > 1:
            reason += f"; {findings.differing} of {findings.compared} values differ"
        return Verdict(
            sameness="different",
            reason="the same elements in another order" if ordering else reason,
            expected=excerpt(findings.expected, 0, settings.excerpt_length),
            found=excerpt(findings.found, 0, settings.excerpt_length),
            relative_difference=findings.largest if findings.numeric else None,
            ordering=ordering,
        )
    return Verdict(
        sameness="within-tolerance" if findings.numeric else "normalised",
        reason=f"floats equal within {settings.tolerance:g} (relative)" if findings.numeric else "",
        relative_difference=findings.largest if findings.numeric else None,
        masks=sum_masks(findings.masks),
    )


def _same_members(expected: Any, found: Any) -> bool:
    if not (isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found)):
        return False
    left, right = (sorted(json.dumps(item, sort_keys=True, default=str) for item in side) for side in (expected, found))
    return left == right


def _walk(left: Any, right: Any, where: str, settings: CompareSettings, findings: _Findings, depth: int = 0) -> None:
    if isinstance(left, dict) and isinstance(right, dict) and depth < _DEEPEST:
        _walk_objects(left, right, where, settings, findings, depth)
    elif isinstance(left, list) and isinstance(right, list) and depth < _DEEPEST:
        if len(left) != len(right):
            findings.differ(where, f"{len(left)} elements became {len(right)}", left[:8], right[:8])
            return
        for position, (a, b) in enumerate(zip(left, right, strict=True)):
            if a is b or (type(a) is type(b) and a == b):
                findings.compared += 1
            else:
                _walk(a, b, f"{where}[{position}]", settings, findings, depth + 1)
    else:
        findings.compared += 1
        _compare_leaves(left, right, where, settings, findings)


def _walk_objects(
    left: dict[str, Any], right: dict[str, Any], where: str, settings: CompareSettings, findings: _Findings, depth: int
) -> None:
    a_array, b_array = _typed_array(left), _typed_array(right)
    if a_array is not None and b_array is not None:
        _walk(a_array, b_array, where, settings, findings, depth + 1)
        return
    for key, value in left.items():
        inner = f"{where}.{key}" if where else str(key)
        if key not in right:
            findings.differ(inner, "the key is gone", value, None)
        else:
            _walk(value, right[key], inner, settings, findings, depth + 1)
    for key, value in right.items():
        if key not in left:
            findings.differ(f"{where}.{key}" if where else str(key), "the key is new", None, value)


def _typed_array(value: dict[str, Any]) -> list[Any] | None:
    """Decode plotly's ``{"dtype": "f8", "bdata": base64}``; None where it is something else."""
    if "bdata" not in value or "dtype" not in value:
        return None
    code = _ARRAY_TYPES.get(str(value["dtype"]).lstrip("<|="))
    if code is None or not isinstance(value["bdata"], str):
        return None
    try:
        content = base64.b64decode(value["bdata"], validate=True)
        return array(code, content).tolist()
    except (binascii.Error, ValueError):
        return None


def _compare_leaves(left: Any, right: Any, where: str, settings: CompareSettings, findings: _Findings) -> None:
    if type(left) is type(right) and left == right:
        return
    if _is_number(left) and _is_number(right):
        difference = relative_difference(float(left), float(right))
        whole = isinstance(left, int), isinstance(right, int)
        equal = not all(whole) and floats_equal(float(left), float(right), settings)
        if left == right:  # 1 and 1.0: JSON has one type of number
            return
        findings.numeric, findings.largest = True, max(findings.largest, difference)
        if not equal:
            findings.differ(where, f"the number differs by {difference:.2g} (relative)", left, right)
    elif isinstance(left, str) and isinstance(right, str):
        verdict = compare_text(left, right, settings)
        findings.masks += verdict.masks
        if verdict.relative_difference is not None:
            findings.numeric, findings.largest = True, max(findings.largest, verdict.relative_difference)
        if verdict.sameness == "different":
            findings.differ(where, verdict.reason, verdict.expected, verdict.found)
    elif not settings.same_environment and _is_missing(left) and _is_missing(right):
        findings.masks.append(Mask(rule="missing-value", count=1, example=str(left), why=WHY["missing-value"]))
    elif _is_missing(left) and _is_missing(right):
        return
    else:
        findings.differ(where, "another value", left, right)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))


class JsonComparator:
    """Compares JSON, plotly figures and Vega charts by value."""

    name = "json"
    mimes = ("application/json", "application/*+json", "application/geo+json")

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Drop volatile keys, mask identifiers in text, name Vega's datasets by their order."""
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except (ValueError, RecursionError):
                masked = mask_text(value, facts=context.facts, folders=context.settings.folders)
                return Normalised(masked.text, masked.hits)
        hits: dict[str, list[str]] = {}
        if "vega" in mime:
            value = _numbered_datasets(value, hits)
        return Normalised(_masked(value, context, hits, 0), hits)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare by value."""
        return compare_json(expected, found, context.settings)


def _masked(value: Any, context: Context, hits: dict[str, list[str]], depth: int) -> Any:
    if isinstance(value, str):
        if not _SUSPECT.search(value):
            return value
        masked = mask_text(value, facts=context.facts - DATA_BLIND, folders=context.settings.folders)
        for rule, texts in masked.hits.items():
            hits.setdefault(rule, []).extend(texts)
        return masked.text
    if depth >= _DEEPEST:
        return value
    if isinstance(value, list):
        if all(item is None or isinstance(item, (int, float)) for item in value):
            return value
        return [_masked(item, context, hits, depth + 1) for item in value]
    if isinstance(value, dict):
        kept = {}
        for key, inner in value.items():
            if _is_volatile(key, inner, context.facts):
                hits.setdefault("fit-time" if "time" in key else "random-id", []).append(f"{key}: {_shown(inner)}")
            else:
                kept[key] = _masked(inner, context, hits, depth + 1)
        return kept
    return value


def _is_volatile(key: str, value: Any, facts: frozenset[str]) -> bool:
    """Whether a key names a duration or an identifier: any ``*_time`` number where the cell measures time."""
    if _VOLATILE_KEY.fullmatch(key):
        return True
    return not facts.isdisjoint({"clock", "timer"}) and _is_number(value) and _TIME_KEY.fullmatch(key) is not None


def _numbered_datasets(value: Any, hits: dict[str, list[str]]) -> Any:
    """Name the datasets of a Vega-Lite chart by their order: Altair names them after a digest of their rows."""
    datasets = value.get("datasets") if isinstance(value, dict) else None
    if not isinstance(datasets, dict) or not datasets:
        return value
    names = {name: f"data-«{number}»" for number, name in enumerate(datasets, 1)}
    fresh = [name for name in names if "«" not in name]
    if fresh:
        hits["vega-dataset"] = fresh
    return _renamed({**value, "datasets": {names[name]: rows for name, rows in datasets.items()}}, names)


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: inner
            if key == "datasets"
            else names.get(inner, inner)
            if key == "name" and isinstance(inner, str)
            else _renamed(inner, names)
            for key, inner in value.items()
        }
    return [_renamed(item, names) for item in value] if isinstance(value, list) else value


class WidgetComparator:
    """Compares a widget's view where it has no text: only which kind of view it is, its model's id is random."""

    name = "widget"
    mimes = ("application/vnd.jupyter.widget-view+json",)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Mask the model's identifier."""
        if not isinstance(value, dict) or "model_id" not in value:
            return Normalised(value)
        model = str(value["model_id"])
        hits = {} if model == "«id»" else {"widget-model": [model]}
        return Normalised({**value, "model_id": "«id»"}, hits)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Compare by value."""
        return compare_json(expected, found, context.settings)


class BytesComparator:
    """Compares a type that nothing else knows: it is equal or it is not."""

    name = "bytes"
    mimes = ("*",)

    def normalise(self, mime: str, value: Any, context: Context) -> Normalised:
        """Leave the value as it is."""
        return Normalised(value)

    def compare(self, mime: str, expected: Any, found: Any, context: Context) -> Verdict:
        """Say that the values differ."""
        left, right = (excerpt(_shown(value), 0, context.settings.excerpt_length) for value in (expected, found))
        return Verdict(sameness="different", reason="the content differs", expected=left, found=right)
