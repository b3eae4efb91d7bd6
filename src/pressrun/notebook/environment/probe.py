"""Asks the kernel's interpreter what its environment is."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.distributions import check_distributions
from pressrun.notebook.environment.lean import KERNEL, lean_names
from pressrun.notebook.environment.settings import strip_credentials
from pressrun.notebook.statcache import StatCache
from pressrun.observer import environment_probe
from pressrun.records.capture import Environment, ImportedModule

TIMEOUT_S = 120


def probe_environment(
    python: Path,
    modules: Sequence[ImportedModule] = (),
    *,
    extra: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
    cache: StatCache | None = None,
) -> Environment:
    """Return the environment of the interpreter `python`, with its lean part checked against RECORD.

    Args:
        python: the kernel's interpreter (``Observation.executable``).
        modules: what was imported at the end of the run.
        extra: distributions that count as imported, for example a model format's library.
        environ: the environment variables the kernel had; the process's own by default.
        cache: digests of installed files known from before.

    Raises:
        EnvironmentRestoreError: the interpreter does not start or does not answer.
    """
    own_folder = Path(environment_probe.__file__).parent
    pairs = [[module.name, module.file] for module in modules if Path(module.file).parent != own_folder]
    answer = _ask(python, {"modules": pairs}, environ)
    notes = list(answer.pop("notes"))
    found = msgspec.convert(answer, Environment, strict=False)
    if all(distribution.name != KERNEL for distribution in found.distributions):
        notes.append(f"{KERNEL} is not installed beside this interpreter; the lock cannot run a notebook by itself")
    lean = lean_names(found, extra)
    found = msgspec.structs.replace(found, lean=lean)
    edited = check_distributions((d for d in found.distributions if d.name in set(lean)), cache or StatCache())
    notes += [f"{name} was edited after it was installed: {', '.join(files)}" for name, files in sorted(edited.items())]
    distributions = tuple(
        msgspec.structs.replace(d, edited_files=edited.get(d.name, ()), url=_harmless(d.url))
        for d in found.distributions
    )
    return msgspec.structs.replace(found, distributions=distributions, notes=tuple(notes))


def _harmless(url: str) -> str:
    """Return the address without credentials, keeping the folder inside a repository."""
    address, mark, folder = url.partition("#subdirectory=")
    return strip_credentials(address) + mark + folder if "://" in address else url


def _ask(python: Path, request: dict[str, Any], environ: Mapping[str, str] | None) -> dict[str, Any]:
    script = Path(environment_probe.__file__).resolve()
    remedy = "Name a Python that has ipykernel, by --python or --kernel."
    try:
        finished = subprocess.run(
            [str(python.absolute() if len(python.parts) > 1 else python), str(script)],
            input=msgspec.json.encode(request),
            capture_output=True,
            timeout=TIMEOUT_S,
            cwd=os.sep,
            env=dict(os.environ if environ is None else environ),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise EnvironmentRestoreError(
            f"the interpreter does not start: {error}", where=str(python), remedy=remedy
        ) from error
    _, found, line = finished.stdout.partition(environment_probe.MARKER.encode())
    if finished.returncode != 0 or not found:
        told = finished.stderr.decode("utf-8", "replace").strip().splitlines()[-1:] or ["no message"]
        raise EnvironmentRestoreError(
            f"the interpreter cannot say what it is: {told[0]}", where=str(python), remedy=remedy
        )
    answer: dict[str, Any] = msgspec.json.decode(line.splitlines()[0])
    return answer
