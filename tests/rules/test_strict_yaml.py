"""One meaning only: what YAML could mean twice, or build by itself, is refused with its line."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.errors import UsageError
from pressrun.rules.strict_yaml import MAX_DEPTH, load_yaml


@pytest.fixture(params=["libyaml", "python"])
def loader(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Read with libyaml, and as where PyYAML was built without it."""
    if request.param == "python":
        monkeypatch.delattr(yaml, "CSafeLoader")
    return str(request.param)


PLAIN = [
    ("12", 12),
    ("-0.5", -0.5),
    ("1.5e3", 1500.0),
    ("true", True),
    ("~", None),
    ("''", ""),
    ("no", "no"),
    ("on", "on"),
    ("012", "012"),
    ("0x1f", "0x1f"),
    ("1_000", "1_000"),
    ("12:30:45", "12:30:45"),
    ("2026-01-31", "2026-01-31"),
    ("'12'", "12"),
    ("'true'", "true"),
    ("=", "="),
]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("written", "expected"), PLAIN, ids=[written for written, _ in PLAIN])
def test_a_plain_scalar_is_a_number_true_false_null_or_text(written: str, expected: Any) -> None:
    found = load_yaml(f"a: {written}", "f").value["a"]
    assert (expected, type(expected)) == (found, type(found))


REFUSED = [
    ("a: 1\nb: 2\na: 3", "f:3", "the key 'a' stands here and in line 1"),
    ("a: &x 1", "f:1", "the anchor &x is not allowed"),
    ("a: &x [1]\nb: *x", "f:1", "the anchor &x is not allowed"),
    ("b: *x", "f:1", "alias"),
    ("a: {<<: {b: 1}}", "f:1", "the merge key << is not allowed"),
    ("x: 1\na: !!python/object/apply:os.system [id]", "f:2", "python/object/apply:os.system is not allowed"),
    ("a: !!str 1", "f:1", "tag:yaml.org,2002:str is not allowed"),
    ("a: ! 1", "f:1", "the tag ! is not allowed"),
    ("a: !secret x", "f:1", "the tag !secret is not allowed"),
    ("%TAG ! tag:yaml.org,2002:python/\n---\na: !name:os.system x", "f:3", "is not allowed"),
    ("a: 1\n---\nb: 2", "f:2", "a second document begins here"),
    ("1: a", "f:1", "the key '1' is not text"),
    ("true: a", "f:1", "the key 'true' is not text"),
    ("? [a, b]\n: c", "f:1", "a key must be text"),
    ("a: .nan", "f:1", ".nan is no number"),
    ("a: -.inf", "f:1", "-.inf is no number"),
    ("a: 1e999", "f:1", "1e999 is too large a number"),
    (f"a: {'9' * 21}", "f:1", "an integer has more than 20 digits"),
    ("a: [1, 2", "f:1", "it is no YAML"),
    ("a: 1\n\tb: 2", "f:2", "it is no YAML"),
    ("a: \x00", "f", "it is no YAML"),
]


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize(("text", "where", "what"), REFUSED, ids=[text[:24] for text, _, _ in REFUSED])
def test_what_could_mean_something_else_is_refused_with_its_line(text: str, where: str, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        load_yaml(text, "f")
    assert what in str(refused.value)
    assert refused.value.where == where


@pytest.mark.usefixtures("loader")
@pytest.mark.parametrize("text", ['a: "\\ud800"', "a: \ud800", "\ud800: a"])
def test_half_a_surrogate_pair_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        load_yaml(text, "f")


def test_every_value_and_key_knows_its_line() -> None:
    document = load_yaml("people:\n  - id: ana\n    emails: [a@x,\n      b@x]\n  -\n    id: ben\n", "m.yaml")
    assert document.at("people", 0, "id") == "m.yaml:2"
    assert document.at("people", 0, "emails") == "m.yaml:3"
    assert document.at("people", 0, "emails", 1) == "m.yaml:4"
    assert document.at("people", 1, "id") == "m.yaml:6"
    # what is not there is shown at what it would be in
    assert document.at("people", 0, "team") == "m.yaml:2"


@pytest.mark.parametrize(
    "text",
    ["[" * 200_000, "- " * 200_000, "{a: " * 100_000, "- a\n" * 400_000, "a" * (5 << 20), "'" + "a\n" * 2_000_000],
    ids=["lists", "dashes", "mappings", "values", "long", "open-quote"],
)
def test_a_huge_document_is_refused_within_two_seconds(text: str) -> None:
    begun = time.process_time()
    with pytest.raises(UsageError):
        load_yaml(text, "f")
    assert time.process_time() - begun < 2.0


def test_nesting_is_allowed_up_to_the_limit_and_no_deeper() -> None:
    assert load_yaml("[" * MAX_DEPTH + "]" * MAX_DEPTH, "f").value
    with pytest.raises(UsageError, match="nested more than"):
        load_yaml("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1), "f")


# YAML folds lines inside quotes, and knows fewer characters than JSON
_TEXTS = st.text(st.characters(exclude_categories=["Cc", "Cf", "Cn", "Cs", "Zl", "Zp"]), max_size=8)
_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**18), 10**18) | _TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_TEXTS, inner, max_size=4),
    max_leaves=12,
)


@given(_VALUES)
@settings(max_examples=150)
def test_json_reads_as_what_it_is(value: Any) -> None:
    assert load_yaml(json.dumps(value, ensure_ascii=False), "f").value == value


@given(st.text(alphabet="ab01 \n:-[]{}'\"#&*!|>%@`,?~.<", max_size=40))
@settings(max_examples=300)
def test_any_text_is_read_or_refused_in_one_way(text: str) -> None:
    try:
        found = load_yaml(text, "f")
    except UsageError:
        return
    assert json.loads(json.dumps(found.value)) == found.value
