"""The command line: `pressrun VERB`.

One file a group of verbs; each is imported only when its verb is used, so that ``--help`` stays fast. Nothing is
decided here: parse, call one action, render.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import click

from pressrun.errors import CannotRestoreError, PressrunError
from pressrun.interfaces.cli import output

# heading -> verb -> (module, one line of help); in the order of a notebook's way to production
SECTIONS: dict[str, dict[str, tuple[str, str]]] = {
    "From notebook to bundle": {
        "inspect": ("pressrun.interfaces.cli.inspect", "Show what a notebook says of itself."),
        "doctor": ("pressrun.interfaces.cli.doctor", "Find what will break in production, before it does."),
        "replay": ("pressrun.interfaces.cli.replay", "Run a notebook or bundle headlessly and tell what happened."),
        "compare": ("pressrun.interfaces.cli.compare", "Compare the outputs of two executed notebooks."),
        "package": ("pressrun.interfaces.cli.package", "Replay a notebook, prove the result, write a bundle."),
        "verify": ("pressrun.interfaces.cli.verify", "Replay a bundle and grade the result."),
        "export": ("pressrun.interfaces.cli.bundles", "Write a bundle to a folder, archive or OCI layout."),
        "import": ("pressrun.interfaces.cli.bundles", "Read a bundle back, strictly."),
        "enable": ("pressrun.interfaces.cli.enable", "Let kernels load pressrun when they start."),
        "disable": ("pressrun.interfaces.cli.enable", "Undo `pressrun enable`."),
    },
    "Versions and runs": {
        "register": ("pressrun.interfaces.cli.register", "Make a bundle a version, with number and owner."),
        "describe": ("pressrun.interfaces.cli.register", "Change a version's owner, use case or tier."),
        "versions": ("pressrun.interfaces.cli.versions", "List names, or the versions of one."),
        "show": ("pressrun.interfaces.cli.bundles", "Show a version, or what a bundle holds."),
        "diff": ("pressrun.interfaces.cli.diff", "Tell how two versions or bundles differ."),
        "search": ("pressrun.interfaces.cli.versions", "Find versions or runs by what they are."),
        "runs": ("pressrun.interfaces.cli.runs", "List tracked runs; plot a metric."),
    },
    "Policy and people": {
        "check": ("pressrun.interfaces.cli.check", "Ask the policy whether a version may go somewhere."),
        "policy": ("pressrun.interfaces.cli.policy", "Write, test, publish and explain policies."),
        "state": ("pressrun.interfaces.cli.statements", "State what no machine can check."),
        "waive": ("pressrun.interfaces.cli.statements", "Accept for a while that a check does not pass."),
        "unwaive": ("pressrun.interfaces.cli.statements", "Take a waiver back."),
        "request": ("pressrun.interfaces.cli.approvals", "Ask for approval of a version."),
        "approve": ("pressrun.interfaces.cli.approvals", "Approve a request, and sign it."),
        "reject": ("pressrun.interfaces.cli.approvals", "Refuse a request."),
        "withdraw": ("pressrun.interfaces.cli.approvals", "Take back your request or approval."),
        "revoke": ("pressrun.interfaces.cli.approvals", "Let a version never be deployed again."),
        "members": ("pressrun.interfaces.cli.members", "Say who may do what."),
        "key": ("pressrun.interfaces.cli.key", "Make and show the key you sign approvals with."),
    },
    "Production": {
        "deploy": ("pressrun.interfaces.cli.deployments", "Move an environment's pointer to a version."),
        "rollback": ("pressrun.interfaces.cli.deployments", "Move it back; needs no approval."),
        "ratify": ("pressrun.interfaces.cli.deployments", "Stand behind an emergency deployment."),
        "review": ("pressrun.interfaces.cli.deployments", "Close the review that a rollback opened."),
        "history": ("pressrun.interfaces.cli.deployments", "Tell what was live when, and who approved it."),
        "status": ("pressrun.interfaces.cli.status", "Show what is live and what waits for somebody."),
        "recover": ("pressrun.interfaces.cli.deployments", "Close interrupted deployments."),
    },
    "Proof and upkeep": {
        "audit": ("pressrun.interfaces.cli.audit", "Verify, export and prove the journal."),
        "fsck": ("pressrun.interfaces.cli.upkeep", "Find what is damaged, and whom it hits."),
        "gc": ("pressrun.interfaces.cli.upkeep", "Remove objects that nothing refers to."),
        "backup": ("pressrun.interfaces.cli.upkeep", "Copy journal and objects, while others write."),
        "restore": ("pressrun.interfaces.cli.upkeep", "Make a registry from a backup."),
    },
}
VERBS = {verb: found for verbs in SECTIONS.values() for verb, found in verbs.items()}


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
        for heading, verbs in SECTIONS.items():
            with formatter.section(heading):
                formatter.write_dl([(verb, text) for verb, (_, text) in verbs.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="pressrun")
def cli() -> None:
    """Turn a notebook into a production artifact: capture, replay, prove, package, approve, deploy.

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
    except OSError as error:
        # a disk that fails while something is read may do so anywhere; what is written says more where it happens
        failed = _disk_failed(error)
        output.print_error(failed, as_json=wants_json)
        return failed.exit_code
    except (KeyboardInterrupt, click.Abort):
        output.print_interrupted(as_json=wants_json)
        return 130
    return result if isinstance(result, int) else 0


def _disk_failed(error: OSError) -> CannotRestoreError:
    return CannotRestoreError(
        f"the system says: {error.strerror or error}",
        where=str(error.filename or ""),
        remedy="See that it can be read, and try again; what was acknowledged before is there.",
    )
