"""Deploying moves a pointer when the policy allows it, and leaves everything as it was when something fails."""

import multiprocessing
import shutil

import pytest

from pressrun.actions.approve import approve, find_request, request_approval
from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.history import history
from pressrun.actions.registered import registered_bundle
from pressrun.errors import CannotRestoreError, NotAllowedError, PressrunError, RefusedError, UsageError
from pressrun.records.entries import decode_entry
from pressrun.rules.standing.queries import live, open_deployments
from pressrun.store.layout import hex_of
from pressrun.store.manifests import listed_files
from pressrun.testing.worlds import POLICY, RegistryWorld

PRODUCTION = DeployOrder(reference="churn@1", environment="production")
STAGING = "staging"


@pytest.fixture(scope="module")
def first_world(tmp_path_factory):
    """Make a registry with two versions, the first of them approved for production."""
    made = RegistryWorld(tmp_path_factory.mktemp("deploy")).build()
    for label in ("one", "two"):
        made.register(label)
    with made.acting("ana") as registry:
        request_approval(registry, "churn@1", "production")
    with made.acting("ben") as registry:
        approve(registry, find_request(registry, "churn@1"))
    return made


@pytest.fixture
def world(first_world, tmp_path):
    """Give a copy of it, that a test may change."""
    shutil.copytree(first_world.folder, tmp_path / "world", symlinks=True)
    return RegistryWorld(tmp_path / "world")


def live_number(registry, environment="production"):
    move = live(registry.standing(), "churn", environment)
    return None if move is None else move.number


def current(world):
    link = world.live / "churn" / "current"
    return link.readlink().name if link.is_symlink() else ""


def kinds(registry, since):
    return [type(entry.event).__name__ for entry in entries(registry, since)]


def entries(registry, since):
    return [decode_entry(stored.leaf) for stored in registry.journal.read(since)]


def test_what_the_policy_refuses_leaves_no_trace(world):
    with world.acting("ana") as registry:
        head = registry.standing().head
        with pytest.raises(NotAllowedError, match="APPROVED"):
            deploy(registry, DeployOrder(reference="churn@2", environment="production"))
        assert registry.standing().head == head
        assert live_number(registry) is None
    assert not world.live.exists()


def test_what_the_policy_allows_is_live_with_the_bytes_that_were_approved(world):
    with world.acting("ana") as registry:
        head = registry.standing().head
        done = deploy(registry, PRODUCTION)
        version = registry.standing().names["churn"].versions[0].event
        assert kinds(registry, head) == ["DeployRequested", "Deployed"]
        assert live_number(registry) == 1
    assert (done.reference, done.previous, done.ratify_by) == ("churn@1", 0, "")
    assert current(world) == f"1-{hex_of(version.bundle)[:12]}"
    assert (world.live / "churn" / "current" / "README.md").read_bytes() == b"# one\n"


def test_a_deployment_names_the_request_whose_approvals_it_rests_on(world):
    with world.acting("ana") as registry:
        head = registry.standing().head
        done = deploy(registry, PRODUCTION)
        intent = entries(registry, head)[0].event
        (reign,) = history(registry, "churn", "production")
        (request,) = registry.standing().names["churn"].requests
    assert intent.request == request
    assert intent.policy == done.decision.policy
    assert [(given.person, given.signed) for given in reign.approvals] == [("ben", True)]


def test_a_policy_that_only_advises_lets_it_through_and_the_decision_says_that_it_would_refuse(tmp_path):
    advising = POLICY.replace("checks:\n", "modes: {advise: 2020-01-01}\nchecks:\n")
    world = RegistryWorld(tmp_path).build(advising)
    world.register("one")
    with world.acting("ana") as registry:
        done = deploy(registry, PRODUCTION)
        assert live_number(registry) == 1
    assert (done.decision.allowed, done.decision.mode) == (False, "advise")


def test_a_target_on_record_touches_no_file(world):
    with world.acting("ana") as registry:
        done = deploy(registry, DeployOrder(reference="churn@1", environment="production", target="record"))
        assert live_number(registry) == 1
    assert done.location == ""
    assert not world.live.exists()


@pytest.mark.parametrize("target", ["s3://bucket", "dir:", "folder", "Record", "dir:../a\0b", "dir:../a\nb"])
def test_an_unknown_target_is_misuse_and_nothing_is_recorded(world, target):
    with world.acting("ana") as registry:
        head = registry.standing().head
        with pytest.raises(UsageError, match="is no target"):
            deploy(registry, DeployOrder(reference="churn@1", environment=STAGING, target=target))
        assert registry.standing().head == head


def test_a_target_that_cannot_be_written_is_recorded_as_failed_and_the_pointer_stays(world):
    with world.acting("ana") as registry:
        deploy(registry, PRODUCTION)
    served = current(world)
    blocked = world.live / "churn"
    version = world.register("three")
    with world.acting("ana") as registry:
        # a file stands where the folder of this version has to be: it cannot be written by anybody, root included
        (blocked / f"3-{hex_of(version.version.bundle)[:12]}").write_text("in the way")
        head = registry.standing().head
        order = DeployOrder(reference="churn@3", environment=STAGING, target=f"dir:{world.live}")
        with pytest.raises(PressrunError) as caught:
            deploy(registry, order)
        found = entries(registry, head)
        assert [type(entry.event).__name__ for entry in found] == ["DeployRequested", "DeployFailed"]
        assert found[1].event.error == str(caught.value)
        assert live_number(registry, STAGING) is None
        assert not open_deployments(registry.standing())
    assert current(world) == served
    assert (blocked / "current" / "README.md").read_bytes() == b"# one\n"


@pytest.mark.parametrize("target", [f"dir:../{'x' * 300}", "dir:pressrun.toml/live"])
def test_a_folder_that_cannot_be_is_an_error_of_ours_and_the_pointer_stays(world, target):
    with world.acting("ana") as registry:
        with pytest.raises(PressrunError):
            deploy(registry, DeployOrder(reference="churn@1", environment=STAGING, target=target))
        assert live_number(registry, STAGING) is None
        assert not open_deployments(registry.standing())


def test_a_link_that_is_no_link_is_not_replaced(world):
    (world.live / "churn" / "current").mkdir(parents=True)
    with world.acting("ana") as registry:
        with pytest.raises(RefusedError, match="no link"):
            deploy(registry, PRODUCTION)
        assert live_number(registry) is None
    assert (world.live / "churn" / "current").is_dir()


def test_a_version_whose_file_is_missing_is_refused_before_anything_is_recorded(world):
    with world.acting("ana") as registry:
        bundle = registry.standing().names["churn"].versions[0].event
        listed = listed_files(registered_bundle(registry, bundle).manifest)
        registry.objects.remove(listed["README.md"].digest)
        head = registry.standing().head
        with pytest.raises(CannotRestoreError, match=r"README\.md"):
            deploy(registry, PRODUCTION)
        assert registry.standing().head == head
    assert not world.live.exists()


def test_a_folder_that_was_tampered_with_is_set_aside_and_never_served_again(world):
    with world.acting("ana") as registry:
        deploy(registry, PRODUCTION)
    folder = (world.live / "churn" / "current").resolve()
    changed = folder / "README.md"
    changed.chmod(0o600)
    changed.write_bytes(b"# changed by somebody\n")
    with world.acting("ana") as registry:
        deploy(registry, PRODUCTION)
    assert (world.live / "churn" / "current" / "README.md").read_bytes() == b"# one\n"
    (aside,) = (world.live / "churn").glob(".*.changed-*")
    assert (aside / "README.md").read_bytes() == b"# changed by somebody\n"


@pytest.mark.parametrize("environment", ["latest", "3", "", "..", "Production", "a/b", "a" * 33, "prod\n"])
def test_an_environment_that_cannot_be_one_is_misuse(world, environment):
    with world.acting("ana") as registry, pytest.raises(UsageError):
        deploy(registry, DeployOrder(reference="churn@1", environment=environment))


@pytest.mark.parametrize("reference", ["churn@3", "churn@0", "churns@1", "churn@canary", "churn@-1", "@1", ""])
def test_a_version_that_is_not_there_is_misuse(world, reference):
    with world.acting("ana") as registry, pytest.raises(UsageError):
        deploy(registry, DeployOrder(reference=reference, environment=STAGING))


def _promote(folder, number, results):
    world = RegistryWorld(folder)
    with world.acting("ana") as registry:
        for _ in range(3):
            order = DeployOrder(reference=f"churn@{number}", environment=STAGING, target="dir:../staging")
            results.put((number, deploy(registry, order).previous))


def test_promotions_at_once_follow_each_other_and_the_folder_agrees_with_the_journal(world):
    """Each says what it replaced; together they are one chain, whoever was first."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_promote, args=(world.folder, number, results)) for number in (1, 2, 1, 2)]
    for process in processes:
        process.start()
    found = [results.get(timeout=100) for _ in range(12)]
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
    with world.acting("ana") as registry:
        reigns = history(registry, "churn", STAGING)
        numbers = [reign.number for reign in reigns]
        assert sorted(zip(numbers, [0, *numbers], strict=False)) == sorted(found)
        assert [reign.until for reign in reigns[:-1]] == [reign.since for reign in reigns[1:]]
        assert not open_deployments(registry.standing())
        assert not registry.standing().inconsistencies
        link = world.folder / "staging" / "churn" / "current"
        assert link.readlink().name.startswith(f"{numbers[-1]}-")
