r"""Values that are given to names that speak of a secret: ``password = "..."``, ``"api_key": "..."``, ``--token x``."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from pressrun.rules.secrets.checks import Weight, value_weight
from pressrun.rules.secrets.labels import is_secret_label, may_be_secret

_STEMS = ("pass", "pwd", "psw", "secret", "token", "key", "credential", "conn", "dsn", "auth")
_IN_NAME = re.compile(r"[\w.-]")
_REST = re.compile(r"[\w-]{0,24}")
_TWO_WORDS = re.compile(r"(?:api|secret|access|private|auth)[ -]$", re.IGNORECASE)
_LONGEST_NAME = 40
_LONGEST_VALUE = 512

_SEPARATOR = r"(?:=>|:=|==|[=:])"
_QUOTED = re.compile(
    r"(?:\\{0,3}[\"']\]?)?"  # the end of a quoted name
    r"(?:[ \t]{0,8}:[ \t]{0,4}[A-Za-z.\[\] |]{1,40})?"  # an annotation
    rf"[ \t]{{0,8}}(?:{_SEPARATOR}|(?<=[\"']),)[ \t]{{0,8}}[rbufRBUF]{{0,2}}\\{{0,3}}([\"'])"
)
_UNQUOTED = re.compile(rf"[ \t]{{0,4}}{_SEPARATOR}[ \t]{{0,4}}([^\s\"'<>,;&|()\[\]{{}}\\`]{{6,200}})(?![\w(\[.])")
_OPTION = re.compile(r"[ \t=]{1,4}[\"']?([^\s\"'<>|;`\]]{6,200})")


class Assigned(msgspec.Struct, frozen=True):
    """A value given to a name, where it stands in the text, and what it weighs."""

    name: str
    value: str
    start: int
    end: int
    weight: Weight


def weigh(name: str, value: str) -> Weight:
    """Weigh a value that is given to `name`; ``none`` where the name speaks of no secret."""
    if not is_secret_label(name):
        return "none"
    password = re.search("pass|pwd|psw", name, re.IGNORECASE) is not None
    weight = value_weight(value, password=password)
    if weight == "none" or re.search(r"[^\w.\-/ ]|[0-9]", value):
        return weight
    # Letters alone: a password may be so; a token or key is not, it would be a word of the language.
    return "possible" if password else "none"


def assigned_in_text(text: str, *, code: bool) -> Iterator[Assigned]:
    """Give what is assigned to secret-looking names in a text.

    Args:
        text: source, a configuration file, output, JSON, also JSON within JSON.
        code: whether it is program source, where only a quoted value is a value.
    """
    for start, end in _labels(text):
        name = text[start:end].lstrip("-. ")
        found = _value_after(text, end, code=code, option=text.startswith("--", start))
        if found is not None:
            value = text[found[0] : found[1]]
            weight = weigh(name, value)
            if weight != "none":
                yield Assigned(name, value, *found, weight)


def _labels(text: str) -> Iterator[tuple[int, int]]:
    """Give where secret-looking names stand."""
    low = text.lower()
    if len(low) != len(text):  # some letters have two in lower case
        low = "".join(letter.lower() if letter.isascii() else letter for letter in text)
    seen: set[int] = set()
    for stem in _STEMS:
        position = low.find(stem)
        while position >= 0:
            rest = _REST.match(text, position)
            end = rest.end() if rest is not None else position + len(stem)
            if end not in seen:
                seen.add(end)
                start = _start_of_name(text, position)
                if is_secret_label(text[start:end]):
                    yield start, end
            position = low.find(stem, max(end, position + 1))


def _start_of_name(text: str, position: int) -> int:
    start = position
    while start > 0 and position - start < _LONGEST_NAME and _IN_NAME.match(text[start - 1]):
        start -= 1
    before = _TWO_WORDS.search(text, max(0, start - 8), start)
    return before.start() if before is not None else start


def _value_after(text: str, position: int, *, code: bool, option: bool) -> tuple[int, int] | None:
    match = _QUOTED.match(text, position)
    if match is not None:
        return _quoted(text, match.end(), match.group(1))
    match = _OPTION.match(text, position) if option else None if code else _UNQUOTED.match(text, position)
    if match is None:
        return None
    value = match.group(1)
    # What stands without quotes may be prose: it must look like nothing that is written for people.
    mixed = any(letter.isdigit() for letter in value) and any(letter.isalpha() for letter in value)
    return (match.start(1), match.end(1)) if mixed and may_be_secret(value) else None


def _quoted(text: str, start: int, quote: str) -> tuple[int, int] | None:
    """Return where a quoted value begins and ends; the quotes may be escaped, as in JSON within JSON."""
    if text.startswith(quote * 2, start):
        start += 2
    end = start
    stop = min(len(text), start + _LONGEST_VALUE)
    while end < stop and text[end] != quote and text[end] != "\n":
        end += 1
    if end >= stop or text[end] != quote:
        return None
    while end > start and text[end - 1] == "\\":
        end -= 1
    return start, end
