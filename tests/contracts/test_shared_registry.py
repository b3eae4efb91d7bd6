"""The same story in PostgreSQL and S3 as on one disk: two machines, a real database and a real object store."""

import shutil
import sys
import uuid
from pathlib import Path

import pytest

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.audit import own_keys
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.fsck import check_registry
from pressrun.actions.history import history
from pressrun.actions.registered import registered_bundle, version_stands
from pressrun.actions.rollback import RollbackOrder, roll_back
from pressrun.store.bundles import write_folder
from pressrun.store.folders import open_directory
from pressrun.testing.worlds import RegistryWorld

SERVERS = Path(__file__).resolve().parents[1] / "servers"
sys.path.insert(0, str(SERVERS))

from postgres import postgres, postgres_server  # noqa: E402, F401 - fixtures


@pytest.fixture
def world(postgres, s3_server, tmp_path, monkeypatch):  # noqa: F811 - the fixture
    """Give a registry whose journal and objects are on servers."""
    for name, value in {
        "AWS_ACCESS_KEY_ID": "k", "AWS_SECRET_ACCESS_KEY": "s", "AWS_ENDPOINT_URL": s3_server,
        "AWS_DEFAULT_REGION": "us-east-1",
        "PRESSRUN_JOURNAL": postgres, "PRESSRUN_OBJECTS": f"s3://bucket/{uuid.uuid4().hex}",
    }.items():  # fmt: skip
        monkeypatch.setenv(name, value)
    return RegistryWorld(tmp_path / "first").build()


def second_machine(world, tmp_path):
    """Give the same registry as another machine sees it: other folders, the same servers, the same people."""
    other = RegistryWorld(tmp_path / "second")
    other.project.mkdir(parents=True)
    (other.project / "pressrun.toml").write_text((world.project / "pressrun.toml").read_text())
    shutil.copytree(world.folder / "people", other.folder / "people")
    shutil.copy2(world.folder / "journal.key", other.folder / "journal.key")
    return other


def test_what_one_machine_registers_another_approves_deploys_and_rolls_back(world, tmp_path):
    world.register("one")
    world.register("two")
    other = second_machine(world, tmp_path)
    for number in (1, 2):
        with world.acting("ana") as registry:
            request_approval(registry, f"churn@{number}", "production")
        with other.acting("ben") as registry:
            assert approve(registry, find_request(registry, f"churn@{number}", "production")).enough
        with other.acting("ana") as registry:
            deploy(registry, DeployOrder(reference=f"churn@{number}", environment="production"))
    with other.acting("ben") as registry:
        done = roll_back(registry, RollbackOrder(name="churn", environment="production", reason="a test"))
        assert (done.number, done.previous) == (1, 2)
        reigns = history(registry, "churn", "production")
        assert [(reign.number, reign.how) for reign in reigns] == [(1, "deploy"), (2, "deploy"), (1, "rollback")]
        assert [[a.person for a in reign.approvals] for reign in reigns] == [["ben"], ["ben"], ["ben"]]
        report = check_registry(registry, own_keys(world.folder / "journal.key"))
        assert (report.findings, report.versions) == ((), 2)
    live = open_directory((other.live / "churn" / "current").resolve())
    assert (live.folder / "README.md").read_bytes() == b"# one\n"


def test_a_bundle_comes_back_from_the_objects_alone(world, tmp_path):
    event = world.register("one").version
    other = second_machine(world, tmp_path)
    with other.acting("ben") as registry:
        found = version_stands(registry.standing(), "churn@1").event
        write_folder(registered_bundle(registry, found), tmp_path / "bundle")
    assert open_directory(tmp_path / "bundle").manifest.content_digest == event.bundle
