"""The ``%%register`` grammar, held to the shared fixture and to properties."""

import json
from pathlib import Path

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pressrun.errors import DeclarationError
from pressrun.notebook.grammar import (
    NAMED_KINDS,
    OPTIONS,
    commented_out_line,
    neutral_source,
    parse_declaration,
    parse_words,
    render_declaration,
)
from pressrun.records.cells import KINDS, Declaration

FIXTURE = Path(__file__).parent.parent / "fixtures" / "declarations.json"
PAIRS = json.loads(FIXTURE.read_text(encoding="utf-8"))["pairs"]

register_like = st.lists(
    st.sampled_from(
        ["%%register", "%register", "# %register", *KINDS, "--object", "--entity", "=", "x", "'", '"', "\\", " ", "\n",
         "\r\n", "\t", "#", "%load_ext pressrun", '"""', "(", ")", "é", "\u2028", "\x00", "\ud800"]
    )
).map("".join)  # fmt: skip
any_source = st.text() | register_like
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,20}", fullmatch=True).filter(
    lambda name: name.lower() not in {"con", "nul", "aux", "prn"} and not name.startswith("cell-")
    and not name.lower().startswith(("com", "lpt"))
)  # fmt: skip
identifiers = st.from_regex(r"[a-z_][a-z0-9_]{0,9}", fullmatch=True).filter(
    lambda name: name not in {"as", "if", "in", "is", "or"}
)


def test_the_fixture_is_large_and_has_no_claim_twice():
    claims = [pair["claim"] for pair in PAIRS]
    assert len(claims) >= 80
    assert len(set(claims)) == len(claims)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair["claim"])
def test_every_pair_of_the_shared_fixture_holds(pair):
    cell, expected = pair["cell"], pair["expected"]
    tags = cell["metadata"].get("tags", [])
    if expected is None or "error" not in expected:
        declared = parse_declaration(cell["source"], cell["metadata"], tags)
        assert expected == msgspec.to_builtins(declared)
        return
    with pytest.raises(DeclarationError) as caught:
        parse_declaration(cell["source"], cell["metadata"], tags, cell=4)
    assert expected["error"] in caught.value.what
    assert expected.get("hint", "") in caught.value.remedy
    assert caught.value.where.startswith("cell 4, ")
    if "line" in expected:
        assert caught.value.where == f"cell 4, line {expected['line']}"


def test_every_kind_appears_in_the_fixture_in_every_spelling_it_can_have():
    seen = {
        (p["expected"]["kind"], p["expected"]["spelling"]) for p in PAIRS if p["expected"] and "kind" in p["expected"]
    }
    assert {kind for kind, _ in seen} == set(KINDS)
    assert {spelling for _, spelling in seen} == {"cell-magic", "line-magic", "comment", "metadata", "tag"}


@given(any_source)
@example("%%register step a\\")
@example("# %register \x00")
def test_any_source_is_parsed_or_refused_with_a_declaration_error(source):
    try:
        declared = parse_declaration(source, {}, ())
    except DeclarationError:
        return
    assert declared is None or declared.kind in KINDS


@given(any_source)
@example("x\r\n%register step a\r\n")
def test_the_neutral_source_has_as_many_lines_and_is_neutral(source):
    neutral = neutral_source(source)
    assert neutral.count("\n") == source.count("\n")
    assert neutral_source(neutral) == neutral


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["kind", "name", "options", "x"]), inner, max_size=4)
        ),
        max_leaves=8,
    )
)
def test_any_metadata_is_parsed_or_refused_with_a_declaration_error(value):
    try:
        parse_declaration("x = 1", {"pressrun": {"register": value}}, ())
    except DeclarationError as refused:
        where = refused.where
    else:
        return
    assert where == "metadata pressrun.register"


@st.composite
def declarations(draw):
    kind = draw(st.sampled_from(KINDS))
    name = draw(names) if kind in NAMED_KINDS else None
    options = {}
    for option in OPTIONS.get(kind, ()):
        if draw(st.booleans()):
            column = st.text(min_size=1).filter(lambda text: text.strip() and not text.startswith("--"))
            options[option] = draw(column if option in {"entity", "time"} else identifiers)
    return Declaration(kind=kind, name=name, options=options)


@given(declarations())
def test_a_declaration_that_is_rendered_is_read_back_equal(declaration):
    assert parse_words(render_declaration(declaration)) == declaration


@pytest.mark.parametrize(
    ("source", "neutral"),
    [
        ("%%register step a\nx = 1", "\nx = 1"),
        ("\n%register step a\nx = 1", "\n\nx = 1"),
        ("%%register step a\r\nx = 1\r\n", "\r\nx = 1\r\n"),
        ("# %register step a\nx = 1", "# %register step a\nx = 1"),
        ("%%register model m\n%%time\nfit()", "\n%%time\nfit()"),
        ("%load_ext pressrun", "# %load_ext pressrun"),
        ("%reload_ext pressrun  # ours", "# %reload_ext pressrun  # ours"),
        ("import x\n%load_ext pressrun\n%load_ext sql", "import x\n# %load_ext pressrun\n%load_ext sql"),
        ("if x:\n    %load_ext pressrun", "if x:\n    pass  # %load_ext pressrun"),
        ("%load_ext pressruns", "%load_ext pressruns"),
        ('t = """\n%load_ext pressrun\n"""', 't = """\n%load_ext pressrun\n"""'),
        ("!echo it's\n%load_ext pressrun", "!echo it's\n# %load_ext pressrun"),
        ("x = 1", "x = 1"),
    ],
)
def test_only_our_own_magics_are_neutralised(source, neutral):
    assert neutral == neutral_source(source)


def test_a_commented_out_declaration_is_found():
    assert commented_out_line("\n# %%register step a\nx = 1") == 2
    assert commented_out_line("# %register step a") is None
    assert commented_out_line("") is None
