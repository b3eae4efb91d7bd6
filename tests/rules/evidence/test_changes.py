"""What differs between two versions is told part by part."""

import msgspec
import pytest

from pressrun.records.events import Registered
from pressrun.rules.evidence.changes import CHANGED, changed_parts

ONE, OTHER = "sha256:" + 64 * "1", "sha256:" + 64 * "2"
VERSION = Registered(
    name="churn", number=2, bundle=ONE, manifest=ONE, facts=ONE, author="ada", lock=ONE, source=ONE,
    inputs={"data.csv": ONE}, models={"m": ONE}, parameters={"rows": 3},
)  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, ["nothing"]),
        ({"source": OTHER, "bundle": OTHER}, ["source"]),
        ({"inputs": {"data.csv": OTHER}, "parameters": {}, "bundle": OTHER}, ["inputs", "parameters"]),
        ({"lock": OTHER, "models": {}, "bundle": OTHER}, ["lock", "models"]),
        ({"bundle": OTHER, "note": "another README"}, ["other files"]),
    ],
)
def test_the_parts_that_differ_are_named(changes, expected):
    before = msgspec.structs.replace(VERSION, number=1, **changes)
    assert expected == changed_parts(VERSION, before).value


def test_where_no_version_is_live_everything_is_new():
    assert changed_parts(VERSION, None).value == ["everything: no version is live yet"]


def test_every_part_is_a_field_of_a_version():
    assert set(CHANGED) <= set(Registered.__struct_fields__)
