"""How a decision looks in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pressrun.records.decision import Decision, Finding, Outcome

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

WORDS: dict[Outcome, str] = {"pass": "pass", "fail": "fail", "unknown": "not assessed", "waived": "waived"}
SIGNS: dict[Outcome, str] = {"pass": "✓", "fail": "✗", "unknown": "?", "waived": "~"}
_STYLES: dict[Outcome, str] = {"pass": "green", "fail": "bold red", "unknown": "bold yellow", "waived": "cyan"}
_HEADINGS: dict[Outcome, str] = {
    "fail": "Fails",
    "unknown": "Not assessed: nobody has seen that it holds, so it does not pass",
    "waived": "Waived",
    "pass": "Passes",
}


def plain(text: str) -> str:
    """Return a text without what a terminal or a page would obey: facts come from notebooks, reasons from anybody."""
    return "".join(c if c.isprintable() else " " if c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def headline(decision: Decision) -> str:
    """Return the answer in one line."""
    question = decision.question
    what = f"{plain(question.name)}@{question.number} to {question.environment} (tier {question.tier})"
    if decision.allowed:
        return f"{what}: allowed"
    if decision.binding:
        return f"{what}: would be refused; the policy only {decision.mode}s yet"
    return f"{what}: refused"


def counts(decision: Decision) -> str:
    """Return how many checks came out how."""
    order: tuple[Outcome, ...] = ("pass", "waived", "fail", "unknown")
    found = [(len(decision.having(outcome)), WORDS[outcome]) for outcome in order]
    return ", ".join(f"{count} {word}" for count, word in found if count)


def print_decision(decision: Decision, console: Console, *, everything: bool = False) -> None:
    """Print a decision: the answer, then what fails, what nobody assessed, what is waived.

    Args:
        decision: what to show.
        console: where to.
        everything: whether the checks that pass are listed, too.
    """
    from rich.text import Text

    style = "bold green" if decision.allowed else "bold red"
    console.print(Text(headline(decision), style=style), soft_wrap=True)
    console.print(Text(f"{counts(decision)}. Policy {plain(decision.policy_name)}", style="dim"), soft_wrap=True)
    outcomes: tuple[Outcome, ...] = ("fail", "unknown", "waived", *(("pass",) if everything else ()))
    for outcome in outcomes:
        findings = decision.having(outcome)
        if not findings:
            continue
        console.print()
        console.print(Text(_HEADINGS[outcome], style="bold"), soft_wrap=True)
        _print_findings(findings, console)


def _print_findings(findings: tuple[Finding, ...], console: Console) -> None:
    from rich.text import Text

    width = max(len(finding.check) for finding in findings)
    margin = width + 4
    for finding in findings:
        sign = (f"{SIGNS[finding.outcome]} ", _STYLES[finding.outcome])
        head = Text.assemble(sign, (plain(finding.check).ljust(width), "bold"), "  ")
        _print_hanging(head, Text(plain(finding.title)), console)
        rows = [("observed", finding.observed, ""), ("required", finding.required, "")]
        if finding.outcome != "pass":
            rows += [("set by", finding.set_by, "dim"), ("state", finding.who, "yellow")]
        for label, said, style in rows:
            if said:
                _print_hanging(
                    Text(" " * margin + f"{label:<10}", style="dim"), Text(plain(said), style=style), console
                )
        if finding.fix:
            # never broken: it is there to be copied
            fix = Text.assemble((" " * margin + f"{'fix':<10}", "dim"), (plain(finding.fix), "cyan"))
            console.print(fix, soft_wrap=True)


def _print_hanging(head: Text, said: Text, console: Console) -> None:
    """Print a text behind a head; a long one goes on below itself, and nothing is cut."""
    lines = said.wrap(console, max(20, console.width - head.cell_len))
    for number, line in enumerate(lines):
        line.rstrip()
        start = head if number == 0 else " " * head.cell_len
        console.print(start, line, sep="", soft_wrap=True)
