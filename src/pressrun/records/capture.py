"""What a notebook was when it ran: inputs, environment, code, randomness, and what could not be seen."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.digest import Digest


class UnseenInput(msgspec.Struct, frozen=True, kw_only=True):
    """A file that one source saw being read and another, which should have, did not: possibly an unseen input.

    Attributes:
        path: absolute path in the kernel's file system.
        told_by: names of the sources that saw it; `missed_by` of those that did not.
        cells: cells during which it was read, as far as a source can tell.
    """

    path: str
    told_by: tuple[str, ...]
    missed_by: tuple[str, ...]
    cells: tuple[int, ...] = ()


class Coverage(msgspec.Struct, frozen=True, kw_only=True):
    """Which reads the capture could see.

    Attributes:
        level: ``python-only``: opens made by Python code; ``complete``: every open of the process tree was recorded
            from outside; ``partial``: recording stopped before the run ended; ``none``: nothing was observed.
        sources: the recorders that were at work, by name.
        blind_spots: sentences for the reader: what could have been read unseen.
        unseen: what two sources disagree on.
    """

    level: Literal["none", "partial", "python-only", "complete"]
    sources: tuple[str, ...] = ()
    blind_spots: tuple[str, ...] = ()
    unseen: tuple[UnseenInput, ...] = ()


class FileAccess(msgspec.Struct, frozen=True, kw_only=True):
    """One file that was opened.

    Attributes:
        path: absolute path in the kernel's file system, symbolic links not resolved.
        mode: how it was used over the whole run.
        cells: indices of the notebook cells that opened it (all cells counted, from 0); -1 stands for outside any cell.
        event: name of the audit event or recorder that told. With ``os.listdir``, ``os.scandir`` and ``readdir`` the
            path is a directory whose names were read, not its files; with ``os.rename`` it is the name that a file got;
            with ``execve`` a program that was run.
        first: how it was used first: a file that the notebook wrote before it read it is a product, not an input;
            empty when the recorder cannot tell the order.
    """

    path: str
    mode: Literal["read", "write", "read-write"]
    cells: tuple[int, ...]
    event: str = "open"
    first: Literal["read", "write", ""] = ""


class ProcessStart(msgspec.Struct, frozen=True, kw_only=True):
    """A child process or connection.

    Attributes:
        what: the audit event: ``subprocess.Popen``, ``os.system``, ``os.exec``, ``os.posix_spawn`` or
            ``socket.connect``; ``execve`` where a recorder from outside saw a program start; ``multiprocessing`` for a
            worker process that was not forked from the kernel.
        target: the program's name without arguments (those may hold secrets), ``host:port``, or how the worker was
            started (``spawn``, ``forkserver``, ``loky``).
    """

    what: str
    target: str
    cell: int


class ExternalRead(msgspec.Struct, frozen=True, kw_only=True):
    """Something read that is no local file: an object in a store, a page, the result of a query.

    Attributes:
        kind: ``http``, ``object-store`` or ``query``.
        target: URL without credentials and without the values of query parameters that look secret; for a query the
            database's URL without credentials.
        event: the adapter that told, for example ``fsspec`` or ``sqlalchemy``.
        version: what the store gives to tell versions apart: version id, etag, snapshot number; empty when nothing.
        digest: sha256 of the query's text, or of what was received where the adapter saw all of it; empty otherwise.
        rows: rows that were fetched of the query's result, None when not counted.
        result_digest: of the rows, only where the user asked for it.
        status: of the server's answer over HTTP, 0 where there is none.
    """

    kind: Literal["http", "object-store", "query"]
    target: str
    cells: tuple[int, ...]
    event: str = ""
    version: str = ""
    digest: str = ""
    rows: int | None = None
    result_digest: str = ""
    status: int = 0


class FailedLookup(msgspec.Struct, frozen=True, kw_only=True):
    """A path that was looked for and not there, or not allowed; a file that appears there later changes the result."""

    path: str
    cells: tuple[int, ...] = ()
    reason: Literal["absent", "denied"] = "absent"


class ImportedModule(msgspec.Struct, frozen=True, kw_only=True):
    """A top-level or sub-module present at the end of the run, with the file it came from.

    Attributes:
        preloaded: the kernel itself had loaded it before the first cell; the notebook may use it nevertheless.
    """

    name: str
    file: str
    preloaded: bool = False


class Observation(msgspec.Struct, frozen=True, kw_only=True):
    """What the observer inside the kernel saw, before anything was digested."""

    coverage: Coverage
    files: tuple[FileAccess, ...] = ()
    starts: tuple[ProcessStart, ...] = ()
    modules: tuple[ImportedModule, ...] = ()
    executable: str = ""
    working_directory: str = ""
    seeds: tuple[str, ...] = ()
    thread_settings: dict[str, str] = {}
    external: tuple[ExternalRead, ...] = ()
    lookups: tuple[FailedLookup, ...] = ()


InputRole = Literal["project", "outside", "package-data"]


class Input(msgspec.Struct, frozen=True, kw_only=True):
    """A file, or a directory as a manifest of files, that the notebook read or wrote.

    Attributes:
        path: posix path relative to the project for role ``project``; absolute for ``outside``;
            ``<distribution>==<version>/<file>`` for ``package-data``.
        size: bytes; the sum for a directory.
        digest: of the whole content; for a directory, of its canonical manifest. For a written file: after the run.
        mode: read, written, or both. Only what was read first is an input; what the notebook wrote itself is a product.
        cells: indices of the cells that used it.
        members: path relative to the directory -> digest, for directories only.
        note: what the reader must know, for example that the digest was taken after the notebook wrote to the file.
    """

    path: str
    role: InputRole
    size: int
    digest: Digest
    mode: Literal["read", "write", "read-write"]
    cells: tuple[int, ...] = ()
    members: dict[str, Digest] = {}
    note: str = ""


class Distribution(msgspec.Struct, frozen=True, kw_only=True):
    """One installed distribution, as the kernel's environment has it.

    Attributes:
        name: canonical name (PEP 503).
        origin: where it came from.
        url: index URL without credentials, VCS URL, or path; empty when unknown.
        revision: VCS commit for origin ``vcs``.
        edited_files: files whose content is not what RECORD says, relative to site-packages; looked for in the lean
            part of the environment only.
        metadata_path: absolute path of the ``.dist-info`` or ``.egg-info`` in the kernel's environment; empty when
            there is none.
        tags: wheel tags it was installed with (``py3-none-any``).
        archive_digest: digest of the archive for origin ``wheel``, when known.
        installer: what installed it (``pip``, ``uv``, ``conda``), when it says so.
        built_here: whether it is known to have been built from source when it was installed.
    """

    name: str
    version: str
    origin: Literal["index", "vcs", "wheel", "directory", "editable", "unknown"]
    url: str = ""
    revision: str = ""
    requires: tuple[str, ...] = ()
    edited_files: tuple[str, ...] = ()
    metadata_path: str = ""
    tags: tuple[str, ...] = ()
    archive_digest: str = ""
    installer: str = ""
    built_here: bool = False


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """The kernel's environment, not the tool's.

    Attributes:
        python: full version, for example ``3.11.7``.
        implementation: ``cpython`` and so on.
        platform: ``platform.platform()`` of the kernel.
        machine: ``x86_64`` and so on.
        markers: PEP 508 environment markers, so that requirements can be evaluated elsewhere.
        distributions: every installed distribution, sorted by name.
        imported: canonical names of those the notebook really imported.
        lean: canonical names that go into the bundle's lock: imported ones, the kernel, and what they depend on.
        base_prefix: folder of the interpreter that a virtual environment was made from.
        site_paths: folders the interpreter imports installed packages from.
        notes: sentences for the reader: what could not be read or is unusual about this environment.
    """

    python: str
    implementation: str
    platform: str
    machine: str
    executable: str
    prefix: str
    cpu_features: tuple[str, ...] = ()
    cpu_count: int = 0
    thread_settings: dict[str, str] = {}
    markers: dict[str, str] = {}
    distributions: tuple[Distribution, ...] = ()
    imported: tuple[str, ...] = ()
    lean: tuple[str, ...] = ()
    base_prefix: str = ""
    site_paths: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class CodeState(msgspec.Struct, frozen=True, kw_only=True):
    """Where the code came from.

    Attributes:
        committer: e-mail of who last committed the notebook or a module of its project; that person's approval would
            be one of their own work.
        remote: URL without credentials.
        patch: ``git diff HEAD`` of a dirty tree as text; empty when clean, no repository, or over the size limit.
        local_modules: posix path relative to the project -> digest of every local module that was imported.
        outside_modules: absolute path -> digest of imported modules that belong neither to the project nor to an
            installed distribution; they do not travel in a bundle.
    """

    notebook: Digest
    commit: str = ""
    branch: str = ""
    remote: str = ""
    dirty: bool = False
    patch: str = ""
    committer: str = ""
    local_modules: dict[str, Digest] = {}
    outside_modules: dict[str, Digest] = {}


class Randomness(msgspec.Struct, frozen=True, kw_only=True):
    """Seeds set and settings that decide the last digits.

    Attributes:
        seeds: calls that set a seed, as seen or as written (``numpy.random.seed(0)``).
        hash_seed: PYTHONHASHSEED of the kernel; empty means random.
        threads: environment variables and library settings for thread counts.
    """

    seeds: tuple[str, ...] = ()
    hash_seed: str = ""
    threads: dict[str, str] = {}


class Capture(msgspec.Struct, frozen=True, kw_only=True):
    """What a notebook was when it ran."""

    format: int = 1
    environment: Environment
    inputs: tuple[Input, ...]
    products: tuple[Input, ...]
    code: CodeState
    randomness: Randomness
    coverage: Coverage
    starts: tuple[ProcessStart, ...] = ()
    external: tuple[ExternalRead, ...] = ()
    lookups: tuple[FailedLookup, ...] = ()
