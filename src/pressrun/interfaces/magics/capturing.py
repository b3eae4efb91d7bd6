"""Captures registered cells: watches them run, digests what they used, keeps their receipts and shows them.

Loaded when the first cell is registered. What may take long is done by two workers, one that reads files and one that
writes the sidecar; a cell waits for each of them for `WAIT_S` and is then told what is still to come. A cell that used
no file needs no worker. Whether the sidecar can be written is learnt with the first receipt; those that follow are
taken, and written together within `STORE_DELAY_S`; when that fails, the next receipt is written at once and tells.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from pressrun.errors import PressrunError, near_match
from pressrun.interfaces.magics.coverage import Coverages
from pressrun.interfaces.magics.digests import Digester, pending
from pressrun.interfaces.magics.ledger import Ledger
from pressrun.interfaces.magics.leftovers import remove_leftovers
from pressrun.interfaces.magics.place import Place, find_place, parent_environment
from pressrun.interfaces.magics.receipt_view import bundle_of
from pressrun.interfaces.magics.receipts import Circumstances, Looked, compared, make_receipt, not_stored, with_digests
from pressrun.interfaces.magics.values import is_code
from pressrun.interfaces.magics.watching import Seen, Watching
from pressrun.interfaces.magics.workers import Failed, Job, Worker
from pressrun.notebook.dataflow import cell_flow
from pressrun.notebook.declaration_lines import COMMANDS, declaration_lines
from pressrun.notebook.grammar import parse_declaration, parse_words
from pressrun.records.capture import FileAccess
from pressrun.records.cells import CellFlow, Declaration
from pressrun.records.digest import digest_text
from pressrun.records.live import CellReceipt, LiveFile
from pressrun.rules.live import label_of

if TYPE_CHECKING:
    from pressrun.interfaces.magics.session import Run, Session

WAIT_S: Final = 0.3
EXIT_WAIT_S: Final = 1.5  # below the guard's limit
STORE_DELAY_S: Final = 0.3  # what a kernel that is killed loses at most
RUNS: Final = "The cell runs, but is not registered."
REMEMBERED: Final = 64  # cells
LONGEST_REMEMBERED: Final = 100_000  # characters
LISTINGS: Final = frozenset({"os.listdir", "os.scandir"})


class Analysis(NamedTuple):
    """What the text of a registered cell tells."""

    declared: Declaration
    flow: CellFlow
    digest: str


class Capturing:
    """What a session needs once a cell is registered.

    Args:
        session: of the shell.
    """

    def __init__(self, session: Session) -> None:
        self._session = session
        self._guard = session.guard
        self.id = session.id
        self._place: Place | None = None
        self.watching = Watching(self._guard)
        self.digester = Digester(ipython_files(session.shell))
        self._coverages = Coverages()
        self.ledger = Ledger(self.place)
        self._guard.work.update(
            watch=lambda: self.digester.begin_watch(self.place()),
            drain=lambda accesses: self.digester.unseen(accesses, self.place()),
            digest=lambda accesses: self.digester.files(accesses, self.place()),
            late=self._digested_late,
            load=self.ledger.load,
            store=lambda: self.ledger.store(self._reasons),
            display=self._show,
            close=self.digester.close,
            nothing=lambda: None,
            leftovers=remove_leftovers,
        )
        self.files = Worker("files", self._guard, self.watching.quiet_thread)
        self.keeper = Worker("sidecar", self._guard, self.watching.quiet_thread)
        self.files.submit("leftovers")
        self._loaded = self.keeper.submit("load")
        self._watched: dict[int, bool] = {}
        self._analyses: dict[tuple[str, str], Analysis] = {}
        self._parameters: set[str] = set()
        self._undeclared: dict[str, str] = {}
        self._reasons: tuple[str, ...] = ()
        self._faults_before = 0

    def place(self) -> Place:
        """Return where the kernel works; asks the file system the first time, so only a worker calls this."""
        if self._place is None:
            session = self._session
            names = session.shell.user_ns
            self._place = find_place(session.folder, os.environ, names, parent_environment())
        return self._place

    def declaration_of(self, raw: str, words: str = "") -> tuple[Declaration | None, str]:
        """Return what a cell is declared to be; where that is wrong, say so in one line of the cell's own output.

        Args:
            raw: its source as typed.
            words: of its declaration where that is not in the source.
        """
        if (raw, words) in self._analyses:
            return self._analyses[raw, words].declared, ""
        try:
            if words:
                return parse_words(words, spelling="metadata"), ""
            declared, problem = parse_declaration(raw, {}, ()), _missing_body(raw)
        except PressrunError as error:
            declared, problem = None, " ".join(f"pressrun: {error} {RUNS}".split())
        if problem:
            print(problem, file=sys.stderr)  # noqa: T201  where the author looks
        return (None if problem else declared), problem

    def analysis_of(self, declared: Declaration, raw: str, words: str = "") -> Analysis:
        """Return what the text of a cell tells; of the cells that ran last it is remembered."""
        known = self._analyses.get((raw, words))
        if known is None:
            if len(self._analyses) >= REMEMBERED:
                self._analyses.clear()
            known = Analysis(declared, cell_flow(0, raw), digest_text(raw))
            if len(raw) <= LONGEST_REMEMBERED:
                self._analyses[raw, words] = known
        return known

    def begin(self, run: Run) -> None:
        """Watch a registered cell from now on."""
        self._faults_before = len(self._guard.faults)
        watched = self.files.is_idle() and self.digester.is_quiet()
        if watched:
            self.digester.forget_own()
        else:
            job = self.files.submit("watch")
            watched = job.is_done(WAIT_S) and job.result is not Failed
        self._watched[run.number] = watched
        self.watching.begin(run.number)

    def abandon(self, run: Run) -> None:
        """Forget a registered cell whose end was not told."""
        self.watching.end(run.number)
        self._watched.pop(run.number, None)

    def end(self, run: Run, result: Any, names: dict[str, int]) -> None:
        """Make, store and show the receipt of a registered cell that has run."""
        seen = self.watching.end(run.number)
        watched = self._watched.pop(run.number)
        facts = self._facts(run, result, names)
        looked, late = self._look(seen, watched)
        faults = len(self._guard.faults) > self._faults_before
        coverage = self._coverages.of(self.watching.recorder, seen, looked.unseen, watched=looked.watched)
        receipt = make_receipt(facts, seen, looked, coverage, faults=faults)
        self._loaded.is_done(WAIT_S)
        previous = self.ledger.previous(receipt)
        receipt = compared(receipt, previous)
        self._remember(receipt, names)
        why = self._store_soon()
        if late is not None:
            self.files.submit("late", late, receipt, previous)
        told = not_stored(receipt, why, self.ledger.unsaved(receipt)) if why else receipt
        self._session.note("captured", told)
        self._guard.run("display", told)

    def unregistered(self, run: Run, names: dict[str, int]) -> None:
        """Hear that a cell ran that is not registered; it may have been, before, or have removed names."""
        cell = str(getattr(run.info, "cell_id", None) or "")
        was = [receipt for receipt in self.ledger.capture.cells if cell and receipt.cell_id == cell]
        if was:
            self._undeclared[cell] = f"{label_of(was[0])} ran again without its declaration."
        if was or self._reasons != self.reasons(names):
            self._reasons = self.reasons(names)
            self.keeper.submit_soon(STORE_DELAY_S, "store")
            self._session.note("again")

    def partial(self) -> tuple[str, ...]:
        """Return why what is captured is not the capture of one whole run."""
        return self.ledger.partial(self._reasons)

    def reasons(self, names: dict[str, int]) -> tuple[str, ...]:
        """Return why the capture is partial, beyond what the receipts tell: names that are gone, cells undeclared."""
        told = list(self._undeclared.values())
        for receipt in self.ledger.capture.cells:
            gone = [name for name in receipt.defined if name not in names] if receipt.session == self.id else []
            told += [f"Names that {label_of(receipt)} defined are gone: {', '.join(gone[:8])}."] * bool(gone)
        return tuple(told)

    def loaded(self, wait_s: float) -> bool:
        """Wait until the captures of earlier sessions are read; tell whether they are."""
        return self._loaded.is_done(wait_s)

    def store(self, wait_s: float) -> str:
        """Write what is not written yet; return why it is not stored, empty when it is."""
        job = self.keeper.submit("store")
        if not job.is_done(wait_s):
            return "the sidecar is still being written"
        return "pressrun had a fault of its own" if job.result is Failed else str(job.result)

    def _store_soon(self) -> str:
        """Let the newest receipt be written soon; at once where nobody knows whether that will succeed."""
        if not self.ledger.is_proven:
            return self.store(WAIT_S)
        self.keeper.submit_soon(STORE_DELAY_S, "store")
        return ""

    def files_now(self, cells: Sequence[CellReceipt], wait_s: float) -> dict[str, LiveFile]:
        """Return path -> what each file that these cells read is now; those that take too long are left out."""
        place = self._place
        if place is None:
            return {}
        paths = {file.path for cell in cells for file in cell.files if file.digest and file.mode == "read"}
        accesses = [FileAccess(path=str(place.project / path), mode="read", cells=()) for path in sorted(paths)]
        job = self.files.submit("digest", accesses)
        found = job.result if job.is_done(wait_s) and job.result is not Failed else []
        return {file.path: file for file in found}

    def finish(self) -> None:
        """Give what is still to be written a moment, and leave no folder behind."""
        until = time.monotonic() + EXIT_WAIT_S
        for job in (self.keeper.submit("nothing"), self.files.submit("close")):
            job.is_done(max(until - time.monotonic(), 0.0))
        self.watching.close()

    def _look(self, seen: Seen, watched: bool) -> tuple[Looked, Job | None]:
        """Return what the worker finds of the files in time, and its job where that is not all."""
        watch = self.digester.watch
        watched = watched and watch is not None and watch.active
        if not seen.files and (not watched or self.digester.is_quiet()):
            return Looked(watched=watched, gaps=watched and bool(watch and watch.gaps)), None
        accesses = [access for access in seen.files if access.event not in LISTINGS]
        listed = [access.path for access in seen.files if access.event in LISTINGS]
        drained = self.files.submit("drain", accesses) if watched else None
        digested = self.files.submit("digest", accesses) if accesses else None
        in_time = digested is None or digested.is_done(WAIT_S)
        if drained is not None:
            drained.is_done(WAIT_S if in_time else 0.0)
        unseen = drained.result if drained is not None and drained.result is not Failed else ()
        place = self._place
        files: Sequence[Any] = ()
        if digested is not None and digested.result is not Failed:
            files = digested.result
        elif accesses:
            files = pending(accesses, place)
        looked = Looked(
            files=files,
            listed=[place.told(path) if place is not None else path for path in listed],
            unseen=unseen,
            watched=drained is not None and drained.result is not Failed,
            gaps=watched and bool(watch and watch.truncated),
        )
        return looked, None if in_time else digested

    def _facts(self, run: Run, result: Any, names: dict[str, int]) -> Circumstances:
        """Return what the session knows of the run: names it bound and used, and what they stand for."""
        assert run.declared is not None
        values = self._session.shell.user_ns
        analysis = self.analysis_of(run.declared, run.info.raw_cell, run.words)
        flow = analysis.flow
        bound = {name for name, identity in names.items() if run.before.get(name) != identity}
        bound |= {name for name in flow.defines if name in names}
        used = sorted(name for name in {*flow.uses, *flow.mutates} if name in run.before)
        origins = self._session.origins
        if run.declared.kind == "parameters":
            self._parameters |= bound
        given = [name for name in sorted({*used, *bound}) if name in self._parameters and name in values]
        return Circumstances(
            declared=run.declared,
            source=analysis.digest,
            cell_id=str(getattr(run.info, "cell_id", None) or ""),
            execution_count=run.count,
            failed=result is None or not result.success,
            began=run.began,
            session=self.id,
            defined=sorted(bound),
            uses=used,
            borrowed={n: origins[n] for n in used if origins.get(n) and n in values and not is_code(values[n])},
            parameters={name: values[name] for name in given if not is_code(values[name])},
            libraries=[values[name] for name in {*used, *bound} if name in values],
            modules=sys.modules,
        )

    def _remember(self, receipt: CellReceipt, names: dict[str, int]) -> None:
        self.ledger.add(receipt)
        self._undeclared.pop(receipt.cell_id, None)
        self._session.origins.update(dict.fromkeys(receipt.defined, ""))
        self._reasons = self.reasons(names)

    def _digested_late(self, job: Job, receipt: CellReceipt, previous: CellReceipt | None) -> None:
        """Put in the ledger what came after the receipt was shown; runs in the worker, after the job itself."""
        is_current = any(one.created == receipt.created for one in self.ledger.capture.cells)
        if job.result is not Failed and is_current:
            late = compared(with_digests(receipt, job.result), previous)
            self.ledger.add(late)
            self.keeper.submit_soon(STORE_DELAY_S, "store")
            self._session.tell("captured", late)

    def _show(self, receipt: CellReceipt) -> None:
        self._session.shell.display_pub.publish(data=bundle_of(receipt), metadata={"pressrun": {"receipt": True}})


def ipython_files(shell: Any) -> tuple[str, ...]:
    """Return how the paths begin of what IPython keeps for itself, its history first of all."""
    folder = getattr(getattr(shell, "profile_dir", None), "location", "")
    history = getattr(getattr(shell, "history_manager", None), "hist_file", "")
    paths = [str(folder) + os.sep if folder else "", str(history)]
    return tuple(found for path in paths if path for found in (path, os.path.realpath(path)))


def _missing_body(raw: str) -> str:
    """Return what to say of a cell that is a declaration and nothing else; empty when there is more."""
    lines = raw.split("\n")
    top = declaration_lines(lines)
    if any(line.strip() and not line.lstrip().startswith("#") for n, line in enumerate(lines) if n not in top):
        return ""
    hint = near_match(lines[top[0]].split()[-1], COMMANDS) if top else ""
    return f"pressrun: there is nothing below this line to register. {hint[:1].upper()}{hint[1:]}".strip()
