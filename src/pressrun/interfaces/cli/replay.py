"""``pressrun replay``: run a notebook headlessly and tell what happened."""

from __future__ import annotations

from pathlib import Path

import click

from pressrun.actions.replay import ReplaySettings, Values, replay
from pressrun.actions.replay_bundle import BundleReplay, replay_bundle
from pressrun.errors import EXIT_NOTEBOOK_FAILED, EXIT_OK, EXIT_REFUSED, UsageError
from pressrun.interfaces.cli.output import print_json
from pressrun.interfaces.cli.progress import make_progress
from pressrun.interfaces.cli.trace_option import trace_option
from pressrun.notebook.parameter_file import read_parameter_file
from pressrun.notebook.project import find_project
from pressrun.store.archive import archive_kind

INTERRUPTED = 130  # as a shell tells it
SECONDS = click.FloatRange(min=0.0, min_open=True)


@click.command("replay")
@click.argument("subject", metavar="NB|BUNDLE")
@click.option("-p", "words", multiple=True, metavar="NAME=VALUE", help="A parameter; may be given many times.")
@click.option("-f", "files", multiple=True, type=click.Path(path_type=Path), metavar="FILE.yaml",
              help="Parameters from a YAML or JSON file; -p wins over it.")  # fmt: skip
@click.option("-o", "output", type=click.Path(path_type=Path), metavar="OUT.ipynb",
              help="The executed notebook. Default: beside NB, with -replayed in its name. Of existing files only the "
              "result of an earlier run is replaced, and never NB itself.")  # fmt: skip
@click.option("--kernel", metavar="NAME", help="An installed Jupyter kernel.")
@click.option("--python", type=click.Path(path_type=Path), metavar="PATH",
              help="An interpreter (3.7 or later) with ipykernel to run in. Default: the kernel that NB names where it "
              "is installed, else the Python that runs pressrun.")  # fmt: skip
@click.option("--timeout", type=SECONDS, metavar="S", help="End the run after so many seconds.")
@click.option("--cell-timeout", type=SECONDS, metavar="S", help="End a cell after so many seconds.")
@click.option("--env", "names", multiple=True, metavar="NAME",
              help="Let this environment variable through to the notebook; its value is stored nowhere.")  # fmt: skip
@click.option("--inputs", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="DIR",
              help="For a bundle: where inputs lie that don't travel in it, at their project paths.")  # fmt: skip
@click.option("--sandbox", is_flag=True,
              help="Run without network, and with nothing readable but declared inputs and the environment (Linux, "
              "bubblewrap). Files that NB's source or a parameter names are declared, and so are a bundle's inputs. "
              "What the notebook writes is gone after the run. A pass is recorded as hermetic.")  # fmt: skip
@click.option("--input", "declared", multiple=True, type=click.Path(path_type=Path), metavar="PATH",
              help="With --sandbox: a file or folder that NB may read, too; may be given many times.")  # fmt: skip
@trace_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def replay_command(
    subject: str,
    words: tuple[str, ...],
    files: tuple[Path, ...],
    output: Path | None,
    inputs: Path | None,
    as_json: bool,
    **rest: object,
) -> int:
    """Run a notebook or a bundle in a clean kernel and tell what happened.

    NB is a notebook's file and is never written. BUNDLE is a folder, an archive, or a name, digest or digest prefix in
    the project's store; it runs in a folder of its own. The executed notebook is written also when a cell failed: it
    then shows which cells ran.

    Exit status: 0 every cell reached its end, 1 the notebook failed, 2 wrong use or parameters,
    3 in a sandbox the notebook asked for something that is not declared.
    """
    _refuse_inputs(subject, **rest)
    given = {name: value for file in files for name, value in read_parameter_file(file).items()}
    with make_progress(quiet=as_json) as progress:
        values, settings = Values(given=given, words=words), _settings(**rest)
        if _is_notebook(subject):
            result = replay(Path(subject), output, values=values, settings=settings, progress=progress)
        else:
            what = BundleReplay(reference=subject, project=find_project(Path.cwd()), inputs=inputs, output=output)
            result = replay_bundle(what, values, settings, progress)
    if as_json:
        print_json(result)
    else:
        from pressrun.interfaces.cli.replay_view import print_replay

        print_replay(result, bundle=not _is_notebook(subject))
    if _is_notebook(subject):
        _warn_of_secrets(Path(subject), Path(result.executed))
    if result.verdict == "interrupted":
        return INTERRUPTED
    if result.sandbox is not None and result.sandbox.undeclared:
        return EXIT_REFUSED
    return EXIT_OK if result.ok else EXIT_NOTEBOOK_FAILED


def _is_notebook(subject: str) -> bool:
    path = Path(subject)
    return path.suffix == ".ipynb" or (path.is_file() and archive_kind(path) is None)


def _warn_of_secrets(notebook: Path, executed: Path) -> None:
    from pressrun.actions.secret_gate import secrets_in_run, told

    for line in told(secrets_in_run(notebook, executed, find_project(notebook))):
        click.secho("Warning: ", fg="yellow", bold=True, nl=False, err=True)
        click.echo(f"this looks like a secret, and keeps the notebook from being packaged: {line}", err=True)


def _refuse_inputs(subject: str, **options: object) -> None:
    if options["declared"] and not options["sandbox"]:
        remedy = "Give --sandbox, too; without it a notebook may read everything."
        raise UsageError("inputs are declared for a sandbox only", where="--input", remedy=remedy)
    if options["declared"] and not _is_notebook(subject):
        remedy = "Press the notebook again where one is missing."
        raise UsageError("a bundle says itself what its inputs are", where="--input", remedy=remedy)


def _settings(**options: object) -> ReplaySettings:
    kernel, python = options["kernel"], options["python"]
    timeout, cell_timeout, names = options["timeout"], options["cell_timeout"], options["names"]
    declared, trace = options["declared"], options["trace"]
    assert isinstance(names, tuple)
    return ReplaySettings(
        kernel=kernel if isinstance(kernel, str) else None,
        python=python if isinstance(python, Path) else None,
        timeout_s=timeout if isinstance(timeout, float) else None,
        cell_timeout_s=cell_timeout if isinstance(cell_timeout, float) else None,
        environment_names=names,
        trace="on" if trace == "on" else "off" if trace == "off" else "auto",
        sandbox=options["sandbox"] is True,
        inputs=declared if isinstance(declared, tuple) else (),
    )
