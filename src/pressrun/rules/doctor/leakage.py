"""Train/test leakage, where the order of the steps shows it: fit before split, fit on test, target among features.

A smell, not a proof: what is reported is that a value that was learned from all rows flows into a split of these rows.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import msgspec

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedCell, AnalysedNotebook, Surroundings
from pressrun.rules.doctor.columns import Columns, Frames
from pressrun.rules.doctor.events import Assignment, Call
from pressrun.rules.doctor.kinds import found

# steps that learn from the rows they are fitted on; encoders of categories and stateless steps are left out
_LEARNS = re.compile(
    r"^(?:sklearn\.preprocessing\.(?:StandardScaler|MinMaxScaler|RobustScaler|MaxAbsScaler|PowerTransformer|QuantileTransformer"
    r"|KBinsDiscretizer|TargetEncoder|Imputer)|sklearn\.impute\.\w+Imputer|sklearn\.decomposition\.\w+|sklearn\.feature_selection\.\w+"
    r"|sklearn\.feature_extraction\.text\.Tfidf\w+|category_encoders\.\w+|sklearn\.discriminant_analysis\.\w+|sklearn\.manifold\.\w+)\(\)"
)
_SPLIT = "sklearn.model_selection.train_test_split"
_RESAMPLERS = re.compile(r"^imblearn\.(?:over_sampling|under_sampling|combine)\.\w+\(\)\.fit_(?:resample|sample)$")
_TEST_NAME = re.compile(r"^[xX]_?test(?:_\w+)?$")
_ESTIMATOR = re.compile(r"^(?:sklearn|xgboost|lightgbm|catboost|imblearn)\.[\w.]+\(\)$")


class _Learned(msgspec.Struct, frozen=True):
    """Something fitted on rows: the call, the rows' names, and whether rows were made up or copied."""

    call: Call
    rows: frozenset[str]
    resampled: bool


def fitted_before_split(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find steps that are fitted on rows, or rows that are resampled, before those rows are split."""
    flow = _Flow()
    for cell in notebook.run:
        for event in cell.events:
            if event.place.function:
                continue
            if isinstance(event, Assignment):
                flow.assigned(event)
            elif isinstance(event, Call):
                yield from flow.called(event)


class _Flow:
    """Follows which learned values each variable holds."""

    def __init__(self) -> None:
        self.holds: dict[str, frozenset[int]] = {}
        self.fitted: dict[str, int] = {}
        self.learned: list[_Learned] = []
        self.made: dict[int, int] = {}
        self.split: set[str] = set()
        self.whole: set[str] = set()
        self.told: set[int] = set()

    def assigned(self, event: Assignment) -> None:
        """Let the targets hold what the value holds."""
        value = event.value
        held = self._held(value) if value is not None else frozenset()
        for target in event.targets:
            root = _root(target)
            if isinstance(target, ast.Name):
                self.holds[target.id] = held
                self.fitted.pop(target.id, None)
            elif isinstance(target, ast.Tuple | ast.List):
                self.holds.update(dict.fromkeys(event.names, held))
            elif root:
                self.holds[root] = self.holds.get(root, frozenset()) | held
        if (
            isinstance(value, ast.Call)
            and id(value) in self.made
            and event.names
            and "fit_" not in ast.unparse(value.func)
        ):
            self.fitted[event.names[0]] = self.made[id(value)]
        if isinstance(value, ast.Call) and _called(value) == "train_test_split":
            self.split |= set(event.names)

    def _held(self, value: ast.expr) -> frozenset[int]:
        if isinstance(value, ast.Call) and _called(value) == "train_test_split":
            return frozenset()
        found_: set[int] = set()
        for node in ast.walk(value):
            if isinstance(node, ast.Name):
                found_ |= self.holds.get(node.id, frozenset())
            if (
                isinstance(node, ast.Call)
                and id(node) in self.made
                and _called(node) in {"fit_transform", "fit_resample", "fit_sample", "resample"}
            ):
                found_.add(self.made[id(node)])
        return frozenset(found_)

    def called(self, call: Call) -> Iterator[Finding]:
        """Take in a fit, and judge a split or a transform after it."""
        owner = call.origin.rpartition(".")[0].removesuffix(".fit()")
        rows = _root(call.node.args[0]) if call.node.args else ""
        learns = bool(_LEARNS.match(owner)) and owner.count("()") == 1
        resamples = bool(_RESAMPLERS.match(call.origin)) or call.name == "sklearn.utils.resample"
        if rows and rows not in self.split and ((learns and call.last in {"fit", "fit_transform"}) or resamples):
            self.made[id(call.node)] = len(self.learned)
            if learns and isinstance(call.node.func, ast.Attribute) and isinstance(call.node.func.value, ast.Name):
                self.fitted[call.node.func.value.id] = len(self.learned)
            self.learned.append(_Learned(call, frozenset({rows}), resamples))
        elif learns and rows in self.split and isinstance(call.node.func, ast.Attribute):
            name = _root(call.node.func.value)
            if call.last in {"fit", "fit_transform"}:
                self.fitted.pop(name, None)  # fitted anew, on a part
            elif call.last == "transform" and name in self.fitted and self.learned[self.fitted[name]].rows & self.whole:
                yield from self._tell(self.fitted[name])
        if call.name == _SPLIT or call.last == "train_test_split":
            self.whole |= {_root(argument) for argument in call.node.args}
            held = frozenset[int]().union(*(self._held(argument) for argument in call.node.args))
            for number in sorted(held):
                yield from self._tell(number)

    def _tell(self, number: int) -> Iterator[Finding]:
        if number in self.told:
            return
        self.told.add(number)
        learned = self.learned[number]
        rows = ", ".join(sorted(learned.rows))
        if learned.resampled:
            what = f"{_name(learned.call)} resamples {rows} before the rows are split into training and test"
            yield found("leak-resample-before-split", what, at=learned.call.place.at, subject=rows)
        else:
            what = f"{_name(learned.call)} learns from all of {rows}, which is split into training and test afterwards"
            yield found("leak-fit-before-split", what, at=learned.call.place.at, subject=rows)


def fitted_on_test(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find estimators and steps that are fitted on the test part of a split."""
    tested: set[str] = set()
    for cell in notebook.run:
        for event in cell.events:
            if isinstance(event, Assignment):
                tested -= set(event.names)
                tested |= _test_parts(event)
            elif isinstance(event, Call) and event.last in {"fit", "fit_transform"} and event.node.args:
                first = event.node.args[0]
                name = _root(first) if isinstance(first, ast.Name | ast.Subscript) else ""
                owner = event.origin.rpartition(".")[0]
                is_step = bool(_LEARNS.match(owner)) and "sklearn.manifold" not in owner
                if (
                    name in tested
                    and (is_step or (event.last == "fit" and _ESTIMATOR.match(owner)))
                    and not _swapped(event, cell)
                ):
                    what = f"{_name(event)} is called on {name}, the test part of a split"
                    yield found("leak-fit-on-test", what, at=event.place.at, subject=name)
                elif is_step and _TEST_NAME.match(name) and event.last == "fit_transform":
                    what = f"{_name(event)} is called on {name}, which is named as a test part"
                    yield found("leak-fit-on-test", what, at=event.place.at, subject=name)


def _swapped(call: Call, cell: AnalysedCell) -> bool:
    """Whether the estimator predicts at once (``model.fit(X2, y2).predict(X1)``): the two halves change places."""
    if cell.tree is None:
        return False
    return any(isinstance(node, ast.Attribute) and node.value is call.node for node in ast.walk(cell.tree))


def _test_parts(event: Assignment) -> set[str]:
    """Return the names that hold the test parts: every second result of ``train_test_split``."""
    if not (isinstance(event.value, ast.Call) and _called(event.value) == "train_test_split"):
        return set()
    given = [argument for argument in event.value.args if not isinstance(argument, ast.Starred)]
    if len(event.names) != 2 * len(given):
        return set()
    # split twice, into training and test and then into training and validation: both second parts are held out
    return set(event.names[1::2])


def target_among_features(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find estimators that are given the target column as a feature."""
    frames = Frames()
    for cell in notebook.run:
        for event in cell.events:
            if event.place.function:
                continue
            if isinstance(event, Assignment):
                frames.assigned(event, notebook)
            elif isinstance(event, Call):
                frames.called(event)
                if (
                    event.last == "fit"
                    and len(event.node.args) >= 2
                    and _sees_all_columns(event.origin.rpartition(".")[0])
                ):
                    features, target = frames.of(event.node.args[0]), frames.of(event.node.args[1])
                    name = _target_seen(features, target)
                    if name:
                        what = f"the features hold the target column {name!r}"
                        yield found("leak-target-in-features", what, at=event.place.at, subject=name)


def _sees_all_columns(owner: str) -> bool:
    """Whether an estimator takes every column it is given; a pipeline may select some."""
    return bool(_ESTIMATOR.match(owner)) and not re.search(
        r"\.(?:pipeline|compose|model_selection|ensemble\.Stacking)", owner
    )


def _target_seen(features: Columns | None, target: Columns | None) -> str:
    if (
        features is None
        or target is None
        or features.frame != target.frame
        or target.only is None
        or len(target.only) != 1
    ):
        return ""
    (name,) = target.only
    return name if features.holds(name) else ""


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _root(node: ast.expr) -> str:
    while isinstance(node, ast.Attribute | ast.Subscript | ast.Starred):
        node = node.value
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _root(node.func.value)
    return node.id if isinstance(node, ast.Name) else ""


def _name(call: Call) -> str:
    text = ast.unparse(call.node.func)
    return text if len(text) <= 50 else f"….{call.last}"
