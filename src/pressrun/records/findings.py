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
        excerpt: the line of source that is meant; empty where none is, and where it holds what looks like a secret.
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
    excerpt: str = ""


SecretPlace = Literal["source", "output", "traceback", "parameter", "metadata", "url", "environment", "attachment"]


class SecretFinding(msgspec.Struct, frozen=True, kw_only=True):
    """Something that looks like a secret, or is one. The value itself is never kept.

    Attributes:
        name: stable name by which the finding is allowed: ``<rule>:<first 12 hex digits of the value's sha256>``.
        rule: kind of token (``aws-access-key``), or ``live-value`` for the value of a secret-looking variable.
        cell: index in the notebook, None where it is in no cell; `line` is 1-based in the cell's source or output text.
        masked: the value with all but a few leading characters of its public prefix replaced; for ``live-value`` which
            variable's value it is.
        certain: an exact match, a token shape, or a literal that looks random and is given to a secret-looking name; a
            weaker guess is not. Only certain ones block.
    """

    name: str
    rule: str
    place: SecretPlace
    where: str
    cell: int | None = None
    line: int | None = None
    masked: str
    certain: bool = True


class Silenced(msgspec.Struct, frozen=True, kw_only=True):
    """A finding that the author has answered: told, and not counted.

    Attributes:
        by: where it was silenced: a ``# pressrun: ignore`` comment, or ``--ignore``.
        reason: what the comment gives as a reason.
    """

    finding: Finding
    by: Literal["comment", "option"]
    reason: str = ""


class Repair(msgspec.Struct, frozen=True, kw_only=True):
    """One change that was made in the corrected copy.

    Attributes:
        kind: kind of the finding it answers; `cell` and `line` are those in the source.
        before: the lines that were there, empty where lines were added or outputs removed; `after` those there now.
    """

    kind: str
    cell: int
    line: int | None = None
    what: str
    before: str = ""
    after: str = ""


class FixedCopy(msgspec.Struct, frozen=True, kw_only=True):
    """The corrected copy.

    Attributes:
        path: the file that was written; empty where nothing could be corrected, so that none was.
        remaining: findings that the copy still has.
    """

    path: str
    repairs: tuple[Repair, ...] = ()
    remaining: tuple[Finding, ...] = ()


class Diagnosis(msgspec.Struct, frozen=True, kw_only=True):
    """What ``pressrun doctor --json`` prints; fields are only ever added.

    Attributes:
        path: the notebook, or the bundle as it was named.
        interpreter: the Python that imports were looked up in, empty when none was asked.
        python: its version, for example ``3.11.7``.
        findings: the gravest first, then in the notebook's order.
        unchecked: sentences: what could not be looked at, and why.
    """

    format: int = 1
    path: str
    interpreter: str = ""
    python: str = ""
    findings: tuple[Finding, ...] = ()
    silenced: tuple[Silenced, ...] = ()
    unchecked: tuple[str, ...] = ()
    fixed: FixedCopy | None = None

    @property
    def blocks(self) -> bool:
        """Whether something is left that blocks production: in the corrected copy, where one was written."""
        left = self.fixed.remaining if self.fixed is not None and self.fixed.path else self.findings
        return any(finding.level == "blocks-production" for finding in left)
