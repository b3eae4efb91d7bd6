"""What a query says of one run or version, without a database.

Three answers: yes, no, and unknown where what is asked for was never recorded or is of another type. Unknown stays
unknown under ``not``, so ``not metrics.auc > 0.8`` does not find what has no ``auc`` (Kleene's strong logic, which is
that of SQL).
The environments where a version is live, and whether a key exists, are always known.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any as AnyValue
from typing import NamedTuple

from pressrun.rules.query.keys import LIVE, Column
from pressrun.rules.query.tree import All, Any, Compare, Exists, Like, Not, OneOf, Query


class Value(NamedTuple):
    """A value's two columns, as in `pressrun.rules.journal_index.IndexRow`, and the entry that wrote it."""

    number: float | None
    text: str | None
    seq: int = 0


Values = Mapping[str, Value]

_OPERATORS: dict[str, Callable[[AnyValue, AnyValue], bool]] = {
    "=": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


class Subject(NamedTuple):
    """A run or version, as the index holds it.

    Attributes:
        live: environments where it is live.
    """

    values: Values
    live: frozenset[str] = frozenset()


def matches(query: Query, subject: Subject) -> bool | None:
    """Return whether `subject` is one that `query` asks for; None where that is not known.

    Only what is True is found.
    """
    if isinstance(query, Not):
        answer = matches(query.part, subject)
        return None if answer is None else not answer
    if isinstance(query, All | Any):
        ends = isinstance(query, Any)  # the answer that one part is enough for
        answers = [matches(part, subject) for part in query.parts]
        if ends in answers:
            return ends
        return None if None in answers else not ends
    if query.key == LIVE:
        return _live(query, subject.live)
    if isinstance(query, Exists):
        return query.key in subject.values
    if isinstance(query, Like):
        text = _value(subject, query.key, "text")
        return None if text is None else glob(query.pattern, str(text))
    value = _value(subject, query.key, query.column)
    if value is None:
        return None
    if isinstance(query, OneOf):
        return value in query.values
    return _OPERATORS[query.comparison](value, query.value)


def _value(subject: Subject, key: str, column: Column) -> float | str | None:
    found = subject.values.get(key)
    if found is None:
        return None
    return found.number if column == "number" else found.text


def _live(query: Compare | OneOf | Like | Exists, live: frozenset[str]) -> bool:
    if isinstance(query, Exists):
        return bool(live)
    if isinstance(query, Like):
        return any(glob(query.pattern, environment) for environment in live)
    if isinstance(query, OneOf):
        return any(environment in query.values for environment in live)
    found = query.value in live
    return found if query.comparison == "=" else not found


def glob(pattern: str, text: str) -> bool:
    """Return whether all of `text` is what `pattern` says: ``*`` is any text, ``?`` any one character.

    It goes back to the last ``*`` only, so its time is bounded by the product of the two lengths.

    >>> glob("churn*", "churn-eu"), glob("churn?", "churn")
    (True, False)
    """
    at = position = marked = 0
    star = -1
    while position < len(text):
        if at < len(pattern) and pattern[at] == "*":
            star, marked, at = at, position, at + 1
        elif at < len(pattern) and pattern[at] in {"?", text[position]}:
            at, position = at + 1, position + 1
        elif star >= 0:
            marked += 1
            at, position = star + 1, marked
        else:
            return False
    return all(character == "*" for character in pattern[at:])
