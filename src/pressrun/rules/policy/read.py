"""Read a policy file: everything that is not understood is an error with its line, and a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, cast, get_args

import msgspec

from pressrun.errors import PolicyError, near_match
from pressrun.records.decision import Mode
from pressrun.records.digest import digest_text
from pressrun.records.event import TIERS
from pressrun.records.people import ROLES
from pressrun.records.policy import LEVELS, Bounds, Change, Check, Kind, Level, Origin, Policy
from pressrun.rules.policy.answers import is_number
from pressrun.rules.policy.kinds import CUSTOM, PARAMETERS, WITH_WHO, WITHOUT_FACT, Parameter
from pressrun.rules.strict_yaml import StrictYaml, load_yaml
from pressrun.rules.timestamps import seconds_of

MAX_POLICY_BYTES = 1 << 20
MAX_CHECKS = 1000
MODES: tuple[Mode, ...] = get_args(Mode)
KINDS: tuple[Kind, ...] = get_args(Kind)

_TOP = ("format", "policy", "version", "level", "title", "modes", "checks", "cases")
_CHECK = (
    "id", "title", "kind", "fact", "tiers", "environments", "who", "fix", "sources", "team_may", "waivable",
    "waiver_days",
)  # fmt: skip
_ID = re.compile(r"[A-Z][A-Z0-9]*(?:-[A-Z0-9]+)*", re.ASCII)
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}", re.ASCII)
_FACT = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.*-]{0,199}", re.ASCII)
_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def read_policy(text: str, where: str) -> Policy:
    """Return the policy that a file says.

    Args:
        text: YAML.
        where: name of the file, for messages and for who set what.

    Raises:
        PolicyError: something in it is unknown, missing or of another type; the message names the line.
        UsageError: it is no YAML that is allowed here.
    """
    policy = _Reader(load_yaml(text, where, max_bytes=MAX_POLICY_BYTES)).policy()
    return msgspec.structs.replace(policy, source=digest_text(text))


class _Reader:
    def __init__(self, document: StrictYaml) -> None:
        self._document = document
        self._label = ""

    def policy(self) -> Policy:
        top = self._mapping((), self._document.value, _TOP)
        if top.get("format", 1) != 1:
            raise self._wrong(("format",), f"format {top['format']!r} is not known; this version reads 1")
        level = top.get("level", "organisation")
        if level not in LEVELS:
            raise self._wrong(("level",), f"{level!r} is no level", near_match(str(level), LEVELS) or _one_of(LEVELS))
        name, version = self._text(top, (), "policy"), self._text(top, (), "version")
        if not _NAME.fullmatch(name):
            raise self._wrong(("policy",), f"{name!r} is no name for a policy", "Use a-z, 0-9, '.', '_' and '-'.")
        self._label = f"{name} {version}"
        checks, changes = self._checks(top, cast("Level", level))
        return Policy(
            name=name,
            version=version,
            level=cast("Level", level),
            title=self._text(top, (), "title", default=""),
            modes=self._modes(top),
            checks=tuple(checks),
            changes=tuple(changes),
            where=self._document.where,
        )

    def _modes(self, top: Mapping[str, Any]) -> dict[Mode, str]:
        given = top.get("modes", {})
        found: dict[Mode, str] = {}
        for mode, day in self._mapping(("modes",), given, MODES).items():
            if not isinstance(day, str) or not _DAY.fullmatch(day) or seconds_of(day) is None:
                raise self._wrong(("modes", mode), f"{day!r} is no day", "Write it as 2026-11-30.")
            found[cast("Mode", mode)] = day
        return found

    def _checks(self, top: Mapping[str, Any], level: Level) -> tuple[list[Check], list[Change]]:
        entries = top.get("checks", [])
        if not isinstance(entries, list) or len(entries) > MAX_CHECKS:
            raise self._wrong(("checks",), f"'checks' must be a list of at most {MAX_CHECKS}")
        checks: list[Check] = []
        changes: list[Change] = []
        seen: dict[str, int] = {}
        for index, entry in enumerate(entries):
            path = ("checks", index)
            if not isinstance(entry, dict):
                raise self._wrong(path, "a check must be a mapping")
            identity = self._text(entry, path, "id")
            if not _ID.fullmatch(identity):
                raise self._wrong((*path, "id"), f"{identity!r} is no id of a check", "Write it as MO-1.")
            if identity in seen:
                raise self._wrong((*path, "id"), f"the check {identity!r} stands here and in line {seen[identity]}")
            seen[identity] = self._document.line(*path, "id")
            if "kind" in entry:
                checks.append(self._check(path, entry, identity))
            elif level == "organisation":
                raise self._wrong(path, f"the check {identity!r} has no kind", _one_of(KINDS))
            else:
                changes.append(self._change(path, entry, identity))
        return checks, changes

    def _check(self, path: tuple[str | int, ...], entry: dict[str, Any], identity: str) -> Check:
        kind = entry["kind"]
        if kind not in PARAMETERS:
            raise self._wrong((*path, "kind"), f"{kind!r} is no kind", near_match(str(kind), KINDS) or _one_of(KINDS))
        known = PARAMETERS[cast("Kind", kind)]
        self._mapping(path, entry, (*_CHECK, *known))
        params = {name: self._parameter(path, entry, name, parameter) for name, parameter in known.items()}
        if kind == "within" and params["low"] > params["high"]:
            raise self._wrong((*path, "low"), f"low ({params['low']:g}) is above high ({params['high']:g})")
        origin = self._origin(*path, "id")
        return Check(
            id=identity,
            title=self._text(entry, path, "title"),
            kind=cast("Kind", kind),
            fact=self._fact(path, entry, cast("Kind", kind)),
            params=params,
            tiers=self._texts(path, entry, "tiers", TIERS),
            environments=self._texts(path, entry, "environments"),
            who=self._who(path, entry, cast("Kind", kind)),
            fix=self._text(entry, path, "fix", default=""),
            sources=self._texts(path, entry, "sources"),
            team_may=self._bounds(path, entry, known),
            waivable=self._flag(path, entry, "waivable", default=True),
            waiver_days=self._days(path, entry, "waiver_days"),
            origin=origin,
            set_by={name: self._origin(*path, name) if name in entry else origin for name in known},
        )

    def _change(self, path: tuple[str | int, ...], entry: dict[str, Any], identity: str) -> Change:
        # which parameters the check has is known where it is merged; here only that nothing else is changed
        for key in entry:
            if key != "id" and key in _CHECK:
                raise self._wrong(
                    (*path, key),
                    f"{key!r} of the check {identity!r} is not for a lower level to change",
                    "Without 'kind' this changes parameters of a higher level's check; a new check needs its kind.",
                )
        params = {key: value for key, value in entry.items() if key != "id"}
        if not params:
            raise self._wrong(path, f"nothing is changed in the check {identity!r}")
        return Change(
            id=identity,
            params={key: tuple(value) if isinstance(value, list) else value for key, value in params.items()},
            origins={key: self._origin(*path, key) for key in params},
            where=self._document.at(*path),
        )

    def _fact(self, path: tuple[str | int, ...], entry: dict[str, Any], kind: Kind) -> str:
        if kind in WITHOUT_FACT:
            if "fact" in entry:
                raise self._wrong((*path, "fact"), f"a check of the kind {kind!r} looks at no fact")
            return ""
        fact = self._text(entry, path, "fact")
        if not _FACT.fullmatch(fact):
            raise self._wrong((*path, "fact"), f"{fact!r} is no name of a fact")
        if "*" in fact and kind != "each_at_least":
            raise self._wrong((*path, "fact"), "a pattern names many facts, and only 'each_at_least' looks at many")
        if kind == "custom" and not fact.startswith(CUSTOM):
            raise self._wrong((*path, "fact"), f"the fact of a custom check begins with {CUSTOM!r}, not {fact!r}")
        return fact

    def _who(self, path: tuple[str | int, ...], entry: dict[str, Any], kind: Kind) -> tuple[str, ...]:
        who = self._texts(path, entry, "who", ROLES)
        if kind in WITH_WHO and not who:
            raise self._wrong(path, f"a check of the kind {kind!r} must say who states it: 'who'", _one_of(ROLES))
        return who

    def _bounds(
        self, path: tuple[str | int, ...], entry: dict[str, Any], known: Mapping[str, Parameter]
    ) -> dict[str, Bounds]:
        numbers = [name for name, parameter in known.items() if parameter.type in {"number", "count"}]
        given = self._mapping((*path, "team_may"), entry.get("team_may", {}), numbers)
        found = {}
        for name, ends in given.items():
            place = (*path, "team_may", name)
            if not isinstance(ends, list) or len(ends) != 2 or not all(e is None or is_number(e) for e in ends):
                raise self._wrong(place, f"the range of {name!r} must be [low, high], null for no end")
            low, high = (None if end is None else float(end) for end in ends)
            if low is not None and high is not None and low > high:
                raise self._wrong(place, f"the range of {name!r} is empty")
            found[name] = Bounds(low=low, high=high)
        return found

    def _parameter(self, path: tuple[str | int, ...], entry: dict[str, Any], name: str, parameter: Parameter) -> Any:
        if name not in entry:
            if parameter.required:
                raise self._wrong(path, f"the check {entry['id']!r} ({entry['kind']}) must say {name!r}")
            return parameter.default
        value = entry[name]
        if (problem := value_problem(parameter, value)) != "":
            raise self._wrong((*path, name), f"{name!r} {problem}")
        return tuple(value) if isinstance(value, list) else value

    def _mapping(self, path: tuple[str | int, ...], value: Any, known: Iterable[str]) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise self._wrong(path, "this must be a mapping")
        names = list(known)
        for key in value:
            if key not in names:
                raise self._wrong((*path, key), f"{key!r} is not known here", near_match(key, names) or _one_of(names))
        return value

    def _text(
        self, entry: Mapping[str, Any], path: tuple[str | int, ...], key: str, *, default: str | None = None
    ) -> str:
        value = entry.get(key, default)
        if value is None:
            raise self._wrong(path, f"{key!r} is missing")
        if isinstance(value, int | float) and not isinstance(value, bool) and key == "version":
            raise self._wrong((*path, key), f"the version {value!r} must be in quotes: 1.10 would be read as 1.1")
        if not isinstance(value, str) or (not value.strip() and default is None):
            raise self._wrong((*path, key), f"{key!r} must be text")
        if not all(character.isprintable() or character in "\n\t" for character in value):
            raise self._wrong((*path, key), f"{key!r} holds a control character")
        return " ".join(value.split())

    def _texts(
        self, path: tuple[str | int, ...], entry: Mapping[str, Any], key: str, known: Iterable[str] = ()
    ) -> tuple[str, ...]:
        value = entry.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self._wrong((*path, key), f"{key!r} must be a list of texts")
        if not all(item.isprintable() for item in value):
            raise self._wrong((*path, key), f"{key!r} holds a control character")
        names = list(known)
        for index, item in enumerate(value):
            if names and item not in names:
                raise self._wrong(
                    (*path, key, index), f"{item!r} is not known in {key!r}", near_match(item, names) or _one_of(names)
                )
        if len(set(value)) != len(value):
            raise self._wrong((*path, key), f"{key!r} names something twice")
        return tuple(value)

    def _flag(self, path: tuple[str | int, ...], entry: Mapping[str, Any], key: str, *, default: bool) -> bool:
        value = entry.get(key, default)
        if not isinstance(value, bool):
            raise self._wrong((*path, key), f"{key!r} must be true or false")
        return value

    def _days(self, path: tuple[str | int, ...], entry: Mapping[str, Any], key: str) -> float | None:
        if key not in entry:
            return None
        if not is_number(entry[key]) or entry[key] <= 0:
            raise self._wrong((*path, key), f"{key!r} must be a number of days above 0")
        return float(entry[key])

    def _origin(self, *path: str | int) -> Origin:
        return Origin(policy=self._label, where=self._document.at(*path))

    def _wrong(self, path: tuple[str | int, ...], what: str, remedy: str = "") -> PolicyError:
        if remedy.startswith("did you"):
            remedy = f"D{remedy[1:]}"
        return PolicyError(what, where=self._document.at(*path), remedy=remedy)


def value_problem(parameter: Parameter, value: Any) -> str:
    """Say why a value is none for a parameter; empty when it is one."""
    if parameter.type in {"number", "count"}:
        if not is_number(value):
            return "must be a number"
        whole = isinstance(value, int) and value >= 0
        return "must be a whole number, 0 or more" if parameter.type == "count" and not whole else ""
    if parameter.type == "flag":
        return "" if isinstance(value, bool) else "must be true or false"
    if not isinstance(value, list | tuple) or not value:
        return "must be a list that is not empty"
    if parameter.type == "texts" and not all(isinstance(item, str) and item in ROLES for item in value):
        return f"must be a list of roles: {', '.join(ROLES)}"
    if not all(isinstance(item, str | int | float) for item in value):
        return "must be a list of texts, numbers, true or false"
    return ""


def _one_of(names: Iterable[str]) -> str:
    return f"Known are {', '.join(names)}."
