"""What saved execution counts tell."""

import pytest

from pressrun.records.cells import Cell
from pressrun.records.digest import digest_text
from pressrun.rules.hidden_state import count_findings


def notebook(*counts):
    return [
        Cell(index=i, id=None, type="code", source="x", body="x", digest=digest_text("x"), execution_count=count)
        for i, count in enumerate(counts)
    ]


@pytest.mark.parametrize("counts", [(), (None, None), (1, 2, 3), (4, 5, 6), (1, None, 2)])
def test_a_run_from_top_to_bottom_gives_no_finding(counts):
    assert count_findings(notebook(*counts)) == ()


def test_a_cell_that_ran_after_a_later_one_is_named():
    assert count_findings(notebook(1, 3, 2)) == ("cell 1 was run after cell 2 (counts 3 and 2)",)


def test_counts_that_no_cell_holds_are_named():
    assert count_findings(notebook(1, 2, 5)) == ("no cell holds the counts 3, 4: cells were run again or deleted",)


def test_many_missing_counts_are_shortened():
    assert count_findings(notebook(1, 20))[0].startswith("no cell holds the counts 2, 3, 4, 5, 6 and more")
