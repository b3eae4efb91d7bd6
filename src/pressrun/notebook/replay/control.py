"""The parent's word to its child: one byte on a pipe, or the pipe's end."""

from __future__ import annotations

import os

INTERRUPT = b"i"
KILL = b"k"


class Control:
    """What the parent wants.

    Args:
        descriptor: where it says so; its end means that the parent is gone.
    """

    def __init__(self, descriptor: int) -> None:
        os.set_blocking(descriptor, False)
        os.set_inheritable(descriptor, False)
        self.descriptor = descriptor
        self.interrupt = False
        self.kill = False
        self.gone = False

    def listen(self) -> bool:
        """Take in what the parent said since the last call; tell whether it wants the run to end."""
        while not self.kill:
            try:
                word = os.read(self.descriptor, 1)
            except BlockingIOError:
                break
            self.interrupt = True
            self.gone = not word
            self.kill = self.gone or word == KILL
        return self.interrupt
