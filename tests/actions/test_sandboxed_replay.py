"""``--sandbox`` on a notebook: what is declared can be read, everything else fails with its path."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import pandas as pd
import pytest
from rich.console import Console

from pressrun.actions.clean_room import Room, running
from pressrun.actions.progress import Silent
from pressrun.actions.replay import ReplaySettings, Values, replay
from pressrun.errors import UsageError
from pressrun.interfaces.cli.receipt import render_receipt
from pressrun.notebook.replay.outside.command import find_tracer
from pressrun.notebook.replay.request import ReplayRequest
from pressrun.notebook.replay.sandbox.probe import require_sandbox
from pressrun.notebook.replay.sandbox.report import ASKED
from pressrun.records.comparison import Receipt
from pressrun.records.digest import digest_bytes
from pressrun.records.replay import Replay, SandboxReport, UndeclaredRead

try:
    require_sandbox()
except UsageError as error:
    pytest.skip(str(error), allow_module_level=True)

traced = pytest.mark.skipif(not find_tracer().works, reason="no strace that works here")
EXAMPLES = Path(__file__).resolve().parents[2] / "example_notebooks"
MAY_RAISE = {"tags": ["raises-exception"]}


class Project:
    """A project with a notebook in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "project"
        self.elsewhere = folder / "elsewhere"
        for made in (self.folder / "notebooks", self.folder / "data", self.elsewhere):
            made.mkdir(parents=True)
        (self.folder / "pyproject.toml").write_text("[project]\nname = 'p'\n")
        self.output = folder / "out.ipynb"

    def write(self, *sources: str, **metadata: Any) -> Path:
        cells = [
            {
                "cell_type": "code",
                "id": f"c{n}",
                "metadata": metadata,
                "outputs": [],
                "execution_count": None,
                "source": source,
            }
            for n, source in enumerate(sources)
        ]
        about = {"kernelspec": {"name": "python3", "display_name": "P"}, "language_info": {"name": "python"}}
        path = self.folder / "notebooks" / "nb.ipynb"
        path.write_text(json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": about, "cells": cells}))
        return path

    def replay(self, *sources: str, inputs: tuple[Path, ...] = (), values: Values | None = None) -> Replay:
        settings = ReplaySettings(sandbox=True, inputs=inputs)
        return replay(self.write(*sources), self.output, values=values, settings=settings)

    def text(self, cell: int) -> str:
        outputs = json.loads(self.output.read_text())["cells"][cell]["outputs"]
        return "".join("".join(output.get("text", "")) for output in outputs)


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return Project(tmp_path)


def asked(result: Replay) -> dict[str, tuple[str, tuple[int, ...]]]:
    """Path relative to the project's parent -> what was asked of it, and by which cells."""
    assert result.sandbox is not None
    return {one.path.partition("/project/")[2] or one.path: (one.kind, one.cells) for one in result.sandbox.undeclared}


# how a file is read, for which no constant in the source says where it is
READERS = {
    "open": "open(path).read()",
    "pandas-csv": "import pandas as pd\npd.read_csv(path)",
    "pandas-parquet": "import pandas as pd\npd.read_parquet(path)",
    "pyarrow": "import pyarrow.parquet as pq\npq.read_table(path)",
    "numpy": "import numpy as np\nnp.fromfile(path)",
    "sqlite": "import sqlite3\nsqlite3.connect(f'file:{path}?mode=ro', uri=True).execute('select 1')",
    "shell": "!cat {path}",
    "subprocess": "import subprocess\nsubprocess.run(['wc', '-c', path], check=True)",
    "spawn": (
        "import multiprocessing, pathlib\nwith multiprocessing.get_context('spawn').Pool(1) as pool:\n"
        "    pool.map(pathlib.Path.read_bytes, [pathlib.Path(path)])"
    ),
    "exists": "import os\nprint(os.path.exists(path))",
    "fallback": "try:\n    open(path)\nexcept OSError:\n    print('went on')",
    "listing": "import os\nfolder, name = os.path.split(path)\nprint(os.listdir(folder))",
    "pattern": "import subprocess\nsubprocess.run('cat ' + path[:-2] + '[h-j]t || true', shell=True)",
    "program": "import subprocess\nsubprocess.run([path])",
}
LISTING = ("listing", "pattern")


@traced
def test_every_undeclared_read_is_told_with_its_path_and_cell(project: Project) -> None:
    sources = []
    for name, source in READERS.items():
        folder = project.folder / "data" / name
        folder.mkdir()
        (folder / "it").write_text("#!/bin/sh\n")
        (folder / "it").chmod(0o755)
        sources.append(f"name = {name!r}\npath = '/'.join(['..', 'data', name, 'it'])\n{source}")
    settings = ReplaySettings(sandbox=True)
    result = replay(project.write(*sources, **MAY_RAISE), project.output, settings=settings)
    assert result.verdict == "completed", result.failure
    wanted = {f"data/{name}/it": ("file", (cell,)) for cell, name in enumerate(READERS) if name not in LISTING}
    wanted |= {f"data/{name}": ("listing", (list(READERS).index(name),)) for name in LISTING}
    assert asked(result) == wanted
    assert not result.hermetic
    assert "went on" in project.text(list(READERS).index("fallback"))


@traced
def test_declared_files_are_read_however_they_are_declared(project: Project) -> None:
    data = project.folder / "data"
    for name in ("named.csv", "given.csv", "option.csv"):
        (data / name).write_text("a\n1\n")
    (data / "many").mkdir()
    for number in range(3):
        (data / "many" / f"{number}.csv").write_text("a\n1\n")
    (project.elsewhere / "far.csv").write_text("a\n1\n")
    (project.folder / "notebooks" / "helper.py").write_text("def two():\n    return 2\n")
    result = project.replay(
        "%%register parameters\nwhere: str = ''",
        "import os, pandas as pd, helper\nDATA = '../data'\n"
        "frames = [pd.read_csv(f'{DATA}/named.csv'), pd.read_csv(where)]",
        "frames += [pd.read_csv(''.join(['../data/', 'option.csv']))]\n"
        "frames += [pd.read_csv('/'.join([DATA, 'many', name])) for name in sorted(os.listdir(DATA + '/many'))]",
        f"frames += [pd.read_csv(''.join([{str(project.elsewhere)!r}, '/far.csv']))]\n"
        "print(sum(len(f) for f in frames), helper.two())",
        inputs=(data / "option.csv", data / "many", project.elsewhere / "far.csv"),
        values=Values(given={"where": "../data/given.csv"}),
    )
    assert (result.verdict, asked(result)) == ("completed", {})
    assert result.hermetic
    assert project.text(-1) == "7 2\n"
    declared = [path.rpartition("/")[2] for path in result.sandbox.declared]
    assert declared == ["named.csv", "given.csv", "option.csv", "many", "far.csv"]


@traced
def test_a_declared_link_has_to_be_followed_by_a_declaration_of_its_target(project: Project) -> None:
    (project.elsewhere / "real.csv").write_text("a\n1\n")
    (project.folder / "data" / "link.csv").symlink_to(project.elsewhere / "real.csv")
    source = "print(len(open('../data/link.csv').read()))"
    refused = project.replay(source)
    assert refused.verdict == "cell-error"
    assert asked(refused) == {"data/link.csv": ("file", (0,))}
    passed = project.replay(source, inputs=(project.elsewhere / "real.csv",))
    assert passed.hermetic
    assert project.text(0) == "4\n"


def test_what_the_notebook_writes_is_told_and_leaves_the_authors_files_as_they_were(project: Project) -> None:
    table = project.folder / "data" / "in.csv"
    table.write_text("a\n1\n")
    (project.folder / "results").mkdir()
    result = project.replay(
        "open('../data/in.csv', 'a').write('2\\n')\n"
        "open('../results/out.csv', 'w').write('x')\nopen('new.txt', 'w').write('x')",
        "print(open('../results/out.csv').read())",
    )
    assert result.verdict == "completed", result.failure
    written = [path.partition("/project/")[2] for path in result.sandbox.written]
    assert written == ["notebooks/new.txt", "results/out.csv"]
    assert table.read_text() == "a\n1\n"
    assert list((project.folder / "results").iterdir()) == []


def test_a_large_declared_file_is_shown_and_not_copied(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pressrun.notebook.replay.sandbox.staging.BOUND_FROM", 100)
    large = project.folder / "data" / "large.bin"
    large.write_bytes(bytes(100))
    result = project.replay(
        "print(len(open('../data/large.bin', 'rb').read()), __import__('os').path.ismount('../data/large.bin'))",
        "try:\n    open('../data/large.bin', 'ab')\nexcept OSError as error:\n    print(error.strerror)",
    )
    assert result.verdict == "completed", result.failure
    assert project.text(0).startswith("100")
    assert project.text(1) == "Read-only file system\n"


def test_a_connection_is_told_and_there_is_none(project: Project) -> None:
    result = project.replay(
        "import socket\ntry:\n    socket.create_connection(('192.0.2.1', 9), 2)\n"
        "except OSError as error:\n    print(error)"
    )
    assert result.verdict == "completed"
    assert asked(result) == {"192.0.2.1:9": ("network", (0,))}
    assert not result.hermetic
    assert "unreachable" in project.text(0)


def test_without_a_tracer_the_error_names_the_file_and_no_run_is_called_hermetic(
    project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    (programs / "bwrap").symlink_to(require_sandbox()[0])
    monkeypatch.setenv("PATH", str(programs))
    (project.folder / "data" / "hidden.csv").write_text("a\n1\n")
    failed = project.replay("import pandas as pd\npd.read_csv(''.join(['../data/', 'hidden.csv']))")
    assert failed.verdict == "cell-error"
    assert asked(failed) == {"data/hidden.csv": ("file", (0,))}
    assert [one.told_by for one in failed.sandbox.undeclared] == ["error"]
    passed = project.replay("1")
    assert passed.verdict == "completed"
    assert not passed.hermetic
    assert "Not every look-up was recorded" in " ".join(passed.sandbox.reasons)


@pytest.mark.parametrize("name", ["no-such-file", "/proc/version", "/"])
def test_an_input_that_can_t_be_declared_is_wrong_use(name: str, project: Project) -> None:
    with pytest.raises(UsageError, match=r"no such input|can't be declared"):
        project.replay("1", inputs=(Path(name),))


def command(*words: object, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **variables}
    line = [sys.executable, "-m", "pressrun", *map(str, words)]
    return subprocess.run(line, cwd=cwd, env=environment, capture_output=True, text=True, timeout=120, check=False)


@traced
@pytest.mark.parametrize("how", ["pyarrow", "shell"])
def test_the_command_refuses_and_says_how_to_declare_and_then_passes(how: str, project: Project) -> None:
    pd.DataFrame({"a": [1]}).to_parquet(project.folder / "data" / "hidden.parquet")
    path = project.write(f"path = ''.join(['../data/', 'hidden.parquet'])\n{READERS[how]}")
    refused = command("replay", path, "-o", project.output, "--sandbox", cwd=project.folder)
    assert refused.returncode == 3, refused.stderr
    assert f"cell 0 reads {project.folder}/data/hidden.parquet, which is not declared" in refused.stdout
    assert "--input data/hidden.parquet" in refused.stdout
    words = ("replay", path, "-o", project.output, "--sandbox", "--input", "data/hidden.parquet")
    passed = command(*words, cwd=project.folder)
    assert passed.returncode == 0, passed.stdout
    assert "hermetic: yes" in passed.stdout
    told = json.loads(command(*words, "--json", cwd=project.folder).stdout)
    assert (told["hermetic"], told["sandbox"]["undeclared"]) == (True, [])


def test_an_input_without_a_sandbox_is_wrong_use(project: Project) -> None:
    done = command("replay", project.write("1"), "--input", "data", cwd=project.folder)
    assert (done.returncode, "for a sandbox only" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (None, "bubblewrap (bwrap) is not installed"),
        ("echo 'bwrap: setting up uid map: Permission denied' >&2; exit 1", "setting up uid map: Permission denied"),
    ],
)
def test_where_no_sandbox_can_be_made_the_command_says_why(
    script: str | None, message: str, project: Project, tmp_path: Path
) -> None:
    if script:
        (tmp_path / "bwrap").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "bwrap").chmod(0o755)
    done = command("replay", project.write("1"), "--sandbox", cwd=project.folder, PATH=str(tmp_path))
    assert done.returncode == 2
    assert message in done.stderr
    assert "without --sandbox" in done.stderr
    assert not (project.folder / "notebooks" / "nb-replayed.ipynb").exists()


def test_a_bubblewrap_that_can_t_forbid_namespaces_is_used_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = tmp_path / "bwrap"
    old.write_text(
        '#!/bin/sh\nfor word; do test "$word" = --disable-userns && '
        "{ echo 'bwrap: Unknown option --disable-userns' >&2; exit 1; }; done; exit 0\n"
    )
    old.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    words = require_sandbox()
    assert words[0] == str(old)
    assert "--disable-userns" not in words
    assert "--unshare-all" in words


@traced
@pytest.mark.slow
@pytest.mark.parametrize("name", ["flight_delay", "messy"])
def test_an_example_is_hermetic(name: str, tmp_path: Path) -> None:
    result = replay(EXAMPLES / f"{name}.ipynb", tmp_path / "out.ipynb", settings=ReplaySettings(sandbox=True))
    assert (result.verdict, result.sandbox.undeclared, result.sandbox.reasons) == ("completed", (), ())
    assert result.hermetic


def in_room(project: Project, source: str, **fields: Any) -> Replay:
    """Replay a notebook in a folder that was laid out for it, sandboxed."""
    notebook = project.write(source)
    room = Room(
        notebook=notebook.read_bytes(),
        name="nb.ipynb",
        entry="notebooks",
        request=ReplayRequest(notebook=notebook, output=project.output),
        origin=project.folder,
        **fields,
    )
    with running(room, Silent()) as run:
        return run.replay


@traced
def test_a_bundles_run_asks_for_what_its_project_has_and_the_bundle_lacks(project: Project) -> None:
    data = project.folder / "data"
    (data / "held.csv").write_text("a\n1\n")
    (data / "cache.csv").write_text("a\n1\n")
    source = (
        "import os\ntable = open('../data/held.csv').read()\nif os.path.exists('../data/cache.csv'):\n    table = ''\n"
        "assert table"
    )
    result = in_room(project, source, files={"data/held.csv": data / "held.csv"}, inputs=("data/held.csv",))
    assert result.verdict == "completed", result.failure
    assert asked(result) == {"data/cache.csv": ("file", (0,))}
    assert not result.hermetic


@traced
def test_a_bundles_large_and_outside_inputs_are_readable(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pressrun.notebook.workplace.LINK_FROM", 10)
    large, far = project.elsewhere / "large.bin", project.elsewhere / "far.csv"
    large.write_bytes(bytes(10))
    far.write_text("a\n1\n")
    source = f"assert len(open('../large.bin', 'rb').read()) == 10\nassert open({str(far)!r}).read()"
    result = in_room(project, source, files={"large.bin": large}, inputs=("large.bin", str(far)))
    assert result.hermetic, (result.failure, result.sandbox)


def test_a_receipt_says_whether_the_run_was_hermetic(tmp_path: Path) -> None:
    undeclared = UndeclaredRead(path=str(tmp_path / "x.csv"), kind="file", cells=(3,), told_by="strace")
    receipt = Receipt(
        subject=digest_bytes(b"x"),
        grade="R3",
        environment="rebuilt",
        against="bundle",
        verdict="completed",
        hermetic=True,
        sandbox=SandboxReport(declared=("a.csv",)),
    )
    not_so = SandboxReport(declared=("a.csv",), undeclared=(undeclared,), reasons=(ASKED,))
    refused = msgspec.structs.replace(receipt, hermetic=False, sandbox=not_so)
    assert "Hermetic     yes: no network, and only 1 declared input" in shown(receipt)
    assert f"cell 3 reads {tmp_path}/x.csv, which is not declared" in shown(refused)
    assert "name it in the notebook's source and press again" in shown(refused)
    assert "Hermetic" not in shown(msgspec.structs.replace(receipt, hermetic=False, sandbox=None))


def shown(receipt: Receipt) -> str:
    out = io.StringIO()
    render_receipt(receipt, Console(file=out, width=200, highlight=False))
    return out.getvalue()
