"""How the coverage of a run looks in a terminal: which reads could be seen, and what was possibly missed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun.notebook.replay.observing import NOT_POSSIBLE

if TYPE_CHECKING:
    from rich.text import Text

    from pressrun.records.capture import Coverage

SHOWN = 5
_MEANINGS = {
    "complete": "every file that the kernel and its children opened was recorded",
    "python-only": "files that Python code opened were recorded; others perhaps not",
    "partial": "the recording stopped before the run ended",
    "none": "nothing was recorded",
}


def coverage_lines(coverage: Coverage) -> list[Text]:
    """Return the level and what it means, then why nothing was seen from outside, then possibly unseen inputs."""
    from rich.text import Text

    style = "green" if coverage.level == "complete" else "yellow"
    sources = f" ({', '.join(coverage.sources)})" if coverage.sources else ""
    lines = [Text.assemble((coverage.level, style), f": {_MEANINGS[coverage.level]}{sources}")]
    why = NOT_POSSIBLE.partition("{")[0]
    lines += [Text(spot) for spot in coverage.blind_spots if spot.startswith(why)]
    count = len(coverage.blind_spots)
    if count:
        lines.append(Text(f"{count} blind spot{'s' if count > 1 else ''} (--json tells)", style="dim"))
    for unseen in coverage.unseen[:SHOWN]:
        told, missed = ", ".join(unseen.told_by), ", ".join(unseen.missed_by)
        lines.append(Text(f"possibly unseen: {unseen.path} (told by {told}; not seen by {missed})", style="yellow"))
    if len(coverage.unseen) > SHOWN:
        lines.append(Text(f"and {len(coverage.unseen) - SHOWN} more possibly unseen", style="yellow"))
    return lines
