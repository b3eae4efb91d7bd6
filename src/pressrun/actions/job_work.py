"""What a job does: a replay, a packaging or a verification, by the same actions that the command line calls."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from pressrun.actions.compare import compare_read
from pressrun.actions.panel_comparison import ComparedRuns, panel_comparison
from pressrun.actions.progress import Progress
from pressrun.actions.replay import ReplaySettings, Values, default_output, replay
from pressrun.errors import ContentMovedError, NotebookFailedError, UsageError
from pressrun.notebook.read import cells_of, read_notebook
from pressrun.notebook.replay.executed import is_result_of_a_run, write_whole
from pressrun.records.cells import Cell, Notebook
from pressrun.records.comparison import Comparison, Receipt
from pressrun.records.jobs import JobResult, StoredOrder
from pressrun.records.panel.jobs import JobFailure, JobState
from pressrun.records.replay import Replay
from pressrun.rules.compare.outputs import show_anything
from pressrun.rules.grade import grade
from pressrun.rules.varying import UNEQUAL
from pressrun.store.jobs import COMPARISON, EXECUTED, JobFolder, stamp_of

if TYPE_CHECKING:
    from pressrun.actions.package import Packaged
    from pressrun.actions.verify import Verified

MAX_TRACEBACK = 20_000  # characters
SHOWN_READS = 5


def work(folder: JobFolder, order: StoredOrder, progress: Progress) -> JobResult:
    """Do what was ordered; return how it came out, without what the runner adds: when it ended, and the cells.

    Args:
        folder: where the job keeps what it makes.
        order: what to do.
        progress: told what happens.

    Raises:
        PressrunError: it was refused or failed; no result beyond what the error says.
    """
    project = folder.path.parents[2]
    if order.kind == "verify":
        return _verify(folder, order, project, progress)
    notebook = project / order.notebook
    read = read_notebook(notebook)
    if read.digest != order.source:
        raise ContentMovedError(
            "the notebook was saved again before the job began",
            where=order.notebook,
            remedy="Start it once more; it then runs what is saved now.",
        )
    if order.kind == "package":
        return _package(folder, order, notebook, read, progress)
    return _replay(folder, order, notebook, read, progress)


def _replay(folder: JobFolder, order: StoredOrder, notebook: Path, read: Notebook, progress: Progress) -> JobResult:
    progress.stage("Replaying")
    executed = folder.path / EXECUTED
    settings = ReplaySettings(kernel=order.kernel or None, sandbox=order.sandbox)
    done = replay(notebook, executed, values=Values(given=order.parameters), settings=settings, progress=progress)
    told, notes = _handed_over(executed, notebook, folder.path.parents[2])
    found = msgspec.structs.replace(_after_replay(folder, order, read, done, executed), **told)
    return msgspec.structs.replace(found, python=done.python, notes=(*found.notes, *notes))


def _after_replay(folder: JobFolder, order: StoredOrder, read: Notebook, done: Replay, executed: Path) -> JobResult:
    if done.source != order.source:
        raise ContentMovedError("the notebook was saved again while the job began", where=order.notebook)
    if not done.ok:
        return _failed(done, read)
    compared = compare_read(read, read_notebook(executed))
    comparison = compared.comparison if show_anything(read.cells) else None
    different = _unequal(comparison)
    reached = grade(completed=True, environment="current", comparison=comparison)
    if comparison is not None:
        runs = ComparedRuns(
            job=order.id,
            title=f"{Path(order.notebook).name}, run {order.number}: saved outputs and replay",
            comparison=comparison,
            expected=read.cells,
            found=compared.found.cells,
            difference=compared.difference,
            against="saved-outputs",
            grade=reached,
        )
        folder.write(COMPARISON, msgspec.json.encode(panel_comparison(runs)))
    outcome = JobResult(
        state="differs" if different and not order.parameters else "completed",
        message=_compared_sentence(len(done.cells), comparison, given=bool(order.parameters)),
        remedy="Look at the comparison, or run the notebook from the top and save it." if different else "",
        grade=reached,
        different=different,
        comparable=comparison is not None,
    )
    undeclared = done.sandbox.undeclared if done.sandbox is not None else ()
    if not undeclared:
        return outcome
    named = ", ".join(read.path for read in undeclared[:SHOWN_READS])
    more = f" and {len(undeclared) - SHOWN_READS} more" if len(undeclared) > SHOWN_READS else ""
    return msgspec.structs.replace(
        outcome,
        state="refused",
        message=f"In the sandbox it asked for what is not declared: {named}{more}.",
        remedy="Name the files in the notebook or in a parameter, or replay without the sandbox.",
    )


def _failed(done: Replay, read: Notebook) -> JobResult:
    failure = done.failure
    if done.verdict == "interrupted":
        return JobResult(state="stopped", grade="R0")
    what = f"{failure.verdict}: {failure.message}" if failure is not None else done.verdict
    cell = failure.cell if failure is not None else None
    place = "" if cell is None else " in the parameters that were given" if cell < 0 else f" in cell {cell}"
    told = None
    if failure is not None:
        told = JobFailure(
            verdict=failure.verdict,
            message=failure.message,
            cell=cell,
            cell_id=_cell_id(read, cell),
            line=failure.line,
            exception=failure.exception,
            traceback=failure.traceback[-MAX_TRACEBACK:],
        )
    return JobResult(state="failed", message=f"It failed{place}: {what}.", failure=told, grade="R0")


def _cell_id(read: Notebook, cell: int | None) -> str:
    """Return the id of a cell of the notebook; empty for the injected one, for none, and where it has no id."""
    return (read.cells[cell].id or "") if cell is not None and 0 <= cell < len(read.cells) else ""


def _handed_over(executed: Path, notebook: Path, project: Path) -> tuple[dict[str, str], tuple[str, ...]]:
    """Put the executed notebook beside the notebook, where the command line puts it; say why not where it may not."""
    if not executed.exists():
        return {}, ()
    target = default_output(notebook)
    if target.is_symlink() or (target.exists() and not is_result_of_a_run(target)):
        return {}, (f"{target.name} is no executed notebook and was left as it is; this run's is {executed}.",)
    try:
        write_whole(target, [executed.read_bytes()])
    except UsageError as error:
        return {}, (f"{error.what}; this run's is {executed}.",)
    return {"executed": target.relative_to(project).as_posix(), "executed_stamp": stamp_of(target)}, ()


def _package(folder: JobFolder, order: StoredOrder, notebook: Path, read: Notebook, progress: Progress) -> JobResult:
    from pressrun.actions.package import package  # noqa: PLC0415 - a replay needs none of it
    from pressrun.actions.press import PackageRequest  # noqa: PLC0415 - likewise

    request = PackageRequest(
        notebook=notebook, name=order.name or None, given=order.parameters, kernel=order.kernel or None
    )
    try:
        done = package(request, progress)
    except NotebookFailedError as error:
        told = _pressed_failure(error, read, folder)
        return JobResult(state="failed", message=f"{error.what}.", remedy=error.remedy, failure=told)
    receipts = [done.receipt, *([done.saved] if done.saved is not None else [])]
    different = sum(_unequal(receipt.comparison) for receipt in receipts)
    found = _executed_cells(done, folder.path.parents[2]) if done.saved is not None else ()
    kept = _keep_receipt(folder, order, done.saved or done.receipt, read.cells, found)
    lock = next((file.digest for file in done.manifest.content.files if file.role == "lock"), "")
    return JobResult(
        state="completed" if done.same else "differs",
        message=_packaged_sentence(done, different),
        remedy="" if done.same else "The bundle holds what the replay gave. Look at the comparison.",
        grade=done.receipt.grade,
        different=different,
        comparable=kept,
        bundle=done.content_digest,
        bundle_name=done.name,
        packages=_locked_packages(lock, folder.path.parents[2]),
        lock=lock,
        notes=done.notes,
    )


def _locked_packages(lock: str, project: Path) -> int:
    """Return how many packages a lock in the store pins, 0 where there is no lock."""
    from pressrun.actions.exchange import store_of  # noqa: PLC0415 - a replay needs none of it
    from pressrun.notebook.environment import toml  # noqa: PLC0415 - likewise

    return len(toml.loads(store_of(project).objects.read(lock).decode()).get("packages", [])) if lock else 0


def _pressed_failure(error: NotebookFailedError, read: Notebook, folder: JobFolder) -> JobFailure:
    from pressrun.actions.job_progress import Followed  # noqa: PLC0415 - only where something failed

    followed = Followed(folder)
    followed.more()
    bad = [cell.cell for cell in followed.cells.values() if cell.status in {"failed", "died", "timed-out"}]
    cell = bad[-1] if bad else None
    return JobFailure(
        verdict=error.what.partition(":")[0].partition(" ")[0],
        message=error.what,
        cell=cell,
        cell_id=_cell_id(read, cell),
    )


def _verify(folder: JobFolder, order: StoredOrder, project: Path, progress: Progress) -> JobResult:
    from pressrun.actions.verify import VerifyRequest, verify  # noqa: PLC0415 - a replay needs none of it

    request = VerifyRequest(bundle=order.bundle, project=project, rebuild=order.rebuild, sandbox=order.sandbox)
    done = verify(request, progress)
    kept = _keep_receipt(folder, order, done.receipt)
    different = _unequal(done.receipt.comparison)
    state, message = _verified(done, different)
    return JobResult(
        state=state,
        message=message,
        grade=done.receipt.grade,
        different=different,
        comparable=kept,
        bundle=done.content_digest,
        bundle_name=done.name,
        notes=(*done.notes, *done.receipt.notes),
    )


def _verified(done: Verified, different: int) -> tuple[JobState, str]:
    receipt = done.receipt
    if receipt.sandbox is not None and receipt.sandbox.undeclared:
        return "refused", f"In the sandbox {done.name} asked for what it does not name."
    if receipt.grade == "R0":
        return "failed", f"{done.name} did not replay to its end: {'; '.join(receipt.notes) or receipt.verdict}."
    if done.enough:
        return "completed", f"{done.name} replays as it was packaged: grade {receipt.grade}."
    return "differs", f"{done.name} replays, and {_many(different)} from what was packaged."


def _executed_cells(done: Packaged, project: Path) -> tuple[Cell, ...]:
    """Return the cells of the run that the saved outputs were compared with, as the bundle's evidence holds them."""
    from pressrun.actions.exchange import store_of  # noqa: PLC0415 - a replay needs none of it

    digest = next((piece.digest for piece in done.manifest.evidence if piece.kind == "executed-notebook"), "")
    if not digest:
        return ()
    return cells_of(msgspec.json.decode(store_of(project).objects.read(digest)))


def _keep_receipt(
    folder: JobFolder,
    order: StoredOrder,
    receipt: Receipt,
    expected: tuple[Cell, ...] = (),
    found: tuple[Cell, ...] = (),
) -> bool:
    """Keep the comparison of a receipt for the panel; tell whether there is one."""
    if receipt.comparison is None:
        return False
    against = {"saved-outputs": "saved outputs and replay", "bundle": "bundle and replay"}
    runs = ComparedRuns(
        job=order.id,
        title=f"{Path(order.notebook).name}, run {order.number}: {against.get(receipt.against, 'two replays')}",
        comparison=receipt.comparison,
        expected=expected,
        found=found,
        difference=receipt.difference,
        against=receipt.against,
        grade=receipt.grade,
        notes=receipt.notes,
    )
    folder.write(COMPARISON, msgspec.json.encode(panel_comparison(runs)))
    return True


def _packaged_sentence(done: Packaged, different: int) -> str:
    said = f"Packaged as {done.name}, grade {done.receipt.grade}"
    return f"{said}." if done.same else f"{said}; {_many(different)} between the runs or from what was saved."


def _compared_sentence(cells: int, comparison: Comparison | None, *, given: bool) -> str:
    ran = "1 cell ran" if cells == 1 else f"{cells} cells ran"
    if comparison is None:
        return f"{ran}. The notebook was saved without outputs, so that nothing was compared."
    different = _unequal(comparison)
    if not different:
        return f"{ran}; the outputs are those that were saved."
    return f"{ran}; {_many(different)} from what was saved" + (", with the parameters given." if given else ".")


def _many(different: int) -> str:
    return "1 result differs" if different == 1 else f"{different} results differ"


def _unequal(comparison: Comparison | None) -> int:
    if comparison is None:
        return 0
    found = [*(one.sameness for one in comparison.outputs), *(one.sameness for one in comparison.values)]
    return sum(1 for sameness in found if sameness in UNEQUAL)
