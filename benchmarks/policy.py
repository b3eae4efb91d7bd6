"""How long a decision takes: the default policy asked about a strategic version, which nothing is known of or most is.

    python benchmarks/policy.py

Microseconds of CPU for reading, merging and deciding; the best of several rounds. One JSON line a figure.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable

from pressrun.actions.documents import default_policy
from pressrun.records.decision import Question
from pressrun.records.facts import ApprovalFact, Fact, Facts, StatementFact
from pressrun.records.policy import Merged
from pressrun.rules.policy.decide import decide
from pressrun.rules.policy.merge import merge

NOW = "2026-06-01T12:00:00.000000+00:00"
MADE = "2026-05-20T12:00:00.000000+00:00"
LATER = "2026-12-01T12:00:00.000000+00:00"
DIGEST = "sha256:" + 64 * "a"
QUESTION = Question(name="churn", number=3, environment="production", tier="strategic", bundle=DIGEST, now=NOW)
ROUNDS = 7


def cpu_us(what: Callable[[], object], times: int) -> float:
    """Return the CPU time of one call in microseconds: the best of several rounds of `times` calls."""
    best = float("inf")
    for _ in range(ROUNDS):
        begun = time.process_time()
        for _ in range(times):
            what()
        best = min(best, time.process_time() - begun)
    return best / times * 1e6


def well_known(merged: Merged) -> Facts:
    """Return facts that answer what the policy asks: every one true, every statement made, two approvals."""
    values = {check.fact: Fact(value=True, evidence=(DIGEST,), at=MADE) for check in merged.checks if check.fact}
    values |= {f"segments.s{i}.auc{end}": Fact(value=400 if end else 0.8) for i in range(20) for end in ("", ".n")}
    said = [c for c in merged.checks if c.kind in {"statement", "judged"}]
    return Facts(
        values=values,
        statements=tuple(
            StatementFact(statement=c.id, check=c.id, answer=True, person="ben", role=c.who[0], made=MADE,
                          expires=LATER, text=DIGEST)
            for c in said
        ),
        approvals=tuple(
            ApprovalFact(request="r", person=person, role="approver", team="risk", made=MADE, expires=LATER)
            for person in ("ben", "cleo")
        ),
        involved={"author": "ana"},
        teams={"ana": "science"},
    )  # fmt: skip


def main() -> None:
    """Measure and print."""
    default = default_policy()
    merged = merge([default])
    known = well_known(merged)
    asked = len(decide(merged, Facts(), QUESTION).findings)
    rows = (
        ("read the default policy", default_policy, 1),
        ("merge", lambda: merge([default]), 200),
        (f"decide {asked} checks, nothing known", lambda: decide(merged, Facts(), QUESTION), 200),
        (f"decide {asked} checks, most known", lambda: decide(merged, known, QUESTION), 200),
    )
    for what, call, times in rows:
        print(json.dumps({"figure": what, "side": "pressrun", "cpu_us": round(cpu_us(call, times))}))


if __name__ == "__main__":
    main()
