"""The panel's own unit tests, its types, and that it reads declarations as Python does."""

import json
import os
import random
import re
import subprocess
import sys
from pathlib import Path

import msgspec

from pressrun.errors import DeclarationError
from pressrun.notebook.grammar import parse_declaration

ROOT = Path(__file__).resolve().parents[2]
PANEL = ROOT / "labextension"
BIN = Path(sys.executable).parent
PIECES = [
    "%%register", "%register", "# %register", "#%register", "parameters", "step", "data", "features", "model", "check",
    "skip", "modle", "params", "clean", "clean.", "con", "cell-3", "a/b", "größe", "--object", "--entity", "--sample=s",
    "--predict", "m.predict", "class", "-o", "=", "'", '"', "\\", " ", " ", " ", "\n", "\n", "\r\n", "\t", "#",
    "status", "undo x", "stap", "dada", "chick", "skop", "x = !echo '\n", "y = a == %b\n", "x = 1",
    "x = !ls", "x = %time f()", '"""', "'''", "(", ")", "[", "?", "%%time", "!ls", "é", "1st",
]  # fmt: skip


def node(*arguments, text=None):
    """Run Node of this environment in the panel's folder."""
    environment = {**os.environ, "NODE_OPTIONS": "", "FORCE_COLOR": "0"}
    environment.pop("NODE_TEST_CONTEXT", None)
    return subprocess.run(
        [BIN / "node", *arguments],
        cwd=PANEL,
        env=environment,
        input=text,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )


def test_the_unit_tests_of_the_panel_pass():
    done = node("--test", "--test-reporter=tap", *sorted(str(path) for path in (PANEL / "test").glob("*.test.ts")))
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr
    passed = re.search(r"^# pass (\d+)$", done.stdout, re.MULTILINE)
    assert passed, done.stdout[-2000:]
    assert int(passed[1]) >= 280


def test_the_types_of_the_panel_and_of_its_tests_are_right():
    done = node("node_modules/typescript/bin/tsc", "--project", "tsconfig.test.json")
    assert done.returncode == 0, done.stdout + done.stderr


def in_python(cell):
    try:
        declared = parse_declaration(cell["source"], cell["metadata"], cell["metadata"].get("tags", []))
    except DeclarationError as error:
        return {"error": error.what, "remedy": error.remedy}
    return msgspec.to_builtins(declared)


def agreed(answer):
    """Leave out what the two say differently on purpose: where a contradiction is, and why words cannot be split."""
    if answer is None or "error" not in answer:
        return answer
    what = re.sub(r" \((?:line \d+|metadata pressrun\.register)\)$", "", answer["error"])
    what = re.sub(r"(cannot be split): .*", r"\1", what)
    return {"error": what, "remedy": answer["remedy"]}


def test_the_panel_reads_declarations_as_python_does():
    chance = random.Random(4)
    cells = []
    for _ in range(3000):
        pieces = chance.choices(PIECES, k=chance.randint(1, 9))
        metadata = chance.choice([{}, {}, {}, {"tags": ["parameters"]}, {"pressrun": {"register": "step clean"}}])
        cells.append({"source": "".join(pieces), "metadata": metadata})
    done = node("test/agree.ts", text=json.dumps(cells))
    assert done.returncode == 0, done.stderr
    expected = [in_python(cell) for cell in cells]
    assert sum(one is not None for one in expected) > 300
    for cell, ours, theirs in zip(cells, expected, json.loads(done.stdout), strict=True):
        assert agreed(theirs) == agreed(ours), cell
