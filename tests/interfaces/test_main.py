"""The command line as a whole."""

import json
import subprocess
import sys

import pytest

from pressrun.errors import InputChangedError
from pressrun.interfaces.cli import main as command_line
from pressrun.interfaces.cli.main import VERBS, cli, run


def test_help_lists_every_verb_and_the_exit_codes(capsys):
    assert run(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(verb in text for verb in VERBS)
    assert "4 results differ" in " ".join(text.split())


def test_help_imports_no_notebook_library():
    code = (
        "import sys\nfrom pressrun.interfaces.cli.main import run\nrun(['--help'])\n"
        "heavy = ('nbformat', 'papermill', 'nbconvert', 'rich', 'jupyter_client', 'PIL')\n"
        "print([m for m in heavy if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_an_unknown_verb_is_wrong_use(capsys):
    assert run(["inspekt"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_with_json_an_error_is_one_object_on_stdout(capsys, monkeypatch):
    def fail(**_kwargs):
        raise InputChangedError("x.csv changed", where="data/x.csv", remedy="Bring it back.")

    monkeypatch.setattr(cli, "main", fail)
    assert run(["verify", "--json"]) == 5
    out = capsys.readouterr()
    assert json.loads(out.out) == {
        "error": {
            "kind": "InputChangedError",
            "what": "x.csv changed",
            "where": "data/x.csv",
            "remedy": "Bring it back.",
        },
        "exit_code": 5,
    }
    assert out.err == ""


def test_an_error_says_where_and_the_remedy_on_stderr(capsys, monkeypatch):
    def fail(**_kwargs):
        raise InputChangedError("x.csv changed", where="data/x.csv", remedy="Bring it back.")

    monkeypatch.setattr(cli, "main", fail)
    assert run(["verify"]) == 5
    out = capsys.readouterr()
    assert out.out == ""
    assert "where:  data/x.csv" in out.err
    assert "remedy: Bring it back." in out.err


@pytest.mark.parametrize("verb", list(VERBS))
def test_every_verb_has_help(verb, capsys):
    assert run([verb, "--help"]) == 0
    assert "Usage: pressrun" in capsys.readouterr().out


def test_the_module_runs_as_a_program():
    done = subprocess.run([sys.executable, "-m", "pressrun", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("pressrun, version ")
    assert command_line.__doc__
