"""DataFrames are compared as tables: schema first, then values."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pytest

from pressrun.records.comparison import OutputComparison
from pressrun.rules.compare.tables import read_table

HTML = "text/html"


def frame(columns: Sequence[str], rows: Sequence[Sequence[object]], shape: str = "") -> str:
    """Write a DataFrame as pandas does."""
    head = "".join(f"\n      <th>{c}</th>" for c in ("", *columns))
    body = "".join(
        f"\n    <tr>\n      <th>{row[0]}</th>" + "".join(f"\n      <td>{v}</td>" for v in row[1:]) + "\n    </tr>"
        for row in rows
    )
    return (
        "<div>\n<style scoped>\n    .dataframe tbody tr th {\n        vertical-align: top;\n    }\n</style>\n"
        '<table border="1" class="dataframe">\n  <thead>\n    <tr style="text-align: right;">'
        f"{head}\n    </tr>\n  </thead>\n  <tbody>{body}\n  </tbody>\n</table>\n{shape}</div>"
    )


BASE = frame(["price", "day", "name"], [[0, "1.50", "2024-03-01", "a"], [1, "2.00", "2024-03-02", "b"]])


def test_a_table_is_read_with_its_columns_index_and_values() -> None:
    table = read_table(BASE)
    assert table is not None
    assert table.columns == (("price",), ("day",), ("name",))
    assert table.index == (("0",), ("1",))
    assert table.rows == (("1.50", "2024-03-01", "a"), ("2.00", "2024-03-02", "b"))


def test_spanned_headers_and_indexes_are_laid_out() -> None:
    html = """<table border="1" class="dataframe"><thead>
      <tr><th></th><th></th><th colspan="2" halign="left">x</th></tr><tr><th></th><th></th><th>p</th><th>q</th></tr>
      <tr><th>i</th><th>j</th><th></th><th></th></tr></thead><tbody>
      <tr><th rowspan="2" valign="top">k</th><th>1</th><td>0</td><td>1</td></tr><tr><th>2</th><td>4</td><td>5</td></tr>
      </tbody></table>"""
    table = read_table(html)
    assert table is not None
    assert table.columns == (("x", "p", ""), ("x", "q", ""))
    assert table.names == (("", ""), ("", ""), ("i", "j"))
    assert table.index == (("k", "1"), ("k", "2"))
    assert table.rows == (("0", "1"), ("4", "5"))


@pytest.mark.parametrize(
    "broken", ['<table class="dataframe"><tr><td colspan=99999999999>', '<table class="dataframe">']
)
def test_a_damaged_table_is_read_or_refused_without_failing(broken: str) -> None:
    table = read_table(broken)
    assert table is None or table.rows in {(), ((),), (("",),)}


CHANGES = [
    ("price", "2.00", "2.0000000001", "within-tolerance", "values equal"),
    ("value", "2.00", "2.10", "different", "column 'price', row 1, by up to 0.048"),
    ("date", "2024-03-02", "2024-03-03", "different", "column 'day', row 1"),
    ("text", ">b<", ">c<", "different", "column 'name', row 1"),
    ("column", "<th>name</th>", "<th>label</th>", "different", "column 'name' gone; column 'label' new"),
    ("index", "<th>1</th>", "<th>7</th>", "different", "row '1' gone; row '7' new"),
    ("type", "2.00", "2", "different", "column 'price', row 1"),
]


@pytest.mark.parametrize(("what", "old", "new", "sameness", "reason"), CHANGES, ids=[c[0] for c in CHANGES])
def test_a_change_is_named_by_column_and_row(
    compare_one: Callable[..., OutputComparison], what: str, old: str, new: str, sameness: str, reason: str
) -> None:
    output = compare_one(HTML, BASE, BASE.replace(old, new))
    assert output.sameness == sameness
    assert output.reason.startswith(reason)


def test_a_date_in_a_table_is_data_even_where_the_cell_reads_the_clock(
    compare_one: Callable[..., OutputComparison],
) -> None:
    later = BASE.replace("2024-03-02", "2024-03-03")
    output = compare_one(HTML, BASE, later, source="start = datetime.now()\ndf")
    assert output.sameness == "different"
    assert (output.expected, output.found) == ("day[1] = 2024-03-02", "day[1] = 2024-03-03")


def test_rows_in_another_order_are_named_as_such(compare_one: Callable[..., OutputComparison]) -> None:
    rows = [["", "1.0", "a"], ["", "2.0", "b"]]
    output = compare_one(HTML, frame(["x", "y"], rows), frame(["x", "y"], rows[::-1]))
    assert (output.sameness, output.ordering) == ("different", True)
    assert output.reason == "the same rows in another order"


def test_columns_in_another_order_are_named_as_such(compare_one: Callable[..., OutputComparison]) -> None:
    output = compare_one(HTML, frame(["x", "y"], [[0, 1, 2]]), frame(["y", "x"], [[0, 2, 1]]))
    assert output.reason == "the same columns in another order"


def test_the_shape_line_counts(compare_one: Callable[..., OutputComparison]) -> None:
    left, right = (frame(["x"], [[0, 1]], f"<p>{n} rows \u00d7 1 columns</p>\n") for n in (100, 101))
    assert compare_one(HTML, left, right).reason == "the shape differs"


def test_fit_times_of_a_search_are_masked_by_their_column(compare_one: Callable[..., OutputComparison]) -> None:
    columns = ["mean_fit_time", "std_fit_time", "param_C", "mean_test_score"]
    left = frame(columns, [[0, "0.360661", "0.1", 1, "0.97"], [1, "0.28", "0.2", 10, "0.98"]])
    right = frame(columns, [[0, "0.1", "0.3", 1, "0.97"], [1, "0.2", "0.4", 10, "0.98"]])
    output = compare_one(HTML, left, right)
    assert output.sameness == "normalised"
    assert [(mask.rule, mask.count) for mask in output.masks] == [("fit-time", 8)]
    assert compare_one(HTML, left, right.replace("0.97", "0.96")).sameness == "different"


def test_a_column_that_merely_ends_in_time_is_data(compare_one: Callable[..., OutputComparison]) -> None:
    left, right = (frame(["dep_time"], [[0, value]]) for value in ("517.5", "533.5"))
    assert compare_one(HTML, left, right).sameness == "different"


def test_missing_values_are_one_between_different_environments(compare_one: Callable[..., OutputComparison]) -> None:
    left, right = (frame(["x", "y"], [[0, value, "1.0"]]) for value in ("NaN", "None"))
    assert compare_one(HTML, left, right).sameness == "different"
    assert compare_one(HTML, left, right, same_environment=False).sameness == "normalised"


def test_the_table_is_compared_rather_than_its_text(
    cell: Callable[..., object], shown: Callable[..., object], compare_one: Callable[..., OutputComparison]
) -> None:
    """pandas lays the text of a table out by the width of the screen."""
    from pressrun.rules.compare.notebooks import compare_cells

    left = cell("df", shown({"text/plain": "   price\n0   1.5", "text/html": BASE}))
    right = cell("df", shown({"text/plain": "price\n 0 1.5 ...", "text/html": BASE}))
    (output,) = compare_cells([left], [right]).outputs  # type: ignore[list-item]
    assert (output.mime, output.sameness) == ("text/html", "identical")
