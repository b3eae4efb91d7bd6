"""``pressrun enable`` and ``disable``: whether kernels load pressrun when they start."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun.actions.enable import Autoload, autoload_states, disable, enable
from pressrun.interfaces.cli.output import print_json

_PYTHON = click.option(
    "--python", type=click.Path(path_type=Path), metavar="PATH",
    help="An interpreter of the environment meant. Default: the Python that runs pressrun.",
)  # fmt: skip
_USER = click.option("--user", is_flag=True, help="In your own IPython profile, for kernels of every environment.")
_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")


@click.command("enable")
@_PYTHON
@_USER
@click.option("--status", is_flag=True, help="Only tell whether it is enabled.")
@_JSON
def enable_command(python: Path | None, user: bool, status: bool, as_json: bool) -> int:
    """Let kernels load pressrun when they start, without a %load_ext cell.

    It writes one file into the environment, says which, and `pressrun disable` removes it. Notebooks are not changed.
    """
    if status:
        states = [one for one in autoload_states(python) if not user or one.scope == "user"]
        if as_json:
            print_json({"autoload": states})
        else:
            _print_states(states)
        return 0
    _tell(enable(python, user=user), "enabled", as_json=as_json)
    return 0


@click.command("disable")
@_PYTHON
@_USER
@_JSON
def disable_command(python: Path | None, user: bool, as_json: bool) -> int:
    """Undo `pressrun enable`: remove the file that it wrote."""
    _tell(disable(python, user=user), "disabled", as_json=as_json)
    return 0


def _tell(autoload: Autoload, word: str, *, as_json: bool) -> None:
    if as_json:
        print_json(autoload)
        return
    whose = "your default IPython profile" if autoload.scope == "user" else f"the environment of {autoload.interpreter}"
    if not autoload.changed:
        click.echo(f"Nothing to do: autoload is {word} for {whose}.")
        click.echo(f"  file: {autoload.file}{'' if word == 'enabled' else ' (absent)'}")
        return
    click.echo(f"Autoload is {word} for {whose}. Kernels that run already are as they were.")
    click.echo(f"  {'wrote' if word == 'enabled' else 'removed'}: {autoload.file}")
    click.echo(f"  undo:  {autoload.undo}")


def _print_states(states: list[Autoload]) -> None:
    for one in states:
        word = "not ours" if one.state == "foreign" else one.state
        click.echo(f"{one.scope:<11}  {word:<8}  {one.file}")
