"""The sections of a panel, as the one beside the notebook has them. Pure: what is known in, what to show out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from pressrun.interfaces.cli.figures import duration, size
from pressrun.interfaces.panel_view.gather import Known
from pressrun.interfaces.panel_view.shape import Overview, Row, Section, Tone
from pressrun.records.live import CellReceipt
from pressrun.records.panel.jobs import Job
from pressrun.records.panel.notebooks import PanelCell, Stale
from pressrun.records.panel.versions import PanelVersion
from pressrun.records.waiting import Waiting
from pressrun.rules.live import label_of

MOST: Final = 40  # rows of one section
DIGITS: Final = 12  # of a digest
LOAD: Final = "Run %load_ext pressrun in a cell; then cells that begin with %%register are captured."
JOBS: Final[dict[str, tuple[Tone, str]]] = {
    "waiting": ("busy", "waiting"),
    "running": ("busy", "running"),
    "completed": ("good", "completed"),
    "differs": ("attention", "results differ"),
    "failed": ("bad", "failed"),
    "refused": ("bad", "refused"),
    "stopped": ("quiet", "stopped"),
    "lost": ("bad", "lost"),
}
KINDS: Final = {"replay": "Replay", "package": "Packaging", "verify": "Verification"}
VERSIONS: Final[dict[str, tuple[Tone, str]]] = {
    "live": ("good", "live"),
    "approved": ("good", "approved"),
    "in-review": ("busy", "waits for approval"),
    "registered": ("quiet", "registered"),
    "rejected": ("bad", "rejected"),
    "revoked": ("bad", "revoked"),
}


def overview_of(known: Known) -> Overview:
    """Return what to show of what is known."""
    tone, state, todo = _headline(known)
    return Overview(
        title=known.notebook or "this kernel",
        tone=tone,
        state=state,
        todo=todo,
        sections=(_steps(known), _captured(known), _replay(known), _versions(known), _health(known)),
        notes=known.unreadable,
    )


def _headline(known: Known) -> tuple[Tone, str, str]:
    state = known.state
    errors = [problem for problem in state.problems if problem.level == "error"] if state is not None else []
    declared = _declared(known)
    done = _receipts(known)
    stale = state.stale if state is not None else ()
    changed = [one for one in stale if one.what != "missing"]
    if state is not None and state.language != "python":
        return "bad", f"This notebook is written in {state.language}; only Python can be captured", ""
    if errors:
        return "bad", errors[0].message, ""
    if known.problem:
        return "bad", known.problem, "Restart the kernel."
    if known.kernel and not known.loaded:
        return "attention", "Capture is off in this kernel", LOAD
    if not declared and not done:
        return "quiet", "No cell is registered yet", "Begin a cell with %%register step NAME and run it."
    failed = next((receipt for receipt in done if receipt.outcome == "failed"), None)
    if failed is not None:
        return "bad", f"{label_of(failed)} failed when it last ran", "Mend the cell and run it again."
    if not done:
        return "attention", "Nothing captured yet", "Run the registered cells."
    if changed:
        told = ", ".join(dict.fromkeys(one.about or f"cell {one.cell}" for one in changed[:3]))
        return "attention", f"Changed since capture: {told}", "Run the cells again that are out of date."
    missing = sum(one.what == "missing" for one in stale)
    if missing:
        return "attention", f"{len(declared) - missing} of {len(declared)} cells captured", "Run the others."
    if known.captured is not None and known.captured.partial:
        return "attention", "The capture is not that of one whole run", "Restart the kernel and run all cells."
    return "good", "Everything registered is captured", f"Replay it: pressrun replay {known.notebook or 'NOTEBOOK'}"


def _declared(known: Known) -> list[PanelCell]:
    cells = known.state.cells if known.state is not None else ()
    return [cell for cell in cells if cell.kind and cell.kind != "skip"]


def _receipts(known: Known) -> tuple[CellReceipt, ...]:
    return known.captured.cells if known.captured is not None else ()


def _steps(known: Known) -> Section:
    receipts = list(_receipts(known))
    stale = known.state.stale if known.state is not None else ()
    rows = []
    for cell in _declared(known):
        receipt = _receipt_of(cell, receipts)
        if receipt is not None:
            receipts.remove(receipt)
        rows.append(_step(receipt, cell, [one for one in stale if one.cell == cell.index and one.what != "missing"]))
    gone = [_step(receipt, None, ()) for receipt in receipts]
    done = sum(row.state in {"captured", "partial"} for row in rows)
    return Section(
        title="Steps",
        summary=f"{done} of {len(rows)} captured" if rows else "",
        rows=_some([*rows, *gone]),
        empty="No cell is registered: begin one with %%register step NAME.",
    )


def _receipt_of(cell: PanelCell, receipts: Sequence[CellReceipt]) -> CellReceipt | None:
    for receipt in receipts:
        if cell.id and receipt.cell_id == cell.id:
            return receipt
    same = [one for one in receipts if not one.cell_id and (one.kind, one.name) == (cell.kind, cell.name)]
    return same[0] if len(same) == 1 else None


def _step(receipt: CellReceipt | None, cell: PanelCell | None, stale: Sequence[Stale]) -> Row:
    place = f"cell {cell.index}" if cell is not None else "not in the saved notebook"
    if receipt is None:
        assert cell is not None
        return Row(state="not run", name=f"{cell.kind} {cell.name}".strip(), place=place)
    words: dict[str, tuple[Tone, str]] = {
        "captured": ("good", "captured"),
        "partial": ("attention", "partial"),
        "failed": ("bad", "failed"),
    }
    tone, state = words[receipt.outcome]
    if stale and receipt.outcome != "failed":
        tone, state = "attention", "out of date"
    defines = f"defines {', '.join(receipt.defined[:8])}" if receipt.defined else ""
    said = [duration(receipt.duration_s), *(one.text for one in stale), *receipt.notes[:2], defines]
    return Row(tone=tone, state=state, name=label_of(receipt), place=place, said=tuple(filter(None, said)))


def _captured(known: Known) -> Section:
    rows = []
    environment = known.state.environment if known.state is not None else None
    if environment is not None and environment.python:
        said = (
            f"{environment.packages} packages",
            f"lock {_short(environment.lock)}" if environment.lock else "no lock",
        )
        rows.append(Row(name="Environment", place=f"Python {environment.python}", said=said))
    files = {file.path: file for receipt in _receipts(known) for file in receipt.files}
    changed = {one.about for one in known.state.stale if one.what == "data"} if known.state is not None else set()
    for path, file in sorted(files.items()):
        is_changed = path in changed
        rows.append(
            Row(
                tone="attention" if is_changed else "good" if file.digest else "attention",
                state="changed" if is_changed else "same" if file.digest else file.state,
                name=path,
                place=_short(file.digest),
                said=(size(file.size), {"read": "read", "write": "written"}.get(file.mode, "read and written")),
            )
        )
    used = {name: value for receipt in _receipts(known) for name, value in receipt.parameters.items()}
    rows += [Row(name=f"{name} = {value}", place="parameter") for name, value in sorted(used.items())]
    partial = known.captured.partial if known.captured is not None else ()
    rows += [Row(tone="attention", state="not one run", name=sentence) for sentence in partial]
    return Section(title="Captured", summary=_counted(len(files), "file"), rows=_some(rows), empty="Nothing yet.")


def _replay(known: Known) -> Section:
    jobs = known.state.jobs if known.state is not None else ()
    empty = f"No replay yet: pressrun replay {known.notebook or 'NOTEBOOK'}"
    return Section(title="Replay", rows=_some([_job(job) for job in jobs]), empty=empty)


def _job(job: Job) -> Row:
    tone, state = JOBS[job.state]
    if job.state in {"waiting", "running"}:
        said = [job.stage, f"{job.done} of {job.expected} cells" if job.expected else ""]
    else:
        said = [job.message, job.remedy, duration(job.duration_s) if job.duration_s else "", job.grade]
    if job.failure is not None and job.failure.cell is not None:
        state = f"failed at cell {job.failure.cell}"
    name = f"{KINDS[job.kind]} {job.number}"
    return Row(tone=tone, state=state, name=name, place=_minute(job.created), said=tuple(filter(None, said)))


def _versions(known: Known) -> Section:
    found = known.state.versions if known.state is not None else None
    if found is None:
        return Section(title="Versions", empty="None yet: package the notebook, then pressrun register BUNDLE.")
    rows = [_version(version) for version in found.versions]
    rows += [Row(tone="bad", state="problem", name=problem) for problem in found.problems]
    return Section(title="Versions", summary=found.name, rows=_some(rows), empty="None yet: pressrun register BUNDLE.")


def _version(version: PanelVersion) -> Row:
    tone, state = VERSIONS.get(version.state, ("quiet", version.state))
    said = [f"live in {place.environment} since {_minute(place.since)}" for place in version.live]
    if version.request is not None:
        one = version.request
        said.append(f"asked for {one.environment} by {one.by}: {len(one.given)} of {one.needed} approvals")
    said += [f"{name} {metric.value:.6g}" for name, metric in list(version.metrics.items())[:4]]
    said += [f"grade {version.grade}" if version.grade else "", f"owner {version.owner}" if version.owner else ""]
    return Row(
        tone=tone,
        state=state,
        name=version.reference,
        place=_minute(version.registered),
        said=tuple(filter(None, said)),
    )


def _health(known: Known) -> Section:
    found = known.health
    if found is None:
        return Section(title="Health", empty="The project has no registry yet.")
    rows = [Row(tone="bad", state="problem", name=problem) for problem in found.problems]
    rows += [_waiting(one) for one in found.waiting]
    rows += [
        Row(tone="good", state=f"live in {place.environment}", name=version.reference, place=_minute(place.since))
        for version in found.live
        for place in version.live
    ]
    return Section(title="Health", rows=_some(rows), empty="Nothing is live, and nothing waits.")


def _waiting(one: Waiting) -> Row:
    said = tuple(filter(None, (f"by {one.by}" if one.by else "", one.command)))
    state = f"{one.what} waits"
    return Row(tone="bad" if one.late else "busy", state=state, name=one.about, place=_minute(one.since), said=said)


def _some(rows: Sequence[Row]) -> tuple[Row, ...]:
    more = len(rows) - MOST
    return tuple(rows) if more <= 0 else (*rows[:MOST], Row(name=f"and {more} more"))


def _counted(count: int, noun: str) -> str:
    return "" if not count else f"1 {noun}" if count == 1 else f"{count} {noun}s"


def _minute(time: str) -> str:
    """Return a time to the minute; what is no time stays as it is."""
    return f"{time[:10]} {time[11:16]} UTC" if len(time) >= 16 and time[10] == "T" else time


def _short(digest: str) -> str:
    return digest.rpartition(":")[2][:DIGITS]
