"""Building the wheel of an editable install."""

from __future__ import annotations

import hashlib
import os
import zipfile

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.environment.settings import IndexSettings
from pressrun.notebook.environment.trees import build_tree, copy_tree
from pressrun.notebook.environment.wheels import repack

OFFLINE = IndexSettings({"UV_NO_INDEX": "1"})


def editable(world):
    return next(d for d in probe_environment(world.python).distributions if d.name == "edit-able")


def listing(folder):
    return {
        p.relative_to(folder).as_posix(): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in folder.rglob("*")
        if p.is_file() and "__pycache__" not in p.parts
    }


def test_the_wheel_holds_the_tree_as_it_is_now(make_world, tmp_path):
    world = make_world()
    (world.editable / "src/edit_able/__init__.py").write_text("A = 'changed since'\n")
    wheel, notes = build_tree(editable(world), world.python, OFFLINE, tmp_path)
    with zipfile.ZipFile(wheel) as archive:
        assert archive.read("edit_able/__init__.py") == b"A = 'changed since'\n"
    assert notes == ()


def test_building_leaves_nothing_in_the_tree(world, tmp_path):
    before = listing(world.editable)
    build_tree(editable(world), world.python, OFFLINE, tmp_path)
    assert listing(world.editable) == before


def test_two_builds_give_the_same_bytes(world, tmp_path):
    found = editable(world)
    one, _ = build_tree(found, world.python, OFFLINE, tmp_path / "one")
    for path in world.editable.rglob("*.py"):
        os.utime(path, (1, 1))
    two, _ = build_tree(found, world.python, OFFLINE, tmp_path / "two")
    assert one.read_bytes() == two.read_bytes()


def test_a_tree_with_another_version_is_noted(make_world, tmp_path):
    world = make_world()
    project = world.editable / "pyproject.toml"
    project.write_text(project.read_text().replace('"0.1"', '"0.9"'))
    wheel, notes = build_tree(editable(world), world.python, OFFLINE, tmp_path)
    assert wheel.name == "edit_able-0.9-py3-none-any.whl"
    assert notes == ("edit-able was installed as 0.1, its tree now builds 0.9, which is what is locked",)


def test_a_tree_that_does_not_build_is_an_error_with_a_remedy(make_world, tmp_path):
    world = make_world()
    (world.editable / "tiny_backend.py").write_text("raise RuntimeError('no build today')\n")
    with pytest.raises(EnvironmentRestoreError, match="no wheel can be built of edit-able") as caught:
        build_tree(editable(world), world.python, OFFLINE, tmp_path)
    assert "pip install" in caught.value.remedy


def test_a_tree_that_is_gone_is_an_error(make_world, tmp_path):
    world = make_world()
    found = editable(world)
    world.editable.rename(world.folder / "moved")
    with pytest.raises(EnvironmentRestoreError, match="the tree of edit-able is gone"):
        build_tree(found, world.python, OFFLINE, tmp_path)


def test_a_copy_leaves_out_what_no_build_needs(tmp_path):
    source = tmp_path / "source"
    for path in ("a/b.py", "a/build/c.py", "build/x.py", "dist/x.whl", ".git/HEAD", "a.egg-info/PKG-INFO",
                 ".venv/pyvenv.cfg", ".venv/lib/x.py", "node_modules/x.js", "a/__pycache__/b.pyc"):  # fmt: skip
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text("x")
    copy_tree(source, tmp_path / "copy")
    assert set(listing(tmp_path / "copy")) == {"a/b.py", "a/build/c.py"}


def test_repacking_a_folder_install_needs_no_tree(make_world, tmp_path):
    world = make_world()
    found = next(d for d in probe_environment(world.python).distributions if d.name == "from-folder")
    world.directory.rename(world.folder / "moved")
    assert repack(found, tmp_path).name == "from_folder-0.2-py3-none-any.whl"
