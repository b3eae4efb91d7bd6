"""How an audit is shown."""

from __future__ import annotations

import textwrap

import click

from pressrun.records.audit import AuditProblem, AuditReport, CheckpointFound, EntryProof

_SHOWN = 20
_WIDTH = 110


def render_report(report: AuditReport) -> None:
    """Print the verdict first, then what it rests on, then what it cannot show."""
    if report.intact:
        click.secho("Intact", fg="green", bold=True, nl=False)
        click.echo(f"  {report.entries} entries are as they were written.")
    else:
        click.secho("CHANGED", fg="red", bold=True, nl=False)
        click.echo(f"  {_suspects(report)}")
        for problem in report.problems[:_SHOWN]:
            _item(_sentence(problem))
        _more(len(report.problems))
    click.echo(f"Root    {report.root}")
    click.echo(
        f"Signed  up to entry {report.signed_upto}" if report.signed_upto else "Signed  nothing that was checked"
    )
    _render_outside(report)
    if report.intact and report.inconsistencies:  # of changed entries they would only tell the same again
        click.secho("Written so, and does not fit what came before:", bold=True)
        for one in report.inconsistencies[:_SHOWN]:
            _item(f"entry {one.seq}: {one.what}")
        _more(len(report.inconsistencies))
    for note in report.notes:
        _item(note, "Note    ")
    click.echo("What this cannot show:")
    for limit in report.limits:
        _item(limit)


def _suspects(report: AuditReport) -> str:
    suspects = report.suspects
    if suspects is None:
        return "The entries fit, the checkpoints do not."
    first, last = suspects
    return f"Entry {first} is wrong." if first == last else f"A wrong entry is in {first}..{last}."


def _sentence(problem: AuditProblem) -> str:
    return f"{problem.what} ({problem.where})"


def _render_outside(report: AuditReport) -> None:
    outside = [one for one in report.checkpoints if one.outside]
    if not outside:
        click.echo("Outside no checkpoint")
        return
    newest = max(outside, key=lambda one: one.size)
    click.echo(f"Outside {len(outside)} checkpoint{'s' if len(outside) > 1 else ''}, the newest {_told(newest)}")


def _told(found: CheckpointFound) -> str:
    words = {"agrees": "agrees", "differs": "DIFFERS", "cut-off": "covers more than there is"}
    return f"of {found.size} entries: {words.get(found.state, found.state)} ({found.where})"


def _item(text: str, lead: str = "  - ") -> None:
    click.echo(textwrap.fill(text, _WIDTH, initial_indent=lead, subsequent_indent=" " * len(lead),
                             break_long_words=False, break_on_hyphens=False))  # fmt: skip


def _more(count: int) -> None:
    if count > _SHOWN:
        click.echo(f"  - and {count - _SHOWN} more; --json lists all")


def render_proof(proof: EntryProof) -> None:
    """Print the entry, the way to the root, and the signed root."""
    click.echo(proof.leaf)
    click.echo()
    click.echo(f"Entry {proof.seq} of {proof.size}, by {len(proof.hashes)} hashes under this checkpoint:")
    click.echo()
    click.echo(proof.checkpoint, nl=False)
    if proof.consistency is not None:
        click.echo()
        click.echo(f"The {proof.consistency.size} entries of the older checkpoint are its beginning.")
    click.echo()
    click.echo("With --json it can be checked by anybody who has the public key: see the guide on audits.")
