"""Which store of objects a location means: a folder of this machine, or a URL that fsspec knows."""

from __future__ import annotations

import re
from pathlib import Path
from urllib.parse import unquote, urlsplit

from pressrun.errors import UsageError
from pressrun.store.objects import ObjectStore
from pressrun.store.objects_port import Objects
from pressrun.store.remote_objects import RemoteObjects

_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
_EXTRAS = {"s3": "pressrun[s3]", "s3a": "pressrun[s3]", "memory": "pressrun[s3]"}


def open_objects(location: str | Path) -> Objects:
    """Open a store of objects; nothing is made or asked before it is used.

    Args:
        location: a folder such as a project's ``.pressrun``, ``file:///folder``, or a URL such as
            ``s3://bucket/prefix``. Credentials come from the environment or the store's own configuration.

    Raises:
        UsageError: the URL holds a credential or a query, its protocol is not known, or the library for it is missing.
    """
    scheme = _SCHEME.match(location) if isinstance(location, str) else None
    if scheme is None:
        return ObjectStore(Path(location))
    return _open_url(str(location), scheme[1].lower())


def _open_url(url: str, protocol: str) -> Objects:
    shown = f"{protocol}://..."
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise UsageError(f"the URL cannot be read: {error}", where=shown) from error
    if parts.username is not None or parts.password is not None:
        raise UsageError(
            "the URL of the objects holds a credential",
            where=shown,
            remedy="Take it out. Credentials come from the environment (AWS_ACCESS_KEY_ID...) or ~/.aws.",
        )
    if parts.query or parts.fragment:
        raise UsageError("the URL of the objects has a query", where=shown, remedy="Give protocol, bucket and prefix.")
    if protocol == "file":
        if parts.netloc not in {"", "localhost"}:
            raise UsageError("a file URL names another machine", where=url, remedy="Give file:///folder.")
        return ObjectStore(Path(unquote(parts.path)))
    if not parts.netloc.strip("/") or any(part in {".", ".."} for part in parts.path.split("/")):
        raise UsageError("the URL names no bucket, or leaves its prefix", where=url, remedy="Give s3://bucket/prefix.")
    return _open_remote(f"{protocol}://{parts.netloc}{parts.path}".rstrip("/"), protocol)


def _open_remote(url: str, protocol: str) -> RemoteObjects:
    extra = _EXTRAS.get(protocol, f"the fsspec package for {protocol}://")
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]  # noqa: PLC0415 - only a remote store needs it

        # a cached listing would hide what others put a moment ago, and a cached client would go on asking the server
        # that the environment named when it was made
        system, prefix = url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)
    except ImportError as error:
        raise UsageError(
            f"{protocol}:// needs a library that is not installed: {error}",
            where=url,
            remedy=f"Install it: pip install '{extra}'" if "[" in extra else f"Install {extra}.",
        ) from error
    except ValueError as error:
        raise UsageError(f"the URL of the objects cannot be used: {error}", where=url) from error
    return RemoteObjects(system, prefix, url)
