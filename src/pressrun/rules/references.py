"""References to versions, as people write them: ``churn@3``, ``churn@production``, ``churn@latest``."""

from __future__ import annotations

import re

import msgspec

from pressrun.errors import UsageError
from pressrun.rules.paths import name_problem

LATEST = "latest"
_ENVIRONMENT = re.compile(r"[a-z0-9][a-z0-9-]{0,31}", re.ASCII)
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)
_FORMS = "A version is written name@number, name@environment or name@latest, for example churn@3."


class Reference(msgspec.Struct, frozen=True):
    """What a reference says. Without a number and an environment it means the latest version.

    Attributes:
        number: from 1. Never set together with `environment`.
        environment: whose pointer is meant.
    """

    name: str
    number: int | None = None
    environment: str | None = None

    @property
    def latest(self) -> bool:
        """Whether the version with the highest number is meant."""
        return self.number is None and self.environment is None

    def __str__(self) -> str:
        return f"{self.name}@{self.number or self.environment or LATEST}"


def parse_reference(text: str) -> Reference:
    """Read a reference.

    >>> parse_reference("churn@3").number, parse_reference("churn@production").environment
    (3, 'production')

    Raises:
        UsageError: it is none; the message says which part is wrong.
    """
    name, at, rest = text.partition("@")
    if not at:
        raise UsageError(f"{text[:200]!r} names no version", remedy=_FORMS)
    if problem := name_problem(name):
        raise UsageError(f"{name[:200]!r} in {text[:200]!r} is no name: {problem}", remedy=_FORMS)
    if _NUMBER.fullmatch(rest):
        if int(rest) == 0:
            raise UsageError(f"{text!r} names version 0, and versions begin with 1", remedy=_FORMS)
        return Reference(name, number=int(rest))
    if rest == LATEST:
        return Reference(name)
    if not _ENVIRONMENT.fullmatch(rest):
        raise UsageError(f"{rest[:200]!r} in {text[:200]!r} is neither a number nor an environment", remedy=_FORMS)
    return Reference(name, environment=rest)


def is_reference(text: str) -> bool:
    """Return whether `text` can only be a reference to a version, so that a typing error in it is told as one.

    Paths and ``oci:`` layouts are none, also where they hold an ``@``.
    """
    name, at, rest = text.partition("@")
    return bool(at) and bool(rest) and "@" not in rest and not any(mark in text for mark in "/\\:") and bool(name)
