"""All families of rules, joined: what to ask of the surroundings, and what is found."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from pressrun.records.findings import LEVELS, Finding
from pressrun.rules.doctor import (
    clock,
    environment,
    imports,
    leakage,
    names,
    network,
    order,
    outputs,
    pandas_changes,
    paths,
    pickles,
    randomness,
    secrets,
    silence,
    syntax,
)
from pressrun.rules.doctor.analysed import AnalysedNotebook, Questions, Surroundings

Family = Callable[[AnalysedNotebook, Surroundings], Iterator[Finding]]

FAMILIES: tuple[Family, ...] = (
    names.undefined_names,
    order.execution_counts,
    outputs.saved_errors,
    outputs.stale_outputs,
    outputs.large_outputs,
    syntax.unparsable_cells,
    paths.missing_files,
    paths.machine_paths,
    paths.outside_paths,
    randomness.unseeded_randomness,
    randomness.unseeded_plots_and_names,
    clock.clock_dependence,
    clock.locale_dependence,
    network.network_reads,
    environment.installs,
    environment.environment_writes,
    environment.working_directory,
    environment.import_paths,
    environment.unchecked_commands,
    environment.missing_programs,
    imports.missing_imports,
    imports.missing_members,
    imports.removed_soon,
    imports.removed_parts,
    imports.foreign_imports,
    imports.unpinned_imports,
    pickles.notebook_objects_pickled,
    leakage.fitted_before_split,
    leakage.fitted_on_test,
    leakage.target_among_features,
    pandas_changes.chained_changes,
    secrets.secrets,
)


def questions_of(notebook: AnalysedNotebook) -> Questions:
    """Return what the rules want to know of a notebook's surroundings."""
    return Questions(
        modules=imports.modules_imported(notebook),
        members=imports.members_imported(notebook),
        paths=paths.paths_to_look_for(notebook),
        programs=environment.programs_started(notebook),
        sources={cell.index: cell.cell.body for cell in notebook.run if cell.error is not None},
    )


def diagnose(notebook: AnalysedNotebook, around: Surroundings) -> tuple[Finding, ...]:
    """Return everything that is found, the gravest first, then in the notebook's order; each once."""
    every = [finding for family in FAMILIES for finding in family(notebook, around)]
    every += silence.unknown_kinds(notebook.every)
    return in_order(every)


def in_order(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Return findings once each, the gravest first, then in the notebook's order."""

    def key(finding: Finding) -> tuple[int, int, int, str]:
        cell = finding.cell if finding.cell is not None else 1 << 30
        return LEVELS.index(finding.level), cell, finding.line or 0, finding.kind

    unique = {(f.kind, f.cell, f.line, f.what): f for f in findings}
    return tuple(sorted(unique.values(), key=key))
