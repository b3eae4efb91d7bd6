"""The files a notebook read and wrote, as records with digests; and whether they still are what a record says.

What was opened comes from the observer, what counts is decided by `pressrun.notebook.input_rules`. A file is an input
when the notebook read it before it wrote to it, else a product. Digests are taken after the run, so that an input that
the notebook changed has the digest it was left with, and says so in its note.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path, PurePosixPath

import msgspec

from pressrun.errors import InputChangedError
from pressrun.notebook.input_rules import LISTINGS, SKIPPED_PARTS, InputRules, Place
from pressrun.notebook.statcache import FileDigest, StatCache
from pressrun.records.bundle import InputReference
from pressrun.records.capture import Coverage, Environment, FailedLookup, FileAccess, Input, Observation
from pressrun.records.digest import Digest, canonical_json, digest_bytes

MEMBER_LIMIT = 100_000  # files; a folder with more is no data set that anybody listed on purpose
CHANGED_NOTE = "The notebook wrote to this file; the digest is of the file as it left it."
UNSTABLE_NOTE = "The file changed while it was digested."
LEFT_NOTE = "A write-ahead log lies beside this database and is not part of its digest."

OnDigested = Callable[[str, int, int], None]
"""Called with (path, bytes of this file read so far, its size)."""


class _Seen(msgspec.Struct):
    """One place and how it was used, over all accesses to it."""

    place: Place
    access: FileAccess


def digest_files(
    observation: Observation,
    project: Path,
    environment: Environment,
    *,
    cache: StatCache,
    on_progress: OnDigested | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[tuple[Input, ...], tuple[Input, ...]]:
    """Return what the notebook read, and what it wrote itself; each sorted by path.

    Files that are gone by now are left out; `vanished_inputs` names those that were read. An interrupt passes through;
    what was digested until then stays in the cache.

    Args:
        observation: what the observer saw.
        project: the folder that project paths are relative to.
        environment: the kernel's, to tell package data.
        cache: digests known from before.
        on_progress: told how many bytes of which file were read.
        environ: environment variables that name folders of tools; the process's own by default.

    Raises:
        InputChangedError: a file is there and cannot be read.
    """
    rules = InputRules(project, environment, observation, environ)
    seen = [one for one in _seen(observation, rules) if one.place.path.is_file()]
    written = [one.place.path for one in seen if one.access.mode != "read"]
    folders = _folders(observation, rules, written)
    reader = _Reader(cache, on_progress)
    inputs = [reader.folder(one) for one in folders]
    tops = [one.place.path for one in folders]
    products = []
    for one in seen:
        if _is_product(one.access):
            products.append(reader.file(one))
        elif one.access.mode != "read" or not any(top in one.place.path.parents for top in tops):
            inputs.append(reader.file(one))
    return _sorted(inputs), _sorted(products)


def vanished_inputs(observation: Observation, project: Path, environment: Environment) -> tuple[str, ...]:
    """Return the names of files that the notebook read first and that are no longer there."""
    rules = InputRules(project, environment, observation)
    gone = [one for one in _seen(observation, rules) if not _is_product(one.access) and not one.place.path.exists()]
    return tuple(sorted(one.place.name for one in gone))


def data_lookups(observation: Observation, project: Path, environment: Environment) -> tuple[FailedLookup, ...]:
    """Return the failed look-ups of what would have been the notebook's data; package data is pinned by the lock."""
    rules = InputRules(project, environment, observation)
    return tuple(one for one in observation.lookups if _is_data(rules, one.path))


def data_coverage(observation: Observation, project: Path, environment: Environment) -> Coverage:
    """Return the coverage with those of its possibly unseen inputs that would be the notebook's data."""
    rules = InputRules(project, environment, observation)
    unseen = tuple(one for one in observation.coverage.unseen if _is_data(rules, one.path))
    return msgspec.structs.replace(observation.coverage, unseen=unseen)


def _is_data(rules: InputRules, path: str) -> bool:
    place = rules.place(FileAccess(path=path, mode="read", cells=()))
    return place is not None and place.role != "package-data"


def _seen(observation: Observation, rules: InputRules) -> list[_Seen]:
    found: dict[str, _Seen] = {}
    for access in observation.files:
        if access.event in LISTINGS:
            continue
        path = _absolute(access.path, observation)
        whole = access if path == access.path else msgspec.structs.replace(access, path=path)
        place = rules.place(whole)
        if place is None or (access.event == "execve" and place.role != "project"):
            continue  # programs are what a system has; one that lies in the project is part of it
        known = found.get(place.name)
        found[place.name] = _Seen(place, _united(known.access, whole) if known else whole)
    databases = {os.fspath(one.place.path) for one in found.values() if one.access.event == "sqlite3.connect"}
    beside = {base + end for base in databases for end in ("-wal", "-shm", "-journal")}
    return [one for one in found.values() if not beside or os.fspath(one.place.path) not in beside]


def _absolute(path: str, observation: Observation) -> str:
    if path.startswith("file:"):
        path = path.removeprefix("file:").partition("?")[0]
    return os.path.normpath(path if path.startswith("/") else Path(observation.working_directory or os.sep) / path)


def _united(first: FileAccess, second: FileAccess) -> FileAccess:
    cells = tuple(sorted({*first.cells, *second.cells}))
    mode = first.mode if first.mode == second.mode else "read-write"
    return msgspec.structs.replace(first, mode=mode, cells=cells, first=first.first or second.first)


def _is_product(access: FileAccess) -> bool:
    return access.mode == "write" or access.first == "write"


def _folders(observation: Observation, rules: InputRules, written: Sequence[Path]) -> list[_Seen]:
    """Return the listed folders that count as data sets; one the notebook wrote into does not."""
    found: dict[str, _Seen] = {}
    for access in observation.files:
        if access.event not in LISTINGS:
            continue
        path = Path(_absolute(access.path, observation))
        if not path.is_dir() or not rules.is_whole(path):
            continue
        place = rules.place(msgspec.structs.replace(access, path=str(path)))
        if place is None or place.role == "package-data" or any(path in file.parents for file in written):
            continue
        if path == Path(observation.working_directory) or path in Path(observation.working_directory).parents:
            continue
        known = found.get(place.name)
        found[place.name] = _Seen(place, _united(known.access, access) if known else access)
    tops = {one.place.path for one in found.values()}
    return [one for one in found.values() if not tops & set(one.place.path.parents)]


def data_files(folder: Path) -> dict[str, Path]:
    """Return the posix path relative to `folder` -> path of every regular file in it that can be data.

    Raises:
        InputChangedError: there are more than `MEMBER_LIMIT`.
    """
    found: dict[str, Path] = {}
    for here, subfolders, names in os.walk(folder, followlinks=True):
        subfolders[:] = [name for name in subfolders if name not in SKIPPED_PARTS]
        for name in names:
            path = Path(here) / name
            if path.is_file() and not name.endswith((".pyc", ".DS_Store")):
                found[path.relative_to(folder).as_posix()] = path
        if len(found) > MEMBER_LIMIT:
            raise InputChangedError(
                f"the folder holds more than {MEMBER_LIMIT} files", where=str(folder), remedy="List a smaller folder."
            )
    return dict(sorted(found.items()))


def manifest_digest(members: Mapping[str, Digest]) -> Digest:
    """Return the digest of a folder: of the canonical JSON of {relative path: digest of the file}."""
    return digest_bytes(canonical_json(dict(members)))


class _Reader:
    """Turns places into records, telling progress."""

    def __init__(self, cache: StatCache, on_progress: OnDigested | None) -> None:
        self._cache = cache
        self._on_progress = on_progress

    def digest(self, path: Path, name: str) -> FileDigest:
        """Return the digest of one file."""
        if self._on_progress is None:
            return self._cache.digest(path)
        tell, total, done = self._on_progress, path.stat().st_size, 0

        def on_bytes(count: int) -> None:
            nonlocal done
            done += count
            tell(name, done, total)

        return self._cache.digest(path, on_bytes)

    def file(self, one: _Seen) -> Input:
        """Return the record of one file."""
        found = self.digest(one.place.path, one.place.name)
        notes = [CHANGED_NOTE] if one.access.mode == "read-write" and not _is_product(one.access) else []
        notes += [] if found.stable else [UNSTABLE_NOTE]
        notes += [LEFT_NOTE] if one.access.event == "sqlite3.connect" and _has_log(one.place.path) else []
        return Input(
            path=one.place.name,
            role=one.place.role,
            size=found.size,
            digest=found.digest,
            mode=one.access.mode,
            cells=one.access.cells,
            note=" ".join(notes),
        )

    def folder(self, one: _Seen) -> Input:
        """Return the record of a folder: its files, and one digest over their names and digests."""
        found = {name: self.digest(path, name) for name, path in data_files(one.place.path).items()}
        members = {name: digest.digest for name, digest in found.items()}
        return Input(
            path=one.place.name,
            role=one.place.role,
            size=sum(digest.size for digest in found.values()),
            digest=manifest_digest(members),
            mode="read",
            cells=one.access.cells,
            members=members,
        )


def _has_log(database: Path) -> bool:
    log = database.with_name(database.name + "-wal")
    return log.is_file() and log.stat().st_size > 0


def _sorted(records: Iterable[Input]) -> tuple[Input, ...]:
    return tuple(sorted(records, key=lambda record: record.path))


def check_inputs(
    references: Iterable[InputReference],
    folder: Path,
    *,
    cache: StatCache | None = None,
    on_progress: OnDigested | None = None,
) -> dict[str, Path]:
    """Check that the inputs are what was captured, and return name -> where each lies now.

    Package data is not looked at: the lock pins the distribution that brings it.

    Args:
        references: the inputs of a bundle.
        folder: the project; paths of role ``project`` are relative to it.
        cache: digests known from before.
        on_progress: told how many bytes of which file were read.

    Raises:
        InputChangedError: naming every input that is absent or differs, with the digest expected and found.
    """
    reader = _Reader(cache or StatCache(), on_progress)
    problems: list[str] = []
    found: dict[str, Path] = {}
    for reference in references:
        if reference.role == "package-data":
            continue
        path = input_path(reference, folder)
        told = _difference(reference, path, reader)
        if told:
            problems.append(f"{reference.path} {told}")
        else:
            found[reference.path] = path
    if problems:
        count = f"{len(problems)} inputs are" if len(problems) > 1 else "an input is"
        raise InputChangedError(
            f"{count} not what was captured: {'; '.join(problems)}",
            where=str(folder),
            remedy="Bring the captured files back, or press the notebook again on the new ones.",
        )
    return found


def input_path(reference: InputReference, folder: Path) -> Path:
    """Return where an input lies when the project is `folder`.

    Raises:
        InputChangedError: the path leads out of the project (a crafted manifest).
    """
    if reference.role == "outside":
        return Path(reference.path)
    pure = PurePosixPath(reference.path)
    if pure.is_absolute() or ".." in pure.parts or not pure.parts or "\\" in reference.path or "\0" in reference.path:
        raise InputChangedError(
            "the path of this input leads out of the project", where=reference.path, remedy="Do not trust this bundle."
        )
    return folder.joinpath(*pure.parts)


def _difference(reference: InputReference, path: Path, reader: _Reader) -> str:
    """Return what is not as it was; empty when nothing."""
    if path.is_dir():
        members = {name: reader.digest(file, name) for name, file in data_files(path).items()}
        size = sum(member.size for member in members.values())
        digests = {name: member.digest for name, member in members.items()}
        digest = manifest_digest(digests)
        if digest == reference.digest:
            return ""
        changed = sorted(
            name
            for name in digests.keys() | reference.members.keys()
            if digests.get(name) != reference.members.get(name)
        )
        which = f", first in {changed[0]}" if reference.members and changed else ""
        return f"was {reference.digest} ({reference.size} bytes) and is {digest} ({size} bytes){which}"
    if not path.is_file():
        return f"is absent (expected {reference.digest}, {reference.size} bytes)"
    found = reader.digest(path, reference.path)
    if found.digest == reference.digest:
        return ""
    return f"was {reference.digest} ({reference.size} bytes) and is {found.digest} ({found.size} bytes)"
