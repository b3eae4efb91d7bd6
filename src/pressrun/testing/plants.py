"""Secrets to plant in tests, made up when they are asked for: no file holds anything that looks like one."""

from __future__ import annotations

import base64
import json
import random
import string
import zlib
from collections.abc import Callable, Mapping

_LETTERS = string.ascii_letters + string.digits
_BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_URLSAFE = _LETTERS + "_-"


def planted_secrets(seed: int = 0) -> dict[str, str]:
    """Return one made-up secret of every kind: kind -> text.

    Args:
        seed: another one gives other secrets.
    """
    draw = random.Random(seed)  # noqa: S311  they protect nothing
    return {kind: make(draw) for kind, make in _KINDS.items()}


def _text(draw: random.Random, length: int, letters: str = _LETTERS) -> str:
    """Return a text that mixes letters and digits where it is long, as real tokens do."""
    while True:
        text = "".join(draw.choice(letters) for _ in range(length))
        mixed = any(letter.isdigit() for letter in text) and any(letter.isalpha() for letter in text)
        if length < 8 or (len(set(text)) > 6 and (mixed or letters.isdigit())):
            return text


def _hexadecimal(draw: random.Random, length: int) -> str:
    return _text(draw, length, "0123456789abcdef")


def _github(draw: random.Random) -> str:
    body, checksum = _text(draw, 30), ""
    number = zlib.crc32(body.encode())
    while number:
        number, rest = divmod(number, 62)
        checksum = _BASE62[rest] + checksum
    return f"ghp_{body}{checksum.rjust(6, '0')}"


def _jwt(draw: random.Random) -> str:
    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")

    claims = {"sub": _text(draw, 12), "aud": "api", "exp": draw.randrange(2_000_000_000)}
    return f"{part({'alg': 'HS256', 'typ': 'JWT'})}.{part(claims)}.{_text(draw, 43, _URLSAFE)}"


def _pem(draw: random.Random) -> str:
    lines = [_text(draw, 64, _LETTERS + "+/") for _ in range(8)]
    head = "PRIVATE" + " KEY"
    return "\n".join([f"-----BEGIN {head}-----", *lines, f"-----END {head}-----"])


def _password(draw: random.Random) -> str:
    return _text(draw, 6) + "!" + _text(draw, 8)


_KINDS: Mapping[str, Callable[[random.Random], str]] = {
    "aws-access-key": lambda draw: "AKIA" + _text(draw, 16, string.ascii_uppercase + "234567"),
    "github": _github,
    "github-fine-grained": lambda draw: f"github_pat_{_text(draw, 22)}_{_text(draw, 59)}",
    "gitlab": lambda draw: "glpat-" + _text(draw, 20, _URLSAFE[:-2]),
    "slack": lambda draw: (
        f"xoxb-{_text(draw, 11, string.digits[1:])}-{_text(draw, 12, string.digits[1:])}-{_text(draw, 24)}"
    ),
    "stripe": lambda draw: "sk_live_" + _text(draw, 24),
    "google-api": lambda draw: "AIza" + _text(draw, 35, _URLSAFE[:-2]),
    "openai": lambda draw: "sk-proj-" + _text(draw, 74) + "T3Blbk" + "FJ" + _text(draw, 74),
    "anthropic": lambda draw: "sk-ant-api03-" + _text(draw, 93) + "AA",
    "hugging-face": lambda draw: "hf_" + _text(draw, 34),
    "databricks": lambda draw: "dapi" + _hexadecimal(draw, 32),
    "wandb-local": lambda draw: "local-" + _hexadecimal(draw, 40),
    "npm": lambda draw: "npm_" + _text(draw, 36),
    "pypi": lambda draw: "pypi-" + "AgEIcHlwaS5vcmc" + _text(draw, 70),
    "sendgrid": lambda draw: f"SG.{_text(draw, 22)}.{_text(draw, 43)}",
    "telegram": lambda draw: f"{draw.randrange(10**9, 10**10)}:AA{_text(draw, 33)}",
    "twilio": lambda draw: "SK" + _hexadecimal(draw, 32),
    "vault": lambda draw: "hvs." + _text(draw, 95),
    "azure-storage": lambda draw: (
        "DefaultEndpointsProtocol=https;AccountName=data;AccountKey=" + _text(draw, 86) + "=="
    ),
    "jwt": _jwt,
    "private-key": _pem,
    "database-url": lambda draw: f"postgresql://analyst:{_password(draw)}@warehouse.internal:5432/sales",
    "password": _password,
}
"""More than the sixteen kinds that scanners are usually measured with."""


def in_source(kind: str, secret: str) -> str:
    """Return a line of Python that holds the secret as such a line would.

    Args:
        kind: of `planted_secrets`.
        secret: the text.
    """
    name = {"password": "password", "private-key": "pem"}.get(kind, "value")
    return f"{name} = {secret!r}"
