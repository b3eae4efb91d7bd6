"""Why the first output differs: the cause that the captures and the source support, with the evidence for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from pressrun.records.capture import Capture, Input
from pressrun.records.cells import Cell
from pressrun.records.comparison import Cause, Comparison, Difference, OutputComparison, ValueComparison
from pressrun.rules.compare.align import numbered_code_cells
from pressrun.rules.randomness import (
    SourceTrace,
    clock_reads,
    identity_calls,
    threaded_calls,
    unordered_sources,
    unseeded_draws,
)
from pressrun.rules.varying import REASON, UNEQUAL, unequal_cells, unequal_values

_MOST_NAMED = 4
_LAST_DIGITS = 1e-4  # relative; above, more than the order of additions differs


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is known about the two runs that were compared.

    Attributes:
        expected: capture of the run that gave the expected outputs; `found` likewise.
        second: comparison of two identical runs in one environment, where there was one.
        cells: cells of the notebook, with their source.
        expected_parameters: values that the expected run was given, None when unknown; `found_parameters` likewise.
    """

    expected: Capture | None = None
    found: Capture | None = None
    second: Comparison | None = None
    cells: tuple[Cell, ...] = ()
    expected_parameters: Mapping[str, Any] | None = None
    found_parameters: Mapping[str, Any] | None = None


_Found = tuple[Cause, tuple[str, ...]]


def explain(comparison: Comparison, case: Case) -> Difference | None:
    """Return the first difference in execution order, with its cause; None where nothing differs.

    Args:
        comparison: of the two runs; cells already left out as varying are explained when nothing else differs.
        case: what is known of the runs. What the captures show comes before what the source lets expect; a second run
            decides between nondeterminism and drift.
    """
    output = _first(comparison)
    if output is None:
        return _explain_value(comparison, case)
    varies = _varies(output.cell, case.second)
    cause, evidence = _cause(output, comparison, case, varies=varies)
    return Difference(
        cell=output.cell,
        output=output.output,
        expected=output.expected,
        found=output.found,
        cause=cause,
        evidence=(*evidence, *_reason(output.reason)),
        tested=varies is not None and cause in _TESTED_BY_SECOND_RUN,
    )


_TESTED_BY_SECOND_RUN = frozenset({"nondeterminism", "unseeded-randomness", "wall-clock", "ordering", "threads"})


def _reason(reason: str) -> tuple[str, ...]:
    return (f"the output: {reason}",) if reason and reason != REASON else ()


def _first(comparison: Comparison) -> OutputComparison | None:
    order = sorted(comparison.outputs, key=lambda o: (o.found_cell if o.found_cell >= 0 else o.cell, o.output))
    different = [output for output in order if output.sameness in UNEQUAL]
    return next(iter(different), None) or next((output for output in order if output.reason == REASON), None)


def _varies(cell: int, second: Comparison | None) -> bool | None:
    """Whether the cell differs between two identical runs; None when that was not tried."""
    return None if second is None else cell in unequal_cells(second)


def _cause(output: OutputComparison, comparison: Comparison, case: Case, *, varies: bool | None) -> _Found:
    upstream = _upstream(case.cells, output.cell)
    if varies:
        kind, evidence = _nondeterminism(output, upstream) or ("nondeterminism", ())
        return kind, ("two identical runs in one environment also differ in this cell", *evidence)
    steady = ("two identical runs in one environment agree in this cell",) if varies is False else ()
    changed = (
        _code_changed(output, comparison, case)
        or _parameters_changed(case)
        or _inputs_changed(output.cell, case)
        or _environment_changed(output, case)
    )
    if changed is not None:
        return changed[0], (*steady, *changed[1])
    if varies is None:
        supposed = _nondeterminism(output, upstream)
        if supposed is not None:
            return supposed
    if output.ordering:
        return "ordering", (*steady, "both hold the same elements in another order")
    return "unknown", (*steady, *_what_was_compared(case))


def _upstream(cells: Sequence[Cell], number: int) -> tuple[Cell, ...]:
    numbered = numbered_code_cells(cells)
    return tuple(msgspec.structs.replace(cell, index=index) for index, cell in numbered if index <= number)


def _what_was_compared(case: Case) -> tuple[str, ...]:
    if case.expected is None or case.found is None:
        return ("no capture of both runs: inputs and packages could not be compared",)
    return ("inputs, packages, Python and code are the same in both captures",)


def _code_changed(output: OutputComparison, comparison: Comparison, case: Case) -> _Found | None:
    changed = [cell for cell in comparison.changed_cells if cell <= output.cell]
    if changed:
        return "code-changed", (f"the code of cell {_listed(changed)} is not the same in both",)
    if output.sameness in {"missing", "extra"}:
        if output.found_cell < 0:
            return "code-changed", (f"cell {output.cell} is not in the found notebook",)
        if output.cell < 0:
            return "code-changed", (f"cell {output.found_cell} of the found notebook is not in the expected one",)
    before, after = case.expected, case.found
    if before is None or after is None:
        return None
    left, right = before.code.local_modules, after.code.local_modules
    modules = sorted(path for path in {*left, *right} if left.get(path) != right.get(path))
    if modules:
        return "code-changed", (f"local module {_listed(modules)} changed",)
    return None


def _parameters_changed(case: Case) -> _Found | None:
    left, right = case.expected_parameters, case.found_parameters
    if left is None or right is None or left == right:
        return None
    names = sorted(name for name in {*left, *right} if left.get(name) != right.get(name))
    return "parameters-changed", tuple(f"{n}: {left.get(n)!r} became {right.get(n)!r}" for n in names[:_MOST_NAMED])


def _inputs_changed(cell: int, case: Case) -> _Found | None:
    """An input that this cell or an earlier one read has another digest."""
    if case.expected is None or case.found is None:
        return None
    left, right = ({item.path: item for item in c.inputs} for c in (case.expected, case.found))
    evidence = []
    for path in sorted({*left, *right}):
        before, after = left.get(path), right.get(path)
        if before is not None and after is not None and before.digest == after.digest:
            continue
        if not _read_until(cell, before or after):
            continue
        expected, found = (item.digest if item else "not read" for item in (before, after))
        evidence.append(f"{path}: expected {expected}, found {found}")
    return ("input-changed", tuple(evidence[:_MOST_NAMED])) if evidence else None


def _read_until(cell: int, item: Input | None) -> bool:
    return item is not None and (not item.cells or min(item.cells) <= cell)


def _environment_changed(output: OutputComparison, case: Case) -> _Found | None:
    before, after = case.expected, case.found
    if before is None or after is None:
        return None
    packages = _changed_packages(before, after)
    pythons = (before.environment.python, after.environment.python)
    if pythons[0] != pythons[1]:
        return "python-changed", (f"Python {pythons[0]} became {pythons[1]}", *packages)
    if packages:
        return "package-changed", packages
    return _threads_changed(output, before, after)


def _changed_packages(before: Capture, after: Capture) -> tuple[str, ...]:
    """Return the packages whose version changed: those that the notebook imports, else what they depend on."""
    left, right = ({d.name: d.version for d in c.environment.distributions} for c in (before, after))
    changed = sorted(name for name in {*left, *right} if left.get(name) != right.get(name))
    imported = {*before.environment.imported, *after.environment.imported}
    lean = {*before.environment.lean, *after.environment.lean}
    named = [name for name in changed if name in imported] or [name for name in changed if name in lean or not lean]
    rest = f" and {len(named) - _MOST_NAMED} more" if len(named) > _MOST_NAMED else ""
    sentences = [f"{n} {left.get(n, 'absent')} became {right.get(n, 'absent')}" for n in named[:_MOST_NAMED]]
    return (*sentences[:-1], sentences[-1] + rest) if sentences else ()


def _threads_changed(output: OutputComparison, before: Capture, after: Capture) -> _Found | None:
    difference = output.relative_difference
    if difference is None or difference > _LAST_DIGITS:
        return None
    left, right = before.randomness.threads, after.randomness.threads
    names = sorted(name for name in {*left, *right} if left.get(name) != right.get(name))
    evidence = [f"{name}: {left.get(name, 'unset')} became {right.get(name, 'unset')}" for name in names]
    for what in ("cpu_count", "machine"):
        a, b = getattr(before.environment, what), getattr(after.environment, what)
        if a != b:
            evidence.append(f"{what.replace('_', ' ')}: {a} became {b}")
    if before.environment.cpu_features != after.environment.cpu_features:
        evidence.append("the processors have other instructions")
    return ("threads", (*evidence[:_MOST_NAMED], f"only digits after {difference:.1g} differ")) if evidence else None


def _nondeterminism(output: OutputComparison, upstream: Sequence[Cell]) -> _Found | None:
    """Return what in the source of this cell and those before it makes two runs differ."""
    own = clock_reads(upstream[-1:])
    draws, clocks, unordered = unseeded_draws(upstream), clock_reads(upstream), unordered_sources(upstream)
    if output.ordering and (unordered or not draws):
        return "ordering", ("both hold the same elements in another order", *_traced(unordered, "has no fixed order"))
    identities = identity_calls(upstream[-1:])
    if identities:
        return "nondeterminism", _traced(identities, "belongs to one process")
    if own and not draws:
        return "wall-clock", _traced(own, "asks for the present time")
    if draws:
        return "unseeded-randomness", _traced(draws, "draws without a seed")
    if clocks:
        return "wall-clock", _traced(clocks, "asks for the present time")
    threads = threaded_calls(upstream)
    difference = output.relative_difference
    if threads and difference is not None and difference <= _LAST_DIGITS:
        return "threads", _traced(threads, "runs in several threads")
    return None


def _traced(traces: Iterable[SourceTrace], what: str) -> tuple[str, ...]:
    nearest = list(traces)[-_MOST_NAMED:]
    return tuple(f"cell {trace.cell}: {trace.code} {what}" for trace in nearest)


def _listed(items: Sequence[object]) -> str:
    shown = ", ".join(str(item) for item in items[:_MOST_NAMED])
    return shown if len(items) <= _MOST_NAMED else f"{shown} and {len(items) - _MOST_NAMED} more"


def _explain_value(comparison: Comparison, case: Case) -> Difference | None:
    """Explain a metric or prediction that differs although every output agrees."""
    unequal = [v for v in comparison.values if v.sameness in UNEQUAL or v.reason == REASON]
    if not unequal:
        return None
    value: ValueComparison = unequal[0]
    last = max((number for number, _ in numbered_code_cells(case.cells)), default=0)
    stand_in = OutputComparison(
        cell=last,
        found_cell=last,
        output=0,
        mime=value.kind,
        sameness="different",
        relative_difference=value.relative_difference,
    )
    varies = None if case.second is None else value.name in unequal_values(case.second)
    cause, evidence = _cause(stand_in, comparison, case, varies=varies)
    return Difference(
        cell=-1,
        output=0,
        expected=f"{value.name} = {value.expected}",
        found=f"{value.name} = {value.found}",
        cause=cause,
        evidence=(*evidence, *_reason(value.reason)),
        tested=varies is not None and cause in _TESTED_BY_SECOND_RUN,
    )
