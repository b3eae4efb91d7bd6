"""Write the golden registry. Run once, when a format is new: ``python tests/golden/make_journal.py``.

It never overwrites. Real people with real keys do what they do, so that every kind of event is there; their private
keys are not kept. Two entries follow that a later version would write.
"""

from __future__ import annotations

import json
import shutil
import socket
import tarfile
import tempfile
from pathlib import Path
from typing import Any, get_args

import msgspec

from pressrun.actions.approve import approve, find_request, reject, request_approval, revoke, withdraw
from pressrun.actions.audit import export_journal
from pressrun.actions.deploy import DeployOrder, deploy, ratify
from pressrun.actions.documents import decline, publish_members, publish_policy
from pressrun.actions.registry import JOURNAL_FILE, Registry
from pressrun.actions.rollback import RollbackOrder, hold_review, roll_back
from pressrun.actions.state import Description, Statement, Waiver, describe, end_waiver, state, waive
from pressrun.actions.upkeep import GarbageRequest, collect_garbage
from pressrun.records import events as ev
from pressrun.records.digest import canonical_json, digest_text
from pressrun.rules.signed_note import vkey
from pressrun.store.journal.open import open_journal
from pressrun.store.journal.port import Stored
from pressrun.store.keys import open_journal_key
from pressrun.store.layout import STORE_FOLDER
from pressrun.testing.worlds import POLICY, RegistryWorld

HERE = Path(__file__).parent
TARGET = HERE / "journal-v1.tar"
PLACE = Path("/tmp/pressrun-golden")  # stands in the entries: where versions went live
HOST = "golden"
CHECKS = """\
  - id: FAIR
    title: Is it fair?
    kind: statement
    who: [reviewer]
    max_age_days: 30
    environments: [production]
  - id: GOOD
    title: Is it good enough?
    kind: at_least
    fact: metrics.auc
    value: 0.8
    environments: [production]
    waivable: true
"""
SECOND_ADMIN = ("    grants: [reviewer]\n", "    grants: [reviewer, policy-admin]\n")


def live_through(world: RegistryWorld) -> None:
    """Let every kind of event happen."""
    for number, label in enumerate(("one", "two", "three"), 1):
        world.register(label)
        take_to_production(world, number)
    with world.acting("ana") as registry:
        first = deploy(registry, DeployOrder(reference="churn@1", environment="production", break_glass="it is down"))
        describe(registry, "churn@2", Description(deputy="ben", use_case="who leaves", reason="asked for"))
        record_run(registry)
    with world.acting("ben") as registry:
        ratify(registry, first.deployment, "agreed")
        back = roll_back(registry, RollbackOrder(name="churn", environment="production", to=2, reason="too slow"))
        registry.objects.put(b"nobody refers to this\n")
        collect_garbage(registry, GarbageRequest(grace_s=0.0), lambda event: registry.offer(lambda _: [event]))
    with world.acting("dora") as registry:
        hold_review(registry, back.deployment, "the index was missing")
        revoke(registry, "churn@3", "it learned from the test set")
    refuse_and_withdraw(world)
    fail(world)
    change_documents(world)


def take_to_production(world: RegistryWorld, number: int) -> None:
    """State, waive, request, approve and deploy one version."""
    reference = f"churn@{number}"
    with world.acting("dora") as registry:
        said = Statement(check="FAIR", answer=True, text="Looked at by group.", links=("https://acme.example/fair",))
        state(registry, reference, said)
        if number == 1:
            waived = waive(registry, reference, waiver())
            end_waiver(registry, waived.waiver, "said too early")
        waive(registry, reference, waiver())
    with world.acting("ana") as registry:
        request_approval(registry, reference, "production", "please")
    with world.acting("ben") as registry:
        approve(registry, find_request(registry, reference), "looks right")
    with world.acting("ana") as registry:
        deploy(registry, DeployOrder(reference=reference, environment="production"))


def waiver() -> Waiver:
    """Return what is done instead of measuring."""
    return Waiver(check="GOOD", reason="nothing was measured yet", control="a weekly look", owner="dora", days=7)


def record_run(registry: Registry) -> None:
    """Record a replay."""
    source = digest_text("a notebook")
    registry.record(
        ev.RunRecorded(
            run="0" * 32, what="replay", notebook="churn.ipynb", source=source, outcome="completed",
            started="2026-01-01T00:00:00+00:00", duration_s=1.5, cpu_s=1.0, parameters={"rows": 3},
            metrics={"auc": 0.75}, python="3.11.7", where="current",
        )
    )  # fmt: skip


def refuse_and_withdraw(world: RegistryWorld) -> None:
    """Reject the request that is open, ask again, and withdraw that."""
    with world.acting("ben") as registry:
        reject(registry, find_request(registry, "churn@2"), "not this week")
    with world.acting("ana") as registry:
        request_approval(registry, "churn@2", "production")
        withdraw(registry, find_request(registry, "churn@2"), "never mind")


def fail(world: RegistryWorld) -> None:
    """Begin a deployment, a rollback and a collection that fail."""
    with world.acting("ana") as registry:
        stands = registry.standing().names["churn"]
        asked = next(iter(stands.requests.values())).event
        place: dict[str, Any] = {"name": "churn", "environment": "production"}
        moved = {**place, "previous": 2, "target": "record", "host": HOST}
        begun: list[tuple[Any, Any]] = [
            (
                ev.DeployRequested(deployment="d" * 32, number=1, bundle=asked.bundle, policy=asked.policy,
                                   verdict=asked.verdict, decision=asked.decision, **moved),
                ev.DeployFailed(deployment="d" * 32, number=1, error="no space left", **place),
            ),
            (
                ev.RollbackRequested(deployment="e" * 32, number=1, bundle=asked.bundle, reason="a try",
                                     **moved),
                ev.RollbackFailed(deployment="e" * 32, number=1, error="no space left", **place),
            ),
            (
                ev.CollectRequested(collection="f" * 32, objects=1, size=2),
                ev.CollectFailed(collection="f" * 32, error="interrupted"),
            ),
        ]  # fmt: skip
        for pair in begun:
            for event in pair:
                registry.record(event)


def change_documents(world: RegistryWorld) -> None:
    """Give the company a second policy admin, propose a policy and decline it."""
    members = world.folder / "members.yaml"
    members.write_text(world.members_text().replace(*SECOND_ADMIN), encoding="utf-8")
    stricter = world.folder / "stricter.yaml"
    stricter.write_text(world.folder.joinpath("policy.yaml").read_text().replace("value: 0.8", "value: 0.9"))
    with world.acting("cleo") as registry:
        publish_members(registry, members)
        proposal = publish_policy(registry, stricter).proposal
    with world.acting("dora") as registry:
        decline(registry, proposal, "too early")


def add_later_entries(world: RegistryWorld) -> None:
    """Add what a later version may write: a kind that is not known, and a field that is not known."""
    path = world.project / STORE_FOLDER / JOURNAL_FILE
    with open_journal(path) as journal:
        stored, notes = list(journal.read()), journal.checkpoints()
    last = json.loads(stored[-1].leaf)
    later = [
        {**last, "event": {"kind": "monitored", "name": "churn", "window": 7}, "mood": "curious"},
        {**last, "event": {"kind": "described", "name": "churn", "number": 2, "owner": "dora", "colour": "blue"}},
    ]
    for number, content in enumerate(later, len(stored) + 1):
        stored.append(Stored(number, canonical_json({**content, "seq": number})))
    for old in path.parent.glob(f"{JOURNAL_FILE}*"):
        old.unlink()
    with open_journal(path, open_journal_key(world.folder / "journal.key")) as journal:
        journal.import_leaves(stored, notes)
        journal.append([], after=len(stored), checkpoint=True)


def main() -> None:
    """Write the tar, and print what the test has to know."""
    if TARGET.exists():
        raise SystemExit("the golden registry is there already")
    socket.gethostname = lambda: HOST  # it stands in the entries
    shutil.rmtree(PLACE, ignore_errors=True)
    world = RegistryWorld(PLACE).build(POLICY + CHECKS)
    live_through(world)
    add_later_entries(world)
    key = open_journal_key(world.folder / "journal.key")
    text = vkey(key.name, key.public)
    with tempfile.TemporaryDirectory() as folder, world.acting("ben") as registry:
        kept = Path(folder) / "kept"
        store = kept / "project" / STORE_FOLDER
        shutil.copytree(
            world.project, kept / "project", ignore=shutil.ignore_patterns(f"{JOURNAL_FILE}*", "locks", "tmp")
        )
        (store / JOURNAL_FILE).touch(0o600)
        registry.journal.database.copy_to(store / JOURNAL_FILE)
        export_journal(registry.journal, kept / "audit.jsonl", [text])
        for name in ("members.yaml", "policy.yaml"):
            shutil.copy2(world.folder / name, kept / name)
        kinds = {msgspec.json.decode(stored.leaf)["event"]["kind"] for stored in registry.journal.read()}
        assert kinds == {kind.__struct_config__.tag for kind in get_args(ev.Event)} | {"monitored"}, kinds
        write_tar(kept)
    print(text)
    shutil.rmtree(PLACE)


def write_tar(kept: Path) -> None:
    """Write all files below a folder, without times and owners."""
    with tarfile.open(TARGET, "w") as archive:
        for path in sorted(kept.rglob("*")):
            info = archive.gettarinfo(path, str(path.relative_to(kept)))
            info.uid = info.gid = info.mtime = 0
            info.uname = info.gname = ""
            with path.open("rb") if path.is_file() else tempfile.TemporaryFile() as file:
                archive.addfile(info, file)


if __name__ == "__main__":
    main()
