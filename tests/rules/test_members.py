"""One person, one identity: reading the members, and finding who is behind an id or address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pressrun.errors import UsageError
from pressrun.records.people import Actor, Grant, Key, Members, Person
from pressrun.rules.members import MAX_PEOPLE, SERVICE_ROLES, canonical, person_of, read_members
from pressrun.testing.people import Signatory

KEY, OTHER_KEY = Signatory("ana").public, Signatory("ben").public
TEXT = f"""\
format: 1
organisation: Acme
people:
  - id: ana
    name: Ana Álvarez
    emails: [Ana@Example.org, ana@home.example]
    team: risk
    grants:
      - author
      - role: approver
        names: ["churn*"]
        environments: [staging, "prod-*"]
    keys:
      - {KEY} ana@laptop
      - public: {OTHER_KEY}
        valid_from: 2026-01-31
        valid_until: 2026-12-31T12:00:00+01:00
  - id: nightly
    kind: service
    grants: [service]
"""


def test_a_document_is_read_as_written_with_addresses_keys_and_times_in_one_spelling() -> None:
    ana = Person(
        id="ana",
        name="Ana Álvarez",
        emails=("ana@example.org", "ana@home.example"),
        team="risk",
        grants=(Grant(role="author"), Grant(role="approver", names=("churn*",), environments=("staging", "prod-*"))),
        keys=(
            Key(public=KEY),
            Key(
                public=OTHER_KEY,
                valid_from="2026-01-31T00:00:00.000000+00:00",
                valid_until="2026-12-31T11:00:00.000000+00:00",
            ),
        ),
    )
    nightly = Person(id="nightly", kind="service", grants=(Grant(role="service"),))
    assert Members(organisation="Acme", people=(ana, nightly)) == read_members(TEXT, "members.yaml")


def _people(*people: dict[str, Any], **top: Any) -> str:
    """Return a document with one person a line from line 2 on."""
    lines = ["people:", *(f"  - {json.dumps(person, ensure_ascii=False)}" for person in people)]
    return "\n".join([*lines, *(f"{key}: {json.dumps(value)}" for key, value in top.items())])


def _ana(**fields: Any) -> dict[str, Any]:
    return {"id": "ana", "emails": ["ana@example.org"]} | fields


BEN = {"id": "ben", "emails": ["ben@example.org"]}
WRONG = {
    "nobody": ("people: []", 1, "nobody is named"),
    "empty": ("", 1, "a mapping with"),
    "list": ("- id: ana", 1, "a mapping with"),
    "later format": (_people(BEN, format=2), 3, "format 2 is not known"),
    "format true": (_people(BEN, format=True), 3, "format True is not known"),
    "unknown at the top": (_people(BEN, peeple=1), 3, "'peeple' is not known here, did you mean 'people'?"),
    "unknown field": (_people(BEN, _ana(email="x")), 3, "'email' is not known here, did you mean 'emails'?"),
    "hyphens": (_people(_ana(keys=[{"public": KEY, "valid-until": "2026-01-01"}])), 2, "did you mean 'valid_until'?"),
    "approved": (_people(_ana(approved=True)), 2, "'approved' is not known here"),
    "no id": (_people({"name": "Ana"}), 2, "'' may not be an id"),
    "capital": (_people(_ana(id="Ana")), 2, "'Ana' may not be an id"),
    "path": (_people(_ana(id="../ana")), 2, "may not be an id"),
    "address as id": (_people(_ana(id="ana@example.org")), 2, "may not be an id"),
    "cyrillic id": (_people(_ana(), _ana(id="аna", emails=[])), 3, "may not be an id"),  # noqa: RUF001
    "id twice": (_people(_ana(), BEN, _ana(emails=[])), 4, "the id 'ana' stands twice"),
    "look-alike id": (_people(_ana(id="al1ce"), _ana(id="allce", emails=[])), 3, "'allce' looks like 'al1ce'"),
    "look-alike zero": (_people(_ana(id="bob0"), _ana(id="bobo", emails=[])), 3, "'bobo' looks like 'bob0'"),
    "number as id": ("people:\n  - id: 12", 2, "text is expected, not 12"),
    "kind": (_people(_ana(kind="robot")), 2, "'person' or 'service', not 'robot'"),
    "no address": (_people(_ana(emails=["ana"])), 2, "'ana' is no e-mail address"),
    "address with space": (_people(_ana(emails=["ana @x"])), 2, "no e-mail address"),
    "addresses as text": (_people(_ana(emails="ana@x")), 2, "'emails' must be a list"),
    "address of two": (_people(_ana(), _ana(id="ben")), 3, "the address 'ana@example.org' is ana's"),
    "alias of two": (_people(_ana(), _ana(id="ben", emails=["b@x", "ANA@Example.Org"])), 3, "is ana's"),
    "decomposed address": (
        _people(_ana(emails=["jos\u00e9@x"]), _ana(id="ben", emails=["jose\u0301@x"])), 3, "is ana's",
    ),
    "cyrillic address": (
        _people(_ana(), _ana(id="ben", emails=["аna@example.org"])), 3, "looks like ana's 'ana@example.org'",  # noqa: RUF001
    ),
    "invisible": (_people(_ana(emails=["ana\u200b@example.org"])), 2, "invisible character"),
    "long": (_people(_ana(name="x" * 201)), 2, "longer than 200"),
    "unknown role": (_people(_ana(grants=["aprover"])), 2, "'aprover' is no role, did you mean 'approver'?"),
    "owner": (_people(_ana(grants=["owner"])), 2, "Roles are viewer, author"),
    "unknown in grant": (_people(_ana(grants=[{"role": "author", "name": "x"}])), 2, "did you mean 'names'?"),
    "role for nothing": (_people(_ana(grants=[{"role": "author", "names": []}])), 2, "'names' is empty"),
    "capital pattern": (_people(_ana(grants=[{"role": "author", "names": ["Churn"]}])), 2, "no name can match"),
    "person as service": (_people(_ana(grants=["service"])), 2, "'service' is for services"),
    "key of two": (_people(_ana(keys=[KEY]), BEN | {"keys": [f"{KEY} another comment"]}), 3, "here and at ana"),
    "key twice": (_people(_ana(keys=[KEY, {"public": KEY}])), 2, "the same key stands twice"),
    "private key": (_people(_ana(keys=["-----BEGIN OPENSSH PRIVATE KEY-----"])), 2, "private key"),
    "no key": (_people(_ana(keys=["ssh-dss AAAA"])), 2, "the key may not be used"),
    "no day": (_people(_ana(keys=[{"public": KEY, "valid_from": "2026-02-30"}])), 2, "no moment"),
    "no zone": (_people(_ana(keys=[{"public": KEY, "valid_from": "2026-02-03T10:00"}])), 2, "time with its zone"),
    "ends before": (
        _people(_ana(keys=[{"public": KEY, "valid_from": "2026-02-03", "valid_until": "2026-02-03"}])), 2, "before it",
    ),
    "duplicate": ("people:\n  - id: ana\n    id: ben", 3, "the key 'id' stands here"),
    "object": ("people: !!python/object/apply:os.system [id]", 1, "the tag"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "line", "what"), WRONG.values(), ids=list(WRONG))
def test_what_is_wrong_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(UsageError) as refused:
        read_members(text, "members.yaml")
    assert what in str(refused.value)
    assert refused.value.where == f"members.yaml:{line}"


@pytest.mark.parametrize("role", ["reviewer", "approver", "release-manager", "policy-admin"])
def test_a_service_cannot_be_granted_what_approves_or_promotes(role: str) -> None:
    with pytest.raises(UsageError, match=f"a service cannot be {role}"):
        read_members(_people({"id": "bot", "kind": "service", "grants": [role]}), "m")


def test_a_service_can_be_granted_every_other_role() -> None:
    (bot,) = read_members(_people({"id": "bot", "kind": "service", "grants": list(SERVICE_ROLES)}), "m").people
    assert tuple(grant.role for grant in bot.grants) == SERVICE_ROLES


def test_too_many_people_are_refused() -> None:
    text = "people: [" + ",".join('{"id": "a"}' for _ in range(MAX_PEOPLE + 1)) + "]"
    with pytest.raises(UsageError, match="more than"):
        read_members(text, "m")


MEMBERS = Members(
    people=(
        Person(id="ana", emails=("Ana@Example.org", "ana@home.example")),
        Person(id="ben", emails=("ben@example.org",)),
    )
)
FOUND = [
    ("ana", "ana"),
    ("ANA@example.ORG", "ana"),
    (" ana@home.example ", "ana"),
    ("ben@example.org", "ben"),
    ("Ana", "Ana"),
    ("carl", "carl"),
    ("Carl@Example.org", "carl@example.org"),
]


@pytest.mark.parametrize(("given", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_an_id_or_address_leads_to_its_person_and_anything_else_stays_itself(given: str, expected: str) -> None:
    assert expected == canonical(MEMBERS, given)


def test_without_members_addresses_have_one_spelling_and_ids_stay() -> None:
    assert canonical(None, "Ana@Example.org") == "ana@example.org"
    assert canonical(None, "Ana") == "Ana"


@pytest.mark.parametrize(
    ("actor", "expected"),
    [
        (Actor(id="ana"), "ana"),
        (Actor(id="ben@example.org"), "ben"),
        (Actor(id="somebody", emails=("ana@home.example", "ANA@example.org")), "ana"),
        (Actor(id="ben", emails=("ana@home.example",)), "ben"),
        (Actor(id="somebody", emails=("ana@home.example", "ben@example.org")), None),
        (Actor(id="somebody"), None),
    ],
)
def test_an_actor_is_the_one_member_that_its_id_or_its_addresses_name(actor: Actor, expected: str | None) -> None:
    found = person_of(MEMBERS, actor)
    assert expected == (found.id if found is not None else None)
    assert person_of(None, actor) is None


def test_an_address_of_two_people_names_nobody() -> None:
    both = Members(people=(Person(id="ana", emails=("x@y",)), Person(id="ben", emails=("X@y",))))
    assert canonical(both, "x@y") == "x@y"
    assert person_of(both, Actor(id="x@y")) is None


_NAMES = st.sampled_from(["ana", "ben", "b0b", "bob", "bo6", "a.b", "ab"])
_ADDRESSES = st.sampled_from(["a@x", "A@x", "а@x", "b@x", "b@X", "ﬁ@x", "fi@x"])  # noqa: RUF001
_KEYS = st.sampled_from([KEY, OTHER_KEY])


@given(
    st.lists(
        st.fixed_dictionaries(
            {"id": _NAMES, "emails": st.lists(_ADDRESSES, max_size=3), "keys": st.lists(_KEYS, max_size=1)}
        ),
        min_size=1,
        max_size=4,
    )
)
@settings(max_examples=200)
def test_whatever_is_accepted_gives_every_id_address_and_key_to_one_person(people: list[dict[str, Any]]) -> None:
    try:
        members = read_members(_people(*people), "m")
    except UsageError:
        return
    for person in members.people:
        assert canonical(members, person.id) == person.id
        assert all(canonical(members, email) == person.id for email in person.emails)
    keys = [key.public for person in members.people for key in person.keys]
    assert len(keys) == len(set(keys))
