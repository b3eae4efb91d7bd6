"""Verify a bundle: replay it, here or in an environment rebuilt from its lock, and grade the result."""

from __future__ import annotations

import datetime
import time
from pathlib import Path
from typing import Literal

import msgspec

from pressrun.actions.bundle_room import pressed_injection, read_content, room_of
from pressrun.actions.capture import CaptureRequest, capture
from pressrun.actions.clean_room import Room, running
from pressrun.actions.exchange import OpenedBundle, open_bundle, store_of
from pressrun.actions.progress import Progress, Silent
from pressrun.actions.proof import Expected, Proof, prove
from pressrun.actions.runs import Run, without_outputs
from pressrun.actions.tracking import of_bundle, replayed, track, with_receipt
from pressrun.notebook.environment.rebuild import rebuild
from pressrun.notebook.package.model_check import check_model
from pressrun.notebook.package.tasks import tasks_for
from pressrun.notebook.read import read_notebook
from pressrun.notebook.replay.request import ReplayRequest, Trace
from pressrun.notebook.statcache import user_stat_cache
from pressrun.records.bundle import LOCK, OUTPUTS, PROJECT, SOURCE
from pressrun.records.capture import Capture
from pressrun.records.comparison import Grade, Receipt
from pressrun.records.digest import Digest, pretty_json
from pressrun.records.events import RunRecorded
from pressrun.records.outputs import ComparedOutputs
from pressrun.rules.cause import Case, explain
from pressrun.rules.compare.outputs import cells_from_compared
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.grade import at_least, grade
from pressrun.rules.varying import UNEQUAL, worst


class VerifyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What to verify.

    Attributes:
        bundle: a folder, an archive, or a name, digest or digest prefix in the project's store.
        project: the project whose store is meant, and where inputs that don't travel are looked for by default.
        inputs: another folder to look for them.
        rebuild: whether to run in an environment made from the lock instead of the current one.
        at_least: the grade that is enough; None asks for equal outputs.
        trace: whether every open of the kernel and its children is recorded from outside: ``auto`` where it works.
        sandbox: whether to run without network and with nothing readable but the bundle's inputs and the environment.
    """

    bundle: str
    project: Path
    inputs: Path | None = None
    rebuild: bool = False
    python: Path | None = None
    at_least: Grade | None = None
    timeout_s: float | None = None
    cell_timeout_s: float | None = None
    environment_names: tuple[str, ...] = ()
    trace: Trace = "auto"
    sandbox: bool = False


class Verified(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        enough: whether the grade that was asked for was reached and nothing that was compared differs.
        notes: about the environment: another release of Python, a cached environment that was made anew.
    """

    name: str
    content_digest: Digest
    receipt: Receipt
    enough: bool
    notes: tuple[str, ...] = ()


def verify(request: VerifyRequest, progress: Progress | None = None) -> Verified:
    """Replay a bundle and grade the result; the receipt is kept as evidence where the store knows the bundle.

    Raises:
        UsageError: there is no such bundle.
        BundleCorruptError: it is not what its manifest says.
        InputChangedError: an input is absent, or is not the one that was captured.
        EnvironmentRestoreError: the environment can't be rebuilt.
    """
    told = progress or Silent()
    with open_bundle(request.bundle, request.project) as opened:
        verification = _Verification(request, opened, told)
        verified = verification.verify()
        event = of_bundle(verification.event, opened.manifest)
    store, digest = store_of(request.project), ""
    if store.has(verified.content_digest):
        raw = pretty_json(verified.receipt)
        digest = store.add_evidence(verified.content_digest, "receipt", "receipt-verify.json", raw).digest
    problem = track(request.project, with_receipt(event, verified.receipt, digest))
    return msgspec.structs.replace(verified, notes=(*verified.notes, problem)) if problem else verified


class _Verification:
    """One verification of an opened bundle."""

    def __init__(self, request: VerifyRequest, opened: OpenedBundle, progress: Progress) -> None:
        self._request = request
        self._opened = opened
        self._folder = opened.folder
        self._manifest = opened.manifest
        self._progress = progress
        self._started = time.monotonic()
        self.event: RunRecorded

    def verify(self) -> Verified:
        stored: ComparedOutputs = read_content(self._opened, OUTPUTS, ComparedOutputs)
        notebook = read_notebook(self._folder / SOURCE)
        python, notes = self._environment()
        replay = ReplayRequest(
            notebook=self._folder / SOURCE,
            output=self._folder / SOURCE,  # set anew for each run
            injection=pressed_injection(self._opened),
            python=python,
            timeout_s=self._request.timeout_s,
            cell_timeout_s=self._request.cell_timeout_s,
            environment_names=self._request.environment_names,
            trace=self._request.trace,
            tasks=tasks_for(notebook.cells),
        )
        place, sandbox = self._request.inputs or self._request.project, self._request.sandbox
        room = room_of(self._opened, place, replay, self._progress, sandbox=sandbox)
        captures: list[Capture] = []

        def run_once(number: int) -> Run:
            where = "the rebuilt environment" if self._request.rebuild else "the current environment"
            self._progress.stage(f"Replaying in {where}" + (", once more" if number > 1 else ""))
            with running(room, self._progress) as run:
                if number == 1 and run.replay.ok and not self._request.rebuild:
                    captures.append(self._captured(run, room))
                cells = without_outputs(run.cells, stored.varying)
                values = tuple(v for v in run.values if v.name not in stored.varying_values)
                return msgspec.structs.replace(run, cells=cells, values=values)

        settings = CompareSettings(same_environment=True, tolerance=stored.tolerance)
        proof = prove(Expected(cells=cells_from_compared(stored), values=stored.values), run_once, settings)
        self.event = msgspec.structs.replace(
            replayed(self._manifest.name, proof.run.replay, proof.run.values), what="verify"
        )
        proof = self._with_models(proof, python)
        case = Case(
            expected=self._capture_of_press(),
            found=captures[0] if captures else None,
            second=proof.second,
            cells=notebook.cells,
        )
        receipt = self._receipt(proof, case, stored.varying)
        return Verified(
            name=self._manifest.name,
            content_digest=self._manifest.content_digest,
            receipt=receipt,
            enough=self._enough(receipt),
            notes=notes,
        )

    def _environment(self) -> tuple[Path | None, tuple[str, ...]]:
        if not self._request.rebuild:
            return self._request.python, ()
        self._progress.stage("Rebuilding the environment from the lock")
        rebuilt = rebuild(self._folder / LOCK, python=str(self._request.python or ""), full_check=True)
        return rebuilt.python, rebuilt.notes

    def _captured(self, run: Run, room: Room) -> Capture:
        """Capture the current environment, to tell a changed package from a changed result."""
        folder = Path(run.replay.observation.working_directory)
        request = CaptureRequest(
            path=folder / room.name,
            project=folder,
            notebook=read_notebook(self._folder / SOURCE),
            replay=run.replay,
            python=self._request.python,
        )
        with user_stat_cache() as cache:
            return capture(request, self._progress, cache)

    def _capture_of_press(self) -> Capture | None:
        for piece in self._manifest.evidence:
            if piece.kind == "capture":
                return msgspec.json.decode((self._folder / piece.path).read_bytes(), type=Capture)
        return None

    def _with_models(self, proof: Proof, python: Path | None) -> Proof:
        """Load the bundle's models in a fresh process of the rebuilt environment and predict on their samples."""
        folders = sorted({Path(f.path).parent.as_posix() for f in self._manifest.content.files if f.role == "model"})
        if proof.comparison is None or python is None or not self._request.rebuild or not folders:
            return proof
        self._progress.stage("Loading models in a fresh process")
        paths = (self._folder / PROJECT, self._folder / PROJECT / self._manifest.entry)
        loaded = (check_model(self._folder / folder, python=python, import_paths=paths) for folder in folders)
        values = (*proof.comparison.values, *loaded)
        comparison = msgspec.structs.replace(
            proof.comparison, values=values, sameness=worst(proof.comparison.outputs, values)
        )
        return msgspec.structs.replace(proof, comparison=comparison)

    def _receipt(self, proof: Proof, case: Case, varying: tuple[int, ...]) -> Receipt:
        replay, comparison = proof.run.replay, proof.comparison
        where: Literal["rebuilt", "current"] = "rebuilt" if self._request.rebuild else "current"
        failed = () if replay.failure is None else (f"{replay.failure.verdict}: {replay.failure.message}",)
        return Receipt(
            subject=self._manifest.content_digest,
            grade=grade(completed=replay.ok, environment=where, comparison=comparison),
            environment=where,
            against="bundle",
            verdict=replay.verdict,
            comparison=comparison,
            difference=explain(comparison, case) if comparison else None,
            varying=tuple(sorted({*varying, *proof.varying})),
            masks=comparison.masks if comparison else (),
            notes=failed,
            created=datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
            duration_s=time.monotonic() - self._started,
            coverage=replay.observation.coverage,
            hermetic=replay.hermetic,
            sandbox=replay.sandbox,
        )

    def _enough(self, receipt: Receipt) -> bool:
        if self._request.at_least is not None:
            return at_least(receipt.grade, self._request.at_least)
        return receipt.comparison is not None and receipt.comparison.sameness not in UNEQUAL
