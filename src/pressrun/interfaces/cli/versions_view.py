"""How lists of versions and runs look in a terminal."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from pressrun.interfaces.cli.figures import duration
from pressrun.interfaces.cli.status import plain_table

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    from pressrun.actions.versions import ListedName, ListedVersion, Place, SearchResult
    from pressrun.records.metric import Metric

GAP = "—"
LEGEND = f"{GAP} was never recorded."
_STYLES = {"live": "bold green", "approved": "green", "revoked": "bold red", "rejected": "red", "in-review": "yellow"}
_MOST_METRICS = 3
_LONGEST_CELL = 40


class Cells:
    """Makes the cells of a table, and remembers whether something was missing."""

    def __init__(self) -> None:
        self.gap = False

    def __call__(self, value: object, style: str = "") -> Text:
        """Return a value as text that cannot steer the terminal; a dash where there is none."""
        from rich.text import Text

        if value is None or value in {"", ()}:
            self.gap = True
            return Text(GAP, style="dim")
        text = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in str(value))
        return Text(text if len(text) <= _LONGEST_CELL else f"{text[: _LONGEST_CELL - 1]}…", style=style)


def print_names(names: Sequence[ListedName], console: Console) -> None:
    """Print one line a name."""
    cells = Cells()
    table = plain_table("Name", "versions", "latest", "state", "grade", "tier", "owner", "live in")
    table.columns[1].justify = "right"
    for item in names:
        latest = item.latest
        table.add_row(
            cells(item.name, "bold"), str(item.versions), str(latest.number), _state(latest.state), cells(latest.grade),
            latest.tier, cells(latest.owner), _live(item.live, with_number=True),
        )  # fmt: skip
    console.print(table)
    _print_legend(cells, console)


def print_versions(versions: Sequence[ListedVersion], console: Console) -> None:
    """Print one line a version, the newest first, with the metrics that most of them have."""
    cells = Cells()
    metrics = _key_metrics(version.metrics for version in versions)
    table = plain_table("Version", "state", "grade", "tier", "owner", *metrics, "registered", "live in, since")
    _align_numbers(table, first=5, count=len(metrics))
    for version in versions:
        table.add_row(
            cells(version.reference, "bold"), _state(version.state), cells(version.grade), version.tier,
            cells(version.owner), *(cells(_measured(version.metrics.get(name))) for name in metrics),
            version.registered[:10], _live(version.live, with_number=False),
        )  # fmt: skip
    console.print(table)
    _print_legend(cells, console)


def print_found(result: SearchResult, console: Console, *, sort: str) -> None:
    """Print what a search found, with the columns that it was about."""
    if not result.found:
        console.print(f"No {result.kind} was found.")
        for hint in result.hints:
            console.print(hint, markup=False)
        return
    cells = Cells()
    values = [found.values for found in result.found]
    metrics = _columns(values, "metrics.", sort)
    if result.kind == "version":
        table = plain_table("Version", "grade", "tier", "owner", *metrics, "registered", "live in")
        _align_numbers(table, first=4, count=len(metrics))
        for found in result.found:
            said = found.values
            table.add_row(
                cells(found.subject, "bold red" if said.get("revoked") == "true" else "bold"), cells(said.get("grade")),
                cells(said.get("tier")), cells(said.get("owner")), *(cells(_number(said.get(key))) for key in metrics),
                str(said.get("registered", ""))[:10], ", ".join(found.live) or "nowhere",
            )  # fmt: skip
    else:
        parameters = _columns(values, "params.", sort)
        table = plain_table(
            "Run", "notebook or bundle", "outcome", "grade", *metrics, *parameters, "duration", "started (UTC)"
        )
        _align_numbers(table, first=4, count=len(metrics) + len(parameters) + 1)
        for found in result.found:
            said = found.values
            seconds = said.get("duration_s")
            table.add_row(
                cells(found.subject[:8]), cells(said.get("notebook")), _outcome(cells, said.get("outcome")),
                cells(said.get("grade")), *(cells(_number(said.get(key))) for key in (*metrics, *parameters)),
                cells(duration(seconds) if isinstance(seconds, float) else None),
                cells(str(said.get("started", ""))[:16].replace("T", " ")),
            )  # fmt: skip
    console.print(table)
    _print_legend(cells, console)
    if result.more:
        console.print(f"The first {len(result.found):,}; there are more: --limit.", style="dim")


def _state(word: str) -> Text:
    from rich.text import Text

    return Text(word, style=_STYLES.get(word, ""))


def _outcome(cells: Cells, outcome: object) -> Text:
    return cells(outcome, "" if outcome == "completed" else "red")


def _live(places: Sequence[Place], *, with_number: bool) -> str:
    # nowhere is an answer, not a gap
    if with_number:
        return ", ".join(f"{place.environment} ({place.number})" for place in places) or "nowhere"
    return "; ".join(f"{place.environment}, {place.since[:10]}" for place in places) or "nowhere"


def _key_metrics(every: Iterable[dict[str, Metric]]) -> list[str]:
    counted = Counter(name for metrics in every for name in metrics)
    common = sorted(counted, key=lambda name: (-counted[name], name))[:_MOST_METRICS]
    return sorted(common)


def _columns(values: Sequence[dict[str, float | str]], prefix: str, sort: str) -> list[str]:
    """Return the keys that most of the found have a value for, and the one that was sorted by."""
    counted = Counter(key for said in values for key in said if key.startswith(prefix) and not _is_end(key, said))
    common = sorted(counted, key=lambda key: (-counted[key], key))[:_MOST_METRICS]
    first = sort.removesuffix(":asc").removesuffix(":desc")
    if first.startswith(prefix) and first in counted and first not in common:
        common = [first, *common[: _MOST_METRICS - 1]]
    return sorted(common)


def _is_end(key: str, said: dict[str, float | str]) -> bool:
    """Return whether a key is an end of another metric's interval."""
    metric, _, end = key.rpartition(".")
    return end in {"low", "high"} and metric in said


def _measured(metric: Metric | None) -> str | None:
    if metric is None:
        return None
    if metric.low is None or metric.high is None:
        return f"{metric.value:.4g}"
    return f"{metric.value:.4g} ({metric.low:.4g} to {metric.high:.4g})"


def _number(value: float | str | None) -> str | None:
    return f"{value:.4g}" if isinstance(value, float) else value


def _align_numbers(table: Table, *, first: int, count: int) -> None:
    for column in table.columns[first : first + count]:
        column.justify = "right"


def _print_legend(cells: Cells, console: Console) -> None:
    if cells.gap:
        console.print(LEGEND, style="dim")
