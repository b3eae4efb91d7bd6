"""Every cause that a receipt can name has words for the reader."""

from typing import get_args

from pressrun.interfaces.cli.comparison_view import _CAUSES
from pressrun.records.comparison import Cause


def test_every_cause_has_words():
    assert set(_CAUSES) == set(get_args(Cause))
