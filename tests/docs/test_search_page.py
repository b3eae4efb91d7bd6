"""The pages on searching say what the program does."""

import re
from pathlib import Path

import pytest

from pressrun.rules.journal_index import LONGEST_KEY, LONGEST_TEXT
from pressrun.rules.query.keys import keys_of
from pressrun.rules.query.parse import DEEPEST, MOST_COMPARISONS, parse_order, parse_query
from pressrun.rules.query.tokens import LONGEST_QUERY

DOCS = Path(__file__).resolve().parents[2] / "docs"
REFERENCE = (DOCS / "reference" / "search.md").read_text(encoding="utf-8")
GUIDE = (DOCS / "how-to" / "versions.md").read_text(encoding="utf-8")
COMMANDS = re.findall(r"^pressrun (search|runs) (.*)$", REFERENCE + GUIDE, re.MULTILINE)


def queries():
    for verb, words in COMMANDS:
        kind = "run" if verb == "runs" or "--kind runs" in words else "version"
        yield from ((text, kind) for text in re.findall(r"'([^']*)'", words))


@pytest.mark.parametrize(("text", "kind"), list(queries()))
def test_every_query_that_is_shown_can_be_read(text, kind):
    assert parse_query(text, kind)


@pytest.mark.parametrize("key", [key for _, words in COMMANDS for key in re.findall(r"--sort (\S+)", words)])
def test_every_order_that_is_shown_can_be_read(key):
    assert parse_order(key)


def test_some_queries_are_shown():
    assert len(list(queries())) >= 8


@pytest.mark.parametrize(("kind", "title"), [("version", "Keys of versions"), ("run", "Keys of runs")])
def test_the_reference_lists_all_keys_and_no_others(kind, title):
    section = REFERENCE.split(f"## {title}\n")[1].split("\n## ")[0]
    listed = {
        key for line in re.findall(r"^\| (`.*?) \|", section, re.MULTILINE) for key in re.findall(r"`(.*?)`", line)
    }
    assert listed == set(keys_of(kind))


def test_the_reference_states_the_limits():
    for limit in (f"{LONGEST_QUERY:,} characters", f"{MOST_COMPARISONS} comparisons", f"{DEEPEST} levels",
                  f"first {LONGEST_TEXT} characters", f"key the first {LONGEST_KEY}"):  # fmt: skip
        assert limit in REFERENCE
