"""How a difference between two versions looks in a terminal. Signs carry the meaning, colours only repeat it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from pressrun.interfaces.cli.figures import size

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from pressrun.records.metric import Metric
    from pressrun.records.version_diff import (
        CellChange,
        DiffSide,
        FileChange,
        MetricChange,
        PackageChange,
        ValueChange,
        VersionDiff,
    )

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow"), "moved": (">", "cyan"),
          "moved and changed": ("~", "yellow")}  # fmt: skip
_LINE_STYLES = {"+": "green", "-": "red", "@": "cyan"}
_LONGEST_VALUE = 60
_SHORT_DIGEST = 19  # ``sha256:`` and twelve digits


def print_diff(found: VersionDiff, console: Console) -> None:
    """Print every section that differs, and name those that do not."""
    from rich.text import Text

    for sign, side in (("-", found.before), ("+", found.after)):
        console.print(_side(sign, side), soft_wrap=True)
    if found.same:
        console.print(Text("The very same content.", style="bold green"))
    sections = {
        "code": [line for change in found.code for line in _cell(change)],
        "parameters": [_value(change) for change in found.parameters],
        "data": [_file(change) for change in found.data],
        "packages": [_value(change) for change in (found.python,) if change] + [_package(p) for p in found.packages],
        "models": [_file(change) for change in found.models],
        "metrics": [_metric(change) for change in found.metrics],
        "grade": [_value(change) for change in (found.grade,) if change],
    }
    for title, lines in sections.items():
        if lines:
            console.print(Text.assemble("\n", (title.capitalize(), "bold"), (_rest(found, title), "dim")))
            for line in lines:
                console.print(line, soft_wrap=True)
    for title, gap in found.gaps.items():
        console.print(Text.assemble("\n", (f"{title.capitalize()} not compared: ", "bold yellow"), _plain(gap)))
    absent = _absent(found)
    equal = [title for title, lines in sections.items() if not lines and title not in {*found.gaps, *absent}]
    if equal and not found.same:
        console.print(Text(f"\nNo difference in {', '.join(equal)}.", style="dim"))
    if absent:
        console.print(Text(f"Neither has {' or '.join(absent)}.", style="dim"))


def _absent(found: VersionDiff) -> list[str]:
    """Return what was recorded of neither: that is no equality."""
    absent = [] if found.metrics or found.equal_metrics else ["metrics"]
    return absent if found.before.grade or found.after.grade else [*absent, "grade"]


def _side(sign: str, side: DiffSide) -> Text:
    from rich.text import Text

    name = side.version or side.reference
    asked = f" ({side.reference})" if side.version and side.version != side.reference else ""
    return Text.assemble((f"{sign} ", _LINE_STYLES[sign]), (_plain(name), "bold"), _plain(asked), f"  {side.bundle}")


def _rest(found: VersionDiff, title: str) -> str:
    if title == "code":
        return f"  {found.equal_cells} cell{'' if found.equal_cells == 1 else 's'} as before"
    return f"  {found.equal_metrics} as before" if title == "metrics" and found.equal_metrics else ""


def _cell(change: CellChange) -> list[Text]:
    from rich.text import Text

    sign, style = _SIGNS[change.change]
    place = {
        "added": f"cell {change.after}",
        "removed": f"cell {change.before}",
        "changed": f"cell {change.after}" + (f" (was {change.before})" if change.before != change.after else ""),
    }.get(change.change, f"cell {change.before} -> {change.after}")
    kind = "" if change.type == "code" else f" {change.type}"
    head = Text.assemble((f"{sign} ", style), (f"{place}{kind} {change.change}", style), f"  {_plain(change.title)}")
    return [head, *(Text(f"    {_plain(line)}", style=_LINE_STYLES.get(line[:1], "")) for line in change.diff)]


def _line(change: str, *parts: str) -> Text:
    from rich.text import Text

    sign, style = _SIGNS[change]
    return Text.assemble((f"{sign} ", style), "  ".join(part for part in parts if part))


def _value(change: ValueChange) -> Text:
    before, after = _shown(change.before), _shown(change.after)
    return _line(change.change, _plain(change.name), f"{before} -> {after}" if before and after else before or after)


def _file(change: FileChange) -> Text:
    path = f"{change.moved_from} -> {change.path}" if change.moved_from else change.path
    versions = [version for version in (change.before, change.after) if version is not None]
    digests = " -> ".join(dict.fromkeys(version.digest[:_SHORT_DIGEST] for version in versions))
    sizes = " -> ".join(dict.fromkeys(size(version.size) for version in versions if version.size is not None))
    members = ", ".join(f"{count} {word}" for word, count in sorted(change.members.items()))
    return _line(change.change, _plain(path), digests, sizes, f"files: {members}" if members else "")


def _package(change: PackageChange) -> Text:
    if change.before and change.before == change.after:
        return _line(change.change, _plain(change.name), f"{_plain(change.before)}, from another file")
    versions = " -> ".join(_plain(version) for version in (change.before, change.after) if version)
    return _line(change.change, _plain(change.name), versions)


def _metric(change: MetricChange) -> Text:
    values = " -> ".join(_measured(metric) for metric in (change.before, change.after) if metric is not None)
    difference = ""
    if change.difference is not None:
        difference = f"{change.difference:+.4g}"
        if change.low is not None and change.high is not None:
            difference += f" ({change.low:+.4g} to {change.high:+.4g})"
    note = {None: "", True: "within the intervals", False: "more than the intervals allow"}[change.within]
    return _line(change.change, _plain(change.name), values, difference, note)


def _measured(metric: Metric) -> str:
    return f"{metric.value:.6g}"


def _shown(value: object) -> str:
    if value is msgspec.UNSET:
        return ""
    text = _plain(msgspec.json.encode(value).decode())
    return text if len(text) <= _LONGEST_VALUE else f"{text[: _LONGEST_VALUE - 1]}…"


def _plain(text: str) -> str:
    # what a stranger wrote must not steer the terminal
    return "".join(c if c.isprintable() else "    " if c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in text)
