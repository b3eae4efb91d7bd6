"""Going back happens where the live version is."""

import pytest

from pressrun.actions.deploy import DeployOrder, deploy
from pressrun.actions.rollback import RollbackOrder, roll_back
from pressrun.errors import UsageError
from pressrun.testing.worlds import RegistryWorld


@pytest.fixture
def world(tmp_path):
    world = RegistryWorld(tmp_path).build()
    for label in ("one", "two"):
        world.register(label)
    return world


def deploy_both(world, target):
    with world.acting("ana") as registry:
        for number in (1, 2):
            deploy(registry, DeployOrder(reference=f"churn@{number}", environment="canary", target=target))


def go_back(world, **wanted):
    with world.acting("ben") as registry:
        return roll_back(registry, RollbackOrder(name="churn", environment="canary", reason="wrong", **wanted))


def test_without_a_target_the_folder_that_serves_the_live_version_goes_back(world):
    deploy_both(world, "dir:../elsewhere")
    done = go_back(world)
    assert (world.folder / "elsewhere" / "churn" / "current").readlink().name.startswith("1-")
    assert done.location == str((world.folder / "elsewhere" / "churn" / "current").resolve())


def test_without_a_target_nothing_serves_what_was_taken_down(world):
    deploy_both(world, "dir:../elsewhere")
    go_back(world, to=0)
    assert not (world.folder / "elsewhere" / "churn" / "current").exists()


def test_a_target_that_is_given_is_the_one_that_goes_back(world):
    deploy_both(world, "dir:../elsewhere")
    go_back(world, target="record")
    assert (world.folder / "elsewhere" / "churn" / "current").readlink().name.startswith("2-")


def test_a_name_of_which_nothing_is_live_has_no_target_to_go_back_in(world):
    with world.acting("ben") as registry, pytest.raises(UsageError, match="nothing is registered as 'other'"):
        roll_back(registry, RollbackOrder(name="other", environment="canary", reason="wrong"))
