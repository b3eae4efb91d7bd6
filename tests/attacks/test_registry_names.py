"""A name or an environment never leads out of where it belongs, whatever verb it is given to."""

import hashlib
import os

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.testing.worlds import RegistryWorld

HOSTILE = [
    "..", ".", "../canary", "../../canary", "/canary", "a/b", "a\\b", "..\\canary", "C:canary", "~/canary", "-rf",
    "a\0b", "a\nb", "\u202etxt", "caf\u00e9\u0301", "c\u0430nary", "\uff0e\uff0e\uff0fcanary", "CON", "com1.txt",
    "churn.", "churn ", " ", "", "$(touch canary)", "a;b", "a" * 300, "%2e%2e%2fcanary", "file:///canary", "\ud800",
]  # fmt: skip

BY_NAME = {
    "register": ["register", "{bundle}", "--name", "{}"],
    "versions": ["versions", "{}"],
    "show": ["show", "{}@1"],
    "check": ["check", "{}@1", "--to", "staging"],
    "request": ["request", "{}@1", "--to", "staging"],
    "approve": ["approve", "{}@1"],
    "deploy": ["deploy", "{}@1", "--to", "production"],
    "rollback": ["rollback", "{}", "--in", "production"],
    "history": ["history", "{}", "--in", "production"],
    "revoke": ["revoke", "{}@1", "--reason", "r"],
    "describe": ["describe", "{}@1", "--owner", "ana"],
}
BY_ENVIRONMENT = {
    "check": ["check", "churn@1", "--to", "{}"],
    "request": ["request", "churn@1", "--to", "{}"],
    "deploy": ["deploy", "churn@1", "--to", "{}", "--target", "dir:../live"],
    "rollback": ["rollback", "churn", "--in", "{}"],
    "history": ["history", "churn", "--in", "{}"],
    "emergency": ["deploy", "churn@1", "--to", "{}", "--target", "dir:../live", "--break-glass", "now"],
}


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """Give a registry with one version, and a file beside it that nobody may touch."""
    made = RegistryWorld(tmp_path_factory.mktemp("names")).build()
    made.register("one")
    (made.folder / "canary").write_text("untouched")
    return made


def everything(world):
    """Return every path, with its content, that is not the registry's own journal and locks."""
    own = (world.project / ".pressrun" / "locks", world.project / ".pressrun" / "journal.db")
    return {
        str(path.relative_to(world.folder)): hashlib.sha256(path.read_bytes()).digest() if path.is_file() else b""
        for path in world.folder.rglob("*")
        if not str(path).startswith(tuple(str(one) for one in own))
    }


def head(world):
    with world.acting("ana") as registry:
        return registry.standing().head


@pytest.fixture
def ask(world, monkeypatch):
    """Give a function that runs a verb as Ana, in this process."""
    monkeypatch.chdir(world.project)
    for name, value in world.environment("ana").items():
        monkeypatch.setenv(name, value)

    def call(arguments, hostile):
        return run([part.replace("{bundle}", str(world.bundle("one"))).replace("{}", hostile) for part in arguments])

    return call


@pytest.mark.parametrize("verb", sorted(BY_NAME))
def test_no_verb_follows_a_name_out_of_the_registry(world, ask, verb, capsys):
    _nothing_happens(world, ask, BY_NAME[verb], empty_is_default=verb in {"register", "versions"})
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.mark.parametrize("verb", sorted(BY_ENVIRONMENT))
def test_no_verb_follows_an_environment_out_of_its_target(world, ask, verb, capsys):
    _nothing_happens(world, ask, BY_ENVIRONMENT[verb])
    assert "Traceback" not in "".join(capsys.readouterr())


def _nothing_happens(world, ask, arguments, *, empty_is_default=False):
    world.bundle("one")
    before, entries = everything(world), head(world)
    for hostile in HOSTILE:
        if empty_is_default and not hostile:
            continue
        assert ask(arguments, hostile) in {2, 3, 5}, repr(hostile)
    assert everything(world) == before
    assert head(world) == entries
    locks = world.project / ".pressrun" / "locks"
    assert {path.name for path in locks.iterdir()} <= {"churn.production.lock"} if locks.exists() else True
    assert (world.folder / "canary").read_text() == "untouched"
    assert os.listdir(world.folder / "bundles") == ["one"]  # noqa: PTH208 - names are wanted
