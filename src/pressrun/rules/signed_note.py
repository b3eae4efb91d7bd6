"""Signed checkpoints: the C2SP formats ``signed-note`` and ``tlog-checkpoint``, which other transparency logs use, too.

A checkpoint states the origin (which log), the size and the root of its tree. A note is that text, an empty line, and a
line for each signature. A line names its key by a name and four bytes of a hash over name, algorithm and public key;
lines by keys or algorithms that a reader does not know are kept and passed over. Keys and their mathematics are not
here, only what is read and written. This module is stable.

See https://c2sp.org/signed-note and https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from typing import Protocol

import msgspec

from pressrun.rules.merkle import HASH_BYTES

ED25519 = 0x01
"""The algorithm's byte in the key id, so that another algorithm's key has another id."""
PUBLIC_BYTES = 32
SIGNATURE_BYTES = 64
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100

_KEY_ID_BYTES = 4
_SIGNATURE_LINE = "— "
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)
_CONTROL = re.compile(rb"[\x00-\x09\x0b-\x1f]")


class NoteSigner(Protocol):
    """Signs notes with an ed25519 key."""

    @property
    def name(self) -> str:
        """Name of the key."""

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""

    def sign(self, text: bytes) -> bytes:
        """Return the signature of `text`, 64 bytes."""


class Checkpoint(msgspec.Struct, frozen=True):
    """The state of a log.

    Attributes:
        origin: which log.
        size: number of its entries.
        root: of the Merkle tree over them, 32 bytes.
    """

    origin: str
    size: int
    root: bytes


class NoteSignature(msgspec.Struct, frozen=True):
    """A signature line.

    Attributes:
        name: of the key. `key_id`: 4 bytes.
        signature: 64 bytes for ed25519, anything else for what is not known here.
    """

    name: str
    key_id: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A signed text; `text` ends in a newline and is what the signatures are over."""

    text: bytes
    signatures: tuple[NoteSignature, ...]

    def by(self, key: VerifierKey) -> list[bytes]:
        """Return the signatures that claim to be by a key."""
        wanted = key.key_id
        return [one.signature for one in self.signatures if one.name == key.name and one.key_id == wanted]


class VerifierKey(msgspec.Struct, frozen=True):
    """A public ed25519 key with its name."""

    name: str
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The 4 bytes that signature lines name it by."""
        return key_id(self.name, self.public)

    def __str__(self) -> str:
        return vkey(self.name, self.public)


def key_id(name: str, public: bytes) -> bytes:
    r"""Return the key id: the first 4 bytes of ``SHA-256(name || "\n" || 0x01 || public)``."""
    return hashlib.sha256(name.encode() + b"\n" + bytes([ED25519]) + public).digest()[:_KEY_ID_BYTES]


def vkey(name: str, public: bytes) -> str:
    """Return a public key in the form that people hand on: ``name+hex(key id)+base64(0x01 || public)``.

    Raises:
        ValueError: the name or the key's length is wrong.
    """
    check_key_name(name)
    if len(public) != PUBLIC_BYTES:
        raise ValueError(f"an ed25519 public key has {PUBLIC_BYTES} bytes, not {len(public)}")
    return f"{name}+{key_id(name, public).hex()}+{base64.b64encode(bytes([ED25519]) + public).decode()}"


def read_vkey(text: str) -> VerifierKey:
    """Read what `vkey` writes.

    Raises:
        ValueError: it is not of that form, is of another algorithm, or its id does not fit.
    """
    # base64 may hold a plus sign itself
    parts = text.strip().split("+", 2)
    if len(parts) != 3:
        raise ValueError("a key is written name+id+key")
    name, identifier, encoded = parts
    check_key_name(name)
    raw = _decode_base64(encoded, "the key")
    if len(raw) != 1 + PUBLIC_BYTES or raw[0] != ED25519:
        raise ValueError("it is not an ed25519 key")
    if key_id(name, raw[1:]).hex() != identifier:
        raise ValueError(f"the id {identifier!r} does not belong to this name and key")
    return VerifierKey(name, raw[1:])


def check_key_name(name: str) -> None:
    """See that a key may be called so.

    Raises:
        ValueError: it is empty, or has white space, a plus sign or a control character.
    """
    if not name or "+" in name or any(character.isspace() or ord(character) < 0x20 for character in name):
        raise ValueError(f"a key cannot be named {name!r}")


def checkpoint_text(checkpoint: Checkpoint) -> bytes:
    """Return the text to sign.

    Raises:
        ValueError: the origin is empty or more than a line, the size negative, or the root no hash.
    """
    origin = checkpoint.origin
    if not origin or any(ord(character) < 0x20 for character in origin):
        raise ValueError(f"a log cannot be named {origin!r}")
    if checkpoint.size < 0 or len(checkpoint.root) != HASH_BYTES:
        raise ValueError("a checkpoint needs a size and a root of 32 bytes")
    return f"{origin}\n{checkpoint.size}\n{base64.b64encode(checkpoint.root).decode()}\n".encode()


def read_checkpoint(text: bytes) -> Checkpoint:
    """Read a checkpoint's text; lines after the third are extensions and are passed over, as the format demands.

    Raises:
        ValueError: it is no checkpoint.
    """
    lines = _utf8(text).split("\n")
    if len(lines) < 4 or lines.pop() != "":
        raise ValueError("a checkpoint has three lines: origin, size and root")
    origin, size, root = lines[:3]
    if not all(lines) or any(ord(character) < 0x20 for line in lines for character in line):
        raise ValueError("a checkpoint has no empty lines and no control characters")
    if not _SIZE.fullmatch(size):
        raise ValueError(f"{size!r} is no size: a decimal number without leading zeros")
    raw = _decode_base64(root, "the root")
    if len(raw) != HASH_BYTES:
        raise ValueError(f"a root has {HASH_BYTES} bytes, not {len(raw)}")
    return Checkpoint(origin, int(size), raw)


def sign_note(text: bytes, signer: NoteSigner) -> bytes:
    """Return the note: the text with the signer's signature.

    Raises:
        ValueError: the text does not end in a newline or has control characters, or the signer's name is not allowed.
    """
    _check_text(text)
    check_key_name(signer.name)
    return text + b"\n" + _signature_line(signer, text)


def cosign_note(note: bytes, signer: NoteSigner) -> bytes:
    """Return the note with one signature more, over the same text.

    Raises:
        ValueError: it is no note, or the signer's name is not allowed.
    """
    check_key_name(signer.name)
    return note + _signature_line(signer, read_note(note).text)


def _signature_line(signer: NoteSigner, text: bytes) -> bytes:
    raw = key_id(signer.name, signer.public) + signer.sign(text)
    return f"{_SIGNATURE_LINE}{signer.name} {base64.b64encode(raw).decode()}\n".encode()


def read_note(note: bytes) -> Note:
    """Read a note. Its signatures are not verified.

    Raises:
        ValueError: it is no note.
    """
    if len(note) > MAX_NOTE_BYTES:
        raise ValueError(f"a note has at most {MAX_NOTE_BYTES} bytes")
    # the text may hold empty lines: the last one ends it
    split = note.rfind(b"\n\n")
    if split < 0 or not note.endswith(b"\n"):
        raise ValueError("a note is a text, an empty line, and signature lines")
    text = note[: split + 1]
    _check_text(text)
    lines = _utf8(note[split + 2 :]).split("\n")[:-1]
    if not 0 < len(lines) <= MAX_SIGNATURES:
        raise ValueError(f"a note has 1 to {MAX_SIGNATURES} signatures, not {len(lines)}")
    return Note(text, tuple(_read_signature(line) for line in lines))


def split_notes(content: bytes) -> list[bytes]:
    """Return the notes that stand one after the other in a file, each over a text without empty lines.

    What is no note is returned, too, so that `read_note` can refuse it: nothing is passed over.
    """
    mark = _SIGNATURE_LINE.encode()
    notes: list[list[bytes]] = []
    signed = True  # whether the last line was a signature, so that any other line begins the next note
    for line in content.splitlines(keepends=True):
        is_signature = line.startswith(mark)
        if signed and not is_signature:
            if not line.strip():
                continue
            notes.append([])
        elif not notes:
            notes.append([])
        notes[-1].append(line)
        signed = is_signature
    return [b"".join(lines) for lines in notes]


def _read_signature(line: str) -> NoteSignature:
    name, _, encoded = line.removeprefix(_SIGNATURE_LINE).partition(" ")
    if not line.startswith(_SIGNATURE_LINE) or not encoded:
        raise ValueError(f"{line[:80]!r} is no signature line")
    check_key_name(name)
    raw = _decode_base64(encoded, "a signature")
    if len(raw) <= _KEY_ID_BYTES:
        raise ValueError("a signature is too short")
    return NoteSignature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _check_text(text: bytes) -> None:
    if not text.endswith(b"\n") or _CONTROL.search(text):
        raise ValueError("a note's text ends in a newline and has no control characters")
    _utf8(text)


def _utf8(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError as error:
        raise ValueError("it is not UTF-8") from error


def _decode_base64(text: str, what: str) -> bytes:
    try:
        raw = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise ValueError(f"{what} is not base64") from error
    if base64.b64encode(raw).decode() != text:  # one spelling only: unused bits are zero
        raise ValueError(f"{what} is not base64 in its one form")
    return raw
