"""``pressrun doctor``: what will break in production, before it does."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from pressrun.errors import EXIT_OK, EXIT_REFUSED
from pressrun.interfaces.cli.output import print_json


@click.command("doctor")
@click.argument("subject", metavar="NB|BUNDLE", required=False)
@click.option("--fix", is_flag=True, help="Write a corrected copy beside the notebook; the notebook stays as it is.")
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Where the corrected copy goes. Default: NB-fixed.ipynb.")  # fmt: skip
@click.option("--python", type=click.Path(path_type=Path), metavar="PATH",
              help="The interpreter to look imports up in. Default: the one a replay takes.")  # fmt: skip
@click.option("--ignore", "ignored", multiple=True, metavar="KIND", help="Only list findings of this kind as silenced.")
@click.option("--kinds", is_flag=True, help="List the kinds of findings, and stop.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def doctor_command(subject: str | None, *, kinds: bool, as_json: bool, **wanted: Any) -> int:
    """Find what will break in production, in a notebook or a bundle. Nothing in it is run.

    Each finding names cell, line, cause, why it matters and the fix. A comment `# pressrun: ignore KIND reason` answers
    one. Exit status: 0 nothing blocks production; 3 something does (with --fix: in the corrected copy still).
    """
    if kinds:
        return _list_kinds(as_json=as_json)
    if subject is None:
        raise click.UsageError("Missing argument 'NB|BUNDLE'.")
    if wanted["output"] is not None and not wanted["fix"]:
        raise click.UsageError("--output names the corrected copy: give --fix as well.")
    from pressrun.actions.doctor import DoctorRequest, doctor
    from pressrun.notebook.project import find_project

    diagnosis = doctor(DoctorRequest(subject=subject, project=find_project(Path.cwd()), **wanted))
    if as_json:
        print_json(diagnosis)
    else:
        from pressrun.interfaces.cli.diagnosis import show_diagnosis

        show_diagnosis(diagnosis)
    return EXIT_REFUSED if diagnosis.blocks else EXIT_OK


def _list_kinds(*, as_json: bool) -> int:
    from pressrun.rules.doctor.kinds import KINDS

    if as_json:
        print_json({"kinds": KINDS})
    else:
        from pressrun.interfaces.cli.diagnosis import show_kinds

        show_kinds(KINDS)
    return EXIT_OK
