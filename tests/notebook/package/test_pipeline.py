"""Programs made of notebooks, run as a user runs them."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

import pytest

from pressrun.notebook.package.runtime import runtime_source

PARAMETERS = (
    "import datetime as dt\nfrom pathlib import Path\n"
    "n: int = 4  # rows to make\n"
    "rate = 0.5\n"
    "deep = False\n"
    'name = "a # b = c"\n'
    "sizes = [1, 2]\n"
    "limit: int | None = None\n"
    "day = dt.date(2024, 1, 31)\n"
    'place = Path("data")\n'
    "half = n // 2\n"
    "quarter = half // 2\n"
)
SHOW = "print(n, rate, deep, name, sizes, limit, day, place.name, half, quarter)"


@pytest.mark.slow
def test_it_shows_what_a_notebook_shows(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Last expressions, display and semicolons behave as in a kernel."""
    made = make(
        "import pandas as pd\ndf = pd.DataFrame({f'c{n}': range(3) for n in range(30)})\ndf.head()",
        "print('said')\nx = {'a': 1}\ndisplay(x)\nx",
        "x;",
        "1, 2",
        "(\n    x\n)",
        "None",
    )
    found = run(made.program())
    assert found.code == 0, found.stderr
    kernel = made.replay()
    expected = _texts(kernel.executed)
    assert [found.cell(n) for n in range(6)] == expected
    assert found.cell(1) == {"cell": 1, "stdout": "said\n", "shown": ["{'a': 1}", "{'a': 1}"]}


def _texts(path: str) -> list[dict[str, Any]]:
    import json
    from pathlib import Path

    rows = []
    for number, cell in enumerate(json.loads(Path(path).read_text())["cells"]):
        printed = "".join("".join(o["text"]) for o in cell["outputs"] if o["output_type"] == "stream")
        shown = ["".join(o["data"]["text/plain"]) for o in cell["outputs"] if "data" in o]
        rows.append({"cell": number, "stdout": printed, "shown": shown})
    return rows


def test_parameters_keep_their_defaults(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Without options the program gives what the notebook gives."""
    made = make((PARAMETERS, "parameters"), SHOW)
    found = run(made.program())
    assert found.cell(1)["stdout"] == "4 0.5 False a # b = c [1, 2] None 2024-01-31 data 2 1\n"
    assert found.results["parameters"]["n"] == 4


def test_options_override_parameters_and_what_follows_from_them(
    make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """A derived value is never stale."""
    made = make((PARAMETERS, "parameters"), SHOW)
    words = ["--n", "20", "--rate", "2", "--deep", "yes", "--name", "x y", "--sizes", "[7]", "--limit", "3"]
    found = run(made.program(), *words, "--day", "2025-02-01", "--place", "a/b")
    assert found.code == 0, found.stderr
    assert found.cell(1)["stdout"] == "20 2.0 True x y [7] 3 2025-02-01 b 10 5\n"


def test_a_derived_value_can_be_given_by_name(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """It wins over its computation, and what follows from it follows."""
    made = make((PARAMETERS, "parameters"), SHOW)
    assert run(made.program(), "--n", "20", "--half", "8").cell(1)["stdout"].endswith("8 4\n")


@pytest.mark.parametrize("given", [{"n": 20}, {"n": 9, "half": 3}, {"half": 7}, {"rate": 1.5}])
def test_overriding_gives_what_a_replay_with_injected_values_gives(
    make: Callable[..., Any], run: Callable[..., Any], given: dict[str, Any]
) -> None:
    """The program and the kernel agree on what is computed again."""
    made = make((PARAMETERS, "parameters"), SHOW)
    replay = made.replay(values=given, injection=made.injection(**given))
    words = [word for name, value in given.items() for word in (f"--{name}", str(value))]
    assert run(made.program(), *words).cell(1)["stdout"] == _texts(replay.executed)[-1]["stdout"]


def test_pressed_values_are_the_defaults(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """A bundle pressed with other values gives its receipt's results without options."""
    made = make((PARAMETERS, "parameters"), SHOW)
    source = made.program(injection=made.injection(n=100))
    assert run(source).cell(1)["stdout"].endswith("50 25\n")
    assert run(source, "--n", "8").cell(1)["stdout"].endswith("4 2\n")


@pytest.mark.parametrize(
    "words", [["--nn", "3"], ["--n", "x"], ["--deep", "maybe"], ["--sizes", "3"], ["--rat", "1"], ["--day", "soon"]]
)
def test_a_wrong_option_ends_with_code_2(make: Callable[..., Any], run: Callable[..., Any], words: list[str]) -> None:
    """Before any cell has run."""
    found = run(make((PARAMETERS, "parameters"), SHOW).program(), *words)
    assert (found.code, found.stdout) == (2, "")
    assert words[0] in found.stderr


def test_help_names_every_parameter_with_type_default_and_meaning(
    make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """From the notebook's own comments."""
    found = run(make((PARAMETERS, "parameters"), SHOW).program(), "--help")
    assert "--n INT" in found.stdout
    assert "rows to make (default: 4)" in " ".join(found.stdout.split())


def test_a_parameter_called_as_one_of_our_options_gets_another_option(
    make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """Neither hides the other."""
    made = make(('results = "a"', "parameters"), "print(results)")
    assert run(made.program(), "--parameter-results", "b").cell(1)["stdout"] == "b\n"


def test_it_works_in_a_copy_of_the_project_and_leaves_the_bundle_alone(
    make: Callable[..., Any], run: Callable[..., Any]
) -> None:
    """Modules and inputs come from project/; nothing is written there, not even caches."""
    made = make("import tool\nprint(tool.double(int(open('data/n.txt').read())))")
    project = {"work/tool.py": "def double(n):\n    return 2 * n\n", "work/data/n.txt": "21"}
    found = run(made.program(entry="work"), project=project)
    assert found.cell(0)["stdout"] == "42\n"
    files = sorted(p.relative_to(found.folder).as_posix() for p in found.folder.rglob("*") if p.is_file())
    assert files == ["notebook_runtime.py", "pipeline.py", "project/work/data/n.txt", "project/work/tool.py"]
    assert not list(found.folder.parent.glob("pipeline-*")), "the temporary folder is gone"


def test_written_files_are_announced_and_kept(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """A product is not thrown away with the temporary folder."""
    found = run(make("open('out.csv', 'w').write('1')").program())
    assert "files written in" in found.stderr
    assert "out.csv" in found.stderr


def test_a_working_directory_keeps_what_is_there(
    make: Callable[..., Any], run: Callable[..., Any], tmp_path: Any
) -> None:
    """An input of the user's own wins over the bundle's, and this is said."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "n.txt").write_text("2")
    made = make("print(open('n.txt').read(), open('m.txt').read())")
    found = run(made.program(), "--workdir", str(tmp_path / "mine"), project={"n.txt": "1", "m.txt": "3"})
    assert found.cell(0)["stdout"] == "2 3\n"
    assert "differs from the bundle's own" in found.stderr


def test_a_failing_check_ends_with_code_1_and_says_which(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Assertions of a check cell hold in production, too."""
    found = run(make("x = 3", "%%register check small\nassert x < 3, 'too big'").program())
    assert found.code == 1
    assert "check 'small' failed: too big" in found.stderr
    assert not found.results


@pytest.mark.parametrize("source", ["1 / 0", "import sys\nsys.exit(0)", "!exit 3", "%sql select 1"])
def test_a_run_that_does_not_reach_its_end_has_code_1(
    make: Callable[..., Any], run: Callable[..., Any], source: str
) -> None:
    """Leaving early is no success."""
    found = run(make(source, "print('end')").program())
    assert (found.code, found.results) == (1, {})


def test_skipped_cells_stay_out_and_tagged_errors_pass(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """What the declarations and tags say holds in the program."""
    made = make("%%register skip\nraise SystemExit", ("1 / 0", "raises-exception"), "x = 1\nx")
    found = run(made.program())
    assert found.code == 0, found.stderr
    assert [cell["cell"] for cell in found.results["cells"]] == [1, 2]


def test_metrics_are_recorded(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Numbers alone, those inside dictionaries under dotted names."""
    made = make("%%register metrics\nauc = 0.5\nscores = {'f1': 1, 'name': 'x'}\nlabel = 'a'")
    assert run(made.program()).results["metrics"] == {"auc": 0.5, "scores.f1": 1.0}


def test_figures_are_shown_as_text_and_saved_on_request(
    make: Callable[..., Any], run: Callable[..., Any], tmp_path: Any
) -> None:
    """plt.show() needs no screen."""
    made = make("%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2]);\nplt.show()\nplt.figure();")
    found = run(made.program(), "--figures", str(tmp_path / "figures"))
    assert found.cell(0)["shown"] == ["<Figure size 640x480 with 1 Axes>", "<Figure size 640x480 with 0 Axes>"]
    assert "UserWarning" not in found.stderr
    assert len(list((tmp_path / "figures").iterdir())) == 2


def test_notebook_only_things_work(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Shell, capture, await, IPython.display and history-free get_ipython."""
    made = make(
        "files = !echo a b\nfiles[0]",
        "%%capture out\nprint('hidden')\n1",
        "out.stdout",
        "import asyncio\nasync def f():\n    await asyncio.sleep(0)\n    return 7\nawait f()",
        "from IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
        "print(get_ipython() is None)",
        "%%time\nz = 3\nz",
        "%%writefile note.txt\nhello\n",
        "!cat note.txt",
    )
    found = run(made.program())
    assert found.code == 0, found.stderr
    assert [cell["shown"] for cell in found.results["cells"]] == [
        ["'a b'"], [], ["'hidden\\n'"], ["7"], ["<IPython.core.display.HTML object>"], [], ["3"], [], [],
    ]  # fmt: skip
    assert found.cell(8)["stdout"] == "hello\n"


def test_settings_of_the_proven_run_hold(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """The hash seed is read at the interpreter's start, so the program starts itself again."""
    made = make("import os\nprint(hash('a') % 1000, os.environ['OMP_NUM_THREADS'])")
    source = made.program(environment={"PYTHONHASHSEED": "0", "OMP_NUM_THREADS": "1"})
    assert run(source).cell(0) == run(source).cell(0)


def test_names_of_the_notebook_do_not_disturb_the_program(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Also not builtins, modules of the standard library and our own short name."""
    made = make(
        "nb = 1\nprint('x')\nlist = open = print\njson = os = sys = Path = arguments = None\ncell = start = 2", "nb"
    )
    found = run(made.program())
    assert found.code == 0, found.stderr
    assert found.cell(1)["shown"] == ["1"]


def test_future_imports_move_to_the_top(make: Callable[..., Any], run: Callable[..., Any]) -> None:
    """Where Python wants them."""
    made = make("from __future__ import annotations\nx: undefined = 1\nx")
    for structure in ("linear", "functions"):
        assert run(made.program(structure)).code == 0


def test_the_text_depends_on_the_notebook_alone(make: Callable[..., Any]) -> None:
    """Not on the folder, the time or the machine."""
    cells = [(PARAMETERS, "parameters"), SHOW, "%timeit 1"]
    one, other = make(*cells, folder="one"), make(*cells, folder="other")
    assert one.program() == other.program()
    assert "pressrun" not in {name.split(".")[0] for name in _imports(one.program().text)}


def _imports(text: str) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add(node.module or "")
    return found


def test_the_runtime_is_python_3_7_and_imports_the_standard_library_alone() -> None:
    """So that it runs in every kernel's environment."""
    text = runtime_source()
    ast.parse(text, feature_version=(3, 7))
    top = {name.split(".")[0] for name in _imports(text)}
    import sys

    assert top - set(sys.stdlib_module_names) <= {"IPython", "pandas", "matplotlib", "cloudpickle", "keyring"}
