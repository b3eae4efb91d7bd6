"""The lines that a kernel runs: the cell without its declaration, whatever the cell is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.notebook.declaration_lines import lines_to_run
from pressrun.notebook.grammar import neutral_source, parse_declaration

FRAGMENTS = st.sampled_from(
    ["%%register step a", "%register step a", "# %register a", "%%capture x", "%%register", "%register status", "", " ",
     "# remark", "x = 1", "%%registered", "  %%register x", "%%register?", "'''", "\t"]
)  # fmt: skip
TEXTS = st.one_of(
    st.lists(FRAGMENTS, max_size=8).map("\n".join),
    st.text(max_size=60),
    st.tuples(FRAGMENTS, st.text(max_size=40)).map("\n".join),
)


@given(TEXTS)
def test_only_declarations_are_taken_out_of_whatever_text(text):
    lines = text.splitlines(keepends=True)
    run = lines_to_run(list(lines))
    if len(run) == len(lines):
        taken = [line for line, kept in zip(lines, run, strict=True) if line != kept]
        assert all(not kept.strip() for line, kept in zip(lines, run, strict=True) if line != kept)
    else:
        assert run == lines[len(lines) - len(run) :]
        taken = [line for line in lines[: len(lines) - len(run)] if line.strip()]
        assert run[0].lstrip().startswith("%%")
    assert all("register" in line or line.lstrip().startswith("#") for line in taken)


@given(TEXTS)
def test_taking_out_twice_is_taking_out_once(text):
    once = lines_to_run(text.splitlines(keepends=True))
    if not any(line.lstrip().startswith("%%register") for line in once):
        assert lines_to_run(list(once)) == once


@given(st.lists(FRAGMENTS.filter(lambda line: "status" not in line and not line.startswith("#")), max_size=6))
def test_a_kernel_runs_what_a_replay_runs(lines):
    source = "\n".join(lines)
    live = "".join(lines_to_run(source.splitlines(keepends=True)))
    assert live.strip("\n \t") == neutral_source(source).strip("\n \t")


@pytest.mark.parametrize(
    ("cell", "run"),
    [
        ("%%register step a\nx", "\nx"),
        ("\n\n%%register step a\nx", "\n\n\nx"),
        ("# remark\n%%register step a\nx", "# remark\n\nx"),
        ("%%register step a\n%%capture y\nx", "%%capture y\nx"),
        ("%%register step a\n\n%%time\nx", "%%time\nx"),
        ("%%register step a\r\nx\r\n", "\r\nx\r\n"),
        ("x = 1\n%%register step a", "x = 1\n%%register step a"),
        ("%register status", "%register status"),
        ("%register undo load", "%register undo load"),
        ("%%register?", "%%register?"),
        ("%%registered step", "%%registered step"),
        ("", ""),
    ],
)
def test_the_declaration_goes_and_everything_else_stays(cell, run):
    assert "".join(lines_to_run(cell.splitlines(keepends=True))) == run


@pytest.mark.parametrize("question", ["%register status", "%register undo load"])
def test_a_question_to_the_kernel_declares_nothing_and_a_replay_leaves_it_out(question):
    assert parse_declaration(f"{question}\nx = 1", {}, ()) is None
    assert parse_declaration(f"x = 1\n{question}", {}, ()) is None
    assert neutral_source(f"x = 1\n{question}") == f"x = 1\n# {question}"
    assert neutral_source(f"if x:\n    {question}") == f"if x:\n    pass  # {question}"
    assert neutral_source(f"text = '''\n{question}\n'''") == f"text = '''\n{question}\n'''"
