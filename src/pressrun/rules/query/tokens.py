"""A query as words: one pass over the text, each character looked at a bounded number of times."""

from __future__ import annotations

from typing import Literal, NamedTuple, NoReturn

from pressrun.errors import UsageError
from pressrun.rules.query.tree import COMPARISONS

LONGEST_QUERY = 4_096  # characters
_QUOTES = "\"'"
_ENDS_WORD = frozenset("\"'(),<>=!")
_AROUND = 36  # characters of the query shown on each side of an error


class Token(NamedTuple):
    """One word.

    Attributes:
        text: of a string, without quotes and escapes; of a key such as ``metrics."val auc"``, without the quotes.
        quoted: whether a part of it stood in quotes, so that it is no keyword and no number.
        start: index of its first character in the query.
    """

    kind: Literal["word", "string", "comparison", "(", ")", ",", "end"]
    text: str
    quoted: bool
    start: int


def tokens_of(query: str) -> list[Token]:
    """Return the words of a query; the last one is of kind ``end``.

    Raises:
        UsageError: the query is too long, a string is not closed, or a character does not belong there.
    """
    if len(query) > LONGEST_QUERY:
        raise UsageError(
            f"the query has {len(query):,} characters, and {LONGEST_QUERY:,} are allowed",
            remedy="Ask for less at once.",
        )
    found: list[Token] = []
    at = 0
    while at < len(query):
        if query[at].isspace():
            at += 1
            continue
        token, at = _token(query, at)
        found.append(token)
    return [*found, Token("end", "", False, len(query))]


def refuse(query: str, at: int, what: str, remedy: str = "") -> NoReturn:
    """Say what is wrong with a query, and point at the character.

    Raises:
        UsageError: always.
    """
    first, last = max(0, at - _AROUND), min(len(query), at + _AROUND)
    # one character for each, whatever it is, so that the caret stands under the right one
    shown = "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in query[first:last])
    before, after = "..." if first else "", "..." if last < len(query) else ""
    margin = " " * 10
    caret = " " * (len(before) + at - first) + "^"
    where = f"character {at + 1} of the query\n{margin}{before}{shown}{after}\n{margin}{caret}"
    raise UsageError(what, where=where, remedy=remedy)


def _token(query: str, at: int) -> tuple[Token, int]:
    character = query[at]
    if character in "(),":
        return Token(character, character, False, at), at + 1  # type: ignore[arg-type]
    if character in _QUOTES:
        text, end = _string(query, at)
        return Token("string", text, True, at), end
    if character in "<>=!":
        return _comparison(query, at)
    return _word(query, at)


def _comparison(query: str, at: int) -> tuple[Token, int]:
    end = at
    while end < len(query) and query[end] in "<>=!":
        end += 1
    text = query[at:end]
    if text not in COMPARISONS:
        instead = {"==": "Write = for equal.", "<>": "Write != for not equal."}
        refuse(query, at, f"{text[:20]!r} is no comparison", instead.get(text, f"There are {' '.join(COMPARISONS)}"))
    return Token("comparison", text, False, at), end


def _word(query: str, at: int) -> tuple[Token, int]:
    end = at
    while end < len(query) and query[end] not in _ENDS_WORD and not query[end].isspace():
        if not query[end].isprintable():
            refuse(query, end, f"the character {query[end]!a} belongs into a string in quotes")
        end += 1
    text = query[at:end]
    if text.endswith(".") and end < len(query) and query[end] in _QUOTES:
        rest, after = _string(query, end)
        return Token("word", text + rest, True, at), after
    return Token("word", text, False, at), end


def _string(query: str, at: int) -> tuple[str, int]:
    quote = query[at]
    characters = []
    end = at + 1
    while end < len(query) and query[end] != quote:
        if query[end] == "\\":
            end += 1
            if query[end : end + 1] not in {"\\", '"', "'"}:
                refuse(query, end - 1, "a backslash stands before a quote or another backslash only")
        if "\ud800" <= query[end] <= "\udfff":
            refuse(query, end, "this character is no text", "The query is not valid UTF-8.")
        characters.append(query[end])
        end += 1
    if end >= len(query):
        refuse(query, at, "the string that begins here is not closed", f"Close it with {quote}")
    return "".join(characters), end + 1
