"""All facts of one bundle. Pure."""

from __future__ import annotations

import msgspec

from pressrun.records.facts import Evidence
from pressrun.rules.evidence.captured import captured
from pressrun.rules.evidence.composed import compose
from pressrun.rules.evidence.contents import listed_parts, locked, made, modelled, parametrised
from pressrun.rules.evidence.documents import BundleDocuments, Gathered
from pressrun.rules.evidence.measured import measured
from pressrun.rules.evidence.replays import replayed


def gather(documents: BundleDocuments) -> Evidence:
    """Return what a bundle's documents say.

    Args:
        documents: decoded; what could not be read is named in them.
    """
    found = Gathered(documents)
    for rule in (captured, locked, parametrised, modelled, listed_parts, made, replayed, measured, _searched):
        rule(documents, found)
    evidence = found.evidence()
    values, gaps = compose(evidence.values, evidence.gaps)
    return msgspec.structs.replace(evidence, values=dict(sorted(values.items())), gaps=dict(sorted(gaps.items())))


def _searched(documents: BundleDocuments, found: Gathered) -> None:
    secrets = documents.secrets
    if secrets is None:
        found.lack(("secrets.allowed", "secrets.none"), documents.why("secrets", "file that was searched for secrets"))
        return
    note = f"found: {', '.join(secrets.found)}"[:200] if secrets.found else "models, wheels and data were not searched"
    found.add("secrets.none", not secrets.found, *secrets.searched, why="", note=note)
    found.add("secrets.allowed", list(secrets.allowed), *secrets.searched, why="")
