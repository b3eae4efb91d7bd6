"""A receipt as a reader meets it under a cell: JSON for programs, HTML for front ends, text for terminals.

One line where nothing is remarkable. Everything that comes from outside (file names, values, sentences) is escaped, and
what can't be printed is spelt out, so that neither markup nor control characters of a file's name reach a reader. The
HTML holds no script, no id and no address, and takes its colours from JupyterLab, Notebook 7 or VS Code. HTML and text
say no times, so that the same run twice gives the same receipt.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from pressrun.interfaces.cli.figures import size
from pressrun.interfaces.escaping import escaped, shown
from pressrun.interfaces.magics.sendable import data_of
from pressrun.records.live import CellReceipt, LiveFile

MIME: Final = "application/vnd.pressrun.receipt+json"
FEW_FILES: Final = 3  # more than these are folded away
MOST_FILES_JSON: Final = 200
MOST_FILES_HTML: Final = 50
MOST_FILES_TEXT: Final = 8
MOST_WORDS: Final = 12  # names, parameters or sentences of one sort
DIGEST_LENGTH: Final = 12  # hexadecimal digits

STATES: Final = {"too-large": "too large to digest", "pending": "not digested yet"}
USES: Final = {"read": "read", "write": "wrote", "read-write": "read, wrote"}
EXTERNAL: Final = {"http": "URL", "object-store": "object", "query": "query"}

# three fallbacks deep: JupyterLab and Notebook 7; VS Code; what the reader prefers
_STYLE: Final = """\
.pressrun-receipt{--o:#1a7f37;--n:#0969da;--w:#9a6700;--e:#cf222e;border-left:3px solid var(--c);padding:0 0 0 10px;
margin:2px 0;overflow-wrap:anywhere;color:var(--jp-ui-font-color1,var(--vscode-foreground,inherit));
font:var(--jp-ui-font-size1,13px)/1.5 var(--jp-ui-font-family,var(--vscode-font-family,system-ui,sans-serif))}
@media(prefers-color-scheme:dark){.pressrun-receipt{--o:#3fb950;--n:#4493f8;--w:#d29922;--e:#f85149}}
.pressrun-ok{--c:var(--jp-success-color1,var(--vscode-testing-iconPassed,var(--o)))}
.pressrun-new{--c:var(--jp-info-color1,var(--vscode-editorInfo-foreground,var(--n)))}
.pressrun-warn{--c:var(--jp-warn-color1,var(--vscode-editorWarning-foreground,var(--w)))}
.pressrun-bad{--c:var(--jp-error-color1,var(--vscode-editorError-foreground,var(--e)))}
.pressrun-receipt i{color:var(--c);font-style:normal;font-weight:bold}
.pressrun-receipt summary{cursor:pointer}
.pressrun-receipt small{font-size:1em;opacity:.75}
.pressrun-receipt code{font:.95em/1.5 var(--jp-code-font-family,var(--vscode-editor-font-family,monospace))!important;
color:inherit!important;background:none!important;padding:0!important}
.pressrun-receipt table{border-collapse:collapse;margin:0!important;font-size:inherit!important}
.pressrun-receipt tr{background:none!important}
.pressrun-receipt :is(td,th){text-align:left!important;vertical-align:baseline!important;line-height:1.5!important;
padding:0 12px 0 0!important;border:0!important;white-space:nowrap;max-width:none!important}
.pressrun-receipt th{min-width:5em;font-weight:normal!important;opacity:.75}
.pressrun-receipt th+td:not(:last-child){text-align:right!important}
.pressrun-receipt td:last-child{white-space:normal}
"""


class _State(NamedTuple):
    icon: str
    word: str
    tone: str
    rest: str


_NOT_STORED = _State("⚠", "not stored", "bad", ": the receipt below could not be kept on disk")
_FAILED = _State("✗", "failed", "bad", ": the cell raised an error")
_PARTIAL = _State("◐", "partial", "warn", ": not everything could be recorded")
_CHANGED = _State("↻", "changed", "new", " since last time")
_FIRST = _State("✓", "captured", "ok", " for the first time")
_UNCHANGED = _State("✓", "unchanged", "ok", " since last time")


class _Row(NamedTuple):
    use: str
    amount: str
    mark: str  # a short digest, a version, or why there is none
    full: str  # the whole digest
    what: str


def bundle_of(receipt: CellReceipt) -> dict[str, Any]:
    """Return a receipt by mime type, ready to be published as display data.

    Args:
        receipt: of one run of a registered cell. At most `MOST_FILES_JSON` of its files go into the JSON, which then
            says in ``left_out`` how many there are more.
    """
    return {MIME: _json(receipt), "text/html": _html(receipt), "text/plain": _text(receipt)}


def _json(receipt: CellReceipt) -> Any:
    record = data_of(msgspec.structs.replace(receipt, files=receipt.files[:MOST_FILES_JSON]))
    if len(receipt.files) > MOST_FILES_JSON:
        record["left_out"] = len(receipt.files) - MOST_FILES_JSON
    return record


def _text(receipt: CellReceipt) -> str:
    state = _state(receipt)
    lines = [f"pressrun: {shown(_title(receipt))} {state.word}{state.rest}"]
    remarks = _remarks(receipt)
    if state is _UNCHANGED and not remarks:
        return f"{lines[0]} ({_summary(receipt)})"
    rows = [_Row(*map(shown, row)) for row in _rows(receipt)]
    more = len(rows) - MOST_FILES_TEXT
    rows = rows[:MOST_FILES_TEXT]
    pairs = [(label, shown(said)) for label, said in (*remarks, *_facts(receipt))]
    first = max((len(word) for word in [*(row.use for row in rows), *(label for label, _ in pairs)]), default=0)
    second = max((len(row.amount) for row in rows), default=0)
    third = max((len(row.mark) for row in rows), default=0)
    told = [f"{label:<{first}}  {said}" for label, said in pairs]
    listed = [f"{row.use:<{first}}  {row.amount:>{second}}  {row.mark:<{third}}  {row.what}" for row in rows]
    listed += [f"{'':<{first}}  and {more} more"] if more > 0 else []
    return "\n  ".join([*lines, *told[: len(remarks)], *listed, *told[len(remarks) :]])


def _html(receipt: CellReceipt) -> str:
    state, remarks = _state(receipt), _remarks(receipt)
    kind, name = escaped(receipt.kind), escaped(receipt.name)
    title = f"{kind} <code>{name}</code>" if name else kind
    head = (
        f'<i aria-hidden="true">{state.icon}</i> {title} <b>{state.word}</b>{state.rest} '
        f"<small>· {escaped(_summary(receipt))}</small>"
    )
    rows = _rows(receipt)
    facts = _list(_facts(receipt))
    if state is _UNCHANGED and not remarks:
        body = _table(rows) + facts
        inner = f"<details><summary>{head}</summary>{body}</details>" if body else f"<div>{head}</div>"
    else:
        files = _table(rows)
        if len(rows) > FEW_FILES:
            what = "files and other sources" if receipt.external else "files"
            files = f"<details><summary>{len(rows)} {what}</summary>{files}</details>"
        inner = f"<div>{head}</div>{_list(remarks)}{files}{facts}"
    label = escaped(f"pressrun: {_title(receipt)} {state.word}")
    return (
        f'<div class="pressrun-receipt pressrun-{state.tone}" role="group" aria-label="{label}">'
        f"<style>{_STYLE}</style>{inner}</div>"
    )


def _table(rows: Sequence[_Row]) -> str:
    if not rows:
        return ""
    lines = []
    for row in rows[:MOST_FILES_HTML]:
        mark = escaped(row.mark)
        if row.full:
            mark = f'<code title="{escaped(row.full)}">{mark}</code>'
        cells = f"<td>{escaped(row.amount)}</td><td>{mark}</td><td><code>{escaped(row.what)}</code></td>"
        lines.append(f'<tr><th scope="row">{row.use}</th>{cells}</tr>')
    more = len(rows) - MOST_FILES_HTML
    rest = f"<div>and {more} more</div>" if more > 0 else ""
    return f'<table aria-label="files and other sources">{"".join(lines)}</table>{rest}'


def _list(pairs: Iterable[tuple[str, str]]) -> str:
    lines = "".join(f'<tr><th scope="row">{label}</th><td>{escaped(said)}</td></tr>' for label, said in pairs)
    return f"<table>{lines}</table>" if lines else ""


def _state(receipt: CellReceipt) -> _State:
    """Return the worst that is to be said."""
    if not receipt.stored:
        return _NOT_STORED
    if receipt.outcome == "failed":
        return _FAILED
    if receipt.outcome == "partial":
        return _PARTIAL
    if receipt.first:
        return _FIRST
    return _CHANGED if receipt.changed else _UNCHANGED


def _title(receipt: CellReceipt) -> str:
    return f"{receipt.kind} {receipt.name}".rstrip()


def _summary(receipt: CellReceipt) -> str:
    read = [file for file in receipt.files if file.mode != "write"]
    wrote = [file for file in receipt.files if file.mode != "read"]
    parts = []
    if read:
        parts.append(f"read {_count(len(read), 'file')}, {size(sum(file.size for file in read))}")
    if receipt.external:
        parts.append(f"{'' if read else 'read '}{_count(len(receipt.external), 'outside source')}")
    if wrote:
        parts.append(f"wrote {_count(len(wrote), 'file')}")
    blind = len(receipt.coverage.blind_spots) if receipt.coverage else 0
    if blind:
        parts.append(_count(blind, "blind spot"))
    if not receipt.files and not receipt.external:
        parts.insert(0, f"defines {_count(len(receipt.defined), 'name')}" if receipt.defined else "no files")
    return "; ".join(parts)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _rows(receipt: CellReceipt) -> list[_Row]:
    rows = []
    for read in receipt.external:
        amount = "" if read.rows is None else _count(read.rows, "row")
        full = read.result_digest or read.digest
        rows.append(_Row(EXTERNAL[read.kind], amount, read.version or _short(full), full, read.target))
    return rows + [_file_row(file) for file in receipt.files]


def _file_row(file: LiveFile) -> _Row:
    gone = file.state in ("gone", "unreadable")
    mark, full = (_short(file.digest), file.digest) if file.digest else (STATES.get(file.state, file.state), "")
    return _Row(USES[file.mode], "" if gone else size(file.size), mark, full, file.path)


def _short(digest: str) -> str:
    return digest.rpartition(":")[2][:DIGEST_LENGTH]


def _remarks(receipt: CellReceipt) -> list[tuple[str, str]]:
    """Return (label, sentence) of what a reader must not miss."""
    unseen = [
        f"{one.path}, told by {' and '.join(one.told_by)} only"
        for one in (receipt.coverage.unseen if receipt.coverage else ())
        if not any(one.path in note for note in receipt.notes)
    ]
    found = (("changed", receipt.changed), ("note", receipt.notes), ("unseen?", unseen))
    return [(label, sentence) for label, sentences in found for sentence in _some(sentences)]


def _facts(receipt: CellReceipt) -> Iterator[tuple[str, str]]:
    """Yield (label, text) of what else is known, where there is anything."""
    if receipt.defined:
        yield "defines", ", ".join(_some(receipt.defined))
    if receipt.parameters:
        yield "uses", ", ".join(_some([f"{name} = {value}" for name, value in receipt.parameters.items()]))
    if receipt.packages:
        yield "with", ", ".join(_some([f"{name} {version}" for name, version in receipt.packages.items()]))
    for sentence in _some(receipt.coverage.blind_spots if receipt.coverage else ()):
        yield "blind spot", sentence


def _some(words: Sequence[str]) -> Iterator[str]:
    yield from words[:MOST_WORDS]
    if len(words) > MOST_WORDS:
        yield f"and {len(words) - MOST_WORDS} more"
