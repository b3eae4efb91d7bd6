"""A project with a registry, a policy, and people who have keys: what stories and fault tests begin with.

Everything is real: keys in files, a journal on disk, documents published through the same actions that the command
line calls.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from pressrun.actions.documents import publish_members, publish_policy
from pressrun.actions.register import RegisteredVersion, RegisterRequest, register
from pressrun.actions.registry import Registry, open_registry
from pressrun.records.people import Actor
from pressrun.store.person_keys import new_key
from pressrun.testing.samples import SAMPLE_FILES, write_sample_bundle

PEOPLE: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "ana": ("science", ("author", "approver", "release-manager")),
    "ben": ("risk", ("approver", "operator", "auditor")),
    "cleo": ("platform", ("policy-admin",)),
    "dora": ("science", ("reviewer",)),
}
"""Id -> team and roles. Ana writes and deploys, and may approve what others wrote; Cleo makes the rules."""

POLICY = """\
policy: acme
version: "1"
level: organisation
title: What a version needs at Acme
checks:
  - id: OWNER
    title: Has it an owner?
    kind: required
    fact: version.owner
  - id: ALIVE
    title: Was it not revoked?
    kind: is_true
    fact: version.not_revoked
  - id: APPROVED
    title: Did somebody else approve it?
    kind: approvals
    count: 1
    environments: [production]
"""


class RegistryWorld:
    """A project in `folder`, with people beside it.

    Args:
        folder: an empty folder.

    Attributes:
        project: the project's folder.
        live: the folder that production deploys to.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.project = folder / "project"
        self.live = folder / "live"

    def build(self, policy: str = POLICY) -> RegistryWorld:
        """Make the project, the people's keys, and publish policy and members."""
        self.project.mkdir(parents=True)
        (self.project / "pressrun.toml").write_text(
            '[registry]\nenvironments = { production = "dir:../live" }\n', encoding="utf-8"
        )
        for person in PEOPLE:
            new_key(self.key(person))
        (self.folder / "members.yaml").write_text(self.members_text(), encoding="utf-8")
        (self.folder / "policy.yaml").write_text(policy, encoding="utf-8")
        with self.acting("cleo") as registry:
            publish_policy(registry, self.folder / "policy.yaml")
            publish_members(registry, self.folder / "members.yaml")
        return self

    def key(self, person: str) -> Path:
        """Return the file of a person's private key."""
        return self.folder / "people" / person / "approvals.key"

    def members_text(self) -> str:
        """Return the members as the document has them."""
        lines = ["organisation: acme", "people:"]
        for person, (team, roles) in PEOPLE.items():
            public = Path(f"{self.key(person)}.pub").read_text(encoding="utf-8").strip()
            lines += [
                f"  - id: {person}",
                f"    emails: [{person}@acme.example]",
                f"    team: {team}",
                f"    grants: [{', '.join(roles)}]",
                "    keys:",
                f"      - public: {public}",
            ]
        return "\n".join(lines) + "\n"

    def environment(self, person: str) -> dict[str, str]:
        """Return the variables by which a process acts as a person; nothing of the caller's home is used."""
        home = self.folder / "people" / person
        home.mkdir(parents=True, exist_ok=True)
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PRESSRUN_", "XDG_"))}
        return kept | {
            "HOME": str(home),
            "PRESSRUN_ACTOR": person,
            "PRESSRUN_SIGNING_KEY": str(self.key(person)),
            "PRESSRUN_JOURNAL_KEY": str(self.folder / "journal.key"),
        }

    @contextlib.contextmanager
    def acting(self, person: str) -> Iterator[Registry]:
        """Open the registry as a person, in this process, whose own variables stay as they are: threads share them."""
        environ = os.environ | self.environment(person)
        with open_registry(self.project, actor=Actor(id=person), environ=environ) as registry:
            yield registry

    def bundle(self, label: str) -> Path:
        """Write a small bundle whose content depends on `label`, and return its folder."""
        folder = self.folder / "bundles" / label
        if not folder.exists():
            write_sample_bundle(folder, {**SAMPLE_FILES, "README.md": f"# {label}\n".encode()}, name="churn")
        return folder

    def register(self, label: str, person: str = "ana") -> RegisteredVersion:
        """Register the bundle `label` as the next version of ``churn``."""
        with self.acting(person) as registry:
            return register(registry, RegisterRequest(bundle=str(self.bundle(label)), name="churn"))
