"""Every reader of the table, with the real library: seen, or named as what could not be seen."""

from __future__ import annotations

import re
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.slow, pytest.mark.network]

PLANTS = runpy.run_path(str(Path(__file__).parent.parent / "fixtures" / "readers.py"))["PLANTS"]
FAMILIES = tuple(dict.fromkeys(plant.family for plant in PLANTS))
UNSEEN = {"pyarrow.fs.LocalFileSystem", "lxml.etree.parse"}  # no watch is possible, or there is none
OTHERS = "Files that other processes opened are not seen"
LOOKS_UP_LIBRARIES = re.compile(rf"{OTHERS}: (?:(?:gcc|ld|ldconfig|uname)(?:, )?)+\.")  # ctypes.util, uuid
SCRIPT = """
if __name__ == "__main__":
    {first}
    for number, code in enumerate({codes!r}):
        cell(number)
        exec(code, {{"__name__": "__main__"}})
    print("all read", observer.recorder.faults)
    observer.finish()
"""

Watch = Callable[..., Any]


@pytest.fixture(scope="module")
def planted(readers: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("planted")
    code = "\n".join(plant.write for plant in PLANTS)
    subprocess.run([readers, "-c", code], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def work(planted: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(planted, tmp_path / "work"))


def read_all(watch: Watch, readers: str, plants: list[Any], first: str = "") -> Any:
    script = SCRIPT.format(codes=[plant.read for plant in plants], first=first or "pass")
    seen = watch(script, python=readers, finish=False)
    assert seen.stdout.splitlines()[-1:] == ["all read 0"], seen.stderr
    return seen


def is_seen(seen: Any, work: Path, plant: Any, cell: int) -> bool:
    found = [seen.file(work / name) for name in plant.files]
    return all(one is not None and one.mode == "read" and cell in one.cells for one in found)


def test_at_least_25_readers_of_which_audit_events_do_not_tell_are_tried() -> None:
    assert sum(plant.opened_by == "native" for plant in PLANTS) >= 25
    assert len({plant.name for plant in PLANTS}) == len(PLANTS)


@pytest.mark.parametrize("family", FAMILIES)
def test_each_reader_is_seen_or_named(watch: Watch, readers: str, work: Path, family: str) -> None:
    plants = [plant for plant in PLANTS if plant.family == family]
    seen = read_all(watch, readers, plants)
    missed = [plant for number, plant in enumerate(plants) if not is_seen(seen, work, plant, number)]
    assert {plant.name for plant in missed if plant.opened_by != "child"} == UNSEEN & {plant.name for plant in plants}
    spots = "\n".join(seen.observation.coverage.blind_spots)
    for plant in missed:
        assert OTHERS in spots if plant.opened_by == "child" else plant.name.partition(".")[0] in spots
    assert seen.observation.coverage.level == "python-only"
    assert any(plant.opened_by == "child" for plant in plants) or OTHERS not in LOOKS_UP_LIBRARIES.sub("", spots)


@pytest.mark.parametrize("family", ["arrow", "polars", "duckdb", "hdf", "cv2", "models"])
def test_without_its_watch_a_library_is_missed_and_named(watch: Watch, readers: str, work: Path, family: str) -> None:
    plants = [plant for plant in PLANTS if plant.family == family and plant.opened_by == "native"]
    seen = read_all(watch, readers, plants, "observer.recorder.libraries.uninstall()")
    assert not [plant.name for number, plant in enumerate(plants) if is_seen(seen, work, plant, number)]
    (sentence,) = [s for s in seen.observation.coverage.blind_spots if s.startswith("Files that these libraries")]
    tops = {"xarray": "netCDF4", "pandas": "tables"}
    for plant in plants:
        top = plant.name.partition(".")[0].partition(" ")[0].split("(")[0]
        assert tops.get(top, top) in sentence


@pytest.mark.parametrize("family", [family for family in FAMILIES if family not in ("no adapter", "children")])
def test_what_a_library_writes_is_no_input(watch: Watch, readers: str, tmp_path: Path, family: str) -> None:
    (tmp_path / "work").mkdir()
    plants = [plant for plant in PLANTS if plant.family == family]
    codes = [f"{plant.write}\nimport gc; gc.collect()" for plant in plants]
    seen = watch(SCRIPT.format(codes=codes, first="pass"), python=readers, finish=False)
    assert seen.stdout.splitlines()[-1:] == ["all read 0"], seen.stderr
    for plant in plants:
        for name in plant.files:
            found = seen.file(tmp_path / "work" / name)
            assert found is not None, plant.name
            assert found.first == "write", plant.name
