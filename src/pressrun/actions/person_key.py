"""The key that a person signs approvals with: made, told, used."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from pressrun.actions.registry import Registry
from pressrun.actions.settings import user_folder
from pressrun.errors import RefusedError, UsageError
from pressrun.records.approval import Ballot
from pressrun.rules.members import find_person
from pressrun.store.person_keys import new_key, public_of
from pressrun.store.signing import key_problem, sign

KEY_FILE = "approvals.key"


class PersonKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key: where it is, and the public half that goes among the members."""

    path: str
    public: str


def make_key(path: Path | None = None, *, encrypted: bool = False) -> PersonKey:
    """Make a key to sign approvals with.

    Args:
        path: its file; by default ``approvals.key`` in the person's own folder.
        encrypted: whether it asks for a passphrase.

    Raises:
        UsageError: there is a file already.
        CannotRestoreError: it cannot be written.
    """
    place = path or own_key()
    return PersonKey(path=str(place), public=new_key(place, encrypted=encrypted))


def own_key() -> Path:
    """Return where the key is that `make_key` makes."""
    return user_folder(os.environ) / KEY_FILE


def key_of(registry: Registry, given: Path | None = None) -> Path:
    """Return the file of the key to sign with: as given, as configured, else the one that `make_key` made.

    Raises:
        UsageError: there is none.
    """
    if given is not None:
        return given
    if registry.settings.signing_key:
        return Path(registry.settings.signing_key)
    if own_key().is_file():
        return own_key()
    raise UsageError(
        "no key of yours is configured to sign approvals with",
        remedy="Make one with `pressrun key new`, or set signing-key in ~/.config/pressrun/config.toml to your ssh "
        "key; its public half has to stand under your id among the members.",
    )


def told_key(registry: Registry, given: Path | None = None) -> PersonKey:
    """Return the key that the actor would sign with.

    Raises:
        UsageError: there is none.
    """
    path = key_of(registry, given)
    return PersonKey(path=str(path), public=public_of(path))


def sign_as(registry: Registry, ballot: Ballot, given: Path | None = None, passphrase: str = "") -> tuple[str, str]:
    """Sign a ballot as the person it names.

    Args:
        registry: its members say whose key it has to be.
        ballot: what is signed.
        given: the key, None for the person's own.
        passphrase: of the key, where the caller asked the person for it.

    Returns:
        The public key, and the signature.

    Raises:
        UsageError: there is no usable key.
        RefusedError: the key is not this person's, or does not hold now: the approval would not count.
    """
    path = key_of(registry, given)
    person = find_person(registry.members, ballot.person)
    if person is None:
        raise RefusedError(f"{ballot.person} is not among the members", where=str(path))
    if problem := key_problem(person, public_of(path), registry.now()):
        raise RefusedError(
            problem,
            where=str(path),
            remedy="Sign with a key that stands under your id among the members, or have this one put there.",
        )
    signed = sign(ballot.signed_bytes(), path, passphrase=passphrase)
    return signed.public, signed.signature
