"""The command line: `pressrun VERB`.

One file a group of verbs; each is imported only when its verb is used, so that ``--help`` stays fast. Nothing is
decided here: parse, call one action, render.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from pressrun.errors import PressrunError
from pressrun.interfaces.cli import output

# verb -> (module, one line of help); listed in the order of a notebook's way to production
VERBS = {
    "inspect": ("pressrun.interfaces.cli.inspect", "Show what a notebook says of itself."),
    "doctor": ("pressrun.interfaces.cli.doctor", "Find what will break in production, before it does."),
    "replay": ("pressrun.interfaces.cli.replay", "Run a notebook or bundle headlessly and tell what happened."),
    "compare": ("pressrun.interfaces.cli.compare", "Compare the outputs of two executed notebooks."),
    "package": ("pressrun.interfaces.cli.package", "Replay a notebook, prove the result, write a bundle."),
    "verify": ("pressrun.interfaces.cli.verify", "Replay a bundle and grade the result."),
    "show": ("pressrun.interfaces.cli.bundles", "Show what a bundle holds."),
    "export": ("pressrun.interfaces.cli.bundles", "Write a bundle to a folder, archive or OCI layout."),
    "import": ("pressrun.interfaces.cli.bundles", "Read a bundle back, strictly."),
    "enable": ("pressrun.interfaces.cli.enable", "Let kernels load pressrun when they start."),
    "disable": ("pressrun.interfaces.cli.enable", "Undo `pressrun enable`."),
}


class LazyGroup(click.Group):
    """A group that imports a verb's module when the verb is used."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the verbs in the order of `VERBS`."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return one verb; None when there is no such verb."""
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(VERBS[cmd_name][0])
        command = getattr(module, f"{cmd_name}_command")
        return command if isinstance(command, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(verb, text) for verb, (_, text) in VERBS.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pressrun")
def cli() -> None:
    """Turn a notebook into a production artifact: capture, replay, prove, package.

    Exit codes, the same in every command: 0 ok, 1 the notebook failed, 2 wrong use or parameters, 3 refused, 4 results
    differ, 5 an environment or input cannot be restored.
    """


def main(arguments: list[str] | None = None) -> None:
    """Run the command line and exit with its status."""
    sys.exit(run(sys.argv[1:] if arguments is None else arguments))


def run(arguments: list[str]) -> int:
    """Run the command line and return its exit code.

    Args:
        arguments: the words after ``pressrun``.
    """
    wants_json = "--json" in arguments
    try:
        result: Any = cli.main(args=arguments, prog_name="pressrun", standalone_mode=False)
    except click.exceptions.Exit as stop:
        return stop.exit_code
    except click.ClickException as error:
        output.print_usage_error(error, as_json=wants_json)
        return 2
    except PressrunError as error:
        output.print_error(error, as_json=wants_json)
        return error.exit_code
    except (KeyboardInterrupt, click.Abort):
        output.print_interrupted(as_json=wants_json)
        return 130
    return result if isinstance(result, int) else 0
