"""A person's key is made once, for its owner alone, and opens only for them."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from pressrun.errors import CannotRestoreError, RefusedError, UnsafeContentError, UsageError
from pressrun.rules.ssh_keys import read_public_key
from pressrun.store.person_keys import (
    PASSPHRASE_VARIABLE,
    _create,
    askpass,
    keygen_environment,
    load_ed25519,
    new_key,
    public_of,
)

needs_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's client is not installed")
PASSPHRASE = "correct horse 'battery' $HOME \"staple\""


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777 & ~0o700])
def test_a_new_key_is_readable_by_its_owner_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        public = new_key(tmp_path / "new" / "approval.key")
    finally:
        os.umask(before)
    path = tmp_path / "new" / "approval.key"
    assert (_mode(path), _mode(path.parent)) == (0o600, 0o700)
    assert read_public_key(public).text == public == public_of(path)
    assert Path(f"{path}.pub").read_text() == f"{public}\n"


@needs_keygen
def test_openssh_opens_the_key_that_we_make(tmp_path: Path) -> None:
    public = new_key(tmp_path / "key")
    shown = subprocess.run(["ssh-keygen", "-y", "-P", "", "-f", str(tmp_path / "key")], capture_output=True, check=True)
    assert shown.stdout.decode().split()[:2] == public.split()


@pytest.mark.parametrize("suffix", ["", ".pub"])
def test_a_file_that_is_there_is_never_replaced(tmp_path: Path, suffix: str) -> None:
    there = tmp_path / f"key{suffix}"
    there.write_text("precious")
    with pytest.raises(UsageError, match="a key is never replaced"):
        new_key(tmp_path / "key")
    assert there.read_text() == "precious"


@pytest.mark.parametrize("suffix", ["", ".pub"])
def test_a_planted_link_is_not_followed(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"key{suffix}").symlink_to(tmp_path / "target")
    with pytest.raises(UsageError):
        new_key(tmp_path / "key")
    assert not (tmp_path / "target").exists()


def test_a_file_that_another_process_made_meanwhile_is_neither_written_nor_followed(tmp_path: Path) -> None:
    (tmp_path / "there").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "target")
    for name in ("there", "link"):
        with pytest.raises(FileExistsError):
            _create(tmp_path / name, b"key", 0o600)
    assert (tmp_path / "there").read_text() == "precious"
    assert not (tmp_path / "target").exists()


def test_a_key_in_a_folder_that_cannot_be_made_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(CannotRestoreError, match="cannot be written"):
        new_key(tmp_path / "file" / "key")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620])
def test_a_private_key_that_others_may_read_or_write_is_refused(tmp_path: Path, mode: int) -> None:
    new_key(tmp_path / "key")
    (tmp_path / "key").chmod(mode)
    with pytest.raises(UnsafeContentError, match="chmod 600"):
        load_ed25519(tmp_path / "key")


def test_a_file_that_is_not_there_or_no_key_is_said_so(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="pressrun key new"):
        load_ed25519(tmp_path / "absent")
    (tmp_path / "long").write_bytes(b"x" * 70_000)
    with pytest.raises(UsageError, match="it is no key"):
        load_ed25519(tmp_path / "long")
    (tmp_path / "text").write_text("hello")
    (tmp_path / "text.pub").write_text("hello")
    with pytest.raises(UsageError, match="no public key"):
        public_of(tmp_path / "text")


@needs_keygen
def test_a_key_with_a_passphrase_is_encrypted_and_opens_with_it_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, PASSPHRASE)
    public = new_key(tmp_path / "key", encrypted=True)
    assert _mode(tmp_path / "key") == 0o600
    assert public_of(tmp_path / "key") == public
    assert load_ed25519(tmp_path / "key") is None
    for passphrase, expected in ((PASSPHRASE, 0), ("wrong", 255), ("", 255)):
        command = ["ssh-keygen", "-y", "-P", passphrase, "-f", str(tmp_path / "key")]
        assert expected == subprocess.run(command, capture_output=True, check=False).returncode
    # nothing but the two files is left where it was made
    assert sorted(path.name for path in tmp_path.iterdir()) == ["key", "key.pub"]


@needs_keygen
def test_an_empty_passphrase_makes_no_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "")
    with pytest.raises(RefusedError, match="the passphrase is empty"):
        new_key(tmp_path / "key", encrypted=True)
    assert list(tmp_path.iterdir()) == []


def test_a_key_with_a_passphrase_needs_the_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pressrun.store.programs.STANDARD_FOLDERS", ())
    with pytest.raises(UsageError, match="ssh-keygen, which is not installed"):
        new_key(tmp_path / "key", encrypted=True)


def test_the_program_gets_no_variable_that_is_not_its_business() -> None:
    found = keygen_environment(
        {"AWS_SECRET_ACCESS_KEY": "x", "SSH_AUTH_SOCK": "/s", "PATH": ".", "LD_PRELOAD": "/e.so"}
    )
    assert set(found) == {"SSH_AUTH_SOCK", "LC_ALL", "TZ", "PATH"}
    assert "." not in found["PATH"].split(":")


def test_without_a_passphrase_in_the_environment_nothing_answers_for_the_user(tmp_path: Path) -> None:
    assert askpass({}, tmp_path) == {}
    assert list(tmp_path.iterdir()) == []


def test_the_passphrase_is_not_written_into_the_program_that_answers(tmp_path: Path) -> None:
    found = askpass({PASSPHRASE_VARIABLE: PASSPHRASE}, tmp_path)
    script = Path(found["SSH_ASKPASS"])
    assert PASSPHRASE not in script.read_text()
    assert _mode(script) == 0o700
    said = subprocess.run([str(script)], env=found, capture_output=True, text=True, check=True)
    assert said.stdout == f"{PASSPHRASE}\n"
