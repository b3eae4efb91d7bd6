"""All that the disk and the registry know of one notebook, for whoever looks at it beside its cells. Reads only."""

from __future__ import annotations

import msgspec

from pressrun.actions.doctor import DoctorRequest, doctor
from pressrun.actions.job_view import jobs_of
from pressrun.actions.panel_place import Place
from pressrun.actions.panel_stale import stale_parts
from pressrun.actions.panel_versions import versions_if_any
from pressrun.errors import DeclarationError, NotebookFormatError, PressrunError
from pressrun.notebook.inspect import inspect_notebook
from pressrun.notebook.read import language_of, read_notebook
from pressrun.notebook.schema import parameter_schema
from pressrun.notebook.secret_parameters import holds_secret
from pressrun.notebook.secrets import is_reference
from pressrun.notebook.sidecar import Sidecar
from pressrun.records.cells import Cell, Inspection, Notebook, Parameter, Problem
from pressrun.records.digest import digest_bytes
from pressrun.records.findings import Level
from pressrun.records.live import LiveCapture
from pressrun.records.panel.jobs import Job
from pressrun.records.panel.notebooks import NotebookState, PanelCell, PanelCheck, PanelEnvironment, PanelParameter
from pressrun.rules.paths import name_from
from pressrun.store.jobs import find_job

MAX_NOTEBOOK_BYTES = 256 << 20
MAX_CELLS = 5_000
TITLE = 80  # characters
_LEVELS: dict[Level, str] = {"blocks-production": "blocking", "should-fix": "should-fix", "note": "note"}


def notebook_state(place: Place) -> NotebookState:
    """Return what is known of a notebook; what cannot be read is said, and the rest is told all the same.

    Raises:
        NotebookFormatError: it is no notebook at all, or too large.
    """
    unreadable: list[str] = []
    try:
        notebook = read_notebook(place.notebook, max_bytes=MAX_NOTEBOOK_BYTES)
    except (DeclarationError, NotebookFormatError) as error:
        # a wrong declaration or another language: there are no cells to tell of, and everything else there is
        language = language_of(place.notebook)
        if language == "python" and not isinstance(error, DeclarationError):
            raise
        return _without_cells(place, language, error, unreadable)
    return _state(place, notebook, unreadable)


def _without_cells(place: Place, language: str, error: PressrunError, unreadable: list[str]) -> NotebookState:
    jobs = _jobs(place, unreadable)
    name = _name(place, jobs)
    return NotebookState(
        path=place.shown(place.notebook),
        project=place.shown(place.project),
        source=digest_bytes(place.notebook.read_bytes()),
        name=name,
        language=language,
        problems=(Problem(level="error", message=str(error)),),
        jobs=jobs,
        versions=versions_if_any(place.project, name, unreadable),
        unreadable=tuple(unreadable),
    )


def _state(place: Place, notebook: Notebook, unreadable: list[str]) -> NotebookState:
    inspection = inspect_notebook(notebook)
    captured = _captured(place, unreadable)
    jobs = _jobs(place, unreadable)
    name = _name(place, jobs)
    if len(notebook.cells) > MAX_CELLS:
        unreadable.append(f"Only the first {MAX_CELLS:,} of {len(notebook.cells):,} cells are listed.")
    return NotebookState(
        path=place.shown(place.notebook),
        project=place.shown(place.project),
        source=notebook.digest,
        name=name,
        kernel=notebook.kernel or "",
        language=notebook.language,
        cells=tuple(panel_cell(cell) for cell in notebook.cells[:MAX_CELLS]),
        steps=inspection.steps,
        parameters=panel_parameters(inspection),
        suggested=panel_parameters(
            msgspec.structs.replace(inspection, parameters=inspection.suggested_parameters), secret_values=False
        ),
        captured=captured,
        stale=stale_parts(notebook.cells, captured, place.project, unreadable),
        problems=inspection.problems,
        environment=_environment(place, jobs),
        jobs=jobs,
        versions=versions_if_any(place.project, name, unreadable),
        unreadable=tuple(unreadable),
    )


def panel_cell(cell: Cell) -> PanelCell:
    """Return what a panel shows of a cell."""
    declared = cell.declaration
    lines = (line.strip() for line in cell.body.splitlines())
    title = next((line for line in lines if line and not line.startswith(("#", "%register"))), "")
    return PanelCell(
        index=cell.index,
        id=cell.id or "",
        type=cell.type,
        kind=declared.kind if declared is not None else "",
        name=(declared.name or "") if declared is not None else "",
        spelling=declared.spelling if declared is not None else "",
        title=title if len(title) <= TITLE else f"{title[: TITLE - 1]}…",
        source=cell.digest,
    )


def panel_parameters(inspection: Inspection, *, secret_values: bool = True) -> tuple[PanelParameter, ...]:
    """Return the parameters with what a form needs; a secret's value is shown as its reference or not at all."""
    properties = parameter_schema(inspection)["properties"] if inspection.parameters else {}
    return tuple(_parameter(one, properties[one.name], shown=secret_values) for one in inspection.parameters)


def _parameter(parameter: Parameter, schema: dict[str, object], *, shown: bool) -> PanelParameter:
    secret = holds_secret(parameter)
    hidden = secret and not (shown and is_reference(parameter.value))
    value = None if hidden or parameter.value is msgspec.UNSET else parameter.value
    if hidden:
        schema = {key: said for key, said in schema.items() if key not in {"default", "x-python-default"}}
    return PanelParameter(
        name=parameter.name,
        type=parameter.type,
        schema=schema,
        value=value,
        expression="" if hidden else parameter.expression,
        help=parameter.help,
        cell=parameter.cell,
        derived_from=parameter.derived_from,
        secret=secret,
    )


def _captured(place: Place, unreadable: list[str]) -> LiveCapture | None:
    try:
        return Sidecar(place.project, place.in_project).read()
    except PressrunError as error:
        unreadable.append(f"What was captured live: {error}")
        return None


def _jobs(place: Place, unreadable: list[str]) -> tuple[Job, ...]:
    try:
        return jobs_of(place)
    except (PressrunError, OSError) as error:
        unreadable.append(f"The jobs: {error}")
        return ()


def _name(place: Place, jobs: tuple[Job, ...]) -> str:
    """Return the name under which it was packaged last, else the one that its file's name gives."""
    packaged = next((job.bundle_name for job in jobs if job.kind == "package" and job.bundle_name), "")
    return packaged or name_from(place.notebook.stem)


def _environment(place: Place, jobs: tuple[Job, ...]) -> PanelEnvironment:
    """Return the newest Python that a job told of, and the newest lock; not always the same job knows both."""
    known = PanelEnvironment()
    for job in jobs:
        folder = find_job(place.project, job.id)
        result = folder.result() if folder is not None else None
        if result is None:
            continue
        if result.python and not known.python:
            known = msgspec.structs.replace(known, python=result.python)
        if result.lock and not known.lock:
            known = msgspec.structs.replace(known, lock=result.lock, packages=result.packages, from_job=job.id)
        if known.python and known.lock:
            break
    return known


def notebook_checks(place: Place) -> tuple[PanelCheck, ...]:
    """Return what the doctor finds in a notebook, the gravest first.

    Raises:
        UsageError: it is no notebook that pressrun can read.
    """
    diagnosis = doctor(DoctorRequest(subject=str(place.notebook), project=place.project))
    return tuple(
        PanelCheck(
            id=finding.kind,
            level=_LEVELS[finding.level],
            text=f"{finding.what}. {finding.why}" if finding.why else finding.what,
            remedy=finding.fix,
            cell=finding.cell,
            line=finding.line,
        )
        for finding in diagnosis.findings
    )
