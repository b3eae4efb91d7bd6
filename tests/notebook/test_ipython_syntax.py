"""IPython's syntax as plain Python, compared with IPython's own transformer."""

import ast
import warnings

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from IPython.core.inputtransformer2 import TransformerManager

from pressrun.notebook.ipython_syntax import logical_lines, plain_source

FRAGMENTS = [
    "%time x = f(y)", "!ls -l", "files = !ls", "a, b = %magic 3", "?obj", "obj?", "obj.method??", "x = [1,\n  2]",
    'text = """\n%not_a_magic\n!neither\n"""', "if x:\n    %matplotlib inline", "for i in y:\n    !echo {i}",
    "!echo \\\n  more", "x = 5 % 3", "y = x != 3", "z = f'{x!r}'", "# a comment?", "print('what?')", "%env A=b's",
    "d['k'] = !ls", "x.y = %pwd", "x == \\\n  3", "async def f():\n    await g()", "/f 1", ",f a b", ";f a b",
    "x: int = !ls", "def f(a='!x'):\n    return a", "%%time?", "x = ')' ; y = 1", "# it's", "'''doc'''", "pass",
]  # fmt: skip


def parses(text: str) -> bool:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse(text)
    except (SyntaxError, ValueError):
        return False
    return True


@given(st.lists(st.sampled_from(FRAGMENTS), min_size=1, max_size=5).map("\n".join))
def test_what_ipython_accepts_becomes_plain_python_with_the_same_number_of_lines(source):
    plain = plain_source(source)
    assert plain.text.count("\n") == source.count("\n")
    assert parses(TransformerManager().transform_cell(source)) == parses(plain.text)


@given(st.text(alphabet="%!?=,;/'\"\\\n\r#()[]{} \tax1.$") | st.text())
@example("x = !")
@example("%")
@example("%%")
@example(">>> x")
@example("%\\\n")
@example("x =%\\\n\n")
def test_any_text_becomes_text_with_the_same_number_of_lines(source):
    plain = plain_source(source)
    assert plain.text.count("\n") == source.replace("\r\n", "\n").replace("\r", "\n").count("\n")
    spans = list(logical_lines(source))
    assert [start for start, _ in spans[1:]] == [end for _, end in spans[:-1]]


def test_a_cell_without_ipython_syntax_is_left_as_it_is():
    source = "x = 5 % 3\nif x != 2:\n    print('!')\n"
    plain = plain_source(source)
    assert plain.text == source
    assert plain.altered == frozenset()


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("%time x = f(y)", "x = f(y)"),
        ("%timeit -n 10 -r 3 f(y)", "f(y)"),
        ("files = !ls *.csv", "files = None"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%capture out\n%%time\nx = 1", "\n\nx = 1"),
        ("%%bash\nrm x", "\n"),
        ("if a:\n    !ls", "if a:\n    pass"),
        ("obj?", "pass"),
        (">>> x = 1\n... y = 2", "x = 1\ny = 2"),
        ("  x = 1\n  y = 2", "x = 1\ny = 2"),
    ],
)
def test_magics_become_what_they_do_to_names(source, text):
    assert plain_source(source).text == text


def test_magics_commands_and_what_they_expand_are_told():
    plain = plain_source("%matplotlib inline\n!cp {source / name} $target\n%store -r model\n%%not_a_cell_magic")
    assert plain.magics == ("matplotlib", "store", "not_a_cell_magic")
    assert plain.shell == ("cp {source / name} $target",)
    assert plain.expanded == ("source", "name", "target")
    assert plain.defines == ("model",)


@pytest.mark.parametrize("source", ["%run other.py", "%%sql\nselect 1", "%pylab", "%store -r", "%my_magic x"])
def test_magics_that_may_define_names_are_opaque(source):
    assert any("may define" in reason for reason in plain_source(source).opaque)


def test_shell_braces_that_are_no_python_expand_nothing():
    assert plain_source("!awk '{print $1}' x").expanded == ()
