"""Facts from receipts and from the notebook as it was saved: what replays showed.

A receipt that cannot be read may be the one that says that something is wrong. So as long as one is unreadable, nothing
is told about replays at all.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from pressrun.records.comparison import GRADES
from pressrun.rules.evidence.documents import BundleDocuments, Document, Gathered, inside, text, truth
from pressrun.rules.hidden_state import count_findings
from pressrun.rules.randomness import unseeded_draws
from pressrun.rules.timestamps import seconds_of

NAMES = (
    "outputs.saved_same", "randomness.settled", "replay.completed", "replay.duration_s", "replay.grade",
    "replay.hermetic", "replay.rebuilt", "replay.same",
)  # fmt: skip
_SAME = {"identical", "normalised", "within-tolerance"}
_SAMENESS = {*_SAME, "different", "missing", "extra", "not-compared"}
_AGAINST = {"saved-outputs", "bundle", "second-run", "nothing"}


def replayed(documents: BundleDocuments, found: Gathered) -> None:
    """Add what the receipts and the saved notebook say.

    Args:
        documents: of the bundle.
        found: facts and gaps are added to it.
    """
    problem = _problem(documents)
    if problem:
        found.lack(NAMES, problem)
    else:
        _receipts(sorted(documents.receipts, key=_order), found)
    _source(documents, found, believed=not problem)


def _order(receipt: Document) -> tuple[float, str]:
    return seconds_of(str(receipt.at("created"))) or 0.0, receipt.path


def _problem(documents: BundleDocuments) -> str:
    """Return why the receipts cannot be believed as a whole; empty where they can."""
    for path, problem in documents.problems.items():
        if path.startswith("evidence/receipt"):
            return f"{path}: {problem}; as long as a receipt is unreadable, nothing is told about replays"
    if not documents.receipts:
        return documents.why("evidence/receipt", "receipt")
    for receipt in documents.receipts:
        if lacking := _lacking(receipt, documents.manifest.content_digest):
            return f"{receipt.path}: {lacking}; as long as a receipt is unreadable, nothing is told about replays"
    return ""


def _lacking(receipt: Document, subject: str) -> str:
    if receipt.at("subject") != subject:
        return "it is not about this bundle"
    for key, known in (("grade", GRADES), ("environment", ("current", "rebuilt")), ("against", tuple(_AGAINST))):
        if receipt.at(key) not in known:
            return f"it does not say its {key}"
    if text(receipt.at("verdict")) is None or seconds_of(str(receipt.at("created"))) is None:
        return "it does not say its verdict, or when it was given"
    if not isinstance(receipt.root, dict) or "comparison" not in receipt.root:
        return "it does not say what was compared"
    comparison = receipt.at("comparison")
    if comparison is not None and inside(comparison, "sameness") not in _SAMENESS:
        return "it does not say how equal the results were"
    if comparison is not None and "difference" not in receipt.root:
        return "it does not say what differed"
    return ""


def _receipts(receipts: Sequence[Document], found: Gathered) -> None:
    runs = [receipt for receipt in receipts if receipt.at("against") != "saved-outputs"]
    compared = [run for run in runs if run.at("against") in {"bundle", "second-run"}]
    rebuilt = [run for run in runs if run.at("environment") == "rebuilt"]
    saved = [receipt for receipt in receipts if receipt.at("against") == "saved-outputs"]
    _last(found, "replay.grade", runs, lambda run: text(run.at("grade")), "no replay was recorded")
    _last(found, "replay.completed", runs, _completed, "no replay was recorded")
    _last(found, "replay.rebuilt", rebuilt, _completed, "no replay in an environment rebuilt from the lock is recorded")
    _last(found, "replay.same", compared, _same, "no replay was compared with another run")
    _last(found, "randomness.settled", compared, _settled, "no replay was compared with another run")
    _last(found, "outputs.saved_same", saved, _same, "no outputs were saved in the notebook, or they were not compared")
    _last(found, "replay.duration_s", runs, _duration, "no replay says how long it took")
    closed = [run for run in runs if truth(run.at("hermetic"))]
    _last(found, "replay.hermetic", closed or runs, lambda run: truth(run.at("hermetic")), "no replay says so")


def _last(
    found: Gathered,
    name: str,
    receipts: Sequence[Document],
    value: Callable[[Document], str | bool | float | None],
    why: str,
) -> None:
    if not receipts:
        found.add(name, None, why=why)
        return
    last = receipts[-1]
    where = f"in the {last.at('environment')} environment" if text(last.at("environment")) else ""
    found.add(name, value(last), last, why=why, at=str(last.at("created")), note=where)


def _completed(run: Document) -> bool:
    return bool(run.at("verdict") == "completed")


def _same(run: Document) -> bool | None:
    """Whether results were equal; a run that did not reach its end was not, and one without a comparison is unknown."""
    if not _completed(run):
        return False
    sameness = run.at("comparison", "sameness")
    return None if sameness is None or sameness == "not-compared" else sameness in _SAME


def _duration(run: Document) -> float | None:
    seconds = run.at("duration_s")
    return float(seconds) if isinstance(seconds, (int, float)) and not isinstance(seconds, bool) and seconds else None


def _settled(run: Document) -> bool | None:
    """Whether two runs agreed; cells that vary were found by running twice, are declared, and are left out."""
    return _same(run)


def _source(documents: BundleDocuments, found: Gathered, *, believed: bool) -> None:
    source = documents.source
    if source is None:
        why = documents.why("source.ipynb", "notebook that can be read")
        found.lack(("checks.declared", "hidden_state.none", "leakage.none_seen", "seeds.fixed"), why)
        return
    draws = unseeded_draws(source.cells)
    note = "; ".join(f"cell {draw.cell}: {draw.code}" for draw in draws[:3])
    found.add("seeds.fixed", not draws, source.digest, why="", note=note)
    suspects = source.leakage
    clean = None if suspects is None else not suspects
    why = "a cell of the notebook is no Python that can be looked through"
    found.add("leakage.none_seen", clean, source.digest, why=why, note="; ".join(suspects or ())[:200])
    declared = [cell.declaration for cell in source.cells if cell.declaration is not None]
    checks = [item.name or "" for item in declared if item.kind == "check"]
    found.add("checks.declared", checks, source.digest, why="")
    if not believed:
        found.add("hidden_state.none", None, why=f"{NAMES[0]} is not known, nor how the notebook replays")
        return
    _hidden_state(documents, found)


def _hidden_state(documents: BundleDocuments, found: Gathered) -> None:
    """Tell whether what was saved is what a clean run gives, or at least what cells run in order can give."""
    source = documents.source
    assert source is not None
    saved = [receipt for receipt in documents.receipts if receipt.at("against") == "saved-outputs"]
    last = max(saved, key=_order, default=None)
    findings = count_findings(source.cells)
    completed = found.values.get("replay.completed")
    ran = completed.value if completed is not None else None
    seen = (source.digest,) if last is None else (source.digest, last.digest)
    if ran is not True:
        found.add("hidden_state.none", False if ran is False else None, *seen, why="no replay reached its end")
    elif last is not None and last.at("difference", "cause") == "hidden-state":
        found.add("hidden_state.none", False, *seen, why="", note="a saved output is one that no clean run gives")
    elif last is not None and _same(last):
        found.add("hidden_state.none", True, *seen, why="", note="a clean run gave the saved outputs")
    else:
        outputs = any(cell.outputs for cell in source.cells)
        note = "; ".join(findings[:2]) if outputs else "the notebook was saved without outputs"
        found.add("hidden_state.none", not (outputs and findings), *seen, why="", note=note)
