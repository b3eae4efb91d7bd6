"""The temporary folder of one replay and what lies where in it."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import quote

import msgspec


class ReplayFolder(msgspec.Struct, frozen=True):
    """Paths inside `path`, which only the user can enter."""

    path: Path

    def make(self) -> None:
        """Make the folders in it that are there from the start."""
        for folder in (self.kernel, self.told, self.ipython, self.recorders):
            folder.mkdir()

    @property
    def prepared(self) -> Path:
        """The notebook that papermill gets."""
        return self.path / "prepared.ipynb"

    @property
    def order(self) -> Path:
        """What the child is to do."""
        return self.path / "order.json"

    @property
    def journal(self) -> Path:
        """What the kernel said."""
        return self.path / "journal.jsonl"

    @property
    def child_log(self) -> Path:
        """The child's stdout and stderr."""
        return self.path / "child.log"

    @property
    def kernel_log(self) -> Path:
        """The kernel's own stdout and stderr."""
        return self.path / "kernel.log"

    @property
    def kernel(self) -> Path:
        """The kernel's connection file and its sockets."""
        return self.path / "k"

    @property
    def told(self) -> Path:
        """What tasks gave, and how a kernel in a sandbox ended."""
        return self.path / "told"

    @property
    def sandbox(self) -> Path:
        """What stands in for folders of the system in a sandbox."""
        return self.path / "sandbox"

    @property
    def ipython(self) -> Path:
        """IPython's settings: empty, so that the user's startup files are no silent input."""
        return self.path / "ipython"

    @property
    def recorders(self) -> Path:
        """What the recorders wrote."""
        return self.path / "recorders"

    def recorder(self, name: str) -> Path:
        """Return the folder of one recorder."""
        return self.recorders / name

    def task_result(self, name: str) -> Path:
        """Return the file that a task's value is told in."""
        return self.told / f"task-{quote(name, safe='')}.json"
