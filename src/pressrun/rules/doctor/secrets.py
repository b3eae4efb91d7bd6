"""Secrets that the scan found, as findings."""

from __future__ import annotations

from collections.abc import Iterator

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Surroundings
from pressrun.rules.doctor.kinds import SHOULD, found


def secrets(_notebook: AnalysedNotebook, around: Surroundings) -> Iterator[Finding]:
    """Find what is a secret by its shape or value; what only looks like one does not block."""
    for secret in around.secrets:
        what = f"{'' if secret.certain else 'perhaps '}a secret ({secret.rule}) in the {secret.place}: {secret.masked}"
        level = None if secret.certain else SHOULD
        yield found(
            "secret",
            what,
            at=(secret.cell, secret.line if secret.place in {"source", "parameter"} else None),
            level=level,
            subject=secret.name,
        )
