"""``%load_ext pressrun`` in a real IPython shell."""

import json
import subprocess
import sys
import textwrap

import pytest

pytest.importorskip("IPython")

PROGRAM = """
import json, sys, time
from IPython.core.interactiveshell import InteractiveShell
shell = InteractiveShell.instance()
before = set(shell.user_ns)
started = time.process_time()
shell.run_line_magic("load_ext", "pressrun")
spent = time.process_time() - started
added = sorted(set(shell.user_ns) - before)
result = shell.run_cell(sys.stdin.read())
error = result.error_in_exec or result.error_before_exec
line = None
if error is not None and error.__traceback__ is not None:
    trace = error.__traceback__
    while trace.tb_next:
        trace = trace.tb_next
    line = trace.tb_lineno
heavy = [m for m in ("nbformat", "papermill", "jsonschema", "sqlalchemy", "pydantic", "nbconvert") if m in sys.modules]
print("\\n" + json.dumps({"result": repr(result.result), "error": type(error).__name__ if error else None,
    "line": line, "added": added, "seconds": spent, "heavy": heavy}))
"""


def run_cell(source):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], input=textwrap.dedent(source), capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("first", ["%%register model churn", "%register step load", "# %register check x"])
def test_a_declared_cell_runs_as_if_the_line_were_not_there(first):
    seen = run_cell(f"{first}\nx = 20\nx + 1")
    assert (seen["result"], seen["error"]) == ("21", None)


def test_a_traceback_keeps_the_cells_own_line_numbers():
    seen = run_cell("%%register step load\nx = 1\n1 / 0")
    assert (seen["error"], seen["line"]) == ("ZeroDivisionError", 3)


def test_a_wrong_declaration_does_not_stop_the_cell():
    assert run_cell("%%register modell\n40 + 2")["result"] == "42"


def test_other_cell_magics_are_left_alone():
    assert run_cell("%%capture caught\nprint(1)")["error"] is None


def test_loading_adds_no_name_and_imports_nothing_heavy():
    seen = run_cell("1")
    assert (seen["added"], seen["heavy"]) == ([], [])
