"""Distributions that a bundle needs and the kernel's environment has not: the library of a model's format.

Their versions are fixed here, so that the same notebook gives the same lock on another day; what the environment has
already stays as it is.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

import msgspec
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.settings import IndexSettings
from pressrun.notebook.environment.uvtool import run_uv
from pressrun.records.capture import Distribution, Environment

PINS = {"prettytable": "3.18.0", "wcwidth": "0.9.4"}
"""What skops depends on beyond the packages that a scikit-learn environment has."""

_PINNED = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==(\S+)$")


def with_additions(
    environment: Environment, requirements: Sequence[str], settings: IndexSettings, *, folder: Path
) -> Environment:
    """Return the environment with what `requirements` need and it lacks, as if it were installed from the index.

    Args:
        environment: the kernel's.
        requirements: such as ``skops==0.16.0``; one that is installed in another version stays as installed.
        settings: where packages come from.
        folder: working directory of uv.

    Raises:
        EnvironmentRestoreError: they can't be had beside what is installed.
    """
    installed = {distribution.name: distribution.version for distribution in environment.distributions}
    missing = [text for text in requirements if canonicalize_name(Requirement(text).name) not in installed]
    if not missing:
        return environment
    resolved = _resolve(environment, missing, installed, settings, folder)
    added = tuple(
        Distribution(name=name, version=version, origin="index")
        for name, version in sorted(resolved.items())
        if name not in installed
    )
    distributions = sorted((*environment.distributions, *added), key=lambda distribution: distribution.name)
    return msgspec.structs.replace(environment, distributions=tuple(distributions))


def added_names(before: Environment, after: Environment) -> tuple[str, ...]:
    """Return the names that `with_additions` added."""
    known = {distribution.name for distribution in before.distributions}
    return tuple(d.name for d in after.distributions if d.name not in known)


def _resolve(
    environment: Environment, missing: Sequence[str], installed: dict[str, str], settings: IndexSettings, folder: Path
) -> dict[str, str]:
    pins = {name: version for name, version in PINS.items() if name not in installed} | installed
    with tempfile.TemporaryDirectory(prefix="pressrun-additions-") as scratch:
        wanted, constraints = Path(scratch) / "wanted.in", Path(scratch) / "constraints.txt"
        wanted.write_text("".join(f"{text}\n" for text in missing), encoding="utf-8")
        constraints.write_text("".join(f"{name}=={version}\n" for name, version in pins.items()), encoding="utf-8")
        arguments = ["pip", "compile", str(wanted), "--quiet", "--no-header", "--no-annotate", "--constraint"]
        result = run_uv([*arguments, str(constraints), "--python", environment.executable], settings, folder=folder)
    if result.code != 0:
        raise EnvironmentRestoreError(
            f"{', '.join(missing)} cannot be added to what is installed: {result.reason()}",
            where=environment.prefix,
            remedy="Install it beside the notebook's own packages and press again.",
        )
    pinned = (match for line in result.output.splitlines() if (match := _PINNED.match(line.split(" ;")[0].strip())))
    return {str(canonicalize_name(match[1])): match[2] for match in pinned}
