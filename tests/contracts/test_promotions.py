"""Many processes promote through one registry, some of them killed: what was acknowledged is so."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))

from postgres import postgres, postgres_server  # noqa: F401 - fixtures
from promotions import FAULTS, promote

PROCESSES = 6
PROMOTIONS = 5
KILLS = 3


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_promotions_by_a_crowd_with_killed_processes_are_all_there_once(kind, tmp_path, request, monkeypatch):
    """With a server in two projects, which do not see each other's locks."""
    if kind == "postgresql":
        monkeypatch.setenv("PRESSRUN_JOURNAL", request.getfixturevalue("postgres"))
        monkeypatch.setenv("PRESSRUN_OBJECTS", str(tmp_path / "objects"))
    projects = 2 if kind == "postgresql" else 1
    found = promote(tmp_path, processes=PROCESSES, promotions=PROMOTIONS, kills=KILLS, projects=projects)
    assert (found["acknowledged"], found["kills"]) == (PROCESSES * PROMOTIONS, KILLS)
    assert {fault: found[fault] for fault in FAULTS} == dict.fromkeys(FAULTS, 0)
