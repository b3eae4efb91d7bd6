"""The live channel: tells every panel that is connected what this kernel's session captures, and answers questions.

A front end opens a comm ``pressrun`` and is sent a snapshot, then each change with the next number. It asks on a comm
of its own, ``pressrun.ask``, so that the answer can come from a subshell while a cell runs. As long as nobody is
connected nothing is built or sent. Everything runs inside the session's guard with a count of faults of its own: a
channel that fails is closed, and captures and cells go on. Handlers may be called in any thread; none of them touches
the user's names.

Messages reach the handlers past IPython's ``pre_execute`` and ``post_execute``, which other comms trigger: what hangs
on those, matplotlib's figures for one, belongs to the cell that runs meanwhile.
"""

from __future__ import annotations

import contextlib
import sys
from collections import deque
from collections.abc import Iterator
from functools import partial
from importlib import metadata
from threading import RLock
from typing import TYPE_CHECKING, Any, Final

from pressrun.records.panel import PROTOCOL

if TYPE_CHECKING:
    from pressrun.interfaces.magics.earlier import Earlier
    from pressrun.interfaces.magics.session import Session
    from pressrun.records.panel.kernel import KernelQuestion, KernelSnapshot

EVENTS: Final = "pressrun"
QUESTIONS: Final = "pressrun.ask"
HELLO: Final = "pressrun.hello"
LOCK_S: Final = 1.0
MOST_COMMS: Final = 16  # pages that were reloaded leave theirs open; the oldest are closed
STOPPED: Final = "pressrun's live channel has stopped in this kernel after several faults of its own."
FAULT: Final = "pressrun had a fault of its own and could not answer."


class Channel:
    """The channel of one session.

    Args:
        session: whose captures are told.
        kernel: of the session's shell; its comm manager is used.
    """

    def __init__(self, session: Session, kernel: Any) -> None:
        self._session = session
        self._guard = session.guard
        self._kernel = kernel
        self._lock = RLock()
        self._comms: dict[str, Any] = {}  # by client where it names itself, else by the comm's own id; oldest first
        self._news: deque[tuple[str, Any]] = deque()
        self._seq = 0
        self._started: set[int] = set()  # numbers of runs that were told as begun
        self._over: Any = None  # what IPython said of the cell that ended last
        self._told_stop = False
        self._hello: Any = None
        self._earlier: Earlier | None = None
        self._guard.work.update(
            announce=self._announce,
            connect=session.unheard(self._connect),
            disconnect=self._disconnect,
            question=session.unheard(self._answer),
            started=self._tell,
            tell=self._tell,
        )

    @property
    def is_open(self) -> bool:
        """Whether anybody listens."""
        return bool(self._comms)

    def open(self) -> None:
        """Make the targets known, and say so to a panel that is already there."""
        if self._session.is_ours():
            self._guard.run("announce")

    def close(self) -> None:
        """Take the targets away and close every comm."""
        targets = self._kernel.comm_manager.targets
        for name in (EVENTS, QUESTIONS):
            if targets.get(name) == self._opened:
                del targets[name]
        self._drop_all()
        _close(self._hello)

    def note(self, what: str, about: Any = None) -> None:
        """Remember what is to be told next, where anybody listens.

        Args:
            what: ``started``, ``captured``, ``again`` or ``stopped``.
            about: the run, or the receipt.
        """
        if self._comms:
            self._news.append((what, about))

    def flush(self, work: str = "tell") -> None:
        """Tell what is new.

        Args:
            work: what the guard calls it: ``started`` before a cell, else ``tell``.
        """
        if self._news:
            self._guard.run(work)
        if "channel" in self._guard.stopped:
            self._drop_all({"error": STOPPED})

    def cell_ended(self, info: Any) -> None:
        """Hear that a cell has run; tell what came of it.

        Args:
            info: what IPython says of the cell.
        """
        self._over = info
        if "capture" in self._guard.stopped and not self._told_stop:
            self._told_stop = True
            self.note("stopped")
        lost = self._started - {run.number for run in self._session.running(self._over)}
        self._started -= lost
        if len(lost) > sum(what == "captured" for what, _ in self._news):
            self.note("again")
        self.flush()

    def _announce(self) -> None:
        for name in (EVENTS, QUESTIONS):
            self._kernel.comm_manager.register_target(name, self._opened)
        if self._kernel.get_parent().get("header"):  # else the kernel starts, and nobody can be listening yet
            said = {"protocol": PROTOCOL, "extension": extension_version()}
            self._hello = sys.modules["comm"].create_comm(target_name=HELLO, data=said)

    def _opened(self, comm: Any, message: Any) -> None:
        if not self._guard.run("connect", comm, message, default=False):
            _close(comm)

    def _connect(self, comm: Any, message: Any) -> bool:
        """Take a comm that a front end opened; False when nothing can be told here at all."""
        from pressrun.interfaces.magics import messages  # noqa: PLC0415  only when somebody connects
        from pressrun.interfaces.magics.earlier import Earlier  # noqa: PLC0415

        if not self._session.is_ours():
            return False
        content = message["content"]
        refusal = messages.refusal_of(content.get("data"))
        if refusal is not None:
            comm.close(data=refusal)
            return True
        comm.handle_msg = partial(self._heard, comm)
        if content["target_name"] == QUESTIONS:
            comm.send(data=messages.ready())  # ipykernel grumbles about what is sent on a comm that it is still opening
            return True
        comm.on_close(lambda message: self._guard.run("disconnect", comm))
        with self._locked():
            self._earlier = self._earlier or Earlier(self._session)
        self._earlier.wait()
        self._take(comm, messages.client_of(content["data"]) or comm.comm_id)
        return True

    def _take(self, comm: Any, key: str) -> None:
        """Send the snapshot, and from now on every change."""
        from pressrun.interfaces.magics.sendable import data_of  # noqa: PLC0415

        with self._locked():
            old = [self._comms.pop(key, None)]
            self._comms[key] = comm
            try:
                comm.send(data=data_of(self._snapshot()))
            except BaseException:
                del self._comms[key]
                raise
            while len(self._comms) > MOST_COMMS:
                old.append(self._comms.pop(next(iter(self._comms))))
        for one in old:
            _close(one)

    def _disconnect(self, comm: Any) -> None:
        with self._locked():
            self._comms = {key: other for key, other in self._comms.items() if other is not comm}

    def _heard(self, comm: Any, message: Any) -> None:
        """Hear what a front end says; whatever it is, it gets an answer."""
        data = message.get("content", {}).get("data")
        if not self._guard.run("question", comm, data, default=False):
            from pressrun.interfaces.magics import messages  # noqa: PLC0415

            error = STOPPED if "channel" in self._guard.stopped else FAULT
            with contextlib.suppress(Exception):  # no more can be done
                comm.send(data=messages.error_answer(data, error))

    def _answer(self, comm: Any, data: Any) -> bool:
        from pressrun.interfaces.magics import messages  # noqa: PLC0415

        try:
            question = messages.question_of(data, comm.target_name)
        except messages.MessageError as error:
            comm.send(data=messages.error_answer(data, str(error)))
        else:
            comm.send(data=self._answered(question))
        return True

    def _answered(self, question: KernelQuestion) -> dict[str, Any]:
        from pressrun.interfaces.magics import messages  # noqa: PLC0415
        from pressrun.interfaces.magics.answers import undo_cell  # noqa: PLC0415

        if question.ask == "snapshot":
            if self._earlier is not None:
                self._earlier.wait()
            with self._locked():
                return messages.answer(question, snapshot=self._snapshot())
        if question.ask == "declare":
            self._session.declared = question.declared
            return messages.answer(question, f"{len(question.declared)} cells are declared in the notebook.")
        told = undo_cell(self._session, question.cell_id)
        self.flush()
        return messages.answer(question, told)

    def _snapshot(self) -> KernelSnapshot:
        """Return all that the session knows; called with the lock held."""
        from pressrun.interfaces.magics import messages  # noqa: PLC0415

        known = self._earlier.capture() if self._earlier is not None else None
        return messages.snapshot_of(self._session, self._seq, known, self._over)

    def _tell(self) -> None:
        with self._locked():
            while self._news:
                what, about = self._news.popleft()
                self._seq += 1  # a message that fails leaves a gap, and who sees that asks for a snapshot
                data = self._message(what, about)
                for comm in tuple(self._comms.values()):
                    comm.send(data=data)

    def _message(self, what: str, about: Any) -> dict[str, Any]:
        from pressrun.interfaces.magics import messages  # noqa: PLC0415

        if what == "started":
            self._started.add(about.number)
            return messages.started(self._seq, about.cell_id, about.since)
        if what == "captured":
            capturing = self._session.capturing
            return messages.captured(self._seq, about, capturing.partial() if capturing is not None else ())
        return messages.stopped(self._seq, self._session.stop_told() if what == "stopped" else "")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock; a thread that keeps it is a fault, not a wait for ever."""
        if not self._lock.acquire(timeout=LOCK_S):
            raise TimeoutError("the channel's lock is kept by another thread")
        try:
            yield
        finally:
            self._lock.release()

    def _drop_all(self, data: dict[str, Any] | None = None) -> None:
        comms, self._comms = self._comms, {}
        self._news.clear()
        for comm in comms.values():
            _close(comm, data)


def extension_version() -> str:
    """Return the version of pressrun in this kernel."""
    return metadata.version("pressrun")


def _close(comm: Any, data: dict[str, Any] | None = None) -> None:
    """Close a comm; one that cannot even be closed is left."""
    if comm is not None:
        with contextlib.suppress(Exception):
            comm.close(data=data)
