"""What the page on members shows is read as it stands, and verifies with OpenSSH alone."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest

from pressrun.actions.settings import read_settings
from pressrun.records.people import Members
from pressrun.rules.allowed_signers import allowed_signers_text
from pressrun.rules.members import read_members
from pressrun.testing.ballots import a_request, approve
from pressrun.testing.people import Signatory

PAGE = Path(__file__).resolve().parents[2] / "docs" / "reference" / "members.md"


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def test_the_example_is_a_members_document() -> None:
    (example,) = _blocks("yaml")
    members = read_members(example, "members.yaml")
    assert [person.id for person in members.people] == ["ana", "ben", "nightly"]
    first, second = members.people[1].keys
    assert first.valid_until == second.valid_from == "2027-01-31T00:00:00.000000+00:00"


def test_the_settings_are_read_as_shown(tmp_path: Path) -> None:
    project, person = _blocks("toml")
    (tmp_path / "pyproject.toml").write_text(project)
    (tmp_path / "pressrun").mkdir()
    (tmp_path / "pressrun" / "config.toml").write_text(person)
    found = read_settings(tmp_path, {"XDG_CONFIG_HOME": str(tmp_path)})
    assert found.journal == "postgresql://db.acme.example/pressrun"
    assert found.environments == {"staging": "record", "production": "dir:/srv/models"}
    assert (found.break_glass_hours, found.review_hours, found.approval_days) == (24, 72, 30)
    assert (found.actor, found.signing_key) == ("ana", str(Path.home() / ".ssh" / "id_ed25519"))


@pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's client is not installed")
@pytest.mark.parametrize("name", ["churn", "größe"])
def test_an_approval_verifies_without_pressrun_as_shown(tmp_path: Path, name: str) -> None:
    ben = Signatory("ben", "approver")
    approved: dict[str, Any] = msgspec.to_builtins(approve(a_request(name=name), ben).event)
    shown: dict[str, Any] = {}
    (program,) = _blocks("python")
    exec(program, shown)  # the page's own words
    (tmp_path / "ballot").write_bytes(shown["signed_bytes"](approved))
    (tmp_path / "ballot.sig").write_text(shown["armored"](approved))
    (tmp_path / "signers").write_text(allowed_signers_text(Members(people=(ben.person,))))
    (command,) = _blocks("sh")
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert 'Good "approval@pressrun" signature for ben' in done.stdout
    (tmp_path / "ballot").write_bytes(shown["signed_bytes"](approved | {"number": 4}))
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode != 0
