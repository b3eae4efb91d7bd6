"""Which kernel a replay runs in."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from pressrun.errors import UsageError, near_match
from pressrun.notebook.replay.request import KernelChoice, ReplayRequest
from pressrun.notebook.replay.variables import names_let_through

GENERIC = ("python3", "python")
"""Names that mean any Python: a notebook that asks for one of them runs in the interpreter that runs pressrun."""


def choose_kernel(request: ReplayRequest, named: str | None, needed: Sequence[str] = ()) -> KernelChoice:
    """Return the kernel to start.

    Args:
        request: may name an interpreter or a kernelspec.
        named: the kernelspec that the notebook names, None when it names none.
        needed: variables of the caller that the notebook's secrets come from.

    Raises:
        UsageError: what is named does not exist, or both are named.
    """
    names = names_let_through(os.environ, (*request.environment_names, *needed))
    asked = set(request.environment_names) & set(names)
    fixed = {name: value for name, value in request.fixed_environment.items() if name not in asked}
    if request.kernel and request.python:
        raise UsageError("a kernel and an interpreter were both named", remedy="Give --kernel or --python, not both.")
    if request.python is not None:
        python = _interpreter(request.python)
        return KernelChoice(python=python, label=python, variables=names, fixed=fixed)
    if request.kernel:
        _require_kernelspec(request.kernel)
        return KernelChoice(name=request.kernel, label=request.kernel, variables=names, fixed=fixed)
    if named and named not in GENERIC:
        if named in _installed():
            return KernelChoice(name=named, label=named, variables=names, fixed=fixed)
    else:
        named = ""
    return KernelChoice(python=sys.executable, label="python3", variables=names, fixed=fixed, instead_of=named)


def _interpreter(path: Path) -> str:
    absolute = os.path.abspath(path)  # noqa: PTH100  resolving the link would leave the virtual environment
    if not os.path.isfile(absolute) or not os.access(absolute, os.X_OK):  # noqa: PTH113
        raise UsageError(
            "there is no such interpreter",
            where=str(path),
            remedy="Give the path of a Python, for example env/bin/python.",
        )
    return absolute


def _require_kernelspec(name: str) -> None:
    known = _installed()
    if name not in known:
        hint = near_match(name, known)
        raise UsageError(
            f"there is no kernel {name!r}{f': {hint}' if hint else ''}",
            remedy=f"Installed kernels: {', '.join(sorted(known)) or 'none'}.",
        )


def _installed() -> dict[str, str]:
    from jupyter_client.kernelspec import KernelSpecManager  # noqa: PLC0415  0.1 s that most replays do not need

    found: dict[str, str] = KernelSpecManager().find_kernel_specs()
    return found
