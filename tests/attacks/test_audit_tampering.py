"""Class 19: whatever is changed in a journal, the audit finds it, given the last checkpoint kept outside."""

import importlib.util
import random
from pathlib import Path

import pytest

from pressrun.testing.tampering import POWERS

_spec = importlib.util.spec_from_file_location("tamper", Path(__file__).with_name("tamper.py"))
assert _spec is not None
assert _spec.loader is not None
tampering = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(tampering)


def test_every_change_is_found_and_its_place_named():
    done = tampering.run(600, seed=20)
    assert done["missed"] == []
    assert (done["found"], done["located"], done["accused"]) == (600, 600, 0)
    assert done["kinds"] == 45


def test_honest_journals_are_not_refused():
    done = tampering.run(0, seed=20)
    assert done["honest"] > 25
    assert done["honest and refused"] == 0


@pytest.mark.parametrize("power", POWERS)
def test_every_power_of_the_attacker_is_tried(power):
    chance = random.Random(3)
    logs = tampering.honest_logs(3)
    assert power in {tampering.one_change(logs, chance)[0].power for _ in range(50)}


def test_without_a_checkpoint_outside_the_key_is_enough_to_rewrite_everything():
    """This is the limit that the report prints; if it were not so, the checkpoints outside would not be needed."""
    chance = random.Random(5)
    logs = tampering.honest_logs(5)
    unseen = 0
    for _ in range(200):
        tampered, _ = tampering.one_change(logs, chance)
        if tampered.power == "same-key" and tampered.log.entries:
            unseen += tampering.audit(tampered.log, tampered.log.notes[-1]).intact
    assert unseen > 10
