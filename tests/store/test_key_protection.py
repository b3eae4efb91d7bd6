"""What has to happen for a key to sign: a page may only use one that asks the person for something."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest

from pressrun.errors import AccessDeniedError, UsageError
from pressrun.store.person_keys import PASSPHRASE_VARIABLE, new_key, protection_of
from pressrun.store.signing import sign

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's client is not installed")
TOKEN = (
    "sk-ssh-ed25519@openssh.com AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIOMgLjqVWoD4ojhB2pS3+7ZcAFHJjZAsVtN1"
    "pBnn9fnNAAAABHNzaDo= me\n"
)


@pytest.fixture
def made(tmp_path):
    def make(*words):
        path = tmp_path / "key"
        subprocess.run(["ssh-keygen", "-q", *words, "-f", str(path)], check=True, capture_output=True)
        return path

    return make


@pytest.mark.parametrize("kind", [["-t", "ed25519"], ["-t", "ecdsa"], ["-t", "rsa", "-b", "2048"]], ids=str)
@pytest.mark.parametrize(("passphrase", "expected"), [("", "open"), ("a long one", "passphrase")])
def test_a_file_of_either_kind(made, kind, passphrase, expected):
    assert protection_of(made(*kind, "-N", passphrase)) == expected


@pytest.mark.parametrize(("passphrase", "expected"), [("", "open"), ("a long one", "passphrase")])
def test_a_file_of_the_old_form(made, passphrase, expected):
    assert protection_of(made("-t", "rsa", "-b", "2048", "-m", "PEM", "-N", passphrase)) == expected


def test_our_own_key_lies_open(tmp_path):
    new_key(tmp_path / "key")
    assert protection_of(tmp_path / "key") == "open"


def test_a_token_is_touched_and_an_agent_is_not(tmp_path, made):
    token = tmp_path / "token.pub"
    token.write_text(TOKEN)
    assert protection_of(token) == "touch"
    key = made("-t", "ed25519", "-N", "")
    assert protection_of(key.with_suffix(".pub")) == "agent"


def test_what_is_no_key_protects_nothing(tmp_path):
    with pytest.raises(UsageError):
        protection_of(tmp_path / "none")
    damaged = tmp_path / "damaged"
    damaged.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----\n")
    damaged.chmod(0o600)
    assert protection_of(damaged) == "open"


def test_a_given_passphrase_has_to_be_right_whoever_else_knows_it(made, monkeypatch):
    key = made("-t", "ed25519", "-N", "a long one")
    assert sign(b"text", key, passphrase="a long one").signature.startswith("sshsig:")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "a long one")
    with pytest.raises(AccessDeniedError, match="did not sign"):
        sign(b"text", key, passphrase="guessed")


def test_an_agent_that_holds_the_key_is_not_asked_where_a_passphrase_is_given(made, tmp_path, monkeypatch):
    key = made("-t", "ed25519", "-N", "")
    socket = tmp_path / "agent"
    with subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL) as agent:
        try:
            environment = {**os.environ, "SSH_AUTH_SOCK": str(socket)}
            add = ["sh", "-c", f"until ssh-add -q {key}; do sleep 0.05; done"]
            subprocess.run(add, check=True, env=environment, capture_output=True, timeout=60)
            subprocess.run(
                ["ssh-keygen", "-q", "-p", "-P", "", "-N", "a long one", "-f", str(key)],
                check=True,
                capture_output=True,
            )
            monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
            assert sign(b"text", key).signature.startswith("sshsig:")
            with pytest.raises(AccessDeniedError, match="did not sign"):
                sign(b"text", key, passphrase="guessed")
        finally:
            agent.terminate()
