import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.errors import UsageError
from pressrun.rules.query.parse import DEEPEST, MOST_COMPARISONS, parse_order, parse_query
from pressrun.rules.query.tokens import LONGEST_QUERY
from pressrun.rules.query.tree import All, Any, Compare, Exists, Like, Not, OneOf, Order

AUC = Compare("metrics.auc", "number", ">", 0.8)
ANA = Compare("owner", "text", "=", "ana")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.auc > 0.8", AUC),
        ("metrics.auc>.8e0", AUC),
        ("owner = ana", ANA),
        ("owner = 'ana'", ANA),
        ("NOT owner = ana", Not(ANA)),
        ("metrics.auc > 0.8 and owner = ana", All((AUC, ANA))),
        ("metrics.auc > 0.8 or owner = ana and owner = ana", Any((AUC, All((ANA, ANA))))),
        ("(metrics.auc > 0.8 or owner = ana) AND owner = ana", All((Any((AUC, ANA)), ANA))),
        ("not metrics.auc > 0.8 and owner = ana", All((Not(AUC), ANA))),
        ("params.n in (10, 20)", OneOf("params.n", "number", (10.0, 20.0))),
        ("params.n not in (10)", Not(OneOf("params.n", "number", (10.0,)))),
        ('params.n = "10"', Compare("params.n", "text", "=", "10")),
        ("params.flag = true", Compare("params.flag", "text", "=", "true")),
        ('name like "churn*"', Like("name", "churn*")),
        ("name not like churn*", Not(Like("name", "churn*"))),
        ("metrics.auc exists", Exists("metrics.auc")),
        ('metrics."val auc" > 0.8', Compare("metrics.val auc", "number", ">", 0.8)),
        ('metrics."in" > 0.8', Compare("metrics.in", "number", ">", 0.8)),
        ("metrics.auc@5 != -1", Compare("metrics.auc@5", "number", "!=", -1.0)),
        ("name = 12", Compare("name", "text", "=", "12")),
        ("registered >= 1970-01-02", Compare("registered", "number", ">=", 86400.0)),
        ('registered < "1970-01-01T01:00+01:00"', Compare("registered", "number", "<", 0.0)),
        ("live = production", Compare("live", "text", "=", "production")),
        (r'owner = "a \"b\" \\ c"', Compare("owner", "text", "=", 'a "b" \\ c')),
        ("owner = 'and'", Compare("owner", "text", "=", "and")),
        ("bundle = sha256:ab", Compare("bundle", "text", "=", "sha256:ab")),
    ],
)
def test_a_query_is_read_as_it_is_meant(text, expected):
    assert parse_query(text) == expected


def test_and_binds_more_tightly_than_or_and_not_most_of_all():
    expected = parse_query("((not (number = 1)) and number = 2) or number = 3")
    assert parse_query("not number = 1 and number = 2 or number = 3") == expected


WRONG = [
    ("metric.auc > 1", 1, "did you mean 'metrics.auc'?"),
    ("ownr = ana", 1, "did you mean 'owner'?"),
    ("metrics. > 1", 1, "a version has no 'metrics.'"),
    ("name = a and notebook = b", 14, "a version has no 'notebook'"),
    ("metrics.auc >> 1", 13, "is no comparison"),
    ("metrics.auc == 1", 13, "is no comparison"),
    ("metrics.auc > ", 15, "a value is missing"),
    ("metrics.auc > (1)", 15, "a value is missing"),
    ("metrics.auc > high", 15, "'high' is no number"),
    ("metrics.auc > 1e999", 15, "too large"),
    ("metrics.auc > nan", 15, "is no number"),
    ("metrics.auc > 1_000", 15, "is no number"),
    ('number = "3"', 10, "is no number"),
    ("registered > yesterday", 14, "no date or time"),
    ("params.n in (1, b)", 17, "numbers only or text only"),
    ("params.n in 1", 13, "a list in parentheses is missing"),
    ("params.n in ()", 14, "a value is missing"),
    ("params.n in (1 2)", 16, "a , or ) is missing"),
    ("(name = a", 1, "this parenthesis is not closed"),
    ("name = a)", 9, "one too many"),
    ("name = a name = b", 10, "one too many"),
    ("name = 'a", 8, "not closed"),
    (r"name = 'a\n'", 10, "backslash"),
    ("name = and", 8, "a value is missing before 'and'"),
    ("name", 5, "a comparison is missing"),
    ("name not = a", 10, "a comparison is missing"),
    ("not", 4, "a key is missing"),
    ("", 1, "a key is missing"),
    ("   ", 4, "a key is missing"),
    ("'name' = a", 1, "is no key"),
    ("live > a", 6, "knows =, !=, in, like and exists only"),
    ("name = a; DROP TABLE found", 11, "one too many"),
    ("name = a\x00", 9, "belongs into a string"),
    ("name = '\udc80'", 9, "no text"),
]


@pytest.mark.parametrize(("text", "character", "said"), WRONG, ids=[repr(text) for text, _, _ in WRONG])
def test_a_wrong_query_is_refused_at_the_character_that_is_wrong(text, character, said):
    with pytest.raises(UsageError) as refused:
        parse_query(text)
    assert said in refused.value.what
    first, shown, caret = refused.value.where.split("\n")
    assert first == f"character {character} of the query"
    if character <= len(text) and text[character - 1].isprintable():
        assert shown[caret.index("^")] == text[character - 1]


def test_keys_depend_on_what_is_asked_for():
    assert parse_query("notebook = churn", "run") == Compare("notebook", "text", "=", "churn")
    with pytest.raises(UsageError, match="a run has no 'owner'"):
        parse_query("owner = ana", "run")


def nested(depth):
    return "(" * depth + "number = 1" + ")" * depth


@pytest.mark.parametrize("text", [nested(DEEPEST), "not " * DEEPEST + "number = 1"])
def test_a_query_may_be_nested_a_hundred_levels_deep(text):
    assert parse_query(text)


@pytest.mark.parametrize("text", [nested(DEEPEST + 1), "not " * (DEEPEST + 1) + "number = 1", "(" * LONGEST_QUERY])
def test_a_deeper_one_is_refused(text):
    with pytest.raises(UsageError, match="nested deeper"):
        parse_query(text)


def test_more_comparisons_than_allowed_are_refused():
    assert parse_query(" or ".join(["number = 1"] * MOST_COMPARISONS))
    with pytest.raises(UsageError, match="more than 100 comparisons"):
        parse_query(" or ".join(["number = 1"] * (MOST_COMPARISONS + 1)))


HUGE = {
    "letters": "a" * 1_000_000,
    "parentheses": nested(10_000),
    "nots": "not " * 250_000,
    "quotes": "'" * 1_000_000,
    "backslashes": "name = '" + "\\" * 1_000_000,
    "blanks": " " * 1_000_000,
    "stars": "name like '" + "*a" * 500_000 + "'",
    "digits": "number = " + "9" * 1_000_000,
    "list": "number in (" + "1," * 500_000,
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_a_megabyte_is_refused_at_once(text):
    started = time.process_time()
    with pytest.raises(UsageError, match="characters, and"):
        parse_query(text)
    assert time.process_time() - started < 0.1


@pytest.mark.parametrize("text", [text[:LONGEST_QUERY] for text in HUGE.values()], ids=HUGE)
def test_the_longest_query_is_read_or_refused_quickly(text):
    started = time.process_time()
    with pytest.raises(UsageError) as refused:
        parse_query(text)
    assert time.process_time() - started < 0.1
    assert len(str(refused.value)) < 1_000


@given(st.text(st.sampled_from("nameotrik.<>=!()'\"\\, *1\x00\ud800é")) | st.text(max_size=60))
def test_any_text_is_read_or_refused_and_nothing_else(text):
    try:
        parse_query(text)
    except UsageError as refused:
        assert refused.what  # noqa: PT017 - both ways are right


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("metrics.auc", Order("metrics.auc", ("number",))),
        ("metrics.loss:asc", Order("metrics.loss", ("number",), descending=False)),
        ("registered:desc", Order("registered", ("number",))),
        ("owner:asc", Order("owner", ("text",), descending=False)),
        ('params."a:asc"', Order("params.a:asc", ("number", "text"))),
        ("params.a:b", Order("params.a:b", ("number", "text"))),
    ],
)
def test_what_to_sort_by_is_a_key_and_a_direction(text, expected):
    assert parse_order(text) == expected


@pytest.mark.parametrize("text", ["", "live", "metrics.auc desc", "nothing", "name; DROP TABLE found", "1", "name)"])
def test_what_is_no_key_cannot_be_sorted_by(text):
    with pytest.raises(UsageError):
        parse_order(text)
