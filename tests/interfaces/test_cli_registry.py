"""The registry's verbs as people type them: what is said, the exit code, and one JSON object whatever happens."""

import json
import subprocess
import sys

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.testing.worlds import RegistryWorld

HEAVY = ("sqlalchemy", "yaml", "cryptography", "fsspec", "numpy", "papermill", "nbformat")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Give a registry with two versions that nobody approved yet."""
    made = RegistryWorld(tmp_path_factory.mktemp("world")).build()
    made.register("one")
    made.register("two")
    return made


@pytest.fixture
def world(built, monkeypatch):
    """Let the test act as Ana in the project's folder."""
    monkeypatch.chdir(built.project)
    for name, value in built.environment("ana").items():
        if name == "HOME" or name.startswith("PRESSRUN_"):
            monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "80")
    return built


@pytest.mark.parametrize(
    ("words", "code"),
    [
        ("register ../nowhere --name churn", 2),
        ("describe churn@9 --owner ana", 2),
        ("show nobody@1", 2),
        ("show churn@9", 2),
        ("versions nobody", 2),
        ("check churn@9 --to production", 2),
        ("check churn@1", 2),
        ("policy explain NO-SUCH", 2),
        ("policy accept 123456", 2),
        ("members accept 123456", 2),
        ("members publish no-such-file.yaml", 2),
        ("state churn@1 NO-SUCH --text x", 2),
        ("waive churn@1 NO-SUCH --reason x --control y --owner ana --days 3", 2),
        ("unwaive 123456", 2),
        ("request churn@9 --to production", 2),
        ("approve 123456", 2),
        ("reject 123456 --reason x", 2),
        ("withdraw 123456", 2),
        ("revoke churn@9 --reason x", 2),
        ("deploy churn@9 --to production", 2),
        ("deploy churn@1 --to production", 3),
        ("rollback churn --in production --reason x", 2),
        ("ratify 123456", 2),
        ("review 123456 --comment x", 2),
        ("history churn", 2),
        ("search a=", 2),
        ("check churn@1 --to production", 3),
    ],
)
def test_what_is_refused_or_wrong_is_one_json_object_with_its_exit_code(world, capfdbinary, words, code):
    assert run([*words.split(), "--json"]) == code
    out = capfdbinary.readouterr()
    said = json.loads(out.out)
    assert isinstance(said, dict)
    assert out.err == b""
    if "error" in said:
        assert (said["exit_code"], bool(said["error"]["what"])) == (code, True)
    else:
        assert said["allowed"] is False


@pytest.mark.parametrize(
    "words",
    ["versions", "versions churn", "show churn@1", "status", "history churn --in production", "members show",
     "key show", "policy show", "policy explain OWNER", "recover", "runs", "search grade=R3", "diff churn@1 churn@2"],
)  # fmt: skip
def test_what_is_told_is_one_json_object(world, capfdbinary, words):
    run([*words.split(), "--json"])
    out = capfdbinary.readouterr()
    assert isinstance(json.loads(out.out), dict)
    assert out.err == b""


@pytest.mark.parametrize("words", ["show churn@1 --json", "status --json", "versions --json"])
def test_reading_the_registry_imports_no_heavy_library(world, words):
    code = (
        "import sys\nfrom pressrun.interfaces.cli.main import run\n"
        f"code = run({words.split()!r})\n"
        f"print([code, *(name for name in {HEAVY!r} if name in sys.modules)])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=world.project,
        env=world.environment("ana"),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[0]"


def test_an_environment_that_nothing_names_is_noted(world, capsys):
    assert run(["check", "churn@2", "--to", "prodction"]) == 0
    assert "'prodction'; did you mean 'production'?" in capsys.readouterr().err
    assert run(["check", "churn@2", "--to", "production"]) == 3
    assert capsys.readouterr().err == ""


def test_what_waits_is_told_with_a_command_in_one_piece_until_its_version_is_revoked(world, capsys):
    assert run(["request", "churn@1", "--to", "production"]) == 0
    command = capsys.readouterr().out.splitlines()[-1].removeprefix("Approvers run: ")
    assert run(["status"]) == 0
    assert f"Run: {command}" in capsys.readouterr().out.splitlines()
    assert run(["revoke", "churn@1", "--reason", "wrong data"]) == 0
    assert run(["status"]) == 0
    assert command not in capsys.readouterr().out


def test_what_is_not_known_is_told_by_its_reason(world, capsys):
    assert run(["show", "churn@2"]) == 0
    said = capsys.readouterr().out
    assert said.count("the bundle has no receipt") == 1
    assert "replay.hermetic" in said


def test_a_parameter_that_names_nothing_yet_is_said_in_words(world, capsys):
    assert run(["policy", "explain", "APPROVED"]) == 0
    said = capsys.readouterr().out
    assert "roles = none named" in said
    assert "a lower level may set any, as none is named yet" in said
