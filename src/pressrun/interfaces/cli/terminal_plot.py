"""A metric drawn in a terminal: its values from left to right, with their intervals where they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from pressrun.actions.runs_log import MetricSeries, PlotPoint
from pressrun.rules.axis import Axis, axis_over

WIDTH = 72
HEIGHT = 14
_SMALLEST = (24, 6)
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille character: row, column


class Signs(NamedTuple):
    """What is drawn with."""

    point: str
    bar: str
    top: str
    bottom: str
    side: str
    tick: str
    floor: str
    corner: str


UNICODE = Signs("●", "│", "┬", "┴", "│", "┤", "─", "└")
ASCII = Signs("o", "|", "-", "-", "|", "+", "-", "+")


def draw(series: MetricSeries, *, width: int = WIDTH, height: int = HEIGHT, unicode: bool = True) -> list[str]:
    """Return the lines of a plot.

    Args:
        series: at least one point.
        width: characters of a line at most.
        height: lines of the drawing itself, without title and axis.
        unicode: whether the terminal shows more than ASCII.
    """
    width, height = max(width, _SMALLEST[0]), max(height, _SMALLEST[1])
    signs = UNICODE if unicode else ASCII
    ends = [end for point in series.points for end in (point.value, point.low, point.high) if end is not None]
    axis = axis_over(ends, max(2, height // 2))
    labels = {_row(axis, tick, height): axis.label(tick) for tick in axis.ticks}
    margin = max(len(label) for label in labels.values())
    columns = width - margin - 2
    rows = _drawing(series.points, axis, columns, height, signs, unicode=unicode)
    lines = [_plain(f"{series.metric} of {series.title}" if series.title else series.metric, unicode=unicode)]
    for number, row in enumerate(rows):
        label = labels.get(number, "")
        lines.append(f"{label:>{margin}} {signs.tick if label else signs.side}{row}".rstrip())
    lines.append(f"{'':>{margin}} {signs.corner}{signs.floor * columns}")
    lines.append(f"{'':>{margin}}  {_below(series.points, columns, unicode=unicode)}".rstrip())
    lines.append(f"{'':>{margin}}  {_note(series)}")
    return lines


def _drawing(
    points: Sequence[PlotPoint], axis: Axis, columns: int, height: int, signs: Signs, *, unicode: bool
) -> list[str]:
    if len(points) * 2 <= columns or not unicode:
        return _marks(points, axis, columns, height, signs)
    return _line(points, axis, columns, height)


def _marks(points: Sequence[PlotPoint], axis: Axis, columns: int, height: int, signs: Signs) -> list[str]:
    """Draw every point in a column of its own, as far as there are columns; its interval is a bar."""
    grid = [[" "] * columns for _ in range(height)]
    for index, point in enumerate(points):
        column = _column(index, len(points), columns)
        if point.low is not None and point.high is not None:
            top, bottom = _row(axis, point.high, height), _row(axis, point.low, height)
            for row in range(top, bottom + 1):
                grid[row][column] = signs.top if row == top else signs.bottom if row == bottom else signs.bar
    for index, point in enumerate(points):  # over all bars
        grid[_row(axis, point.value, height)][_column(index, len(points), columns)] = signs.point
    return ["".join(row) for row in grid]


def _line(points: Sequence[PlotPoint], axis: Axis, columns: int, height: int) -> list[str]:
    """Draw many points as a line of braille dots, eight to a character."""
    grid = [[0] * columns for _ in range(height)]
    dots = [
        (_column(index, len(points), columns * 2), _row(axis, point.value, height * 4))
        for index, point in enumerate(points)
    ]
    for (x, y), (x_next, y_next) in zip(dots, [*dots[1:], dots[-1]], strict=True):
        steps = max(abs(x_next - x), abs(y_next - y), 1)
        for step in range(steps + 1):
            column, row = x + round((x_next - x) * step / steps), y + round((y_next - y) * step / steps)
            grid[row // 4][column // 2] |= _DOTS[row % 4][column % 2]
    return ["".join(chr(0x2800 + dots) if dots else " " for dots in row) for row in grid]


def _column(index: int, count: int, columns: int) -> int:
    # a single point stands in the middle
    return columns // 2 if count == 1 else round(index * (columns - 1) / (count - 1))


def _row(axis: Axis, value: float, height: int) -> int:
    return round((1.0 - axis.part(value)) * (height - 1))


def _below(points: Sequence[PlotPoint], columns: int, *, unicode: bool) -> str:
    """Return labels under the axis: as many as there is room for, the first and the last before all others."""
    line = [" "] * columns
    taken = [False] * (columns + 1)
    order = [0, len(points) - 1, *range(1, len(points) - 1)] if len(points) > 1 else [0]
    for index in order:
        label = _plain(points[index].label, unicode=unicode)[:columns]
        middle = _column(index, len(points), columns)
        start = min(max(0, middle - len(label) // 2), columns - len(label))
        if label and not any(taken[max(0, start - 1) : start + len(label) + 1]):
            line[start : start + len(label)] = label
            taken[start : start + len(label)] = [True] * len(label)
    return "".join(line)


def _note(series: MetricSeries) -> str:
    bars = any(point.low is not None and point.high is not None for point in series.points)
    parts = [f"{series.along}, {len(series.points)} shown" if len(series.points) > 1 else series.along]
    parts += ["bars are intervals"] if bars else []
    parts += [f"{series.without} without it"] if series.without else []
    return "; ".join(parts)


def _plain(text: str, *, unicode: bool) -> str:
    # what a stranger wrote must not steer the terminal
    shown = "".join(character if character.isprintable() else "?" for character in text)
    return shown if unicode else shown.encode("ascii", "replace").decode()
