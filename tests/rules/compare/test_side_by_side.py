"""Two texts beside each other: what differs stands in one line, what is equal for long is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.compare.side_by_side import CONTEXT, MAX_LINE, MAX_LINES, side_by_side


def shown(left, right):
    return [(line.kind, line.left, line.right) for line in side_by_side(left, right)[0]]


def test_a_changed_line_stands_beside_its_counterpart():
    assert shown("a\nb\nc", "a\nB\nc") == [("same", "a", "a"), ("changed", "b", "B"), ("same", "c", "c")]


def test_lines_that_one_side_alone_has():
    assert shown("a\nb", "a") == [("same", "a", "a"), ("removed", "b", None)]
    assert shown("a", "a\nb") == [("same", "a", "a"), ("added", None, "b")]
    assert shown(None, "b") == [("added", None, "b")]
    assert shown("b", None) == [("removed", "b", None)]
    assert shown("", "") == []


def test_long_equal_stretches_are_left_out_around_what_differs():
    left = [str(number) for number in range(30)]
    right = [*left[:15], "new", *left[15:]]
    found = shown("\n".join(left), "\n".join(right))
    assert [kind for kind, _, _ in found] == ["gap", *["same"] * CONTEXT, "added", *["same"] * CONTEXT, "gap"]
    assert (found[0][1], found[-1][1]) == ("12 equal lines", "12 equal lines")


def test_it_is_bounded_also_for_hostile_texts():
    lines, cut = side_by_side("a\n" * 200_000, "b\na\n" * 100_000)
    assert cut
    assert len(lines) <= 2 * MAX_LINES
    (line,), cut = side_by_side("x" * (MAX_LINE + 1), "x" * (MAX_LINE + 1))
    assert (cut, len(line.left or "")) == (True, MAX_LINE)


TEXTS = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=40).map("\n".join)


@given(TEXTS, TEXTS)
def test_both_texts_can_be_read_off_again(left, right):
    lines, cut = side_by_side(left, right)
    assert not cut
    sides = {"left": left.splitlines(), "right": right.splitlines()}
    for name, text in sides.items():
        position = 0
        for line in lines:
            if line.kind == "gap":
                position += int(str(line.left).partition(" ")[0])
            elif (value := getattr(line, name)) is not None:
                assert text[position] == value
                position += 1
        assert position == len(text)
