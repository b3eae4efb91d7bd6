"""``pressrun audit``: verify the journal, export it, prove an entry, keep a checkpoint outside."""

from __future__ import annotations

from pathlib import Path

import click
import msgspec

from pressrun.errors import EXIT_CANNOT_RESTORE, EXIT_OK
from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

_JSON = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_FILE = click.Path(path_type=Path, dir_okay=False)


@click.group("audit")
def audit_command() -> None:
    """Show that the journal is as it was written, to yourself and to others."""


@audit_command.command("verify")
@click.option("--offline", "export", type=_FILE, metavar="FILE", help="Audit an export instead of the journal.")
@click.option("--key", "keys", multiple=True, metavar="PUB",
              help="A public key, or a file with one; every checkpoint must then be signed by such a key.")  # fmt: skip
@click.option("--checkpoint", "files", multiple=True, type=_FILE, metavar="FILE",
              help="Signed checkpoints that were kept elsewhere. Those in git are found without.")  # fmt: skip
@_JSON
def verify_command(export: Path | None, keys: tuple[str, ...], files: tuple[Path, ...], as_json: bool) -> int:
    """Recompute the journal from its stored bytes and compare it with every checkpoint.

    Exit status: 0 nothing was changed; 5 something was: it says which entry, or in which range.
    """
    from pressrun.actions.audit import given_keys, outside_checkpoints, own_keys, verify_export, verify_journal

    known = given_keys(keys)
    if export is not None:
        report = verify_export(export, known, outside_checkpoints(None, files))
    else:
        with registry_here(reading=True) as registry:
            outside = outside_checkpoints(registry.project, files)
            own = own_keys(Path(registry.settings.journal_key).expanduser())
            report = verify_journal(registry.journal, known if known.given else own, outside)
    if as_json:
        print_json({"intact": report.intact, "suspects": report.suspects, **msgspec.structs.asdict(report)})
    else:
        from pressrun.interfaces.cli.audit_view import render_report

        render_report(report)
    return EXIT_OK if report.intact else EXIT_CANNOT_RESTORE


@audit_command.command("export")
@click.argument("target", type=_FILE, metavar="FILE")
@_JSON
def export_command(target: Path, as_json: bool) -> int:
    """Write the whole journal with its checkpoints to FILE, for `pressrun audit verify --offline FILE` anywhere.

    FILE must not exist. The entries name people and versions: it is for auditors, not for everybody.
    """
    from pressrun.actions.audit import export_journal, own_keys
    from pressrun.interfaces.cli.figures import size
    from pressrun.rules.access import Thing

    with registry_here(reading=True) as registry:
        registry.require("audit-export", Thing("audit"))
        keys = own_keys(Path(registry.settings.journal_key).expanduser())
        done = export_journal(registry.journal, target, [str(key) for key in keys.known])
    if as_json:
        print_json(done)
    else:
        click.echo(f"Exported {done.entries} entries and {done.checkpoints} checkpoints: {done.path} "
                   f"({size(done.size_bytes)})")  # fmt: skip
    return EXIT_OK


@audit_command.command("prove")
@click.argument("seq", type=click.IntRange(min=1), metavar="NUMBER")
@click.option("--since", type=_FILE, metavar="FILE",
              help="An older checkpoint: prove as well that the journal only grew since then.")  # fmt: skip
@_JSON
def prove_command(seq: int, since: Path | None, as_json: bool) -> int:
    """Prove that entry NUMBER stands in the journal, to somebody who has only the public key."""
    from pressrun.actions.audit import outside_checkpoints, own_keys, prove_entry
    from pressrun.rules.access import Thing

    older = outside_checkpoints(None, [since])[-1] if since is not None else None
    with registry_here(reading=True) as registry:
        registry.require("audit-verify", Thing("audit"))
        keys = own_keys(Path(registry.settings.journal_key).expanduser())
        proof = prove_entry(registry.journal, seq, keys.known, older)
    if as_json:
        print_json(proof)
    else:
        from pressrun.interfaces.cli.audit_view import render_proof

        render_proof(proof)
    return EXIT_OK


@audit_command.command("checkpoint")
@click.option("--to", "to", required=True, metavar="git|FILE",
              help="git: a commit on refs/pressrun/checkpoints, beside every branch. FILE: at its end.")  # fmt: skip
@_JSON
def checkpoint_command(to: str, as_json: bool) -> int:
    """Sign the journal's state and keep it outside: what is there by then can never be changed unseen.

    The journal is audited first; exit status 5, and no checkpoint, when something was changed.
    """
    from pressrun.actions.audit import keep_checkpoint, own_keys
    from pressrun.rules.access import Thing

    with registry_here() as registry:
        registry.require("checkpoint", Thing("audit"))
        keys = own_keys(Path(registry.settings.journal_key).expanduser())
        kept = keep_checkpoint(registry.journal, keys, to, registry.project)
    if as_json:
        print_json(kept)
        return EXIT_OK
    click.echo(f"{kept.size} entries, {'kept in' if kept.fresh else 'already kept in'} {kept.place}")
    if to == "git" and kept.fresh:
        click.echo("Take a copy away from here: git push origin refs/pressrun/checkpoints")
    return EXIT_OK


@audit_command.command("key")
@_JSON
def key_command(as_json: bool) -> int:
    """Show the public key that this machine signs checkpoints with; give it to those who verify."""
    with registry_here(reading=True) as registry:
        key = registry.signer.key
        path = Path(registry.settings.journal_key).expanduser()
    if as_json:
        print_json({"key": key.vkey, "name": key.name, "file": str(path)})
    else:
        click.echo(key.vkey)
    return EXIT_OK
