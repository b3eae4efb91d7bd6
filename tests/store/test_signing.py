"""What verifies here verifies with OpenSSH, and the other way round."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pressrun.errors import RefusedError, UnsafeContentError, UsageError
from pressrun.records.approval import NAMESPACE
from pressrun.records.people import Key, Members, Person
from pressrun.rules.allowed_signers import allowed_signers_text, verify_time
from pressrun.rules.ssh_keys import TOKEN_ED25519, read_key_blob
from pressrun.rules.ssh_signatures import PREFIX, from_armor, read_signature, signed_bytes, to_armor, write_signature
from pressrun.store.person_keys import PASSPHRASE_VARIABLE, new_key
from pressrun.store.signing import key_problem, sign, verify

pytestmark = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="OpenSSH's client is not installed")

TEXT = b'{"format":1,"kind":"pressrun-approval"}'
AT = "2026-11-28T10:00:00.000000+00:00"
KINDS = {
    "ed25519": ("-t", "ed25519"),
    "rsa": ("-t", "rsa", "-b", "3072"),
    "nistp256": ("-t", "ecdsa", "-b", "256"),
    "nistp384": ("-t", "ecdsa", "-b", "384"),
    "nistp521": ("-t", "ecdsa", "-b", "521"),
}


def _keygen(path: Path, *options: str, passphrase: str = "") -> Path:
    command = ["ssh-keygen", "-q", *options, "-N", passphrase, "-C", "ana@laptop", "-f", str(path)]
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)
    return path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make a key of every kind with OpenSSH, and one of our own."""
    folder = tmp_path_factory.mktemp("keys")
    new_key(folder / "ours")
    return {"ours": folder / "ours"} | {kind: _keygen(folder / kind, *options) for kind, options in KINDS.items()}


def _ana(public: str, **validity: str) -> Person:
    return Person(id="ana", keys=(Key(public=public, **validity),))


@pytest.fixture
def openssh(tmp_path: Path) -> Callable[..., bool]:
    """Verify with ``ssh-keygen -Y verify`` against the members' allowed-signers file."""

    def verifies(text: bytes, signature: str, person: Person, at: str = AT, namespace: str = NAMESPACE) -> bool:
        (tmp_path / "allowed").write_text(allowed_signers_text(Members(people=(person,))))
        (tmp_path / "signature").write_text(to_armor(signature))
        command = ["ssh-keygen", "-Y", "verify", "-f", "allowed", "-I", person.id, "-n", namespace, "-s", "signature"]
        done = subprocess.run(
            [*command, f"-Overify-time={verify_time(at)}"],
            input=text, cwd=tmp_path, env={"TZ": "UTC", "LC_ALL": "C", "PATH": os.environ["PATH"]},
            capture_output=True, check=False,
        )  # fmt: skip
        return done.returncode == 0

    return verifies


@pytest.mark.parametrize("kind", ["ours", *KINDS])
def test_what_is_signed_with_any_kind_of_key_verifies_here_and_with_openssh(
    keys: dict[str, Path], kind: str, openssh: Callable[..., bool]
) -> None:
    signed = sign(TEXT, keys[kind])
    ana = _ana(signed.public)
    assert verify(TEXT, signed.signature, ana, AT, key=signed.public) == ""
    assert openssh(TEXT, signed.signature, ana)
    assert verify(TEXT + b" ", signed.signature, ana, AT).endswith("not one of what the record says")
    assert not openssh(TEXT + b" ", signed.signature, ana)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("digest_name", ["sha256", "sha512"])
def test_what_openssh_signs_verifies_here(keys: dict[str, Path], kind: str, digest_name: str) -> None:
    command = ["ssh-keygen", "-q", "-Y", "sign", "-n", NAMESPACE, "-f", str(keys[kind]), f"-Ohashalg={digest_name}"]
    armored = subprocess.run(command, input=TEXT, capture_output=True, check=True).stdout.decode()
    signature = from_armor(armored)
    assert to_armor(signature) == armored
    assert verify(TEXT, signature, _ana(read_signature(signature).key.text), AT) == ""


MOMENTS = [
    ({}, AT, True),
    ({"valid_from": "2026-11-28T10:00:00.000000+00:00"}, AT, True),
    ({"valid_from": "2026-11-28T10:00:01.000000+00:00"}, AT, False),
    ({"valid_until": "2026-11-28T10:00:01.000000+00:00"}, AT, True),
    ({"valid_until": "2026-11-28T10:00:00.000000+00:00"}, "2026-11-28T10:00:00.000001+00:00", False),
    ({"valid_until": "2026-11-28T09:59:59.000000+00:00"}, AT, False),
    ({"valid_until": "2026-11-28T10:30:00+01:00"}, AT, False),
]


@pytest.mark.parametrize(("validity", "at", "expected"), MOMENTS)
def test_a_key_counts_within_its_time_by_the_entrys_time(
    keys: dict[str, Path], validity: dict[str, str], at: str, expected: bool, openssh: Callable[..., bool]
) -> None:
    signed = sign(TEXT, keys["ours"])
    ana = _ana(signed.public, **validity)
    problem = verify(TEXT, signed.signature, ana, at)
    assert expected == (problem == "")
    assert expected or "was not valid" in problem
    assert problem == key_problem(ana, signed.public, at)
    # valid-before of OpenSSH is the last second that is valid, ours the first moment that is not
    if "valid_until" not in validity or _seconds_differ(validity["valid_until"], at):
        assert expected == openssh(TEXT, signed.signature, ana, at)


def _seconds_differ(one: str, other: str) -> bool:
    return verify_time(one) != verify_time(other)


@pytest.mark.parametrize("validity", [{"valid_from": "soon"}, {"valid_until": "never"}])
def test_a_bound_that_cannot_be_read_never_holds(keys: dict[str, Path], validity: dict[str, str]) -> None:
    signed = sign(TEXT, keys["ours"])
    assert "was not valid" in verify(TEXT, signed.signature, _ana(signed.public, **validity), AT)


def test_a_time_that_cannot_be_read_is_no_time_at_which_a_key_was_valid(keys: dict[str, Path]) -> None:
    signed = sign(TEXT, keys["ours"])
    assert "is no time" in verify(TEXT, signed.signature, _ana(signed.public), "yesterday")


def _token(application: bytes, *, flags: int = 1, counter: int = 7) -> tuple[str, str]:
    """Return a public key and a signature as a security token makes them (OpenSSH PROTOCOL.u2f)."""
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    parts = (TOKEN_ED25519.encode(), raw, application)
    key = read_key_blob(b"".join(len(part).to_bytes(4, "big") + part for part in parts))
    state = bytes([flags]) + counter.to_bytes(4, "big")
    message = hashlib.sha256(signed_bytes(TEXT, NAMESPACE)).digest()
    signature = private.sign(hashlib.sha256(application).digest() + state + message)
    written = write_signature(key, NAMESPACE, signature)
    blob = base64.b64decode(written.removeprefix(PREFIX))
    inner = len(TOKEN_ED25519) + 4 + len(signature) + 4
    head = blob[: len(blob) - inner - 4]
    tail = blob[len(blob) - inner :] + state
    return key.text, PREFIX + base64.b64encode(head + len(tail).to_bytes(4, "big") + tail).decode()


def test_a_security_tokens_signature_verifies_here_and_with_openssh(openssh: Callable[..., bool]) -> None:
    public, signature = _token(b"ssh:")
    assert verify(TEXT, signature, _ana(public), AT) == ""
    assert openssh(TEXT, signature, _ana(public))


def test_a_tokens_signature_without_a_touch_is_refused() -> None:
    public, signature = _token(b"ssh:", flags=0)
    assert "not one of what the record says" in verify(TEXT, signature, _ana(public), AT)


def test_an_agent_signs_where_only_the_public_half_is_at_hand(
    keys: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with _agent() as socket:
        monkeypatch.setenv("SSH_AUTH_SOCK", socket)
        subprocess.run(["ssh-add", "-q", str(keys["ed25519"])], check=True)
        public = shutil.copy(f"{keys['ed25519']}.pub", tmp_path / "only.pub")
        signed = sign(TEXT, Path(public))
    assert verify(TEXT, signed.signature, _ana(signed.public), AT) == ""
    with pytest.raises(RefusedError, match="ssh-keygen did not sign"):
        sign(TEXT, Path(public))


class _agent:  # noqa: N801 - read as a phrase
    def __enter__(self) -> str:
        # a socket's path has at most 108 characters, less than a test's folder may have
        self._place = Path("/tmp", f"pressrun-agent-{os.getpid()}")
        self._place.mkdir(mode=0o700)
        socket = self._place / "s"
        self._process = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
        deadline = time.monotonic() + 20
        while not socket.exists() and time.monotonic() < deadline:
            time.sleep(0.01)
        return str(socket)

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait()
        shutil.rmtree(self._place)


def test_a_passphrase_comes_from_the_environment_and_a_wrong_one_signs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = _keygen(tmp_path / "key", "-t", "ed25519", passphrase="open sesame $x")
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "open sesame $x")
    signed = sign(TEXT, path)
    assert verify(TEXT, signed.signature, _ana(signed.public), AT) == ""
    monkeypatch.setenv(PASSPHRASE_VARIABLE, "open sesame")
    with pytest.raises(RefusedError, match="incorrect passphrase"):
        sign(TEXT, path)


def test_a_weak_key_signs_nothing(tmp_path: Path) -> None:
    path = _keygen(tmp_path / "weak", "-t", "rsa", "-b", "2048")
    with pytest.raises(UsageError, match="2048 bits"):
        sign(TEXT, path)


def test_a_key_that_others_may_read_signs_nothing(tmp_path: Path) -> None:
    new_key(tmp_path / "key")
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(UnsafeContentError):
        sign(TEXT, tmp_path / "key")


def test_our_own_key_signs_and_verifies_without_openssh(
    keys: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("pressrun.store.programs.STANDARD_FOLDERS", ())
    signed = sign(TEXT, keys["ours"])
    assert verify(TEXT, signed.signature, _ana(signed.public), AT) == ""
    with pytest.raises(UsageError, match="ssh-keygen is needed"):
        sign(TEXT, keys["rsa"])


def test_verifying_again_costs_next_to_nothing(keys: dict[str, Path]) -> None:
    signed = sign(TEXT, keys["rsa"])
    ana = _ana(signed.public)
    assert verify(TEXT, signed.signature, ana, AT) == ""
    begun = time.process_time()
    for _ in range(100):
        assert verify(TEXT, signed.signature, ana, AT) == ""
    assert time.process_time() - begun < 0.1
    # what is remembered is what the key signed, never whether the key still counts
    assert "no key of ana's" in verify(TEXT, signed.signature, Person(id="ana"), AT)


def test_a_server_in_another_time_zone_gives_the_same_verdict(
    keys: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    signed = sign(TEXT, keys["ours"])
    ana = _ana(signed.public, valid_until="2026-11-28T10:00:01.000000+00:00")
    for zone in ("America/Los_Angeles", "Asia/Tokyo", "UTC"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        assert verify(TEXT, signed.signature, ana, AT) == ""
    monkeypatch.undo()
    time.tzset()
