"""Everything together: an inspection, its problems, and the time it takes."""

import json
import time
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.errors import DeclarationError
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import cells_of, read_notebook
from pressrun.records.cells import Inspection, Notebook
from pressrun.records.digest import digest_text

EXAMPLES = sorted((Path(__file__).parents[2] / "example_notebooks").glob("*.ipynb"))


def inspected(*sources, **cell_fields):
    cells = [s if isinstance(s, dict) else {"cell_type": "code", "source": s, **cell_fields} for s in sources]
    return inspect_notebook(
        Notebook(path="nb.ipynb", digest=digest_text(""), nbformat=(4, 5), language="python", kernel="python3",
                 cells=cells_of({"cells": cells}))
    )  # fmt: skip


def problems(*sources, **fields):
    return [(p.level, p.cell, p.line, p.message) for p in inspected(*sources, **fields).problems]


PROBLEMS = [
    ([], ("error", None, None, "the notebook has no cells: there is nothing to run")),
    (["", "# words"], ("error", None, None, "no cell holds code: there is nothing to run")),
    (["x = 1", "print 'a'"], ("warning", 1, 1, "no valid Python: a print statement: this is Python 2")),
    (["%%register step a\nx = 1\ny = = 2"], ("warning", 0, 3, "no valid Python: invalid syntax")),
    (["%%register parameters\nn = = 1"], ("error", 0, 2, "no valid Python: invalid syntax")),
    (["%%register skip\nx = 1", "y = 2\nprint(x)"],
     ("error", 1, 2, "needs 'x', which only the skipped cell 0 defines")),
    (["print(x)", "x = 1"], ("warning", 0, 1, "uses 'x', which is first defined later, in cell 1")),
    (["threshold = 1", "print(treshold)"],
     ("warning", 1, 1, "uses 'treshold', which no cell defines; did you mean 'threshold'?")),
    (["%%register parameters\na = 1", "%%register parameters\nb = a", "print(a, b)"],
     ("error", 1, None, "cell 0 is declared 'parameters' already; a notebook has one parameters cell")),
    (["%%register step a\nx = 1", "y = 1", "%%register step a\nz = 1"],
     ("error", 2, None, "step 'a' is declared in cell 0 already, with other steps between")),
    (["# %%register step a\nx = 1"],
     ("warning", 0, 1, "'# %%register' declares nothing; write '# %register' or '%%register'")),
    (["%%register model m --object modle\nmodel = 1"],
     ("error", 0, None, "--object names 'modle', which neither this cell nor an earlier one defines; "
                        "did you mean 'model'?")),
    (["%%register model m --sample rows\nmodel = 1"],
     ("error", 0, None, "--sample names 'rows', which neither this cell nor an earlier one defines")),
    (["%%register model m --predict clf.predict\nmodel = 1"],
     ("error", 0, None, "--predict names 'clf', which neither this cell nor an earlier one defines")),
    (["%%register parameters\nn = 1", "n = 2\nprint(n)"],
     ("warning", 1, None, "parameter 'n' is bound again in cell 1: a given value ends there")),
    (["%%register parameters\nn = 1\nm = 2", "print(m)"], ("note", 0, 2, "parameter 'n' is used by no later cell")),
    (["exec('x = 1')"], ("note", 0, None, "the dataflow may be incomplete: exec() may define names")),
]  # fmt: skip


@pytest.mark.parametrize(("sources", "expected"), PROBLEMS, ids=[row[1][3][:40] for row in PROBLEMS])
def test_a_problem_is_told_with_its_place(sources, expected):
    assert problems(*sources) == [expected]


FINE = [
    ["x = 1", "print(x)"],
    ["%%register skip\nx = 1", "x = 2\nprint(x)"],
    ["x = 0", "%%register skip\nx = 1", "print(x)"],
    ["%%register skip\nx = 1", "%%register skip\nprint(x)"],
    ["def f():\n    return later", "later = 1", "f()"],
    ["from x import *", "print(anything)"],
    ["%run setup.py", "print(anything)"],
    ["for _ in range(3):\n    print(_)", "display(1)", "In[1]"],
    ["try:\n    x\nexcept NameError:\n    x = 1"],
    ["%%register model m --predict score\ndef score(x):\n    return x"],
    ["%%register model m --predict predict\nmodel = 1"],
    ["if False:\n    x = 1\nprint(x)"],
    ["print(__name__, __doc__)"],
    ["ols = df = 1", "ols('y ~ C(x)', df)"],
]


@pytest.mark.parametrize("sources", FINE, ids=[" | ".join(row)[:60] for row in FINE])
def test_what_may_be_right_is_no_problem(sources):
    assert [p for p in problems(*sources) if p[0] != "note"] == []


def test_a_name_from_a_skipped_cell_is_only_a_warning_where_the_dataflow_is_blind():
    found = problems("from x import *", "%%register skip\na = 1", "print(a)")
    assert ("warning", 2, 1, "needs 'a', which only the skipped cell 1 defines") in found


def test_shared_ids_and_outputs_of_papermill_are_told():
    cells = [
        {"cell_type": "code", "source": "x = 1", "id": "a"},
        {"cell_type": "code", "source": "print(x)", "id": "a"},
    ]
    assert problems(*cells) == [("warning", 0, None, "cells 0, 1 share the id 'a'")]
    injected = {"cell_type": "code", "source": "x = 1", "metadata": {"tags": ["injected-parameters"]}}
    assert "injected by papermill" in problems(injected, "print(x)")[0][3]


def test_an_injected_cell_does_not_count_as_binding_parameters_again():
    injected = {"cell_type": "code", "source": "n = 2", "metadata": {"tags": ["injected-parameters"]}}
    found = problems("%%register parameters\nn = 1", injected, "print(n)")
    assert [(p[0], p[1]) for p in found] == [("warning", 1)]


def test_errors_come_before_warnings_and_notes():
    levels = [p[0] for p in problems("%%register skip\nx = 1", "print(y)", "print(x)", "exec('')")]
    assert levels == ["error", "warning", "note"]


def test_an_inspection_survives_json():
    found = inspected("%%register parameters\nn: int = 3  # rows\nhalf = n // 2", "print(n, half)")
    assert msgspec.json.decode(msgspec.json.encode(found), type=Inspection) == found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_have_no_problem_of_level_error(path):
    found = inspect_notebook(read_notebook(path))
    assert [p for p in found.problems if p.level == "error"] == []
    assert found.steps


def test_a_notebook_of_a_thousand_cells_is_inspected_in_less_than_two_seconds():
    body = "import numpy as np\ndf{0} = np.zeros({0})\nfor i in range(3):\n    df{0}[i] = df{1}.sum()\n"
    sources = [body.format(n, max(0, n - 1)) for n in range(1000)]
    start = time.process_time()
    found = inspected(*sources)
    assert len(found.steps) == 1000
    assert time.process_time() - start < 2


@given(
    st.lists(
        st.text() | st.text(alphabet="abx=1%\n !#registepam\"'()[]:,.").map("%%register parameters\n".__add__),
        max_size=4,
    )
)
def test_any_cells_are_inspected_or_refused(sources):
    try:
        found = inspected(*sources)
    except DeclarationError:
        return
    assert json.loads(msgspec.json.encode(found.steps)) is not None
