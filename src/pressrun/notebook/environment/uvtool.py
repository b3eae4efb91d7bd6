"""Runs uv: found through its wheel, not misled by settings of the shell, its messages without credentials."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.settings import IndexSettings, redact

TIMEOUT_S = 3600  # a build from source may take long; an interrupt ends it at any time


class UvResult(msgspec.Struct, frozen=True):
    """What a uv process said; texts have no credentials in them."""

    code: int
    output: str
    messages: str

    def reason(self) -> str:
        """Return the lines that say what went wrong, at most six."""
        lines = [line.strip() for line in self.messages.splitlines() if line.strip()]
        start = next((number for number, line in enumerate(lines) if line.startswith("error")), max(0, len(lines) - 6))
        return "; ".join(lines[start : start + 6])


def uv_binary() -> str:
    """Return the path of the uv executable.

    Raises:
        EnvironmentRestoreError: uv is not installed beside pressrun.
    """
    try:
        import uv  # noqa: PLC0415 - only this needs it

        return str(uv.find_uv_bin())
    except (ImportError, FileNotFoundError) as error:
        raise EnvironmentRestoreError(
            "uv, which makes and rebuilds environments, is not installed beside pressrun",
            remedy="Run: python -m pip install uv",
        ) from error


def run_uv(
    arguments: Sequence[str], settings: IndexSettings, *, folder: Path, extra: Mapping[str, str] | None = None
) -> UvResult:
    """Run uv in `folder` and return what it said; a failing uv is no error here.

    Args:
        arguments: after ``uv``; no secrets, since command lines can be read by others.
        settings: where packages come from.
        folder: working directory; uv reads its project's settings from there.
        extra: further environment variables.

    Raises:
        EnvironmentRestoreError: uv is absent or does not end.
    """
    command = [uv_binary(), *arguments]
    environment = {**settings.environment(), **(extra or {})}
    try:
        finished = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRestoreError(f"uv {arguments[0]} did not end: {error}", where=command[0]) from error
    output, messages = (stream.decode("utf-8", "replace") for stream in (finished.stdout, finished.stderr))
    return UvResult(finished.returncode, output, redact(messages))
