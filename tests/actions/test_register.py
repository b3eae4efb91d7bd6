"""A registered bundle is a version: numbered without gaps, whole in the registry, and never twice the same."""

import multiprocessing
import shutil

import pytest

from pressrun.actions.register import RegisterRequest, register
from pressrun.actions.registered import missing_objects, registered_bundle
from pressrun.errors import CannotRestoreError, PressrunError, RefusedError, UsageError
from pressrun.testing.worlds import RegistryWorld


@pytest.fixture
def world(tmp_path):
    return RegistryWorld(tmp_path).build()


def test_registering_the_same_again_appends_nothing(world):
    first = world.register("one")
    with world.acting("ana") as registry:
        head = registry.standing().head
    again = world.register("one")
    assert (first.reference, first.known) == ("churn@1", False)
    assert (again.reference, again.known) == ("churn@1", True)
    with world.acting("ana") as registry:
        assert registry.standing().head == head


def test_what_was_registered_needs_its_folder_no_more(world):
    done = world.register("one")
    shutil.rmtree(world.folder / "bundles")
    with world.acting("ben") as registry:
        bundle = registered_bundle(registry, done.version)
        assert bundle.manifest.content_digest == done.version.bundle
        assert missing_objects(registry, bundle) == []


def test_the_tier_and_the_use_case_go_on_from_the_version_before(world):
    with world.acting("ana") as registry:
        bundle = str(world.bundle("one"))
        first = register(registry, RegisterRequest(bundle=bundle, name="churn", tier="strategic", use_case="calls"))
        second = register(registry, RegisterRequest(bundle=str(world.bundle("two")), name="churn"))
    assert (first.version.tier, second.version.tier) == ("strategic", "strategic")
    assert second.version.use_case == "calls"


@pytest.mark.parametrize("person", ["ben", "cleo", "dora"])
def test_it_needs_a_role(world, person):
    with pytest.raises(RefusedError):
        world.register("one", person=person)


@pytest.mark.parametrize("name", ["..", "a/b", "CON", "a\0b", " ", "a" * 300, "\ud800"])
def test_a_name_that_cannot_be_one_is_misuse(world, name):
    with world.acting("ana") as registry:
        head = registry.standing().head
        with pytest.raises(UsageError):
            register(registry, RegisterRequest(bundle=str(world.bundle("one")), name=name))
        assert registry.standing().head == head


def test_a_bundle_that_was_changed_is_refused_and_no_version(world):
    folder = world.bundle("one")
    (folder / "README.md").chmod(0o600)
    (folder / "README.md").write_bytes(b"# oni\n")
    with world.acting("ana") as registry:
        head = registry.standing().head
        with pytest.raises(PressrunError):
            register(registry, RegisterRequest(bundle=str(folder), name="churn"))
        assert registry.standing().head == head


def test_an_object_that_vanishes_while_it_is_registered_is_put_again(world, monkeypatch):
    """A collection may have taken it in the very moment in which nothing referred to it yet."""
    with world.acting("ana") as registry:
        offer = registry.offer

        def offer_and_lose(build, **wanted):
            entries = offer(build, **wanted)
            event = entries[0].event
            registry.objects.remove(event.facts)
            registry.objects.remove(event.manifest)
            return entries

        monkeypatch.setattr(registry, "offer", offer_and_lose)
        done = register(registry, RegisterRequest(bundle=str(world.bundle("one")), name="churn"))
        assert registry.objects.has(done.version.facts)
        assert registered_bundle(registry, done.version).manifest.content_digest == done.version.bundle


def test_a_manifest_that_is_gone_later_is_named(world):
    done = world.register("one")
    with world.acting("ana") as registry:
        registry.objects.remove(done.version.manifest)
        with pytest.raises(CannotRestoreError, match="the manifest of churn@1 is missing"):
            registered_bundle(registry, done.version)


def _register(folder, label, results):
    results.put((label, RegistryWorld(folder).register(label).version.number))


def test_eight_processes_at_once_get_eight_numbers_without_a_gap(world):
    labels = [f"label{number}" for number in range(8)]
    for label in labels:
        world.bundle(label)
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=_register, args=(world.folder, label, results)) for label in labels]
    for process in processes:
        process.start()
    found = [results.get(timeout=150) for _ in processes]
    for process in processes:
        process.join(timeout=30)
        assert process.exitcode == 0
    assert sorted(number for _, number in found) == list(range(1, 9))
    with world.acting("ben") as registry:
        versions = registry.standing().names["churn"].versions
        assert [version.event.number for version in versions] == list(range(1, 9))
        assert not registry.standing().inconsistencies
        for version in versions:
            assert missing_objects(registry, registered_bundle(registry, version.event)) == []
