"""What in a source makes two runs differ."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from pressrun.records.cells import Cell
from pressrun.rules.randomness import clock_reads, threaded_calls, unordered_sources, unseeded_draws

Make = Callable[..., Cell]


@pytest.mark.parametrize(
    "source",
    [
        "np.random.randint(3)",
        "train_test_split(X, y)",
        "train_test_split(X, y, random_state=None)",
        "df.sample(2)",
        "RandomForestRegressor()",
        "KFold(5, shuffle=True)",
        "np.random.default_rng()",
        "stats.norm.rvs(size=3)",
        "sns.regplot(x='a', y='b', data=df)",
        "uuid.uuid4()",
    ],
)
def test_a_draw_without_a_seed_is_found(cell: Make, source: str) -> None:
    (trace,) = unseeded_draws([cell(source)])
    assert trace.cell == 0


@pytest.mark.parametrize(
    "source",
    [
        "np.random.seed(0)\nnp.random.randint(3)",
        "train_test_split(X, y, random_state=42)",
        "np.random.default_rng(7)",
        "rng = np.random.default_rng(7)\nrng.normal(size=3)",
        "KFold(5)",
        "LinearRegression().fit(X, y)",
        "random.seed(1)\nrandom.choice(xs)",
        "torch.manual_seed(1)\ntorch.randn(3)",
        "%matplotlib inline",
        "broken (",
    ],
)
def test_a_seeded_draw_is_not(cell: Make, source: str) -> None:
    assert unseeded_draws([cell(source)]) == ()


def test_a_seed_covers_later_cells_and_not_earlier_ones(cell: Make) -> None:
    cells = [cell("np.random.rand()"), cell("np.random.seed(1)", index=1), cell("np.random.rand()", index=2)]
    assert [trace.cell for trace in unseeded_draws(cells)] == [0]


def test_clocks_sets_and_threads_are_found(cell: Make) -> None:
    cells = [cell("t = time.time()"), cell("set(xs)", index=1), cell("RandomForestClassifier(n_jobs=-1)", index=2)]
    assert [trace.code for trace in clock_reads(cells)] == ["time.time()"]
    assert [trace.code for trace in unordered_sources(cells)] == ["set(xs)"]
    assert [trace.cell for trace in threaded_calls(cells)] == [2]
    assert threaded_calls([cell("f(n_jobs=1)")]) == ()
