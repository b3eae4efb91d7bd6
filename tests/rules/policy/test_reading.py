"""A policy file is read strictly: what is not understood is told with its line and a hint."""

import pytest

from pressrun.errors import PolicyError, UsageError
from pressrun.rules.policy.read import read_policy

HEAD = 'policy: acme\nversion: "1"\nlevel: organisation\n'
CHECK = "  - {id: A, title: t, kind: at_least, fact: x, value: 1}\n"
BAD = [
    ("polcy: acme\n", "Did you mean 'policy'"),
    (HEAD + "format: 2\n", "this version reads 1"),
    (HEAD.replace('"1"', "1.10"), "must be in quotes"),
    (HEAD.replace("organisation", "organization"), "Did you mean 'organisation'"),
    (HEAD.replace("acme", "Acme Corp"), "no name for a policy"),
    (HEAD + "modes: {blok: '2026-01-01'}\n", "Did you mean 'block'"),
    (HEAD + "modes: {block: soon}\n", "is no day"),
    (HEAD + "modes: {block: '2026-13-01'}\n", "is no day"),
    (HEAD + "checks: 5\n", "must be a list"),
    (HEAD + "checks:\n  - 5\n", "must be a mapping"),
    (HEAD + "checks:\n" + CHECK + CHECK, "stands here and in line 5"),
    (HEAD + "checks:\n  - {id: A, title: t, value: 2}\n", "has no kind"),
    (HEAD + "checks:\n" + CHECK.replace("at_least", "at_lest"), "Did you mean 'at_least'"),
    (HEAD + "checks:\n" + CHECK.replace("value", "valeu"), "Did you mean 'value'"),
    (HEAD + "checks:\n" + CHECK.replace(", value: 1", ""), "must say 'value'"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: yes please"), "must be a number"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: true"), "must be a number"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: null"), "must be a number"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: .nan"), ""),
    (HEAD + "checks:\n" + CHECK.replace("id: A", "id: a b"), "no id of a check"),
    (HEAD + "checks:\n" + CHECK.replace("fact: x", "fact: x y"), "no name of a fact"),
    (HEAD + "checks:\n" + CHECK.replace("fact: x", "fact: 'x.*'"), "only 'each_at_least'"),
    (HEAD + "checks:\n" + CHECK.replace("fact: x, ", ""), "'fact' is missing"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, tiers: [strategc]"), "Did you mean 'strategic'"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, tiers: strategic"), "must be a list"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, waivable: maybe"), "must be true or false"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, team_may: {value: 3}"), "must be [low, high]"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, team_may: {value: [3, 1]}"), "is empty"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, team_may: {kind: [1, 2]}"), "not known here"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: within, fact: x, low: 3, high: 1}\n", "above high"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: one_of, fact: x, values: []}\n", "list that is not empty"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: statement}\n", "must say who states it"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: statement, who: [boss]}\n", "not known in 'who'"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: approvals, count: 1.5}\n", "whole number"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: approvals, count: 1, fact: x}\n", "looks at no fact"),
    (HEAD + "checks:\n" + CHECK.replace("value: 1", "value: 1, waiver_days: 0"), "number of days above 0"),
    (HEAD + "checks:\n  - {id: A, title: t, kind: custom, fact: lock.hashes}\n", "begins with 'custom.'"),
    (HEAD + "checks:\n" + CHECK.replace("title: t", 'title: "\\e[31m"'), "'title' holds a control character"),
    (HEAD + "checks:\n" + CHECK.replace("title: t", 'title: t, sources: ["\\e[31m"]'), "holds a control character"),
    (HEAD + "checks: [&a {id: A}, *a]\n", ""),
    (HEAD + "checks: !!python/object:os.system []\n", ""),
    (HEAD + "checks:\n  - {id: A, title: t, kind: required, fact: x, kind: is_true}\n", ""),
]


@pytest.mark.parametrize(("text", "said"), BAD)
def test_a_mistake_is_told_with_its_line_and_what_to_do(text, said):
    with pytest.raises(UsageError) as caught:
        read_policy(text, "acme.yaml")
    assert said in str(caught.value)
    assert caught.value.where.startswith("acme.yaml:")


def test_a_lower_level_changes_parameters_and_nothing_else():
    head = HEAD.replace("organisation", "team")
    read = read_policy(head + "checks:\n  - {id: A, value: 2}\n", "team.yaml")
    assert [(change.id, change.params) for change in read.changes] == [("A", {"value": 2})]
    for key in ("fact: y", "tiers: []", "environments: [staging]", "who: [author]", "waivable: true", "title: other"):
        with pytest.raises(PolicyError, match="not for a lower level to change"):
            read_policy(head + f"checks:\n  - {{id: A, {key}}}\n", "team.yaml")


def test_every_parameter_knows_the_line_that_set_it():
    text = HEAD + "checks:\n  - id: A\n    title: t\n    kind: within\n    fact: x\n    low: 1\n    high: 2\n"
    check = read_policy(text, "acme.yaml").checks[0]
    assert {name: str(origin) for name, origin in check.set_by.items()} == {
        "low": "acme 1 (acme.yaml:9)", "high": "acme 1 (acme.yaml:10)",
    }  # fmt: skip


def test_a_long_file_is_refused_before_it_is_parsed():
    with pytest.raises(UsageError, match="longer than"):
        read_policy(HEAD + "#" * (2 << 20), "acme.yaml")
