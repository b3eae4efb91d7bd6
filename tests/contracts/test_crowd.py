"""Many processes at one journal, some of them killed: nothing acknowledged is lost, nothing is there twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
sys.path.insert(0, str(Path(__file__).parent.parent / "servers"))

from crowd import crowd
from postgres import postgres, postgres_server  # noqa: F401 - fixtures


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_crowd_with_killed_writers_leaves_dense_versions_and_every_acknowledged_one(kind, tmp_path, request):
    location = str(tmp_path / "journal.db") if kind == "sqlite" else request.getfixturevalue("postgres")
    writers = 8 if kind == "sqlite" else 4  # each of PostgreSQL's spends a second importing its libraries
    found = crowd(location, tmp_path / "journal.key", writers=writers, promotions=10, kills=writers // 2)
    assert found["acknowledged"] == writers * 10
    assert {fault: found[fault] for fault in ("lost", "duplicates", "gaps", "wrong_checkpoints")} == {
        "lost": 0,
        "duplicates": 0,
        "gaps": 0,
        "wrong_checkpoints": 0,
    }
    assert found["kills"] == writers // 2
