"""What two sources disagree on, and who is believed."""

from __future__ import annotations

import pytest

from pressrun.rules.disagreement import Source, disagreements


def observed(name: str, *paths: str, whole: bool = False) -> Source:
    return Source(name=name, kind="observed", files=dict.fromkeys(paths, (1,)), whole=whole)


NAMED = Source(name="named", kind="named", files={"/p/a.csv": (3,)})
WATCHED = Source(name="watched", kind="watched", files={"/p/a.csv": ()})


@pytest.mark.parametrize("told", [NAMED, WATCHED])
def test_without_a_whole_source_what_nobody_observed_is_possibly_unseen(told: Source) -> None:
    (found,) = disagreements([observed("python"), told])
    assert (found.path, found.told_by, found.missed_by) == ("/p/a.csv", (told.name,), ("python",))


@pytest.mark.parametrize("told", [NAMED, WATCHED])
def test_what_a_whole_source_did_not_see_was_not_read(told: Source) -> None:
    assert disagreements([observed("python"), observed("tracer", whole=True), told]) == ()


@pytest.mark.parametrize("told", [NAMED, WATCHED])
def test_what_one_recorder_observed_is_recorded_and_not_unseen(told: Source) -> None:
    assert disagreements([observed("python", "/p/a.csv"), observed("other"), told]) == ()


def test_what_another_recorder_observed_shows_that_a_source_is_not_whole() -> None:
    (found,) = disagreements([observed("python", "/p/a.csv"), observed("tracer", whole=True), NAMED])
    assert (found.told_by, found.missed_by, found.cells) == (("python",), ("tracer",), (1,))


def test_cells_of_all_that_told_are_united_and_paths_are_in_order() -> None:
    also = Source(name="also", kind="named", files={"/p/a.csv": (1,), "/p/0.csv": ()})
    found = disagreements([observed("python"), NAMED, also])
    assert [(unseen.path, unseen.cells) for unseen in found] == [("/p/0.csv", ()), ("/p/a.csv", (1, 3))]
