"""The private key that a person signs approvals with: made, opened, and never readable by anybody else."""

from __future__ import annotations

import base64
import contextlib
import os
import stat
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pressrun.errors import CannotRestoreError, RefusedError, UnsafeContentError, UsageError
from pressrun.rules.ssh_keys import TOKEN_ED25519, read_public_key
from pressrun.store.programs import find_program

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

PASSPHRASE_VARIABLE = "PRESSRUN_KEY_PASSPHRASE"  # noqa: S105 - the name of a variable
MAX_KEY_BYTES = 64 * 1024
TYPING_TIMEOUT_S = 300.0

_PRIVATE = b"-----BEGIN OPENSSH PRIVATE KEY-----"
_ARMOUR_WORDS = frozenset({b"OPENSSH", b"PRIVATE", b"KEY-----"})
# what ssh-keygen needs to ask for a passphrase, to find an agent, and to write in one language
_PASSED_ON = ("DISPLAY", "HOME", "SSH_AGENT_PID", "SSH_ASKPASS", "SSH_AUTH_SOCK", "SSH_SK_HELPER", "SSH_SK_PROVIDER",
              "TERM", "TMPDIR", "USER", "WAYLAND_DISPLAY", "XAUTHORITY")  # fmt: skip


def new_key(path: Path, *, encrypted: bool = False) -> str:
    """Make an Ed25519 key: `path` in OpenSSH's form, and its public half beside it in ``.pub``.

    Args:
        path: the file; it must not be there.
        encrypted: ask for a passphrase, by ``ssh-keygen`` on the terminal, or take the one that PRESSRUN_KEY_PASSPHRASE
            holds.

    Returns:
        The public key, to be put among the members.

    Raises:
        UsageError: a file is there already, or ``ssh-keygen`` is needed and absent.
        RefusedError: no passphrase was given.
        CannotRestoreError: it cannot be written.
    """
    shown = Path(f"{path}.pub")
    for file in (path, shown):
        if file.exists() or file.is_symlink():
            raise UsageError(
                "a file is there already, and a key is never replaced", where=str(file), remedy="Choose another name."
            )
    try:
        _private_folder(path.parent)
        private, public = _by_program(path.parent) if encrypted else _by_library()
        _create(path, private, 0o600)
        _create(shown, f"{public}\n".encode(), 0o644)
    except OSError as error:
        raise CannotRestoreError(f"the key cannot be written: {error.strerror}", where=str(path)) from error
    return public


def load_ed25519(path: Path) -> Ed25519PrivateKey | None:
    """Return an Ed25519 key that lies open in a file; None for any other, which ``ssh-keygen`` has to open.

    Raises:
        UsageError: there is no such file, or it cannot be read.
        UnsafeContentError: it holds a private key and others may read it.
    """
    raw = _read(path)
    if not raw.lstrip().startswith(_PRIVATE):
        return None
    from cryptography.exceptions import UnsupportedAlgorithm  # noqa: PLC0415 - costs 20 ms, needed where one signs
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import load_ssh_private_key  # noqa: PLC0415 - see above

    try:
        key = load_ssh_private_key(raw, password=None)
    except (UnsupportedAlgorithm, ValueError, TypeError):
        return None  # it has a passphrase, is on a token, or is of a kind that the library does not know
    return key if isinstance(key, Ed25519PrivateKey) else None


def public_of(path: Path) -> str:
    """Return the public half of a key file: of itself, or what stands in ``.pub`` beside it.

    Raises:
        UsageError: neither tells.
        UnsafeContentError: it holds a private key and others may read it.
    """
    private = load_ed25519(path)
    if private is not None:
        from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat  # noqa: PLC0415 - see above

        return private.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    shown = path if path.suffix == ".pub" else Path(f"{path}.pub")
    try:
        return read_public_key(_read(shown).decode("utf-8", "replace")).text
    except ValueError as error:
        raise UsageError(f"it is no public key that may sign: {error}", where=str(shown)) from error


Protection = Literal["open", "passphrase", "touch", "agent"]
"""What has to happen for a key to sign: nothing (``open``), its passphrase typed, a token touched, an agent willing."""


def protection_of(path: Path) -> Protection:
    """Return what protects a key from being used by whatever runs as its owner.

    Raises:
        UsageError: there is no such key, or it cannot be read.
        UnsafeContentError: it holds a private key and others may read it.
    """
    raw = _read(path)
    with contextlib.suppress(UsageError, ValueError):
        if read_public_key(public_of(path)).kind == TOKEN_ED25519:
            return "touch"
    if b"PRIVATE KEY" not in raw:
        return "agent"
    if raw.lstrip().startswith(_PRIVATE):
        return "open" if _cipher_of(raw) == b"none" else "passphrase"
    return "passphrase" if b"ENCRYPTED" in raw else "open"


def _cipher_of(raw: bytes) -> bytes:
    """Return the name of the cipher that OpenSSH's form of a private key names (PROTOCOL.key)."""
    lines = [line for line in raw.split() if not line.startswith(b"-----")]
    try:
        body = base64.b64decode(b"".join(line for line in lines if line not in _ARMOUR_WORDS))
    except ValueError:
        return b"none"  # what cannot be read is not taken to be protected
    magic = b"openssh-key-v1\0"
    if not body.startswith(magic):
        return b"none"
    length = int.from_bytes(body[len(magic) : len(magic) + 4], "big")
    return body[len(magic) + 4 : len(magic) + 4 + min(length, 64)]


def keygen_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the variables that ``ssh-keygen`` gets: those it needs, and no secret of anybody else's."""
    passed = {name: environ[name] for name in _PASSED_ON if name in environ}
    return passed | {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/local/bin:/usr/bin:/bin"}


def askpass(environ: Mapping[str, str], place: Path) -> dict[str, str]:
    """Return the variables that let ``ssh-keygen`` take its passphrase from PRESSRUN_KEY_PASSPHRASE, if that is set.

    Args:
        environ: environment variables.
        place: temporary folder of this process's own.
    """
    passphrase = environ.get(PASSPHRASE_VARIABLE)
    if passphrase is None:
        return {}
    script = place / "askpass"
    _create(script, f'#!/bin/sh\nprintf "%s\\n" "${PASSPHRASE_VARIABLE}"\n'.encode(), 0o700)
    return {PASSPHRASE_VARIABLE: passphrase, "SSH_ASKPASS": str(script), "SSH_ASKPASS_REQUIRE": "force"}


def _by_library() -> tuple[bytes, str]:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey  # noqa: PLC0415 - see above
    from cryptography.hazmat.primitives.serialization import (  # noqa: PLC0415 - see above
        Encoding,
        NoEncryption,
        PrivateFormat,
        PublicFormat,
    )

    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()), public


def _by_program(folder: Path) -> tuple[bytes, str]:
    program = find_program("ssh-keygen")
    if not program:
        raise UsageError("a key with a passphrase needs ssh-keygen, which is not installed")
    # made in a folder that only we can enter; the file in its place is written once, exclusively
    with tempfile.TemporaryDirectory(dir=folder, prefix=".key-") as place:
        file = Path(place, "key")
        try:
            finished = subprocess.run(
                [program, "-q", "-t", "ed25519", "-C", "", "-f", str(file)],
                cwd=place,
                env=keygen_environment(os.environ) | askpass(os.environ, Path(place)),
                timeout=TYPING_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise RefusedError("no passphrase was typed", where=str(folder)) from error
        if finished.returncode != 0:
            raise RefusedError(f"ssh-keygen made no key (exit code {finished.returncode})", where=str(folder))
        if load_ed25519(file) is not None:
            raise RefusedError("the passphrase is empty, so the key would lie open", where=str(folder))
        return file.read_bytes(), public_of(file)


def _private_folder(folder: Path) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)


def _create(path: Path, content: bytes, mode: int) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags, mode)
    try:
        with open(descriptor, "wb") as file:  # noqa: PTH123 - of a descriptor
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def _read(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_KEY_BYTES + 1)
            mode = os.fstat(file.fileno()).st_mode
    except OSError as error:
        raise UsageError(
            f"the key cannot be read: {error.strerror}", where=str(path), remedy="pressrun key new makes one."
        ) from error
    if len(raw) > MAX_KEY_BYTES or not stat.S_ISREG(mode):
        raise UsageError("it is no key", where=str(path))
    if b"PRIVATE KEY" in raw and os.name == "posix" and mode & 0o077:
        raise UnsafeContentError("others may read this private key", where=str(path), remedy=f"chmod 600 {path}")
    return raw
