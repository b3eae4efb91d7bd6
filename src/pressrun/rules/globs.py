"""Whether some name matches one set of patterns and none of another.

Patterns are those of `fnmatch`: ``*``, ``?``, ``[abc]``, ``[!abc]``. Each is a small automaton, whose states are
positions in the pattern; all of them are run side by side over every letter that makes a difference.
"""

from __future__ import annotations

import fnmatch
import functools
import string
from collections.abc import Iterable

_LETTERS = string.ascii_lowercase + string.digits + "._-"
_SYNTAX = ("[a-z0-9]*", "*[!.]")
"""What every name matches, as `pressrun.rules.paths.name_problem` has it."""
_STAR = None
_Token = frozenset[str] | None
_States = tuple[frozenset[int], ...]
MAX_STATES = 2_000
"""After so many states the answer is taken to be yes."""


def common_name(patterns: Iterable[str], none_of: Iterable[str] = ()) -> str | None:
    """Return a shortest name that matches all `patterns` and none of `none_of`; None when there is none.

    >>> common_name(["churn*", "*-eu"])
    'churn-eu'
    >>> common_name(["churn"], ["ch*"]) is None
    True
    """
    wanted = (*_SYNTAX, *sorted(set(patterns) - {"*"}))
    refused = tuple(sorted(set(none_of)))
    return None if "*" in refused else _search(wanted, refused)


@functools.lru_cache(maxsize=4096)
def _search(wanted: tuple[str, ...], refused: tuple[str, ...]) -> str | None:
    automata = [_tokens(pattern) for pattern in (*wanted, *refused)]
    letters = _telling_letters(automata)
    start: _States = tuple(_closure(tokens, {0}) for tokens in automata)
    seen = {start}
    waiting = [(start, "")]
    for states, name in waiting:
        ended = [len(tokens) in at for tokens, at in zip(automata, states, strict=True)]
        if all(ended[: len(wanted)]) and not any(ended[len(wanted) :]):
            return name
        if len(seen) > MAX_STATES:
            return " and ".join(wanted[len(_SYNTAX) :])
        for letter in letters:
            after = tuple(_step(tokens, at, letter) for tokens, at in zip(automata, states, strict=True))
            if after not in seen and all(after[: len(wanted)]):
                seen.add(after)
                waiting.append((after, name + letter))
    return None


def _tokens(pattern: str) -> tuple[_Token, ...]:
    """Return a set of letters for each place, None where any number of any letters may stand."""
    found: list[_Token] = []
    at = 0
    while at < len(pattern):
        end = _piece_end(pattern, at)
        piece = pattern[at:end]
        if piece == "*":
            found.append(_STAR)
        else:
            found.append(frozenset(letter for letter in _LETTERS if fnmatch.fnmatchcase(letter, piece)))
        at = end
    return tuple(found)


def _piece_end(pattern: str, at: int) -> int:
    if pattern[at] != "[":
        return at + 1
    inside = at + 2 if pattern[at + 1 : at + 2] == "!" else at + 1
    # a bracket right at the beginning is one of the letters, and one that is never closed is itself a letter
    closing = pattern.find("]", inside + 1)
    return closing + 1 if closing >= 0 else at + 1


def _telling_letters(automata: list[tuple[_Token, ...]]) -> str:
    """Return one letter of each kind: letters that are in the same sets lead to the same states."""
    sets = sorted({token for tokens in automata for token in tokens if token is not None}, key=sorted)
    first: dict[tuple[bool, ...], str] = {}
    for letter in _LETTERS:
        first.setdefault(tuple(letter in token for token in sets), letter)
    return "".join(first.values())


def _closure(tokens: tuple[_Token, ...], positions: Iterable[int]) -> frozenset[int]:
    found = set()
    for position in positions:
        found.add(position)
        while position < len(tokens) and tokens[position] is _STAR:
            position += 1  # noqa: PLW2901 - a star may stand for nothing
            found.add(position)
    return frozenset(found)


def _step(tokens: tuple[_Token, ...], at: frozenset[int], letter: str) -> frozenset[int]:
    following = set()
    for position in at:
        if position == len(tokens):
            continue
        token = tokens[position]
        if token is _STAR:
            following.add(position)
        elif letter in token:
            following.add(position + 1)
    return _closure(tokens, following)
