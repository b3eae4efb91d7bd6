"""``pressrun package``: replay a notebook, prove the result, write a bundle."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pressrun.errors import EXIT_OK, EXIT_RESULTS_DIFFER
from pressrun.interfaces.cli.output import print_json
from pressrun.interfaces.cli.progress import make_progress
from pressrun.interfaces.cli.trace_option import trace_option

if TYPE_CHECKING:
    from pressrun.actions.package import Packaged

SECONDS = click.FloatRange(min=0.0, min_open=True)


@click.command("package")
@click.argument("notebook", type=click.Path(path_type=Path), metavar="NB")
@click.option("-o", "destination", type=click.Path(path_type=Path), metavar="DIR",
              help="Write the bundle to this new folder. Default: the project's store alone.")  # fmt: skip
@click.option("--name", metavar="N", help="Label of the bundle. Default: from the notebook's file name.")
@click.option("-p", "raw", multiple=True, metavar="NAME=VALUE", help="A parameter; becomes the bundle's default.")
@click.option("-f", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE.yaml",
              help="Parameters from a YAML or JSON file; -p wins over it.")  # fmt: skip
@click.option("--kernel", metavar="NAME", help="An installed Jupyter kernel.")
@click.option("--python", type=click.Path(path_type=Path), metavar="PATH", help="An interpreter with ipykernel.")
@click.option("--timeout", "timeout_s", type=SECONDS, metavar="S", help="End a run after so many seconds.")
@click.option("--cell-timeout", "cell_timeout_s", type=SECONDS, metavar="S", help="End a cell after so many seconds.")
@click.option("--env", "environment_names", multiple=True, metavar="NAME",
              help="Let this environment variable through to the notebook; its value is stored nowhere.")  # fmt: skip
@click.option("--whole-environment", is_flag=True, help="Lock everything installed, not only what the notebook needs.")
@click.option("--inputs", type=click.Choice(["auto", "copy", "reference"]), default="auto", show_default=True,
              help="Which inputs travel in the bundle: small ones, all, or none.")  # fmt: skip
@click.option("--proof/--no-proof", default=True, show_default=True,
              help="Run again in an environment rebuilt from the lock.")  # fmt: skip
@click.option("--saved/--ignore-saved", default=True, show_default=True,
              help="Compare with the outputs saved in the notebook.")  # fmt: skip
@click.option("--allow-secret", "allow_secrets", multiple=True, metavar="NAME",
              help="Let what looks like a secret into the bundle, by the name that it was reported with.")  # fmt: skip
@trace_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def package_command(files: tuple[Path, ...], *, as_json: bool, **wanted: Any) -> int:
    """Replay NB, prove the result in a rebuilt environment, and write an immutable bundle.

    NB is never written. A secret in anything that would go into the bundle keeps it from being written: give secrets as
    references, -p token=secret://NAME.

    Exit status: 0 ok; 1 the notebook failed; 2 wrong use or parameters; 3 a secret was found; 4 the bundle is written
    and outputs differ, from run to run or from those saved in NB; 5 the environment can't be rebuilt.
    """
    from pressrun.actions.package import package
    from pressrun.actions.press import PackageRequest
    from pressrun.notebook.parameter_file import read_parameter_file

    given = {name: value for file in files for name, value in read_parameter_file(file).items()}
    with make_progress(quiet=as_json) as progress:
        result = package(PackageRequest(given=given, **wanted), progress)
    if as_json:
        print_json(result)
    else:
        _print(result)
    return EXIT_OK if result.same else EXIT_RESULTS_DIFFER


def _print(result: Packaged) -> None:
    from rich.console import Console

    from pressrun.interfaces.cli.receipt import render_receipt

    console = Console(highlight=False)
    render_receipt(result.receipt, console)
    if result.saved is not None:
        _print_saved(result, console)
    for note in result.notes:
        console.print(f"[bold]Note[/bold]  {note}", soft_wrap=True)
    held = [item for item in result.manifest.content.inputs if item.held]
    total = sum(item.size for item in held)
    console.print()
    console.print(f"[bold]Bundle[/bold]   {result.name}  {result.content_digest}", soft_wrap=True)
    for unseen in result.coverage.unseen:
        console.print(f"Input    possibly unseen, and taken in: {unseen.path}", soft_wrap=True, markup=False)
    if held:
        console.print(f"[bold]Inputs[/bold]   {len(held)} travel in it, {total:,} bytes (--inputs)")
    if result.folder:
        console.print(f"[bold]Run it[/bold]   see {result.folder}/README.md", soft_wrap=True)
    else:
        console.print(f"[bold]Write it[/bold] pressrun export {result.name} --to FOLDER", soft_wrap=True)


def _print_saved(result: Packaged, console: Any) -> None:
    saved = result.saved
    assert saved is not None
    if saved.comparison is not None and saved.comparison.same:
        console.print("[bold]Saved[/bold]  the outputs saved in the notebook are what a clean replay gives")
        return
    console.print()
    console.print("[bold red]The notebook was saved with other outputs than a clean replay gives[/bold red]")
    if saved.difference is not None:
        from pressrun.interfaces.cli.comparison_view import print_difference

        print_difference(saved.difference, console, with_values=True)
    console.print("Run it from the top and save it, or pass --ignore-saved. The bundle holds what the replay gave.")
