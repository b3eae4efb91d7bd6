"""Find what will break in production, in a notebook or a bundle; correct a copy of a notebook where that is plain."""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from pathlib import Path

import msgspec

from pressrun.actions.exchange import OpenedBundle, open_bundle
from pressrun.errors import UsageError, near_match
from pressrun.notebook.doctor.analyse import analyse_notebook
from pressrun.notebook.doctor.rewrite import corrected, write_copy
from pressrun.notebook.doctor.surroundings import look_around, secrets_in
from pressrun.notebook.project import find_project
from pressrun.notebook.read import cells_of, read_notebook
from pressrun.records.bundle import SOURCE
from pressrun.records.capture import Capture
from pressrun.records.cells import Notebook
from pressrun.records.comparison import Receipt
from pressrun.records.findings import Diagnosis, Finding, FixedCopy, Repair
from pressrun.rules.doctor.analysed import AnalysedNotebook, Surroundings, numbers
from pressrun.rules.doctor.bundles import bundle_findings
from pressrun.rules.doctor.diagnose import diagnose, in_order, questions_of
from pressrun.rules.doctor.edits import Edit, lines_changed
from pressrun.rules.doctor.excerpts import harmless, with_excerpts
from pressrun.rules.doctor.kinds import KIND_BY_NAME
from pressrun.rules.doctor.repairs import edits_for
from pressrun.rules.doctor.silence import silence

MOST_ROUNDS = 4  # of repairs: one that another stood in the way of is made in the next


class DoctorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to look at, and how.

    Attributes:
        subject: path of a notebook, or a bundle: a folder, an archive, or what the project's store knows it by.
        project: the project whose store is meant.
        python: the interpreter to look imports up in; default: the one a replay would take.
        ignored: kinds of findings that are only listed as silenced.
        fix: whether a corrected copy is written; `output`: where, default beside the notebook as ``NAME-fixed.ipynb``.
    """

    subject: str
    project: Path
    python: Path | None = None
    ignored: tuple[str, ...] = ()
    fix: bool = False
    output: Path | None = None


def doctor(request: DoctorRequest) -> Diagnosis:
    """Return what is wrong with a notebook or a bundle. Nothing of it is run.

    Raises:
        NotebookFormatError: the file is no notebook that pressrun can read.
        DeclarationError: a declaration in it is wrong.
        UsageError: a kind or the interpreter does not exist; the copy would overwrite something; a bundle is to
            be fixed.
        BundleCorruptError: the bundle is not what its manifest says.
    """
    _require_kinds(request.ignored)
    path = Path(request.subject)
    if path.suffix == ".ipynb" or (path.is_file() and _is_json(path)):
        return _of_notebook(path, request)
    if request.fix:
        raise UsageError(
            "a bundle is not changed", where=request.subject, remedy="Fix its notebook, and package it again."
        )
    with open_bundle(request.subject, request.project) as opened:
        return _of_bundle(opened, request)


def _is_json(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(64).lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")


def _require_kinds(kinds: Collection[str]) -> None:
    for kind in kinds:
        if kind not in KIND_BY_NAME:
            hint = near_match(kind, KIND_BY_NAME)
            raise UsageError(
                f"there is no kind of finding {kind!r}" + (f": {hint}" if hint else ""),
                remedy="`pressrun doctor --kinds` lists them.",
            )


class _Seen(msgspec.Struct):
    """A notebook with everything that was found."""

    analysed: AnalysedNotebook
    around: Surroundings
    diagnosis: Diagnosis


def _of_notebook(path: Path, request: DoctorRequest) -> Diagnosis:
    notebook = read_notebook(path)
    seen = _look(notebook, request)
    if not request.fix:
        return seen.diagnosis
    return msgspec.structs.replace(seen.diagnosis, fixed=_fix(path, notebook, seen, request))


def _look(notebook: Notebook, request: DoctorRequest) -> _Seen:
    analysed = analyse_notebook(notebook)
    project = find_project(Path(notebook.path))
    around = look_around(notebook, questions_of(analysed), project=project, python=request.python)
    findings = diagnose(analysed, around)
    return _Seen(analysed, around, _diagnosis(notebook, notebook.path, findings, around, request))


def _diagnosis(
    notebook: Notebook, name: str, findings: Sequence[Finding], around: Surroundings, request: DoctorRequest
) -> Diagnosis:
    left, silenced = silence(with_excerpts(findings, notebook.cells), notebook.cells, request.ignored)
    return Diagnosis(
        path=name,
        interpreter=around.interpreter,
        python=".".join(map(str, around.python or ())),
        findings=left,
        silenced=silenced,
        unchecked=around.unchecked,
    )


# -- the corrected copy


def _fix(path: Path, notebook: Notebook, seen: _Seen, request: DoctorRequest) -> FixedCopy:
    content = path.read_bytes()
    repairs: list[Repair] = []
    for _ in range(MOST_ROUNDS):
        edits = edits_for(seen.diagnosis.findings, seen.analysed, seen.around)
        if not edits:
            break
        repairs += [_repair(edit, notebook) for edit in edits]
        content = corrected(content, edits)
        notebook = msgspec.structs.replace(notebook, cells=cells_of(json.loads(content)))
        seen = _look(notebook, request)
    if not repairs:
        return FixedCopy(path="", remaining=seen.diagnosis.findings)
    output = request.output or path.with_name(f"{path.stem}-fixed.ipynb")
    write_copy(output, content, path)
    return FixedCopy(path=str(output), repairs=tuple(repairs), remaining=seen.diagnosis.findings)


def _repair(edit: Edit, notebook: Notebook) -> Repair:
    before, after = lines_changed(edit, notebook.cells[edit.cell].source)
    return Repair(
        kind=edit.kind,
        cell=edit.cell,
        line=edit.line,
        what=harmless(edit.what),
        before=harmless(before),
        after=harmless(after),
    )


# -- bundles


def _of_bundle(opened: OpenedBundle, request: DoctorRequest) -> Diagnosis:
    notebook = read_notebook(opened.folder / SOURCE)
    analysed = analyse_notebook(notebook)
    capture, receipt = _capture(opened), _receipt(opened)
    environment = capture.environment if capture is not None else None
    around = Surroundings(
        python=numbers(environment.python) if environment is not None else None,
        interpreter="",
        versions={d.name: d.version for d in environment.distributions} if environment is not None else {},
        pinned=None,
        secrets=secrets_in(notebook),
        bundle=True,
        unchecked=() if capture is not None else ("the bundle holds no capture: versions and reads are not known",),
    )
    seen_by = receipt.coverage if receipt is not None and receipt.coverage is not None else None
    coverage = seen_by or (capture.coverage if capture is not None else None)
    external = capture.external if capture is not None else ()
    hermetic = receipt is not None and receipt.hermetic
    findings = in_order([*diagnose(analysed, around), *bundle_findings(coverage, external, hermetic=hermetic)])
    unfixable = [msgspec.structs.replace(finding, fixable=False) for finding in findings]
    return _diagnosis(notebook, request.subject, unfixable, around, request)


def _capture(opened: OpenedBundle) -> Capture | None:
    for piece in opened.manifest.evidence:
        if piece.kind == "capture":
            try:
                return msgspec.json.decode((opened.folder / piece.path).read_bytes(), type=Capture)
            except msgspec.MsgspecError:
                return None  # of another version; said so in `unchecked`
    return None


def _receipt(opened: OpenedBundle) -> Receipt | None:
    found: list[Receipt] = []
    for piece in opened.manifest.evidence:
        if piece.kind == "receipt":
            try:
                found.append(msgspec.json.decode((opened.folder / piece.path).read_bytes(), type=Receipt))
            except msgspec.MsgspecError:
                continue
    return max(found, key=lambda receipt: receipt.created, default=None)
