"""One function a step: when, and that it gives the same."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

STEPS = (
    ("n = 3  # rows\nscale = n * 2", "parameters"),
    "%%register data rows\nimport os\nimport math\nFACTOR = 10\nrows = list(range(n))",
    "%%register step scaled\n# scale them\ndef by(x):\n    return x * FACTOR\n\n"
    "scaled = [by(x) * scale for x in rows]\nscaled",
    "total = sum(scaled)\nfor r in rows:\n    total += math.sqrt(r)\nprint(round(total, 3))",
    "scaled.append(1)\nlen(scaled)",
    "%%register check enough\nassert len(scaled) == n + 1",
)


def _functions(text: str) -> list[str]:
    return [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]


def test_steps_become_functions_that_give_the_same(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """The two structures agree on every output, parameters overridden or not."""
    made = make(*STEPS)
    functions, linear = made.program("functions"), made.program("linear")
    assert functions.structure == "functions"
    assert _functions(functions.text)[1:] == [
        "by", "parameters", "load_rows", "scaled_step", "cell_3", "cell_4", "check_enough", "main",
    ]  # fmt: skip
    assert "rows = load_rows(n)" in functions.text
    for words in ([], ["--n", "5"]):
        one, other = run(functions, *words), run(linear, *words)
        assert one.code == 0, one.stderr
        assert one.results == other.results


def test_imports_functions_and_constants_move_to_module_level(make: Callable[..., Any]) -> None:
    """What depends on nothing else needs no passing around."""
    body = ast.parse(make(*STEPS).program("functions").text).body
    imported = {alias.name for node in body if isinstance(node, ast.Import) for alias in node.names}
    assigned = {node.targets[0].id for node in body if isinstance(node, ast.Assign) and hasattr(node.targets[0], "id")}
    assert {"os", "math"} <= imported
    assert "FACTOR" in assigned


def test_a_heading_names_a_step(make: Callable[..., Any]) -> None:
    """An untouched notebook gives readable names where its author wrote headings."""
    markdown = {"cell_type": "markdown", "source": "## 2. Load the data", "metadata": {}}
    made = make("x = 1", markdown, "y = x + 1", "y")
    assert "def load_the_data(x):" in made.program("functions").text


LINEAR = [
    (["def f():\n    return x", "x = 1", "f()"], "f() in cell 0 reads x, which a later step sets"),
    (["x = 1", "class A:\n    y = x", "A.y"], "class A in cell 1 depends on data"),
    (["x = 1", "exec('y = 2')", "y"], "exec() may define names"),
    (["x = 1", "globals()['y'] = 2", "y"], "globals() may define names"),
    (["n = 0", "def f():\n    global n\n    n += 1", "f()\nn"], "rebinds a global name"),
    (["list = [1]", "list"], "rebinds the builtin list"),
    (["import random\nif random.random() > 2:\n    x = 1", "y = 1", "if y > 1:\n    x"], "x is set in some cases only"),
    (["x = 1"], "single step"),
    (["from math import *", "sqrt(4)"], "import *"),
    (["x = 1", "%run helper.py", "x"], "globals()"),
]


@pytest.mark.parametrize(("cells", "reason"), LINEAR)
def test_what_could_change_its_meaning_stays_linear_and_says_why(
    make: Callable[..., Any], cells: list[str], reason: str
) -> None:
    """Never a guess."""
    source = make(*cells).program("functions")
    assert source.structure == "linear"
    assert any(note.startswith("pipeline.py is linear: ") and reason in note for note in source.notes), source.notes


def test_settings_stay_before_the_imports_that_they_are_for(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """``sys.path`` and ``os.environ`` are changed first, as in the notebook."""
    made = make("import os, sys\nsys.path.append('lib')\nos.environ['MODE'] = 'x'", "import tool\ntool.mode", "1")
    source = made.program("functions")
    assert source.structure == "functions"
    found = run(source, project={"lib/tool.py": "import os\nmode = os.environ['MODE']\n"})
    assert found.cell(1)["shown"] == ["'x'"], found.stderr


def test_a_step_is_not_called_as_a_variable(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Otherwise the second call would call the variable."""
    made = make("%%register step total\ntotal = 1", "%%register step main\nmain = total + 1", "main")
    source = made.program("functions")
    assert _functions(source.text)[1:] == ["total_step", "main_step", "cell_2", "main"]
    assert run(source).cell(2)["shown"] == ["2"]


def test_names_in_queries_are_passed_to_the_step(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """pandas looks them up in the calling function."""
    made = make("import pandas as pd\ndf = pd.DataFrame({'a': [1, 2, 3]})", "low = 2", "len(df.query('a >= @low'))")
    source = made.program("functions")
    assert source.structure == "functions"
    assert run(source).cell(2)["shown"] == ["2"]
