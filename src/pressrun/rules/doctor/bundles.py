"""What a bundle's evidence says of inputs that it may lack."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pressrun.records.capture import Coverage, ExternalRead
from pressrun.records.findings import Finding
from pressrun.rules.doctor.kinds import found


def bundle_findings(
    coverage: Coverage | None, external: Iterable[ExternalRead], *, hermetic: bool
) -> Iterator[Finding]:
    """Find what the recorders could not see, saw in part, or saw outside of any file.

    Args:
        coverage: of the run that made the bundle or of the latest receipt; None where an earlier release wrote it.
        external: reads of no local file.
        hermetic: a sandboxed run passed: nothing but declared inputs was readable, whatever the recorders saw.
    """
    if not hermetic and (coverage is None or coverage.level != "complete"):
        level = coverage.level if coverage is not None else "not recorded"
        spots = " ".join(coverage.blind_spots) if coverage is not None else ""
        yield found(
            "coverage-incomplete", f"the recording of reads is {level}" + (f": {spots}" if spots else ""), subject=level
        )
    for unseen in coverage.unseen if coverage is not None and not hermetic else ():
        what = f"{unseen.path} was seen by {', '.join(unseen.told_by)} and not by {', '.join(unseen.missed_by)}"
        cell = unseen.cells[0] if unseen.cells else None
        yield found("input-unseen", what, at=(cell, None), subject=unseen.path)
    for read in external:
        cell = read.cells[0] if read.cells else None
        version = f", version {read.version}" if read.version else ", without a version"
        yield found("read-external", f"read {read.target} ({read.kind}{version})", at=(cell, None), subject=read.target)
