"""The sidecar of a notebook: what was captured live, beside the notebook and never in it.

It lies at ``<project>/.pressrun/live/<name>-<id>.json``, for the user alone (it holds parameter values), and outside
version control. A writer holds a lock beside the file, reads what is there, and puts the new whole in its place at
once, so that two kernels on one notebook lose nothing and a reader never sees half of it. A sidecar that a newer
pressrun wrote is left as it is; one that cannot be read is moved aside, never overwritten. It is not forced onto the
disk: it is rewritten all the time, and what a power failure takes of it a rerun of the cell brings back.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from pressrun.errors import PressrunError
from pressrun.notebook.cache import make_private
from pressrun.records.live import LiveCapture

FORMAT = 1
FOLDER = Path(".pressrun") / "live"
LOCK_S = 5.0
SIZE_LIMIT = 256 * 2**20  # bytes; a sidecar that is longer is none of ours


class SidecarError(PressrunError):
    """The sidecar cannot be read or written."""


class _Head(msgspec.Struct):
    format: int = 0


class Sidecar:
    """The sidecar of one notebook.

    Args:
        project: the notebook's project.
        notebook: posix path of the notebook relative to the project; where it is not known, whatever stays the same
            for the next kernel that works in the same place.
    """

    def __init__(self, project: Path, notebook: str) -> None:
        stem = re.sub(r"[^A-Za-z0-9_-]+", "-", Path(notebook).stem).strip("-")[:60] or "kernel"
        name = f"{stem}-{hashlib.sha256(notebook.encode('utf-8', 'surrogatepass')).hexdigest()[:16]}"
        self.path = project / FOLDER / f"{name}.json"

    def read(self) -> LiveCapture | None:
        """Return what is stored, None when nothing is.

        Raises:
            SidecarError: it is there and cannot be read.
        """
        try:
            if self.path.stat().st_size > SIZE_LIMIT:
                raise SidecarError("it is larger than any sidecar", where=str(self.path))
            content = self.path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise SidecarError(f"it cannot be read: {_reason(error)}", where=str(self.path)) from error
        try:
            written = msgspec.json.decode(content, type=_Head).format
            if written > FORMAT:
                raise SidecarError(
                    f"a newer pressrun wrote it (format {written}, this one knows {FORMAT})",
                    where=str(self.path),
                    remedy="Update pressrun in the kernel's environment.",
                )
            return msgspec.json.decode(content, type=LiveCapture)
        except msgspec.MsgspecError as error:
            raise SidecarError(f"it is damaged: {error}", where=str(self.path)) from error

    def update(self, change: Callable[[LiveCapture], LiveCapture]) -> LiveCapture:
        """Put `change` of what is stored in its place and return it; nobody else writes meanwhile.

        Raises:
            SidecarError: it could not be written, or a newer pressrun wrote it; what was stored is untouched.
        """
        try:
            self._make_folder()
            with self._locked():
                try:
                    stored = self.read() or LiveCapture()
                except SidecarError:
                    stored = self._set_aside()
                new = change(stored)
                self._write(msgspec.json.encode(new) + b"\n")
                return new
        except OSError as error:
            raise SidecarError(f"it cannot be written: {_reason(error)}", where=str(self.path)) from error

    def _make_folder(self) -> None:
        folder = self.path.parent
        if not folder.is_dir():
            make_private(folder)
        ignore = folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text("*\n", encoding="utf-8")

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Hold the lock; a lock that another process does not give up in time is an error, not a wait for ever."""
        descriptor = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            deadline = time.monotonic() + LOCK_S
            while not _try_lock(descriptor):
                if time.monotonic() >= deadline:
                    raise SidecarError("another kernel keeps it locked", where=str(self.path))
                time.sleep(0.01)
            yield
        finally:
            os.close(descriptor)  # and with it the lock

    def _set_aside(self) -> LiveCapture:
        """Move a damaged sidecar out of the way; one of a newer format raises again."""
        with contextlib.suppress(msgspec.MsgspecError):
            if msgspec.json.decode(self.path.read_bytes(), type=_Head).format > FORMAT:
                self.read()
        aside = self.path.with_suffix(f".damaged-{time.time_ns()}")
        self.path.rename(aside)
        return LiveCapture()

    def _write(self, content: bytes) -> None:
        aside = self.path.with_suffix(f".{os.getpid()}-{time.time_ns()}.tmp")
        try:
            descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            aside.replace(self.path)
        except OSError:
            with contextlib.suppress(OSError):  # the first error is the one to tell
                aside.unlink(missing_ok=True)
            raise


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__


def _try_lock(descriptor: int) -> bool:
    try:
        import fcntl  # noqa: PLC0415  there is none on Windows
    except ImportError:
        return True
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
