"""The step graph: which cells are one step, its name, what it needs and provides, what it comes after."""

import pytest

from pressrun.notebook.dataflow import flows_of
from pressrun.notebook.read import cells_of
from pressrun.notebook.steps import steps_of


def steps(*sources):
    cells = cells_of({"cells": [s if isinstance(s, dict) else {"cell_type": "code", "source": s} for s in sources]})
    return steps_of(cells, flows_of(cells))


def shape(*sources):
    return [(step.name, step.kind, step.cells) for step in steps(*sources)]


def test_without_declarations_every_cell_with_code_is_a_step():
    markdown = {"cell_type": "markdown", "source": "# T"}
    assert shape("a = 1", markdown, "", "# only a comment", "b = a") == [
        ("cell-0", "step", (0,)),
        ("cell-4", "step", (4,)),
    ]


def test_neighbouring_cells_of_one_kind_and_name_are_one_step():
    assert shape("%%register step a\nx = 1", "%%register a\ny = x", "z = y", "%%register step b\nw = z") == [
        ("a", "step", (0, 1)),
        ("cell-2", "step", (2,)),
        ("b", "step", (3,)),
    ]


def test_text_and_empty_and_skipped_cells_do_not_part_a_step():
    text = {"cell_type": "markdown", "source": "words"}
    assert shape("%%register a\nx = 1", text, "", "%%register skip\nprint(x)", "%%register a\ny = x") == [
        ("a", "step", (0, 4))
    ]


def test_unnamed_neighbours_stay_apart():
    assert shape("%%register report\nprint(1)", "%%register report\nprint(2)") == [
        ("cell-0", "report", (0,)),
        ("cell-1", "report", (1,)),
    ]


def test_names_shared_by_two_kinds_are_told_apart():
    names = [
        step.name
        for step in steps("%%register data churn\nx = 1", "%%register model churn\ny = x", "%%register report\ny")
    ]
    assert names == ["data-churn", "model-churn", "cell-2"]


def test_names_are_unique_also_without_regard_to_case():
    names = [step.name for step in steps("%%register step a\nx = 1", "y = 1", "%%register step A\nz = 1")]
    assert names == ["a", "cell-1", "A-2"]


def test_skipped_cells_are_left_out_of_the_graph():
    found = steps("df = load()", "%%register skip\ndf['x'] = 1", "y = df")
    assert [(step.name, step.needs, step.after) for step in found] == [
        ("cell-0", (), ()),
        ("cell-2", ("df",), ("cell-0",)),
    ]


def test_needs_and_provides_meet():
    a, b, c = steps("x = 1\ny = 2\nunused = 3", "z = x", "print(z + y)")
    assert (a.needs, a.provides, a.after) == ((), ("x", "y"), ())
    assert (b.needs, b.provides, b.after) == (("x",), ("z",), ("cell-0",))
    assert (c.needs, c.provides, c.after) == (("z", "y"), (), ("cell-0", "cell-1"))


def test_a_step_comes_after_the_last_one_that_changed_what_it_needs():
    found = steps("df = load()", "df['x'] = 1", "df['y'] = 2", "print(df)")
    assert [step.after for step in found] == [(), ("cell-0",), ("cell-1",), ("cell-2",)]
    assert [step.provides for step in found] == [("df",), ("df",), ("df",), ()]


def test_a_step_that_may_leave_a_name_as_it_was_passes_it_on():
    found = steps("x = 1\nc = 2", "if c:\n    x = 3", "print(x)")
    assert (found[1].needs, found[1].provides) == (("c", "x"), ("x",))
    assert found[2].after == ("cell-1",)


def test_a_loop_variable_that_nobody_uses_later_is_not_passed_on():
    found = steps("for i in range(n):\n    a = i", "for i in range(n):\n    print(i)")
    assert found[1].needs == ()


def test_names_inside_one_step_are_not_its_needs():
    found = steps("x = 1", "%%register a\ny = x", "%%register a\nz = y", "print(z)")
    assert (found[1].needs, found[1].provides) == (("x",), ("z",))


def test_imports_are_no_needs_but_settings_of_a_module_come_first():
    found = steps("import numpy as np", "np.random.seed(0)", "x = np.zeros(3)", "y = x")
    assert [(step.needs, step.after) for step in found] == [
        ((), ()),
        ((), ()),
        ((), ("cell-1",)),
        (("x",), ("cell-2",)),
    ]


def test_what_a_called_function_reads_is_a_need():
    found = steps("k = 1", "def f():\n    return k", "y = f()")
    assert found[2].needs == ("f", "k")


def test_everything_comes_after_a_cell_that_may_define_anything():
    found = steps("from x import *", "y = something")
    assert found[1].after == ("cell-0",)


def test_a_deleted_name_is_not_handed_on():
    found = steps("x = 1", "del x", "print(x)")
    assert found[2].needs == ()


@pytest.mark.parametrize("sources", [(), ("",), ("%%register skip\nx = 1",), ("x = = 1",)])
def test_notebooks_without_a_graph_have_steps_too(sources):
    assert len(steps(*sources)) == (1 if "x = = 1" in sources else 0)
