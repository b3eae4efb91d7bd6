"""Signs as a person and verifies what a person signed: SSH signatures, bound to one use by their namespace.

Verifying needs no program and no file: the verdict is the same on every machine. It agrees with ``ssh-keygen -Y
verify``, which anybody can run instead (`pressrun.rules.allowed_signers` writes the file for it). Signing uses
``ssh-keygen`` for whatever it knows and we need not: agents, security tokens, passphrases, RSA and ECDSA.
"""

from __future__ import annotations

import functools
import hashlib
import os
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pressrun.errors import AccessDeniedError, RefusedError, UsageError
from pressrun.records.approval import NAMESPACE
from pressrun.records.people import Person
from pressrun.rules.key_validity import key_problem
from pressrun.rules.ssh_keys import ED25519, TOKEN_ED25519, PublicKey, Wire, read_public_key
from pressrun.rules.ssh_signatures import (
    USER_PRESENT,
    SshSignature,
    fingerprint,
    from_armor,
    read_signature,
    signed_bytes,
    write_signature,
)
from pressrun.store.person_keys import PASSPHRASE_VARIABLE, askpass, keygen_environment, load_ed25519, public_of
from pressrun.store.programs import find_program

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives import hashes

SIGNING_TIMEOUT_S = 120.0
"""For a passphrase to be typed or a token to be touched."""
REMEMBERED = 4096


__all__ = ["Signed", "key_problem", "sign", "verify"]


class Signed(NamedTuple):
    """A signature that was made.

    Attributes:
        public: the key that made it.
        signature: ``sshsig:`` and base64.
    """

    public: str
    signature: str


def sign(text: bytes, key: Path, *, namespace: str = NAMESPACE, passphrase: str = "") -> Signed:
    """Sign `text` as the owner of a key.

    Args:
        text: what is signed.
        key: file of the private key, or of the public one when an agent or a token holds the private half.
        namespace: what the signature is good for.
        passphrase: of the key, where the caller asked the person for it; it then has to be right, and neither an agent
            nor the terminal is asked.

    Raises:
        UsageError: the file is no key, may not sign, or ``ssh-keygen`` is needed and absent.
        RefusedError: ``ssh-keygen`` did not sign.
        UnsafeContentError: others may read the private key.
    """
    private = load_ed25519(key)
    if private is None:
        return _sign_by_program(text, key, namespace, passphrase)
    public = read_public_key(public_of(key))
    return Signed(public.text, write_signature(public, namespace, private.sign(signed_bytes(text, namespace))))


def verify(text: bytes, signature: str, person: Person, at: str, *, key: str = "", namespace: str = NAMESPACE) -> str:
    """Say why a signature does not show that `person` signed `text`; empty when it does.

    Args:
        text: what is said to be signed.
        signature: as stored.
        person: who is said to have signed; only a key of theirs that held at `at` counts.
        at: time of the journal's entry, UTC, ISO 8601.
        key: the public key that the record names; not compared when empty.
        namespace: what the signature has to be made for.
    """
    if not signature:
        return "it is not signed"
    try:
        found = read_signature(signature)
    except ValueError as error:
        return f"its signature is damaged or of another kind: {error}"
    if found.namespace != namespace:
        return f"its signature was made for {found.namespace[:40]!r}, not for {namespace!r}"
    if key and key != found.key.text:
        return f"it was signed with {fingerprint(found.key)}, and the record names another key"
    if problem := key_problem(person, found.key.text, at):
        return problem
    if not _matches(text, signature, namespace):
        return "its signature is not one of what the record says"
    return ""


@functools.lru_cache(maxsize=REMEMBERED)
def _matches(text: bytes, signature: str, namespace: str) -> bool:
    """Whether the key in the signature signed `text`; pure, so that a long-lived process asks once."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - costs 20 ms, needed where there are approvals

    found = read_signature(signature)
    message = signed_bytes(text, namespace, found.digest_name)
    try:
        _verifier(found)(message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _verifier(found: SshSignature) -> Callable[[bytes], None]:
    """Return what raises InvalidSignature or ValueError unless a message was signed."""
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key  # noqa: PLC0415 - see above

    key = found.key
    if key.kind in {ED25519, TOKEN_ED25519}:
        point = ed25519.Ed25519PublicKey.from_public_bytes(key.raw)
        if key.kind == ED25519:
            return lambda message: point.verify(found.raw, message)
        return lambda message: point.verify(found.raw, _token_bytes(found, message))
    public = load_ssh_public_key(key.text.encode())
    if isinstance(public, rsa.RSAPublicKey):
        return lambda message: public.verify(found.raw, message, padding.PKCS1v15(), _hash(found.algorithm))
    assert isinstance(public, ec.EllipticCurvePublicKey)
    wire = Wire(found.raw)
    encoded = utils.encode_dss_signature(wire.integer(), wire.integer())
    wire.end()
    return lambda message: public.verify(encoded, message, ec.ECDSA(_hash(found.algorithm)))


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 - see above

    if algorithm in {"rsa-sha2-512", "ecdsa-sha2-nistp521"}:
        return hashes.SHA512()
    return hashes.SHA384() if algorithm == "ecdsa-sha2-nistp384" else hashes.SHA256()


def _token_bytes(found: SshSignature, message: bytes) -> bytes:
    """Return what a security token signs (OpenSSH PROTOCOL.u2f); it must have been touched."""
    if not found.flags & USER_PRESENT:
        raise ValueError("nobody touched the token")
    wire = Wire(found.key.blob)
    wire.string()
    wire.string()
    application = wire.string()
    state = bytes([found.flags]) + found.counter.to_bytes(4, "big")
    return hashlib.sha256(application).digest() + state + hashlib.sha256(message).digest()


def _sign_by_program(text: bytes, key: Path, namespace: str, passphrase: str) -> Signed:
    program = find_program("ssh-keygen")
    if not program:
        raise UsageError(
            "ssh-keygen is needed to sign with this key, and it is not installed",
            where=str(key),
            remedy="Install OpenSSH's client, or make a key that needs none: pressrun key new",
        )
    public = _public_half(key)
    # a token blinks and waits for a finger: what ssh-keygen says about that has to reach the terminal
    shown = public is not None and public.kind == TOKEN_ED25519
    with tempfile.TemporaryDirectory(prefix="pressrun-") as place:
        try:
            finished = subprocess.run(
                [program, "-q", "-Y", "sign", "-n", namespace, "-f", str(key.absolute())],
                cwd=place,
                env=_environment(Path(place), passphrase),
                input=text,
                stdout=subprocess.PIPE,
                stderr=None if shown else subprocess.PIPE,
                timeout=SIGNING_TIMEOUT_S,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise RefusedError(f"ssh-keygen did not sign: {error}", where=str(key)) from error
    if finished.returncode != 0:
        said = " ".join((finished.stderr or b"").decode("utf-8", "replace").split())
        raise AccessDeniedError(
            f"ssh-keygen did not sign: {said or f'exit code {finished.returncode}'}",
            where=str(key),
            remedy="Is the passphrase right, or the key in the agent (ssh-add -l)?",
        )
    try:
        signature = from_armor(finished.stdout.decode("ascii", "replace"))
        made = read_signature(signature)
    except ValueError as error:
        raise UsageError(f"this key may not sign approvals: {error}", where=str(key)) from error
    return Signed(made.key.text, signature)


def _environment(place: Path, passphrase: str) -> dict[str, str]:
    found = keygen_environment(os.environ)
    if not passphrase:
        return found | askpass(os.environ, place)
    # an agent that holds the key would sign whatever was typed
    kept = {name: value for name, value in found.items() if not name.startswith("SSH_A")}
    return kept | askpass({PASSPHRASE_VARIABLE: passphrase}, place)


def _public_half(key: Path) -> PublicKey | None:
    try:
        return read_public_key(public_of(key))
    except (UsageError, ValueError):
        return None  # only for how it is asked: ssh-keygen itself decides whether it can sign
