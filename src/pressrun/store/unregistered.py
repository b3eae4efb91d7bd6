"""Forgetting bundles of the project's own store that never became a version.

Records go in an order that leaves a whole store after every step: the names that meant a bundle, then its manifest
(from then on it is an unfinished one, which is harmless), then what lay beside it. The objects stay, for a collection
of garbage to judge.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path

from pressrun.records.digest import Digest
from pressrun.store import layout
from pressrun.store.bundles import BundleStore
from pressrun.store.folders import cannot_remove


def unregistered_bundles(
    store: BundleStore, registered: set[Digest], *, now_s: float, older_than_s: float
) -> tuple[Digest, ...]:
    """Return the bundles that nobody registered or stored again for long, and that are not the newest of a name.

    Args:
        store: the store.
        registered: content digests that stay.
        now_s: the present, seconds since 1970.
        older_than_s: seconds since the newest of a bundle's records or files was written.

    Raises:
        BundleCorruptError: a name's entry is damaged.
    """
    newest = {history[-1] for history in store.names().values()}
    return tuple(
        digest
        for digest in store.digests()
        if digest not in registered and digest not in newest and older_than_s <= now_s - _last_written_s(store, digest)
    )


def forget_bundles(store: BundleStore, choose: Callable[[], tuple[Digest, ...]], *, patience_s: float) -> int:
    """Forget bundles while nobody adds any.

    Args:
        store: the store.
        choose: returns which; asked when everybody who adds is kept away.
        patience_s: how long to wait for those who add, seconds.

    Returns:
        How many were forgotten.

    Raises:
        CannotRestoreError: others were adding all the time, or a record cannot be removed.
    """
    with store.objects.alone(patience_s):
        chosen = choose()
        for digest in chosen:
            _forget(store, digest)
    return len(chosen)


def _forget(store: BundleStore, digest: Digest) -> None:
    ending = "-" + layout.hex_of(digest)
    names = store.root / layout.NAMES
    for name in store.fs.names(names):
        for entry in store.fs.names(names / name):
            if entry.endswith(ending):
                _remove(store, names / name / entry)
    folder = layout.bundle_path(store.root, digest)
    for kind in (layout.BASE, layout.EVIDENCE, layout.HELD):
        for record in store.fs.names(folder / kind):
            _remove(store, folder / kind / record)


def _remove(store: BundleStore, path: Path) -> None:
    try:
        with contextlib.suppress(FileNotFoundError):
            store.fs.remove(path)
        # synced one by one: a later step must not reach the disk before an earlier one
        store.fs.sync_directory(path.parent)
    except OSError as error:
        raise cannot_remove(path, error) from error


def _last_written_s(store: BundleStore, digest: Digest) -> float:
    folder = layout.bundle_path(store.root, digest)
    paths = [folder / kind / name for kind in store.fs.names(folder) for name in store.fs.names(folder / kind)]
    written = [entry.modified_s for path in paths if (entry := store.fs.stat(path)) is not None]
    put = [
        about.modified_s
        for file in store.load(digest).content.files
        if (about := store.objects.about(file.digest)) is not None
    ]
    return max(written + put)
