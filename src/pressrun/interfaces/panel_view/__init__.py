"""``pressrun.panel()``: what the panel beside the notebook shows, as the output of a cell where there is none.

It is text and HTML without script, made when it is asked for: run the cell again for the newest. It is no capture and
changes nothing.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pressrun.interfaces.panel_view.gather import gather
from pressrun.interfaces.panel_view.render import html_of, text_of
from pressrun.interfaces.panel_view.sections import overview_of
from pressrun.interfaces.panel_view.shape import Overview

__all__ = ["Panel", "panel"]


class Panel:
    """What is known of a notebook, ready to be shown.

    Args:
        overview: what to show.
    """

    def __init__(self, overview: Overview) -> None:
        self._overview = overview

    def __repr__(self) -> str:
        return text_of(self._overview)

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        del include, exclude
        return {"text/plain": text_of(self._overview), "text/html": html_of(self._overview)}


def panel(notebook: str | Path | None = None) -> Panel:
    """Return what is captured, replayed, packaged, approved and live of a notebook; as a cell's value it is shown.

    Args:
        notebook: its file. Without it the one that this kernel runs, where the front end tells which that is.

    Raises:
        UsageError: nobody tells which notebook, there is none of that name, or it is none that pressrun can read.
    """
    return Panel(overview_of(gather(notebook)))
