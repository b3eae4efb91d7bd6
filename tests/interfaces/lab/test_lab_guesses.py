"""Passphrases are tried one at a time, and only a few."""

from __future__ import annotations

import pytest

from pressrun.errors import AccessDeniedError
from pressrun.interfaces.lab.guesses import MOST, WITHIN_S, Guesses


def test_after_a_few_refusals_no_more_is_taken_for_a_while():
    now = [0.0]
    guesses = Guesses(lambda: now[0])

    def guess():
        with guesses.one(counts=True):
            raise AccessDeniedError("the passphrase is wrong")

    for _ in range(MOST):
        with pytest.raises(AccessDeniedError, match="wrong"):
            guess()
    with pytest.raises(AccessDeniedError, match="were refused"), guesses.one(counts=True):
        raise AssertionError("it was let through")
    with guesses.one(counts=False):
        pass
    now[0] += WITHIN_S
    with pytest.raises(AccessDeniedError, match="wrong"):
        guess()
