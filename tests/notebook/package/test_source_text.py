"""Edits by position and indentation keep the author's text."""

import ast

import pytest

from pressrun.notebook.package.source_text import Edit, Positions, apply_edits, ends_with_semicolon, indent_code

TRICKY = '''\
x = """first
second"""
if x:
    y = f"""{
x}
tail"""
z = (1,
2)
'''


def test_indenting_leaves_the_inside_of_strings_alone() -> None:
    """Code inside an ``if`` means what it meant outside."""
    inside = ast.parse("if True:\n" + indent_code(TRICKY)).body[0]
    assert isinstance(inside, ast.If)
    assert [ast.dump(node) for node in inside.body] == [ast.dump(node) for node in ast.parse(TRICKY).body]


def test_positions_count_characters_where_python_counts_bytes() -> None:
    """A node after an umlaut is found where it stands."""
    text = "ä = 'ö'; b = c\n"
    node = ast.parse(text).body[1]
    assert Positions(text).source(node) == "b = c"


def test_an_edit_around_a_replaced_stretch_keeps_both() -> None:
    """Insertions at the ends of a replacement stay outside of it."""
    assert apply_edits("a + b", [Edit(0, 0, "f("), Edit(0, 1, "x"), Edit(5, 5, ")"), Edit(4, 5, "y")]) == "f(x + y)"


def test_what_lies_inside_a_replaced_stretch_is_dropped() -> None:
    """The outer edit wins."""
    assert apply_edits("abcdef", [Edit(1, 5, "-"), Edit(2, 3, "x")]) == "a-f"


@pytest.mark.parametrize(
    ("text", "expected"),
    [("x;", True), ("x; # why", True), ("x", False), ("x = ';'", False), ("x;\n# end\n", True), ("", False)],
)
def test_a_trailing_semicolon_is_seen_behind_comments(text: str, expected: bool) -> None:
    """A notebook shows nothing then."""
    assert ends_with_semicolon(text) is expected
