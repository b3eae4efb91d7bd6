"""Who may act: people, the roles they were granted, and the keys they sign with.

Members are a governed document: every change is a new version whose digest stands in the journal.
"""

from __future__ import annotations

from typing import Literal

import msgspec

MEMBERS_FORMAT = 1

Role = Literal[
    "viewer",  # reads
    "author",  # registers versions, asks for approval
    "reviewer",  # validates: states findings, approves evidence
    "approver",  # approves for the business and its risk
    "release-manager",  # moves pointers
    "operator",  # rolls back
    "policy-admin",  # publishes policy and members; may neither approve nor deploy
    "auditor",  # reads everything, verifies, exports
    "service",  # replays and monitors; may roll back, never promote, never approve
]
ROLES: tuple[Role, ...] = (
    "viewer", "author", "reviewer", "approver", "release-manager", "operator", "policy-admin", "auditor", "service",
)  # fmt: skip

Via = Literal["local", "ssh", "ed25519", "token", "service"]
"""How an actor was identified: ``local`` is what this machine's configuration says and nothing proves."""


class Grant(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A role, and what it is for.

    Attributes:
        names: patterns (``fnmatch``) of the versions' names; `environments` likewise.
    """

    role: Role
    names: tuple[str, ...] = ("*",)
    environments: tuple[str, ...] = ("*",)


class Key(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A public key in OpenSSH's form: ``ssh-ed25519 AAAA...``.

    Attributes:
        valid_from: UTC, ISO 8601; a signature is judged by the time of its entry in the journal. Empty: no bound.
        valid_until: likewise; set it when a key is lost, do not remove the key: what it signed before stays proven.
    """

    public: str
    valid_from: str = ""
    valid_until: str = ""


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One human being, or one service.

    Attributes:
        id: unique, ``^[a-z0-9][a-z0-9._-]*$``; what the journal names.
        emails: every address this person commits or acts under, so that an alias is not a second person.
        team: for rules that ask for somebody from another team.
    """

    id: str
    kind: Literal["person", "service"] = "person"
    name: str = ""
    emails: tuple[str, ...] = ()
    team: str = ""
    grants: tuple[Grant, ...] = ()
    keys: tuple[Key, ...] = ()


class Members(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody, as one version of the governed document says."""

    format: int = MEMBERS_FORMAT
    organisation: str = ""
    people: tuple[Person, ...] = ()


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks.

    Attributes:
        id: a person's id where members are published, else what the configuration says, as a rule an e-mail address.
        emails: addresses this machine knows the actor by; compared with authors and committers.
    """

    id: str
    via: Via = "local"
    emails: tuple[str, ...] = ()
