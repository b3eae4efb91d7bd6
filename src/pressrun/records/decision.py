"""What a policy says of one version and one environment: each check's finding, and whether all of them allow it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from pressrun.records.digest import Digest, canonical_json, digest_bytes

Outcome = Literal[
    "pass",
    "fail",
    "unknown",  # the evidence is missing, too old or cannot be read; never passes
    "waived",  # does not pass, and somebody answers for it for a while
]
Mode = Literal["advise", "warn", "block"]
"""What a verdict that is not allowed does: ``advise`` and ``warn`` let the deployment go on (and are recorded)."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked.

    Attributes:
        now: UTC, ISO 8601: the time by which freshness, expiry and modes are judged.
    """

    name: str
    number: int
    environment: str
    tier: str
    bundle: Digest
    now: str


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One check's answer.

    Attributes:
        check: id. `title`: the question in words.
        observed: what was seen, for a reader; "never recorded" and the like where nothing was.
        required: what was asked, for a reader.
        set_by: policy, version, file and line that set it.
        fix: what to do, a command where there is one; empty when it passes.
        who: who must state it, where no machine can; empty otherwise.
        evidence: digests or other names of what it was judged by.
        basis: the observed value that the verdict binds, without what changes by itself with time (ages).
        approvals: whether it is about the approvals themselves, which the verdict that they bind cannot hold.
    """

    check: str
    title: str
    outcome: Outcome
    observed: str
    required: str
    set_by: str
    fix: str = ""
    who: str = ""
    evidence: tuple[str, ...] = ()
    basis: Any = None
    approvals: bool = False
    waiver: str = ""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The answer.

    Attributes:
        allowed: every check passes or is waived.
        mode: what a refusal does on this day; `binding` says whether the deployment may go on.
        policy: digest of the merged policy. `verdict`: what approvals bind, see `verdict_of`.
    """

    format: int = 1
    question: Question
    allowed: bool
    mode: Mode
    findings: tuple[Finding, ...]
    policy: Digest
    policy_name: str
    verdict: Digest

    @property
    def binding(self) -> bool:
        """Whether a deployment may go on: it is allowed, or the policy only advises or warns yet."""
        return self.allowed or self.mode != "block"

    def having(self, outcome: Outcome) -> tuple[Finding, ...]:
        """Return the findings with this outcome."""
        return tuple(finding for finding in self.findings if finding.outcome == outcome)


def verdict_of(findings: tuple[Finding, ...]) -> Digest:
    """Return the digest that approvals bind: every finding but those about the approvals themselves.

    It covers what was asked, what was seen and by which evidence; not the words for a reader, nor ages, so that it
    stays the same from one day to the next as long as nothing happens.
    """
    rows = [[f.check, f.outcome, f.required, f.basis, list(f.evidence), f.waiver] for f in findings if not f.approvals]
    return digest_bytes(canonical_json(sorted(rows, key=lambda row: str(row[0]))))
