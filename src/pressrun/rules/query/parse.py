"""Text -> tree: a recursive descent whose depth is bounded.

    query      = all ("or" all)*
    all        = part ("and" part)*
    part       = "not" part | "(" query ")" | comparison
    comparison = KEY ("=" | "!=" | "<" | "<=" | ">" | ">=") VALUE
               | KEY ["not"] "in" "(" VALUE ("," VALUE)* ")"
               | KEY ["not"] "like" VALUE
               | KEY "exists"

A key says what is stored under it, so a value is read as text, number or time by its key, never by its looks; only a
parameter's value is read by its looks, and quotes make it text.
"""

from __future__ import annotations

import math
import re
from typing import NoReturn, cast

from pressrun.errors import UsageError
from pressrun.rules.journal_index import LONGEST_KEY, searchable_text
from pressrun.rules.query.keys import LIVE, Column, Kind, Stores, keys_of, near_key, stored_under
from pressrun.rules.query.tokens import Token, refuse, tokens_of
from pressrun.rules.query.tree import All, Any, Compare, Comparison, Exists, Like, Not, OneOf, Order, Query
from pressrun.rules.timestamps import seconds_of

DEEPEST = 100
MOST_COMPARISONS = 100
_KEYWORDS = frozenset({"and", "or", "not", "in", "like", "exists"})
_NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
_COLUMNS: dict[Stores, tuple[Column, ...]] = {
    "text": ("text",), "number": ("number",), "time": ("number",), "either": ("number", "text"),
}  # fmt: skip


def parse_query(text: str, kind: Kind = "version") -> Query:
    """Read a query.

    Args:
        text: at most `pressrun.rules.query.tokens.LONGEST_QUERY` characters.
        kind: what is asked for, which decides what keys there are.

    Raises:
        UsageError: it is none; the error points at the character.
    """
    parser = _Parser(text, kind)
    found = parser.any(0)
    parser.finish()
    return found


def parse_order(text: str, kind: Kind = "version") -> Order:
    """Read what to sort by: ``metrics.auc``, highest first; ``metrics.loss:asc``, lowest first.

    Raises:
        UsageError: there is no such key, or it cannot be sorted by.
    """
    key, colon, direction = text.rpartition(":")
    if not colon or direction not in {"asc", "desc"}:
        key, direction = text, "desc"
    parser = _Parser(key, kind)
    token, stores = parser.key()
    parser.finish()
    if stores == "environments":
        raise UsageError(f"{LIVE!r} cannot be sorted by: a version may be live in several environments")
    return Order(token, _COLUMNS[stores], descending=direction == "desc")


class _Parser:
    def __init__(self, text: str, kind: Kind) -> None:
        self._text = text
        self._kind = kind
        self._tokens = tokens_of(text)
        self._at = 0
        self._comparisons = 0

    def finish(self) -> None:
        token = self._peek()
        if token.kind != "end":
            self._refuse(token, f"{token.text[:40]!r} is one too many here", "Join conditions with and, or.")

    def any(self, depth: int) -> Query:
        parts = [self._all(depth)]
        while self._take_word("or"):
            parts.append(self._all(depth))
        return parts[0] if len(parts) == 1 else Any(tuple(parts))

    def _all(self, depth: int) -> Query:
        parts = [self._part(depth)]
        while self._take_word("and"):
            parts.append(self._part(depth))
        return parts[0] if len(parts) == 1 else All(tuple(parts))

    def _part(self, depth: int) -> Query:
        token = self._peek()
        if depth > DEEPEST:
            self._refuse(token, f"the query is nested deeper than {DEEPEST} levels", "Take parentheses away.")
        if self._take_word("not"):
            return Not(self._part(depth + 1))
        if token.kind != "(":
            return self._comparison()
        self._at += 1
        found = self.any(depth + 1)
        closing = self._next()
        if closing.kind != ")":
            what = "this parenthesis is not closed" if closing.kind == "end" else "here a ) or and, or is missing"
            self._refuse(token if closing.kind == "end" else closing, what)
        return found

    def _comparison(self) -> Query:
        token = self._peek()
        self._comparisons += 1
        if self._comparisons > MOST_COMPARISONS:
            self._refuse(token, f"the query has more than {MOST_COMPARISONS} comparisons", "Use: in (..., ...).")
        key, stores = self.key()
        if self._take_word("exists"):
            return Exists(key)
        negated = self._take_word("not")
        if self._take_word("in"):
            found: Query = self._one_of(key, stores)
        elif self._take_word("like"):
            found = Like(key, searchable_text(self._value(self._next()).text))
        elif not negated and self._peek().kind == "comparison":
            return self._compare(key, stores)
        else:
            what = f"a comparison is missing after {token.text[:40]!r}"
            self._refuse(self._peek(), what, 'For example: = 0.8, in (1, 2), like "a*", exists.')
        return Not(found) if negated else found

    def key(self) -> tuple[str, Stores]:
        token = self._next()
        if token.kind != "word" or (not token.quoted and token.text.lower() in _KEYWORDS):
            what = "a key is missing here" if token.kind == "end" else f"{token.text[:40]!r} is no key"
            self._refuse(token, what, f"Keys are {', '.join(keys_of(self._kind))}.")
        stores = stored_under(self._kind, token.text)
        if stores is None:
            hint = near_key(self._kind, token.text)
            what = f"a {self._kind} has no {token.text[:40]!r}" + (f": {hint}" if hint else "")
            self._refuse(token, what, f"Keys are {', '.join(keys_of(self._kind))}.")
        return searchable_text(token.text, LONGEST_KEY), stores

    def _compare(self, key: str, stores: Stores) -> Query:
        operator = self._next()
        comparison = cast("Comparison", operator.text)
        token = self._value(self._next())
        if stores == "environments" and comparison not in {"=", "!="}:
            self._refuse(operator, f"{LIVE!r} knows =, !=, in, like and exists only")
        column, value = self._read(token, stores)
        return Compare(key, column, comparison, value)

    def _one_of(self, key: str, stores: Stores) -> OneOf:
        opening = self._next()
        if opening.kind != "(":
            self._refuse(opening, "after in, a list in parentheses is missing", "For example: in (10, 20).")
        read: list[tuple[Column, float | str]] = []
        while True:
            token = self._value(self._next())
            read.append(self._read(token, stores))
            if read[-1][0] != read[0][0]:
                self._refuse(token, "a list holds numbers only or text only", "Put numbers that are text in quotes.")
            mark = self._next()
            if mark.kind == ")":
                return OneOf(key, read[0][0], tuple(value for _, value in read))
            if mark.kind != ",":
                self._refuse(mark, "here a , or ) is missing")

    def _value(self, token: Token) -> Token:
        if token.kind not in {"word", "string"}:
            self._refuse(token, "a value is missing here", "Put text with blanks or signs in quotes.")
        if token.kind == "word" and token.text.lower() in _KEYWORDS:
            self._refuse(token, f"a value is missing before {token.text!r}", "Where it is the value, put it in quotes.")
        return token

    def _read(self, token: Token, stores: Stores) -> tuple[Column, float | str]:
        if stores == "time":
            seconds = seconds_of(token.text)
            if seconds is None:
                remedy = "For example: 2026-08-03 or 2026-08-03T14:00Z."
                self._refuse(token, f"{token.text[:40]!r} is no date or time in ISO 8601", remedy)
            return "number", seconds
        if stores == "number" or (stores == "either" and token.kind == "word" and _NUMBER.fullmatch(token.text)):
            return "number", self._number(token)
        return "text", searchable_text(token.text)

    def _number(self, token: Token) -> float:
        if token.kind != "word" or not _NUMBER.fullmatch(token.text):
            self._refuse(token, f"{token.text[:40]!r} is no number")
        number = float(token.text)
        if not math.isfinite(number):
            self._refuse(token, "this number is too large")
        return number

    def _take_word(self, word: str) -> bool:
        token = self._peek()
        taken = token.kind == "word" and not token.quoted and token.text.lower() == word
        self._at += taken
        return taken

    def _peek(self) -> Token:
        return self._tokens[self._at]

    def _next(self) -> Token:
        token = self._tokens[self._at]
        self._at += token.kind != "end"
        return token

    def _refuse(self, token: Token, what: str, remedy: str = "") -> NoReturn:
        refuse(self._text, token.start, what, remedy)
