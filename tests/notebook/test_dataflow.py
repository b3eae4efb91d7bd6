"""Static dataflow: what cells define, use and change, and backward slices."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.notebook.dataflow import backward_slice, cell_flow, flows_of
from pressrun.notebook.read import cells_of


def flows(*sources):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return flows_of(cells_of({"cells": cells}))


DEFINES_AND_USES = [
    ("x = y + 1", {"x"}, {"y"}),
    ("x = len(sorted(y))", {"x"}, {"y"}),
    ("x = [a for a in b if a > c]", {"x"}, {"b", "c"}),
    ("x = [a for a in a]", {"x"}, {"a"}),
    ("x = {k: v for k, v in d.items() for w in v}", {"x"}, {"d"}),
    ("x = [(y := f(a)) for a in b]", {"x", "y"}, {"f", "b"}),
    ("x = [[a for a in row] for row in rows]", {"x"}, {"rows"}),
    ("if (n := f()) > 3:\n    print(n)", {"n"}, {"f"}),
    ("def f(a, b=c):\n    d = a\n    return d + e", {"f"}, {"c", "e"}),
    ("def f():\n    def g():\n        nonlocal n\n        n = 1\n    n = 0\n    return g", {"f"}, set()),
    ("def f():\n    global n\n    n = m\nf()", {"f", "n"}, {"m"}),
    ("def f(a: int, *b, c=1, **d) -> str:\n    return a, b, c, d", {"f"}, set()),
    ("@decorate(n)\ndef f():\n    pass", {"f"}, {"decorate", "n"}),
    ("f = lambda a, b=c: a + b + d", {"f"}, {"c", "d"}),
    ("class A(B):\n    x = y\n    z = x\n    def m(self):\n        return x", {"A"}, {"B", "y", "x"}),
    ("class A:\n    def m(self):\n        return self.n", {"A"}, set()),
    ("import a.b as c\nimport d.e\nfrom f import g as h, i", {"c", "d", "h", "i"}, set()),
    ("for i, (a, *b) in rows:\n    print(i, a, b)", {"i", "a", "b"}, {"rows"}),
    ("with open(p) as f, g() as (h, k):\n    h(f, k)", {"f", "h", "k"}, {"p", "g"}),
    ("try:\n    x = f()\nexcept ValueError as e:\n    print(e)", {"x"}, {"f"}),
    ("try:\n    import a\nexcept ImportError:\n    a = None\nprint(a)", {"a"}, set()),
    ("match p:\n    case {'k': v, **rest}:\n        print(v, rest)\n    case [a, *b] | (a, b):\n        print(a)\n"
     "    case A(x=y) if y > z:\n        pass\n    case other:\n        pass",
     {"v", "rest", "a", "b", "y", "other"}, {"p", "A", "z"}),
    ("x += 1", {"x"}, {"x"}),
    ("x: int = y", {"x"}, {"y"}),
    ("x: int", set(), set()),
    ("(a, [b, *c]) = d = e", {"a", "b", "c", "d"}, {"e"}),
    ("f'{a!r:>{b}} {c=}'", set(), {"a", "b", "c"}),
    ("x = await f(y)", {"x"}, {"f", "y"}),
    ("async for a in b:\n    print(a)", {"a"}, {"b"}),
    ("print(x)\nx = 1", {"x"}, {"x"}),
    ("del x", set(), {"x"}),
    ("x = 1\ndel x", set(), set()),
    ("x = !ls {folder} $other", {"x"}, {"folder", "other"}),
    ("%time x = f(y)", {"x"}, {"f", "y"}),
    ("%%timeit x = 1\ny = x + z", set(), {"z"}),
    ("%%capture log\nx = y", {"x", "log"}, {"y"}),
    ("%%bash\nx=1", set(), set()),
    ("?x\nx?", set(), set()),
    ("df.query('a > @limit')", set(), {"df", "limit"}),
    ("ols('y ~ center(x)', data=df)", set(), {"ols", "center", "df"}),
    ("display(get_ipython(), In, Out)", set(), set()),
    ("for _ in range(3):\n    print(_)", set(), set()),
]  # fmt: skip


@pytest.mark.parametrize(("source", "defines", "uses"), DEFINES_AND_USES, ids=[row[0] for row in DEFINES_AND_USES])
def test_a_cell_defines_and_uses_these_names(source, defines, uses):
    flow = cell_flow(0, source)
    assert flow.syntax_error is None
    assert (defines, uses) == (set(flow.defines), set(flow.uses))


SETTLED = [
    ("if c:\n    x = 1\nelse:\n    x = 2\nprint(x)", set()),
    ("if c:\n    x = 1\nprint(x)", {"x"}),
    ("if c:\n    x = 1\nelse:\n    raise E\nprint(x)", set()),
    ("for a in b:\n    x = 1\nprint(x)", {"x", "a"}),
    ("for a in range(3):\n    x = 1\nprint(x, a)", set()),
    ("for a in (1, 2):\n    if a:\n        break\n    x = 1\nprint(x)", {"x", "a"}),
    ("while c:\n    x = 1\nprint(x)", {"x"}),
    ("with c:\n    x = 1\nprint(x)", set()),
    ("try:\n    x = f()\nexcept E:\n    pass\nprint(x)", {"x"}),
    ("try:\n    x = f()\nexcept E:\n    x = 1\nprint(x)", set()),
    ("try:\n    x = f()\nfinally:\n    y = 1\nprint(x, y)", set()),
    ("c and (x := 1)\nprint(x)", {"x"}),
    ("match c:\n    case 1:\n        x = 1\n    case _:\n        x = 2\nprint(x)", set()),
    ("match c:\n    case 1:\n        x = 1\nprint(x)", {"x"}),
]


@pytest.mark.parametrize(("source", "maybe"), SETTLED, ids=[row[0] for row in SETTLED])
def test_a_name_that_some_path_leaves_unbound_may_come_from_outside(source, maybe):
    flow = cell_flow(0, source)
    assert maybe == set(flow.may_define)
    assert maybe & {"x"} == set(flow.uses) & {"x"}


MUTATES = [
    ("df['x'] = 1", {"df"}),
    ("df.loc[0, 'x'] += 1", {"df"}),
    ("a.b.c = 1", {"a"}),
    ("del d['k']", {"d"}),
    ("xs.append(1)", {"xs"}),
    ("config['a'].update(b=1)", {"config"}),
    ("model.fit(X, y)", {"model"}),
    ("df.drop(columns='a', inplace=True)", {"df"}),
    ("df.drop(columns='a', inplace=False)", set()),
    ("df.sort_values('a')", set()),
    ("xs.sort()", {"xs"}),
    ("ax.set_title('t')", {"ax"}),
    ("df.set_index('a')", set()),
    ("np.random.seed(0)", {"np"}),
    ("x = np.random.normal()", {"np"}),
    ("rng = np.random.default_rng(0)", set()),
    ("random.shuffle(xs)", {"random", "xs"}),
    ("setattr(o, 'a', 1)", {"o"}),
    ("next(rows)", {"rows"}),
    ("np.multiply(a, b, out=c)", {"c"}),
    ("x = []\nx.append(1)", set()),
    ("b = a\nb.append(1)", {"a"}),
    ("[xs.append(i) for i in range(3)]", {"xs"}),
    ("f = lambda: xs.clear()\nf()", {"xs"}),
    ("def f(d):\n    d['x'] = 1\nf(df)", {"df"}),
    ("def f(d):\n    return d['x']\nf(df)", set()),
    ("def f():\n    log.append(1)\nf()", {"log"}),
    ("re.compile('x')", set()),
    ("tensor.add_(1)", {"tensor"}),
]


@pytest.mark.parametrize(("source", "mutates"), MUTATES, ids=[row[0] for row in MUTATES])
def test_a_cell_changes_these_objects_in_place(source, mutates):
    flow = cell_flow(0, source)
    assert mutates == set(flow.mutates)
    assert set(flow.mutates) <= set(flow.uses)


def test_imports_name_modules_and_bound_names():
    flow = cell_flow(0, "import sklearn.svm as s, os.path\nfrom pandas import DataFrame\nfrom . import local")
    assert flow.imports == ("sklearn", "os", "pandas")
    assert flow.imported == ("s", "os", "DataFrame", "local")


@pytest.mark.parametrize(
    "source",
    ["exec(code)", "from x import *", "%run a.py", "globals()['x'] = 1", "get_ipython().run_cell('x')", "print(_12)",
     "def f():\n    exec(code)\nf()"],
)  # fmt: skip
def test_what_cannot_be_seen_is_told(source):
    assert cell_flow(0, source).opaque


def test_a_syntax_error_is_told_and_python_2_is_recognised():
    assert cell_flow(0, "print 'a'").syntax_error == "a print statement: this is Python 2"
    assert cell_flow(0, "x = = 1").syntax_error


def test_an_invalid_escape_does_not_warn_the_reader_of_the_tool():
    assert cell_flow(0, r"x = '\d'").defines == ("x",)


def test_code_that_is_too_deep_is_told_and_not_a_crash():
    flow = cell_flow(0, "x = " + "+".join("a" * 5000))
    assert flow.opaque or flow.syntax_error


def test_magics_and_commands_are_listed():
    flow = cell_flow(0, "%matplotlib inline\n!pip install x")
    assert flow.magics == ("matplotlib",)
    assert flow.shell == ("pip install x",)


def test_calling_a_function_of_an_earlier_cell_uses_what_its_body_reads_then():
    found = flows("def f():\n    return scale * 2", "scale = 3", "print(f())")
    assert found[0].late == ("scale",)
    assert set(found[2].uses) == {"f", "scale"}
    assert backward_slice(found, ["f"], cell=2) == (0,)
    assert backward_slice((*found[:2], cell_flow(2, "y = f(scale)")), ["y"]) == (0, 1, 2)


def test_functions_are_followed_through_other_functions_aliases_and_instances():
    found = flows(
        "def inner():\n    return k\ndef outer():\n    return inner()\n"
        "class Net:\n    def go(self):\n        return rate",
        "g = outer\nnet = Net()",
        "x = g()",
        "net.go()",
    )
    assert "k" in found[2].uses
    assert "rate" in found[3].uses


def test_a_function_that_is_bound_again_is_not_followed():
    found = flows("def f():\n    return k", "f = 3", "print(f)")
    assert found[2].uses == ("f",)


def test_changing_an_alias_changes_the_object_under_its_other_names():
    found = flows("df = load()", "view = df", "view['x'] = 1", "print(df)")
    assert set(found[2].mutates) == {"df", "view"}
    assert 2 in backward_slice(found[:3], ["df"])


def test_a_builtin_that_the_notebook_binds_is_an_ordinary_name():
    found = flows("input = load()", "x = clean(input)", "y = sorted(x)")
    assert "input" in found[1].uses
    assert found[2].uses == ("x",)


SOURCES = (
    "import numpy as np",           # 0
    "n = 3",                        # 1
    "df = np.zeros(n)",             # 2
    "other = 5",                    # 3
    "df[0] = other",                # 4
    "if n > 2:\n    df = df * 2",   # 5
    "print(df)",                    # 6
    "result = df.sum()",            # 7
    "df = None",                    # 8
)  # fmt: skip


@pytest.mark.parametrize(
    ("names", "cell", "cells"),
    [
        (["result"], None, (0, 1, 2, 3, 4, 5, 7)),
        (["df"], 2, (0, 1, 2)),
        (["df"], 4, (0, 1, 2, 3, 4)),
        (["df"], None, (8,)),
        (["n", "other"], None, (1, 3)),
        (["nothing"], None, ()),
        ([], None, ()),
    ],
)
def test_the_backward_slice_of_a_name_is_every_cell_that_it_needs(names, cell, cells):
    assert cells == backward_slice(flows(*SOURCES), names, cell)


def test_running_a_backward_slice_gives_the_same_value_as_running_everything():
    whole, part = {}, {}
    numbers = [s.replace("import numpy as np", "class np: zeros = staticmethod(lambda n: [0] * n)") for s in SOURCES]
    numbers[7] = "result = sum(df)"
    for source in numbers:
        exec(source, whole)
    for cell in backward_slice(flows(*numbers), ["result"]):
        exec(numbers[cell], part)
    assert whole["result"] == part["result"]


def test_a_cell_that_may_define_anything_is_in_the_slice_of_what_comes_after_it():
    found = flows("x = 1", "%run setup.py", "y = x")
    assert backward_slice(found, ["y"]) == (0, 1, 2)


def test_a_deleted_name_has_no_earlier_value():
    found = flows("x = 1", "del x", "y = x")
    assert backward_slice(found, ["y"]) == (2,)


@given(st.text() | st.text(alphabet="abc=+.()[]:\n %!?,lambdefiorntx "))
def test_any_source_has_a_flow(source):
    flow = cell_flow(0, source)
    assert set(flow.may_define) <= set(flow.defines)
    assert set(flow.late) <= set(flow.uses)


names = st.sampled_from(["a", "b", "c"])
STATEMENTS = st.one_of(
    st.builds("{} = {} + 1".format, names, names),
    st.builds("{} += 2".format, names),
    st.builds("if {} > 2:\n    {} = {}".format, names, names, names),
    st.builds("for i in range({} % 3):\n    {} = i".format, names, names),
    st.builds("{} = [i + {} for i in range(3)][0]".format, names, names),
    st.builds("def f():\n    return {} * 3".format, names),
    st.builds("def f():\n    global {0}\n    {0} = {1} + 7\n    return 1".format, names, names),
    st.builds("{} = f()".format, names),
    st.builds("box.append({})".format, names),
    st.builds("{} = sum(box) % 97".format, names),
    st.just("box = []"),
    st.just("bag = box"),
    st.builds("bag.append({})".format, names),
)


@given(st.lists(STATEMENTS, min_size=1, max_size=9), names)
def test_random_programs_give_the_same_value_from_their_backward_slice(statements, wanted):
    """The slice is safe: leaving out every other cell never changes the value."""
    sources = ["a, b, c, box = 1, 2, 3, []\nbag = []\ndef f():\n    return 1", *statements]
    whole, part = {}, {}
    for source in sources:
        exec(source, whole)
    for cell in backward_slice(flows(*sources), [wanted]):
        exec(sources[cell], part)
    assert whole[wanted] == part[wanted]
