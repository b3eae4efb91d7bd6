"""What magics and commands become."""

import pytest

from pressrun.notebook.package.magics import Context, expanded, without_magics

CONTEXT = Context(runtime="nb", names=frozenset({"folder", "n", "df"}))

BECOMES = [
    ("%matplotlib inline\nx = 1", "# left out: %matplotlib inline\nx = 1\n"),
    ("%load_ext autoreload\n%autoreload 2", "# left out: %load_ext autoreload\n# left out: %autoreload 2\n"),
    ("%time x = f()", "x = f()\n"),
    ("x = %time f()", "x = f()\n"),
    ("%%time\nx = f()\nx", "x = f()\nx\n"),
    ("%%time\n%matplotlib inline\nx = 1", "# left out: %matplotlib inline\nx = 1\n"),
    ("if n:\n    %config A.b = 1", "if n:\n    pass  # left out: %config A.b = 1\n"),
    ("%env SEED=3", '__import__("os").environ["SEED"] = "3"\n'),
    ("%cd data", 'nb.change_directory("data")\n'),
    ("!ls {folder}", 'nb.shell(f"ls {folder}")\n'),
    ("!echo $n $HOME", 'nb.shell(f"echo {n} $HOME")\n'),
    ("files = !ls", 'files = nb.shell_lines("ls")\n'),
    ("%ls -a", 'nb.shell("ls -a")\n'),
    ("%%bash\necho hi\n", 'nb.script("bash", """\\\necho hi\n""")\n'),
    ("%%writefile a.txt\nhello\n", 'nb.write_file("a.txt", """\\\nhello\n""")\n'),
    ("%%capture out\nprint(1)", "with nb.captured() as out:\n    print(1)\n"),
    ("%%capture --no-stderr\nprint(1)", "with nb.captured(stderr=False):\n    print(1)\n"),
    ("%run helpers.py 3", 'globals().update(nb.run_script("helpers.py 3"))\n'),
    ("df?", "# left out: %pinfo df\n"),
    ("get_ipython().run_line_magic('matplotlib', 'inline')", "# left out: %matplotlib inline\n"),
    ("get_ipython().magic('matplotlib inline')", "# left out: %matplotlib inline\n"),
    ("x = 'a%b'  # 50 %", "x = 'a%b'  # 50 %\n"),
]

NAMED = [
    ("%timeit f()", "%timeit f() left out: it only measures"),
    ("%%timeit\nf()", "%%timeit left out with its cell: it only measures"),
    ("!pip install x", "!pip install x left out: pylock.toml holds the packages"),
    ("!python -m pip install x", "!python -m pip install x left out: pylock.toml holds the packages"),
    ("%pip install x", "%pip install x left out: pylock.toml holds the packages"),
    ("%who", "%who left out: it works in a notebook only"),
    ("%store n", "%store n left out: it works in a notebook only"),
    ("%store -r n", "%store -r n has no counterpart in plain Python: pipeline.py stops there"),
    ("%sql select 1", "%sql select 1 has no counterpart in plain Python: pipeline.py stops there"),
    ("%%cython\ndef f(): pass", "%%cython has no counterpart in plain Python: pipeline.py stops there"),
    ("%run other.ipynb", "%run other.ipynb has no counterpart in plain Python: pipeline.py stops there"),
    ("x = = 1", "is no valid Python"),
]


@pytest.mark.parametrize(("source", "expected"), BECOMES)
def test_a_known_magic_becomes_plain_python(source: str, expected: str) -> None:
    """The table of what is neutralised."""
    found = without_magics(source, CONTEXT)
    assert (found.text, found.notes) == (expected, ())


@pytest.mark.parametrize(("source", "note"), NAMED)
def test_what_cannot_be_neutralised_is_named(source: str, note: str) -> None:
    """Nothing is dropped silently."""
    assert without_magics(source, CONTEXT).notes == (note,)


@pytest.mark.parametrize("source", ["%sql select 1", "%%cython\nf", "x = %foo 1", "%store -r n", "x = = 1"])
def test_an_unknown_magic_stops_the_program(source: str) -> None:
    """A wrong result would be worse than none."""
    assert "nb.unsupported(" in without_magics(source, CONTEXT).text


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("awk '{print $1}' f", "\"awk '{print $1}' f\""),
        ("echo $$", '"echo $$"'),
        ("echo $$n", '"echo $n"'),
        ("echo {unknown}", '"echo {unknown}"'),
        ("echo {{n}}", '"echo {n}"'),
        ("echo {df['a']}", "\"echo \" + str(df['a'])"),
        ('say "hi" {n}', 'f"say \\"hi\\" {n}"'),
    ],
)
def test_commands_are_expanded_as_ipython_expands_them(command: str, expected: str) -> None:
    """Names of the notebook are replaced, the shell's own are not."""
    assert expanded(command, CONTEXT.names) == expected
