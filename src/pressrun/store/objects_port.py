"""What a store of objects is, wherever it keeps them.

An object is named by the SHA-256 of its content, so an object is never changed: it is there, or it is not. The local
one is `pressrun.store.objects`, the remote one `pressrun.store.remote_objects`; `pressrun.store.open_objects` chooses.
One suite, ``tests/contracts/test_objects.py``, is run over all of them. This protocol is stable.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple, Protocol

from pressrun.records.digest import Digest


class AboutObject(NamedTuple):
    """What is known of an object without reading it.

    Attributes:
        size: bytes.
        modified_s: when it was put last, seconds since 1970 by the store's own clock. Putting an object again that is
            there already makes it young again: that is how a writer keeps it from being collected.
    """

    size: int
    modified_s: float


class Objects(Protocol):
    """Files by their digest.

    Every method may raise `CannotRestoreError` when the store cannot be reached, and `ValueError` for a digest that
    is none.
    """

    @property
    def where(self) -> str:
        """The folder or URL, for the reader; it never holds a credential."""

    def put(self, source: bytes | Path, *, expected: Digest | None = None) -> Digest:
        """Store content that may be there already; safe with any number of writers of the same content.

        Args:
            source: the content, or a file that holds it (read a piece at a time, never through a link).
            expected: its digest where the caller knows it.

        Returns:
            The digest. The content can be read back from now on, by every process that reaches the store.

        Raises:
            BundleCorruptError: the content is not the expected one; nothing was stored.
        """

    def has(self, digest: Digest) -> bool:
        """Whether there is such an object (its content is not looked at)."""

    def read(self, digest: Digest) -> bytes:
        """Return an object's whole content.

        Raises:
            CannotRestoreError: there is no such object.
            BundleCorruptError: the stored content is another one.
        """

    def chunks(self, digest: Digest) -> Iterator[bytes]:
        """Yield an object's content a piece at a time; the error, if it is another content, comes after the last."""

    def digests(self) -> Iterator[Digest]:
        """Yield the digest of every object, sorted."""

    def about(self, digest: Digest) -> AboutObject | None:
        """Return what is known of an object without reading it, None when there is none."""

    def remove(self, digest: Digest) -> None:
        """Remove an object that may be gone already. Only a collection of garbage asks for this."""
