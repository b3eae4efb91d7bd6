"""What an overview consists of, before it is text or HTML."""

from __future__ import annotations

from typing import Literal

import msgspec

Tone = Literal["good", "busy", "attention", "bad", "quiet"]
SIGNS: dict[Tone, str] = {"good": "✓", "busy": "↻", "attention": "!", "bad": "✗", "quiet": "○"}


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a section.

    Attributes:
        state: its state in a word or two, empty where it has none.
        name: what it is about. `place`: where that is, or a short digest.
        said: what else is to be said; each is a sentence or a few words.
    """

    tone: Tone = "quiet"
    state: str = ""
    name: str
    place: str = ""
    said: tuple[str, ...] = ()


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One section.

    Attributes:
        summary: beside its title.
        empty: what to say where there is no row.
    """

    title: str
    summary: str = ""
    rows: tuple[Row, ...] = ()
    empty: str = ""


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """A whole panel.

    Attributes:
        title: the notebook.
        state: the one line that matters most, of `tone`.
        todo: what to do about it, empty when nothing is to be done.
        notes: sentences: what could not be read.
    """

    title: str
    tone: Tone
    state: str
    todo: str = ""
    sections: tuple[Section, ...] = ()
    notes: tuple[str, ...] = ()
