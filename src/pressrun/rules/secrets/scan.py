r"""Finds secrets in a notebook and in texts. Pure: values that are secret on this machine are handed in.

A text is looked at as it is, without its colours, with JSON's and URLs' escapes resolved, and what is base64 of a text
is looked into. Images, digests and ids have no such shape and are never looked at by their randomness alone.
"""

from __future__ import annotations

import bisect
import hashlib
import html
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from pressrun.records.cells import Cell
from pressrun.records.findings import SecretFinding, SecretPlace
from pressrun.rules.secrets.assignments import assigned_in_text, weigh
from pressrun.rules.secrets.checks import token_weight, value_weight
from pressrun.rules.secrets.decoded import decoded_base64, decoded_texts
from pressrun.rules.secrets.live import LiveForm, find_live, live_forms
from pressrun.rules.secrets.shapes import PRIVATE_KEY, SECRET_KEY, SHAPES, Shape
from pressrun.rules.secrets.urls import credentials_in

_COLOUR = re.compile(r"\x1b\[[0-9;:?]{0,32}[A-Za-z]")
_ESCAPE = re.compile(r"""\\{1,8}(?:u00([0-7][0-9a-fA-F])|([nrt])|(["'/&=+:]))""")
_PERCENT = re.compile("%[0-9A-Fa-f]{2}")
_ENTITY = re.compile("&(?:amp|quot|lt|gt|#)")
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/=_-])[A-Za-z0-9+/_-]{24,}={0,2}")
_LONGEST_KEY = 16384  # characters; the largest key of 16,384 bits in PEM has some 13,000
_NEAR = 80  # characters before a token that looks like any digest, in which its service must be named
_LONGEST_NEAR = 240  # characters of a token that does not begin with its word
_IN_SIGNED_URL = re.compile("(?:X-Amz-Credential|AWSAccessKeyId|GoogleAccessId)=$", re.IGNORECASE)  # an id, not its key
_TEXTUAL = re.compile(r"text/|application/(?:json|javascript|x-|vnd\.|ld\+json|geo\+json|xml)|stream/")
_WIDGETS = "application/vnd.jupyter.widget"


class _Hit(msgspec.Struct, frozen=True):
    rule: str
    value: str
    start: int
    end: int
    certain: bool
    public: int = 0
    label: str = ""


class Place(msgspec.Struct, frozen=True):
    """Where a text stands: for the findings made in it."""

    place: SecretPlace
    where: str
    cell: int | None = None
    line: int | None = None


def find_secrets(
    cells: Sequence[Cell], metadata: Mapping[str, Any], *, live: Mapping[str, str] | None = None
) -> tuple[SecretFinding, ...]:
    """Return what looks like a secret in a notebook: sources, saved outputs, tracebacks, parameters and metadata.

    Args:
        cells: of the notebook.
        metadata: the notebook's own.
        live: name -> value of variables that are known to be secret.
    """
    forms = live_forms(live or {})
    return unique([*in_cells(cells, forms), *in_metadata(metadata, Place("metadata", "notebook metadata"), forms)])


def find_in_text(
    text: str,
    *,
    place: SecretPlace,
    where: str,
    live: Mapping[str, str] | None = None,
    cell: int | None = None,
) -> tuple[SecretFinding, ...]:
    """Return what looks like a secret in a text.

    Args:
        text: any text; source, output, JSON.
        place: kind of place.
        where: its name for the reader.
        cell: index of its cell.
        live: name -> value of variables that are known to be secret.
    """
    return unique(in_text(text, Place(place, where, cell), live_forms(live or {})))


def in_cells(cells: Sequence[Cell], forms: tuple[LiveForm, ...], *, within: str = "") -> list[SecretFinding]:
    """Return what is found in sources and outputs; `within` stands in front of the names of cells."""
    found: list[SecretFinding] = []
    for cell in cells:
        where = f"{within}cell {cell.index}"
        found += _in_source(cell, where, forms)
        for number, output in enumerate(cell.outputs):
            found += in_output(output, Place("output", f"{where}, output {number}", cell.index), forms)
    return found


def unique(found: Iterable[SecretFinding]) -> tuple[SecretFinding, ...]:
    """Return the findings in order, each once; a certain one replaces a possible one of the same value and place."""
    kept: dict[tuple[object, ...], SecretFinding] = {}
    for finding in found:
        key = (finding.name, finding.place, finding.where, finding.line)
        if key not in kept or (finding.certain and not kept[key].certain):
            kept[key] = finding
    return tuple(kept.values())


def in_text(
    text: str, place: Place, forms: tuple[LiveForm, ...] = (), *, code: bool = False, assignments: bool = True
) -> list[SecretFinding]:
    """Return what is found in one text.

    Args:
        text: any text.
        place: where it stands.
        forms: what `live_forms` gave.
        code: whether it is program source: a value without quotes is then an expression and none.
        assignments: whether to look at what is given to secret-looking names.
    """
    if "\x1b" in text:
        text = _COLOUR.sub("", text)
    variants = [text]
    if _ESCAPE.search(text):
        variants.append(_ESCAPE.sub(_unescaped, text))
    if _PERCENT.search(text):
        variants.append(unquote(text, errors="replace"))
    if _ENTITY.search(text):
        variants.append(html.unescape(text))
    found: list[SecretFinding] = []
    for variant in dict.fromkeys(variants):
        found += _findings(_hits(variant, forms, code=code, assignments=assignments), variant, place)
    line, passed = 1, 0
    for blob in _BASE64.finditer(text):
        mixed = not (blob.group().islower() or blob.group().isupper() or blob.group().isdigit())
        plain = decoded_base64(blob.group()) if mixed and len(blob.group()) < 1 << 16 else ""
        if plain:
            line = line + text.count("\n", passed, blob.start())
            passed = blob.start()
            inner = msgspec.structs.replace(place, line=place.line or line)
            found += _findings(_hits(plain, (), code=False, assignments=assignments), plain, inner)
    return list(unique(found))


def in_metadata(
    value: Any, place: Place, forms: tuple[LiveForm, ...] = (), key: str = "", depth: int = 0
) -> list[SecretFinding]:
    """Return what is found in a JSON value: every text, and what stands under secret-looking keys."""
    if depth > 100:
        return []
    found: list[SecretFinding] = []
    if isinstance(value, Mapping):
        for name, item in value.items():
            found += in_metadata(item, place, forms, str(name), depth + 1)
    elif isinstance(value, list | tuple):
        for item in value:
            found += in_metadata(item, place, forms, key, depth + 1)
    elif isinstance(value, str) and value:
        found += in_text(value, place, forms)
        found += _given(key, value, place)
    return found


def in_output(output: Mapping[str, Any], place: Place, forms: tuple[LiveForm, ...]) -> list[SecretFinding]:
    """Return what is found in one output of nbformat 4; images are not looked at."""
    kind = output.get("output_type")
    if kind == "stream":
        return in_text(_joined(output.get("text")), place, forms)
    if kind == "error":
        told = msgspec.structs.replace(place, place="traceback")
        parts = [output.get("ename"), output.get("evalue"), "\n".join(map(str, output.get("traceback") or ()))]
        return in_text("\n".join(_joined(part) for part in parts), told, forms)
    found: list[SecretFinding] = []
    data = output.get("data")
    for mime, value in data.items() if isinstance(data, Mapping) else ():
        if not _TEXTUAL.match(str(mime)) or str(mime).startswith(_WIDGETS):
            continue
        if isinstance(value, str) or (isinstance(value, list) and all(isinstance(item, str) for item in value)):
            found += in_text(_joined(value), place, forms)
        else:
            found += in_metadata(value, place, forms)
    return found


def _in_source(cell: Cell, where: str, forms: tuple[LiveForm, ...]) -> list[SecretFinding]:
    declared = cell.declaration is not None and cell.declaration.kind == "parameters"
    given = declared or bool({"parameters", "injected-parameters"} & set(cell.tags))
    place = Place("parameter" if given else "source", where, cell.index)
    code = cell.type == "code"
    found = in_text(cell.source, place, forms, code=code)
    if not code:
        return found
    for line_number, line in enumerate(cell.source.split("\n"), 1):
        if line.lstrip().startswith(("%", "!", "export ")):
            found += in_text(line, msgspec.structs.replace(place, line=line_number), forms)
    for decoded in decoded_texts(cell.body):
        here = msgspec.structs.replace(place, line=decoded.line)
        if decoded.name:
            found += _given(decoded.name, decoded.text, here)
        elif decoded.text not in cell.source:
            found += in_text(decoded.text, here, forms, code=True)
    return list(unique(found))


def _given(name: str, value: str, place: Place) -> list[SecretFinding]:
    weight = weigh(name, value)
    if weight == "none" or any(True for hit in _hits(value, (), code=True, assignments=False)):
        return []
    hit = _Hit("secret-assignment", value, 0, len(value), weight == "certain")
    return _findings([hit], value, place)


def _hits(text: str, forms: tuple[LiveForm, ...], *, code: bool, assignments: bool) -> list[_Hit]:
    hits = [
        _Hit("live-value", form.value, start, end, certain=True, label=form.name)
        for start, end, form in find_live(text, forms)
    ]
    hits += _private_keys(text)
    for shape in SHAPES:
        if any(word in text for word in shape.words):
            hits += _of_shape(shape, text)
    hits += _secrets_of_ids(text, [hit for hit in hits if hit.rule == "aws-access-key"])
    hits += [_Hit(c.rule, c.value, c.start, c.end, c.weight == "certain") for c in credentials_in(text)]
    hits = _apart(hits)
    if assignments:
        given = [
            _Hit("secret-assignment", item.value, item.start, item.end, item.weight == "certain")
            for item in assigned_in_text(text, code=code)
        ]
        hits = _apart([*hits, *given])
    return hits


def _apart(hits: Iterable[_Hit]) -> list[_Hit]:
    """Return the hits without those that overlap an earlier one: rules stand from the surest to the vaguest."""
    kept: list[_Hit] = []
    taken: list[tuple[int, int]] = []
    for hit in hits:
        place = bisect.bisect_left(taken, (hit.start, hit.start))
        before, behind = taken[place - 1 : place], taken[place : place + 1]
        if (before and before[0][1] > hit.start) or (behind and behind[0][0] < hit.end):
            continue
        taken.insert(place, (hit.start, hit.end))
        kept.append(hit)
    return kept


def _of_shape(shape: Shape, text: str) -> Iterator[_Hit]:
    group = 1 if shape.pattern.groups else 0
    for match in _matches(shape, text):
        if shape.near is not None and not shape.near.search(_before(text, match.start())):
            continue
        value = match.group(group)
        weight = token_weight(value, shape.check)
        if weight == "certain" and _IN_SIGNED_URL.search(text, max(0, match.start() - 24), match.start()):
            weight = "possible"
        if weight != "none":
            yield _Hit(shape.name, value, match.start(group), match.end(group), weight == "certain", shape.public)


def _matches(shape: Shape, text: str) -> Iterator[re.Match[str]]:
    """Give the matches around the shape's words: looking there alone is many times faster than everywhere."""
    for word in shape.words:
        if shape.near is not None or shape.back:
            for start, stop in _windows(text, word, shape):
                yield from shape.pattern.finditer(text, start, stop)
            continue
        position = text.find(word)
        while position >= 0:
            match = shape.pattern.match(text, position)
            if match is not None:
                yield match
            position = text.find(word, match.end() if match is not None else position + 1)


def _windows(text: str, word: str, shape: Shape) -> Iterator[tuple[int, int]]:
    """Give the parts of the text in which a token may stand; none overlaps another."""
    start = stop = 0
    position = text.find(word)
    while position >= 0:
        if position - shape.back > stop:
            yield start, stop
            start = position - shape.back
        stop = min(len(text), position + _NEAR + _LONGEST_NEAR)
        position = text.find(word, position + 1)
    yield start, stop


def _before(text: str, position: int) -> str:
    """Return what stands before `position` on its line and the line before."""
    context = text[max(0, position - _NEAR) : position]
    lines = context.split("\n")
    return "\n".join(lines[-2:])


def _private_keys(text: str) -> Iterator[_Hit]:
    if "PRIVATE KEY" not in text:
        return
    for head in PRIVATE_KEY.finditer(text):
        stop = text.find("-----END", head.end(), head.end() + _LONGEST_KEY)
        body = text[head.end() : stop if stop >= 0 else head.end() + 200]
        letters = re.sub(r"\\[nr]|[^A-Za-z0-9+/]", "", body)
        if len(letters) >= 40 and len(set(letters)) >= 12 and "..." not in body:
            end = stop if stop >= 0 else head.end() + 200
            yield _Hit("private-key", letters, head.start(), min(end, len(text)), certain=True)


def _secrets_of_ids(text: str, ids: list[_Hit]) -> Iterator[_Hit]:
    """Give what has the form of an AWS secret within 300 characters of a key id."""
    for near in ids:
        start = max(0, near.start - 300)
        for match in SECRET_KEY.finditer(text, start, min(len(text), near.end + 300)):
            value = match.group()
            if not re.fullmatch("[0-9a-fA-F]+", value) and value_weight(value) != "none":
                weight = token_weight(value, "mixed")
                if weight != "none":
                    yield _Hit("aws-secret-key", value, match.start(), match.end(), weight == "certain")


def _findings(hits: Iterable[_Hit], text: str, place: Place) -> list[SecretFinding]:
    """Return the findings of hits in a text, with their lines; counted once, so that many hits cost no more."""
    found = []
    line, passed = 1, 0
    for hit in sorted(hits, key=lambda hit: hit.start):
        line += text.count("\n", passed, hit.start)
        passed = hit.start
        told = place.line if place.line is not None or place.place == "metadata" else line
        found.append(
            SecretFinding(
                name=f"{hit.rule}:{hashlib.sha256(hit.value.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}",
                rule=hit.rule,
                place=place.place,
                where=place.where,
                cell=place.cell,
                line=told,
                masked=f"the value of {hit.label}" if hit.label else hit.value[: hit.public] + "*" * 8,
                certain=hit.certain,
            )
        )
    return found


def _unescaped(match: re.Match[str]) -> str:
    if match.group(1):
        return chr(int(match.group(1), 16))
    if match.group(2):
        return "\v"  # white space that is no end of a line, so that line numbers stay
    return match.group(3)


def _joined(value: Any) -> str:
    if isinstance(value, list):
        return "".join(map(str, value))
    return "" if value is None else str(value)
