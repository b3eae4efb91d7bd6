"""What in the source of a notebook makes two runs differ: random draws without a seed, sets, threads.

Told from syntax; a reason to look, not a proof. A proof is a second run (`pressrun.rules.cause`).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Sequence

import msgspec

from pressrun.records.cells import Cell
from pressrun.rules.sources import parsed

_GLOBAL_SEEDS = frozenset(
    {"seed", "manual_seed", "manual_seed_all", "set_seed", "set_random_seed", "seed_everything", "set_state"}
)
_DRAWS = frozenset(
    {
        "rand", "randn", "randint", "random", "random_sample", "normal", "uniform", "choice", "choices", "permutation",
        "shuffle", "binomial", "poisson", "exponential", "multivariate_normal", "standard_normal", "beta", "gamma",
        "logistic", "lognormal", "gauss", "sample", "randrange", "rvs", "rand_like", "randn_like", "randperm",
        "standard_t", "chisquare", "multinomial", "bootstrap", "resample", "uuid4", "token_hex", "triangular",
    }
)  # fmt: skip
_SEEDED_BY_ARGUMENT = frozenset({"random_state", "seed", "random_seed", "rng"})
_STOCHASTIC = re.compile(
    r"(?:RandomForest|ExtraTree|GradientBoosting|HistGradientBoosting|AdaBoost|Bagging|DecisionTree|MLP|SGD|IsolationForest|"
    r"RandomizedSearch|MiniBatch)\w*|KMeans|TSNE|UMAP|ShuffleSplit|StratifiedShuffleSplit|GroupShuffleSplit|Perceptron|"
    r"train_test_split|make_(?:blobs|classification|regression|moons|circles|s_curve|swiss_roll|friedman\d)|"
    r"LatentDirichletAllocation|permutation_importance|regplot|lmplot"
)
_SHUFFLED = frozenset({"KFold", "StratifiedKFold"})
_GENERATORS = frozenset({"default_rng", "RandomState", "Random", "Generator", "PRNGKey"})
_UNORDERED = frozenset({"set", "frozenset", "listdir", "glob", "iglob", "rglob", "iterdir", "scandir", "walk"})
_IDENTITY = frozenset({"id", "hash"})
_THREADS = frozenset({"n_jobs", "nthread", "n_threads", "num_threads", "thread_count", "num_workers", "workers"})
_CLOCK = frozenset(
    {
        "now", "utcnow", "today", "time", "time_ns", "perf_counter", "perf_counter_ns", "monotonic", "process_time",
        "default_timer", "ctime", "localtime", "gmtime", "asctime",
    }
)  # fmt: skip


class SourceTrace(msgspec.Struct, frozen=True):
    """One place in the source: the cell's index and the code found there."""

    cell: int
    code: str


def unseeded_draws(cells: Sequence[Cell]) -> tuple[SourceTrace, ...]:
    """Return the random draws that no seed was set for, in the order of the cells.

    A global seed (``np.random.seed(0)``) in the same or an earlier cell covers all later draws of the global
    generators; a ``random_state`` argument covers its own call. Generators made without a seed are never covered.
    """
    traces: list[SourceTrace] = []
    seeded = False
    for cell in cells:
        if cell.type != "code":
            continue
        for node in ast.walk(parsed(cell.body)):
            if not isinstance(node, ast.Call):
                continue
            name = _called(node)
            if name in _GLOBAL_SEEDS and node.args and not _is_none(node.args[0]):
                seeded = True
            elif _draws(node, name, seeded=seeded):
                traces.append(SourceTrace(cell.index, _code(node)))
    return tuple(traces)


def _called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _draws(node: ast.Call, name: str, *, seeded: bool) -> bool:
    if any(word.arg in _SEEDED_BY_ARGUMENT and not _is_none(word.value) for word in node.keywords):
        return False
    if name in _GENERATORS:
        return not node.args or _is_none(node.args[0])
    if name in {"uuid4", "token_hex"}:
        return True
    if seeded:
        return False
    if name in _SHUFFLED:
        return any(word.arg == "shuffle" and _is_true(word.value) for word in node.keywords)
    return _STOCHASTIC.fullmatch(name) is not None or (name in _DRAWS and _from_global_generator(node))


def _is_true(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is True


def _from_global_generator(node: ast.Call) -> bool:
    """Whether a draw is a method of a module, a distribution or a table, not of a generator with its own seed."""
    owner = node.func.value if isinstance(node.func, ast.Attribute) else None
    if owner is None:
        return True
    text = ast.unparse(owner)
    return not re.fullmatch(r"(?:self\.)?_?(?:rng|rs|gen|generator|random_state|prng|key)\w*", text)


def _code(node: ast.AST) -> str:
    text = ast.unparse(node)
    return text if len(text) <= 60 else text[:59] + "…"


def clock_reads(cells: Sequence[Cell]) -> tuple[SourceTrace, ...]:
    """Return the calls that ask for the present time, in the order of the cells."""
    return _traces(cells, lambda node: isinstance(node, ast.Call) and _called(node) in _CLOCK)


def unordered_sources(cells: Sequence[Cell]) -> tuple[SourceTrace, ...]:
    """Return the sets and folder listings, whose order may differ between runs."""

    def unordered(node: ast.AST) -> bool:
        return isinstance(node, (ast.Set, ast.SetComp)) or (isinstance(node, ast.Call) and _called(node) in _UNORDERED)

    return _traces(cells, unordered)


def identity_calls(cells: Sequence[Cell]) -> tuple[SourceTrace, ...]:
    """Return the calls of ``id`` and ``hash``, whose values belong to one process."""
    return _traces(cells, lambda n: isinstance(n, ast.Call) and isinstance(n.func, ast.Name) and n.func.id in _IDENTITY)


def threaded_calls(cells: Sequence[Cell]) -> tuple[SourceTrace, ...]:
    """Return the calls that ask for more than one thread, in the order of the cells."""

    def threaded(node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and any(
            word.arg in _THREADS and ast.unparse(word.value) not in {"1", "None"} for word in node.keywords
        )

    return _traces(cells, threaded)


def _traces(cells: Sequence[Cell], wanted: Callable[[ast.AST], bool]) -> tuple[SourceTrace, ...]:
    return tuple(
        SourceTrace(cell.index, _code(node))
        for cell in cells
        if cell.type == "code"
        for node in ast.walk(parsed(cell.body))
        if wanted(node)
    )
