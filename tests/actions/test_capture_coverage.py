"""What a capture makes of a file that the source names, of look-ups, and of what sources disagree on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from pressrun.actions.capture import LITERAL, CaptureRequest, with_literal_paths
from pressrun.notebook.inputs import data_coverage, data_lookups, digest_files
from pressrun.notebook.read import read_notebook
from pressrun.notebook.statcache import StatCache
from pressrun.records.capture import Coverage, Environment, FailedLookup, FileAccess, Observation, UnseenInput
from pressrun.records.replay import Replay

ENVIRONMENT = Environment(
    python="3.11.0",
    implementation="cpython",
    platform="",
    machine="",
    executable="/v/bin/python",
    prefix="/v",
    base_prefix="/usr",
    site_paths=("/v/lib/python3.11/site-packages",),
)


def request(project: Path, level: Any, *files: FileAccess) -> CaptureRequest:
    cell = {"cell_type": "code", "id": "a", "metadata": {}, "outputs": [], "execution_count": None}
    cell["source"] = "if False:\n    print(open('named.csv'))"
    path = project / "nb.ipynb"
    path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}))
    (project / "named.csv").write_text("1")
    notebook = read_notebook(path)
    observation = Observation(
        coverage=Coverage(level=level, sources=("python-audit",)), files=files, working_directory=str(project)
    )
    replay = Replay(
        verdict="completed",
        source=notebook.digest,
        executed="",
        parameters={},
        cells=(),
        observation=observation,
    )
    return CaptureRequest(path=path, project=project, notebook=notebook, replay=replay)


def test_with_complete_coverage_a_file_that_was_named_and_not_opened_is_no_input(tmp_path: Path) -> None:
    wanted = request(tmp_path, "complete")
    assert with_literal_paths(wanted) is wanted.replay.observation


@pytest.mark.parametrize("level", ["python-only", "partial"])
def test_otherwise_it_is_taken_in_and_told_as_possibly_unseen(tmp_path: Path, level: str) -> None:
    seen = with_literal_paths(request(tmp_path, level))
    path = str(tmp_path / "named.csv")
    assert [access.path for access in seen.files] == [path]
    assert seen.coverage.level == level
    assert seen.coverage.unseen == (
        UnseenInput(path=path, told_by=(LITERAL,), missed_by=("python-audit",), cells=(0,)),
    )


def test_a_named_file_that_a_recorder_saw_is_no_question(tmp_path: Path) -> None:
    access = FileAccess(path=str(tmp_path / "named.csv"), mode="read", cells=(0,))
    seen = with_literal_paths(request(tmp_path, "python-only", access))
    assert seen.coverage.unseen == ()


def test_look_ups_and_unseen_inputs_are_kept_where_they_can_be_data(tmp_path: Path) -> None:
    paths = [str(tmp_path / "later.csv"), str(tmp_path / ".git" / "config"), "/opt/data/x.csv", "/etc/none", "/v/bin/x"]
    unseen = tuple(UnseenInput(path=path, told_by=("a",), missed_by=("b",)) for path in paths)
    observation = Observation(
        coverage=Coverage(level="partial", unseen=unseen), lookups=tuple(FailedLookup(path=path) for path in paths)
    )
    kept = [str(tmp_path / "later.csv"), "/opt/data/x.csv"]
    assert [one.path for one in data_lookups(observation, tmp_path, ENVIRONMENT)] == kept
    assert [one.path for one in data_coverage(observation, tmp_path, ENVIRONMENT).unseen] == kept


def test_a_program_is_an_input_only_where_it_lies_in_the_project(tmp_path: Path) -> None:
    project, other = tmp_path / "project", tmp_path / "home" / "bin"
    accesses = []
    for folder in (project, other):
        folder.mkdir(parents=True)
        (folder / "tool").write_text("#!/bin/sh\n")
        accesses.append(FileAccess(path=str(folder / "tool"), mode="read", cells=(0,), event="execve"))
    observation = Observation(coverage=Coverage(level="complete"), files=tuple(accesses))
    inputs, _ = digest_files(observation, project, ENVIRONMENT, cache=StatCache(), environ={"TMPDIR": "/nowhere"})
    assert [found.path for found in inputs] == ["tool"]
