"""A notebook shows the same whether it is watched or not, and whatever goes wrong in what watches it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from pressrun.notebook.replay import recorders

Run = Callable[..., Any]

CURIOUS = (
    "import sys, os, builtins, io, warnings, random, signal, threading\n"
    "names = set(globals()) | set(dir())\n"
    "print(sorted(n for n in names if not n.startswith('_')))",
    "_, __, ___, len(In), len(Out), _oh, [i for i in In]",
    "print(repr(sys.path), repr(warnings.filters), repr(sys.meta_path), sys.flags, sys.getrecursionlimit())",
    "print(open, io.open is open, os.open, os.system, len(get_ipython().events.callbacks['pre_run_cell']))",
    "random.seed(1); print(random.random(), hash('x'), threading.active_count(), signal.getsignal(signal.SIGINT))",
    "%history -n",
    "!echo {1 + 1}",
    "def f():\n    local = 'seen'\n    !echo {local}\n    return get_ipython().getoutput('echo {local}')\nf()",
    {"source": "open('none.csv')", "metadata": {"tags": ["raises-exception"]}},
    {"source": "!!echo a; 1/0", "metadata": {"tags": ["raises-exception"]}},
    {"source": "raise ValueError('\\x00')", "metadata": {"tags": ["raises-exception"]}},
    "with open('written.txt', 'w') as f: f.write('x')\nopen('written.txt').read()",
    "import subprocess; subprocess.run(['echo', 'x'], capture_output=True)",
    "print(sorted(k for k in os.environ if 'PRESS' in k.upper()))",
    "get_ipython().execution_count",
)


def comparable(ran: Any) -> str:
    volatile = r"0x[0-9a-f]+|/tmp/[^ '\"\]]+|ipykernel_\d+/\d+|s_\d+"
    return re.sub(volatile, "~", repr([(c["outputs"], c["execution_count"]) for c in ran.document["cells"]]))


def test_watched_and_unwatched_runs_show_the_same(run: Run) -> None:
    watched, unwatched = run(*CURIOUS), run(*CURIOUS, observe=False)
    assert watched.replay.verdict == unwatched.replay.verdict == "completed"
    assert comparable(watched) == comparable(unwatched)
    assert watched.replay.observation.coverage.level in {"python-only", "complete"}
    assert unwatched.replay.observation.coverage.level == "none"


@pytest.mark.parametrize(
    "fault",
    [
        "raise RuntimeError('at once')",
        "this is no Python",
        "def install(folder): raise SystemExit(1)",
        "def install(folder): raise KeyboardInterrupt",
        "def install(folder): raise GeneratorExit",
    ],
)
def test_an_observer_that_cannot_even_start_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Any, fault: str
) -> None:
    broken = tmp_path / "observer"
    broken.mkdir()
    for part in recorders.OBSERVER_PARTS:
        (broken / f"{part}.py").write_text("")
    (broken / "recorder.py").write_text(fault)
    # The child reads the observer itself, so the fault has to travel there: through the one thing it inherits.
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(
        f"import pressrun.observer\npressrun.observer.__file__ = {str(broken / '__init__.py')!r}\n"
    )
    monkeypatch.setenv("PYTHONPATH", str(tmp_path / "site"))
    ran = run("print('fine')", "1 + 1", trace="off")
    assert ran.replay.verdict == "completed"
    assert (ran.text(0), ran.text(1)) == ("fine\n", "2")
    assert [cell["execution_count"] for cell in ran.document["cells"]] == [1, 2]
    assert ran.replay.observation.coverage.level == "none"


@pytest.mark.parametrize("failure", ["Exception", "SystemExit", "GeneratorExit", "MemoryError", "RecursionError"])
def test_a_hook_that_fails_in_every_cell_changes_nothing(run: Run, failure: str) -> None:
    """The notebook itself breaks the observer, the hardest way there is; its own outputs stay what they are."""
    sabotage = (
        "import sys\n"
        "seen = sys.modules['_pressrun_observer'].recorder\n"
        f"def broken(*args): raise {failure}\n"
        "for name in seen.handlers: seen.handlers[name] = broken\n"
        "seen.statuses = None"
    )
    cells = (sabotage, "open('f.txt', 'w').write('x')", "x = !false\nprint(open('f.txt').read())", "import colorsys")
    ran = run(*cells, trace="off")
    assert ran.replay.verdict == "completed"
    assert ran.text(2) == "x\n"
    assert ran.replay.observation.coverage.level == "partial"
