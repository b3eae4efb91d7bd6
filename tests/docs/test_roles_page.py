"""The page about roles shows the table that decides."""

from __future__ import annotations

from pathlib import Path

from pressrun.records.people import ROLES
from pressrun.rules.access import roles_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "roles.md"


def test_the_page_holds_the_table_as_the_code_has_it() -> None:
    """Write the table anew from ``roles_table()`` when it changes."""
    assert roles_table() in PAGE.read_text(encoding="utf-8")


def test_the_page_explains_every_role() -> None:
    """In a row of its own."""
    text = PAGE.read_text(encoding="utf-8")
    assert [role for role in ROLES if f"| `{role}` |" not in text] == []
