"""Replays a notebook: the one function that others call, and the parent's side of the child process."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timezone
from pathlib import Path
from types import FrameType
from typing import Any

import msgspec

from pressrun.errors import UsageError
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay import child
from pressrun.notebook.replay.control import INTERRUPT, KILL
from pressrun.notebook.replay.events import KernelReady, Notice, ReplayEvent, ReplayStarted
from pressrun.notebook.replay.executed import (
    executed_document,
    is_result_of_a_run,
    notebook_parts,
    read_document,
    write_whole,
)
from pressrun.notebook.replay.folder import ReplayFolder
from pressrun.notebook.replay.kernel_choice import choose_kernel
from pressrun.notebook.replay.merging import observe
from pressrun.notebook.replay.observing import NOTHING_WANTED, tracer_for
from pressrun.notebook.replay.outcome import Facts, Outcome, outcome
from pressrun.notebook.replay.outside.command import Tracer
from pressrun.notebook.replay.plan import Plan, make_plan
from pressrun.notebook.replay.processes import kill_group
from pressrun.notebook.replay.reading import Told, read_back
from pressrun.notebook.replay.request import ChildOrder, KernelChoice, Limits, ReplayRequest
from pressrun.notebook.replay.sandbox.enclose import Enclosed, enclose
from pressrun.notebook.replay.sandbox.report import report_of
from pressrun.notebook.replay.secrecy import blot_file, references_of, without_secrets
from pressrun.notebook.secrets import blotter_for, variables_for
from pressrun.notebook.seeds import seeds_in
from pressrun.records.capture import Coverage, Observation
from pressrun.records.replay import Replay, TaskResult

OnEvent = Callable[[ReplayEvent], None]
CHILD_PATIENCE_S = 15.0  # beyond the grace of a cell: for the child to end by itself when it is told to


def replay_notebook(request: ReplayRequest, on_event: OnEvent | None = None) -> Replay:
    """Run a notebook in a clean kernel and return what happened; a failing notebook is a verdict, not an exception.

    The notebook's file is not written. The executed notebook is, also when the run failed, was interrupted or killed;
    it then says of each cell whether it ran. No process is left behind.

    Args:
        request: what to run and how.
        on_event: called in this thread with what happens, as it happens.

    Raises:
        UsageError: the notebook, the output, the kernel or another part of the request cannot be used.
    """
    check_paths(request)
    content = request.notebook.read_bytes()
    notebook = read_notebook(request.notebook)
    plan = make_plan(read_document(content), notebook.cells, request.injection)
    references = references_of(plan)
    choice = choose_kernel(request, notebook.kernel, variables_for(references))
    blotter = blotter_for(references, choice.variables or ())
    tracer = tracer_for(request.trace if request.observe else "off")
    began, started = time.monotonic(), datetime.now(timezone.utc)
    tell = on_event or (lambda event: None)
    tell(ReplayStarted(tuple(c.cell for c in plan.code_cells if not c.skipped), choice.label))
    if choice.instead_of:
        tell(Notice(f"The kernel {choice.instead_of!r} that the notebook names is not installed here."))
    with tempfile.TemporaryDirectory(prefix="pressrun-", ignore_cleanup_errors=True) as temporary:
        folder = ReplayFolder(Path(temporary).resolve())
        folder.make()
        enclosed = _enclosed(request, choice, folder)
        end = _run_child(request, plan, enclosed.choice if enclosed else choice, folder, tell, enclosed)
        problem = blotter.blot_text(end.problem)
        told = read_back(folder, interrupted=end.interrupted, child=problem, duration_s=time.monotonic() - began)
        _refuse_unusable_kernel(told.facts, choice)
        result = outcome(plan.code_cells, told.facts)
        _write_executed(request, plan, result, told)
        blot_file(request.output, blotter)
        observation = _observe(request, folder, tracer)
        report = report_of(enclosed, observation, result, _working_directory(request)) if enclosed else None
        seeds = seeds_in([cell["source"] for cell in plan.document["cells"] if cell["cell_type"] == "code"])
        replay = Replay(
            verdict=result.verdict,
            source=notebook.digest,
            executed=str(request.output),
            parameters=msgspec.to_builtins(request.values, enc_hook=str, str_keys=True),
            cells=result.cells,
            failure=result.failure,
            observation=msgspec.structs.replace(observation, seeds=seeds),
            kernel=choice.label,
            python=told.python,
            started=started.isoformat(timespec="seconds"),
            duration_s=round(told.facts.duration_s, 3),
            cpu_s=told.facts.finished.cpu_s if told.facts.finished else 0.0,
            peak_memory_bytes=told.facts.finished.peak_memory_bytes if told.facts.finished else 0,
            tasks=_task_results(request, told),
            environment_variables=choice.variables or (),
            hermetic=report is not None and not report.reasons,
            sandbox=report,
        )
        return without_secrets(replay, blotter, references)


def check_paths(request: ReplayRequest) -> None:
    """Refuse a request whose paths cannot be used, before anything runs.

    Raises:
        UsageError: what is wrong, and what to do.
        ValueError: tasks without a folder for them.
    """
    output = request.output
    if request.tasks and request.task_directory is None:
        raise ValueError("tasks need a task_directory")
    if not request.notebook.is_file():
        raise UsageError("there is no such notebook", where=str(request.notebook))
    if not output.parent.is_dir():
        raise UsageError(
            "the folder for the executed notebook does not exist",
            where=str(output.parent),
            remedy="Make it first, or give another output.",
        )
    if not os.access(output.parent, os.W_OK):
        raise UsageError("the folder for the executed notebook cannot be written to", where=str(output.parent))
    if not output.exists():
        return
    if output.is_dir():
        raise UsageError("the output is a folder", where=str(output), remedy="Give the name of a file in it.")
    if output.samefile(request.notebook):
        raise UsageError(
            "the output is the notebook itself, which is never written",
            where=str(output),
            remedy="Give another output.",
        )
    if not is_result_of_a_run(output):
        raise UsageError(
            "the output exists and is no executed notebook",
            where=str(output),
            remedy="Only the result of an earlier run is replaced: give another output or remove the file.",
        )


class _ChildEnd(msgspec.Struct, frozen=True):
    interrupted: bool
    problem: str


def _working_directory(request: ReplayRequest) -> str:
    return str(Path(request.working_directory or request.notebook.parent).resolve())


def _enclosed(request: ReplayRequest, choice: KernelChoice, folder: ReplayFolder) -> Enclosed | None:
    if request.sandbox is None:
        return None
    tasks = request.task_directory.resolve() if request.task_directory else None
    return enclose(request.sandbox, choice, folder, _working_directory(request), tasks)


def _run_child(
    request: ReplayRequest,
    plan: Plan,
    choice: KernelChoice,
    folder: ReplayFolder,
    tell: OnEvent,
    enclosed: Enclosed | None,
) -> _ChildEnd:
    """Run the child process to its end and make sure that nothing of it is left."""
    write_whole(folder.prepared, notebook_parts(plan.document))
    events_in, events_out = os.pipe()
    control_in, control_out = os.pipe()
    order = ChildOrder(
        prepared=str(folder.prepared),
        indices=plan.indices,
        skipped=plan.skipped,
        folder=str(folder.path),
        working_directory=_working_directory(request),
        kernel=_with_settings(choice, folder),
        limits=Limits(
            total_s=request.timeout_s,
            cell_s=request.cell_timeout_s,
            start_s=request.start_timeout_s,
            grace_s=request.grace_s,
        ),
        references=references_of(plan),
        tasks=request.tasks,
        task_directory=str(Path(request.task_directory).resolve()) if request.task_directory else "",
        observe=request.observe,
        trace=request.trace,
        tracer=tracer_for(request.trace if request.observe else "off").program,  # found out before, and remembered
        enclosure=enclosed.enclosure if enclosed else None,
        event_descriptor=events_out,
        control_descriptor=control_in,
    )
    folder.order.write_bytes(msgspec.json.encode(order))
    with folder.child_log.open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, child.__file__, str(folder.order)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd=folder.path,  # not the notebook's folder: nothing is to be imported from there
            pass_fds=(events_out, control_in),
            start_new_session=True,  # a Ctrl-C is ours to hear and to hand on
        )
    os.close(events_out)
    os.close(control_in)
    with _Parent(process, events_in, control_out, patience_s=request.grace_s + CHILD_PATIENCE_S) as parent:
        parent.follow(tell)
    log_text = folder.child_log.read_text(encoding="utf-8", errors="replace")[-4000:]
    problem = "" if process.returncode == 0 else f"the replay's process ended with {process.returncode}\n{log_text}"
    return _ChildEnd(parent.interrupted, problem)


def _with_settings(choice: KernelChoice, folder: ReplayFolder) -> KernelChoice:
    """Return the choice with IPython's settings in an empty folder, unless the caller lets its own through."""
    if "IPYTHONDIR" in (choice.variables or ()):
        return choice
    return msgspec.structs.replace(choice, fixed={**choice.fixed, "IPYTHONDIR": str(folder.ipython)})


class _Parent:
    """The parent's side: hears the child, hands on an interruption, and ends what is left."""

    def __init__(self, process: subprocess.Popen[bytes], events: int, control: int, *, patience_s: float) -> None:
        self.interrupted = False
        self._process = process
        self._events = events
        self._control = control
        self._patience_s = patience_s
        self._kernel = 0
        self._handlers: dict[int, Any] = {}

    def __enter__(self) -> _Parent:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                self._handlers[number] = signal.signal(number, self._on_signal)
        return self

    def __exit__(self, *exception: object) -> None:
        if self._process.poll() is None:
            self._say(KILL)
            try:
                self._process.wait(self._patience_s)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._process.wait()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        if self._process.returncode != 0 and self._kernel:
            kill_group(self._kernel)
        os.close(self._control)
        os.close(self._events)

    def follow(self, tell: OnEvent) -> None:
        """Tell of events until the child has ended."""
        for event in self._heard():
            if isinstance(event, KernelReady):
                self._kernel = event.process
            tell(event)
        # The kernel and what it started may hold the pipe's other end no longer: close-on-exec. So the child is ending.
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(self._patience_s)

    def _heard(self) -> Iterator[ReplayEvent]:
        decode = msgspec.json.Decoder(ReplayEvent).decode
        with os.fdopen(os.dup(self._events), "rb") as pipe:
            for line in pipe:
                yield decode(line)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        """Interrupt the cell the first time, end everything the second time."""
        del number, frame
        self._say(KILL if self.interrupted else INTERRUPT)
        self.interrupted = True

    def _say(self, word: bytes) -> None:
        with contextlib.suppress(BrokenPipeError):
            os.write(self._control, word)


def _refuse_unusable_kernel(facts: Facts, choice: KernelChoice) -> None:
    """Raise where the kernel could not start because of what was asked for, which is no failure of the notebook."""
    if facts.never_up is None or "No module named" not in facts.never_up.log:
        return
    if "ipykernel" in facts.never_up.log.splitlines()[-1]:
        raise UsageError(
            "ipykernel is not installed there, so that no kernel can run",
            where=choice.python or choice.label,
            remedy=f"Install it: {choice.python or 'python'} -m pip install ipykernel",
        )


def _write_executed(request: ReplayRequest, plan: Plan, result: Outcome, told: Told) -> None:
    facts = {"verdict": result.verdict, "duration_s": round(told.facts.duration_s, 3), "format": 1}
    document = executed_document(plan, result, told.outputs, told.language_info, facts)
    write_whole(request.output, notebook_parts(document))


def _observe(request: ReplayRequest, folder: ReplayFolder, tracer: Tracer) -> Observation:
    if not request.observe:
        return Observation(coverage=Coverage(level="none", blind_spots=(NOTHING_WANTED,)))
    return observe(folder, tracer)


def _task_results(request: ReplayRequest, told: Told) -> tuple[TaskResult, ...]:
    done = {result.name: result for result in told.tasks}
    missing = "its cell did not run to its end"
    return tuple(done.get(task.name, TaskResult(name=task.name, error=missing)) for task in request.tasks)
