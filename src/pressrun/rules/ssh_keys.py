"""Public keys in OpenSSH's form: which are accepted, and when two are the same key.

Only kinds that are strong today and that OpenSSH signs with by default: Ed25519, ECDSA on the NIST curves, RSA of 3072
bits or more, and Ed25519 on a security token. A key is read completely, so that one key has one spelling. Pure
functions; nothing is verified here. Formats: RFC 4253 6.6, RFC 5656 3.1, RFC 8709 4, OpenSSH PROTOCOL.u2f.
"""

from __future__ import annotations

import base64
import binascii
from typing import NamedTuple

ED25519 = "ssh-ed25519"
TOKEN_ED25519 = "sk-ssh-ed25519@openssh.com"  # noqa: S105 - a kind of key
RSA = "ssh-rsa"
MIN_RSA_BITS = 3072
MAX_RSA_BITS = 16384
MAX_KEY_CHARACTERS = 8192

# curve -> bytes of an uncompressed point
_CURVES = {"nistp256": 65, "nistp384": 97, "nistp521": 133}
KINDS = (ED25519, *(f"ecdsa-sha2-{curve}" for curve in _CURVES), RSA, TOKEN_ED25519)

_P = 2**255 - 19
# y of the eight points of small order: with one of them as the key, a signature of anything verifies
_SMALL_ORDER = frozenset(
    {
        0,
        1,
        _P - 1,
        0x5FC536D880238B13933C6D305ACDFD5F098EFF289F4C345B027B2C28F95E826,
        0x7A03AC9277FDC74EC6CC392CFA53202A0F67100D760B3CBA4FD84D3D706A17C7,
    }
)


class PublicKey(NamedTuple):
    """A public key.

    Attributes:
        kind: its algorithm, as OpenSSH names it.
        blob: its encoding, which is what two equal keys share.
        raw: the 32 bytes of an Ed25519 key, also on a token; empty for other kinds.
    """

    kind: str
    blob: bytes
    raw: bytes = b""

    @property
    def text(self) -> str:
        """The key as it is written, without a comment."""
        return f"{self.kind} {base64.b64encode(self.blob).decode()}"


class Wire:
    """Reads the parts of a binary message of SSH (RFC 4251 5). Every method raises ValueError at a wrong length."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._at = 0

    def take(self, count: int) -> bytes:
        """Return the next `count` bytes."""
        if len(self._raw) - self._at < count:
            raise ValueError("it ends too early")
        self._at += count
        return self._raw[self._at - count : self._at]

    def number(self) -> int:
        """Return a 32-bit number."""
        return int.from_bytes(self.take(4), "big")

    def string(self) -> bytes:
        """Return bytes that are preceded by their count."""
        return self.take(self.number())

    def integer(self) -> int:
        """Return a positive integer in its shortest form."""
        raw = self.string()
        if not raw or raw[0] & 0x80 or (raw[0] == 0 and not (len(raw) > 1 and raw[1] & 0x80)):
            raise ValueError("a number is not in its shortest form")
        return int.from_bytes(raw, "big")

    def end(self) -> None:
        """See that nothing is left."""
        if self._at != len(self._raw):
            raise ValueError("something follows its end")


def decode_base64(text: str) -> bytes:
    """Return what `text` encodes; only the one spelling that encoding gives is accepted.

    Raises:
        ValueError: it is another spelling, or no base64.
    """
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError("it is no base64") from error
    if base64.b64encode(raw).decode() != text:
        raise ValueError("its base64 is not in the usual form")
    return raw


def read_public_key(text: str) -> PublicKey:
    """Read a line of a ``.pub`` file; a comment at its end is passed over.

    Raises:
        ValueError: it is no public key that may sign; the message says why.
    """
    if len(text) > MAX_KEY_CHARACTERS:
        raise ValueError(f"it is longer than {MAX_KEY_CHARACTERS:,} characters")
    if "PRIVATE KEY" in text:
        raise ValueError("it is a private key, which belongs to its owner alone")
    words = text.split(None, 2)
    if len(words) < 2:
        raise ValueError("it is not of the form 'ssh-ed25519 AAAA...'")
    key = read_key_blob(decode_base64(words[1]))
    if key.kind != words[0]:
        raise ValueError(f"it says {words[0]!r} and is {key.kind!r}")
    return key


def read_key_blob(blob: bytes) -> PublicKey:
    """Read a key in the form that signatures carry.

    Raises:
        ValueError: it is damaged, or of a kind that may not sign.
    """
    wire = Wire(blob)
    kind = wire.string().decode("ascii", "replace")
    if kind not in KINDS:
        raise ValueError(f"a key of kind {kind[:40]!r} may not sign; these may: {', '.join(KINDS)}")
    raw = b""
    if kind == RSA:
        _check_rsa(exponent=wire.integer(), modulus=wire.integer())
    elif kind in {ED25519, TOKEN_ED25519}:
        raw = wire.string()
        _check_ed25519(raw)
        if kind == TOKEN_ED25519:
            wire.string()  # the application that the token was asked for
    else:
        curve = wire.string().decode("ascii", "replace")
        point = wire.string()
        if kind != f"ecdsa-sha2-{curve}" or len(point) != _CURVES.get(curve) or point[:1] != b"\x04":
            raise ValueError(f"it is no point of {kind.removeprefix('ecdsa-sha2-')}")
    wire.end()
    return PublicKey(kind, blob, raw)


def _check_rsa(*, exponent: int, modulus: int) -> None:
    if not MIN_RSA_BITS <= modulus.bit_length() <= MAX_RSA_BITS:
        raise ValueError(
            f"an RSA key of {modulus.bit_length()} bits may not sign; it takes {MIN_RSA_BITS} to {MAX_RSA_BITS}"
        )
    if exponent < 65537 or exponent % 2 == 0 or modulus % 2 == 0:
        raise ValueError("it is no RSA key that is in use anywhere")


def _check_ed25519(raw: bytes) -> None:
    if len(raw) != 32:
        raise ValueError("an Ed25519 key has 32 bytes")
    y = int.from_bytes(raw, "little") & (2**255 - 1)
    if y >= _P or y in _SMALL_ORDER:
        raise ValueError("it is a weak Ed25519 key: signatures that nobody made would verify")
