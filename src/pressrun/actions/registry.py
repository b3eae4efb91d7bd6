"""The registry of a project: its journal, its objects, and where things stand, joined for the verbs that ask.

A registry is opened for one command or request and closed after it. Everything it knows is folded from the journal;
every change is offered against the state it was decided on, and decided anew when others were faster.
"""

from __future__ import annotations

import contextlib
import logging
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pressrun.actions.identity import current_actor
from pressrun.actions.settings import read_settings
from pressrun.actions.times import journal_time
from pressrun.errors import AccessDeniedError, CannotRestoreError, HeadMovedError, PressrunError, RefusedError
from pressrun.records.digest import Digest
from pressrun.records.entries import Draft, Entry, decode_entry
from pressrun.records.events import Event
from pressrun.records.people import Actor, Members
from pressrun.records.settings import RegistrySettings
from pressrun.records.standing import Standing
from pressrun.rules.access import Access, Action, Thing, may
from pressrun.rules.standing.fold import fold
from pressrun.rules.standing.legality import problem_with
from pressrun.rules.standing.snapshots import decode_snapshot, encode_snapshot
from pressrun.store.bundles import BundleStore
from pressrun.store.claims import claim_store
from pressrun.store.folders import cannot_write
from pressrun.store.fs import RealFs
from pressrun.store.garbage import confirm_objects, holding
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.port import Journal
from pressrun.store.keys import JournalKey, open_journal_key
from pressrun.store.layout import STORE_FOLDER, check_format
from pressrun.store.locks import exclusive
from pressrun.store.objects_port import Objects
from pressrun.store.open_objects import open_objects

JOURNAL_FILE = "journal.db"
SNAPSHOT_EVERY = 500
"""Entries after which the fold is kept, so that the next command need not fold them again."""
WRITER_SNAPSHOT_EVERY = 2000
"""The same for whoever goes on appending and has the fold: only others need one, before the registry is closed."""
PATIENCE_S = 60.0
"""How long an event is offered again while others are faster."""

_log = logging.getLogger(__name__)


class LateKey:
    """The key that signs checkpoints, read when it is first used: most commands never sign.

    Args:
        path: its file; made when it is absent and something has to be signed.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._key: JournalKey | None = None

    @property
    def key(self) -> JournalKey:
        """The key itself."""
        if self._key is None:
            self._key = open_journal_key(self._path)
        return self._key

    @property
    def name(self) -> str:
        """Name of the key, the log's origin."""
        return self.key.name

    @property
    def public(self) -> bytes:
        """The public key, 32 bytes."""
        return self.key.public

    def sign(self, text: bytes) -> bytes:
        """Return the signature of `text`."""
        return self.key.sign(text)


class Registry:
    """A project's registry; make one with `open_registry`.

    Args:
        project: the project's folder.
        settings: where things are kept.
        journal: the journal; closed by whoever opened it.
        objects: the objects that events refer to.
        clock: seconds since 1970.

    Attributes:
        bundles: the project's own bundles, always on this disk.
        signer: signs checkpoints.
    """

    def __init__(
        self,
        project: Path,
        settings: RegistrySettings,
        journal: Journal,
        objects: Objects,
        signer: LateKey,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.project = project
        self.settings = settings
        self.journal = journal
        self.objects = objects
        self.signer = signer
        self.bundles = BundleStore(project / STORE_FOLDER)
        self._clock = clock
        self._standing: Standing | None = None
        self._kept = 0
        self._deciding = False
        self._given_actor: Actor | None = None
        self._actor: tuple[Digest | None, Actor] | None = None
        self._members: tuple[Digest, Members] | None = None

    def now(self) -> str:
        """Return the time, UTC, ISO 8601 with microseconds."""
        return journal_time(self._clock())

    def now_s(self) -> float:
        """Return the time in seconds since 1970."""
        return self._clock()

    def standing(self) -> Standing:
        """Return where things stand after the last entry. Only read it.

        While an event is being decided it stays as it was when that began: who asks, the members and the policy are
        all those of one state.

        Raises:
            CannotRestoreError: the journal cannot be read.
        """
        if self._deciding and self._standing is not None:
            return self._standing
        return self._folded(self.journal)

    def _folded(self, journal: Journal) -> Standing:
        standing = self._standing
        if standing is None:
            kept = journal.snapshot()
            found = decode_snapshot(kept[1]) if kept is not None else None
            standing = self._standing = found if found is not None else Standing()
            self._kept = standing.head
        fold(standing, (decode_entry(stored.leaf) for stored in journal.read(standing.head)))
        return self._kept_when_due(standing)

    def keep_snapshot_when_due(self) -> None:
        """Keep the fold, where there is enough of it that nobody kept yet; for whoever closes the registry."""
        if self._standing is not None:
            self._kept_when_due(self._standing)

    def _kept_when_due(self, standing: Standing, *, writing: bool = False) -> Standing:
        if standing.head - self._kept < (WRITER_SNAPSHOT_EVERY if writing else SNAPSHOT_EVERY):
            return standing
        content = encode_snapshot(standing)
        self._kept = standing.head
        # only a cache: whoever may not write here still gets an answer
        try:
            self.journal.keep_snapshot(standing.head, content)
        except CannotRestoreError as error:
            _log.debug("the snapshot was not kept: %s", error)
        # what is read back decodes a name when it is asked for, which makes the next snapshot cheap
        self._standing = decode_snapshot(content) or standing
        return self._standing

    @property
    def members(self) -> Members | None:
        """The members as published, None when nobody published any.

        Raises:
            CannotRestoreError: the document is missing or damaged.
        """
        from pressrun.rules.members import read_members  # noqa: PLC0415 - YAML is only loaded where there are members

        published = self.standing().documents.get("members")
        if not published:
            return None
        digest = published[-1].document
        if self._members is None or self._members[0] != digest:
            text = self.objects.read(digest).decode()
            self._members = (digest, read_members(text, f"members v{published[-1].number}"))
        return self._members[1]

    @property
    def actor(self) -> Actor:
        """Who asks, as one of the members where there are any.

        Raises:
            UsageError: it cannot be told, or more than one member is meant.
        """
        if self._given_actor is not None:
            return self._given_actor
        members = self.members
        known = self._members[0] if self._members is not None and members is not None else None
        if self._actor is None or self._actor[0] != known:
            self._actor = (known, current_actor(self.project, self.settings, members))
        return self._actor[1]

    def act_as(self, actor: Actor) -> None:
        """Let `actor` be who asks; for a server that knows its callers, and for tests."""
        self._given_actor = actor

    def access(self, action: Action, thing: Thing) -> Access:
        """Return whether the actor may do something, and if not, who could."""
        return may(self.members, self.actor, action, thing)

    def require(self, action: Action, thing: Thing) -> None:
        """See that the actor may do something.

        Raises:
            AccessDeniedError: no role allows it; the remedy names who could.
        """
        access = self.access(action, thing)
        if access.allowed:
            return
        who = f"Ask {', '.join(access.who)}." if access.who else "Nobody can yet: a policy admin grants roles."
        raise AccessDeniedError(access.reason, where=f"{action} by {self.actor.id}", remedy=who)

    def offer(self, build: Callable[[Standing], Sequence[Event]], *, checkpoint: bool = False) -> list[Entry]:
        """Append what `build` makes of the present state, deciding again whenever others were faster.

        Args:
            build: returns the events for a state; called once more each time the journal has moved. What it raises is
                raised.
            checkpoint: whether the entries have to be covered by a signed checkpoint.

        Raises:
            RefusedError: an event is not legal in the state that it met.
            CannotRestoreError: the journal cannot be written, or was too busy for a minute.
        """
        deadline = time.monotonic() + PATIENCE_S
        with contextlib.ExitStack() as turns:
            journal, fresh = self.journal, self._standing is None
            while True:
                # An append tells when others have written since; so only what appends nothing needs to know before.
                standing = self._folded(journal) if fresh or self._standing is None else self._standing
                try:
                    drafts = self._decided(standing, build)
                except PressrunError:
                    if fresh:
                        raise
                    fresh = True
                    continue
                if not drafts and not fresh:
                    fresh = True
                    continue
                try:
                    entries = journal.append(drafts, after=standing.head, checkpoint=checkpoint)
                except HeadMovedError as moved:
                    self._refuse_late(deadline, moved)
                    fresh = True
                    # others were faster: from now on it is this writer's turn, and nobody slips in between
                    journal = turns.enter_context(self.journal.turn()) if journal is self.journal else journal
                    continue
                self._kept_when_due(fold(standing, entries), writing=True)
                return entries

    def _decided(self, standing: Standing, build: Callable[[Standing], Sequence[Event]]) -> list[Draft]:
        before, self._deciding = self._deciding, True
        try:
            events = build(standing)
            actor = self.actor
            for event in events:
                if problem := problem_with(standing, event, actor.id, self.now(), self.members):
                    raise RefusedError(problem, where=type(event).__name__)
            return [Draft(event=event, actor=actor.id, via=actor.via, time=self.now()) for event in events]
        finally:
            self._deciding = before

    @staticmethod
    def _refuse_late(deadline: float, moved: HeadMovedError) -> None:
        if time.monotonic() > deadline:
            raise CannotRestoreError(
                f"the journal was too busy for {PATIENCE_S:.0f} s", remedy="Nothing was changed. Try again."
            ) from moved

    def record(self, event: Event) -> Entry:
        """Append one fact, such as a run.

        Raises:
            RefusedError: it could not be read back as it is.
            CannotRestoreError: the journal cannot be written.
        """
        return self.offer(lambda _: [event])[0]

    @contextlib.contextmanager
    def moving(self, name: str, environment: str) -> Iterator[None]:
        """Keep the other processes of this machine from moving a pointer while the block does.

        Raises:
            CannotRestoreError: another one was at it for a minute, or the store cannot be written.
        """
        _prepare(self.bundles.root)
        with exclusive(self.bundles.root, f"{name}.{environment}"):
            yield

    @contextlib.contextmanager
    def holding(self) -> Iterator[None]:
        """Keep collections of garbage away while the block puts objects and appends what refers to them.

        Raises:
            CannotRestoreError: a collection did not end.
        """
        with holding(self.objects):
            yield

    def confirm(self, digests: Iterable[Digest], *, again: Callable[[Digest], bytes | Path] | None = None) -> None:
        """See, after an event was appended, that the objects it refers to are there to stay.

        Args:
            digests: the objects.
            again: gives an object's content, to put it again where a collection was faster.

        Raises:
            CannotRestoreError: objects are missing and cannot be put again.
        """
        claim_store(self.objects, self.journal)
        confirm_objects(self.objects, digests, again=again)


def _prepare(root: Path) -> None:
    try:
        BundleStore(root).objects.prepare()
    except OSError as error:
        raise cannot_write(root, error) from error


def _empty(project: Path, settings: RegistrySettings, signer: LateKey, actor: Actor | None) -> Registry:
    from pressrun.store.journal.memory import MemoryJournal  # noqa: PLC0415 - only where nothing is there yet

    objects = open_objects(settings.objects or project / STORE_FOLDER)
    registry = Registry(project, settings, MemoryJournal(), objects, signer)
    if actor is not None:
        registry.act_as(actor)
    return registry


@contextlib.contextmanager
def open_registry(
    project: Path,
    *,
    actor: Actor | None = None,
    reading: bool = False,
    environ: Mapping[str, str] | None = None,
) -> Iterator[Registry]:
    """Give the registry of a project for as long as the block runs.

    Args:
        project: the project's folder; its settings say where journal and objects are.
        actor: who asks; by default what this machine's configuration says.
        reading: nothing will be written, so where there is no registry yet none is made: it is an empty one.
        environ: environment variables that the settings are read from; by default those of this process. A process
            that acts for several people names them here.

    Raises:
        UsageError: the settings are wrong, or an extra is missing.
        CannotRestoreError: the journal or the store cannot be opened, or a newer pressrun wrote it.
        UnsafeContentError: others may write where only the owner should.
    """
    settings = read_settings(project, environ)
    root = project / STORE_FOLDER
    signer = LateKey(Path(settings.journal_key).expanduser())
    file = None if "://" in settings.journal else Path(settings.journal or root / JOURNAL_FILE)
    if reading and file is not None and not file.exists():
        yield _empty(project, settings, signer, actor)
        return
    if reading:
        check_format(root, RealFs())
    elif not settings.journal or not settings.objects:
        _prepare(root)
    journal = open_journal(settings.journal or root / JOURNAL_FILE, signer)
    try:
        registry = Registry(project, settings, journal, open_objects(settings.objects or root), signer)
        if actor is not None:
            registry.act_as(actor)
        yield registry
        registry.keep_snapshot_when_due()
    finally:
        journal.close()
