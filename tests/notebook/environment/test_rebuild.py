"""Building the environment of a lock again."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pressrun.errors import EnvironmentRestoreError
from pressrun.notebook.environment import rebuild as module
from pressrun.notebook.environment.installed import differing_files
from pressrun.notebook.environment.lock import LockRequest, make_lock
from pressrun.notebook.environment.probe import probe_environment
from pressrun.notebook.environment.rebuild import rebuild
from pressrun.notebook.environment.settings import IndexSettings

OFFLINE = IndexSettings({"UV_NO_INDEX": "1"})


@pytest.fixture(scope="module")
def locked(world, tmp_path_factory):
    folder = tmp_path_factory.mktemp("locked")
    environment = probe_environment(world.python, world.modules("foo_impl", "edit_able", "by_file"))
    made = make_lock(environment, LockRequest(whole=True), folder / "wheels", settings=OFFLINE, project=folder)
    (folder / "pylock.toml").write_bytes(made.text)
    return folder / "pylock.toml"


def site(python):
    return next(python.parent.parent.glob("lib/python*/site-packages"))


def again(locked, cache, **options):
    return rebuild(locked, cache=cache, settings=OFFLINE, **options)


def wait_until_not_racy():
    time.sleep(2.1)


def test_the_rebuilt_environment_has_the_same_files(world, locked, tmp_path):
    built = again(locked, tmp_path)
    before = {d.name: d for d in probe_environment(world.python).distributions}
    after = {d.name: d for d in probe_environment(built.python).distributions}
    assert before.keys() == after.keys()
    differ = {name: files for name in before if (files := differing_files(before[name], after[name]))}
    assert differ == {"edit-able": ("__editable__.edit-able.pth", "edit_able/__init__.py")}
    assert not built.reused
    assert built.version == ".".join(map(str, sys.version_info[:3]))


def test_it_holds_nothing_else(locked, tmp_path):
    python = again(locked, tmp_path).python
    answer = subprocess.run([python, "-c", "import pip"], capture_output=True, text=True, check=False)
    assert "No module named 'pip'" in answer.stderr


def test_a_second_time_it_is_reused(locked, tmp_path):
    first = again(locked, tmp_path)
    second = again(locked, tmp_path)
    assert (first.reused, second.reused) == (False, True)
    assert first.python == second.python
    assert first.files_checked == second.files_checked > 20


@pytest.mark.parametrize("full_check", [False, True])
def test_an_edited_file_is_found_and_the_environment_built_again(locked, tmp_path, full_check):
    python = again(locked, tmp_path).python
    edited = site(python) / "foo_impl" / "__init__.py"
    before = edited.read_bytes()
    edited.write_bytes(before.replace(b"main", b"evil"))
    built = again(locked, tmp_path, full_check=full_check)
    assert not built.reused
    assert edited.read_bytes() == before
    assert "foo_impl/__init__.py was edited" in " ".join(built.notes)


def test_an_edit_that_puts_the_old_time_back_is_found(locked, tmp_path):
    python = again(locked, tmp_path).python
    wait_until_not_racy()
    again(locked, tmp_path)
    edited = site(python) / "foo_impl" / "__init__.py"
    found = edited.stat()
    edited.write_bytes(edited.read_bytes().replace(b"main", b"evil"))
    os.utime(edited, ns=(found.st_atime_ns, found.st_mtime_ns))
    assert not again(locked, tmp_path).reused


@pytest.mark.parametrize("name", ["sitecustomize.py", "evil.pth", "foo_impl/evil.so", "bare.pyc", "dir"])
def test_a_file_that_was_added_is_found(locked, tmp_path, name):
    target = site(again(locked, tmp_path).python) / name
    if name == "dir":
        target.symlink_to(tmp_path)
    else:
        target.write_bytes(b"")
    built = again(locked, tmp_path)
    assert not built.reused
    assert not target.exists()


def test_a_file_that_was_removed_is_found(locked, tmp_path):
    target = site(again(locked, tmp_path).python) / "foo_impl" / "data" / "points.csv"
    target.unlink()
    assert not again(locked, tmp_path).reused
    assert target.exists()


def test_byte_code_of_its_own_sources_is_no_change(locked, tmp_path):
    python = again(locked, tmp_path).python
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    subprocess.run([python, "-c", "import foo_impl, baz"], check=True, env=environment)
    assert list(site(python).rglob("*.pyc"))
    assert again(locked, tmp_path).reused


def test_a_write_in_one_environment_does_not_reach_another(locked, tmp_path):
    first, second = (again(locked, tmp_path / name).python for name in ("one", "two"))
    one, two = (site(python) / "foo_impl" / "__init__.py" for python in (first, second))
    assert one.stat().st_ino != two.stat().st_ino
    assert one.stat().st_nlink == 1
    with one.open("a") as stream:
        stream.write("# changed in place\n")
    assert "changed" not in two.read_text()
    assert "changed" not in (site(again(locked, tmp_path / "three").python) / "foo_impl" / "__init__.py").read_text()


def test_a_build_that_was_cut_short_is_done_again(locked, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "check_against_records", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        again(locked, tmp_path)
    monkeypatch.undo()
    assert not again(locked, tmp_path).reused
    assert again(locked, tmp_path).reused


def test_a_damaged_list_of_files_means_building_again(locked, tmp_path):
    again(locked, tmp_path)
    next((tmp_path / "environments").glob("*.files.json")).write_text("{")
    assert not again(locked, tmp_path).reused


def test_several_at_once_build_it_once(locked, tmp_path):
    code = (
        "import sys; from pathlib import Path; from pressrun.notebook.environment.rebuild import rebuild;"
        "from pressrun.notebook.environment.settings import IndexSettings;"
        "settings = IndexSettings({'UV_NO_INDEX': '1'});"
        "print(rebuild(Path(sys.argv[1]), cache=Path(sys.argv[2]), settings=settings).reused)"
    )
    command = [sys.executable, "-c", code, str(locked), str(tmp_path)]
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        runs = list(pool.map(lambda _: subprocess.run(command, capture_output=True, text=True, check=True), range(4)))
    assert sorted(run.stdout.strip() for run in runs) == ["False", "True", "True", "True"]


def test_a_wheel_that_was_swapped_is_refused_before_anything_is_installed(locked, tmp_path):
    copy = tmp_path / "bundle"
    (copy / "wheels").mkdir(parents=True)
    for path in [locked, *(locked.parent / "wheels").iterdir()]:
        (copy / path.relative_to(locked.parent)).write_bytes(path.read_bytes())
    target = (
        next((copy / "wheels").glob("Foo_Bar*"))
        if list((copy / "wheels").glob("Foo_Bar*"))
        else next((copy / "wheels").glob("foo_bar*"))
    )
    target.write_bytes(target.read_bytes() + b"x")
    with pytest.raises(EnvironmentRestoreError, match=r"foo_bar.*has the digest"):
        again(copy / "pylock.toml", tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_python_that_is_not_here_is_named_with_a_remedy(locked, tmp_path):
    with pytest.raises(EnvironmentRestoreError, match=r"Python 3\.99\.1 is not on this machine.*uv python install"):
        again(locked, tmp_path, python="3.99.1")


def test_another_release_of_the_same_minor_is_noted(locked, tmp_path):
    minor = f"{sys.version_info[0]}.{sys.version_info[1]}"
    built = again(locked, tmp_path, python=f"{minor}.99")
    assert any(f"Python {minor}.99 is not on this machine" in note for note in built.notes)


def test_a_package_that_cannot_be_had_is_an_error_with_a_remedy(locked, tmp_path):
    text = locked.read_text()
    head = text.partition("[[packages]]")[0]
    wheel = "https://127.0.0.1:9/gone-1.0-py3-none-any.whl"
    lock = tmp_path / "pylock.toml"
    lock.write_text(
        f'{head}[[packages]]\nname = "gone"\nversion = "1.0"\n'
        f'wheels = [{{ url = "{wheel}", hashes = {{ sha256 = "{"0" * 64}" }} }}]\n'
    )
    settings = IndexSettings({"UV_HTTP_RETRIES": "0"})
    with pytest.raises(EnvironmentRestoreError, match="cannot be installed") as caught:
        rebuild(lock, python=f"{sys.version_info[0]}.{sys.version_info[1]}", cache=tmp_path / "c", settings=settings)
    assert "index can be reached" in caught.value.remedy


def test_environments_unused_for_a_month_are_removed(locked, tmp_path):
    old = again(locked, tmp_path).python
    listing = next((tmp_path / "environments").glob("*.files.json"))
    month_ago = time.time() - module.KEEP_UNUSED_S - 60
    os.utime(listing, (month_ago, month_ago))
    copy = tmp_path / "other" / "pylock.toml"
    copy.parent.mkdir()
    copy.write_bytes(locked.read_bytes() + b"\n# another\n")
    (copy.parent / "wheels").symlink_to(locked.parent / "wheels")
    again(copy, tmp_path)
    assert not old.exists()


@pytest.mark.slow
def test_an_old_python_works_as_well(python37, make_environment, make_wheel, install_into, tmp_path):
    """Python 3.7 is the oldest kernel that is supported."""
    old = make_environment(tmp_path / "env", Path(python37))
    make_wheel(
        tmp_path / "links",
        "old-one",
        "1.0",
        {"old_one.py": "X = 1\n"},
        requires=["typing-extensions; python_version > '3.7'"],
    )
    install_into(old, "--find-links", tmp_path / "links", "old-one", cwd=tmp_path)
    environment = probe_environment(old, extra=["old-one"])
    made = make_lock(environment, LockRequest(), tmp_path / "wheels", settings=OFFLINE, project=tmp_path)
    (tmp_path / "pylock.toml").write_bytes(made.text)
    built = rebuild(tmp_path / "pylock.toml", cache=tmp_path / "cache", settings=OFFLINE)
    assert built.version.startswith("3.7.")
    assert [d.name for d in probe_environment(built.python).distributions] == ["old-one"]
