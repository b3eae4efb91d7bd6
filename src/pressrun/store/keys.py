"""The key that signs a journal's checkpoints: one ed25519 key in a file that only its owner reads.

The file holds one line, ``PRIVATE+KEY+<name>+<key id>+<base64 of 0x01 and the seed>``: the form that other tools for
signed notes read, and one that carries the key's name. Whoever holds the file can sign a history that never was, so it
belongs on another machine than a shared database; what a checkpoint outside can show does not depend on it.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import os
import secrets
import stat
from pathlib import Path
from typing import TYPE_CHECKING

from pressrun.errors import CannotRestoreError, UnsafeContentError
from pressrun.rules.signed_note import ED25519, PUBLIC_BYTES, SIGNATURE_BYTES, check_key_name, key_id, vkey
from pressrun.store.fs import sync_directory

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_PREFIX = "PRIVATE+KEY+"
_SEED_BYTES = 32
_MAX_FILE_BYTES = 4096


class JournalKey:
    """An ed25519 key with its name; a `pressrun.store.journal.port.Signer`.

    Args:
        name: of the key, also the log's origin.
        seed: the private key, 32 bytes.

    Raises:
        ValueError: the name is not allowed, or the seed has another length.
    """

    def __init__(self, name: str, seed: bytes) -> None:
        check_key_name(name)
        if len(seed) != _SEED_BYTES:
            raise ValueError(f"an ed25519 seed has {_SEED_BYTES} bytes, not {len(seed)}")
        self._name = name
        self._seed = seed
        self._private: Ed25519PrivateKey | None = None
        self._public = b""

    @classmethod
    def generate(cls, name: str) -> JournalKey:
        """Return a new key."""
        return cls(name, secrets.token_bytes(_SEED_BYTES))

    def __repr__(self) -> str:
        return f"<JournalKey {self._name}>"  # never the seed

    @property
    def name(self) -> str:
        """Name of the key, as it stands in signature lines."""
        return self._name

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        if not self._public:
            self._public = self._loaded().public_key().public_bytes_raw()
        return self._public

    @property
    def vkey(self) -> str:
        """The public key in the form that people hand on."""
        return vkey(self._name, self.public)

    def sign(self, text: bytes) -> bytes:
        """Return the ed25519 signature of `text`, 64 bytes."""
        return self._loaded().sign(text)

    def encode(self) -> str:
        """Return the line that is kept in the file. It is the secret."""
        encoded = base64.b64encode(bytes([ED25519]) + self._seed).decode()
        return f"{_PREFIX}{self._name}+{key_id(self._name, self.public).hex()}+{encoded}\n"

    @classmethod
    def decode(cls, text: str) -> JournalKey:
        """Read what `encode` wrote.

        Raises:
            ValueError: it is something else. The message never holds any of it.
        """
        parts = text.removesuffix("\n").removeprefix(_PREFIX).split("+", 2)
        if not text.startswith(_PREFIX) or len(parts) != 3:
            raise ValueError("it is not a key for signed notes")
        name, identifier, encoded = parts
        try:
            raw = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            raise ValueError("the key in it is not base64") from None  # the cause would show the secret
        if len(raw) != 1 + _SEED_BYTES or raw[0] != ED25519:
            raise ValueError("the key in it is not an ed25519 key")
        key = cls(name, raw[1:])
        if key_id(name, key.public).hex() != identifier:
            raise ValueError("the key's id does not belong to its name and key")
        return key

    def _loaded(self) -> Ed25519PrivateKey:
        if self._private is None:
            from cryptography.hazmat.primitives.asymmetric.ed25519 import (  # noqa: PLC0415 - most commands never sign
                Ed25519PrivateKey,
            )

            self._private = Ed25519PrivateKey.from_private_bytes(self._seed)
        return self._private


def open_journal_key(path: Path, origin: str = "") -> JournalKey:
    """Return the key in a file; made, with its folder, when the file is absent.

    Args:
        path: of the file.
        origin: name of a key that is made; by default ``pressrun/`` and eight random hex digits. A key that is there
            keeps its name.

    Raises:
        UnsafeContentError: others may read the file, or it is a link or not a regular file.
        CannotRestoreError: it cannot be read or written, or holds something else.
    """
    try:
        found = _read_private(path)
        if found is not None:
            return JournalKey.decode(found)
        return _create(path, JournalKey.generate(origin or f"pressrun/{secrets.token_hex(4)}"))
    except OSError as error:
        raise CannotRestoreError(
            f"the journal's key cannot be read or made: {error.strerror or error}", where=str(path)
        ) from error
    except ValueError as error:
        raise CannotRestoreError(
            f"this is not a journal's key: {error}",
            where=str(path),
            remedy="Restore it from a backup, or name another file; a new key begins a new name.",
        ) from error


def _read_private(path: Path) -> str | None:
    # None when there is no such file
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
    if path.is_symlink():
        raise UnsafeContentError("the journal's key is a symbolic link", where=str(path))
    try:
        descriptor = os.open(path, flags)
    except FileNotFoundError:
        return None
    with os.fdopen(descriptor, "rb") as file:
        _check_private(os.fstat(descriptor), path)
        return file.read(_MAX_FILE_BYTES).decode("ascii", "replace")


def _check_private(status: os.stat_result, path: Path) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise UnsafeContentError("the journal's key is not a regular file", where=str(path))
    if os.name != "posix":
        return
    if status.st_mode & 0o077:
        raise UnsafeContentError(
            f"others may read or write the journal's key (mode {stat.S_IMODE(status.st_mode):04o})",
            where=str(path),
            remedy=f"If nobody has: chmod 600 {path}. Otherwise remove it; a new key is made.",
        )
    if status.st_uid != os.geteuid():
        raise UnsafeContentError("the journal's key belongs to somebody else", where=str(path))


def _create(path: Path, key: JournalKey) -> JournalKey:
    # written whole under another name and then linked, so that of two processes that make one, one wins
    # and the other reads a whole key
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(8)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0)
    descriptor = os.open(temporary, flags, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(key.encode().encode("ascii"))
            file.flush()
            os.fsync(descriptor)
        with contextlib.suppress(FileExistsError):
            os.link(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)
    sync_directory(path.parent)
    found = _read_private(path)
    if found is None:
        raise FileNotFoundError(f"{path} was removed while it was made")
    return JournalKey.decode(found)


def verify_ed25519(public: bytes, text: bytes, signature: bytes) -> bool:
    """Return whether an ed25519 signature is good.

    Args:
        public: the public key, 32 bytes; another length is no key, and nothing is signed by it.
        text: what was signed.
        signature: 64 bytes.
    """
    if len(public) != PUBLIC_BYTES or len(signature) != SIGNATURE_BYTES:
        return False
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - most commands verify nothing
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # noqa: PLC0415 - likewise

    try:
        Ed25519PublicKey.from_public_bytes(public).verify(signature, text)
    except (InvalidSignature, ValueError):
        return False
    return True
