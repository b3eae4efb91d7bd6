"""SSH signatures, as ``ssh-keygen -Y sign`` makes them: read completely, in one spelling only.

Format: OpenSSH PROTOCOL.sshsig. Pure functions; the arithmetic is in `pressrun.store.signing`. Nothing about a
signature can be chosen by whoever made it but what is listed here: there is no ``none``, no SHA-1, no older version.
"""

from __future__ import annotations

import base64
import hashlib
from typing import NamedTuple

from pressrun.rules.ssh_keys import RSA, TOKEN_ED25519, PublicKey, Wire, decode_base64, read_key_blob

PREFIX = "sshsig:"
MAX_SIGNATURE_CHARACTERS = 16384
USER_PRESENT = 0x01

_MAGIC = b"SSHSIG"
_VERSION = 1
_HASHES = ("sha512", "sha256")
_BEGIN = "-----BEGIN SSH SIGNATURE-----"
_END = "-----END SSH SIGNATURE-----"


class SshSignature(NamedTuple):
    """A signature that was read.

    Attributes:
        key: that made it, as the signature says; whose it is has to be known from elsewhere.
        namespace: what it was made for.
        digest_name: hash that the text went through, ``sha512`` or ``sha256``.
        algorithm: of the signature, for RSA with the hash in it.
        raw: the signature proper.
        flags: of a security token, 0 without; `counter` of it likewise.
    """

    key: PublicKey
    namespace: str
    digest_name: str
    algorithm: str
    raw: bytes
    flags: int = 0
    counter: int = 0


def read_signature(text: str) -> SshSignature:
    """Read ``sshsig:`` and base64.

    Raises:
        ValueError: it is of another form, or damaged; the message says how.
    """
    if len(text) > MAX_SIGNATURE_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_SIGNATURE_CHARACTERS:,} characters")
    if not text.startswith(PREFIX):
        raise ValueError(f"it is of the form {text.partition(':')[0][:20]!r}; only {PREFIX!r} is accepted")
    wire = Wire(decode_base64(text.removeprefix(PREFIX)))
    if wire.take(len(_MAGIC)) != _MAGIC or wire.number() != _VERSION:
        raise ValueError("it is no SSH signature of version 1")
    key = read_key_blob(wire.string())
    namespace = wire.string().decode("utf-8")
    if wire.string():
        raise ValueError("its reserved field is not empty")
    digest_name = wire.string().decode("ascii", "replace")
    if digest_name not in _HASHES:
        raise ValueError(f"its hash is {digest_name[:20]!r}, and only {' and '.join(_HASHES)} are accepted")
    inner = Wire(wire.string())
    wire.end()
    algorithm = inner.string().decode("ascii", "replace")
    if algorithm not in _algorithms(key.kind):
        raise ValueError(f"a key of kind {key.kind!r} does not sign with {algorithm[:40]!r}")
    raw = inner.string()
    flags, counter = (inner.take(1)[0], inner.number()) if key.kind == TOKEN_ED25519 else (0, 0)
    inner.end()
    return SshSignature(key, namespace, digest_name, algorithm, raw, flags, counter)


def write_signature(key: PublicKey, namespace: str, raw: bytes) -> str:
    """Return an Ed25519 signature of `signed_bytes` (with SHA-512) in the form that `read_signature` reads."""
    inner = _string(key.kind.encode()) + _string(raw)
    parts = (key.blob, namespace.encode(), b"", b"sha512", inner)
    blob = _MAGIC + _VERSION.to_bytes(4, "big") + b"".join(map(_string, parts))
    return PREFIX + base64.b64encode(blob).decode()


def signed_bytes(text: bytes, namespace: str, digest_name: str = "sha512") -> bytes:
    """Return what the key signs in place of `text`: the namespace is in it, so that no use can pass for another."""
    digest = hashlib.new(digest_name, text).digest()
    return _MAGIC + b"".join(map(_string, (namespace.encode(), b"", digest_name.encode(), digest)))


def from_armor(armored: str) -> str:
    """Return what ``ssh-keygen -Y sign`` wrote in the form that is stored.

    Raises:
        ValueError: it is no such file.
    """
    lines = armored.strip().splitlines()
    if len(lines) < 3 or lines[0] != _BEGIN or lines[-1] != _END:
        raise ValueError("it is no armored SSH signature")
    return PREFIX + "".join(line.strip() for line in lines[1:-1])


def to_armor(signature: str) -> str:
    """Return a stored signature as a file that ``ssh-keygen -Y verify -s`` reads."""
    body = signature.removeprefix(PREFIX)
    lines = [body[at : at + 70] for at in range(0, len(body), 70)]
    return "\n".join([_BEGIN, *lines, _END]) + "\n"


def fingerprint(key: PublicKey) -> str:
    """Return the short name of a key that ``ssh-keygen -l`` shows."""
    return "SHA256:" + base64.b64encode(hashlib.sha256(key.blob).digest()).decode().rstrip("=")


def _algorithms(kind: str) -> tuple[str, ...]:
    return ("rsa-sha2-512", "rsa-sha2-256") if kind == RSA else (kind,)


def _string(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw
