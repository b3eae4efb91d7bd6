"""What is read over a network: pages, objects in stores, results of queries.

Nothing is asked of a server, and no stream is read: versions and digests are of what the library holds anyway.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Standard library of Python 3.7; private names are the libraries':
# ruff: noqa: SLF001

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

from pressrun.observer.naming import clean_url, texts_in
from pressrun.observer.sight import WEB, Call, Sight

BODY_LIMIT = 1 << 24  # bytes; digesting more would be felt
LOCAL_STORES = frozenset(
    ("file", "local", "memory", "zip", "tar", "libarchive", "dir", "data", "reference", "git", "cached", "blockcache",
     "filecache", "simplecache", "asynclocal", "generic", "abstract")
)  # fmt: skip
VERSIONS = ("VersionId", "version_id", "versionId", "version", "generation", "ETag", "etag", "e_tag", "LastModified",
            "last_modified", "mtime", "updated")  # fmt: skip
WHOLE_READS = ("_cat", "_cat_file", "cat", "cat_file")
READS = ("_cat", "_cat_file", "_cat_ranges", "_get", "_get_file", "cat", "cat_file", "get", "get_file")


def version_in(facts: Any) -> str:
    """Return what of a store's answer tells versions apart."""
    get = getattr(facts, "get", None)
    if get is None:
        return ""
    found = next((value for value in (get(name) for name in VERSIONS) if value not in (None, "", "null")), "")
    return str(found).strip('"')


def page_version(headers: Any) -> str:
    """Return the entity tag of an answer, or else when it was changed last."""
    get = getattr(headers, "get", None)
    return str(get("ETag") or get("Last-Modified") or "").strip('"') if get is not None else ""


def digest_of(body: Any) -> str:
    """Return the digest of a body that is there as a whole and not too large."""
    whole = isinstance(body, bytes) and len(body) <= BODY_LIMIT
    return hashlib.sha256(body).hexdigest() if whole else ""


def note_page(see: Sight, url: Any, status: Any, headers: Any, body: Any) -> None:
    """Note an answer of a web server."""
    see.elsewhere(url, "http", version=page_version(headers), digest=digest_of(body), status=int(status or 0))


def after_urllib(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """`urllib.request` opened something; its body is a stream, which stays as it is."""
    asked = call.get((1, "fullurl"))
    url = str(getattr(asked, "full_url", asked))
    if url.partition(":")[0].lower() in WEB:
        note_page(see, url, getattr(result, "status", 0), getattr(result, "headers", None), None)


def after_requests(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """`requests` has an answer; its body where it was not asked for as a stream."""
    body = getattr(result, "_content", None)
    note_page(see, getattr(call.get((1, "request")), "url", result.url), result.status_code, result.headers, body)


def after_httpx(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """`httpx` has an answer; its body where it was not asked for as a stream."""
    note_page(see, call.get((1, "request")).url, result.status_code, result.headers, getattr(result, "_content", None))


def after_urllib3(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """A pool of `urllib3` has an answer; its body where it was read at once."""
    url = call.get((2, "url"))
    note_page(see, url, result.status, result.headers, getattr(result, "_body", None))


def after_botocore(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """The client of a store got an object."""
    if call.args[1:2] == ("GetObject",):
        asked = call.args[2]
        see.elsewhere(f"s3://{asked['Bucket']}/{asked['Key']}", "object-store", version=version_in(result))


# fsspec


def store_url(system: Any, path: str) -> str:
    """Return the URL of an object, empty where the file system is none of a store."""
    protocol = system.protocol
    name = protocol if isinstance(protocol, str) else protocol[0]
    if name in LOCAL_STORES:
        return ""
    return path if "://" in path else f"{name}://{path}"


def known_version(system: Any, path: str, opened: Any = None) -> str:
    """Return the version that the file system holds already, by the open file or its listing of the folder."""
    held = getattr(opened, "__dict__", {})
    version = version_in(held.get("details") or held.get("_details"))
    if version:
        return version
    listed = system._ls_from_cache(path)
    for entry in listed or ():
        if entry.get("name", "").rstrip("/") == system._strip_protocol(path).rstrip("/"):
            return version_in(entry)
    return ""


def note_object(see: Sight, system: Any, path: Any, opened: Any = None, body: Any = None) -> None:
    """Note that an object was read."""
    for text in texts_in(path):
        url = store_url(system, text)
        if not url:
            continue
        kind = "http" if url.partition(":")[0] in WEB else "object-store"
        see.elsewhere(url, kind, version=known_version(system, text, opened), digest=digest_of(body))


def after_store_opened(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """`fsspec` opened an object."""
    mode = call.get((2, "mode"), "rb")
    if isinstance(mode, str) and "r" in mode:
        note_object(see, call.args[0], call.get((1, "path")), opened=result)


def after_store_read(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """`fsspec` read objects whole."""
    note_object(see, call.args[0], call.get((1, "path", "rpath")), body=result)


def after_store_synced(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """A method of an asynchronous file system was waited for."""
    method: Any = call.args[1] if len(call.args) > 1 else None
    name = getattr(method, "__name__", "")
    if name in READS and hasattr(method, "__self__"):
        whole = name in WHOLE_READS and len(call.args) == 3 and not {"start", "end"} & call.kwargs.keys()
        given = call.args[2] if len(call.args) > 2 else call.kwargs.get("path", call.kwargs.get("rpath"))
        note_object(see, method.__self__, given, body=result if whole else None)


# databases


def is_pragma(statement: Any) -> bool:
    """Tell whether a statement only asks SQLite what tables there are, as libraries do before a query."""
    return str(statement).lstrip()[:6].upper() == "PRAGMA"


class Queries:
    """Hears of the queries that SQLAlchemy runs, by its own events, and counts the rows that are fetched.

    Args:
        see: is told.
        guard: wraps a function so that it cannot raise.
    """

    def __init__(self, see: Sight, guard: Callable[..., Any]) -> None:
        self.see = see
        self.fetched: WeakKeyDictionary[Any, list[Any]] = WeakKeyDictionary()
        self.listener = guard(self.after_execute)
        self.engine: Any = None

    def install(self, module: Any) -> None:
        """Listen to every engine."""
        self.engine = module.engine.Engine
        module.event.listen(self.engine, "after_cursor_execute", self.listener)

    def uninstall(self) -> None:
        """Listen no longer."""
        module: Any = sys.modules.get("sqlalchemy")
        if self.engine is not None and module is not None:
            module.event.remove(self.engine, "after_cursor_execute", self.listener)
            self.engine = None

    def after_execute(self, connection: Any, cursor: Any, statement: Any, *_: Any) -> None:
        """Note a statement that gives rows."""
        if getattr(cursor, "description", None) and not is_pragma(statement):
            rows = getattr(cursor, "rowcount", -1)
            self.note(connection.engine, statement, rows if isinstance(rows, int) and rows >= 0 else None, "")

    def note(self, engine: Any, statement: Any, rows: int | None, result_digest: str) -> None:
        """Note one query; noted again with more known, the later note counts."""
        target = clean_url(engine.url.render_as_string(hide_password=True))
        digest = hashlib.sha256(str(statement).encode("utf-8", "surrogatepass")).hexdigest()
        self.see.elsewhere(target, "query", digest=digest, rows=rows, result_digest=result_digest)

    def after_fetch(self, result: Any, rows: Any) -> None:
        """Count the rows that were fetched, and digest them where that is asked for."""
        fetched = rows if isinstance(rows, list) else [] if rows is None else [rows]
        context = result.context
        if is_pragma(context.statement):
            return
        state = self.fetched.setdefault(context, [0, hashlib.sha256()])
        state[0] += len(fetched)
        if self.see.recorder.result_digests:
            for row in fetched:
                state[1].update(repr(tuple(row)).encode("utf-8", "surrogatepass") + b"\n")
        if isinstance(rows, list) or rows is None:
            asked = state[1].hexdigest() if self.see.recorder.result_digests else ""
            self.note(context.root_connection.engine, context.statement, state[0], asked)


def after_rows(see: Sight, call: Call, noted: Any, result: Any) -> None:
    """SQLAlchemy fetched rows: the strategy's method is given the result that they belong to."""
    queries = see.recorder.queries
    if queries is not None:
        queries.after_fetch(call.get((1, "result")), result)
