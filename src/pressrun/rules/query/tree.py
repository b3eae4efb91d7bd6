"""A query as a tree. Nothing in it is text of SQL; keys and values are data all the way to the database."""

from __future__ import annotations

from typing import Literal

import msgspec

from pressrun.rules.query.keys import Column

Comparison = Literal["=", "!=", "<", "<=", ">", ">="]
COMPARISONS: tuple[Comparison, ...] = ("=", "!=", "<=", ">=", "<", ">")


class Compare(msgspec.Struct, frozen=True):
    """``metrics.auc > 0.8``. `value` is a float where `column` is ``number``, else text."""

    key: str
    column: Column
    comparison: Comparison
    value: float | str


class OneOf(msgspec.Struct, frozen=True):
    """``params.n in (10, 20)``."""

    key: str
    column: Column
    values: tuple[float | str, ...]


class Like(msgspec.Struct, frozen=True):
    """``name like "churn*"``: ``*`` stands for any text, ``?`` for one character, everything else for itself."""

    key: str
    pattern: str


class Exists(msgspec.Struct, frozen=True):
    """``metrics.auc exists``."""

    key: str


class Not(msgspec.Struct, frozen=True):
    """``not part``."""

    part: Query


class All(msgspec.Struct, frozen=True):
    """``a and b and c``."""

    parts: tuple[Query, ...]


class Any(msgspec.Struct, frozen=True):
    """``a or b or c``."""

    parts: tuple[Query, ...]


Leaf = Compare | OneOf | Like | Exists
Query = Compare | OneOf | Like | Exists | Not | All | Any


class Order(msgspec.Struct, frozen=True):
    """What to sort by. What has no such value comes last, whichever way; what is equal, the newest first.

    Attributes:
        columns: those that the key may stand in, in the order in which they come.
    """

    key: str
    columns: tuple[Column, ...]
    descending: bool = True
