"""``pressrun show``, ``export`` and ``import``: bundles as things one has, gives and takes."""

from __future__ import annotations

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from pressrun.interfaces.cli.here import registry_here
from pressrun.interfaces.cli.output import print_json
from pressrun.notebook.project import find_project
from pressrun.rules.references import is_reference

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

    from pressrun.actions.show import ShownBundle, ShownParameter

_BUNDLE_HELP = "BUNDLE is a folder, an archive, oci:FOLDER[:TAG], or a name, digest or digest prefix in the store."


@click.command("show", epilog=_BUNDLE_HELP)
@click.argument("bundle", metavar="NAME@NUMBER|BUNDLE")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def show_command(bundle: str, as_json: bool) -> int:
    """Show a version: owner, metrics, data, approvals, where it is live; or what a bundle holds.

    A version is NAME@NUMBER, NAME@ENVIRONMENT or NAME@latest. Nothing in a bundle is run or loaded.
    """
    if is_reference(bundle) and not Path(bundle).exists():
        return _show_version(bundle, as_json=as_json)
    from pressrun.actions.show import show_bundle

    shown = show_bundle(bundle, find_project(Path.cwd()))
    if as_json:
        print_json(shown)
    else:
        _print_bundle(shown)
    return 0


def _show_version(reference: str, *, as_json: bool) -> int:
    from pressrun.actions.card import show_version

    with registry_here(reading=True) as registry:
        card = show_version(registry, reference)
    if as_json:
        print_json(card)
        return 0
    from rich.console import Console

    from pressrun.interfaces.cli.card_view import print_card

    print_card(card, Console(highlight=False))
    return 0


@click.command("export", epilog=_BUNDLE_HELP)
@click.argument("bundle")
@click.option(
    "--to", required=True, metavar="PATH", help="A folder, FILE.tar, FILE.tar.gz, FILE.zip or oci:FOLDER[:TAG]."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def export_command(bundle: str, to: str, as_json: bool) -> int:
    """Write a bundle to a folder, archive or OCI layout. Equal bundles give equal bytes; nothing is overwritten."""
    from pressrun.actions.exchange import export_bundle

    exported = export_bundle(bundle, find_project(Path.cwd()), to)
    if as_json:
        print_json(exported)
    else:
        click.echo(f"{exported.name}  {exported.content_digest}")
        click.echo(f"{exported.files} files, {exported.size:,} bytes -> {exported.to}")
        if exported.artifact:
            click.echo(f"artifact {exported.artifact}")
    return 0


@click.command("import")
@click.argument("source", metavar="FILE|DIR")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def import_command(source: str, as_json: bool) -> int:
    """Verify a bundle strictly and take it into the project's store. FILE|DIR may also be oci:FOLDER[:TAG]."""
    from pressrun.actions.exchange import import_bundle

    imported = import_bundle(source, find_project(Path.cwd()))
    if as_json:
        print_json(imported)
    else:
        click.echo(f"{imported.name}  {imported.content_digest}")
        known = "known already, new evidence kept" if imported.known else "stored"
        click.echo(f"{imported.files} files, {imported.size:,} bytes, {known} in {imported.store}")
    return 0


def _print_bundle(shown: ShownBundle) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False)
    # soft_wrap: a digest that is broken in two cannot be copied
    console.print(Text.assemble((shown.name, "bold"), "  ", shown.content_digest), soft_wrap=True)
    console.print(
        Text(f"{_size(shown.size)} in all, bundle format {shown.format}. {_plain(shown.created_by)}".rstrip())
    )
    files = _table("Content", "role", "size")
    for file in shown.files:
        files.add_row(Text(_plain(file.path)), file.role, _size(file.size))
    console.print(files)
    _print_inputs(shown, console)
    _print_parameters(shown, console)
    if shown.evidence:
        evidence = _table("Evidence", "kind", "size")
        for piece in shown.evidence:
            kind = f"{piece.kind} (cannot be read)" if piece.path in shown.unread else piece.kind
            evidence.add_row(Text(_plain(piece.path)), kind, _size(piece.size))
        console.print(evidence)
    if shown.receipt is None:
        console.print(Text("No receipt: run `pressrun verify` on it."))
        return
    from pressrun.interfaces.cli.receipt import render_receipt

    console.print(Text("Latest receipt", style="bold"))
    render_receipt(shown.receipt, console)


def _print_inputs(shown: ShownBundle, console: Console) -> None:
    from rich.text import Text

    if not shown.inputs:
        return
    inputs = _table("Input", "from", "copy", "size")
    for item in shown.inputs:
        held = "in the bundle" if item.held else "by reference"
        inputs.add_row(Text(_plain(item.path)), item.role, held, _size(item.size))
    console.print(inputs)


def _print_parameters(shown: ShownBundle, console: Console) -> None:
    from rich.text import Text

    if not shown.parameters:
        return
    parameters = _table("Parameter", "type", "default", "help")
    parameters.columns[-1].justify = "left"
    for item in shown.parameters:
        parameters.add_row(*(Text(_plain(text)) for text in (item.name, item.type, _default(item), item.help)))
    console.print(parameters)


def _default(parameter: ShownParameter) -> str:
    if parameter.derived_from:
        return "computed from " + ", ".join(parameter.derived_from)
    if parameter.default is msgspec.UNSET:
        return ""
    return msgspec.json.encode(parameter.default).decode()


def _table(title: str, *others: str) -> Table:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    table.add_column(title, overflow="fold")
    for other in others:
        table.add_column(other, justify="right" if other == "size" else "left", overflow="fold")
    return table


def _size(count: int) -> str:
    from rich.filesize import decimal

    return decimal(count)


def _plain(text: Any) -> str:
    # what a stranger wrote must not steer the terminal
    return "".join(c if unicodedata.category(c)[0] != "C" else f"\\u{ord(c):04x}" for c in str(text))
