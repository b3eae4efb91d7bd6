"""``pressrun doctor``: exit codes, what it prints, and the JSON that others read."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pressrun.interfaces.cli.main import run

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def save(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def write(*sources):
        cells = [
            {"cell_type": "code", "metadata": {}, "source": source, "execution_count": None, "outputs": []}
            for source in sources
        ]
        path = tmp_path / "nb.ipynb"
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 4, "metadata": {}, "cells": cells}))
        return str(path)

    return write


def test_nothing_that_blocks_is_exit_code_0(save, capsys):
    assert run(["doctor", save("x = 1")]) == 0
    assert "nothing found" in capsys.readouterr().out


def test_what_should_be_fixed_is_exit_code_0_and_told(save, capsys):
    assert run(["doctor", save("import random\nx = random.random()")]) == 0
    told = " ".join(capsys.readouterr().out.split())
    for part in (
        "cell 0, line 2",
        "random-unseeded",
        "│ x = random.random()",
        "Each run gives other numbers",
        "→ Call random.seed(0)",
    ):
        assert part in told


def test_what_blocks_production_is_exit_code_3(save, capsys):
    assert run(["doctor", save("print(nowhere)")]) == 3
    assert "Blocks production" in capsys.readouterr().out


def test_a_corrected_copy_that_nothing_blocks_is_exit_code_0(save, capsys, tmp_path):
    assert run(["doctor", save("print 'a'"), "--fix"]) == 0
    told = capsys.readouterr().out
    assert "- print 'a'" in told
    assert "+ print('a')" in told
    assert json.loads((tmp_path / "nb-fixed.ipynb").read_text())["cells"][0]["source"] == "print('a')"


def test_a_corrected_copy_goes_where_the_user_says(save, tmp_path):
    assert run(["doctor", save("print 'a'"), "--fix", "--output", str(tmp_path / "other.ipynb")]) == 0
    assert (tmp_path / "other.ipynb").exists()


@pytest.mark.parametrize(
    "words", [[], ["--output", "x.ipynb"], ["--ignore", "no-such-kind"], ["--python", "/no/such/python"]], ids=" ".join
)
def test_wrong_use_is_exit_code_2(save, words, capsys):
    subject = [save("x = 1")] if words else []
    assert run(["doctor", *subject, *words]) == 2
    assert capsys.readouterr().err


def test_the_json_has_the_fields_that_others_read(save, capsys):
    path = save("import random\nx = random.random()", "print 'a'", "y = 1  # pressrun: ignore secret none")
    assert run(["doctor", path, "--json", "--fix", "--ignore", "random-unseeded"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert list(told) == ["format", "path", "interpreter", "python", "findings", "silenced", "unchecked", "fixed"]
    assert told["format"] == 1
    (finding,) = told["findings"]
    assert finding == {
        "kind": "syntax-python2",
        "level": "blocks-production",
        "cell": 1,
        "line": 1,
        "what": "a print statement: this is Python 2",
        "why": "Python 3 refuses the cell with a SyntaxError.",
        "fix": "Write it in Python 3: print(...) with parentheses, `except X as e`.",
        "subject": "",
        "fixable": True,
        "excerpt": "print 'a'",
    }
    assert [(s["finding"]["kind"], s["by"]) for s in told["silenced"]] == [("random-unseeded", "option")]
    (repair,) = told["fixed"]["repairs"]
    assert repair == {
        "kind": "syntax-python2",
        "cell": 1,
        "line": 1,
        "what": "wrote print as a function",
        "before": "print 'a'",
        "after": "print('a')",
    }
    assert told["fixed"]["remaining"] == []


def test_an_answered_finding_is_listed_as_silenced_with_its_reason(save, capsys):
    assert (
        run(["doctor", save("import os\nos.chdir('..')  # pressrun: ignore working-directory the job expects it")]) == 0
    )
    told = capsys.readouterr().out
    assert "Silenced" in told
    assert "the job expects it" in told


def test_the_kinds_can_be_listed(capsys):
    assert run(["doctor", "--kinds", "--json"]) == 0
    kinds = json.loads(capsys.readouterr().out)["kinds"]
    assert {"name-undefined", "secret"} <= {kind["name"] for kind in kinds}
    assert run(["doctor", "--kinds"]) == 0
    assert "name-undefined" in capsys.readouterr().out


def test_control_characters_of_a_notebook_do_not_reach_the_terminal(save, capsys):
    run(["doctor", save("open('\x1b[2J\u202e')")])
    told = capsys.readouterr().out
    assert "\x1b[2J" not in told
    assert "\u202e" not in told


def test_nothing_of_the_notebook_is_run(save, tmp_path):
    (tmp_path / "beside.py").write_text("import pathlib; pathlib.Path('ran').touch()")
    assert run(["doctor", save("import beside\nimport pathlib\npathlib.Path('ran').touch()"), "--json"]) == 0
    assert not (tmp_path / "ran").exists()


def test_help_does_not_import_the_rules():
    code = (
        "import sys\nfrom pressrun.interfaces.cli.main import run\nrun(['doctor', '--help'])\n"
        "heavy = ('pressrun.rules', 'pressrun.notebook', 'rich', 'nbformat')\n"
        "print([name for name in sys.modules if name.startswith(heavy)])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert re.search(r"^\[\]$", done.stdout, re.MULTILINE)
