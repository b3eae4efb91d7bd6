"""Class 6: a signature that is wrong, of another use, of another's or an old key, or changed in any byte is refused."""

from __future__ import annotations

import base64
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.records.people import Key, Person
from pressrun.rules.ssh_keys import read_public_key
from pressrun.rules.ssh_signatures import PREFIX, read_signature, write_signature
from pressrun.store.signing import sign, verify
from pressrun.testing.ballots import a_request, ballot_for, day
from pressrun.testing.people import Signatory

BEN, MALLORY = Signatory("ben", "approver"), Signatory("mallory", "approver")
BALLOT = ballot_for(a_request(), "ben")
TEXT = BALLOT.signed_bytes()
SIGNATURE = BEN.sign(TEXT)
BLOB = base64.b64decode(SIGNATURE.removeprefix(PREFIX))


def _problem(text: bytes = TEXT, signature: str = SIGNATURE, person: Person = BEN.person, at: str = "") -> str:
    return verify(text, signature, person, at or day(2))


def _written(blob: bytes) -> str:
    return PREFIX + base64.b64encode(blob).decode()


def _string(raw: bytes) -> bytes:
    return len(raw).to_bytes(4, "big") + raw


def _blob(
    *,
    version: int = 1,
    reserved: bytes = b"",
    digest_name: bytes = b"sha512",
    algorithm: bytes = b"ssh-ed25519",
    tail: bytes = b"",
    inner_tail: bytes = b"",
    raw: bytes = BLOB[-64:],
    key: bytes = b"",
) -> str:
    blob = b"SSHSIG" + version.to_bytes(4, "big") + _string(key or read_public_key(BEN.public).blob)
    blob += _string(b"approval@pressrun") + _string(reserved) + _string(digest_name)
    return _written(blob + _string(_string(algorithm) + _string(raw) + inner_tail) + tail)


def test_the_genuine_signature_is_accepted_and_is_what_these_attacks_begin_with() -> None:
    assert _problem() == ""
    assert _blob() == SIGNATURE


NONE_KEY = _string(b"none")
WEAK_KEY = _string(b"ssh-ed25519") + _string(b"\x01" + bytes(31))
ATTACKS = {
    "stripped": ("", "it is not signed"),
    "none": ("none:", "of the form 'none'"),
    "none with content": (f"none:{SIGNATURE.removeprefix(PREFIX)}", "of the form 'none'"),
    "another form": (f"ed25519:{base64.b64encode(BLOB[-64:]).decode()}", "of the form 'ed25519'"),
    "upper case form": (SIGNATURE.replace("sshsig", "SSHSIG"), "of the form 'SSHSIG'"),
    "nothing in it": (PREFIX, "ends too early"),
    "not base64": (PREFIX + "!!!!", "no base64"),
    "line break": (SIGNATURE[:80] + "\n" + SIGNATURE[80:], "no base64"),
    "armored": ("-----BEGIN SSH SIGNATURE-----\n" + SIGNATURE.removeprefix(PREFIX), "of the form"),
    "older version": (_blob(version=0), "no SSH signature of version 1"),
    "later version": (_blob(version=2), "no SSH signature of version 1"),
    "reserved": (_blob(reserved=b"x"), "reserved"),
    "sha1": (_blob(digest_name=b"sha1"), "its hash is 'sha1'"),
    "md5": (_blob(digest_name=b"md5"), "its hash is 'md5'"),
    "other hash": (_blob(digest_name=b"sha256"), "not one of what the record says"),
    "rsa with sha1": (_blob(algorithm=b"ssh-rsa"), "does not sign with 'ssh-rsa'"),
    "algorithm none": (_blob(algorithm=b"none"), "does not sign with 'none'"),
    "key none": (_blob(key=NONE_KEY), "'none' may not sign"),
    "weak key": (_blob(key=WEAK_KEY), "weak Ed25519 key"),
    "short": (_blob(raw=BLOB[-64:-1]), "not one of what the record says"),
    "empty": (_blob(raw=b""), "not one of what the record says"),
    "zero": (_blob(raw=bytes(64)), "not one of what the record says"),
    "more at the end": (_blob(tail=b"\x00"), "something follows"),
    "more inside": (_blob(inner_tail=b"\x00"), "something follows"),
    "huge": (PREFIX + "A" * 20_000, "longer than"),
    "huge count": (_written(b"SSHSIG\x00\x00\x00\x01\xff\xff\xff\xff"), "ends too early"),
    "another use": (BEN.sign(TEXT, "git"), "was made for 'git', not for 'approval@pressrun'"),
    "a file's": (BEN.sign(TEXT, "file"), "was made for 'file'"),
    "no use": (BEN.sign(TEXT, ""), "was made for ''"),
    "another use's prefix": (BEN.sign(TEXT, "approval@pressrun.example"), "was made for"),
    "another's key": (MALLORY.sign(TEXT), "which is no key of ben's"),
    "another ballot": (BEN.sign(ballot_for(a_request(number=4), "ben").signed_bytes()), "not one of what the record"),
    "ballot's digest": (BEN.sign(base64.b64encode(TEXT)), "not one of what the record"),
}  # fmt: skip


@pytest.mark.parametrize(("signature", "reason"), ATTACKS.values(), ids=list(ATTACKS))
def test_a_crafted_signature_is_refused_and_the_reason_is_named(signature: str, reason: str) -> None:
    assert reason in _problem(signature=signature)


def test_a_use_that_was_written_over_does_not_verify() -> None:
    # the namespace is inside what is signed, so that renaming it in the signature breaks it
    for git in (BEN.sign(TEXT, "git"), BEN.sign(TEXT, "approval@pressruN")):
        raw = base64.b64decode(git.removeprefix(PREFIX))[-64:]
        renamed = write_signature(read_public_key(BEN.public), "approval@pressrun", raw)
        assert "not one of what the record says" in _problem(signature=renamed)


def test_another_key_that_was_written_over_ones_own_does_not_verify() -> None:
    raw = base64.b64decode(MALLORY.sign(TEXT).removeprefix(PREFIX))[-64:]
    assert "not one of what the record says" in _problem(signature=_blob(raw=raw))


def test_a_record_that_names_another_key_than_the_one_that_signed_is_refused() -> None:
    assert "names another key" in verify(TEXT, SIGNATURE, BEN.person, day(2), key=MALLORY.public)
    assert verify(TEXT, SIGNATURE, BEN.person, day(2), key=BEN.public) == ""


VALIDITIES = [
    ({"valid_from": day(3)}, "was not valid before"),
    ({"valid_until": day(2)}, "was not valid any more"),
    ({"valid_from": day(0), "valid_until": day(1)}, "was not valid any more"),
]


@pytest.mark.parametrize(("validity", "reason"), VALIDITIES)
def test_a_key_that_is_expired_or_not_yet_valid_signs_nothing(validity: dict[str, str], reason: str) -> None:
    person = msgspec.structs.replace(BEN.person, keys=(Key(public=BEN.public, **validity),))
    assert reason in _problem(person=person)


def test_what_a_lost_key_signed_before_it_was_lost_stays_proven() -> None:
    person = msgspec.structs.replace(BEN.person, keys=(Key(public=BEN.public, valid_until=day(2)),))
    assert _problem(person=person, at=day(1.9)) == ""
    assert _problem(person=person, at=day(2)) != ""


def test_a_key_that_was_removed_signs_nothing() -> None:
    assert "no key of ben's" in _problem(person=msgspec.structs.replace(BEN.person, keys=()))


def test_two_signatures_that_change_places_are_both_refused() -> None:
    first, second = (ballot_for(a_request(request=letter * 32, nonce=letter * 32), "ben") for letter in "ab")
    one, other = BEN.sign(first.signed_bytes()), BEN.sign(second.signed_bytes())
    assert _problem(first.signed_bytes(), one) == _problem(second.signed_bytes(), other) == ""
    assert _problem(first.signed_bytes(), other) != ""
    assert _problem(second.signed_bytes(), one) != ""


def _flipped(raw: bytes) -> Iterator[bytes]:
    for at in range(len(raw)):
        for bits in (0x01, 0x20, 0x80):
            yield raw[:at] + bytes([raw[at] ^ bits]) + raw[at + 1 :]


def _cut(raw: bytes) -> Iterator[bytes]:
    for at in range(len(raw)):
        yield raw[:at]
        yield raw[:at] + raw[at + 1 :]
        yield raw[:at] + b"\x00" + raw[at:]


@pytest.fixture(scope="session")
def openssh_keys(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Make a key of the other kinds."""
    if shutil.which("ssh-keygen") is None:
        pytest.skip("OpenSSH's client is not installed")
    folder = tmp_path_factory.mktemp("attacks")
    for kind, bits in (("rsa", "3072"), ("ecdsa", "256")):
        command = ["ssh-keygen", "-q", "-N", "", "-t", kind, "-b", bits, "-f", str(folder / kind)]
        subprocess.run(command, check=True)
    return {kind: folder / kind for kind in ("rsa", "ecdsa")}


@pytest.mark.parametrize("kind", ["ed25519", "rsa", "ecdsa"])
def test_every_byte_of_a_signature_counts(kind: str, request: pytest.FixtureRequest) -> None:
    signature, public = SIGNATURE, BEN.public
    if kind != "ed25519":
        public, signature = sign(TEXT, request.getfixturevalue("openssh_keys")[kind])
    person = Person(id="ben", keys=(Key(public=public),))
    assert _problem(signature=signature, person=person) == ""
    blob = base64.b64decode(signature.removeprefix(PREFIX))
    accepted = [changed for changed in _flipped(blob) if not _problem(signature=_written(changed), person=person)]
    accepted += [changed for changed in _cut(blob) if not _problem(signature=_written(changed), person=person)]
    assert accepted == []


def test_nothing_can_be_appended_to_the_two_numbers_of_an_ecdsa_signature(openssh_keys: dict[str, Path]) -> None:
    public, signature = sign(TEXT, openssh_keys["ecdsa"])
    person = Person(id="ben", keys=(Key(public=public),))
    found = read_signature(signature)
    for tail, accepted in ((b"", True), (b"\x00", False), (_string(b"\x01"), False)):
        blob = _blob(key=found.key.blob, algorithm=found.algorithm.encode(), raw=found.raw + tail)
        assert accepted == (_problem(signature=blob, person=person) == "")


def test_every_byte_of_the_signatures_text_counts() -> None:
    for changed in (*_flipped(SIGNATURE.encode()), *_cut(SIGNATURE.encode())):
        assert _problem(signature=changed.decode("latin-1")) != ""


def test_every_byte_of_the_ballot_counts() -> None:
    for changed in (*_flipped(TEXT), *_cut(TEXT)):
        assert _problem(text=changed) != ""


@given(st.binary(max_size=300))
@settings(max_examples=300)
def test_no_bytes_whatever_are_taken_for_a_signature_or_raise(blob: bytes) -> None:
    assert _problem(signature=_written(blob)) != ""
    assert _problem(signature=_written(BLOB[:10] + blob)) != ""


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_no_text_whatever_is_taken_for_a_signature_or_raises(text: str) -> None:
    assert _problem(signature=text) != ""
    assert _problem(signature=PREFIX + text) != ""
