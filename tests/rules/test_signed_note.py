"""Signed notes and checkpoints: the published examples, what is written is read back, what is wrong is refused."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pressrun.rules.signed_note import (
    MAX_SIGNATURES,
    Checkpoint,
    VerifierKey,
    checkpoint_text,
    cosign_note,
    key_id,
    read_checkpoint,
    read_note,
    read_vkey,
    sign_note,
    split_notes,
    vkey,
)
from pressrun.store.keys import JournalKey, verify_ed25519

# the example of golang.org/x/mod/sumdb/note
GO_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz\n"
GO_PUBLIC = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()
# the example of c2sp.org/tlog-cosignature: a log's signature and a witness's cosignature of another algorithm
C2SP_CHECKPOINT = (
    "example.com/behind-the-sofa\n"
    "20852163\n"
    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    "\n"
    "— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+"
    "zyWE+xeMcTOAYQ8=\n"
    "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZ"
    "qhf5nNo0xUe+mbIUBkBIfZ+qnA==\n"
).encode()
KEY = JournalKey("pressrun/test", bytes(range(32)))
ROOT = hashlib.sha256(b"root").digest()
NOTE = sign_note(checkpoint_text(Checkpoint("pressrun/test", 7, ROOT)), KEY)


def test_a_note_is_signed_byte_for_byte_as_go_signs_it():
    text = GO_NOTE[: GO_NOTE.index(b"\n\n") + 1]
    assert sign_note(text, JournalKey.decode(GO_SECRET)) == GO_NOTE


def test_a_key_is_named_as_go_names_it():
    key = read_vkey(GO_PUBLIC)
    assert key.name == "PeterNeumann"
    assert GO_PUBLIC == str(key) == JournalKey.decode(GO_SECRET).vkey
    note = read_note(GO_NOTE)
    assert [verify_ed25519(key.public, note.text, one) for one in note.by(key)] == [True]


def test_a_cosigned_checkpoint_of_another_log_is_read_and_its_unknown_signature_kept():
    note = read_note(C2SP_CHECKPOINT)
    checkpoint = read_checkpoint(note.text)
    assert (checkpoint.origin, checkpoint.size) == ("example.com/behind-the-sofa", 20852163)
    assert [one.name for one in note.signatures] == ["example.com/behind-the-sofa", "witness.example.com/w1"]
    assert [len(one.signature) for one in note.signatures] == [64, 72]


def test_the_algorithm_is_in_the_key_id():
    public = KEY.public
    expected = hashlib.sha256(b"pressrun/test\n\x01" + public).digest()[:4]
    assert expected == key_id("pressrun/test", public)


@given(st.text(st.characters(codec="utf-8", min_codepoint=0x20), min_size=1), st.integers(0, 10**18), st.binary())
def test_a_checkpoint_is_read_back(origin, size, content):
    checkpoint = Checkpoint(origin, size, hashlib.sha256(content).digest())
    assert checkpoint == read_checkpoint(checkpoint_text(checkpoint))
    assert checkpoint == read_checkpoint(read_note(sign_note(checkpoint_text(checkpoint), KEY)).text)


@given(st.text(st.characters(codec="utf-8", min_codepoint=0x20, exclude_categories=["Z", "C"], exclude_characters="+"),
               min_size=1), st.binary(min_size=32, max_size=32))  # fmt: skip
def test_a_public_key_is_read_back(name, public):
    assert VerifierKey(name, public) == read_vkey(vkey(name, public))


def test_a_text_with_empty_lines_ends_at_the_last_one():
    text = b"one\n\ntwo\n"
    assert text == read_note(sign_note(text, KEY)).text


def test_a_second_signer_signs_the_same_text():
    other = JournalKey("witness", bytes(32))
    note = read_note(cosign_note(NOTE, other))
    assert [one.name for one in note.signatures] == ["pressrun/test", "witness"]
    for key in (KEY, other):
        found = note.by(VerifierKey(key.name, key.public))
        assert [verify_ed25519(key.public, note.text, one) for one in found] == [True]


def test_extension_lines_are_passed_over():
    text = checkpoint_text(Checkpoint("o", 1, ROOT)) + b"extension\n"
    assert Checkpoint("o", 1, ROOT) == read_checkpoint(text)


B64 = base64.b64encode(ROOT).decode()
NOT_CANONICAL = B64[:-2] + chr(ord(B64[-2]) + 1) + "="


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        f"o\n1\n{B64}",
        f"\n1\n{B64}\n",
        f"o\n01\n{B64}\n",
        f"o\n-1\n{B64}\n",
        f"o\n+1\n{B64}\n",
        f"o\n1 \n{B64}\n",
        f"o\n\uff11\n{B64}\n",
        f"o\n{'9' * 40}\n{B64}\n",
        f"o\n1\n{B64[:-4]}\n",
        f"o\n1\n{B64}=\n",
        f"o\n1\n{NOT_CANONICAL}\n",
        "o\n1\nnot base64!\n",
        f"o\n1\n{B64}\n\nmore\n",
        f"o\n1\n{B64}\nwith\ttab\n",
        f"o\x07\n1\n{B64}\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(ValueError, match=r"checkpoint|size|root|base64"):
        read_checkpoint(text.encode())


@pytest.mark.parametrize(
    "note",
    [
        b"",
        b"text\n",
        b"text\n\n",
        NOTE[:-1],
        NOTE.replace("— ".encode(), b"- "),
        NOTE + b"trailing\n",
        NOTE + "— name\n".encode(),
        NOTE + "— name AAAA\n".encode(),
        NOTE + "— na+me AAAAAAAA\n".encode(),
        NOTE + "— name A-_=\n".encode(),
        b"\xff" + NOTE,
        NOTE.replace(b"7\n", b"7\r\n"),
        NOTE + "— name AAAAAAAA\n".encode() * MAX_SIGNATURES,
        b"x" * 1_000_001 + NOTE,
    ],
)
def test_bytes_that_are_no_note_are_refused(note):
    assert note != NOTE
    with pytest.raises(ValueError, match=r"note|signature|base64|UTF-8|named"):
        read_note(note)


@pytest.mark.parametrize("name", ["", "a b", "a+b", "a\tb", "a\u2003b", "a\x01"])
def test_a_key_name_that_the_format_forbids_is_refused(name):
    with pytest.raises(ValueError, match="cannot be named"):
        JournalKey(name, bytes(32))
    with pytest.raises(ValueError, match="cannot be named"):
        vkey(name, bytes(32))


@pytest.mark.parametrize(
    "text",
    [
        "name",
        "name+00000000",
        GO_PUBLIC.replace("c74f20a3", "c74f20a4"),
        GO_PUBLIC.replace("PeterNeumann", "PeterNewmann"),
        GO_PUBLIC[:-4],
        "name+00000000+" + base64.b64encode(b"\x02" + bytes(32)).decode(),
    ],
)
def test_a_text_that_is_no_public_key_is_refused(text):
    with pytest.raises(ValueError, match=r"key|base64"):
        read_vkey(text)


@pytest.mark.parametrize("text", [b"no newline", b"a\rb\n", b"\xff\n"])
def test_a_text_that_cannot_be_a_note_is_not_signed(text):
    with pytest.raises(ValueError, match=r"newline|UTF-8"):
        sign_note(text, KEY)


@pytest.mark.parametrize(
    "checkpoint",
    [Checkpoint("", 1, ROOT), Checkpoint("a\nb", 1, ROOT), Checkpoint("o", -1, ROOT), Checkpoint("o", 1, b"")],
)
def test_a_checkpoint_that_could_not_be_read_is_not_written(checkpoint):
    with pytest.raises(ValueError, match=r"log|checkpoint"):
        checkpoint_text(checkpoint)


@given(st.lists(st.integers(0, 1000), max_size=5), st.sampled_from([b"", b"\n", b"\n\n"]), st.booleans())
def test_notes_in_one_file_are_told_apart(sizes, between, cosigned):
    notes = [sign_note(checkpoint_text(Checkpoint("o", size, ROOT)), KEY) for size in sizes]
    if cosigned:
        notes = [cosign_note(note, JournalKey("w", bytes(32))) for note in notes]
    assert notes == split_notes(between.join(notes))


def test_what_is_no_note_is_not_passed_over():
    found = split_notes(b"garbage\n" + NOTE + b"more garbage\n")
    assert b"garbage" in found[0]
    assert found[-1] == b"more garbage\n"
