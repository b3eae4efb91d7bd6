"""A key that may sign is strong, whole, and has one spelling."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from pressrun.rules.ssh_keys import _P, _SMALL_ORDER, read_public_key


def _written(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _wire(*parts: bytes) -> str:
    blob = b"".join(len(part).to_bytes(4, "big") + part for part in parts)
    return f"{parts[0].decode()} {base64.b64encode(blob).decode()}"


ED = _written(ed25519.Ed25519PrivateKey.generate())
RAW = base64.b64decode(ED.split()[1])[-32:]
CURVES: list[ec.EllipticCurve] = [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()]
GOOD = [
    ED,
    *(_written(ec.generate_private_key(curve)) for curve in CURVES),
    _written(rsa.generate_private_key(65537, 3072)),
    _wire(b"sk-ssh-ed25519@openssh.com", RAW, b"ssh:"),
]


@pytest.mark.parametrize("text", GOOD, ids=[text.split()[0] for text in GOOD])
def test_a_strong_key_is_read_and_its_comment_passed_over(text: str) -> None:
    assert read_public_key(f"{text} ana@laptop of hers\n").text == text


def _raw(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


BAD = {
    "empty": ("", "not of the form"),
    "one word": (ED.split()[1], "not of the form"),
    "private": ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNza", "private key"),
    "not base64": ("ssh-ed25519 AA!A", "no base64"),
    "other base64": (ED + "=", "base64"),
    "two kinds": (f"ssh-rsa {ED.split()[1]}", "says 'ssh-rsa' and is 'ssh-ed25519'"),
    "dsa": (_wire(b"ssh-dss", b"\x01", b"\x01", b"\x01", b"\x01"), "'ssh-dss' may not sign"),
    "certificate": (_wire(b"ssh-ed25519-cert-v01@openssh.com", RAW), "may not sign"),
    "token ecdsa": (_wire(b"sk-ecdsa-sha2-nistp256@openssh.com", b"nistp256", RAW, b"ssh:"), "may not sign"),
    "none": (_wire(b"none"), "'none' may not sign"),
    "short": (_wire(b"ssh-ed25519", RAW[:-1]), "32 bytes"),
    "cut off": (ED.split()[0] + " " + base64.b64encode(base64.b64decode(ED.split()[1])[:-1]).decode(), "too early"),
    "more": (_wire(b"ssh-ed25519", RAW, b"more"), "something follows"),
    "rsa 2048": (_written(rsa.generate_private_key(65537, 2048)), "2048 bits"),
    "rsa exponent": (_wire(b"ssh-rsa", b"\x03", b"\x00" + b"\xff" * 384), "no RSA key"),
    "rsa padded": (_wire(b"ssh-rsa", b"\x00\x01\x00\x01", b"\x00" + b"\xff" * 384), "shortest form"),
    "wrong curve": (_wire(b"ecdsa-sha2-nistp256", b"nistp384", b"\x04" + b"\x01" * 96), "no point of"),
    "compressed": (_wire(b"ecdsa-sha2-nistp256", b"nistp256", b"\x02" + b"\x01" * 32), "no point of"),
    "other form": (_wire(b"ecdsa-sha2-nistp256", b"nistp256", b"\x06" + b"\x01" * 64), "no point of"),
    "beyond the field": (_wire(b"ssh-ed25519", _raw(_P + 3)), "weak"),
    "long": (f"ssh-ed25519 {'A' * 9000}", "longer than"),
}


@pytest.mark.parametrize(("text", "why"), BAD.values(), ids=list(BAD))
def test_a_key_that_is_weak_damaged_or_spelt_otherwise_is_refused(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        read_public_key(text)


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [*sorted(_SMALL_ORDER), _P, _P + 1])
def test_a_key_with_which_everything_verifies_is_refused(y: int, sign: int) -> None:
    with pytest.raises(ValueError, match="weak"):
        read_public_key(_wire(b"ssh-ed25519", _raw(y, sign)))


def test_the_weak_keys_are_exactly_the_points_that_eight_times_are_nothing() -> None:
    assert {y for x, y in _points_of_small_order()} == set(_SMALL_ORDER)


def _points_of_small_order() -> set[tuple[int, int]]:
    """Return the torsion of edwards25519 (RFC 8032 5.1), computed."""
    d = -121665 * pow(121666, -1, _P) % _P
    order = 2**252 + 27742317777372353535851937790883648493

    def add(one: tuple[int, int], other: tuple[int, int]) -> tuple[int, int]:
        (x1, y1), (x2, y2) = one, other
        k = d * x1 * x2 * y1 * y2 % _P
        return (
            (x1 * y2 + x2 * y1) * pow(1 + k, -1, _P) % _P,
            (y1 * y2 + x1 * x2) * pow(1 - k, -1, _P) % _P,
        )

    def times(count: int, point: tuple[int, int]) -> tuple[int, int]:
        result = (0, 1)
        while count:
            result = add(result, point) if count & 1 else result
            point, count = add(point, point), count >> 1
        return result

    found: set[tuple[int, int]] = set()
    y = 2
    while len(found) < 8:
        square = (y * y - 1) * pow(d * y * y + 1, -1, _P) % _P
        x = pow(square, (_P + 3) // 8, _P)
        x = x if (x * x - square) % _P == 0 else x * pow(2, (_P - 1) // 4, _P) % _P
        if (x * x - square) % _P == 0:
            base = times(order, (x, y))
            found |= {times(count, base) for count in range(8)}
        y += 1
    return found
