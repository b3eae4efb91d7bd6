"""Journals in files, for the tests of the journal's databases."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from pressrun.store.journal.open import open_journal

sys.path.insert(0, str(Path(__file__).parent))

from drafts import KEY, draft


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def filled(path):
    """A journal of three entries and a checkpoint, closed."""
    with open_journal(path, KEY) as journal:
        journal.append([draft(1), draft(2), draft(3)], after=0, checkpoint=True)
    return path
