"""Which files an argument, a pattern or a query names, and what of a URL may be written down.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Standard library of Python 3.7, and pathlib would cost what a cell should not notice:
# ruff: noqa: PTH111, PTH112, PTH113, PTH118, PTH120, PTH207

from __future__ import annotations

import glob
import os
import re
from typing import Any
from urllib.parse import unquote, urlsplit

MEMBER_LIMIT = 20000  # files of one folder or pattern; what names more is told as seen in part
NESTING_LIMIT = 3  # lists in lists
TEXT_LIMIT = 4096  # characters; what is longer is content, not a path
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]+://")
MAGIC = re.compile(r"[*?\[]")
SECRET_NAMES = re.compile(
    r"token|secret|passw|pwd|key|sig|auth|cred|session|jwt|bearer|access|^(code|sid|sv|se|sp|st|spr)$", re.IGNORECASE
)
SECRET_SHAPE = re.compile(r"[A-Za-z0-9+/=_\-.~%]{32,}")
HIDDEN = "***"

SQL_TOKEN = re.compile(
    r"--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\1\$|[eE]?'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|[$:]\w+|\w+|\S", re.DOTALL
)
SQL_READERS = re.compile(r"read_\w+|\w+_scan|scan_\w+|sniff_csv|glob|parquet_\w+|st_read\w*|from_\w+", re.IGNORECASE)
SQL_SOURCES = {"FROM", "JOIN", "ATTACH", "DATABASE", "EXISTS", "SUMMARIZE", "DESCRIBE", "TABLE", "PIVOT", "UNPIVOT"}
SQL_FROM_ENDS = {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "SELECT", "ON", "USING", "SET", "VALUES"}


def texts_in(value: Any, with_bytes: bool = False, depth: int = 0) -> list[str]:
    """Return the paths, patterns and URLs in an argument: text, a path object, or a list of such.

    Args:
        value: anything; what names no file, like an open one, gives nothing.
        with_bytes: whether bytes are a path to this reader, and not content.
        depth: how deep in lists of lists.
    """
    if isinstance(value, (list, tuple, set, frozenset)):
        if depth >= NESTING_LIMIT:
            return []
        return [text for one in value for text in texts_in(one, with_bytes, depth + 1)]
    if isinstance(value, os.PathLike):
        value = os.fspath(value)
        with_bytes = True
    if isinstance(value, bytes) and with_bytes:
        value = os.fsdecode(value)
    if not isinstance(value, str) or not 0 < len(value) <= TEXT_LIMIT or "\0" in value:
        return []
    return [value]


def is_url(text: str) -> bool:
    """Tell whether `text` names something by scheme, and no local file."""
    return "://" in text and URL.match(text) is not None and not text.lower().startswith(("file://", "local://"))


def local_path(text: str) -> str:
    """Return the path that a text without scheme, or a file URL, stands for."""
    if text.lower().startswith(("file://", "local://")):
        return unquote(urlsplit(text).path) or text
    return os.path.expanduser(text) if text.startswith("~") else text


def files_named(path: str) -> tuple[list[str], list[str]]:
    """Return the files that are there by this path, folder or pattern, and the folders whose names decide that.

    Names that begin with a dot or an underscore are left out of a folder, as readers of data sets do.
    """
    if os.path.isfile(path):
        return [path], []
    if os.path.isdir(path):
        return folder_files(path)
    magic = MAGIC.search(path)
    if magic is None:
        return [], []
    files: list[str] = []
    folders: list[str] = []
    for found in glob.iglob(path, recursive=True):
        if os.path.isdir(found):
            if path.endswith(os.sep + "**"):
                continue
            more, inner = folder_files(found)
            files += more
            folders += inner
        else:
            files.append(found)
        if len(files) > MEMBER_LIMIT:
            break
    return files, [os.path.dirname(path[: magic.start()]) or os.curdir, *folders]


def folder_files(folder: str, hidden: bool = False) -> tuple[list[str], list[str]]:
    """Return the files under `folder`, at most a little more than `MEMBER_LIMIT`, and the folders they lie in."""
    files: list[str] = []
    folders: list[str] = []
    for here, inner, names in os.walk(folder):
        inner[:] = sorted(name for name in inner if hidden or not name.startswith((".", "_")))
        files += [os.path.join(here, name) for name in sorted(names) if hidden or not name.startswith((".", "_"))]
        folders.append(here)
        if len(files) > MEMBER_LIMIT:
            break
    return files, folders


def clean_url(url: Any) -> str:
    """Return a URL without credentials, fragment, and the values of query parameters that look secret."""
    scheme, mark, rest = str(url).partition("#")[0].partition("://")
    if not mark:
        return scheme
    address, question, query = rest.partition("?")
    host, slash, path = address.partition("/")
    fields = "&".join(clean_field(field) for field in query.split("&"))
    return scheme + mark + host.rpartition("@")[2] + slash + path + question + fields


def clean_field(field: str) -> str:
    """Return ``name=value`` of a query, without a value that looks secret."""
    name, equals, value = field.partition("=")
    if SECRET_NAMES.search(unquote(name)) or SECRET_SHAPE.fullmatch(value):
        return name + equals + (HIDDEN if value else "")
    if not equals and SECRET_SHAPE.fullmatch(name):
        return HIDDEN
    return field


def query_files(query: str) -> tuple[list[tuple[str, str]], bool]:
    """Return what a query in the manner of DuckDB names where a file may stand, with its use, and whether it has gaps.

    The use is ``r`` for a file that is read, ``w`` for one that is written, ``a`` for a database that is attached. A
    gap is a parameter where a file may stand: its value is given apart.
    """
    found: list[tuple[str, str]] = []
    gaps = False
    first = previous = word = ""
    open_calls: list[tuple[str, bool]] = []  # what stands before each bracket that is open, and whether FROM came in it
    in_from = False
    for match in SQL_TOKEN.finditer(query):
        piece = match.group()
        if piece.startswith(("--", "/*")):
            continue
        upper = piece.upper()
        first = first or upper
        reads = any(SQL_READERS.fullmatch(name) for name, _ in open_calls)
        stands = reads or previous in SQL_SOURCES or (previous in (",", "(") and in_from)
        if piece == ";":
            first, in_from, open_calls = "", False, []
        elif piece in "([{":
            open_calls.append((word if piece == "(" else "", in_from))
            in_from = in_from and piece != "("
        elif piece in ")]}":
            in_from = open_calls.pop()[1] if open_calls else False
        elif sql_text(piece) is not None:
            text = sql_text(piece) or ""
            if first in ("COPY", "EXPORT") and not reads and previous in ("TO", "DATABASE"):
                found.append((text, "w"))
            elif stands:
                found.append((text, "a" if first == "ATTACH" else "r"))
        elif piece == "?" or (piece[0] in "$:" and len(piece) > 1):
            gaps = gaps or stands or (first in ("COPY", "EXPORT") and previous == "TO")
        elif upper in ("FROM", "JOIN"):
            in_from = True
        elif upper in SQL_FROM_ENDS:
            in_from = False
        word = piece if re.fullmatch(r"\w+", piece) else ""
        previous = upper
    return found, gaps


def sql_text(piece: str) -> str | None:
    """Return what a quoted piece says, None when it is none."""
    if len(piece) < 2:
        return None
    if piece[0] in "eE" and piece[1] == "'":
        piece = piece[1:]
    if piece[0] in "'\"" and piece[-1] == piece[0]:
        return piece[1:-1].replace(piece[0] * 2, piece[0])
    if piece[0] == "$" and piece[-1] == "$":
        return piece[piece.index("$", 1) + 1 : piece.rindex("$", 0, -1)]
    return None
