"""Read HTML and SVG into flat lists of tags and texts. Tolerant: whatever a browser would show can be read."""

from __future__ import annotations

import html
import re
from typing import Literal

import msgspec

_NAME = re.compile(r"[a-zA-Z]")
_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/>]*)((?:[^>\"']|\"[^\"]*\"|'[^']*')*)>")
_ATTRIBUTE = re.compile(r"([^\s=/>\"']+)(?:\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s>\"']+))?")
_RAW_TEXT = {name: re.compile(f"</{name}", re.IGNORECASE) for name in ("script", "style")}
_SPACE = re.compile(r"\s+")
_REFERENCE = re.compile(r"#([\w:.-]+)")
_ID_ATTRIBUTES = frozenset({"id", "for", "name", "aria-labelledby", "aria-controls", "data-target", "headers"})


class Token(msgspec.Struct, frozen=True):
    """One tag or one run of text. `attributes` are sorted by name."""

    kind: Literal["start", "end", "text"]
    value: str
    attributes: tuple[tuple[str, str], ...] = ()

    def shown(self) -> str:
        """Return it as it would stand in a file."""
        if self.kind == "text":
            return self.value
        if self.kind == "end":
            return f"</{self.value}>"
        return f"<{self.value}{''.join(f' {name}={text!r}' for name, text in self.attributes)}>"


class _Reader:
    """Reads markup from front to back; no part is looked at twice, so that no input is slow."""

    def __init__(self, markup: str) -> None:
        self._markup = markup
        self._tokens: list[Token] = []
        self._text: list[str] = []
        self._inside_pre = 0

    def read(self) -> list[Token]:
        """Return all tokens."""
        position = 0
        while position < len(self._markup):
            start = self._markup.find("<", position)
            if start < 0:
                break
            self._text.append(_unescaped(self._markup[position:start]))
            position = self._read_markup(start)
        self._text.append(_unescaped(self._markup[position:]))
        self._end_text()
        return self._tokens

    def _read_markup(self, start: int) -> int:
        """Read what begins with ``<``; return where to go on. What never ends is text to the end, as it is."""
        markup = self._markup
        if markup.startswith("<!--", start):
            end = markup.find("-->", start + 4)
            return end + 3 if end >= 0 else self._rest(start)
        if markup[start + 1 : start + 2] in {"!", "?"}:
            end = markup.find(">", start)
            return end + 1 if end >= 0 else self._rest(start)
        if _NAME.match(markup, start + 2 if markup.startswith("</", start) else start + 1) is None:
            self._text.append("<")
            return start + 1
        tag = _TAG.match(markup, start)
        if tag is None:
            return self._rest(start)
        self._end_text()
        name = tag.group(2).lower()
        if tag.group(1):
            self._tokens.append(Token("end", name))
            self._inside_pre -= name == "pre"
            return tag.end()
        self._tokens.append(Token("start", name, _attributes(tag.group(3))))
        self._inside_pre += name == "pre"
        return self._raw_text(name, tag.end()) if name in _RAW_TEXT else tag.end()

    def _raw_text(self, name: str, start: int) -> int:
        """Read the inside of a script or style sheet, which is no markup."""
        close = _RAW_TEXT[name].search(self._markup, start)
        end = close.start() if close is not None else len(self._markup)
        self._text.append(self._markup[start:end])
        return end

    def _rest(self, start: int) -> int:
        self._text.append(self._markup[start:])
        return len(self._markup)

    def _end_text(self) -> None:
        text = "".join(self._text)
        self._text.clear()
        text = text if self._inside_pre > 0 else _SPACE.sub(" ", text).strip()
        if text:
            self._tokens.append(Token("text", text))


def _attributes(text: str) -> tuple[tuple[str, str], ...]:
    return tuple(sorted((m.group(1).lower(), _unquoted(m.group(2) or "")) for m in _ATTRIBUTE.finditer(text)))


def _unquoted(value: str) -> str:
    return _unescaped(value[1:-1] if value[:1] in {'"', "'"} else value)


def _unescaped(text: str) -> str:
    if "&" not in text:
        return text
    try:
        return html.unescape(text)
    except ValueError:  # a character number of thousands of digits
        return text


def read_markup(markup: str) -> list[Token]:
    """Return tags and texts in their order; comments and white space between tags are left out.

    The standard library's parser is not used: on Python before 3.13.6 its time grows with the square of some inputs.
    """
    return _Reader(markup).read()


def number_ids(tokens: list[Token]) -> list[Token]:
    """Replace every id by its order of appearance, and every reference to one (``#id``, ``for=id``) likewise."""
    order: dict[str, str] = {}
    for token in tokens:
        for name, value in token.attributes:
            if name == "id" and value not in order:
                order[value] = f"id-{len(order) + 1}"
    if not order:
        return tokens

    def renamed(name: str, value: str) -> str:
        if name in _ID_ATTRIBUTES and value in order:
            return order[value]
        return _REFERENCE.sub(lambda match: "#" + order.get(match.group(1), match.group(1)), value)

    return [
        Token(token.kind, token.value, tuple((name, renamed(name, value)) for name, value in token.attributes))
        if token.attributes
        else token
        for token in tokens
    ]
