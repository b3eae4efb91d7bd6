"""How a sandboxed run looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun.actions.sandboxing import asked_remedy, asked_sentences

if TYPE_CHECKING:
    from rich.text import Text

    from pressrun.records.replay import SandboxReport

SHOWN = 10


def sandbox_lines(report: SandboxReport, *, hermetic: bool, bundle: bool) -> list[Text]:
    """Return what a sandboxed run showed, in lines; the first says whether it was hermetic.

    Args:
        report: of the run.
        hermetic: as it was recorded.
        bundle: whether a bundle was run.
    """
    from rich.text import Text

    count = len(report.declared)
    inputs = f"{count} declared input{'' if count == 1 else 's'}" if count else "no input"
    if hermetic:
        lines = [Text.assemble(("yes", "bold green"), f": no network, and only {inputs} and the environment to read")]
    else:
        lines = [Text.assemble(("no", "bold red"), f": {' '.join(report.reasons)}")]
    asked = asked_sentences(report)
    lines += [Text(sentence, style="red") for sentence in asked[:SHOWN]]
    if len(asked) > SHOWN:
        lines.append(Text(f"and {len(asked) - SHOWN} more (--json names them)"))
    remedy = asked_remedy(report, bundle=bundle)
    lines += [Text(remedy)] if remedy else []
    if report.written:
        more = f" and {len(report.written) - 1} more" if len(report.written) > 1 else ""
        lines.append(Text(f"written in the sandbox and gone with it: {report.written[0]}{more}", style="dim"))
    return lines
