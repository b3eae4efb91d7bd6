"""Which distributions a notebook needs: what it imported, the kernel, and what those require.

Pure: the environment comes in as a record, requirements are evaluated with the kernel's markers, not with ours.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from packaging.markers import UndefinedComparison, UndefinedEnvironmentName
from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

from pressrun.records.capture import Distribution, Environment

KERNEL = "ipykernel"
INSTALLERS = frozenset({"pip", "setuptools", "wheel", "pressrun"})
"""Left out even of a whole environment, unless the notebook imports them or something needed requires them."""


def required_names(
    requirements: Iterable[str], extras: Iterable[str], markers: Mapping[str, str]
) -> dict[str, frozenset[str]]:
    """Return canonical name -> extras asked for, of the requirements that hold.

    Args:
        requirements: PEP 508 strings, as in Requires-Dist.
        extras: those that were asked for of the distribution that has the requirements.
        markers: the PEP 508 environment to evaluate in.
    """
    wanted: dict[str, frozenset[str]] = {}
    for text in requirements:
        try:
            requirement = Requirement(text)
        except InvalidRequirement:  # old metadata: the name is all that can be trusted
            match = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)
            if match and ";" not in text:
                wanted.setdefault(canonicalize_name(match[0]), frozenset())
            continue
        if _holds(requirement, extras, markers):
            name = canonicalize_name(requirement.name)
            wanted[name] = wanted.get(name, frozenset()) | {canonicalize_name(extra) for extra in requirement.extras}
    return wanted


def _holds(requirement: Requirement, extras: Iterable[str], markers: Mapping[str, str]) -> bool:
    if requirement.marker is None:
        return True
    try:
        return any(requirement.marker.evaluate({**markers, "extra": extra}) for extra in {"", *extras})
    except (UndefinedComparison, UndefinedEnvironmentName):
        return True  # it cannot be told: one distribution too many does no harm


def closure(
    roots: Iterable[str], distributions: Iterable[Distribution], markers: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the installed distributions that `roots` need, themselves included, and the names that are missing.

    Args:
        roots: names, with extras where wanted (``dask[array]``); any spelling, they are made canonical.
        distributions: what is installed.
        markers: the PEP 508 environment of the kernel.
    """
    installed = {distribution.name: distribution for distribution in distributions}
    waiting = required_names(roots, (), markers)
    done: dict[str, frozenset[str]] = {}
    missing: set[str] = set()
    while waiting:
        name, extras = waiting.popitem()
        if name not in installed:
            missing.add(name)
            continue
        if name in done and extras <= done[name]:
            continue
        done[name] = done.get(name, frozenset()) | extras
        for needed, asked in required_names(installed[name].requires, done[name], markers).items():
            waiting[needed] = waiting.get(needed, frozenset()) | asked
    return tuple(sorted(done)), tuple(sorted(missing))


def lean_names(environment: Environment, extra: Iterable[str] = ()) -> tuple[str, ...]:
    """Return what the bundle's lock must hold: imported distributions, the kernel, `extra`, and their requirements."""
    roots = [*environment.imported, KERNEL, *extra]
    return closure(roots, environment.distributions, environment.markers)[0]


def whole_names(environment: Environment, extra: Iterable[str] = ()) -> tuple[str, ...]:
    """Return every installed distribution but the installers that nothing needs."""
    others = [d.name for d in environment.distributions if d.name not in INSTALLERS]
    return closure([*lean_names(environment, extra), *others], environment.distributions, environment.markers)[0]
