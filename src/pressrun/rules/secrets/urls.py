"""Credentials in URLs: ``scheme://user:password@host``, tokens as user names, tokens in queries."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

from pressrun.rules.secrets.checks import Weight, bits, is_placeholder, token_weight, value_weight

_USER = re.compile(r"://([^\s/:@\"'<>`]{0,256}):([^\s/\"'<>`]{1,256})@([^\s/\"'<>`@]{1,255})")
_TOKEN = re.compile(r"://([A-Za-z0-9_.~-]{20,256})@([A-Za-z0-9.-]{1,255})")
_QUERY = re.compile(
    r"[?&](?:amp;)?(?:access_?token|auth_?token|token|api_?key|apikey|secret|client_secret|password|passwd|pwd|sig|signature"
    r"|X-Amz-Signature|X-Goog-Signature|X-Amz-Security-Token)=([A-Za-z0-9%._~+/-]{8,1024})",
    re.IGNORECASE,
)
_SHORT_LIVED = re.compile(
    r"[?&](?:amp;)?(?:X-Amz-|X-Goog-|Signature=)"
)  # of a signed address; it opens one object for minutes
_LOCAL = re.compile(
    r"(?:localhost|127\.[0-9.]+|0\.0\.0\.0|\[?::1\]?|host\.docker\.internal|db|database|postgres|mysql|redis|mongo)(?::[0-9]+)?",
    re.IGNORECASE,
)


class Credential(msgspec.Struct, frozen=True):
    """A secret in a URL and where it stands in the text."""

    rule: str
    value: str
    start: int
    end: int
    weight: Weight


def credentials_in(text: str) -> Iterator[Credential]:
    """Give the credentials of every URL in a text.

    A password that everybody knows (``root:root@localhost``) is a possible one only; a placeholder is none.
    """
    if "://" in text:
        for match in _USER.finditer(text):
            weight = _password_weight(match.group(1), match.group(2), match.group(3))
            if weight != "none":
                yield Credential("url-password", match.group(2), match.start(2), match.end(2), weight)
        for match in _TOKEN.finditer(text):
            weight = token_weight(match.group(1), "mixed")
            if weight != "none" and bits(match.group(1)) >= 60:
                yield Credential("url-token", match.group(1), match.start(1), match.end(1), weight)
    if "=" in text and ("?" in text or "&" in text):
        for match in _QUERY.finditer(text):
            value = match.group(1)
            weight = value_weight(value)
            if weight == "certain" and _SHORT_LIVED.match(match.group()):
                weight = "possible"
            if weight != "none" and (weight == "certain" or any(letter.isdigit() for letter in value)):
                yield Credential("url-parameter", value, match.start(1), match.end(1), weight)


def _password_weight(user: str, password: str, host: str) -> Weight:
    if is_placeholder(password) or "{" in user or "<" in password:
        return "none"
    if any(mark in password for mark in "(),;|") and " " not in password and not host[0].isalnum():
        return "none"
    if password.lower() == user.lower() or len(password) < 6:
        return "possible"
    weight = value_weight(password, password=True)
    if weight != "certain" and _LOCAL.fullmatch(host) is None and len(password) >= 8:
        return "certain"  # of another machine, where no tutorial's password would do
    return "certain" if weight == "certain" else "possible"
