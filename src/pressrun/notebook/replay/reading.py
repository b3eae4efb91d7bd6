"""What a journal tells: facts for the outcome, and the outputs of the cells."""

from __future__ import annotations

from typing import Any

import msgspec

from pressrun.notebook.replay.folder import ReplayFolder
from pressrun.notebook.replay.journal import (
    Ended,
    Finished,
    KernelGone,
    KernelNeverUp,
    KernelUp,
    Said,
    Started,
    TaskDone,
    read_journal,
)
from pressrun.notebook.replay.outcome import EXCERPT, LAST_OUTPUTS, Facts, plain_traceback
from pressrun.notebook.replay.outputs import NotebookOutputs, Output
from pressrun.records.replay import TaskResult


class Told(msgspec.Struct, kw_only=True):
    """What was read back."""

    facts: Facts
    outputs: NotebookOutputs
    language_info: dict[str, Any] | None = None
    tasks: list[TaskResult] = []

    @property
    def python(self) -> str:
        """The kernel's language version, empty when it never answered."""
        return str((self.language_info or {}).get("version", ""))


def read_back(folder: ReplayFolder, *, interrupted: bool, child: str, duration_s: float) -> Told:
    """Return what the journal in `folder` tells.

    Args:
        folder: of the replay.
        interrupted: the parent was told to stop.
        child: how the child ended, where that was not as it should.
        duration_s: of the whole replay.
    """
    outputs = NotebookOutputs()
    started: set[int] = set()
    ended: dict[int, Ended] = {}
    single: dict[type, Any] = {}
    tasks: list[TaskResult] = []
    for entry in read_journal(folder.journal):
        if isinstance(entry, Said):
            outputs.apply(entry.position, entry.type, entry.request, entry.content, entry.buffers)
        elif isinstance(entry, Started):
            started.add(entry.position)
        elif isinstance(entry, Ended):
            ended[entry.position] = entry
        elif isinstance(entry, TaskDone):
            tasks.append(entry.result)
        else:
            single[type(entry)] = entry
    ended = {position: _named(end, outputs) for position, end in ended.items()}
    info = single[KernelUp].info if KernelUp in single else {}
    facts = Facts(
        started=frozenset(started),
        ended=ended,
        counts=outputs.execution_counts,
        last_outputs={at: last_outputs(outputs.of(at)) for at in started if not _is_fine(ended.get(at))},
        gone=single.get(KernelGone),
        never_up=single.get(KernelNeverUp),
        finished=single.get(Finished),
        duration_s=duration_s,
        interrupted=interrupted,
        child=child,
    )
    return Told(facts=facts, outputs=outputs, language_info=info.get("language_info"), tasks=tasks)


def _named(end: Ended, outputs: NotebookOutputs) -> Ended:
    """Return the end with the exception that was shown where the reply names none, as after a display that failed."""
    if end.reply != "error" or end.exception not in {"", "NoneType"}:
        return end
    errors = [output for output in outputs.of(end.position) if output["output_type"] == "error"]
    if not errors:
        return end
    last = errors[-1]
    return msgspec.structs.replace(
        end, exception=last["ename"], message=last["evalue"], traceback=list(last["traceback"])
    )


def _is_fine(end: Ended | None) -> bool:
    return end is not None and end.reply == "ok" and not (end.shell or end.stopped or end.asked_to_exit)


def last_outputs(outputs: list[Output]) -> tuple[str, ...]:
    """Return the text of the last outputs, each shortened to its end."""
    texts = [text_of(output) for output in outputs if output["output_type"] != "error"]
    return tuple(text[-EXCERPT:] for text in texts[-LAST_OUTPUTS:])


def text_of(output: Output) -> str:
    """Return what a reader sees of an output as plain text."""
    if output["output_type"] == "stream":
        return str(output["text"])
    if output["output_type"] == "error":
        return plain_traceback(output["traceback"])
    plain = output["data"].get("text/plain", "")
    return str(plain) if plain else f"[{', '.join(output['data'])}]"
