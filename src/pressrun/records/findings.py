"""What is wrong with a notebook or a bundle, as findings that name the place, the cause and the fix."""

from __future__ import annotations

from typing import Literal

import msgspec

Level = Literal["blocks-production", "should-fix", "note"]
LEVELS: tuple[Level, ...] = ("blocks-production", "should-fix", "note")
"""From the gravest."""


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was found.

    Attributes:
        kind: stable name of the kind of finding, for example ``used-before-defined``.
        cell: index in the notebook, all cells counted from 0; None when the finding concerns the whole.
        line: 1-based line in the cell's source, None when no line is to blame.
        what: one sentence: what is there.
        why: one sentence: why it matters in production.
        fix: what to do.
        subject: the name, path or package concerned, empty when there is none; never a secret's value.
        fixable: whether ``--fix`` corrects it in a copy.
    """

    kind: str
    level: Level
    cell: int | None = None
    line: int | None = None
    what: str
    why: str = ""
    fix: str = ""
    subject: str = ""
    fixable: bool = False


SecretPlace = Literal["source", "output", "traceback", "parameter", "metadata", "url", "environment", "attachment"]


class SecretFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that looks like a secret, or is one. The value itself is never kept.

    Attributes:
        name: stable name by which the finding is allowed: ``<rule>:<first 12 hex digits of the value's sha256>``.
        rule: kind of token (``aws-access-key``), or ``live-value`` for the value of a secret-looking variable.
        cell: index in the notebook, None where it is in no cell; `line` is 1-based in the cell's source or output text.
        masked: the value with all but a few leading characters of its public prefix replaced.
        certain: an exact match or a checked token shape, not a guess from entropy; only these block.
    """

    name: str
    rule: str
    place: SecretPlace
    where: str
    cell: int | None = None
    line: int | None = None
    masked: str
    certain: bool = True
