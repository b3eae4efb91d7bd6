"""An overview as HTML for front ends and as text for terminals.

The HTML holds no script, no id and no address; sections open and close by themselves. It takes its colours from
JupyterLab, Notebook 7 or VS Code; a state is always a sign and a word as well. Everything from outside is escaped.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pressrun.interfaces.escaping import escaped, shown
from pressrun.interfaces.panel_view.shape import SIGNS, Overview, Row, Section

OPEN: Final = frozenset({"Steps", "Replay"})

# three fallbacks deep: JupyterLab and Notebook 7; VS Code; what the reader prefers
_STYLE: Final = """\
.pressrun-panel{--g:#1a7f37;--b:#0969da;--a:#8a5a00;--r:#c21f2b;max-width:72em;margin:2px 0;overflow-wrap:anywhere;
color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));
font:var(--jp-ui-font-size1,13px)/1.5 var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif));
border:1px solid var(--jp-border-color1,var(--vscode-panel-border,currentColor));padding:6px 10px}
@media(prefers-color-scheme:dark){.pressrun-panel{--g:#3fb950;--b:#4493f8;--a:#d29922;--r:#ff7b72}}
.pressrun-good{--c:var(--vscode-testing-iconPassed,var(--g))}
.pressrun-busy{--c:var(--vscode-editorInfo-foreground,var(--b))}
.pressrun-attention{--c:var(--vscode-editorWarning-foreground,var(--a))}
.pressrun-bad{--c:var(--vscode-editorError-foreground,var(--r))}
.pressrun-quiet{--c:inherit}
[data-jp-theme-light=true] .pressrun-panel{--g:#1a7f37;--b:#0969da;--a:#8a5a00;--r:#c21f2b}
[data-jp-theme-light=false] .pressrun-panel{--g:#3fb950;--b:#4493f8;--a:#d29922;--r:#ff7b72}
.pressrun-panel i{color:var(--c);font-style:normal;font-weight:bold}
.pressrun-panel summary{cursor:pointer;min-height:24px}
.pressrun-panel table{border-collapse:collapse;margin:0 0 6px!important;font-size:inherit!important;width:100%}
.pressrun-panel tr{background:none!important}
.pressrun-panel :is(td,th){text-align:left!important;vertical-align:baseline!important;line-height:1.5!important;
padding:1px 12px 1px 0!important;border:0!important;max-width:none!important;white-space:normal!important}
.pressrun-panel th{font-weight:normal!important}
"""


def html_of(overview: Overview) -> str:
    """Return an overview as HTML."""
    todo = f"<div>{escaped(overview.todo)}</div>" if overview.todo else ""
    notes = "".join(f"<div>! {escaped(note)}</div>" for note in overview.notes)
    sections = "".join(_section(section) for section in overview.sections)
    return (
        f'<div class="pressrun-panel" role="group" aria-label="{escaped(f"pressrun: {overview.title}")}">'
        f"<style>{_STYLE}</style><div><b>{escaped(overview.title)}</b></div>"
        f'<div class="pressrun-{overview.tone}"><i aria-hidden="true">{SIGNS[overview.tone]}</i> '
        f"{escaped(overview.state)}</div>{todo}{sections}{notes}</div>"
    )


def _section(section: Section) -> str:
    beside = f" · {escaped(section.summary)}" if section.summary else ""
    rows = "".join(map(_row, section.rows))
    body = f'<table aria-label="{section.title}">{rows}</table>' if rows else f"<div>{escaped(section.empty)}</div>"
    opened = " open" if section.title in OPEN else ""
    return f"<details{opened}><summary><b>{section.title}</b>{beside}</summary>{body}</details>"


def _row(row: Row) -> str:
    said = " · ".join(escaped(one) for one in row.said)
    sign = f'<i aria-hidden="true">{SIGNS[row.tone]}</i> {escaped(row.state)}' if row.state else ""
    return (
        f'<tr class="pressrun-{row.tone}"><td>{sign}</td><th scope="row">{escaped(row.name)}</th>'
        f"<td>{escaped(row.place)}</td><td>{said}</td></tr>"
    )


def text_of(overview: Overview) -> str:
    """Return an overview as text."""
    return "\n".join(_lines(overview))


def _lines(overview: Overview) -> Iterator[str]:
    yield f"pressrun: {shown(overview.title)}"
    yield f"{SIGNS[overview.tone]} {shown(overview.state)}"
    if overview.todo:
        yield f"  {shown(overview.todo)}"
    for section in overview.sections:
        yield f"{section.title}{f' ({shown(section.summary)})' if section.summary else ''}"
        if not section.rows:
            yield f"  {shown(section.empty)}"
        yield from _columns(section)
    for note in overview.notes:
        yield f"! {shown(note)}"


def _columns(section: Section) -> Iterator[str]:
    rows = [(f"{SIGNS[row.tone]} {shown(row.state)}" if row.state else "", row) for row in section.rows]
    first = max((len(state) for state, _ in rows), default=0)
    second = max((len(shown(row.name)) for _, row in rows), default=0)
    for state, row in rows:
        said = [shown(one) for one in (row.place, *row.said) if one]
        yield f"  {state:<{first}}  {shown(row.name):<{min(second, 40)}}  {' · '.join(said)}".rstrip()
