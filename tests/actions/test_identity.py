"""Who asks, in the order that is documented, and traced to one member."""

from __future__ import annotations

import os
import pwd
import subprocess
from pathlib import Path

import pytest

from pressrun.actions.identity import account_name, current_actor, git_email
from pressrun.actions.settings import read_settings
from pressrun.errors import UsageError
from pressrun.records.people import Actor, Members, Person

ACCOUNT = pwd.getpwuid(os.getuid()).pw_name


class Place:
    """A project under git, and what the person configured.

    Attributes:
        environ: the environment that everything is read with.
    """

    def __init__(self, folder: Path) -> None:
        self.project = folder / "project"
        self.config = folder / "config"
        (self.config / "pressrun").mkdir(parents=True)
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "XDG_CONFIG_HOME": str(self.config),
            "GIT_CONFIG_NOSYSTEM": "1",
        }
        self.project.mkdir()
        self.git("init", "--quiet")

    def git(self, *arguments: str) -> None:
        subprocess.run(["git", *arguments], cwd=self.project, env=self.environ, check=True)

    def actor(self, members: Members | None = None, **environ: str) -> Actor:
        merged = self.environ | environ
        return current_actor(self.project, read_settings(self.project, merged), members, merged)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


MEMBERS = Members(
    people=(
        Person(id="ana", emails=("ana@example.org", "ana@home.example")),
        Person(id="ben", emails=("ben@example.org",)),
        Person(id="nightly", kind="service", emails=("nightly@example.org",)),
        Person(id=ACCOUNT),
    )
)


def test_without_anything_the_account_is_who_asks(place: Place) -> None:
    assert Actor(id=ACCOUNT) == place.actor()


def test_git_overrules_the_account_the_own_file_git_and_the_variable_everything(place: Place) -> None:
    place.git("config", "user.email", "Ana@Home.Example")
    assert Actor(id="ana@home.example", emails=("ana@home.example",)) == place.actor()
    (place.config / "pressrun" / "config.toml").write_text('actor = "ben@example.org"')
    assert Actor(id="ben@example.org", emails=("ana@home.example", "ben@example.org")) == place.actor()
    assert Actor(id="carl", emails=("ana@home.example",)) == place.actor(PRESSRUN_ACTOR="carl")


@pytest.mark.parametrize("given", ["ana", "ana@example.org", "ANA@Home.example"])
def test_with_members_an_id_or_any_address_is_the_person(place: Place, given: str) -> None:
    expected = Actor(id="ana", emails=("ana@example.org", "ana@home.example"))
    assert expected == place.actor(MEMBERS, PRESSRUN_ACTOR=given)


def test_with_members_gits_address_is_the_person_and_a_strangers_is_passed_over(place: Place) -> None:
    place.git("config", "user.email", "ben@example.org")
    assert place.actor(MEMBERS).id == "ben"
    place.git("config", "user.email", "stranger@example.org")
    assert place.actor(MEMBERS).id == ACCOUNT


def test_who_was_configured_and_is_no_member_is_refused(place: Place) -> None:
    place.git("config", "user.email", "ben@example.org")
    with pytest.raises(UsageError, match="'anna' is no member, did you mean 'ana'") as refused:
        place.actor(MEMBERS, PRESSRUN_ACTOR="anna")
    assert refused.value.where == "PRESSRUN_ACTOR"


def test_who_is_no_member_by_any_name_is_refused(place: Place) -> None:
    place.git("config", "user.email", "stranger@example.org")
    members = Members(people=(Person(id="ana"),))
    with pytest.raises(UsageError, match=f"neither of 'stranger@example.org' and '{ACCOUNT}' is a person"):
        place.actor(members)


def test_an_address_of_two_members_is_nobodys(place: Place) -> None:
    members = Members(people=(Person(id="ana", emails=("x@y",)), Person(id="ben", emails=("x@y",))))
    with pytest.raises(UsageError, match="'x@y' is no member"):
        place.actor(members, PRESSRUN_ACTOR="x@y")


def test_a_service_is_only_who_the_variable_names(place: Place) -> None:
    assert place.actor(MEMBERS, PRESSRUN_ACTOR="nightly").via == "service"
    (place.config / "pressrun" / "config.toml").write_text('actor = "nightly"')
    with pytest.raises(UsageError, match="only PRESSRUN_ACTOR may name one"):
        place.actor(MEMBERS)
    (place.config / "pressrun" / "config.toml").unlink()
    place.git("config", "user.email", "nightly@example.org")
    assert place.actor(MEMBERS).id == ACCOUNT


def test_the_variables_of_another_repository_are_not_followed(place: Place, tmp_path: Path) -> None:
    place.git("config", "user.email", "ana@example.org")
    other = tmp_path / "other"
    other.mkdir()
    subprocess.run(["git", "init", "--quiet"], cwd=other, env=place.environ, check=True)
    subprocess.run(["git", "config", "user.email", "ben@example.org"], cwd=other, env=place.environ, check=True)
    assert git_email(place.project, place.environ | {"GIT_DIR": str(other / ".git")}) == "ana@example.org"


@pytest.mark.parametrize("email", ["ana", "", "a@b\x1b[31m", "\nana@example.org\nben"])
def test_what_is_no_address_is_not_taken_for_one(place: Place, email: str) -> None:
    place.git("config", "user.email", email)
    assert git_email(place.project, place.environ) == ""


def test_a_git_beside_the_notebook_is_not_run(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    canary = place.project / "canary"
    planted = place.project / "git"
    planted.write_text(f"#!/bin/sh\ntouch {canary}\necho evil@example.org\n")
    planted.chmod(0o755)
    monkeypatch.chdir(place.project)
    place.git("config", "user.email", "ana@example.org")
    assert git_email(place.project, place.environ | {"PATH": f".::{place.environ['PATH']}"}) == "ana@example.org"
    assert not canary.exists()


def test_nothing_that_the_repository_names_is_run(place: Place) -> None:
    canary = place.project / "canary"
    program = place.project / "planted.sh"
    program.write_text(f"#!/bin/sh\ntouch {canary}\n")
    program.chmod(0o755)
    place.git("config", "user.email", "ana@example.org")
    for key in ("core.fsmonitor", "core.pager", "core.editor", "core.sshCommand", "credential.helper", "pager.config"):
        place.git("config", key, str(program))
    place.git("config", "core.hooksPath", str(place.project))
    assert git_email(place.project, place.environ) == "ana@example.org"
    assert not canary.exists()


def test_without_git_the_account_is_who_asks(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pressrun.store.programs.STANDARD_FOLDERS", ())
    assert place.actor(PATH=str(place.project)).id == ACCOUNT


def test_the_shells_word_for_the_account_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "somebody-else")
    assert account_name() == ACCOUNT
