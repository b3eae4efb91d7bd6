"""``pressrun diff A B`` as one types it."""

import json

import pytest

from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.registry import open_registry
from pressrun.interfaces.cli.main import run
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle


def notebook(*sources):
    cells = [
        {"cell_type": "markdown", "source": source, "metadata": {}} if source.startswith("#") else
        {"cell_type": "code", "source": source, "metadata": {}, "outputs": [], "execution_count": None}
        for source in sources
    ]  # fmt: skip
    return json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 4}).encode()


def lock(python="3.11.7", **packages):
    text = 'lock-version = "1.0"\n'
    for name, version in packages.items():
        text += f'[[packages]]\nname = "{name}"\nversion = "{version}"\n'
        text += f'wheels = [{{ name = "{name}.whl", hashes = {{ sha256 = "{"0" * 64}" }} }}]\n'
    return f'{text}[tool.pressrun]\npython = "{python}"\n'.encode()


def files(source, pinned, model):
    return {**SAMPLE_FILES, "source.ipynb": source, "pylock.toml": pinned, "models/m/model.bin": model}


ONE = files(notebook("# Churn", "load()", "fit(3)\nsave()"), lock(numpy="2.0", pandas="2.2"), b"one")
TWO = files(
    notebook("# Churn", "fit(4)\nsave()", "load()", "print('\x1b[31m')"),
    lock("3.12.1", numpy="2.1", scipy="1"),
    b"two!",
)


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    (tmp_path / "pyproject.toml").touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PRESSRUN_ACTOR", "ana@example.org")
    monkeypatch.setenv("PRESSRUN_JOURNAL_KEY", str(tmp_path / "key"))
    monkeypatch.setenv("COLUMNS", "120")
    write_sample_bundle(tmp_path / "one", ONE, held={"data.csv": b"a\n", "old.csv": b"x"})
    write_sample_bundle(tmp_path / "two", TWO, held={"data.csv": b"a\nb\n", "new.csv": b"x"})
    return tmp_path


@pytest.fixture
def versions(project):
    with open_registry(project) as registry:
        for bundle in ("one", "two"):
            register(registry, RegisterRequest(bundle=bundle, name="churn"))


def found(capsysbinary, *words):
    assert run(["diff", *words, "--json"]) == 0
    return json.loads(capsysbinary.readouterr().out)


def test_two_bundles_are_compared_section_by_section(capsysbinary):
    diff = found(capsysbinary, "one", "two")
    assert [(c["change"], c["before"], c["after"]) for c in diff["code"]] == [
        ("moved and changed", 2, 1), ("added", None, 3),
    ]  # fmt: skip
    assert [(d["change"], d["path"], d["moved_from"]) for d in diff["data"]] == [
        ("changed", "data.csv", ""), ("moved", "new.csv", "old.csv"),
    ]  # fmt: skip
    assert [(p["name"], p["before"], p["after"]) for p in diff["packages"]] == [
        ("numpy", "2.0", "2.1"), ("pandas", "2.2", ""), ("scipy", "", "1"),
    ]  # fmt: skip
    assert (diff["python"]["before"], diff["python"]["after"]) == ("3.11.7", "3.12.1")
    assert [(m["before"]["size"], m["after"]["size"]) for m in diff["models"]] == [(3, 4)]
    assert (diff["same"], diff["equal_cells"], diff["gaps"]) == (False, 2, {})


@pytest.mark.usefixtures("versions")
def test_versions_are_compared_as_their_bundles_are(capsysbinary):
    diff = found(capsysbinary, "churn@1", "churn@latest")
    assert (diff["before"]["version"], diff["after"]["version"]) == ("churn@1", "churn@2")
    assert diff["after"]["reference"] == "churn@latest"
    bundles = found(capsysbinary, "one", "two")
    for section in ("code", "data", "packages", "models", "python", "metrics"):
        assert diff[section] == bundles[section]


@pytest.mark.usefixtures("versions")
def test_a_version_is_compared_with_a_bundle(capsysbinary):
    diff = found(capsysbinary, "churn@2", "two")
    assert diff["same"] is True
    assert diff["code"] == diff["packages"] == []


def test_a_reader_sees_signs_and_no_colour_where_none_is_wanted(capsys, monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert run(["diff", "one", "two"]) == 0
    shown = capsys.readouterr().out
    assert "\x1b[3" not in shown
    for line in (
        "~ cell 2 -> 1 moved and changed  fit(4)", "    -fit(3)", "    +fit(4)", "~ numpy  2.0 -> 2.1", "- pandas  2.2",
        "+ scipy  1", "> old.csv -> new.csv", '~ python  "3.11.7" -> "3.12.1"',
    ):  # fmt: skip
        assert line in shown
    assert "No difference in parameters." in shown
    assert "Neither has metrics or grade." in shown


def test_colours_repeat_what_the_signs_say(capsys, monkeypatch):
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    assert run(["diff", "one", "two"]) == 0
    assert "\x1b[32m" in capsys.readouterr().out


def test_source_that_would_steer_the_terminal_is_shown_as_text(capsys):
    assert run(["diff", "one", "two"]) == 0
    assert "\x1b[31m" not in capsys.readouterr().out


def test_a_bundle_has_no_difference_to_itself(capsys):
    assert run(["diff", "one", "one", "--exit-code"]) == 0
    assert "The very same content." in capsys.readouterr().out


def test_scripts_may_ask_for_an_exit_code(capsys):
    assert run(["diff", "one", "two", "--exit-code"]) == 4
    assert run(["diff", "one", "two"]) == 0
    capsys.readouterr()


def test_what_cannot_be_read_is_a_gap_and_the_rest_is_compared(project, capsysbinary):
    write_sample_bundle(project / "broken", {**ONE, "source.ipynb": b"{", "pylock.toml": b"packages = 3"})
    diff = found(capsysbinary, "one", "broken")
    assert set(diff["gaps"]) == {"code", "packages"}
    assert "the notebook of broken cannot be read" in diff["gaps"]["code"]
    assert [item["change"] for item in diff["data"]] == ["removed", "removed"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["churn@1", "churn@9"], "there is no version 9"),
        (["churn@1", "churn@production"], "no version of 'churn' is live in 'production'"),
        (["chrun@1", "churn@1"], "did you mean 'churn'?"),
        (["churn@one!", "churn@1"], "neither a number nor an environment"),
        (["churn@1", "absent"], "absent"),
    ],
)
@pytest.mark.usefixtures("versions")
def test_what_is_not_there_exits_with_2(capsys, words, message):
    assert run(["diff", *words]) == 2
    assert message in capsys.readouterr().err


def test_a_damaged_bundle_is_not_compared(project, capsys):
    (project / "two" / "source.ipynb").write_bytes(notebook("other()"))
    assert run(["diff", "one", "two"]) == 5
    assert "source.ipynb" in capsys.readouterr().err


def test_a_project_without_a_registry_gets_none_for_comparing_two_bundles(project, capsys):
    assert run(["diff", "one", "two"]) == 0
    capsys.readouterr()
    assert not (project / ".pressrun").exists()
