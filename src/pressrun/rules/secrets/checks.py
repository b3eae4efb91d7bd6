"""What tells a secret from what only looks like one: checksums, headers, how random it looks, placeholders."""

from __future__ import annotations

import base64
import binascii
import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any, Literal

from pressrun.rules.secrets.shapes import Check

Weight = Literal["certain", "possible", "none"]
"""Whether a text is a secret, may be one, or is none."""

STRONG_BITS = 36.0  # by the letters' own frequencies: eight mixed characters have 24, sixteen 64
_BASE62 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_CLASSES = {
    "digit": re.compile("[0-9]"),
    "upper": re.compile("[A-Z]"),
    "lower": re.compile("[a-z]"),
    "sign": re.compile(r"[^A-Za-z0-9\s]"),
}
_SPACE = re.compile(r"\s")
_LONGEST = 2000  # characters of a token that are weighed
_FEW_LETTERS = 6  # a random token of 20 characters has more than so many different ones
_EXAMPLE = re.compile(
    r"example|placeholder|dummy|your[-_ ]?|change[-_]?me|redacted|masked|insert|xxxx|\*{3}|\.{3}|0{10}",
    re.IGNORECASE,
)
_MARK = re.compile(
    r"\{[\w.:!\[\]-]*\}|\.{3}|…|\*{3}|^<.*>$|^\[.*\]$|^\$\{|^\$[A-Z_]+$|^%\(|example|placeholder|dummy"
    r"|change[-_ ]?(?:me|this)|redacted|masked|hidden|withheld|todo|fixme|deadbeef|lorem|^your|os\.environ|getenv"
    r"|://.*[{}<>]|^(?:secret|vault|env|file|arn):",
    re.IGNORECASE,
)
_WHOLE = re.compile(
    r"x{3,}|-+|_+|\#+|%[a-z_]+%|[\w./\\-]+\.(?:json|ya?ml|txt|pem|key|env|toml|ini|cfg)"
    r"|none|null|nil|true|false|undefined|default|empty|unset|unknown|missing|required|optional|string|bytes"
    r"|(?:fake|mock|demo|sample|test|testing|foo|bar|baz|qux|abc|asdf|qwerty)[-_]?"
    r"(?:\w{0,3}|password|passwd|pwd|token|key|secret|value|user)",
    re.IGNORECASE,
)
_VACANT = re.compile(r"<[^<>]*>|\{[^{}]*\}|\$.*|\*+|change[-_ ]?(?:me|this)|your[-_ ].*", re.IGNORECASE)
_ASKING = frozenset(
    ("your", "my", "the", "a", "an", "some", "enter", "insert", "put", "add", "set", "replace", "fill", "type", "here")
)
_ASKED = frozenset(
    ("password", "passwords", "passwd", "pwd", "token", "tokens", "key", "keys", "secret", "secrets", "apikey")
)
_COMMON = frozenset(
    {
        "password", "passwd", "passw0rd", "p@ssw0rd", "pass", "pwd", "secret", "token", "admin", "administrator",
        "root", "toor", "guest", "user", "username", "postgres", "mysql", "mongo", "redis", "minio",
        "minioadmin", "airflow", "mlflow", "letmein", "welcome", "qwerty", "hunter2", "password1", "password123",
        "secret123", "admin123", "test", "test123", "testing", "changeme", "12345",
        "123456", "1234567", "12345678", "123456789", "1234567890",
        "mypassword", "mysecretpassword", "supersecret", "topsecret", "s3cr3t", "secretpassword", "mypass", "mysecret",
    }
)  # fmt: skip


def token_weight(value: str, check: Check) -> Weight:
    """Weigh a text that has the shape of a token.

    A right checksum is proof. A wrong one is none of innocence: a token of which the last letters were changed by hand
    still gives most of itself away, so it counts like a shape without checksum.
    """
    if check in _PROOFS and _PROOFS[check](value):
        return "certain"
    if check in {"jwt", "pypi", "basic"}:
        return _CONTENTS[check](value)
    value = value[:_LONGEST]
    if len(set(value)) < _FEW_LETTERS or (
        check in {"mixed", "hex"} and not _looks_random(value, hexadecimal=check == "hex")
    ):
        return "none"
    return "possible" if _EXAMPLE.search(value) else "certain"


def value_weight(value: str, *, password: bool = False) -> Weight:
    """Weigh a text that is given to a name that speaks of a secret; there, a weak value is still a possible one.

    Args:
        value: the text.
        password: whether the name speaks of a password, which people think up: eight mixed letters are one.
    """
    if len(value) < 6 or is_placeholder(value) or len(set(value)) < 4:  # shorter ones are told by nothing
        return "none"
    classes = _classes(value)
    if value.lower() in _COMMON or _EXAMPLE.search(value):
        return "possible"
    if _SPACE.search(value):
        prose = value.count(" ") > 4 or value.istitle() or not classes & {"digit", "sign"}
        return "none" if prose else "possible"
    if password and len(value) >= 8 and len(classes) > 2:
        return "certain"
    return "certain" if bits(value) >= STRONG_BITS and len(classes) > 1 else "possible"


def is_placeholder(value: str) -> bool:
    """Return whether a text only holds the place of a secret.

    >>> is_placeholder("<your key>"), is_placeholder("changeme"), is_placeholder("correct-Horse7")
    (True, True, False)
    """
    value = value.strip()
    if len(value) > 200 or _MARK.search(value) is not None or _WHOLE.fullmatch(value) is not None:
        return len(value) <= 200
    words = set(re.split(r"[-_ ]", value.lower()))
    return bool(words & _ASKING and words & _ASKED) and all(word.isalpha() for word in words if word)


def is_vacant(value: str) -> bool:
    """Return whether the whole of a text is a mark for "nothing yet"; one that only speaks of examples is not.

    >>> is_vacant("<your key>"), is_vacant("postgresql://u:k9!x@db.example.org/x")
    (True, False)
    """
    return _VACANT.fullmatch(value.strip()) is not None or _WHOLE.fullmatch(value.strip()) is not None


def bits(value: str) -> float:
    """Return the Shannon entropy of the letters times their number: how many bits the text has at most.

    >>> round(bits("aaaaaaaa")), round(bits("k3!xQ9pLm2#v"))
    (0, 43)
    """
    counts = Counter(value)
    return -sum(number * math.log2(number / len(value)) for number in counts.values())


def _classes(value: str) -> set[str]:
    return {name for name, pattern in _CLASSES.items() if pattern.search(value)}


def _looks_random(value: str, *, hexadecimal: bool) -> bool:
    """Return whether letters and digits are mixed as no word or number mixes them."""
    digits, letters = sum(map(str.isdigit, value)), sum(map(str.isalpha, value))
    if hexadecimal:
        return digits > 3 and letters > 3 and len(set(value)) >= 8
    return letters > 0 and len(_classes(value) - {"sign"}) >= 2 and bits(value) / len(value) >= 3.0


def github_checksum(token: str) -> bool:
    """Return whether the last six letters of a token are the checksum of those behind its prefix of four."""
    return _crc_of(token[4:-6]) == token[-6:]


def _crc_of(body: str) -> str:
    number, text = zlib.crc32(body.encode()), ""
    while number:
        number, rest = divmod(number, 62)
        text = _BASE62[rest] + text
    return text.rjust(6, "0")


def _jwt(value: str) -> Weight:
    header, payload, _ = value.split(".", 2)
    told, claims = _json_of(header), _json_of(payload)
    if not isinstance(told, dict) or "alg" not in told:
        return "none"
    known = isinstance(claims, dict) and claims.get("sub") == "1234567890"  # the one of every introduction to JWT
    return "possible" if known else "certain"


def _json_of(part: str) -> Any:
    try:
        return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return None


def _pypi(value: str) -> Weight:
    try:
        content = base64.urlsafe_b64decode(value[5:] + "=" * (-len(value[5:]) % 4))
    except (ValueError, binascii.Error):
        content = b""
    if value.startswith("pypi-AgEIcHlwaS5vcmc") or b"pypi.org" in content:
        return "certain" if len(set(value)) >= _FEW_LETTERS else "none"
    return "possible"


def _basic(value: str) -> Weight:
    try:
        user, colon, password = base64.b64decode(value + "=" * (-len(value) % 4), validate=True).decode().partition(":")
    except (ValueError, binascii.Error, UnicodeDecodeError):
        return "none"
    return value_weight(password) if colon and user.isprintable() and password.isprintable() else "none"


_PROOFS: Mapping[str, Callable[[str], bool]] = {"github": github_checksum, "crc": github_checksum}
_CONTENTS: Mapping[str, Callable[[str], Weight]] = {"jwt": _jwt, "pypi": _pypi, "basic": _basic}
