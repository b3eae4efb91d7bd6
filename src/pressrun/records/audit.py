"""What an audit of the journal found, and the proof that one entry stands in it."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.records.standing import Inconsistency

TREE = "the tree"
"""Where a problem is that only the tree beside the entries tells."""

SignatureState = Literal["good", "bad", "unknown"]
CheckpointState = Literal[
    "agrees",  # the entries are those that it was made over
    "differs",  # they are others
    "cut-off",  # it covers entries that are not there
    "not-reached",  # the entries could not be read that far
    "unreadable",
]


class KeptCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A signed checkpoint as it was found.

    Attributes:
        where: the file, the git commit, or ``the journal``.
        outside: whether it is kept apart from the entries, so that changing them does not change it.
    """

    where: str
    note: bytes
    outside: bool = False


class SignatureFound(msgspec.Struct, frozen=True, kw_only=True):
    """A signature under a checkpoint; ``unknown`` when the key is not known here, so that nothing can be said.

    Attributes:
        key: its name; `key_id` in hex digits.
    """

    key: str
    key_id: str
    state: SignatureState


class CheckpointFound(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint, judged.

    Attributes:
        origin: the log that it names. `size`: entries that it covers.
        root: of the tree over them, base64 as in the note.
    """

    where: str
    outside: bool
    state: CheckpointState
    origin: str = ""
    size: int = 0
    root: str = ""
    signatures: tuple[SignatureFound, ...] = ()


class AuditProblem(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was written.

    Attributes:
        first: number of the first entry that can be the wrong one; `last` of the last. Both 0 when no entry is.
    """

    what: str
    where: str
    first: int = 0
    last: int = 0


class AuditReport(msgspec.Struct, frozen=True, kw_only=True):
    """What an audit found.

    Attributes:
        entries: that were read. `root`: of the tree over them, base64.
        signed_upto: entries under the newest checkpoint that agrees and bears a good signature.
        outside_upto: entries under the newest checkpoint kept outside that agrees.
        inside: checkpoints kept with the entries that agree; the others, and those outside, are in `checkpoints`.
        problems: what was changed, cut off or is missing, the surest first. None: it is all as it was written.
        inconsistencies: entries that do not fit what came before them. They were written so; nobody changed them.
        notes: what a reader should know of this audit. `limits`: what it cannot show.
    """

    entries: int
    root: str
    signed_upto: int = 0
    outside_upto: int = 0
    inside: int = 0
    checkpoints: tuple[CheckpointFound, ...] = ()
    problems: tuple[AuditProblem, ...] = ()
    inconsistencies: tuple[Inconsistency, ...] = ()
    notes: tuple[str, ...] = ()
    limits: tuple[str, ...] = ()

    @property
    def intact(self) -> bool:
        """Whether nothing was found to be changed."""
        return not self.problems

    @property
    def suspects(self) -> tuple[int, int] | None:
        """The narrowest range of entries that is known to hold a wrong one.

        The tree is asked last: nobody signed it, and who changes an entry can make it point elsewhere.
        """
        problems = [one for one in self.problems if one.first]
        ranges = [(one.first, one.last) for one in problems if one.where != TREE]
        ranges = ranges or [(one.first, one.last) for one in problems]
        return min(ranges, key=lambda found: (found[1] - found[0], found[0]), default=None)


class ConsistencyProof(msgspec.Struct, frozen=True, kw_only=True):
    """That an older checkpoint is of the beginning of the same log (RFC 9162, section 2.1.4).

    Attributes:
        size: of the older tree. `root` and `hashes`: base64.
    """

    size: int
    root: str
    hashes: tuple[str, ...]


class EntryProof(msgspec.Struct, frozen=True, kw_only=True):
    """Proof that an entry stands in the journal: with the public key it can be checked without the journal.

    Attributes:
        seq: number of the entry; its `index` in the tree is one less.
        leaf: the entry's bytes as text; they are what is hashed.
        hashes: from the leaf's neighbour up, base64 (RFC 9162, section 2.1.3).
        checkpoint: the signed note.
        keys: public keys of those who signed it, as far as known here. Do not trust a proof for the keys in it.
        consistency: with the older checkpoint that was given.
    """

    seq: int
    index: int
    leaf: str
    size: int
    root: str
    hashes: tuple[str, ...]
    checkpoint: str
    keys: tuple[str, ...] = ()
    consistency: ConsistencyProof | None = None


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported, and where to."""

    path: str
    entries: int
    checkpoints: int
    size_bytes: int


class CheckpointKept(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint that was kept outside.

    Attributes:
        place: the file, or the git reference with the commit.
        fresh: False when the same one was there already.
    """

    place: str
    origin: str
    size: int
    root: str
    note: str
    fresh: bool = True
