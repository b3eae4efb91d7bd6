"""Package a notebook: replay it, prove the result, write the bundle, keep it in the project's store."""

from __future__ import annotations

import datetime
import shutil
import tempfile
import time
from importlib import metadata
from pathlib import Path

import msgspec

from pressrun.actions.compare import find_comparators
from pressrun.actions.exchange import store_of
from pressrun.actions.pieces import Contents, Pressed, contents_of, evidence_of
from pressrun.actions.press import (
    Locked,
    PackageRequest,
    Source,
    captured,
    first_run,
    locked,
    proven,
    read_source,
)
from pressrun.actions.program import press_program
from pressrun.actions.progress import Progress, Silent
from pressrun.actions.proof import Proof
from pressrun.actions.runs import Run
from pressrun.actions.secret_gate import SecretGate
from pressrun.actions.tracking import of_bundle, replayed, track, with_receipt
from pressrun.errors import UsageError
from pressrun.notebook.package.models import finish_model
from pressrun.notebook.package.write import BundlePieces, EvidencePiece, add_evidence, assemble
from pressrun.notebook.secrets import is_reference, references_in
from pressrun.notebook.statcache import user_stat_cache
from pressrun.records.bundle import Manifest
from pressrun.records.capture import Capture, Coverage
from pressrun.records.comparison import Comparison, Difference, Receipt
from pressrun.records.digest import Digest, pretty_json
from pressrun.rules.cause import Case, explain
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.outputs import show_anything
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.grade import grade
from pressrun.rules.hidden_state import count_findings
from pressrun.rules.paths import name_problem
from pressrun.rules.varying import UNEQUAL, leave_out
from pressrun.store.folders import require_free

PRESS_RECEIPT = "receipt-press.json"


class Packaged(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        folder: where the bundle was written, empty when it is in the store alone.
        receipt: of the run in the rebuilt environment, or of the only run where no proof was wanted.
        saved: receipt of the comparison with the outputs saved in the notebook, None when there were none to compare.
        coverage: what the capture could see, and what could have been read unseen.
        structure: of the pipeline, ``functions`` or ``linear``.
        notes: sentences for the reader: what was left out, repacked, could not be seen.
    """

    name: str
    content_digest: Digest
    folder: str
    receipt: Receipt
    saved: Receipt | None
    coverage: Coverage
    structure: str
    notes: tuple[str, ...]
    manifest: Manifest

    @property
    def same(self) -> bool:
        """Whether nothing that was compared differs."""
        receipts = [self.receipt] if self.saved is None else [self.receipt, self.saved]
        return all(r.comparison is None or r.comparison.sameness not in UNEQUAL for r in receipts)


def package(request: PackageRequest, progress: Progress | None = None) -> Packaged:
    """Press a notebook.

    Args:
        request: what to press, and how.
        progress: told what happens.

    Raises:
        UsageError: the notebook, a declaration, a parameter or the destination is wrong.
        RefusedError: a secret would get into the bundle; nothing is written.
        NotebookFailedError: the notebook did not reach its end where its author works.
        CannotRestoreError: the environment can't be locked or rebuilt, or the notebook fails there; no bundle is
        written. ResultsDifferError: a model predicts something else in a fresh process.
    """
    told = progress or Silent()
    source = read_source(request)
    if problem := name_problem(source.name):
        raise UsageError(f"the name {source.name!r} is not allowed: {problem}", remedy="Give another one with --name.")
    if request.destination is not None:
        require_free(request.destination)
    references = references_in([source.injection])
    gate = SecretGate(source.notebook, source.project, request.allow_secrets, references)
    gate.check_notebook()
    with tempfile.TemporaryDirectory(prefix="pressrun-press-") as base:
        return _Press(request, source, Path(base), told, gate).press()


class _Press:
    """One press, stage by stage, in a temporary folder."""

    def __init__(
        self, request: PackageRequest, source: Source, place: Path, progress: Progress, gate: SecretGate
    ) -> None:
        self._gate = gate
        self._request = request
        self._source = source
        self._place = place
        self._progress = progress
        self._started = time.monotonic()

    def press(self) -> Packaged:
        run = first_run(self._request, self._source, self._place, self._progress)
        with user_stat_cache() as cache:
            seen = captured(self._source, run, self._request, self._progress, cache)
        seen, room = locked(seen, run, self._request, self._source, self._place, self._progress)
        proof = None
        if self._request.proof:
            proof = proven(self._source, run, seen, room, self._request, self._progress)
        pressed = self._finish(run, seen, room, proof)
        return self._write(pressed)

    def _finish(self, run: Run, seen: Capture, room: Locked, proof: Proof | None) -> Pressed:
        """Save the models and write the program, both proven in the rebuilt environment."""
        self._progress.stage("Loading models in a fresh process")
        paths = (self._source.project, self._source.path.parent)
        models = tuple(
            finish_model(task, python=room.environment.python, directory=self._place / "models", import_paths=paths)
            for task in run.replay.tasks
            if task.name.startswith("model:")
        )
        pressed = Pressed(source=self._source, run=run, capture=seen, locked=room, proof=proof, models=models)
        self._progress.stage("Writing the pipeline and running it")
        return msgspec.structs.replace(pressed, program=press_program(pressed, self._place, self._progress))

    def _write(self, pressed: Pressed) -> Packaged:
        self._progress.stage("Writing the bundle")
        contents = contents_of(pressed, self._request.inputs)
        folder = self._place / "bundle"
        manifest = assemble(_pieces(pressed, contents), folder)
        receipt = self._receipt(pressed, manifest.content_digest)
        saved = self._saved(pressed, manifest.content_digest)
        pieces = list(evidence_of(pressed, manifest, datetime.datetime.now(datetime.timezone.utc)))
        if saved is not None:
            pieces.append(EvidencePiece(name="receipt-saved.json", kind="receipt", content=pretty_json(saved)))
        pieces.append(EvidencePiece(name=PRESS_RECEIPT, kind="receipt", content=pretty_json(receipt)))
        for piece in pieces:
            manifest = add_evidence(folder, manifest, piece)
        passed = self._gate.check_folder(folder)
        if passed.allowed:
            allowed = pretty_json({"allowed": passed.allowed})
            manifest = add_evidence(folder, manifest, EvidencePiece(name="secrets.json", kind="other", content=allowed))
        manifest = store_of(self._source.project).add(folder)
        problem = self._track(pressed, manifest, receipt)
        if self._request.destination is not None:
            self._request.destination.parent.mkdir(parents=True, exist_ok=True)
            shutil.copytree(folder, self._request.destination, dirs_exist_ok=True)
        return Packaged(
            name=self._source.name,
            content_digest=manifest.content_digest,
            folder=str(self._request.destination or ""),
            receipt=receipt,
            saved=saved,
            coverage=pressed.capture.coverage,
            structure=pressed.program.source.structure if pressed.program else "linear",
            notes=(*contents.notes, *passed.notes, *([problem] if problem else [])),
            manifest=manifest,
        )

    def _track(self, pressed: Pressed, manifest: Manifest, receipt: Receipt) -> str:
        run = pressed.proof.run if pressed.proof is not None else pressed.run
        event = msgspec.structs.replace(replayed(manifest.name, run.replay, run.values), what="package")
        stored = next((piece.digest for piece in manifest.evidence if piece.path.endswith(PRESS_RECEIPT)), "")
        return track(self._source.project, with_receipt(of_bundle(event, manifest), receipt, stored))

    def _receipt(self, pressed: Pressed, subject: Digest) -> Receipt:
        proof = pressed.proof
        comparison = proof.comparison if proof else None
        program = pressed.program
        notes = tuple(program.notes) if program else ()
        return Receipt(
            subject=subject,
            grade=grade(completed=True, environment="rebuilt" if proof else "current", comparison=comparison),
            environment="rebuilt" if proof else "current",
            against="second-run" if proof else "nothing",
            verdict=pressed.run.replay.verdict,
            comparison=comparison,
            difference=self._difference(pressed, comparison) if comparison else None,
            varying=proof.varying if proof else (),
            masks=comparison.masks if comparison else (),
            notes=notes,
            created=_now(),
            duration_s=time.monotonic() - self._started,
            coverage=proof.run.replay.observation.coverage if proof else pressed.capture.coverage,
        )

    def _saved(self, pressed: Pressed, subject: Digest) -> Receipt | None:
        """Compare the author's run with the outputs that the notebook was saved with."""
        cells = self._source.notebook.cells
        if not self._request.saved or self._given() or not show_anything(cells):
            return None
        settings = CompareSettings(same_environment=False, folders=(str(self._source.project),))
        comparison = compare_cells(cells, pressed.run.cells, settings=settings, registry=find_comparators())
        if pressed.proof is not None:
            comparison = leave_out(comparison, pressed.proof.varying)
        return Receipt(
            subject=subject,
            grade=grade(completed=True, environment="current", comparison=comparison),
            environment="current",
            against="saved-outputs",
            verdict=pressed.run.replay.verdict,
            comparison=comparison,
            difference=self._hidden_state(self._difference(pressed, comparison)),
            masks=comparison.masks,
            created=_now(),
            coverage=pressed.capture.coverage,
        )

    def _given(self) -> bool:
        """Whether a value was given that the notebook was not saved with; its own references to secrets are none."""
        own = {parameter.name: parameter.value for parameter in self._source.inspection.parameters}
        return any(not is_reference(value) or own[name] != value for name, value in self._source.values.items())

    def _hidden_state(self, difference: Difference | None) -> Difference | None:
        """Say so where nothing else explains a saved output and the saved counts show another order of running."""
        findings = count_findings(self._source.notebook.cells)
        if difference is None or difference.cause != "unknown" or not findings:
            return difference
        return msgspec.structs.replace(difference, cause="hidden-state", evidence=(*findings, *difference.evidence))

    def _difference(self, pressed: Pressed, comparison: Comparison) -> Difference | None:
        second = pressed.proof.second if pressed.proof else None
        case = Case(found=pressed.capture, second=second, cells=self._source.notebook.cells)
        return explain(comparison, case)


def _pieces(pressed: Pressed, contents: Contents) -> BundlePieces:
    assert pressed.program is not None
    return BundlePieces(
        name=pressed.source.name,
        source=pressed.source.path.read_bytes(),
        notebook=contents.notebook,
        pipeline=pressed.program.source,
        lock=pressed.locked.lock.text,
        parameters=contents.parameters,
        outputs=contents.outputs,
        readme=contents.readme,
        project_root=pressed.source.project,
        modules=tuple(sorted(pressed.capture.code.local_modules)),
        inputs=contents.inputs,
        wheels=pressed.locked.lock.wheels,
        models=pressed.models,
        entry=pressed.source.entry,
        created_by=f"pressrun {metadata.version('pressrun')}",
    )


def _now() -> str:
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
