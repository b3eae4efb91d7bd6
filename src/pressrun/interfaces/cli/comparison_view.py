"""How a comparison looks: counts, what differs with the difference marked, and what was masked.

Colours only repeat what words and signs say; red, green and bold are readable on light and on dark backgrounds.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from pressrun.records.comparison import Comparison, Difference, Mask, OutputComparison, Sameness, ValueComparison
from pressrun.rules.cause_words import WORDS as CAUSES
from pressrun.rules.cause_words import certainty
from pressrun.rules.varying import UNEQUAL

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

WORDS: dict[Sameness, str] = {
    "identical": "identical",
    "normalised": "identical after normalisation",
    "within-tolerance": "within tolerance",
    "different": "different",
    "missing": "missing",
    "extra": "extra",
    "not-compared": "not compared",
}
_MOST_SHOWN = 12
_CODE_WIDTH = 20


def counts_sentence(comparison: Comparison) -> str:
    """Return how many outputs and values were compared, and how they came out."""
    outputs = [o for o in comparison.outputs if o.mime != "stream/stderr"]
    parts = []
    for what, items in (("output", outputs), ("value", comparison.values)):
        if not items:
            continue
        tally = Counter(item.sameness for item in items)
        shares = ", ".join(f"{tally[sameness]} {WORDS[sameness]}" for sameness in WORDS if tally[sameness])
        parts.append(f"{len(items)} {what}{'s' if len(items) > 1 else ''}: {shares}")
    return "; ".join(parts) if parts else "no output was compared: the notebook shows none"


def print_differences(comparison: Comparison, console: Console, *, sources: Mapping[int, str] | None = None) -> None:
    """Print a table of the outputs and values that differ, with both excerpts.

    Args:
        comparison: what to show.
        console: where to.
        sources: first line of each cell's code, by the cell's index.
    """
    from rich import box
    from rich.table import Table

    different = [output for output in comparison.outputs if output.sameness in UNEQUAL]
    values = [value for value in comparison.values if value.sameness in UNEQUAL]
    if not different and not values:
        return
    table = Table(
        title="What differs", title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 1, 0)
    )
    table.add_column("cell", max_width=_CODE_WIDTH)
    table.add_column("output", overflow="fold", max_width=12)
    table.add_column("- expected / + found", overflow="fold", ratio=1)
    for output in different[:_MOST_SHOWN]:
        table.add_row(_cell_label(output, sources or {}), _short_mime(output.mime), _both(output))
    for value in values[:_MOST_SHOWN]:
        table.add_row("", f"{value.kind} {value.name}", _both(value))
    console.print(table)
    left = len(different) + len(values) - min(len(different), _MOST_SHOWN) - min(len(values), _MOST_SHOWN)
    if left:
        console.print(f"... and {left} more; --json lists them all")


def _cell_label(output: OutputComparison, sources: Mapping[int, str]) -> Text:
    from rich.text import Text

    label = str(output.cell) if output.cell >= 0 else f"new ({output.found_cell})"
    text = Text(label, style="bold")
    line = sources.get(output.cell, "")
    if line:
        shown = line if len(line) <= _CODE_WIDTH else line[: _CODE_WIDTH - 1] + "…"
        text.append("\n" + shown, style="not bold")
    return text


def _short_mime(mime: str) -> str:
    return mime.removeprefix("stream/")


def _both(item: OutputComparison | ValueComparison) -> Text:
    from rich.text import Text

    text = Text()
    expected, found = ("" if side is None else str(side) for side in (item.expected, item.found))
    if expected or found:
        left, right = marked(expected, found)
        text.append("- ", style="bold red").append_text(left).append("\n")
        text.append("+ ", style="bold green").append_text(right).append("\n")
    return text.append(item.reason or WORDS[item.sameness], style="italic")


def marked(expected: str, found: str) -> tuple[Text, Text]:
    """Return both texts with the words that differ in bold and underlined."""
    from rich.text import Text

    left_words, right_words = expected.split(" "), found.split(" ")
    left, right = Text(), Text()
    matcher = difflib.SequenceMatcher(None, left_words, right_words, autojunk=False)
    for operation, a, b, c, d in matcher.get_opcodes():
        same = operation == "equal"
        for text, words, style in ((left, left_words[a:b], "red"), (right, right_words[c:d], "green")):
            for word in words:
                text.append(" " if text else "").append(word, style="" if same else f"bold underline {style}")
    return left, right


def print_masks(masks: Sequence[Mask], console: Console) -> None:
    """Print what was masked before comparing: nothing is hidden silently."""
    from rich import box
    from rich.table import Table

    if not masks:
        return
    title = "Masked, since it is no result"
    table = Table(title=title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("rule", no_wrap=True)
    table.add_column("places", justify="right")
    table.add_column("for example", overflow="fold", ratio=1)
    table.add_column("why", overflow="fold", ratio=1)
    for mask in masks:
        table.add_row(mask.rule, str(mask.count), _plain(" ".join(mask.example.split())), mask.why)
    console.print(table)


def _plain(text: str) -> Text:
    from rich.text import Text

    return Text("".join(c if c.isprintable() else "·" for c in text))


def print_uncompared(comparison: Comparison, console: Console) -> None:
    """Print what was left out of the verdict, and why."""
    left_out = [output for output in comparison.outputs if output.sameness == "not-compared"]
    reasons: dict[str, list[str]] = {}
    for output in left_out:
        reasons.setdefault(output.reason, []).append(str(output.cell))
    for value in comparison.values:
        if value.sameness == "not-compared":
            reasons.setdefault(value.reason, []).append(value.name)
    for reason, places in reasons.items():
        named = ", ".join(places[:_MOST_SHOWN]) + (" ..." if len(places) > _MOST_SHOWN else "")
        console.print(labelled("Not compared", f"{named}: {reason}"))


def print_difference(difference: Difference, console: Console, *, with_values: bool) -> None:
    """Print the first difference and its cause, with the evidence.

    Args:
        difference: what to show.
        console: where to.
        with_values: also what was expected and found; not needed where a table shows them.
    """
    where = f"cell {difference.cell}, output {difference.output}" if difference.cell >= 0 else "a value, no output"
    console.print(labelled("First", where))
    if with_values and (difference.expected or difference.found):
        left, right = marked(difference.expected, difference.found)
        console.print(labelled("  - expected", left))
        console.print(labelled("  + found", right))
    console.print(labelled("Cause", f"{CAUSES[difference.cause]}{certainty(difference)}"))
    for sentence in difference.evidence:
        console.print(labelled("", f"- {sentence}"))


def labelled(label: str, content: str | Text) -> RenderableType:
    """Return one line with a bold label in front."""
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 1))
    grid.add_column(width=12, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(Text(label, style="bold"), content if isinstance(content, Text) else Text(content))
    return grid
