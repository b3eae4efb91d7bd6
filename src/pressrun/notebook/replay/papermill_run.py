"""The engine under plain papermill: outputs kept in memory, the notebook saved rarely, the truth told at the end."""

from __future__ import annotations

import tempfile
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from nbformat import from_dict
from papermill.engines import NotebookExecutionManager
from papermill.iorw import write_ipynb
from papermill.log import logger

from pressrun.errors import NotebookFailedError
from pressrun.notebook.grammar import parse_declaration
from pressrun.notebook.replay.driver import Driver, Job, goes_on
from pressrun.notebook.replay.journal import Ended, decode_content
from pressrun.notebook.replay.kernel import Kernel, KernelStartError, start_kernel
from pressrun.notebook.replay.outcome import status_of
from pressrun.notebook.replay.outputs import NotebookOutputs
from pressrun.notebook.replay.request import Limits
from pressrun.notebook.replay.wire import Message


class QuietManager(NotebookExecutionManager):  # type: ignore[misc]  # papermill has no types
    """papermill's manager, saving only when its autosave is due, and keeping the status of cells that never ran."""

    autosave_cell_every: float
    last_save_time: datetime

    def save(self, **kwargs: Any) -> None:
        """Do nothing: `autosave_cell` and the end save."""

    def save_if_due(self) -> None:
        """Save when the last time was `autosave_cell_every` seconds ago; 0 means never."""
        now = self.now()
        if not self.output_path or not self.autosave_cell_every:
            return
        if (now - self.last_save_time).total_seconds() < self.autosave_cell_every:
            return
        write_ipynb(self.nb, self.output_path)
        took = (self.now() - now).total_seconds()
        self.last_save_time = self.now()
        # Saving a large notebook may take long; it must not become what the run is about.
        self.autosave_cell_every = max(self.autosave_cell_every, 20 * took)


class MemorySink:
    """Puts what the kernel says into the notebook, and into papermill's log where that was asked for."""

    def __init__(self, manager: QuietManager, settings: dict[str, Any]) -> None:
        self.outputs = NotebookOutputs(self._answer)
        self._manager = manager
        self._settings = settings
        self._kernel: Kernel | None = None

    def attach(self, kernel: Kernel) -> None:
        """Answer widgets through this kernel."""
        self._kernel = kernel

    def started(self, job: Job) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""

    def said(self, position: int, message: Message) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""
        content = decode_content(message.content)
        self.outputs.apply(position, message.type, message.request, content, message.buffers)
        if message.type == "stream":
            self._log(content["name"], content["text"])

    def progress(self, job: Job, seconds: float, memory_bytes: int) -> None:
        """Save what there is when a save is due."""
        self.show(job.position)
        self._manager.save_if_due()

    def notice(self, text: str) -> None:
        """See `pressrun.notebook.replay.driver.Sink`."""
        logger.warning(text)

    def show(self, position: int) -> None:
        """Put the outputs of one cell, and of those whose displays it updated, into the notebook."""
        cell = self._manager.nb.cells[position]
        cell.execution_count = self.outputs.execution_counts.get(position)
        cell.outputs = [from_dict(output) for output in self.outputs.of(position)]

    def _log(self, name: str, text: str) -> None:
        file = self._settings.get(f"{name}_file")
        if file is not None:
            file.write(text)
            file.flush()
        if self._settings.get("log_output"):
            (logger.info if name == "stdout" else logger.warning)(text)

    def _answer(self, comm: str, data: dict[str, Any], request: str) -> None:
        if self._kernel is not None:
            self._kernel.answer_comm(comm, data, request)


def run_for_papermill(nb: Any, kernel_name: str, settings: dict[str, Any]) -> Any:
    """Run `nb` and return it with its outputs.

    Args:
        nb: papermill's notebook.
        kernel_name: kernelspec.
        settings: papermill's settings for an engine.

    Raises:
        NotebookFailedError: the run ended in a way that no output tells: the kernel died, the notebook exited, a limit
            was reached. The notebook was written before.
    """
    output_path = settings.get("output_path")
    manager = QuietManager(
        nb,
        output_path=output_path,
        progress_bar=settings.get("progress_bar", True),
        log_output=settings.get("log_output", False),
        autosave_cell_every=settings.get("autosave_cell_every", 30),
    )
    manager.notebook_start()
    problem = ""
    try:
        problem = _run(manager, kernel_name, settings)
    finally:
        statuses = [cell.metadata.papermill.get("status") for cell in nb.cells]
        manager.notebook_complete()
        for cell, status in zip(nb.cells, statuses, strict=True):
            cell.metadata.papermill["status"] = status  # papermill calls every cell that never ran completed
        if output_path and (problem or _is_unfinished(statuses)):
            write_ipynb(nb, output_path)
    if problem:
        raise NotebookFailedError(problem, where=str(output_path or ""))
    return nb


def _is_unfinished(statuses: list[str]) -> bool:
    return any(status != NotebookExecutionManager.COMPLETED for status in statuses)


def _run(manager: QuietManager, kernel_name: str, settings: dict[str, Any]) -> str:
    """Run all cells; return what no output tells of a failure, empty when there is no such thing."""
    limits = Limits(cell_s=settings.get("execution_timeout") or None, start_s=settings.get("start_timeout") or 60.0)
    sink = MemorySink(manager, settings)
    with tempfile.TemporaryDirectory(prefix="pressrun-") as temporary:
        folder = Path(temporary)
        try:
            kernel = start_kernel(
                python="",
                name=kernel_name,
                environment=None,
                folder=folder,
                log=folder / "kernel.log",
                working_directory=str(Path.cwd()),
            )
        except KernelStartError as error:
            return f"the kernel did not start: {error.reason}"
        try:
            info = kernel.wait_until_ready(limits.start_s)
            manager.nb.metadata["language_info"] = decode_content(info.content).get("language_info", {})
            sink.attach(kernel)
            driver = Driver(kernel, sink, limits, began=time.monotonic())
            problem = _run_cells(manager, driver, sink, kernel)
        except KernelStartError as error:
            return f"the kernel did not start: {error.reason}\n{error.log}"
        finally:
            kernel.shut_down()
    widgets = sink.outputs.widgets.metadata()
    if widgets:
        manager.nb.metadata["widgets"] = widgets
    return problem


def _run_cells(manager: QuietManager, driver: Driver, sink: MemorySink, kernel: Kernel) -> str:
    cells = manager.nb.cells
    for position, cell in enumerate(cells):
        manager.cell_start(cell, position)
        end = _run_cell(driver, position, cell)
        if end is not None and end.reply == "none":
            driver.settle()
        sink.show(position)
        if end is not None and status_of(end, cell.metadata.tags) not in {"completed", "raised-as-expected"}:
            manager.cell_exception(cell, position)
        manager.cell_complete(cell, position)
        manager.save_if_due()
        rest = any(after.cell_type == "code" for after in cells[position + 1 :])
        if end is not None and not goes_on(end, cell.metadata.tags):
            for shown in range(position):
                if cells[shown].cell_type == "code":
                    sink.show(shown)
            return _problem(end, position, kernel, rest=rest)
    for position, cell in enumerate(cells):  # displays of earlier cells may have been updated since
        if cell.cell_type == "code":
            sink.show(position)
    return ""


def _run_cell(driver: Driver, position: int, cell: Any) -> Ended | None:
    if cell.cell_type != "code" or not cell.source.strip():
        return None
    declared = parse_declaration(cell.source, cell.metadata, cell.metadata.tags, cell=position)
    if declared is not None and declared.kind == "skip":
        return None
    return driver.run_cell(Job(position, position, cell.source))


def _problem(end: Ended, position: int, kernel: Kernel, *, rest: bool) -> str:
    """Return what papermill itself would not tell of how a run ended."""
    if end.stopped:
        return f"cell {position} ran longer than its limit"
    if end.reply == "none":
        return f"the kernel died in cell {position} (exit status {kernel.status()})\n{kernel.log_tail()}".strip()
    if end.exception == "SystemExit":
        return f"the notebook called sys.exit({end.message}) in cell {position}, before its end"
    if end.asked_to_exit and rest:
        return f"the notebook called exit() in cell {position}, before its last cell"
    return ""
