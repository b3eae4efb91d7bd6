"""``pressrun members`` as one types it."""

import json

import pytest

from pressrun.interfaces.cli.main import run
from pressrun.rules.members import read_members
from pressrun.testing.worlds import PEOPLE, RegistryWorld


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Give a registry with members."""
    return RegistryWorld(tmp_path_factory.mktemp("world")).build()


@pytest.fixture
def world(built, monkeypatch):
    """Let the test act as Ana in the project's folder."""
    monkeypatch.chdir(built.project)
    for name, value in built.environment("ana").items():
        if name == "HOME" or name.startswith("PRESSRUN_"):
            monkeypatch.setenv(name, value)
    return built


def test_the_members_in_force_are_listed_and_you_are_marked(world, capsys):
    assert run(["members", "show"]) == 0
    said = capsys.readouterr().out
    assert all(person in said for person in PEOPLE)
    assert "ana (you)" in said
    assert "ben (you)" not in said


def test_json_tells_the_members_and_who_you_are(world, capfdbinary):
    assert run(["members", "show", "--json"]) == 0
    said = json.loads(capfdbinary.readouterr().out)
    assert [person["id"] for person in said["members"]["people"]] == list(PEOPLE)
    assert said["you"]["id"] == "ana"


def test_only_a_policy_admin_publishes_members(world, capsys):
    assert run(["members", "publish", str(world.folder / "members.yaml")]) == 3
    assert "Error:" in capsys.readouterr().err


def test_a_draft_is_a_members_file_with_the_keys_that_were_found(world, tmp_path, capsys):
    public = world.key("ben").with_name("approvals.key.pub").read_text(encoding="utf-8").strip()
    (tmp_path / "ben.pub").write_text(public, encoding="utf-8")
    words = ["ana:author+release-manager", "ben:approver", "cleo:policy-admin"]
    assert run(["members", "draft", *words, "--keys", str(tmp_path), "--organisation", "acme"]) == 0
    members = read_members(capsys.readouterr().out, "draft")
    grants = {person.id: [grant.role for grant in person.grants] for person in members.people}
    assert grants == {"ana": ["author", "release-manager"], "ben": ["approver"], "cleo": ["policy-admin"]}
    assert [len(person.keys) for person in members.people] == [0, 1, 0]


@pytest.mark.parametrize("word", ["ana", "ana:", "ana:king"])
def test_a_draft_without_a_role_that_exists_is_wrong_use(world, capsys, word):
    assert run(["members", "draft", word]) == 2
    assert capsys.readouterr().out == ""


def test_the_allowed_signers_name_every_member_with_a_key(world, capsys):
    assert run(["members", "allowed-signers"]) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line and not line.startswith("#")]
    assert len(lines) == len(PEOPLE)
    assert all("ssh-ed25519 " in line for line in lines)


def test_lint_tells_who_could_go_alone_and_a_file_that_is_no_text_is_wrong_use(world, tmp_path, capsys):
    assert run(["members", "lint", str(world.folder / "members.yaml"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"members": len(PEOPLE), "alone": []}
    (tmp_path / "bytes.yaml").write_bytes(b"\xff\xfe\x00")
    assert run(["members", "lint", str(tmp_path / "bytes.yaml")]) == 2
    assert "bytes.yaml" in capsys.readouterr().err
