"""How a long action tells what it is doing.

An action takes a `Progress` and never prints. The command line shows it on stderr; a caller of the Python API gets
`Silent` unless it gives its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from pressrun.notebook.replay.events import ReplayEvent


class Progress(Protocol):
    """Told what happens, as it happens."""

    def stage(self, text: str) -> None:
        """A new stage begins; `text` is a short phrase such as ``replaying in the author's environment``."""

    def event(self, event: ReplayEvent) -> None:
        """Something happened in a replay."""

    def digested(self, path: str, done: int, total: int) -> None:
        """So many of so many bytes of one input have been read."""


class Silent:
    """Tells nobody."""

    def stage(self, text: str) -> None:
        """Do nothing."""

    def event(self, event: ReplayEvent) -> None:
        """Do nothing."""

    def digested(self, path: str, done: int, total: int) -> None:
        """Do nothing."""
