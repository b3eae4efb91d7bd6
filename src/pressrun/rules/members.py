"""Who the members are: reading the governed document, and finding the one person behind a name or an address.

A second identity is the cheapest way round a rule that asks for two people. So an id, an address and a key belong to
one person each, also when they only look alike, and whatever the journal names is first traced to the person.
"""

from __future__ import annotations

import datetime
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from pressrun.errors import UsageError, near_match
from pressrun.records.people import MEMBERS_FORMAT, ROLES, Actor, Grant, Key, Members, Person, Role
from pressrun.rules.paths import collision_key
from pressrun.rules.ssh_keys import read_public_key
from pressrun.rules.strict_yaml import Path, StrictYaml, load_yaml
from pressrun.rules.timestamps import seconds_of

MAX_PEOPLE = 20_000
MAX_TEXT = 200  # characters of a name, team or pattern
MAX_EMAIL = 320
SERVICE_ROLES: tuple[Role, ...] = ("viewer", "author", "operator", "auditor", "service")
"""What a service may be: it never approves, and never moves a pointer forward."""

_ID = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+")
_PATTERN = re.compile(r"[a-z0-9._*?\[\]!-]+")
_ZONED = re.compile(r"\d{4}-\d\d-\d\d(?:[T ].*(?:Z|[+-]\d\d:\d\d))?", re.ASCII)
_LOOKS_LIKE = str.maketrans("01", "ol")  # in common fonts, beside what `collision_key` folds

_TOP = ("format", "organisation", "people")
_PERSON = ("id", "kind", "name", "emails", "team", "grants", "keys")
_GRANT = ("role", "names", "environments")
_KEY = ("public", "valid_from", "valid_until")


def read_members(text: str, where: str) -> Members:
    """Read the document: YAML or JSON.

    Args:
        text: the document.
        where: name of the file, for messages.

    Raises:
        UsageError: it cannot be read, names something unknown, or gives one identity to two people; ``where`` has the
            line.
    """
    document = load_yaml(text, where)
    _mapping(document, (), document.value, _TOP)
    top = document.value
    if (found := top.get("format", MEMBERS_FORMAT)) != MEMBERS_FORMAT or isinstance(found, bool):
        raise _wrong(document, ("format",), f"format {found!r} is not known; this version reads {MEMBERS_FORMAT}")
    entries = _list(document, ("people",), top.get("people"))
    if not entries:
        raise _wrong(document, ("people",), "nobody is named: 'people' must be a list that is not empty")
    if len(entries) > MAX_PEOPLE:
        raise _wrong(document, ("people",), f"more than {MAX_PEOPLE:,} people are named")
    people = tuple(_person(document, ("people", index), entry) for index, entry in enumerate(entries))
    _refuse_second_identities(document, people)
    return Members(organisation=_text(document, ("organisation",), top.get("organisation", "")), people=people)


def members_text(organisation: str, people: Iterable[Person]) -> str:
    """Return the document that names these people, as somebody would write it by hand."""
    lines = [f"organisation: {json.dumps(organisation)}"] if organisation else []
    lines.append("people:")
    for person in people:
        lines.append(f"  - id: {json.dumps(person.id)}")
        lines += [f"    kind: {person.kind}"] if person.kind != "person" else []
        lines += [f"    team: {json.dumps(person.team)}"] if person.team else []
        lines += [f"    emails: {json.dumps(list(person.emails))}"] if person.emails else []
        lines.append(f"    grants: [{', '.join(grant.role for grant in person.grants)}]")
        lines += ["    keys:"] if person.keys else []
        lines += [f"      - public: {key.public}" for key in person.keys]
    return "\n".join(lines) + "\n"


def find_person(members: Members | None, name_or_email: str) -> Person | None:
    """Return the member whose id or address this is; None when it is nobody's, or where there are no members."""
    if members is None:
        return None
    if "@" not in name_or_email:
        return next((person for person in members.people if person.id == name_or_email), None)
    email = fold_email(name_or_email)
    found = [person for person in members.people if any(fold_email(known) == email for known in person.emails)]
    # the document gives an address to one person; one that was put together otherwise proves nothing
    return found[0] if len(found) == 1 else None


def canonical(members: Members | None, name_or_email: str) -> str:
    """Return the id of the person whose id or address this is, else the text itself (addresses in one spelling)."""
    person = find_person(members, name_or_email)
    if person is not None:
        return person.id
    return fold_email(name_or_email) if "@" in name_or_email else name_or_email


def person_of(members: Members | None, actor: Actor) -> Person | None:
    """Return the one member that the actor is; None when it is nobody's id or address, or more than one person's."""
    if (person := find_person(members, actor.id)) is not None:
        return person
    found = {person.id: person for email in actor.emails if (person := find_person(members, email)) is not None}
    return next(iter(found.values())) if len(found) == 1 else None


def fold_email(email: str) -> str:
    """Return an address in the one spelling that is compared.

    >>> fold_email("Ana@Example.ORG")
    'ana@example.org'
    """
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", email.strip()).casefold())


def id_problem(text: str) -> str:
    """Say why `text` may not be a member's id; empty when it may."""
    if _ID.fullmatch(text):
        return ""
    return "an id is 1 to 64 of a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"


def _person(document: StrictYaml, path: Path, entry: Any) -> Person:
    _mapping(document, path, entry, _PERSON)
    identity = _text(document, _below(path, "id"), entry.get("id", ""))
    if problem := id_problem(identity):
        raise _wrong(document, _below(path, "id"), f"{identity!r} may not be an id: {problem}")
    kind = entry.get("kind", "person")
    if kind not in {"person", "service"}:
        raise _wrong(document, _below(path, "kind"), f"the kind is 'person' or 'service', not {kind!r}")
    emails = _texts(document, _below(path, "emails"), entry.get("emails"))
    for index, email in enumerate(emails):
        if not _EMAIL.fullmatch(email) or len(email) > MAX_EMAIL:
            raise _wrong(document, _below(path, "emails", index), f"{email!r} is no e-mail address")
    grants = _list(document, _below(path, "grants"), entry.get("grants"))
    keys = _list(document, _below(path, "keys"), entry.get("keys"))
    return Person(
        id=identity,
        kind=kind,
        name=_text(document, _below(path, "name"), entry.get("name", "")),
        emails=tuple(fold_email(email) for email in emails),
        team=_text(document, _below(path, "team"), entry.get("team", "")),
        grants=tuple(_grant(document, _below(path, "grants", i), grant, kind) for i, grant in enumerate(grants)),
        keys=tuple(_key(document, _below(path, "keys", i), key) for i, key in enumerate(keys)),
    )


def _grant(document: StrictYaml, path: Path, entry: Any, kind: str) -> Grant:
    if isinstance(entry, str):
        entry = {"role": entry}
    _mapping(document, path, entry, _GRANT)
    role = entry.get("role")
    if role not in ROLES:
        hint = near_match(str(role), ROLES)
        what = f"{role!r} is no role" + (f", {hint}" if hint else "")
        raise _wrong(document, path, what, f"Roles are {', '.join(ROLES)}.")
    if kind == "service" and role not in SERVICE_ROLES:
        raise _wrong(document, path, f"a service cannot be {role}: it never approves and never promotes")
    if kind == "person" and role == "service":
        raise _wrong(document, path, "the role 'service' is for services", "Say 'kind: service', or take it away.")
    patterns = {}
    for key in ("names", "environments"):
        given = _texts(document, _below(path, key), entry[key]) if key in entry else ("*",)
        for index, pattern in enumerate(given):
            if not _PATTERN.fullmatch(pattern):
                raise _wrong(document, _below(path, key, index), f"no name can match the pattern {pattern!r}")
        if not given:
            raise _wrong(document, _below(path, key), f"{key!r} is empty, so that the role is for nothing")
        patterns[key] = given
    return Grant(role=role, names=patterns["names"], environments=patterns["environments"])


def _key(document: StrictYaml, path: Path, entry: Any) -> Key:
    if isinstance(entry, str):
        entry = {"public": entry}
    _mapping(document, path, entry, _KEY)
    try:
        public = read_public_key(_text(document, _below(path, "public"), entry.get("public"), MAX_TEXT**2)).text
    except ValueError as error:
        raise _wrong(document, _below(path, "public"), f"the key may not be used: {error}") from error
    valid_from = _moment(document, _below(path, "valid_from"), entry.get("valid_from"))
    valid_until = _moment(document, _below(path, "valid_until"), entry.get("valid_until"))
    if valid_from and valid_until and valid_from >= valid_until:
        raise _wrong(document, _below(path, "valid_until"), f"the key ends at {valid_until}, before it begins")
    return Key(public=public, valid_from=valid_from, valid_until=valid_until)


def _moment(document: StrictYaml, path: Path, value: Any) -> str:
    """Return a moment as the journal writes it: UTC with microseconds; empty when none is given."""
    if value is None or value == "":
        return ""
    seconds = seconds_of(value) if isinstance(value, str) and _ZONED.fullmatch(value) else None
    if seconds is None:
        raise _wrong(
            document, path, f"{value!r} is no moment", "Write a day, 2026-01-31, or a time with its zone, ...T10:00Z."
        )
    epoch = datetime.datetime(1970, 1, 1, tzinfo=datetime.timezone.utc)
    return (epoch + datetime.timedelta(seconds=seconds)).isoformat(timespec="microseconds")


def _refuse_second_identities(document: StrictYaml, people: Iterable[Person]) -> None:
    """Refuse an id, address or key that two people have, or that could be taken for another's."""
    ids: dict[str, str] = {}
    emails: dict[str, tuple[str, str]] = {}
    keys: dict[str, str] = {}
    for index, person in enumerate(people):
        looks = collision_key(person.id).translate(_LOOKS_LIKE)
        if (other := ids.get(looks)) is not None:
            what = "stands twice" if other == person.id else f"looks like {other!r}"
            raise _wrong(document, ("people", index, "id"), f"the id {person.id!r} {what}")
        ids[looks] = person.id
        for place, email in enumerate(person.emails):
            owner, spelling = emails.setdefault(collision_key(email), (person.id, email))
            at: Path = ("people", index, "emails", place)
            if owner != person.id:
                what = f"is {owner}'s" if spelling == email else f"looks like {owner}'s {spelling!r}"
                raise _wrong(document, at, f"the address {email!r} {what}", "An address belongs to one person.")
        for place, key in enumerate(person.keys):
            owner = keys.setdefault(key.public, person.id)
            if owner != person.id or person.keys.index(key) != place:
                what = "twice" if owner == person.id else f"here and at {owner}"
                raise _wrong(document, ("people", index, "keys", place), f"the same key stands {what}")


def _mapping(document: StrictYaml, path: Path, value: Any, known: tuple[str, ...]) -> None:
    if not isinstance(value, dict):
        raise _wrong(document, path, f"a mapping with {', '.join(known)} is expected")
    for key in value:
        if key not in known:
            hint = near_match(key.replace("-", "_"), known)
            what = f"{key!r} is not known here" + (f", {hint}" if hint else "")
            raise _wrong(document, _below(path, key), what, f"Known are {', '.join(known)}.")


def _list(document: StrictYaml, path: Path, value: Any) -> list[Any]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise _wrong(document, path, f"{path[-1]!r} must be a list")
    return value


def _texts(document: StrictYaml, path: Path, value: Any) -> tuple[str, ...]:
    return tuple(_text(document, _below(path, index), item) for index, item in enumerate(_list(document, path, value)))


def _text(document: StrictYaml, path: Path, value: Any, most: int = MAX_TEXT) -> str:
    if not isinstance(value, str):
        raise _wrong(document, path, f"text is expected, not {value!r}", "Put it in quotes.")
    text = unicodedata.normalize("NFC", value.strip())
    if not text.isprintable():
        raise _wrong(document, path, "it holds a control or invisible character")
    if len(text) > most:
        raise _wrong(document, path, f"it is longer than {most} characters")
    return text


def _below(path: Path, *steps: str | int) -> Path:
    return path + steps


def _wrong(document: StrictYaml, path: Path, what: str, remedy: str = "") -> UsageError:
    return UsageError(what, where=document.at(*path), remedy=remedy)
