"""Whether bubblewrap works here, found out by running it: a program that is installed may still not be allowed to."""

from __future__ import annotations

import shutil
import subprocess
import sys

from pressrun.errors import UsageError
from pressrun.notebook.replay.sandbox.system import NO_MORE_NAMESPACES, isolation_words, system_words

PROBE_S = 20.0
INSTALL = "Install bubblewrap (apt install bubblewrap, dnf install bubblewrap), or run without --sandbox."
ALLOW = (
    "Unprivileged user namespaces have to be allowed: on Ubuntu 23.10 and later by an AppArmor profile for bwrap "
    "(or sysctl kernel.apparmor_restrict_unprivileged_userns=0), on Debian 10 and RHEL 7 by sysctl, in a container by "
    "its security options. Or run without --sandbox."
)


def require_sandbox() -> list[str]:
    """Return the first words of a sandbox that works here: the program and how it isolates.

    Raises:
        UsageError: there is none, or the system does not allow what a sandbox needs.
    """
    if sys.platform != "linux":
        raise UsageError(
            "a sandbox needs Linux: bubblewrap works nowhere else",
            where="--sandbox",
            remedy="Run without it, or in a Linux container.",
        )
    program = shutil.which("bwrap")
    if program is None:
        raise UsageError("bubblewrap (bwrap) is not installed", where="--sandbox", remedy=INSTALL)
    words = [program, *isolation_words(), NO_MORE_NAMESPACES]
    problem = _tried(words)
    if NO_MORE_NAMESPACES in problem:
        words.remove(NO_MORE_NAMESPACES)
        problem = _tried(words)
    if problem:
        raise UsageError(f"bubblewrap can't make a sandbox here: {problem}", where="--sandbox", remedy=ALLOW)
    return words


def _tried(words: list[str]) -> str:
    """Make a sandbox as for a kernel and return what was said when that failed, empty when it works."""
    try:
        done = subprocess.run(
            [*words, *system_words(), "/bin/sh", "-c", ":"],
            capture_output=True,
            timeout=PROBE_S,
            check=False,
            stdin=subprocess.DEVNULL,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return str(error)
    if done.returncode == 0:
        return ""
    told = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return told[-1].removeprefix("bwrap: ") if told else f"it ended with status {done.returncode}"
