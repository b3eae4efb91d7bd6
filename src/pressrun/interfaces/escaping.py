"""Texts from outside (file names, values, sentences) as a reader may meet them: escaped, on one line, not too long."""

from __future__ import annotations

import html
from typing import Final

LONGEST: Final = 200  # characters of one path, value or sentence


def shown(text: str) -> str:
    """Return text on one line, not too long, with everything spelt out that a terminal would act on."""
    if len(text) > LONGEST:
        half = LONGEST // 2
        text = f"{text[:half]} ... {text[-half:]}"
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else one.encode("unicode_escape").decode("ascii") for one in text)


def escaped(text: str) -> str:
    """Return text so that it is text in HTML, whatever it holds."""
    return html.escape(shown(text))
