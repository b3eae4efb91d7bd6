"""Asking a kernel's interpreter what its environment is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.statcache import StatCache


def found(environment, name):
    return next(d for d in environment.distributions if d.name == name)


def test_the_origin_of_every_distribution_is_told(world):
    environment = probe_environment(world.python)
    origins = {d.name: d.origin for d in environment.distributions}
    assert origins == {
        "foo-bar": "index",
        "baz-qux": "index",
        "space-one": "index",
        "space-two": "index",
        "unused": "index",
        "by-file": "wheel",
        "edit-able": "editable",
        "from-folder": "directory",
        "from-git": "vcs",
    }
    assert found(environment, "from-git").revision == world.commit
    assert found(environment, "edit-able").url == str(world.editable)
    assert found(environment, "by-file").url == str(world.local_wheel)


def test_names_come_from_metadata_and_not_from_import_names(world):
    environment = probe_environment(world.python, world.modules("foo_impl", "baz"))
    assert environment.imported == ("baz-qux", "foo-bar")


def test_a_namespace_package_counts_for_the_distribution_that_owns_the_module(world):
    environment = probe_environment(world.python, world.modules("space.one"))
    assert environment.imported == ("space-one",)


def test_modules_of_an_editable_install_count_for_it(world):
    environment = probe_environment(world.python, world.modules("edit_able"))
    assert environment.imported == ("edit-able",)


def test_lean_is_what_was_imported_with_its_requirements(world):
    environment = probe_environment(world.python, world.modules("foo_impl"))
    assert environment.lean == ("baz-qux", "foo-bar")


def test_extra_distributions_count_as_imported(world):
    assert probe_environment(world.python, extra=["Space_Two"]).lean == ("baz-qux", "foo-bar", "space-two")


def test_an_edited_file_is_found_and_named(make_world):
    world = make_world()
    (world.site / "foo_impl" / "__init__.py").write_text("def main(): return 'edited'\n")
    environment = probe_environment(world.python, world.modules("foo_impl"))
    assert found(environment, "foo-bar").edited_files == ("foo_impl/__init__.py",)
    assert "foo-bar was edited after it was installed: foo_impl/__init__.py" in environment.notes


def test_an_untouched_environment_has_no_edited_files(world):
    environment = probe_environment(world.python, world.modules("foo_impl", "space.two", "by_file", "from_git"))
    assert {d.name: d.edited_files for d in environment.distributions if d.edited_files} == {}


def test_an_edit_after_a_first_look_is_found_in_spite_of_the_cache(make_world):
    world = make_world()
    with StatCache(world.folder / "cache.sqlite") as cache:
        assert not found(probe_environment(world.python, world.modules("baz"), cache=cache), "baz-qux").edited_files
        (world.site / "baz" / "__init__.py").write_text("X = 2\n")
        assert found(probe_environment(world.python, world.modules("baz"), cache=cache), "baz-qux").edited_files


def test_the_callers_cache_stays_open(world, tmp_path):
    with StatCache(tmp_path / "cache.sqlite") as cache:
        probe_environment(world.python, world.modules("baz"), cache=cache)
        (tmp_path / "file").write_text("x")
        os.utime(tmp_path / "file", (1, 1))
        assert cache.digest(tmp_path / "file").size == 1


def test_a_missing_kernel_is_noted(world):
    assert any("ipykernel is not installed" in note for note in probe_environment(world.python).notes)


def test_thread_settings_are_told_with_their_values(world):
    environ = {**os.environ, "OMP_NUM_THREADS": "3", "SECRET_THREADS": "no", "MKL_DYNAMIC": "TRUE"}
    settings = probe_environment(world.python, environ=environ).thread_settings
    assert settings["OMP_NUM_THREADS"] == "3"
    assert settings["MKL_DYNAMIC"] == "TRUE"
    assert "SECRET_THREADS" not in settings


def test_what_a_pth_file_prints_does_not_disturb_the_answer(make_world):
    world = make_world()
    (world.site / "noise.pth").write_text("import sys; print('{\"noise\": 1}')\n")
    assert found(probe_environment(world.python), "foo-bar").version == "1.0"


def test_credentials_in_a_direct_url_are_not_kept(make_world):
    world = make_world()
    place = next(world.site.glob("from_git-*.dist-info")) / "direct_url.json"
    place.write_text(
        '{"url": "https://user:hunter2@example.org/repo.git", "subdirectory": "py",'
        ' "vcs_info": {"vcs": "git", "commit_id": "' + world.commit + '"}}'
    )
    assert found(probe_environment(world.python), "from-git").url == "git+https://example.org/repo.git#subdirectory=py"


@pytest.mark.parametrize("python", ["no-such-python", "bin/true"])
def test_a_program_that_is_no_python_is_an_error_with_a_remedy(python):
    path = Path("/") / python if "/" in python else Path(python)
    with pytest.raises(EnvironmentRestoreError, match="--python"):
        probe_environment(path)
