"""What an interpreter can import and parse is asked of that interpreter, and nothing of the user's runs."""

import subprocess
import sys
from pathlib import Path

import pytest

from pressrun.errors import UsageError
from pressrun.notebook.doctor.interpreter import ask, kernel_python
from pressrun.observer import import_probe
from pressrun.rules.doctor.analysed import Questions

MODULES = (
    "json",
    "colorsys",
    "sys",
    "numpy",
    "numpy.linalg",
    "numpy.not_there",
    "not_there",
    "beside",
    "os.path",
    "package.inner",
    "package.lacking",
)


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "beside.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "json.py").write_text("raise SystemExit('shadowed')\n")  # loaded before a notebook's folder counts
    (tmp_path / "colorsys.py").write_text("raise SystemExit('shadowing')\n")
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "__init__.py").write_text("raise SystemExit('imported')\n")
    (tmp_path / "package" / "inner.py").write_text("here = 1\n")
    return tmp_path


def states(answer):
    return {name: told["state"] for name, told in answer.modules.items()}


def test_modules_are_told_apart_without_importing_one(folder):
    answer = ask(sys.executable, Questions(modules=MODULES), str(folder))
    assert answer is not None
    assert states(answer) == {
        "json": "standard",
        "colorsys": "local",  # a kernel in that folder imports it from there
        "sys": "standard",
        "os.path": "standard",
        "numpy": "installed",
        "numpy.linalg": "installed",
        "numpy.not_there": "missing",
        "not_there": "missing",
        "beside": "local",
        "package.inner": "local",
        "package.lacking": "missing",
    }
    assert answer.modules["numpy"]["distribution"] == "numpy"
    assert answer.versions["numpy"]
    assert answer.python == tuple(sys.version_info[:3])


def test_a_module_without_the_name_is_told_and_one_that_may_make_it_is_not(folder):
    (folder / "plain.py").write_text("a = 1\n")
    (folder / "lazy_one.py").write_text("def __getattr__(name): ...\n")
    (folder / "starred.py").write_text("from plain import *\n")
    pairs = (
        ("plain", "a"),
        ("plain", "b"),
        ("lazy_one", "b"),
        ("starred", "b"),
        ("package", "inner"),
        ("package.inner", "gone"),
    )
    answer = ask(sys.executable, Questions(members=pairs), str(folder))
    assert answer is not None
    assert answer.lacking == (("plain", "b"), ("package.inner", "gone"))


def test_an_editable_install_is_told(tmp_path, monkeypatch):
    tree, site = tmp_path / "tree & co", tmp_path / "site"
    info = site / "our_things-1.0.dist-info"
    for folder in (tree, info):
        folder.mkdir(parents=True)
    (tree / "ours.py").write_text("x = 1\n")
    (info / "direct_url.json").write_text(
        '{"dir_info": {"editable": true}, "url": "file://' + str(tree).replace(" ", "%20") + '"}'
    )
    monkeypatch.setenv("PYTHONPATH", f"{site}:{tree}")
    answer = ask(sys.executable, Questions(modules=("ours",)), "")
    assert answer is not None
    told = answer.modules["ours"]
    assert (told["state"], told["distribution"]) == ("editable", "our-things")


def test_sources_are_parsed_by_the_interpreter_that_is_asked(folder):
    sources = {0: "%time x = 1\n!ls", 1: "print 'a'", 2: "await f()", 3: "x = = 1"}
    answer = ask(sys.executable, Questions(sources=sources), str(folder))
    assert answer is not None
    assert sorted(answer.valid) == ["0", "2"]


def test_python_3_7_answers_too(python37, folder):
    answer = ask(
        python37, Questions(modules=("json", "beside", "not_there"), sources={0: "x = 1", 1: "(x := 1)"}), str(folder)
    )
    assert answer is not None
    assert answer.python[:2] == (3, 7)
    assert states(answer) == {"json": "standard", "beside": "local", "not_there": "missing"}
    assert answer.valid == ("0",)


def test_the_probe_is_not_shadowed_by_the_folder_it_is_started_in(folder):
    for name in ("ast", "json", "re", "warnings", "urllib"):
        (folder / f"{name}.py").write_text("raise SystemExit('shadowed')\n")
    request = b'{"folder": "", "modules": ["sys"], "members": [], "sources": {}}'
    done = subprocess.run(
        [sys.executable, "-c", Path(import_probe.__file__).read_text(encoding="utf-8")],
        input=request,
        capture_output=True,
        cwd=folder,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


def test_an_interpreter_that_does_not_start_gives_no_answer(tmp_path):
    assert ask(str(tmp_path / "none"), Questions(), "") is None


def test_the_interpreter_is_the_one_that_a_replay_would_take(tmp_path):
    assert kernel_python("python3", None) == (sys.executable, "")
    assert kernel_python(None, None) == (sys.executable, "")
    found, why = kernel_python("no-such-kernel", None)
    assert found == ""
    assert "not installed" in why
    with pytest.raises(UsageError, match="no such interpreter"):
        kernel_python(None, tmp_path / "none")
