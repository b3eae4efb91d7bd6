"""Where packages come from, as the user has configured it: uv's own settings, else pip's.

uv reads its environment variables and ``uv.toml`` by itself. Many users have configured pip only, which uv ignores, so
that what pip would have found is handed to uv by environment variables (never on a command line, where other users of
the machine could read credentials). Nothing of this is ever written into a bundle.
"""

from __future__ import annotations

import configparser
import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit, urlunsplit
from urllib.request import url2pathname

import msgspec

from pressrun.notebook.environment import toml

UV_INDEX_VARIABLES = (
    "UV_CONFIG_FILE",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_NO_INDEX",
)
UV_INDEX_KEYS = frozenset({"index", "index-url", "extra-index-url", "find-links", "no-index"})
DROPPED_VARIABLES = frozenset(
    {
        "CONDA_PREFIX",
        "PYTHONHOME",
        "PYTHONPATH",
        "UV_COMPILE_BYTECODE",
        "UV_CONSTRAINT",
        "UV_EXCLUDE",
        "UV_LINK_MODE",
        "UV_OVERRIDE",
        "UV_PYTHON",
        "UV_SYSTEM_PYTHON",
        "UV_TARGET",
        "VIRTUAL_ENV",
    }
)
"""Settings of the shell that would send uv to another environment or change what it installs."""


class IndexSettings(msgspec.Struct, frozen=True):
    """What uv is told beyond its own configuration.

    Attributes:
        additions: environment variables; may hold credentials and must never be shown or stored.
        source: ``uv``, ``pip`` or ``default``, for messages.
        has_local: whether a folder on this machine serves packages.
    """

    additions: dict[str, str] = {}
    source: str = "default"
    has_local: bool = False

    def environment(self, environ: Mapping[str, str] | None = None) -> dict[str, str]:
        """Return the environment variables for a uv process."""
        chosen = {k: v for k, v in (os.environ if environ is None else environ).items() if k not in DROPPED_VARIABLES}
        chosen.setdefault("UV_SYSTEM_CERTS", "true")  # as pip does: a company's own authority counts
        return {**chosen, **self.additions, "UV_PYTHON_DOWNLOADS": "never", "UV_NO_PROGRESS": "1", "NO_COLOR": "1"}

    def without_local(self) -> IndexSettings:
        """Return these settings without folders on this machine: what another machine would see."""
        kept = {name: value for name, value in self.additions.items() if name not in {"UV_FIND_LINKS", "UV_INDEX"}}
        remote = [url for url in self.additions.get("UV_INDEX", "").split() if not _local_path(url)]
        if remote:
            kept["UV_INDEX"] = " ".join(remote)
        return IndexSettings(kept, self.source)


def strip_credentials(url: str) -> str:
    """Return `url` without user, password, query and fragment; a scp-like address is returned as it is.

    >>> strip_credentials("https://user:secret@example.org/simple?token=1#sha256=ab")
    'https://example.org/simple'
    """
    parts = urlsplit(url)
    if not parts.scheme or not parts.netloc:
        return url.partition("#")[0] if parts.scheme else url
    host = parts.netloc.rpartition("@")[2]
    user = parts.username or ""
    if parts.scheme.endswith("ssh") and user:  # the account of an ssh server names the place, it opens nothing
        host = f"{user}@{host}"
    return urlunsplit((parts.scheme, host, parts.path, "", ""))


def redact(text: str) -> str:
    """Return `text` with the credentials of every URL in it replaced by ``***``."""
    return re.sub(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s@]+@", r"\1***@", text)


def index_settings(
    project: Path | None = None, *, prefix: Path | None = None, environ: Mapping[str, str] | None = None
) -> IndexSettings:
    """Return where to find packages for a notebook of `project` whose kernel lives in `prefix`.

    Args:
        project: its ``uv.toml`` and ``pyproject.toml`` are looked at, as uv does.
        prefix: the environment whose own ``pip.conf`` counts.
        environ: environment variables; the process's own by default.
    """
    environ = os.environ if environ is None else environ
    if any(environ.get(name) for name in UV_INDEX_VARIABLES) or any(map(_has_index, _uv_files(project, environ))):
        return IndexSettings(source="uv")
    options = _pip_options(prefix, environ)
    additions: dict[str, str] = {}
    indexes = [url for url in options.get("extra-index-url", "").split() if _is_there(url)]
    links = [place for place in options.get("find-links", "").split() if _is_there(place)]
    if options.get("index-url") and _is_there(options["index-url"]):
        additions["UV_DEFAULT_INDEX"] = options["index-url"].split()[0]
    if indexes:
        additions["UV_INDEX"] = " ".join(indexes)
        additions["UV_INDEX_STRATEGY"] = environ.get("UV_INDEX_STRATEGY") or "unsafe-best-match"  # as pip does
    if links:
        additions["UV_FIND_LINKS"] = ",".join(links)
    if options.get("no-index", "").lower() in {"1", "true", "yes", "on"}:
        additions["UV_NO_INDEX"] = "1"
    if options.get("trusted-host"):
        additions["UV_INSECURE_HOST"] = options["trusted-host"]
    certificates = options.get("cert", "")
    if certificates and Path(certificates).exists() and not environ.get("SSL_CERT_FILE"):
        additions["SSL_CERT_FILE"] = certificates
    local = any(map(_local_path, [*indexes, *links, additions.get("UV_DEFAULT_INDEX", "")]))
    return IndexSettings(additions, "pip" if additions else "default", local)


def _local_path(place: str) -> str:
    """Return the path that `place` names on this machine; empty when it is a remote address."""
    parts = urlsplit(place)
    if parts.scheme == "file":
        return url2pathname(parts.path)
    return "" if "://" in place else place


def _is_there(place: str) -> bool:
    path = _local_path(place)
    return not path or Path(path).expanduser().exists()


def _uv_files(project: Path | None, environ: Mapping[str, str]) -> Iterable[tuple[Path, tuple[str, ...]]]:
    home = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    yield home / "uv" / "uv.toml", ()
    yield Path("/etc/uv/uv.toml"), ()
    for folder in [] if project is None else [project, *project.parents]:
        yield folder / "uv.toml", ()
        yield folder / "pyproject.toml", ("tool", "uv")


def _has_index(place: tuple[Path, tuple[str, ...]]) -> bool:
    path, keys = place
    if not path.is_file():
        return False
    try:
        table: dict[str, Any] = toml.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):  # uv itself will say what is wrong with it
        return False
    for key in keys:
        table = table.get(key, {})
    return bool(UV_INDEX_KEYS & {*table, *table.get("pip", {})})


def _pip_files(prefix: Path | None, environ: Mapping[str, str]) -> list[Path]:
    name = "pip.ini" if sys.platform == "win32" else "pip.conf"
    shared = [Path(p) / "pip" / name for p in environ.get("XDG_CONFIG_DIRS", "/etc/xdg").split(os.pathsep) if p]
    files = [*shared, Path("/etc") / name, Path.home() / ".pip" / name]
    if sys.platform == "darwin":
        files += [Path("/Library/Application Support/pip") / name]
        files += [Path.home() / "Library" / "Application Support" / "pip" / name]
    if sys.platform == "win32":
        files += [Path(environ.get("APPDATA", "")) / "pip" / name]
    files.append(Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config") / "pip" / name)
    if prefix is not None:
        files.append(prefix / name)
    chosen = environ.get("PIP_CONFIG_FILE", "")
    return [] if chosen == os.devnull else [*files, Path(chosen)] if chosen else files


def _pip_options(prefix: Path | None, environ: Mapping[str, str]) -> dict[str, str]:
    options: dict[str, str] = {}
    for path in _pip_files(prefix, environ):
        if not path.is_file():
            continue
        parser = configparser.RawConfigParser()
        try:
            parser.read(path, encoding="utf-8")
        except (configparser.Error, UnicodeDecodeError, OSError):  # pip itself refuses such a file
            continue
        for section in ("global", "install"):
            if parser.has_section(section):
                options.update({name.replace("_", "-"): value for name, value in parser.items(section)})
    for name, value in environ.items():
        if name.startswith("PIP_") and value:
            options[name[len("PIP_") :].lower().replace("_", "-")] = value
    return options
