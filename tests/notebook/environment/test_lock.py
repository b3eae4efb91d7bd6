"""Making the lock of an environment."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment import toml
from pressrun.notebook.environment.lock import LockRequest, make_lock
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.environment.pylock import read_lock
from pressrun.notebook.environment.settings import IndexSettings

OFFLINE = IndexSettings({"UV_NO_INDEX": "1"})


def lock(world, folder, *names, environment=None, **request):
    found = environment or probe_environment(world.python, world.modules(*names))
    made = make_lock(found, LockRequest(**request), folder / "wheels", settings=OFFLINE, project=folder)
    (folder / "pylock.toml").write_bytes(made.text)
    return made


def packages(made):
    return {p["name"]: p for p in toml.loads(made.text.decode())["packages"]}


def test_only_what_was_imported_and_needed_is_locked(world, tmp_path):
    assert lock(world, tmp_path, "foo_impl").names == ("baz-qux", "foo-bar")


def test_a_whole_environment_is_locked_when_asked(world, tmp_path):
    assert len(lock(world, tmp_path, "foo_impl", whole=True).names) == 9


def test_an_extra_distribution_is_locked_by_any_spelling(world, tmp_path):
    assert "unused" in lock(world, tmp_path, "foo_impl", extra=("Un_Used".replace("_", ""),)).names


def test_an_extra_that_is_not_installed_is_an_error_with_a_near_match(world, tmp_path):
    with pytest.raises(EnvironmentRestoreError, match="did you mean 'unused'"):
        lock(world, tmp_path, extra=("unusedd",))


def test_every_file_has_a_hash_and_can_be_trusted(world, tmp_path):
    made = lock(world, tmp_path, "foo_impl", whole=True)
    assert read_lock(tmp_path / "pylock.toml").names == made.names
    for name, package in packages(made).items():
        path = tmp_path / package["wheels"][0]["path"]
        assert hashlib.sha256(path.read_bytes()).hexdigest() == package["wheels"][0]["hashes"]["sha256"], name


def test_the_same_environment_gives_the_same_bytes_from_another_folder(world, tmp_path):
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        lock(world, tmp_path / name, "foo_impl", "edit_able", "from_git", "by_file", whole=True)
    assert (tmp_path / "one/pylock.toml").read_bytes() == (tmp_path / "two/pylock.toml").read_bytes()
    wheels = [{p.name: p.read_bytes() for p in (tmp_path / name / "wheels").iterdir()} for name in ("one", "two")]
    assert wheels[0] == wheels[1]


def test_nothing_of_this_machine_is_in_the_lock(world, tmp_path):
    text = lock(world, tmp_path, whole=True).text.decode()
    assert str(world.folder) not in text
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text


def test_a_local_wheel_travels_as_it_is(world, tmp_path):
    made = lock(world, tmp_path, "by_file")
    assert [path.name for path in made.wheels] == [world.local_wheel.name]
    assert made.wheels[0].read_bytes() == world.local_wheel.read_bytes()


def test_a_local_wheel_that_is_gone_is_repacked_and_noted(make_world, tmp_path):
    world = make_world()
    environment = probe_environment(world.python, world.modules("by_file"))
    world.local_wheel.unlink()
    made = lock(world, tmp_path, environment=environment)
    assert any("by-file 0.3 was repacked" in note for note in made.notes)


def test_what_the_index_has_not_is_repacked_and_noted(world, tmp_path):
    made = lock(world, tmp_path, "baz")
    assert made.notes == (
        "baz-qux 1.2 was repacked from its installed files: "
        "the package index has no file that fits or cannot be reached",
    )


def test_a_commit_is_pinned_for_a_repository_that_others_can_reach(make_world, tmp_path):
    world = make_world()
    place = next(world.site.glob("from_git-*.dist-info")) / "direct_url.json"
    place.write_text(place.read_text().replace(f"file://{world.repository}", "https://me:pw@example.org/r.git"))
    made = lock(world, tmp_path, "from_git")
    assert packages(made)["from-git"]["vcs"] == {
        "type": "git",
        "url": "https://example.org/r.git",
        "commit-id": world.commit,
    }


def test_edited_files_are_named(make_world, tmp_path):
    world = make_world()
    (world.site / "baz/__init__.py").write_text("X = 'edited'\n")
    place = next(world.site.glob("baz_qux-*.dist-info")) / "direct_url.json"
    place.write_text('{"url": "https://example.org/r", "vcs_info": {"vcs": "git", "commit_id": "' + "0" * 40 + '"}}')
    assert lock(world, tmp_path, "baz").edited == {"baz-qux": ("baz/__init__.py",)}


def test_what_is_repacked_brings_its_edits_along(make_world, tmp_path):
    world = make_world()
    (world.site / "baz/__init__.py").write_text("X = 'edited'\n")
    assert lock(world, tmp_path, "baz", repack=("Baz.Qux",)).edited == {}


def test_a_name_can_be_repacked_by_request(world, tmp_path):
    made = lock(world, tmp_path, "by_file", repack=("by_file",))
    assert any("by-file 0.3 was repacked" in note for note in made.notes)
