"""What goes over the live channel: records as plain data that can be sent, and what comes in, checked.

Loaded when the first front end connects.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from pressrun.interfaces.magics.channel import QUESTIONS, extension_version
from pressrun.interfaces.magics.sendable import data_of
from pressrun.records.live import CellReceipt, LiveCapture
from pressrun.records.panel import PROTOCOL
from pressrun.records.panel.kernel import (
    KernelAnswer,
    KernelCaptured,
    KernelQuestion,
    KernelSnapshot,
    KernelStarted,
    KernelStopped,
)

if TYPE_CHECKING:
    from pressrun.interfaces.magics.session import Session

MOST_FILES: Final = 200  # of one receipt in a message; the sidecar has all of them
LONGEST_ID: Final = 256  # characters of an id that a front end chose
LONGEST_ERROR: Final = 300  # characters
MOST_DECLARED: Final = 5000  # cells
LONGEST_DECLARED: Final = 1000  # characters of one declaration
HOW_TO_ASK: Final = (
    "Send {'id': TEXT, 'ask': 'snapshot'}, {'id': TEXT, 'ask': 'undo', 'cell_id': TEXT} or "
    "{'id': TEXT, 'ask': 'declare', 'declared': {CELL: TEXT}}."
)


class MessageError(ValueError):
    """What a front end sent is not what this channel understands."""


def started(seq: int, cell_id: str, since: str) -> dict[str, Any]:
    """Return the message that a registered cell began."""
    return data_of(KernelStarted(seq=seq, cell_id=cell_id, since=since))


def captured(seq: int, receipt: CellReceipt, partial: tuple[str, ...]) -> dict[str, Any]:
    """Return the message that a registered cell ended."""
    return data_of(KernelCaptured(seq=seq, receipt=shortened(receipt), partial=partial))


def stopped(seq: int, problem: str) -> dict[str, Any]:
    """Return the message that capturing has stopped, or, without a problem, that a new snapshot should be asked for."""
    return data_of(KernelStopped(seq=seq, problem=problem, again=not problem))


def shortened(receipt: CellReceipt) -> CellReceipt:
    """Return a receipt with at most `MOST_FILES` files, and a note where there are more."""
    more = len(receipt.files) - MOST_FILES
    if more <= 0:
        return receipt
    notes = (*receipt.notes, f"{more} more files are not shown here.")
    return msgspec.structs.replace(receipt, files=receipt.files[:MOST_FILES], notes=notes)


def snapshot_of(session: Session, seq: int, captured: LiveCapture | None, over: Any) -> KernelSnapshot:
    """Return all that a session knows.

    Args:
        session: of the kernel's shell.
        seq: number of the last message.
        captured: what is captured, None where that is not known yet.
        over: what IPython says of the cell that ended last.
    """
    running = session.running(over)
    problem = session.stop_told()
    if captured is not None:
        cells = tuple(shortened(receipt) for receipt in captured.cells)
        captured = msgspec.structs.replace(captured, cells=cells)
    return KernelSnapshot(
        seq=seq,
        extension=extension_version(),
        session=session.id,
        capture=not problem,
        problem=problem,
        notebook=captured.notebook if captured is not None else "",
        running=running[-1].cell_id if running else "",
        running_since=running[-1].since if running else "",
        captured=captured,
    )


def ready() -> dict[str, Any]:
    """Return what a front end is told before it asks; it answers nothing."""
    return data_of(KernelAnswer(id="", done="ready"))


def answer(question: KernelQuestion, told: str = "", snapshot: KernelSnapshot | None = None) -> dict[str, Any]:
    """Return the answer to a question: a snapshot, or words, which begin with ``pressrun:`` if they tell an error."""
    error = told.removeprefix("pressrun: ") if told.startswith("pressrun: ") else ""
    return data_of(KernelAnswer(id=question.id, snapshot=snapshot, done="" if error else told, error=error))


def refusal_of(data: Any) -> dict[str, Any] | None:
    """Return why a comm that was opened with `data` is closed again; None when it speaks our protocol."""
    told = data.get("protocol") if isinstance(data, dict) else None
    if type(told) is int and told == PROTOCOL:
        return None
    said = f"protocol {told}" if type(told) is int and abs(told) < 10**6 else "none that is known here"
    return {
        "error": f"This kernel's pressrun speaks protocol {PROTOCOL}; the panel speaks {said}. "
        "Install the same version of pressrun for the kernel and for the server.",
        "protocol": PROTOCOL,
        "extension": extension_version(),
    }


def client_of(data: dict[str, Any]) -> str:
    """Return what a front end calls itself, empty where it says nothing that can be used."""
    client = data.get("client")
    return client if isinstance(client, str) and len(client) <= LONGEST_ID else ""


def question_of(data: Any, target: str) -> KernelQuestion:
    """Return the question that a front end sent.

    Args:
        data: what it sent.
        target: of the comm that it came on.

    Raises:
        MessageError: it is none, or came the wrong way.
    """
    if target != QUESTIONS:
        raise MessageError(f"Questions are asked on a comm {QUESTIONS!r}; this one only tells.")
    try:
        question = msgspec.convert(data, KernelQuestion)
    except (msgspec.ValidationError, RecursionError, UnicodeError) as error:
        raise MessageError(f"This is no question: {str(error)[:LONGEST_ERROR]}. {HOW_TO_ASK}") from None
    if max(len(question.id), len(question.cell_id)) > LONGEST_ID:
        raise MessageError(f"An id is at most {LONGEST_ID} characters long. {HOW_TO_ASK}")
    long = any(len(cell) > LONGEST_ID or len(words) > LONGEST_DECLARED for cell, words in question.declared.items())
    if long or len(question.declared) > MOST_DECLARED:
        raise MessageError(f"At most {MOST_DECLARED} cells are declared, each in {LONGEST_DECLARED} characters.")
    return question


def error_answer(data: Any, error: str) -> dict[str, Any]:
    """Return the answer to something that may be anything and cannot be answered."""
    told = data.get("id") if isinstance(data, dict) else None
    asker = told if isinstance(told, str) and len(told) <= LONGEST_ID else ""
    return data_of(KernelAnswer(id=asker, error=error))
