"""Every cause that a receipt can name has words for the reader."""

from __future__ import annotations

from typing import get_args

import msgspec

from pressrun.records.comparison import Cause, Difference
from pressrun.rules.cause_words import WORDS, cause_sentence

FOUND = Difference(cell=1, output=0, expected="", found="", cause="wall-clock", evidence=("time.time() is called",))


def test_every_cause_has_words() -> None:
    assert set(WORDS) == set(get_args(Cause))


def test_a_sentence_says_how_sure_it_is() -> None:
    supposed = "The clock was read, supposed from the source; a second run would tell; time.time() is called."
    assert cause_sentence(FOUND) == supposed
    tested = msgspec.structs.replace(FOUND, tested=True)
    assert cause_sentence(tested) == "The clock was read, confirmed by a second run; time.time() is called."
    assert cause_sentence(msgspec.structs.replace(FOUND, cause="unknown")) == ""
