"""Random draws that no seed was set for, library by library.

Where each library's numbers come from, as of the versions in use: numpy's legacy functions, scipy, scikit-learn, pandas
and imbalanced-learn draw from numpy's global generator unless they are given one; ``random``, torch, tensorflow and
polars each have their own. XGBoost, LightGBM and CatBoost begin from a fixed seed of their own unless one is given, and
jax has no generator without a key: none of these is reported.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator

import msgspec

from pressrun.records.findings import Finding
from pressrun.rules.doctor.analysed import AnalysedNotebook, Surroundings
from pressrun.rules.doctor.events import Call
from pressrun.rules.doctor.frames import is_frame
from pressrun.rules.doctor.kinds import NOTE, found

_NUMPY = frozenset(
    {
        "beta", "binomial", "bytes", "chisquare", "choice", "dirichlet", "exponential", "f", "gamma", "geometric",
        "gumbel", "hypergeometric", "laplace", "logistic", "lognormal", "logseries", "multinomial",
        "multivariate_normal", "negative_binomial", "noncentral_chisquare", "normal", "pareto", "permutation",
        "poisson", "power", "rand", "randint", "randn", "random", "random_integers", "random_sample", "ranf",
        "rayleigh", "sample", "shuffle", "standard_cauchy", "standard_exponential", "standard_gamma",
        "standard_normal", "standard_t", "triangular", "uniform", "vonmises", "wald", "weibull", "zipf",
    }
)  # fmt: skip
_PYTHON = frozenset(
    {
        "random", "randint", "randrange", "choice", "choices", "shuffle", "sample", "uniform", "triangular",
        "betavariate", "expovariate", "gammavariate", "gauss", "lognormvariate", "normalvariate", "vonmisesvariate",
        "paretovariate", "weibullvariate", "getrandbits", "randbytes", "binomialvariate",
    }
)  # fmt: skip
_TORCH = re.compile(
    r"^torch\.(?:rand|randn|randint|randperm|normal|bernoulli|multinomial|rand_like|randn_like|randint_like)$"
    r"|^torch\.utils\.data\.random_split$|^torch\.nn\.(?:Linear|Conv\w+|LSTM|GRU|RNN|Embedding|Transformer\w*|Bilinear)$"
)
_TENSORFLOW = re.compile(
    r"^tensorflow\.random\.(?:normal|uniform|shuffle|truncated_normal|categorical|gamma|poisson)$"
    r"|^(?:tensorflow\.)?keras\.(?:layers|models)\.(?:Dense|Conv\w+|LSTM|GRU|Embedding|Dropout|SimpleRNN)$"
)
_SKLEARN = re.compile(
    r"^sklearn\.(?:ensemble\.(?:RandomForest|ExtraTrees|Bagging|AdaBoost|IsolationForest|RandomTreesEmbedding)\w*"
    r"|ensemble\.GradientBoosting\w*|tree\.(?:DecisionTree|ExtraTree)\w*|cluster\.(?:KMeans|MiniBatchKMeans|BisectingKMeans)"
    r"|neural_network\.(?:MLP\w+|BernoulliRBM)|linear_model\.(?:SGD\w+|Perceptron|PassiveAggressive\w+|RANSACRegressor)"
    r"|model_selection\.(?:train_test_split|ShuffleSplit|StratifiedShuffleSplit|GroupShuffleSplit|RandomizedSearchCV"
    r"|HalvingRandomSearchCV|RepeatedKFold|RepeatedStratifiedKFold|ParameterSampler|permutation_test_score)"
    r"|manifold\.(?:TSNE|MDS)|mixture\.\w+Mixture|decomposition\.(?:TruncatedSVD|FastICA|LatentDirichletAllocation"
    r"|MiniBatch\w+|DictionaryLearning)|random_projection\.\w+Projection|inspection\.permutation_importance"
    r"|utils\.(?:shuffle|resample)|datasets\.make_(?:blobs|classification|regression|moons|circles|s_curve|swiss_roll"
    r"|friedman\d|gaussian_quantiles|hastie_10_2|low_rank_matrix|sparse_uncorrelated|multilabel_classification)"
    r"|kernel_approximation\.(?:RBFSampler|Nystroem))$"
)
_SHUFFLED = re.compile(r"^sklearn\.model_selection\.(?:Stratified|StratifiedGroup|Group)?KFold$")
_IMBALANCED = re.compile(r"^imblearn\.(?:over_sampling|under_sampling|combine|ensemble)\.\w+$")
_DETERMINISTIC_SAMPLERS = frozenset({"TomekLinks", "NearMiss", "EditedNearestNeighbours", "NeighbourhoodCleaningRule",
                                     "AllKNN", "RepeatedEditedNearestNeighbours"})  # fmt: skip
_BOOTSTRAPPED = frozenset({"regplot", "lmplot", "barplot", "pointplot", "lineplot", "catplot", "relplot"})
_SEEDS = re.compile(r"seed|random_state|fix_random", re.IGNORECASE)
_ARGUMENTS = ("random_state", "seed", "rng", "random_seed", "generator")


class _Source(msgspec.Struct, frozen=True):
    """One source of randomness.

    Attributes:
        name: the library.
        draws: whether a call draws from it.
        seeded_by: calls that seed it; an argument seeds one call.
        argument: name of the argument that `--fix` adds; empty: it inserts a call of `setter`.
    """

    name: str
    draws: Callable[[Call], bool]
    seeded_by: frozenset[str]
    argument: str = ""
    setter: str = ""


_NUMPY_SEEDS = frozenset({"numpy.random.seed", "numpy.random.set_state"})


def _pandas_sample(call: Call) -> bool:
    return call.last == "sample" and is_frame(call.origin.rpartition(".")[0]) and not call.origin.startswith("polars.")


def _sklearn(call: Call) -> bool:
    if _SHUFFLED.match(call.name):
        return _is(call.argument(1, "shuffle"), value=True)
    if call.name.endswith(".train_test_split") and _is(call.argument(-1, "shuffle"), value=False):
        return False
    if call.last.startswith("GradientBoosting"):  # draws only where it looks at a part of rows or columns
        return any(call.argument(-1, word) is not None for word in ("subsample", "max_features", "n_iter_no_change"))
    if call.last in {"DecisionTreeClassifier", "DecisionTreeRegressor"}:
        return call.argument(-1, "max_features") is not None or call.text(-1, "splitter") == "random"
    return bool(_SKLEARN.match(call.name))


SOURCES = (
    _Source("numpy", lambda c: c.name.startswith("numpy.random.") and c.last in _NUMPY and c.name.count(".") == 2,
            _NUMPY_SEEDS, setter="numpy.random.seed"),
    _Source("random", lambda c: c.name.startswith("random.") and c.name.count(".") == 1 and c.last in _PYTHON,
            frozenset({"random.seed", "random.setstate"}), setter="random.seed"),
    _Source("scipy", lambda c: c.last == "rvs" and "scipy.stats." in c.origin, _NUMPY_SEEDS, argument="random_state"),
    _Source("scikit-learn", _sklearn, _NUMPY_SEEDS, argument="random_state"),
    _Source("imbalanced-learn", lambda c: bool(_IMBALANCED.match(c.name)) and c.last not in _DETERMINISTIC_SAMPLERS,
            _NUMPY_SEEDS, argument="random_state"),
    _Source("pandas", _pandas_sample, _NUMPY_SEEDS, argument="random_state"),
    _Source("polars", lambda c: c.last in {"sample", "shuffle"} and c.origin.startswith("polars."),
            frozenset({"polars.set_random_seed"}), argument="seed"),
    _Source("torch", lambda c: bool(_TORCH.match(c.name)),
            frozenset({"torch.manual_seed", "torch.random.manual_seed"}), setter="torch.manual_seed"),
    _Source("tensorflow", lambda c: bool(_TENSORFLOW.match(c.name)),
            frozenset({"tensorflow.random.set_seed", "tensorflow.set_random_seed", "keras.utils.set_random_seed",
                       "tensorflow.keras.utils.set_random_seed"}), setter="tensorflow.random.set_seed"),
    _Source("optuna", lambda c: c.name == "optuna.create_study" and c.argument(-1, "sampler") is None, frozenset()),
    _Source("umap", lambda c: c.name in {"umap.UMAP", "umap.umap_.UMAP"}, _NUMPY_SEEDS, argument="random_state"),
)  # fmt: skip
_GENERATORS = frozenset(
    {
        "numpy.random.default_rng", "numpy.random.RandomState", "random.Random", "numpy.random.SeedSequence",
        "numpy.random.PCG64", "numpy.random.MT19937",
    }
)  # fmt: skip
_KEYS = frozenset({"jax.random.PRNGKey", "jax.random.key"})
_IDENTITIES = frozenset({"uuid.uuid4", "uuid.uuid1", "os.urandom", "secrets.token_hex", "secrets.token_bytes",
                         "secrets.token_urlsafe", "secrets.choice", "secrets.randbelow"})  # fmt: skip


def unseeded_randomness(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find draws without a seed: each one that an argument could seed, and the first of a global generator."""
    seeds = [call for _, call in notebook.events(Call) if _is_seed(call)]
    told: set[str] = set()
    for cell, call in notebook.events(Call):
        if _is_unseeded_generator(call):
            plain = not call.node.args and not call.node.keywords and not cell.altered
            yield _finding(call, f"{call.last}() is made without a seed", call.name.partition(".")[0], fixable=plain)
        for source in SOURCES:
            if source.name in told or not source.draws(call) or _has_seed(call):
                continue
            if any(_covers(seed, source, call) for seed in seeds):
                continue
            if source.argument or not source.setter:
                what = f"{_spelled(call)} draws from {source.name} without a seed"
                fixable = bool(source.argument) and not call.splat
            else:
                told.add(source.name)
                others = sum(source.draws(other) and not _has_seed(other) for _, other in notebook.events(Call)) - 1
                more = f", and {others} more {'draw' if others == 1 else 'draws'}" if others else ""
                what, fixable = f"{_spelled(call)} draws from {source.name}, which no seed was set for{more}", True
            yield _finding(call, what, source.name, fixable=fixable)


def unseeded_plots_and_names(notebook: AnalysedNotebook, _around: Surroundings) -> Iterator[Finding]:
    """Find what is new in each run by design: names made at random, and bands that plots draw by resampling."""
    for _, call in notebook.events(Call):
        if call.name in _IDENTITIES:
            yield found(
                "random-identity", f"{call.name} gives another value in each run", at=call.place.at, subject=call.name
            )
        elif call.name.startswith("seaborn.") and call.last in _BOOTSTRAPPED and _draws_band(call):
            what = f"{call.last} draws its band by resampling, without a seed"
            yield found(
                "random-unseeded",
                what,
                at=call.place.at,
                level=NOTE,
                subject="seaborn",
                fix=f"Write {call.last}(..., seed=0).",
            )


def _draws_band(call: Call) -> bool:
    if call.splat or _has_seed(call):
        return False
    if call.last in {"catplot", "relplot"}:
        return call.text(-1, "kind") in {"bar", "point", "line"}
    off = [call.argument(-1, name) for name in ("ci", "errorbar")]
    return not any(isinstance(node, ast.Constant) or node is not None for node in off)


def _finding(call: Call, what: str, library: str, *, fixable: bool) -> Finding:
    fix = _ADVICE.get(library, "Set a seed before the first draw.")
    return found("random-unseeded", what, at=call.place.at, subject=library, fix=fix, fixable=fixable)


_ADVICE = {
    "numpy": "Draw from np.random.default_rng(0), or call np.random.seed(0) before the first draw.",
    "random": "Call random.seed(0) before the first draw.",
    "scikit-learn": "Give random_state=0, or call np.random.seed(0) before.",
    "imbalanced-learn": "Give random_state=0.",
    "scipy": "Give random_state=0, or call np.random.seed(0) before.",
    "pandas": "Give random_state=0.",
    "polars": "Give seed=0.",
    "torch": "Call torch.manual_seed(0) before the first layer or draw.",
    "tensorflow": "Call tf.keras.utils.set_random_seed(0) before the first layer or draw.",
    "optuna": "Give sampler=optuna.samplers.TPESampler(seed=0).",
    "umap": "Give random_state=0.",
    "jax": "Give the key a constant.",
}


def _has_seed(call: Call) -> bool:
    given = [word.value for word in call.node.keywords if word.arg in _ARGUMENTS]
    return call.splat or any(not (isinstance(value, ast.Constant) and value.value is None) for value in given)


def _is_seed(call: Call) -> bool:
    """Whether a call may seed something: it is called so, and given something."""
    if not _SEEDS.search(call.last) and call.last not in {"set_state", "setstate"}:
        return False
    own = not call.name.count(".") or call.name.split(".")[0] in {
        "pl",
        "pytorch_lightning",
        "lightning",
        "transformers",
    }
    given = bool(call.node.args or call.node.keywords)
    return own or (given and not any(isinstance(a, ast.Constant) and a.value is None for a in call.node.args))


def _covers(seed: Call, source: _Source, draw: Call) -> bool:
    """Whether a seed is set before a draw; of a function's body it is not known when it runs."""
    own_function = "." not in seed.name or not seed.name.startswith(
        ("numpy", "random", "torch", "tensorflow", "keras", "polars")
    )
    if seed.name not in source.seeded_by and not own_function:
        return False
    before = (seed.place.cell, seed.node.lineno, seed.node.col_offset) < (
        draw.place.cell,
        draw.node.lineno,
        draw.node.col_offset,
    )
    return before or bool(draw.place.function)


def _is_unseeded_generator(call: Call) -> bool:
    given = [*call.node.args, *(word.value for word in call.node.keywords)]
    if call.name in _GENERATORS:
        return not given or (len(given) == 1 and isinstance(given[0], ast.Constant) and given[0].value is None)
    if call.name in _KEYS and given:
        return any(isinstance(node, ast.Call) and "time" in ast.unparse(node.func) for node in ast.walk(given[0]))
    return False


def _is(node: ast.expr | None, *, value: bool) -> bool:
    return isinstance(node, ast.Constant) and node.value is value


def _spelled(call: Call) -> str:
    text = ast.unparse(call.node)
    return text if len(text) <= 60 else f"{text[:59]}…"
