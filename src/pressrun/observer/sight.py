"""What a watched call tells the recorder: the files that it reads or writes, and what lies elsewhere.

Sent into the kernel together with `pressrun.observer.recorder`: standard library only, Python 3.7 and later.
"""

# Standard library of Python 3.7, and pathlib would cost what a cell should not notice:
# ruff: noqa: PTH112, PTH116

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from pressrun.observer.naming import MEMBER_LIMIT, clean_url, files_named, folder_files, is_url, local_path, texts_in

if TYPE_CHECKING:
    from pressrun.observer.recorder import Recorder

WEB = ("http", "https", "ftp")


class Call:
    """The arguments of one call; those of a method begin with the object itself."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args = args
        self.kwargs = kwargs

    def get(self, place: tuple[Any, ...], default: Any = None) -> Any:
        """Return the argument that stands at `place`: position, None where it has none, and its names."""
        position, names = place[0], place[1:]
        if position is not None and len(self.args) > position:
            return self.args[position]
        return next((self.kwargs[name] for name in names if name in self.kwargs), default)


class Sight:
    """Tells a recorder what one library does.

    Args:
        recorder: is told.
        library: the name that stands for the library in what is recorded.
    """

    def __init__(self, recorder: Recorder, library: str) -> None:
        self.recorder = recorder
        self.library = library

    def read(self, value: Any, with_bytes: bool = False) -> None:
        """Note what `value` names as read; what is not there is not."""
        for text in texts_in(value, with_bytes):
            if is_url(text):
                self.elsewhere(text)
            else:
                self.read_files(*files_named(local_path(text)))

    def read_files(self, files: list[str], folders: list[str]) -> None:
        """Note these files as read, and that the names in these folders decided which."""
        if len(files) > MEMBER_LIMIT:
            self.recorder.cut_short = True
        for folder in folders:
            self.recorder.on_listing("os.scandir", folder)
        for path in files:
            self.recorder.note_file(self.library, path, "r")

    def write(self, value: Any, with_bytes: bool = False) -> Any:
        """Note what `value` names as written, and return what `written` needs to tell the files of a folder."""
        before: dict[str, dict[str, tuple[int, int]]] = {}
        for text in texts_in(value, with_bytes):
            if is_url(text):
                continue
            path = local_path(text)
            before[path] = self.states(path)
            if not os.path.isdir(path):
                self.recorder.note_file(self.library, path, "w")
        return before

    def written(self, before: dict[str, dict[str, tuple[int, int]]] | None) -> None:
        """Note the files of a folder that are new or changed since `write` returned `before`."""
        for folder, states in (before or {}).items():
            for path, state in self.states(folder).items():
                if states.get(path) != state:
                    self.recorder.note_file(self.library, path, "w")

    def states(self, folder: str) -> dict[str, tuple[int, int]]:
        """Return path -> (size, time) of every file under `folder`; nothing where there is no such folder."""
        if not os.path.isdir(folder):
            return {}
        found = {}
        for path in folder_files(folder, hidden=True)[0]:
            state = os.stat(path)
            found[path] = (state.st_size, state.st_mtime_ns)
        return found

    def update(self, value: Any, with_bytes: bool = False) -> None:
        """Note what `value` names as opened for reading and writing: whether it changed shows at the end."""
        for text in texts_in(value, with_bytes):
            if is_url(text):
                self.elsewhere(text)
            else:
                self.recorder.note_update(self.library, local_path(text))

    def opened(self, value: Any, mode: Any, with_bytes: bool = False) -> None:
        """Note what `value` names as opened in this mode, as ``open`` has them."""
        mode = mode if isinstance(mode, str) else "r"
        if "w" in mode or "x" in mode:
            self.write(value, with_bytes)
        elif "a" in mode or "+" in mode:
            self.update(value, with_bytes)
        else:
            self.read(value, with_bytes)

    def elsewhere(self, url: Any, kind: str = "", **facts: Any) -> None:
        """Note that something was read that is no local file.

        Args:
            url: where it lies; credentials are not written down.
            kind: as in `pressrun.records.capture.ExternalRead`; by default what the URL's scheme tells.
            facts: its version, digest, rows, result_digest, status.
        """
        target = clean_url(url)
        kind = kind or ("http" if target.partition("://")[0].lower() in WEB else "object-store")
        self.recorder.note_external(self.library, kind, target, facts)
