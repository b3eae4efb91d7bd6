"""The pipeline as a program that was run: one function a step where a run proves it equal, else linear."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from pressrun.actions.clean_room import project_files
from pressrun.actions.pieces import Pressed, Program
from pressrun.actions.press import module_files, references
from pressrun.actions.progress import Progress
from pressrun.actions.runs import without_outputs
from pressrun.errors import CannotRestoreError
from pressrun.notebook.package.pipeline import PipelineSource, Structure, write_pipeline
from pressrun.notebook.package.plain_cells import Pressed as PressedValues
from pressrun.notebook.package.results import cells_from_results, read_results, text_only
from pressrun.notebook.package.runtime import RUNTIME_FILE
from pressrun.notebook.replay.request import HASH_SEED
from pressrun.notebook.secrets import blotter_for, references_in
from pressrun.notebook.statcache import user_stat_cache
from pressrun.notebook.workplace import lay_out
from pressrun.records.bundle import PIPELINE, PROJECT
from pressrun.records.comparison import Comparison
from pressrun.rules.compare.notebooks import compare_cells
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.varying import UNEQUAL, unequal_cells

TIMEOUT_S = 24 * 3600
_STRUCTURES: tuple[Structure, ...] = ("functions", "linear")


def press_program(pressed: Pressed, place: Path, progress: Progress) -> Program:
    """Write the program, run it in the rebuilt environment, and keep the better structure that gives the same results.

    Args:
        pressed: the runs so far.
        place: temporary folder.
        progress: told of bytes digested.

    Raises:
        CannotRestoreError: the program fails there in either structure.
    """
    notes: list[str] = []
    failure = ""
    program: Program | None = None
    for structure in _STRUCTURES:
        source = _written(pressed, structure)
        if source.structure != structure:
            continue  # the dataflow doesn't allow functions; the linear program is next
        comparison, failure = _run(pressed, source, place / f"program-{structure}", progress)
        if comparison is None:
            notes.append(f"the pipeline with {_words(structure)} fails: {failure}")
            continue
        if comparison.sameness not in UNEQUAL:
            return Program(source=source, notes=(*_told(structure, notes), *source.notes))
        cells = ", ".join(map(str, unequal_cells(comparison)))
        notes.append(f"the pipeline with {_words(structure)} shows something else than the notebook in cells {cells}")
        program = Program(source=source, notes=(*notes, *source.notes), comparison=comparison)
    if program is None:
        raise CannotRestoreError(
            f"the notebook runs and its pipeline does not: {failure}",
            where=str(pressed.source.path),
            remedy="Declare the cells that only explore as `skip`, or replace the magics that it names by Python.",
        )
    return program


def _told(structure: Structure, notes: list[str]) -> tuple[str, ...]:
    return () if structure == "functions" else tuple(f"pipeline.py is linear: {note}" for note in notes)


def _words(structure: Structure) -> str:
    return "one function a step" if structure == "functions" else "cells one after the other"


def _written(pressed: Pressed, structure: Structure) -> PipelineSource:
    objects = {
        task.name.partition(":")[2]: str(task.value["object"])
        for task in pressed.run.replay.tasks
        if task.name.startswith("model:") and not task.error
    }
    source = pressed.source
    return write_pipeline(
        source.notebook,
        source.inspection,
        structure=structure,
        entry=source.entry,
        pressed=PressedValues(injection=source.injection, environment=HASH_SEED, model_objects=objects),
    )


def _run(pressed: Pressed, source: PipelineSource, place: Path, progress: Progress) -> tuple[Comparison | None, str]:
    """Run the program as a user would; return how its results compare, or the last line of what it said."""
    with user_stat_cache() as cache:
        files = project_files(
            references(pressed.capture),
            pressed.source.project,
            module_files(pressed.capture, pressed.source.project),
            cache,
            progress,
        )
    lay_out(place / PROJECT, files)
    (place / PROJECT / pressed.source.entry).mkdir(parents=True, exist_ok=True)
    (place / PIPELINE).write_text(source.text, encoding="utf-8")
    (place / RUNTIME_FILE).write_text(source.runtime, encoding="utf-8")
    results = place / "results.json"
    command = [str(pressed.locked.environment.python), PIPELINE, "--results", str(results)]
    done = subprocess.run(
        command,
        cwd=place,
        env=_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        errors="replace",
        timeout=TIMEOUT_S,
        check=False,
    )
    if done.returncode != 0:
        blotter = blotter_for(references_in([pressed.source.injection]), os.environ)
        said = [line for line in blotter.blot_text(done.stderr).splitlines() if line.strip()]
        return None, said[-1] if said else f"exit status {done.returncode}"
    found = cells_from_results(pressed.source.notebook, read_results(results))
    expected = text_only(pressed.run.cells)
    if pressed.proof is not None:
        expected, found = (without_outputs(cells, pressed.proof.varying) for cells in (expected, found))
    settings = CompareSettings(same_environment=True, folders=(str(pressed.source.project), str(place / PROJECT)))
    return compare_cells(expected, found, settings=settings), ""


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "VIRTUAL_ENV"))}
    return kept | HASH_SEED
