"""Telling nondeterminism from drift."""

import pytest

from pressrun.records.comparison import Comparison, OutputComparison, ValueComparison
from pressrun.rules.varying import REASON, leave_out, unequal_cells, unequal_values, worst


def output(cell, sameness):
    return OutputComparison(cell=cell, output=0, mime="text/plain", sameness=sameness)


def metric(name, sameness):
    return ValueComparison(name=name, kind="metric", sameness=sameness)


COMPARISON = Comparison(
    sameness="different",
    outputs=(output(1, "identical"), output(4, "different"), output(2, "missing"), output(3, "not-compared")),
    values=(metric("auc", "different"), metric("n", "identical")),
)


def test_unequal_cells_and_values_are_named():
    assert unequal_cells(COMPARISON) == (2, 4)
    assert unequal_values(COMPARISON) == ("auc",)


def test_what_is_left_out_is_said_to_be_not_compared_with_the_reason():
    left = leave_out(COMPARISON, [2, 4], ["auc"])
    assert [(o.cell, o.sameness, o.reason) for o in left.outputs if o.reason] == [
        (4, "not-compared", REASON),
        (2, "not-compared", REASON),
    ]
    assert left.sameness == "identical"
    assert left.same


def test_leaving_out_one_of_two_differences_is_not_enough():
    assert not leave_out(COMPARISON, [4], ["auc"]).same


def test_an_equal_output_of_a_varying_cell_stays_equal():
    assert leave_out(COMPARISON, [1]).outputs[0].sameness == "identical"


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], "identical"),
        (["not-compared"], "not-compared"),
        (["not-compared", "identical"], "identical"),
        (["identical", "normalised"], "normalised"),
        (["within-tolerance", "normalised"], "within-tolerance"),
        (["identical", "extra"], "different"),
        (["missing"], "different"),
    ],
)
def test_the_whole_is_as_good_as_its_worst_part(parts, expected):
    assert worst([output(i, sameness) for i, sameness in enumerate(parts)]) == expected
