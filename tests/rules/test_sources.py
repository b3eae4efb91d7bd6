"""What the source of a cell tells about its outputs."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pressrun.records.cells import Cell
from pressrun.rules.sources import cell_facts, python_of

Make = Callable[..., Cell]


def facts(cell: Make, *sources: str) -> list[set[str]]:
    cells = [cell(source, index=index) for index, source in enumerate(sources)]
    return [set(found) for found in cell_facts(cells).values()]


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("print(datetime.now())", {"clock"}),
        ("print(dt.datetime.utcnow().isoformat())", {"clock"}),
        ("pd.Timestamp.today()", {"clock"}),
        ("print(time.strftime('%Y'))", {"clock"}),
        ("!date", {"clock"}),
        ("!ls -la", {"clock"}),
        ("df.day.dt.strftime('%Y')", set()),
        ("pd.to_datetime(x).strftime('%Y')", set()),
        ("now = 3\nprint(now)", set()),
        ("t = row.time()", set()),
        ("time.time()", {"timer", "timer-output"}),
        ("perf_counter()", {"timer", "timer-output"}),
        ("%timeit f()", set()),
        ("%%time\nf()", set()),
        ("hashlib.md5(b'x').hexdigest()", {"hashing"}),
        ("os.getpid()", {"process"}),
        ("%prun f()", {"profiler"}),
        ("!pip install a\n!pip3 install b", {"installer"}),
        ("%pip install a", {"installer"}),
        ("!pip install a\nimport a", set()),
        ("x = (", set()),
        ("%%bash\necho hi; date", {"clock"}),
        ("%%bash\necho update", set()),
    ],
)
def test_a_cell_is_known_by_its_code(cell: Make, source: str, found: set[str]) -> None:
    assert facts(cell, source) == [found]


def test_a_time_is_followed_through_names_and_functions(cell: Make) -> None:
    found = facts(
        cell,
        "import time\nstart = time.time()",
        "elapsed = time.time() - start",
        "print(f'{elapsed:.1f}')",
        "def fit():\n    t = time.time()\n    print(t)",
        "fit()",
    )
    assert found[2] == {"timer", "timer-output"}
    assert "timer" in found[4]


def test_a_value_that_depends_on_a_time_is_data(cell: Make) -> None:
    found = facts(cell, "today = date.today()", "age = f(today, df.birth)", "age.mean()")
    assert found[2] == set()


def test_a_name_that_is_given_another_value_is_no_time_any_more(cell: Make) -> None:
    assert facts(cell, "start = time.time()", "start = 5", "print(start)")[2] == set()


def test_a_score_beside_a_time_is_not_taken_for_a_time(cell: Make) -> None:
    assert "timer-output" not in facts(cell, "s = time.time()\nprint(time.time() - s)\nprint(score)")[0]
    assert "timer-output" not in facts(cell, "s = time.time()\nprint(time.time() - s)\nmodel.score(X, y)")[0]


def test_logging_anywhere_concerns_the_whole_notebook(cell: Make) -> None:
    assert all("logging" in found for found in facts(cell, "import logging", "fit()"))


@pytest.mark.parametrize(
    ("body", "python"),
    [
        ("%%time\nx = 1", "pass\nx = 1"),
        ("%%html\n<b>", ""),
        ("files = !ls\nx = %pwd", "files = None\nx = None"),
        ("df?", "pass"),
        ("if a:\n    !rm x", "if a:\n    pass"),
    ],
)
def test_ipython_lines_are_blanked(body: str, python: str) -> None:
    assert python_of(body) == python
