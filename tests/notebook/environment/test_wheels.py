"""Wheels made from installed files and from trees."""

from __future__ import annotations

import os
import time
import zipfile

import msgspec
import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.installed import differing_files
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.environment.wheels import Member, normalise_wheel, repack, wheel_name, write_wheel
from pressrun.records.capture import Distribution

INFO = [
    Member("a-1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: a\nVersion: 1\n"),
    Member("a-1.dist-info/WHEEL", b"Wheel-Version: 1.0\nTag: py3-none-any\n"),
]


def distributions(python):
    return {d.name: d for d in probe_environment(python).distributions}


def test_a_wheel_depends_on_its_members_only(tmp_path):
    first = write_wheel([Member("a.py", b"1"), *INFO], tmp_path / "one" / "a.whl").read_bytes()
    time.sleep(0.01)
    second = write_wheel([*reversed(INFO), Member("a.py", b"1")], tmp_path / "two" / "a.whl").read_bytes()
    assert first == second


def test_nothing_in_a_wheel_is_compressed_or_dated(tmp_path):
    with zipfile.ZipFile(write_wheel([Member("a.py", b"1" * 999, True), *INFO], tmp_path / "a.whl")) as archive:
        assert {e.compress_type for e in archive.infolist()} == {zipfile.ZIP_STORED}
        assert {e.date_time for e in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert oct(archive.infolist()[0].external_attr >> 16) == "0o100755"
        assert archive.namelist()[-1] == "a-1.dist-info/RECORD"


def test_files_without_metadata_are_no_wheel(tmp_path):
    with pytest.raises(EnvironmentRestoreError, match="METADATA"):
        write_wheel([Member("a.py", b"1")], tmp_path / "a.whl")


def test_the_tool_that_built_a_wheel_leaves_no_trace(tmp_path, make_wheel):
    text = "Wheel-Version: 1.0\nGenerator: {}\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    found = []
    for number, generator in enumerate(["setuptools 80", "hatchling 1.33"]):
        made = make_wheel(tmp_path / f"in{number}", "a", "1", {"a.py": "1"}, extra={"WHEEL": text.format(generator)})
        found.append(normalise_wheel(made, tmp_path / f"out{number}").read_bytes())
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["foo-bar", "baz-qux", "space-one", "from-folder", "from-git"])
def test_repacked_files_install_to_the_same_files(world, tmp_path, make_environment, install_into, name):
    before = distributions(world.python)[name]
    wheel = repack(before, tmp_path / "wheels")
    assert wheel.name == wheel_name(before)
    python = make_environment(tmp_path / "env")
    install_into(python, "--no-deps", wheel, cwd=tmp_path)
    assert differing_files(before, distributions(python)[name]) == ()


def test_scripts_and_data_files_come_back(world, tmp_path, make_environment, install_into, run_program):
    python = make_environment(tmp_path / "env")
    install_into(python, "--no-deps", repack(distributions(world.python)["baz-qux"], tmp_path), cwd=tmp_path)
    assert (tmp_path / "env/share/baz/note.txt").read_text() == "note\n"
    assert run_program(tmp_path / "env/bin/baz-run") == "1\n"


def test_launchers_are_written_by_the_installer_again(world, tmp_path):
    with zipfile.ZipFile(repack(distributions(world.python)["foo-bar"], tmp_path)) as archive:
        assert not [name for name in archive.namelist() if "foo-tool" in name]


def test_repacking_gives_the_same_bytes_whatever_lies_around(make_world, tmp_path):
    world = make_world()
    first = repack(distributions(world.python)["foo-bar"], tmp_path / "one").read_bytes()
    for path in world.site.rglob("*"):
        os.utime(path, (5, 5))
    (world.site / "Foo_Bar-1.0.dist-info" / "INSTALLER").write_text("pip")
    (world.site / "foo_impl" / "__pycache__").mkdir(exist_ok=True)
    assert repack(distributions(world.python)["foo-bar"], tmp_path / "two").read_bytes() == first


def test_without_record_nothing_can_be_repacked(tmp_path):
    lost = Distribution(name="lost", version="1", origin="unknown", metadata_path=str(tmp_path / "lost-1.egg-info"))
    with pytest.raises(EnvironmentRestoreError, match=r"lost 1 is not on the package index.*force-reinstall"):
        repack(lost, tmp_path)


def test_a_file_that_is_gone_cannot_be_repacked(make_world, tmp_path):
    world = make_world()
    (world.site / "foo_impl" / "__init__.py").unlink()
    with pytest.raises(EnvironmentRestoreError, match=r"foo_impl/__init__\.py"):
        repack(distributions(world.python)["foo-bar"], tmp_path)


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (("py2-none-any", "py3-none-any"), "py2.py3-none-any"),
        (("cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-manylinux2014_x86_64"),
         "cp311-cp311-manylinux2014_x86_64.manylinux_2_17_x86_64"),
        (("cp311-cp311-linux_x86_64", "py3-none-any"), "cp311-cp311-linux_x86_64"),
        ((), "py3-none-any"),
    ],
)  # fmt: skip
def test_tags_are_written_together_when_they_are_a_full_set(tags, expected):
    found = Distribution(name="a-b", version="1.0+cpu", origin="index", tags=tags)
    assert wheel_name(found) == f"a_b-1.0+cpu-{expected}.whl"


def test_a_version_that_no_wheel_can_have_is_told():
    found = Distribution(name="a", version="weird version", origin="index")
    with pytest.raises(EnvironmentRestoreError, match="weird version"):
        wheel_name(msgspec.structs.replace(found))
