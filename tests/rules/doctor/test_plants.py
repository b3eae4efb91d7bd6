"""Planted problems are found where they are, and their clean twins give nothing."""

from pathlib import Path

import pytest
import yaml

from pressrun.rules.doctor.kinds import KINDS

TABLE = Path(__file__).parents[2] / "fixtures" / "doctor_plants.yaml"
PLANTS = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
NAMES = [f"{number}-{plant['kind']}" for number, plant in enumerate(PLANTS)]
ELSEWHERE = {"secret", "coverage-incomplete", "input-unseen", "read-external"}  # these have tests of their own


@pytest.mark.parametrize("plant", PLANTS, ids=NAMES)
def test_a_planted_problem_is_found_in_its_cell_and_line_at_its_level(plant, findings_in):
    found = findings_in(plant["cells"], plant.get("around"))
    wanted = (plant["kind"], plant["level"], *plant["at"])
    assert wanted in [(f.kind, f.level, f.cell, f.line) for f in found]
    for finding in found:
        assert finding.what, finding
        assert finding.why, finding
        assert finding.fix, finding


@pytest.mark.parametrize("plant", PLANTS, ids=NAMES)
def test_the_clean_twin_of_a_planted_problem_gives_nothing(plant, findings_in):
    assert findings_in(plant["twin"], plant.get("twin_around")) == ()


def test_the_table_is_large_and_names_every_kind_that_a_notebook_can_have():
    kinds = {plant["kind"] for plant in PLANTS}
    assert len(PLANTS) >= 40
    assert kinds | ELSEWHERE == {kind.name for kind in KINDS}
