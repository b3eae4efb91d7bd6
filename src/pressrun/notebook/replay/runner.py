"""What the child process does: start the kernel, let the recorders watch, run the cells, journal everything."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

import msgspec

from pressrun.notebook.replay import events
from pressrun.notebook.replay.control import Control
from pressrun.notebook.replay.driver import Driver, Job, goes_on
from pressrun.notebook.replay.folder import ReplayFolder
from pressrun.notebook.replay.journal import (
    Ended,
    Finished,
    JournalWriter,
    KernelGone,
    KernelNeverUp,
    KernelUp,
    Started,
    TaskDone,
    decode_content,
)
from pressrun.notebook.replay.kernel import Kernel, KernelStartError, Prefix, start_kernel
from pressrun.notebook.replay.memory import MemoryLimit
from pressrun.notebook.replay.observing import recorders_for
from pressrun.notebook.replay.outcome import status_of
from pressrun.notebook.replay.outputs import NotebookOutputs
from pressrun.notebook.replay.processes import kill_descendants
from pressrun.notebook.replay.recorders import Recorder, crash_report, shell_failures, task_source
from pressrun.notebook.replay.request import ChildOrder
from pressrun.notebook.replay.sandbox.enclose import kernel_prefix
from pressrun.notebook.replay.variables import kernel_environment
from pressrun.notebook.replay.wire import Message
from pressrun.notebook.secrets import blotter_for
from pressrun.records.replay import CellTask, TaskResult

HANDLES_STATUS = "_exit_code"  # IPython's name for a shell command's status: a cell that uses it looks after it itself
MOMENT_S = 0.1
SHOWN = 80  # characters of a cell's first line


class JournalSink:
    """Journals what the kernel says, and tells the parent how far the run is."""

    def __init__(self, journal: JournalWriter, descriptor: int) -> None:
        self.journal = journal
        self.output_bytes = 0
        self._descriptor = descriptor
        self._outputs = NotebookOutputs(self._answer)
        self._kernel: Kernel | None = None

    def attach(self, kernel: Kernel) -> None:
        """Answer widgets through this kernel."""
        self._kernel = kernel

    def tell(self, event: events.ReplayEvent) -> None:
        """Tell the parent."""
        with contextlib.suppress(BrokenPipeError):  # the parent is gone; the driver hears of it elsewhere
            os.write(self._descriptor, msgspec.json.encode(event) + b"\n")

    def started(self, job: Job) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""
        self.output_bytes = 0
        self.journal.write(Started(job.position, time.time()))
        self.tell(events.CellStarted(job.cell, first_line(job.source)))

    def said(self, position: int, message: Message) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""
        self.output_bytes += len(message.content)
        self.journal.write_said(position, message.type, message.request, message.content, message.buffers)
        if message.type.startswith("comm_") or self._outputs.widgets.capturing(message.request):
            content = decode_content(message.content)
            self._outputs.apply(position, message.type, message.request, content, message.buffers)

    def progress(self, job: Job, seconds: float, memory_bytes: int) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""
        self.tell(events.CellProgress(job.cell, seconds, memory_bytes, self.output_bytes))

    def notice(self, text: str) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""
        self.tell(events.Notice(text))

    def _answer(self, comm: str, data: dict[str, Any], request: str) -> None:
        if self._kernel is not None:
            self._kernel.answer_comm(comm, data, request)


class Runner:
    """Does one order.

    Args:
        order: what to do.
        cells: the cells of the prepared notebook, as nbformat dictionaries.
    """

    def __init__(self, order: ChildOrder, cells: Sequence[Mapping[str, Any]]) -> None:
        self._order = order
        self._cells = cells
        self._folder = ReplayFolder(Path(order.folder))
        blotter = blotter_for(order.references, order.kernel.variables or ())
        self._journal = JournalWriter(self._folder.journal, blotter)
        self._control = Control(order.control_descriptor)
        os.set_inheritable(order.event_descriptor, False)
        self._sink = JournalSink(self._journal, order.event_descriptor)
        own = (order.folder, order.task_directory)
        self._recorders: tuple[Recorder, ...] = (
            recorders_for(order.tracer, own, looks=order.enclosure is not None) if order.observe else ()
        )
        self._began = time.monotonic()
        self._memory_limit = MemoryLimit()
        self._shell_bytes = 0

    def run(self) -> None:
        """Run the cells to the end of the notebook, or to the first that does not let the next one run."""
        stopped = ""
        peak_bytes = 0
        kernel = self._start()
        if kernel is not None:
            try:
                driver = Driver(
                    kernel,
                    self._sink,
                    self._order.limits,
                    began=self._began,
                    control=self._control,
                )
                self._run_in(kernel, driver)
                stopped, peak_bytes = driver.stopped, driver.memory.peak_bytes
            finally:
                kernel.shut_down(patience_s=0.5 if stopped else 10.0)
        elif self._order.limits.total_s is not None and self._start_limit() <= MOMENT_S:
            stopped = "timeout"
        kill_descendants(spare=[recorder.own_process for recorder in self._recorders])
        for recorder in self._recorders:
            recorder.close()
        kill_descendants()
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        cpu_s = used.ru_utime + used.ru_stime + (kernel.cpu_s if kernel is not None else 0.0)
        self._journal.write(Finished(stopped, round(cpu_s, 3), peak_bytes))
        self._journal.close()
        if self._control.gone:  # nobody else is left to do it
            shutil.rmtree(self._folder.path, ignore_errors=True)

    def _start(self) -> Kernel | None:
        """Return a kernel that answers; it is started once more when the first does not."""
        problem = KernelStartError("")
        for attempt in (1, 2):
            began = time.monotonic()
            if attempt > 1 and self._order.trace == "auto":  # what was to watch it may be what kept it from starting
                self._recorders = tuple(recorder for recorder in self._recorders if not self._prefix([recorder]))
                shutil.rmtree(self._folder.recorders)
            try:
                prefix = self._prefix(self._recorders)
                if self._order.enclosure is not None:
                    prefix = kernel_prefix(self._order.enclosure, prefix)
                kernel = launch(self._order, self._folder, prefix)
                try:
                    info = kernel.wait_until_ready(self._start_limit(), self._control.listen)
                except KernelStartError:
                    kernel.close()
                    raise
            except KernelStartError as error:
                problem = error
                if self._control.interrupt:
                    break
                if attempt == 1:
                    self._sink.notice(f"{error.reason[:1].upper()}{error.reason[1:]}; it is started once more.")
                continue
            seconds = round(time.monotonic() - began, 6)
            facts = decode_content(info.content)
            self._journal.write(KernelUp(kernel.process_id, facts, seconds))
            version = facts.get("language_info", {}).get("version", "")
            self._sink.attach(kernel)
            self._sink.tell(events.KernelReady(kernel.process_id, version, seconds))
            return kernel
        self._journal.write(KernelNeverUp(problem.reason, problem.log))
        return None

    def _prefix(self, recorders: Iterable[Recorder]) -> list[str]:
        return [word for one in recorders for word in one.prefix(self._recorder_folder(one))]

    def _recorder_folder(self, recorder: Recorder) -> Path:
        folder = self._folder.recorder(recorder.name)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _start_limit(self) -> float:
        limits = self._order.limits
        if limits.total_s is None:
            return limits.start_s
        return max(MOMENT_S, min(limits.start_s, self._began + limits.total_s - time.monotonic()))

    def _run_in(self, kernel: Kernel, driver: Driver) -> None:
        for recorder in self._recorders:
            recorder.begin(self._recorder_folder(recorder), kernel.interpreter_id, driver.ask)
        for job in self._jobs():
            if kernel.status() is not None or driver.stopped:
                break
            for recorder in self._recorders:
                recorder.enter(job.cell)
            end = self._run_cell(driver, job)
            for recorder in self._recorders:
                recorder.enter(-1)
            tags = self._cells[job.position].get("metadata", {}).get("tags", [])
            self._finish_cell(job, end, tags)
            if not goes_on(end, tags):
                break
            self._perform(driver, job.cell)
        if kernel.status() is None and not driver.stopped:
            for recorder in self._recorders:
                recorder.finish(driver.ask)
            return
        driver.settle()
        self._note_death(kernel, driver)

    def _jobs(self) -> Iterator[Job]:
        for position, cell in enumerate(self._cells):
            if cell["cell_type"] == "code" and position not in self._order.skipped:
                yield Job(position, self._order.indices[position], cell["source"])

    def _run_cell(self, driver: Driver, job: Job) -> Ended:
        end = driver.run_cell(job)
        failures, self._shell_bytes = shell_failures(self._folder.recorders, self._shell_bytes)
        if HANDLES_STATUS in job.source:
            failures = []
        return msgspec.structs.replace(end, shell=failures)

    def _finish_cell(self, job: Job, end: Ended, tags: Sequence[str]) -> None:
        self._journal.write(end)
        status = status_of(end, tags)
        self._sink.tell(
            events.CellFinished(job.cell, status, end.duration_s, end.peak_memory_bytes, self._sink.output_bytes)
        )

    def _perform(self, driver: Driver, cell: int) -> None:
        for task in self._order.tasks:
            if task.after_cell == cell:
                self._journal.write(TaskDone(self._task_result(driver, task)))

    def _task_result(self, driver: Driver, task: CellTask) -> TaskResult:
        directory = Path(self._order.task_directory) / quote(task.name, safe="")
        directory.mkdir(parents=True)
        told = self._folder.task_result(task.name)
        driver.ask(task_source(task.source, str(directory), str(told)))
        if not told.exists():
            return TaskResult(name=task.name, directory=str(directory), error="the kernel did not do it")
        result = msgspec.json.decode(told.read_bytes())
        return TaskResult(
            name=task.name, directory=str(directory), value=result.get("value"), error=result.get("error", "")
        )

    def _note_death(self, kernel: Kernel, driver: Driver) -> None:
        status = kernel.status()
        if status is None:
            return
        killed = status == -9 and not driver.stopped
        evidence = self._memory_limit.evidence(driver.memory.peak_bytes) if killed else ""
        log = "\n".join(filter(None, (kernel.log_tail(), crash_report(self._folder.recorders))))
        self._journal.write(KernelGone(status, evidence, log))


def launch(order: ChildOrder, folder: ReplayFolder, prefix: Sequence[str]) -> Kernel:
    """Start the kernel that was chosen, with the environment it may have, by the command of which these are words."""
    choice, environment = order.kernel, None
    if choice.variables is not None:
        program_folder = str(Path(choice.python).parent) if choice.python else ""
        environment = kernel_environment(os.environ, choice.variables, choice.fixed, program_folder)
    return start_kernel(
        python=choice.python,
        name=choice.name,
        environment=environment,
        folder=folder.kernel,
        log=folder.kernel_log,
        working_directory=order.working_directory,
        prefix=Prefix(prefix, Path(order.enclosure.told) if order.enclosure else None),
    )


def first_line(source: str) -> str:
    """Return the first line of code that says something, shortened."""
    lines = (line.strip() for line in source.splitlines())
    return next((line[:SHOWN] for line in lines if line and not line.startswith(("#", "%%"))), source.strip()[:SHOWN])
