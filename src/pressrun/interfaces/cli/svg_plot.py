"""A metric drawn as SVG: one file without script, font or anything else from outside, legible in light and dark."""

from __future__ import annotations

from xml.sax.saxutils import escape

from pressrun.actions.runs_log import MetricSeries, PlotPoint
from pressrun.rules.axis import Axis, axis_over

_WIDTH, _HEIGHT = 720.0, 320.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 72.0, 20.0, 44.0, 56.0
_LABELS = ((3, 20), (8, 8))  # of labels up to so many characters, so many fit under the axis; of longer ones:
_FEWEST_LABELS = 4
_MOST_MARKS = 120  # points that are drawn as such; of more, only the line is
_CAP = 4.0  # half the width of an interval's ends

_STYLE = """
  svg { font: 12px system-ui, sans-serif; color: #1f2328; background: #ffffff; }
  text { fill: currentColor; } .dim { opacity: 0.7; } .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: currentColor; opacity: 0.15; } .axis { stroke: currentColor; opacity: 0.6; }
  .line { fill: none; stroke: #0969da; stroke-width: 1.5; opacity: 0.75; }
  .point { fill: #0969da; } .interval { stroke: #0969da; stroke-width: 1.5; }
  @media (prefers-color-scheme: dark) {
    svg { color: #e6edf3; background: #0d1117; }
    .line, .interval { stroke: #58a6ff; } .point { fill: #58a6ff; }
  }
"""
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width">
<title>{title}</title>
<style>
  body {{ margin: 1.5rem; background: #ffffff; }} svg {{ max-width: 100%; height: auto; }}
  @media (prefers-color-scheme: dark) {{ body {{ background: #0d1117; }} }}
</style>
</head>
<body>
{svg}
</body>
</html>
"""


def svg(series: MetricSeries) -> str:
    """Return the plot as an SVG document.

    Args:
        series: at least one point.
    """
    ends = [end for point in series.points for end in (point.value, point.low, point.high) if end is not None]
    axis = axis_over(ends, 6)
    parts = [
        *_heading(series),
        *_y_axis(axis),
        *_x_axis(series),
        *_line(series, axis),
        *(_interval(series, axis, index, point) for index, point in enumerate(series.points)),
        *_marks(series, axis),
    ]
    body = "\n".join(part for part in parts if part)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" width="{_WIDTH:g}" '
        f'height="{_HEIGHT:g}" role="img" aria-labelledby="title about">\n<style>{_STYLE}</style>\n{body}\n</svg>\n'
    )


def page(series: MetricSeries) -> str:
    """Return the plot as an HTML page that loads nothing and runs nothing."""
    return _PAGE.format(title=_text(_title(series)), svg=svg(series))


def _heading(series: MetricSeries) -> list[str]:
    values = [point.value for point in series.points]
    about = f"{len(values)} values from {min(values):.6g} to {max(values):.6g}"
    bars = any(point.low is not None and point.high is not None for point in series.points)
    notes = ["Bars are intervals."] if bars else []
    notes += [f"{series.without} without this metric."] if series.without else []
    return [
        f'<title id="title">{_text(_title(series))}</title>',
        f'<desc id="about">{_text(about)}</desc>',
        f'<text class="title" x="{_LEFT:g}" y="22">{_text(_title(series))}</text>',
        f'<text class="dim" x="{_WIDTH - _RIGHT:g}" y="22" text-anchor="end">{_text(" ".join(notes))}</text>',
    ]


def _y_axis(axis: Axis) -> list[str]:
    lines = []
    for tick in axis.ticks:
        y = _y(axis, tick)
        lines += [
            f'<line class="grid" x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{y:.1f}" y2="{y:.1f}"/>',
            f'<text class="dim" x="{_LEFT - 8:g}" y="{y + 4:.1f}" text-anchor="end">{_text(axis.label(tick))}</text>',
        ]
    return lines


def _x_axis(series: MetricSeries) -> list[str]:
    count = len(series.points)
    floor = _HEIGHT - _BOTTOM
    lines = [f'<line class="axis" x1="{_LEFT:g}" x2="{_WIDTH - _RIGHT:g}" y1="{floor:g}" y2="{floor:g}"/>']
    longest = max(len(point.label) for point in series.points)
    shown = min(count, next((most for fits, most in _LABELS if longest <= fits), _FEWEST_LABELS))
    ends = {} if longest <= _LABELS[-1][0] or shown == 1 else {0: "start", shown - 1: "end"}
    for number in range(shown):
        index = 0 if shown == 1 else round(number * (count - 1) / (shown - 1))
        anchor = ends.get(number, "middle")
        x, label = _x(index, count), _text(series.points[index].label)
        lines.append(f'<text class="dim" x="{x:.1f}" y="{floor + 18:g}" text-anchor="{anchor}">{label}</text>')
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    lines.append(f'<text x="{middle:g}" y="{floor + 40:g}" text-anchor="middle">{_text(series.along)}</text>')
    return lines


def _line(series: MetricSeries, axis: Axis) -> list[str]:
    count = len(series.points)
    places = [f"{_x(index, count):.1f},{_y(axis, point.value):.1f}" for index, point in enumerate(series.points)]
    return [f'<polyline class="line" points="{" ".join(places)}"/>'] if count > 1 else []


def _interval(series: MetricSeries, axis: Axis, index: int, point: PlotPoint) -> str:
    if point.low is None or point.high is None:
        return ""
    x, low, high = _x(index, len(series.points)), _y(axis, point.low), _y(axis, point.high)
    path = f"M{x:.1f} {low:.1f}V{high:.1f}M{x - _CAP:.1f} {low:.1f}h{2 * _CAP:g}M{x - _CAP:.1f} {high:.1f}h{2 * _CAP:g}"
    return f'<path class="interval" d="{path}"/>'


def _marks(series: MetricSeries, axis: Axis) -> list[str]:
    count = len(series.points)
    if count > _MOST_MARKS:
        return []
    return [
        f'<circle class="point" cx="{_x(index, count):.1f}" cy="{_y(axis, point.value):.1f}" r="3.5">'
        f"<title>{_text(_said(point))}</title></circle>"
        for index, point in enumerate(series.points)
    ]


def _said(point: PlotPoint) -> str:
    interval = f" ({point.low:.6g} to {point.high:.6g})" if point.low is not None and point.high is not None else ""
    return f"{point.label}: {point.value:.6g}{interval}"


def _title(series: MetricSeries) -> str:
    return f"{series.metric} of {series.title}" if series.title else series.metric


def _x(index: int, count: int) -> float:
    left, right = _LEFT + 10, _WIDTH - _RIGHT - 10
    return (left + right) / 2 if count == 1 else left + (right - left) * index / (count - 1)


def _y(axis: Axis, value: float) -> float:
    return _TOP + (1.0 - axis.part(value)) * (_HEIGHT - _BOTTOM - _TOP)


def _text(text: str) -> str:
    # XML has no control characters, not even escaped ones
    return escape("".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text), {'"': "&quot;"})
