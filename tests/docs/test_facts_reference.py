"""The reference of facts lists every name that a policy can use."""

from pathlib import Path

from pressrun.rules.evidence.names import FACTS, FUTURE_FACTS
from pressrun.rules.evidence.reference import fact_tables

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "facts.md"


def test_the_page_ends_with_the_tables_of_all_facts():
    text = PAGE.read_text(encoding="utf-8")
    assert fact_tables() == text[text.index("## From the bundle") :]


def test_no_name_is_listed_twice():
    names = [*(fact.name for fact in FACTS), *FUTURE_FACTS]
    assert sorted(set(names)) == sorted(names)
