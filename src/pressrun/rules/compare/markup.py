"""Read HTML and SVG into flat lists of tags and texts. Tolerant: whatever a browser would show can be read."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Literal

import msgspec

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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tokens: list[Token] = []
        self.kept_space = 0
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.end_text()
        self.tokens.append(Token("start", tag, tuple(sorted((name, value or "") for name, value in attrs))))
        self.kept_space += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        self.end_text()
        self.tokens.append(Token("end", tag))
        self.kept_space -= tag == "pre"

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def end_text(self) -> None:
        if not self.text:
            return
        text = "".join(self.text)
        self.text.clear()
        text = text if self.kept_space > 0 else _SPACE.sub(" ", text).strip()
        if text:
            self.tokens.append(Token("text", text))


def read_markup(markup: str) -> list[Token]:
    """Return tags and texts in their order; comments and white space between tags are left out."""
    reader = _Reader()
    reader.feed(markup)
    reader.close()
    reader.end_text()
    return reader.tokens


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
