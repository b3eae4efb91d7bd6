"""Audit the journal: verify it, export it, prove an entry, keep a checkpoint outside of it."""

from __future__ import annotations

import base64
import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import msgspec

from pressrun.errors import CannotRestoreError, HeadMovedError, UsageError
from pressrun.records.audit import (
    TREE,
    AuditReport,
    CheckpointKept,
    ConsistencyProof,
    EntryProof,
    ExportReport,
    KeptCheckpoint,
)
from pressrun.records.entries import Entry, decode_entry
from pressrun.records.standing import Standing
from pressrun.rules.audit import Auditor, Keys
from pressrun.rules.merkle import Frontier, consistency_proof, inclusion_proof, leaf_hash, tree_root
from pressrun.rules.signed_note import Checkpoint, VerifierKey, read_checkpoint, read_note, read_vkey
from pressrun.rules.standing.fold import fold
from pressrun.store.audit_file import Export, write_export
from pressrun.store.evidence import kept_checkpoints, kept_entries, kept_tree
from pressrun.store.journal.port import Journal
from pressrun.store.keys import open_journal_key, verify_ed25519
from pressrun.store.outside_checkpoints import GitCheckpoints, append_checkpoint, read_checkpoint_file

GIT = "git"
"""The place that means the project's git repository."""

_ATTEMPTS = 100
_IN_THE_JOURNAL = "the journal"
_IN_THE_EXPORT = "the export"
_AUDIT_IT = "`pressrun audit verify` says which."
_SHOW_KEY = "`pressrun audit key` shows the one that signs here."
_KEYS_IN_THE_FILE = (
    "Signatures were checked with the keys in the file itself: they show that it is in one piece, not who wrote it. "
    "Give the public key with --key."
)


def verify_journal(journal: Journal, keys: Keys, outside: Sequence[KeptCheckpoint] = ()) -> AuditReport:
    """Recompute everything from the stored bytes and say what is not as it was written.

    Args:
        journal: to be audited; others may append to it meanwhile.
        keys: to check signatures with.
        outside: checkpoints that are kept elsewhere.
    """
    # checkpoints and tree first: entries only become more, so those that are read after it are under every one
    inside = [KeptCheckpoint(where=_IN_THE_JOURNAL, note=note) for note in kept_checkpoints(journal)]
    folded = _Folded()
    tree, unread = None, ""
    try:
        tree = kept_tree(journal)
    except CannotRestoreError as error:
        unread = error.what
    auditor = Auditor([*inside, *outside], keys, verify_ed25519, tree)
    if unread:
        auditor.blame(TREE, unread)
    try:
        for batch in kept_entries(journal):
            auditor.feed(batch)
            folded.add(batch)
    except CannotRestoreError as error:
        auditor.break_off(error.what)
    else:
        _see_that_all_are_in_the_tree(journal, auditor)
    return auditor.report(folded.standing.inconsistencies)


def _see_that_all_are_in_the_tree(journal: Journal, auditor: Auditor) -> None:
    # asked again, because others may have appended since; what is not in it even now was put in by another way
    with contextlib.suppress(CannotRestoreError):  # named already
        tree = kept_tree(journal)
        if tree is not None and tree.size < auditor.size:
            what = "entries were added that are not in the tree"
            auditor.blame(TREE, what, tree.size + 1, auditor.size)


class _Folded:
    """The state that the entries give, made anew: a snapshot could have been changed as well."""

    def __init__(self) -> None:
        self.standing = Standing()

    def add(self, batch: Iterable[tuple[int, bytes]]) -> None:
        fold(self.standing, self._entries(batch))

    def _entries(self, batch: Iterable[tuple[int, bytes]]) -> Iterator[Entry]:
        for _, leaf in batch:
            try:
                yield decode_entry(leaf)
            except msgspec.MsgspecError:
                continue  # the audit names it


def verify_export(path: Path, keys: Keys, outside: Sequence[KeptCheckpoint] = ()) -> AuditReport:
    """Audit an export, with nothing but the file.

    Args:
        path: of the file.
        keys: to check signatures with; where the reader gave none, those that stand in the file itself.
        outside: checkpoints that are kept elsewhere.

    Raises:
        UsageError: there is no such file, or it is no export.
        CannotRestoreError: a newer pressrun wrote it, or the disk failed.
    """
    folded = _Folded()
    with Export(path) as export:
        if not keys.given:
            keys = _keys_of(export)
        inside = [KeptCheckpoint(where=_IN_THE_EXPORT, note=note) for note in export.checkpoints()]
        auditor = Auditor([*inside, *outside], keys, verify_ed25519)
        for batch in export.batches():
            auditor.feed(batch)
            folded.add(batch)
        if export.tree is None:
            auditor.break_off("the last line, with the tree, is missing or damaged")
        else:
            auditor.end(export.tree)
    return auditor.report(folded.standing.inconsistencies)


def _keys_of(export: Export) -> Keys:
    known = []
    for text in export.header.keys:
        try:
            known.append(read_vkey(text))
        except ValueError:
            continue
    return Keys(tuple(known), origin=_KEYS_IN_THE_FILE) if known else Keys()


def given_keys(texts: Sequence[str]) -> Keys:
    """Return the keys that a reader named, each as text or as a file that holds it; for none, no keys at all.

    Raises:
        UsageError: one of them is no public key.
    """
    return Keys(tuple(_given_key(text) for text in texts), given=bool(texts))


def _given_key(text: str) -> VerifierKey:
    if not os.path.isfile(text):  # noqa: PTH113 - unlike `Path.is_file` it takes any text, also a very long one
        try:
            return read_vkey(text)
        except ValueError as error:
            raise UsageError(f"this is no public key: {error}", where=text[:200], remedy=_SHOW_KEY) from error
    try:
        return read_vkey(Path(text).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"there is no public key in it: {error}", where=text, remedy=_SHOW_KEY) from error


def own_keys(path: Path) -> Keys:
    """Return this machine's key, when it has one; none is made.

    Args:
        path: of the key's file.
    """
    if not path.exists():
        return Keys()
    key = open_journal_key(path)
    return Keys((VerifierKey(key.name, key.public),))


def outside_checkpoints(project: Path | None, files: Sequence[Path] = ()) -> list[KeptCheckpoint]:
    """Return the checkpoints in the project's git repository and in files.

    Args:
        project: the project's folder; None for the files alone.
        files: with one or more notes each.

    Raises:
        UsageError: a file cannot be read or is empty.
        CannotRestoreError: git cannot read its repository.
    """
    found = [] if project is None else GitCheckpoints(project).read()
    for path in files:
        found += read_checkpoint_file(path)
    return found


def export_journal(journal: Journal, target: Path, keys: Sequence[str] = ()) -> ExportReport:
    """Write everything that an audit needs to one file, as it is stored: an export of a changed journal shows that.

    Args:
        journal: to be exported; what is appended meanwhile is left out.
        target: the file to make.
        keys: public keys of the signers, for the reader's convenience.

    Raises:
        UsageError: there is something at `target` already.
        CannotRestoreError: the journal cannot be read, or the file not be written.
    """
    notes = kept_checkpoints(journal)
    tree = kept_tree(journal)
    if tree is None:
        tree = Frontier().extend([leaf_hash(leaf) for _, leaf in journal.read()])
    size = write_export(target, keys, notes, _entries(journal, tree.size), tree)
    return ExportReport(path=str(target), entries=tree.size, checkpoints=len(notes), size_bytes=size)


def prove_entry(
    journal: Journal, seq: int, keys: Sequence[VerifierKey] = (), since: KeptCheckpoint | None = None
) -> EntryProof:
    """Return the proof that an entry stands in the journal, under its newest checkpoint.

    Where none covers the entry, one is made; the journal has to be open with a signer for that.

    Args:
        journal: with the entry.
        seq: number of the entry.
        keys: public keys of those who sign; the ones that signed the checkpoint are named in the proof.
        since: an older checkpoint, to prove that the log only grew since.

    Raises:
        UsageError: there is no such entry, or `since` is no checkpoint.
        CannotRestoreError: the entries do not fit the checkpoint.
    """
    head = journal.head()
    if not 1 <= seq <= head:
        raise UsageError(f"there is no entry {seq}", remedy=f"The last one is {head}." if head else "There is none.")
    raw, checkpoint = _covering(journal, seq)
    proven = b""
    hashes: list[bytes] = []  # without the leaves, which may be many times as much
    for number, leaf in _entries(journal, checkpoint.size):
        hashes.append(leaf_hash(leaf))
        if number == seq:
            proven = leaf
    if len(hashes) != checkpoint.size or tree_root(hashes) != checkpoint.root:
        raise CannotRestoreError("the entries are not those that the checkpoint was made over", remedy=_AUDIT_IT)
    note = read_note(raw)
    signed_by = [key for key in keys if any(verify_ed25519(key.public, note.text, one) for one in note.by(key))]
    return EntryProof(
        seq=seq,
        index=seq - 1,
        leaf=proven.decode(),
        size=checkpoint.size,
        root=_base64(checkpoint.root),
        hashes=tuple(map(_base64, inclusion_proof(hashes, seq - 1))),
        checkpoint=raw.decode(),
        keys=tuple(map(str, signed_by)),
        consistency=_consistency(hashes, since) if since is not None else None,
    )


def _entries(journal: Journal, upto: int) -> Iterator[tuple[int, bytes]]:
    for batch in kept_entries(journal):
        for entry in batch:
            if entry[0] > upto:
                return
            yield entry


def _consistency(hashes: Sequence[bytes], since: KeptCheckpoint) -> ConsistencyProof:
    try:
        older = read_checkpoint(read_note(since.note).text)
    except ValueError as error:
        raise UsageError(f"this is no signed checkpoint: {error}", where=since.where) from error
    if older.size > len(hashes):
        raise UsageError(
            f"this checkpoint covers {older.size} entries, the one of the proof only {len(hashes)}", where=since.where
        )
    if tree_root(hashes[: older.size]) != older.root:
        raise CannotRestoreError(
            "the entries are not those that this checkpoint was made over", where=since.where, remedy=_AUDIT_IT
        )
    proof = consistency_proof(hashes, older.size)
    return ConsistencyProof(size=older.size, root=_base64(older.root), hashes=tuple(map(_base64, proof)))


def _covering(journal: Journal, seq: int) -> tuple[bytes, Checkpoint]:
    # the newest checkpoint, if it covers the entry, else a new one
    newest = _newest(journal)
    if newest is not None and newest[1].size >= seq:
        return newest
    return _checkpoint_now(journal)


def _newest(journal: Journal) -> tuple[bytes, Checkpoint] | None:
    for raw in kept_checkpoints(journal)[-1:]:
        try:
            return raw, read_checkpoint(read_note(raw).text)
        except ValueError as error:
            raise CannotRestoreError(
                f"the newest checkpoint cannot be read: {error}", where=_IN_THE_JOURNAL, remedy=_AUDIT_IT
            ) from error
    return None


def _checkpoint_now(journal: Journal) -> tuple[bytes, Checkpoint]:
    for _ in range(_ATTEMPTS):
        head = journal.head()
        try:
            journal.append([], after=head, checkpoint=True)
        except HeadMovedError:
            continue
        newest = _newest(journal)
        if newest is not None and newest[1].size >= head:
            return newest
    raise CannotRestoreError("the journal was too busy to make a checkpoint", remedy="Try again.")


def keep_checkpoint(journal: Journal, keys: Keys, to: str, project: Path) -> CheckpointKept:
    """Make a checkpoint of all entries, and keep it outside of the journal, too, once the audit finds nothing wrong.

    Args:
        journal: open with a signer.
        keys: to check the signatures that are there.
        to: ``git`` for the project's repository, else the path of a file; the checkpoint is added to its end.
        project: the project's folder.

    Raises:
        UsageError: there is no entry, no git repository, or the file cannot be written.
        CannotRestoreError: the entries are not as they were written; no checkpoint of them is kept.
    """
    if not journal.head():
        raise UsageError("the journal is empty: there is nothing to make a checkpoint of")
    place = Path(to)
    files = [place] if to != GIT and place.exists() else []
    outside = outside_checkpoints(project, files)
    raw, checkpoint = _checkpoint_now(journal)
    report = verify_journal(journal, keys, outside)
    if not report.intact:
        raise CannotRestoreError(
            f"no checkpoint was kept: {report.problems[0].what}", where=report.problems[0].where, remedy=_AUDIT_IT
        )
    if to == GIT:
        kept = GitCheckpoints(project).keep(raw, f"{checkpoint.size} entries of {checkpoint.origin}")
    else:
        kept = append_checkpoint(place, raw)
    return CheckpointKept(
        place=kept.place,
        origin=checkpoint.origin,
        size=checkpoint.size,
        root=_base64(checkpoint.root),
        note=raw.decode(),
        fresh=kept.fresh,
    )


def _base64(raw: bytes) -> str:
    return base64.b64encode(raw).decode()
