"""Exact matches of values that are known to be secret, in the encodings in which they get into texts."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote, quote_plus

import msgspec

from pressrun.rules.secrets.labels import MIN_LENGTH


class LiveForm(msgspec.Struct, frozen=True):
    """One way in which a value may be written. `words`: it must not be a part of a longer word."""

    name: str
    text: str
    value: str
    words: bool = False


def live_forms(live: Mapping[str, str]) -> tuple[LiveForm, ...]:
    """Return every way in which the values may be written, the longest first.

    Args:
        live: name -> value of variables that are known to be secret.
    """
    found: dict[str, LiveForm] = {}
    for name, whole in live.items():
        for value in dict.fromkeys((whole, whole.strip(), *_parts(whole.strip()))):
            for text in _spellings(value):
                found.setdefault(text, LiveForm(name, text, value, words=text == value and value.isalnum()))
    return tuple(sorted(found.values(), key=lambda form: (-len(form.text), form.text)))


def find_live(text: str, forms: tuple[LiveForm, ...]) -> Iterator[tuple[int, int, LiveForm]]:
    """Give start, end and form of every place where a value stands in `text`."""
    for form in forms:
        start = text.find(form.text)
        while start >= 0:
            end = start + len(form.text)
            if not form.words or not (text[start - 1 : start].isalnum() or text[end : end + 1].isalnum()):
                yield start, end, form
            start = text.find(form.text, end)


def _parts(value: str) -> tuple[str, ...]:
    """Return the password in a URL, and the lines of a text of several lines: they get into texts alone."""
    parts: list[str] = []
    match = re.search(r"://[^\s/:@]*:([^\s/]+)@", value)
    if match is not None and len(match.group(1)) >= MIN_LENGTH:
        parts.append(match.group(1))
    if "\n" in value:
        parts += [line.strip() for line in value.splitlines() if len(line.strip()) >= 32 and "-----" not in line]
    return tuple(parts)


def _spellings(value: str) -> Iterator[str]:
    yield value
    yield json.dumps(value)[1:-1]
    yield json.dumps(json.dumps(value)[1:-1])[1:-1]
    yield json.dumps(value, ensure_ascii=False)[1:-1].replace("/", "\\/")
    yield repr(value)[1:-1]
    yield quote(value, safe="")
    yield quote(value)
    yield quote_plus(value)
    yield quote(value, safe="").replace("%", "%25")
    yield value.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    yield (
        value.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace('"', "&quot;")
        .replace("'", "&#x27;")
    )
    raw = value.encode("utf-8", "surrogatepass")
    yield raw.hex()
    yield raw.hex().upper()
    yield from _base64(raw)


def _base64(raw: bytes) -> Iterator[str]:
    """Give the part of the base64 text that does not depend on what stands before and behind, at each alignment."""
    for shift in range(3):
        first = -(-shift * 8 // 6)  # letters that hold bits of what stands in front
        last = (shift + len(raw)) * 8 // 6
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            text = encode(b"\0" * shift + raw).decode()[first:last]
            if len(text) >= MIN_LENGTH:
                yield text
