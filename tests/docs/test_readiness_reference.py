"""The page about readiness lists every check of the default policy as it is."""

from pathlib import Path

from pressrun.actions.documents import default_policy
from pressrun.rules.evidence.reference import readiness_table

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "readiness.md"


def test_the_page_ends_with_the_table_of_the_default_policys_checks():
    text = PAGE.read_text(encoding="utf-8")
    assert readiness_table(default_policy()) == text[text.index("| id | question |") :]
