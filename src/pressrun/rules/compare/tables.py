"""DataFrames as tables: schema first, then values.

Reads the HTML that pandas and polars write (``<table class="dataframe">``) into columns, index and values, so that a
difference can be named by column and row.
"""

from __future__ import annotations

import re

import msgspec

from pressrun.rules.compare.markup import Token, read_markup

_SPAN_LIMIT = 10_000
_CELL_LIMIT = 4_000_000
_DATAFRAME = re.compile(r"<table[^>]{0,300}\bdataframe\b")
_TABLE = re.compile(r"<table\b")
_TIME_KEY = re.compile(r"(?:(?:mean|std)_(?:fit|score)_time|(?:fit|score)_time|refit_time_?)")
_FLOAT = re.compile(r"\s*[0-9][0-9.]{0,24}(?:e[+-]?[0-9]{1,3})?\s*")
_CELL = re.compile(r"<t([hd])\b[^<>]*>([^<]*)")
_DURATION = "«duration»"


class Table(msgspec.Struct, frozen=True):
    """A table as a reader sees it.

    Attributes:
        columns: the header of each value column, one text a level.
        index: the row label of each row, one text a level.
        names: header texts above the index: the names of the index levels.
        rows: the values as text.
        about: text below or above the table: the shape line.
    """

    columns: tuple[tuple[str, ...], ...]
    index: tuple[tuple[str, ...], ...]
    names: tuple[tuple[str, ...], ...]
    rows: tuple[tuple[str, ...], ...]
    about: str


class _Cell(msgspec.Struct, frozen=True):
    text: str
    head: bool


def holds_dataframe(html: str) -> bool:
    """Whether the HTML is one DataFrame and nothing else that is a table."""
    return _DATAFRAME.search(html) is not None and len(_TABLE.findall(html, 0)) == 1


def read_table(html: str) -> Table | None:
    """Read the table, None where it is too irregular to be one."""
    header, body, about = _rows_of(read_markup(html))
    header_grid, body_grid = _grid(header), _grid(body)
    if header_grid is None or body_grid is None:
        return None
    width = max((len(row) for row in (*header_grid, *body_grid)), default=0)
    if any(len(row) != width for row in (*header_grid, *body_grid)):
        return None
    levels = max((_leading_heads(row) for row in body_grid), default=_leading_blanks(header_grid))
    return Table(
        columns=tuple(tuple(row[c].text for row in header_grid) for c in range(levels, width)),
        index=tuple(tuple(cell.text for cell in row[:levels]) for row in body_grid),
        names=tuple(tuple(cell.text for cell in row[:levels]) for row in header_grid),
        rows=tuple(tuple(cell.text for cell in row[levels:]) for row in body_grid),
        about=about,
    )


def _leading_heads(row: list[_Cell]) -> int:
    return next((i for i, cell in enumerate(row) if not cell.head), len(row))


def _leading_blanks(header: list[list[_Cell]]) -> int:
    return min((next((i for i, cell in enumerate(row) if cell.text), 0) for row in header), default=0)


_Row = list[tuple[_Cell, int, int]]  # cell, rows it spans, columns it spans


def _rows_of(tokens: list[Token]) -> tuple[list[_Row], list[_Row], str]:
    """Return header rows, body rows, and the text outside the table."""
    header: list[_Row] = []
    body: list[_Row] = []
    about: list[str] = []
    in_header, in_table, in_style = False, False, False
    cell: list[str] | None = None
    for token in tokens:
        if token.kind == "start":
            in_table = in_table or token.value == "table"
            in_header = in_header or token.value == "thead"
            in_style = in_style or token.value in {"style", "script"}
            if token.value == "tr":
                (header if in_header else body).append([])
            elif token.value in {"td", "th"}:
                cell = []
                rows = header if in_header else body
                if rows:
                    spans = dict(token.attributes)
                    rows[-1].append((_Cell("", token.value == "th"), _span(spans, "rowspan"), _span(spans, "colspan")))
        elif token.kind == "end":
            in_table = in_table and token.value != "table"
            in_header = in_header and token.value != "thead"
            in_style = in_style and token.value not in {"style", "script"}
            if token.value in {"td", "th"} and cell is not None:
                rows = header if in_header else body
                if rows and rows[-1]:
                    last, down, right = rows[-1][-1]
                    rows[-1][-1] = (_Cell(" ".join(cell), last.head), down, right)
                cell = None
        elif cell is not None:
            cell.append(token.value)
        elif not in_table and not in_style:
            about.append(token.value)
    return header, body, " ".join(about)


def _span(attributes: dict[str, str], name: str) -> int:
    value = attributes.get(name, "1")
    return min(int(value), _SPAN_LIMIT) if value.isdecimal() and len(value) < 9 and int(value) else 1


def _grid(rows: list[_Row]) -> list[list[_Cell]] | None:
    """Lay cells out, repeating a cell over the rows and columns that it spans."""
    grid: list[list[_Cell]] = []
    hanging: dict[int, tuple[_Cell, int]] = {}
    cells = 0
    for row in rows:
        line: list[_Cell] = []
        pending = iter(row)
        current = next(pending, None)
        while current is not None or len(line) in hanging:
            column = len(line)
            if column in hanging:
                held, left = hanging.pop(column)
                line.append(held)
                if left > 1:
                    hanging[column] = (held, left - 1)
                continue
            assert current is not None
            new, down, right = current
            for offset in range(right):
                line.append(new)
                if down > 1:
                    hanging[column + offset] = (new, down - 1)
            cells += right
            current = next(pending, None)
            if cells > _CELL_LIMIT:
                return None
        grid.append(line)
    return grid


def mask_time_columns(html: str, hits: list[str]) -> str:
    """Mask how long fitting and scoring took in the tables that scikit-learn and pandas write.

    Columns and rows headed ``mean_fit_time`` and so on, and the fitted attribute ``refit_time_``. A column of data that
    merely ends in ``_time`` is left alone.

    Args:
        html: an HTML representation.
        hits: the masked texts are appended.
    """
    if not _TIME_KEY.search(html):
        return html
    volatile: set[int] = set()  # positions counted from the right: a spanned index shifts those from the left
    rows = html.split("</tr>")
    for number, row in enumerate(rows):
        cells = list(_CELL.finditer(row))
        if "<table" in row:
            volatile = set()
        if all(cell.group(1) == "h" for cell in cells):
            named = {len(cells) - i for i, cell in enumerate(cells) if _TIME_KEY.fullmatch(cell.group(2).strip())}
            volatile = named or volatile
            continue
        whole_row = "_time" in row and _names_time(row)
        wanted = [
            cell
            for i, cell in enumerate(cells)
            if cell.group(1) == "d" and (whole_row or len(cells) - i in volatile) and _FLOAT.fullmatch(cell.group(2))
        ]
        hits.extend(cell.group(2).strip() for cell in wanted)
        rows[number] = _with_durations(row, wanted)
    return "</tr>".join(rows)


def _names_time(row: str) -> bool:
    texts = (part.split("<", 1)[0].strip() for part in row.split(">"))
    return any(_TIME_KEY.fullmatch(text) is not None for text in texts if text)


def _with_durations(row: str, cells: list[re.Match[str]]) -> str:
    for cell in reversed(cells):
        row = row[: cell.start(2)] + _DURATION + row[cell.end(2) :]
    return row
