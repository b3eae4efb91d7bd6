"""What RECORD says of installed files."""

from __future__ import annotations

import msgspec
import pytest

from pressrun.notebook.environment.distributions import (
    PackageFile,
    check_distributions,
    edited_files,
    owners_of,
    parse_record,
    read_record,
)
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.statcache import StatCache


@pytest.fixture
def foo(make_world):
    world = make_world()
    found = next(d for d in probe_environment(world.python).distributions if d.name == "foo-bar")
    return world.site, found


def test_a_record_is_parsed():
    text = 'a.py,sha256=ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0,3\n"b,c.py",,\nd.py,sha256=!!,1\nx/RECORD,,\n\n'
    entries = parse_record(text)
    assert [(e.path, e.algorithm) for e in entries] == [
        ("a.py", "sha256"),
        ("b,c.py", ""),
        ("d.py", ""),
        ("x/RECORD", ""),
    ]
    assert entries[0].hexdigest == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_no_file_of_a_fresh_install_counts_as_edited(foo):
    assert edited_files(foo[1], StatCache()) == ()


def test_an_edited_data_file_is_found(foo):
    site, distribution = foo
    (site / "foo_impl/data/points.csv").write_text("x,y\n9,9\n")
    assert edited_files(distribution, StatCache()) == ("foo_impl/data/points.csv",)
    assert check_distributions([distribution], StatCache()) == {"foo-bar": ("foo_impl/data/points.csv",)}


def test_byte_code_and_what_installers_write_is_no_edit(foo):
    site, distribution = foo
    (site / "foo_impl/__pycache__").mkdir(exist_ok=True)
    (site / "foo_impl/__pycache__/x.cpython-311.pyc").write_bytes(b"x")
    (site / "Foo_Bar-1.0.dist-info/INSTALLER").write_text("somebody")
    assert edited_files(distribution, StatCache()) == ()


def test_a_deleted_file_is_no_edit(foo):
    site, distribution = foo
    (site / "foo_impl/data/points.csv").unlink()
    assert edited_files(distribution, StatCache()) == ()


def test_a_distribution_without_record_has_nothing_to_check(foo):
    assert read_record(msgspec.structs.replace(foo[1], metadata_path="")) == ()


def test_the_owner_of_a_file_is_found_also_through_a_link(foo, tmp_path):
    site, distribution = foo
    (tmp_path / "link").symlink_to(site)
    expected = PackageFile("foo-bar", "1.0", "foo_impl/data/points.csv")
    for top in (site, tmp_path / "link"):
        path = str(top / "foo_impl/data/points.csv")
        assert owners_of([path, "/elsewhere"], [distribution]) == {path: expected}
