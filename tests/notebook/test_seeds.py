"""Seeds are found where they are written."""

from __future__ import annotations

import pytest

from pressrun.notebook.seeds import seeds_in


@pytest.mark.parametrize(
    ("source", "seeds"),
    [
        ("import random; random.seed(1)", ("random.seed(1)",)),
        ("np.random.seed(SEED)", ("np.random.seed(SEED)",)),
        ("rng = np.random.default_rng(7)", ("np.random.default_rng(7)",)),
        ("rng = np.random.default_rng()", ()),
        ("torch.manual_seed(3)\ntf.random.set_seed(4)", ("torch.manual_seed(3)", "tf.random.set_seed(4)")),
        ("train_test_split(X, y, random_state=42)", ("random_state=42",)),
        ("jax.random.key(0)", ("jax.random.key(0)",)),
        ("d.key(0)", ()),
        ("%matplotlib inline\n!pip list\nnp.random.seed(0)", ("np.random.seed(0)",)),
        ("this is no Python", ()),
        ("'np.random.seed(0)'  # random.seed(1)", ()),
    ],
)
def test_calls_and_arguments_that_set_a_seed_are_found(source: str, seeds: tuple[str, ...]) -> None:
    assert seeds_in([source]) == seeds


def test_each_seed_is_told_once() -> None:
    assert seeds_in(["f(random_state=0)", "g(random_state=0)"]) == ("random_state=0",)
