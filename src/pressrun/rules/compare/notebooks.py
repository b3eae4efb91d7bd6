"""Compare the outputs of two runs of a notebook."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from pressrun.records.cells import Cell
from pressrun.records.comparison import Comparison, OutputComparison, Sameness, ValueComparison
from pressrun.records.digest import canonical_json
from pressrun.rules.compare.align import CellPair, align_cells
from pressrun.rules.compare.masking import mask_text, needed, sum_masks
from pressrun.rules.compare.outputs import ERROR, STDERR, STDOUT, UNCOMPARED, Joined, is_blank, joined_outputs
from pressrun.rules.compare.protocol import Context, Verdict
from pressrun.rules.compare.registry import DEFAULT_REGISTRY, Registry, preferred_mimes
from pressrun.rules.compare.settings import CompareSettings
from pressrun.rules.compare.warnings import stderr_note
from pressrun.rules.sources import cell_facts

_ORDER: tuple[Sameness, ...] = ("identical", "normalised", "within-tolerance", "extra", "missing", "different")
_REASONS = {
    "timing-tag": "the cell is tagged timing",
    "profiler": "the output of a profiler is no result",
    "installer": "the output of a package installer is no result",
    "skip": "the cell is declared skip",
}


def compare_cells(
    expected: Sequence[Cell],
    found: Sequence[Cell],
    *,
    settings: CompareSettings | None = None,
    values: Sequence[ValueComparison] = (),
    registry: Registry = DEFAULT_REGISTRY,
) -> Comparison:
    """Compare every output of two runs.

    Args:
        expected: all cells of the one run, or what `cells_from_compared` restored from a bundle.
        found: all cells of the other run.
        settings: tolerances; None for the defaults.
        values: metrics and predictions already compared; they count in the verdict.
        registry: comparators by mime type.

    Returns:
        Outputs in the order of the expected notebook, and the worst sameness of all that was compared. A cell of
        `expected` that never ran claims nothing and is not compared.
    """
    chosen = settings or CompareSettings()
    e_facts, f_facts = cell_facts(expected), cell_facts(found)
    pairs = align_cells(expected, found)
    outputs: list[OutputComparison] = []
    new: list[int] = []
    restored = not any(cell.source for cell in expected if cell.type == "code")
    for pair in pairs:
        facts = frozenset[str]()
        if pair.expected is not None:
            facts |= e_facts[pair.expected.index]
        if pair.found is not None:
            facts |= f_facts[pair.found.index]
        context = Context(settings=chosen, facts=facts)
        compared = _PairComparison(pair, context, registry, restored=restored).compare()
        outputs += compared
        if pair.expected is None and (compared or not restored):  # a bundle does not keep cells without outputs
            new.append(pair.found_number)
    return Comparison(
        sameness=_worst([*outputs, *values]),
        outputs=tuple(outputs),
        values=tuple(values),
        masks=sum_masks(mask for output in outputs if output.mime != STDERR for mask in output.masks),
        unmatched_expected=tuple(p.expected_number for p in pairs if p.found is None),
        unmatched_found=tuple(new),
        changed_cells=tuple(p.expected_number for p in pairs if not p.same_code),
        same_environment=chosen.same_environment,
    )


def _worst(compared: Sequence[OutputComparison | ValueComparison]) -> Sameness:
    """Return the worst sameness; ``not-compared`` where nothing was compared although there was something."""
    results = [item for item in compared if not (isinstance(item, OutputComparison) and item.mime == STDERR)]
    ranks = [_ORDER.index(item.sameness) for item in results if item.sameness != "not-compared"]
    if not ranks:
        return "not-compared" if results else "identical"
    return _ORDER[max(ranks)]


class _PairComparison:
    """Compares the outputs of one pair of cells."""

    def __init__(self, pair: CellPair, context: Context, registry: Registry, *, restored: bool) -> None:
        self._pair = pair
        self._context = context
        self._registry = registry
        self._restored = restored
        self._left = joined_outputs(pair.expected.outputs if pair.expected else ())
        self._right = joined_outputs(pair.found.outputs if pair.found else ())

    def compare(self) -> list[OutputComparison]:
        """Return one comparison for each output of the two cells."""
        pair = self._pair
        uncompared = sorted(self._context.facts & UNCOMPARED)
        if uncompared:
            silent = self._restored or not (self._left.shown or self._right.shown)
            return [] if silent else [self._all_uncompared(_REASONS[uncompared[0]])]
        if pair.expected is not None and _never_ran(pair.expected) and self._right.shown:
            return [self._all_uncompared("the expected notebook holds no output of this cell: it never ran there")]
        compared = [
            comparison
            for position, (left, right) in enumerate(paired_outputs(self._left, self._right))
            if (comparison := self._one(position, left, right)) is not None
        ]
        return compared + self._stderr(len(compared))

    def _all_uncompared(self, reason: str) -> OutputComparison:
        shown = self._left.shown or self._right.shown
        return self._record(0, next(iter(shown[0])), Verdict(sameness="not-compared", reason=reason))

    def _record(self, position: int, mime: str, verdict: Verdict, comparator: str = "") -> OutputComparison:
        changed = not self._pair.same_code and verdict.sameness == "different"
        return OutputComparison(
            cell=self._pair.expected_number,
            found_cell=self._pair.found_number,
            output=position,
            mime=mime,
            sameness=verdict.sameness,
            comparator=comparator,
            reason=f"{verdict.reason}; the code of the cell changed" if changed else verdict.reason,
            expected=verdict.expected,
            found=verdict.found,
            relative_difference=verdict.relative_difference,
            ordering=verdict.ordering,
            masks=verdict.masks,
        )

    def _one(
        self, position: int, left: Mapping[str, Any] | None, right: Mapping[str, Any] | None
    ) -> OutputComparison | None:
        if left is None or right is None:
            return self._one_sided(position, left, right)
        as_text = not self._context.settings.same_environment
        e_mimes = preferred_mimes(left, self._registry, estimator_as_text=as_text)
        f_mimes = preferred_mimes(right, self._registry, estimator_as_text=as_text)
        mime = next((mime for mime in e_mimes if mime in f_mimes), None)
        if mime is None:
            reason = f"{e_mimes[0]} became {f_mimes[0]}"
            return self._record(position, e_mimes[0], Verdict(sameness="different", reason=reason))
        verdict = self._compared(mime, left[mime], right[mime])
        return self._record(position, mime, verdict, self._registry.for_mime(mime).name)

    def _one_sided(
        self, position: int, left: Mapping[str, Any] | None, right: Mapping[str, Any] | None
    ) -> OutputComparison | None:
        """Compare an output that only one side has; one that only tells the time counts as none."""
        bundle = left if left is not None else right
        assert bundle is not None
        mime = preferred_mimes(bundle, self._registry, estimator_as_text=False)[0]
        if is_blank(mime, self._registry.normalise(mime, bundle[mime], self._context).value):
            return None
        text = _excerpt(bundle, self._context.settings.excerpt_length)
        reason = self._why_one_sided(missing=left is not None)
        verdict = Verdict(
            sameness="missing" if left is not None else "extra",
            reason=reason,
            expected=text if left is not None else "",
            found="" if left is not None else text,
        )
        return self._record(position, mime, verdict)

    def _why_one_sided(self, *, missing: bool) -> str:
        if self._pair.found is None:
            return "the found notebook has no such cell"
        if self._pair.expected is None:
            return f"cell {self._pair.found_number} of the found notebook has no counterpart with outputs"
        if missing and _never_ran(self._pair.found):
            return "the cell never ran"
        return "the output is gone" if missing else "the output is new"

    def _compared(self, mime: str, left: Any, right: Any) -> Verdict:
        if _equal(left, right):
            return Verdict(sameness="identical")
        e_side = self._registry.normalise(mime, left, self._context)
        f_side = self._registry.normalise(mime, right, self._context)
        masks = needed(e_side.hits, f_side.hits)
        if _equal(e_side.value, f_side.value):
            return Verdict(sameness="normalised", masks=masks)
        verdict = self._registry.compare(mime, e_side.value, f_side.value, self._context)
        return Verdict(
            sameness=verdict.sameness,
            reason=verdict.reason,
            expected=verdict.expected,
            found=verdict.found,
            relative_difference=verdict.relative_difference,
            ordering=verdict.ordering,
            masks=sum_masks([*masks, *verdict.masks]),
        )

    def _stderr(self, position: int) -> list[OutputComparison]:
        """Compare what went to stderr; it never makes a notebook different."""
        left, right = self._left.stderr, self._right.stderr
        if left == right or self._restored:
            return []
        facts = self._context.facts | {"stderr"}
        e_side, f_side = (mask_text(text, facts=facts) for text in (left, right))
        masks = needed(e_side.hits, f_side.hits)
        if e_side.text == f_side.text:
            verdict = Verdict(sameness="normalised", masks=masks)
        else:
            verdict = Verdict(sameness="not-compared", reason=stderr_note(left, right), masks=masks)
        return [self._record(position, STDERR, verdict, "stderr")]


def _never_ran(cell: Cell) -> bool:
    return cell.execution_count is None and not cell.outputs


def _equal(left: Any, right: Any) -> bool:
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    return bool(canonical_json(left) == canonical_json(right))


def paired_outputs(left: Joined, right: Joined) -> list[tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]]:
    """Pair stdout with stdout, an error with an error, and the results in their order.

    `OutputComparison.output` is the position in this list.
    """
    kinds = []
    for kind in (STDOUT, "", ERROR):
        sides = [[o for o in side.shown if (next(iter(o)) if _is_own(o) else "") == kind] for side in (left, right)]
        longest = max(map(len, sides))
        padded = [[*side, *([None] * (longest - len(side)))] for side in sides]
        kinds += list(zip(padded[0], padded[1], strict=True))
    return kinds


def _is_own(output: Mapping[str, Any]) -> bool:
    return next(iter(output)) in {STDOUT, ERROR}


def _excerpt(bundle: Mapping[str, Any], length: int) -> str:
    for mime in (STDOUT, "text/plain"):
        if mime in bundle:
            text = " ".join(str(bundle[mime])[: 4 * length].split())
            return text if len(text) <= length else text[: length - 1] + "…"
    return next(iter(bundle))
