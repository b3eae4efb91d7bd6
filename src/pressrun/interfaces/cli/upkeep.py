"""``pressrun gc``, ``fsck``, ``backup`` and ``restore``: keep a registry small, whole and doubled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pressrun.errors import EXIT_CANNOT_RESTORE, EXIT_OK
from pressrun.interfaces.cli.figures import size
from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json

if TYPE_CHECKING:
    from pressrun.actions.backup import BackupResult, RestoreResult
    from pressrun.actions.fsck import FsckReport
    from pressrun.actions.upkeep import GarbageResult

_SHOWN = 50
HOURS = click.FloatRange(min=0.0)
DAYS = click.FloatRange(min=0.0)


@click.command("gc")
@click.option("--dry-run", is_flag=True, help="Only tell what would be removed.")
@click.option("--grace", "grace_h", type=HOURS, default=24.0, show_default=True, metavar="HOURS",
              help="Keep what anybody stored within so many hours.")  # fmt: skip
@click.option("--unregistered-older-than", "unregistered_days", type=DAYS, metavar="DAYS",
              help="Also forget bundles that were not registered, nor stored again, for so many days. The newest of "
              "each name stays.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def gc_command(*, dry_run: bool, grace_h: float, unregistered_days: float | None, as_json: bool) -> int:
    """Remove objects that nothing refers to.

    What a bundle, the journal, or a document in it refers to always stays; where a record is damaged, so that nobody
    can say what it refers to, nothing is removed. In a remote store the first run only marks. Exit status: 0 done;
    3 refused on doubt.
    """
    from pressrun.actions.upkeep import GarbageRequest, collect_garbage
    from pressrun.rules.access import Thing

    request = GarbageRequest(
        grace_s=grace_h * 3600.0,
        unregistered_older_than_s=None if unregistered_days is None else unregistered_days * 86400.0,
        dry_run=dry_run,
    )
    with registry_here() as registry:
        registry.require("collect", Thing(kind="store"))
        result = collect_garbage(
            registry,
            request,
            lambda event: registry.offer(lambda _: [event]),
            shared=bool(registry.settings.journal),
        )
    if as_json:
        print_json(result)
    else:
        _print_garbage(result)
    return EXIT_OK


@click.command("fsck")
@click.option("--repair-from", metavar="STORE|URL",
              help="Replace damaged and missing objects by whole ones from this folder or URL.")  # fmt: skip
@click.option("--key", "key_texts", multiple=True, metavar="KEY|FILE",
              help="A public key that has to have signed the journal's checkpoints. Default: this machine's, where it "
              "did.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def fsck_command(*, repair_from: str | None, key_texts: tuple[str, ...], as_json: bool) -> int:
    """Check every object, record and entry, and name the versions that damage hits.

    Reads everything. Exit status: 0 all is whole; 5 something is damaged or missing.
    """
    import msgspec

    from pressrun.actions.audit import given_keys, own_keys
    from pressrun.actions.fsck import check_registry, repair_registry
    from pressrun.store.open_objects import open_objects

    with registry_here(reading=True) as registry:
        own = own_keys(Path(registry.settings.journal_key).expanduser())
        keys = given_keys(key_texts) if key_texts else own
        report = check_registry(registry, keys)
        if repair_from is not None:
            repaired = repair_registry(registry, report, open_objects(repair_from))
            report = msgspec.structs.replace(check_registry(registry, keys), repaired=repaired)
    if as_json:
        print_json(_report(report))
    else:
        _print_report(report)
    return EXIT_OK if report.whole else EXIT_CANNOT_RESTORE


@click.command("backup")
@click.argument("to", type=click.Path(path_type=Path), metavar="TO")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def backup_command(to: Path, *, as_json: bool) -> int:
    """Copy journal, objects and bundles to the new folder TO, while others work, and check the copy.

    The key that signs checkpoints is not copied; keep it elsewhere. Exit status: 0 the copy is whole; 5 something was
    damaged already; all else is in the copy.
    """
    from pressrun.actions.backup import back_up
    from pressrun.rules.access import Thing

    with registry_here() as registry:
        registry.require("backup", Thing(kind="store"))
        result = back_up(registry, to)
    if as_json:
        print_json({**_fields(result), "report": _report(result.report)})
    else:
        _print_copy(result, f"-> {result.to}")
    return EXIT_OK if result.report.whole else EXIT_CANNOT_RESTORE


@click.command("restore")
@click.argument("source", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FROM")
@click.option("--into", type=click.Path(path_type=Path, file_okay=False), metavar="DIR",
              help="The project to restore into. Default: this one.")  # fmt: skip
@click.option("--even-damaged", is_flag=True, help="Restore what is left of a backup that is not whole.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def restore_command(source: Path, *, into: Path | None, even_damaged: bool, as_json: bool) -> int:
    """Make a registry from the backup FROM, where there is none yet, and check it.

    Journal and objects go where the project's settings say. Exit status: 0 restored whole; 2 there is a registry
    already; 5 the backup is damaged.
    """
    from pressrun.actions.backup import Destination, restore
    from pressrun.actions.settings import read_settings
    from pressrun.notebook.project import find_project
    from pressrun.store.layout import STORE_FOLDER

    project = find_project(Path.cwd()) if into is None else into.absolute()
    project.mkdir(parents=True, exist_ok=True)
    settings = read_settings(project)
    store = project / STORE_FOLDER
    destination = Destination(
        store=store, journal=settings.journal or str(store / "journal.db"), objects=settings.objects or str(store)
    )
    result = restore(source, destination, even_damaged=even_damaged)
    if as_json:
        print_json({**_fields(result), "report": _report(result.report)})
    else:
        _print_copy(result, f"in {result.into}")
    return EXIT_OK if result.report.whole else EXIT_CANNOT_RESTORE


def _fields(result: BackupResult | RestoreResult) -> dict[str, object]:
    import msgspec

    found: dict[str, object] = msgspec.to_builtins(result)
    return found


def _report(report: FsckReport) -> dict[str, object]:
    import msgspec

    return {**msgspec.to_builtins(report), "whole": report.whole, "hit": report.hit}


def _print_garbage(result: GarbageResult) -> None:
    would = "would be " if result.dry_run else ""
    for done in result.collections:
        click.echo(
            f"{len(done.removed)} of {done.looked_at} objects {would}removed, {size(done.size)}; {done.referred} are "
            f"referred to, {done.young} wait, in {done.where}"
        )
        if done.spared:
            click.echo(f"{len(done.spared)} were stored or referred to meanwhile and stay")
    if result.bundles:
        click.echo(f"{len(result.bundles)} bundles that were never registered {would}forgotten")
    if result.temporary:
        click.echo(f"{len(result.temporary)} files of killed writers removed")
    if result.marked and not result.dry_run:
        click.echo("What was marked now goes when you run this again after the period of grace.")


def _print_report(report: FsckReport) -> None:
    if report.repaired:
        click.echo(f"{len(report.repaired)} objects repaired")
    for finding in report.findings[:_SHOWN]:
        hit = f"  hits {', '.join(finding.versions)}" if finding.versions else ""
        click.echo(f"{finding.kind:15} {_plain(finding.where)}\n{'':15} {_plain(finding.what)}{hit}")
    if len(report.findings) > _SHOWN:
        click.echo(f"... and {len(report.findings) - _SHOWN} more: --json tells all")
    for note in report.notes:
        click.echo(f"note: {note}")
    if report.hit:
        click.echo(f"Versions that are hit: {', '.join(report.hit)}")
    state = "all is whole" if report.whole else f"{len(report.findings)} findings"
    click.echo(f"{report.objects} objects, {report.entries} entries, {report.versions} versions: {state}")


def _print_copy(result: BackupResult | RestoreResult, where: str) -> None:
    click.echo(
        f"{result.head} entries, {result.bundles} bundles, {result.objects} objects, {size(result.size)} {where}"
    )
    _print_report(result.report)


def _plain(text: str) -> str:
    # paths in a store may be anybody's
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
